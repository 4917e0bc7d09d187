import { keysOf, STRANGER } from './support/demo';
import { field, fill } from './support/forms';
import { organisationNumber, unique } from './support/numbers';
import { expect, signInTo, test } from './support/own-demo';

const REGISTRY = '/admin/organisations';
const WRONG = 'not-the-right-secret';

test('an organisation is made from nothing, its keys are mended, and its sales units are there', async ({ page, demo, openOwn }) => {
  const keys = await keysOf('org_jarvikassa');
  const [id, name] = [unique('org_saaristo').replace(' ', '_'), unique('Saaristokassa Oy')];
  await openOwn('/businesses');
  await page.getByRole('link', { name: 'Registry of organisations' }).click();
  await page.getByRole('link', { name: 'New organisation' }).click();
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('alert')).toContainText('Nothing is saved yet');
  await expect(field(page, 'Name')).toHaveAccessibleDescription(/Write what it is called/);

  await fill(page, {
    ID: id,
    Name: name,
    'Client ID': keys.client_id,
    'Client secret: or type it': WRONG,
    'Subscription key: or type it': keys.subscription_key,
  });
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  const step = page.getByRole('row', { name: /^Access token/ });
  await expect(step).toContainText('Bad');
  await expect(step).toContainText('Vipps MobilePay refused the client id or the client secret.');
  expect(await page.content()).not.toContain(WRONG);

  await page.getByRole('link', { name: 'Edit', exact: true }).click();
  await expect(field(page, 'Client secret: or type it')).toHaveValue('');
  await expect(page.getByText('Sealed in the portal, since').first()).toBeVisible();
  await fill(page, { 'Client secret: or type it': keys.client_secret });
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByText('The keys work.')).toBeVisible();
  await expect(step).toContainText('Good');
  await expect(page.getByRole('row', { name: /^Management API/ })).toContainText('It answers.');
  expect(await page.content()).not.toContain(keys.client_secret);

  await page.getByRole('link', { name: `Open ${name}` }).click();
  await expect(page.getByText('Acting as partner')).toBeVisible();
  const rows = page.locator('#results [data-row]');
  await expect(async () => {
    await page.goto(`${demo.url}/as/${id}/sales-units`);
    await expect(rows.first()).toBeVisible({ timeout: 1_000 });
  }).toPass();
});

test('only the fields of the chosen keys are asked for', async ({ page, openOwn }) => {
  await openOwn(`${REGISTRY}/new`);
  await expect(field(page, 'Client ID')).toBeVisible();
  await expect(field(page, 'Partner')).toBeHidden();
  await page.getByLabel('Those of its partner').check();
  await expect(field(page, 'Client ID')).toBeHidden();
  await expect(field(page, 'Partner')).toBeVisible();
});

test('a merchant is connected to its partner, and removed after a question', async ({ page, openOwn }) => {
  const [id, name] = [unique('org_garn').replace(' ', '_'), unique('Garn og ull AS')];
  await openOwn(`${REGISTRY}/new`);
  await fill(page, { ID: id, Name: name, 'Kind of number': 'Organisation number', 'Business identifier': organisationNumber() });
  await page.getByLabel('Merchant: has sales units itself').check();
  await page.getByLabel('Those of its partner').check();
  await fill(page, { Partner: 'Kystkassa AS' });
  await page.getByRole('button', { name: 'Create' }).click();
  await expect(page.getByRole('link', { name: 'Kystkassa AS' })).toBeVisible();

  await page.getByText('Remove from the registry').click();
  await page.getByRole('button', { name: 'Remove this organisation' }).click();
  await expect(page.getByRole('main').getByRole('status').first()).toContainText('The organisation is removed.');
  await page.getByRole('searchbox').fill(name);
  await page.getByRole('searchbox').press('Enter');
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
});

test('a partner that serves merchants can be switched off, but not be removed', async ({ page, openOwn }) => {
  await openOwn(`${REGISTRY}?q=nordbetaling`);
  await page.getByRole('link', { name: 'Nordbetaling ApS' }).first().click();
  await expect(page.getByRole('button', { name: 'Remove from the registry' })).toBeDisabled();
  await page.getByRole('button', { name: 'Switch off' }).click();
  await expect(page.getByRole('main').getByRole('status').first()).toContainText('It is switched off.');
  await page.getByRole('button', { name: 'Check keys' }).click();
  await expect(page.getByRole('row', { name: /^Access token/ }).first()).toContainText('Not asked');
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText('The keys work.')).toBeVisible();
});

test('for others the registry does not exist', async ({ page, demo }) => {
  await signInTo(page, demo, STRANGER);
  for (const path of ['/admin', REGISTRY, `${REGISTRY}/new`, `${REGISTRY}/org_kystkassa`, `${REGISTRY}/org_kystkassa/edit`]) {
    const response = await page.goto(demo.url + path);
    expect(response?.status()).toBe(404);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not found');
  }
});
