import { STRANGER } from './support/demo';
import { expect, signInTo, test } from './support/own-demo';

const PARTNER = '/as/org_kystkassa';
const MEMBERS = `${PARTNER}/members`;

test('somebody without access sends their user ID, is added with a role, and is removed again', async ({
  page, demo, openOwn, browser, javaScriptEnabled,
}) => {
  const context = await browser.newContext({ javaScriptEnabled });
  const theirs = await context.newPage();
  await signInTo(theirs, demo, STRANGER);
  await expect(theirs).toHaveURL(`${demo.url}/businesses`);
  await expect(theirs.getByRole('heading', { level: 1 })).toHaveText('Get access to a business');
  await theirs.getByRole('link', { name: 'your profile' }).click();
  const last = theirs.getByRole('main').locator('section').last();
  await expect(last.getByRole('heading', { name: 'User ID' })).toBeVisible();
  const id = /[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(await last.innerText())![0];

  await openOwn(MEMBERS);
  await page.getByLabel('User ID').fill(` ${id} `);
  await page.getByRole('button', { name: 'Find the person' }).click();
  await expect(page.getByRole('heading', { name: `Add ${STRANGER.email}` })).toBeVisible();
  await page.getByLabel('Role').selectOption('operator');
  await page.getByRole('button', { name: 'Add as a member' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('Added.');
  const row = page.getByRole('row', { name: STRANGER.email });
  await expect(row).toContainText('Operator');

  await theirs.goto(`${demo.url}/businesses`);
  await theirs.getByRole('link', { name: 'Kystkassa AS' }).click();
  await expect(theirs.getByText('You act as this partner')).toBeVisible();
  await theirs.getByRole('link', { name: 'Members' }).click();
  await expect(theirs.getByText('Admins add and remove members')).toBeVisible();
  await expect(theirs.getByLabel('User ID')).toHaveCount(0);

  await row.getByRole('link', { name: `Change ${STRANGER.email}` }).click();
  await page.getByLabel('Role').selectOption('viewer');
  await page.getByRole('button', { name: 'Save the role' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('The role is changed');
  await expect(row).toContainText('Viewer');

  await row.getByRole('link', { name: `Change ${STRANGER.email}` }).click();
  await page.getByText('Remove from this organisation').click();
  await page.getByRole('button', { name: 'Remove this member' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('Removed.');
  await expect(row).toHaveCount(0);
  expect((await theirs.goto(demo.url + PARTNER))!.status()).toBe(404);
  await context.close();
});

test('what is wrong with a user ID stands beside the field, with what was typed', async ({ page, openOwn }) => {
  await openOwn(MEMBERS);
  for (const [typed, reason] of [
    ['12345', 'This is not a user ID'],
    ['12745d37-ce52-55a3-bb28-0479c9d32d7d', 'Nobody here has this user ID'],
  ]) {
    await page.getByLabel('User ID').fill(typed);
    await page.getByRole('button', { name: 'Find the person' }).click();
    await expect(page.getByLabel('User ID')).toHaveValue(typed);
    await expect(page.getByLabel('User ID')).toHaveAccessibleDescription(new RegExp(reason));
  }
});

test('the last admin can be neither removed nor given another role', async ({ page, openOwn }) => {
  await openOwn(MEMBERS);
  await page.getByRole('link', { name: 'Change demo@example.com' }).click();
  await expect(page.getByLabel('Role')).toBeDisabled();
  await expect(page.getByLabel('Role')).toHaveAccessibleDescription(/This is the only admin/);
  await expect(page.getByRole('button', { name: 'Remove from this organisation' })).toBeDisabled();
});
