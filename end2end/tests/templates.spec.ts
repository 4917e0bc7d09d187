import { TEMPLATES, makeTemplate, send } from './support/prefill';
import { expect, test } from './support/portal';

test('a template is made, sent with, and counted', async ({ page, open }, { project, repeatEachIndex }) => {
  const name = `Clubs ${project.name} ${repeatEachIndex}`;
  await makeTemplate(page, name, 'Welcome!');
  await page.getByRole('link', { name: 'Send an order with this template' }).click();
  await expect(page.getByText('Fixed by the template.')).toHaveCount(2);
  await page.getByLabel('Business identifier').fill('918713867');
  await page.getByLabel('Sales unit name').fill(`Club ${project.name} ${repeatEachIndex}`);
  await page.getByLabel('Intended purpose').fill('Members sign in to the pages of the club, where they see their bookings.');
  await send(page);
  await page.getByRole('link', { name, exact: true }).click();
  await expect(page.getByRole('heading', { name: 'Orders with it: 1' })).toBeVisible();
  await open(TEMPLATES);
  const row = page.getByRole('row').filter({ hasText: name });
  await expect(row.locator('[data-label="Locked"]')).toHaveText('Norway · Login');
  await expect(row.locator('[data-label="Orders"]')).toHaveText('1');
  await expect(row.locator('[data-label="Link"]')).toHaveText('Works');
});

test('a template that is not right yet is not lost', async ({ page, open }) => {
  await open(`${TEMPLATES}/new`);
  await page.getByLabel('Welcome').fill('Welcome to all of you');
  await page.locator('[name=sales_unit_name]').fill('Fish & Chips');
  await page.getByRole('button', { name: 'Keep the template' }).click();
  await expect(page.getByRole('alert')).toContainText('Name: Give the template a name.');
  await expect(page.getByLabel('Welcome')).toHaveValue('Welcome to all of you');
  await expect(page.locator('[name=sales_unit_name]')).toHaveValue('Fish & Chips');
});

test('a template goes into the archive, and comes back', async ({ page, open }, { project, repeatEachIndex }) => {
  const name = `Archived ${project.name} ${repeatEachIndex}`;
  const link = await makeTemplate(page, name, 'Welcome!');
  await page.getByText('Put it into the archive').first().click();
  await page.getByRole('button', { name: 'Put it into the archive' }).click();
  await expect(page.getByText('In the archive since')).toBeVisible();
  const headers = { 'x-forwarded-for': '203.0.113.50' };
  expect((await page.request.get(link, { headers })).status()).toBe(404);
  await open(TEMPLATES);
  await expect(page.getByRole('link', { name })).toHaveCount(0);
  await page.getByRole('link', { name: 'Archived templates' }).click();
  await page.getByRole('link', { name }).click();
  await page.getByRole('button', { name: 'Take it out of the archive' }).click();
  await expect(page.getByText('In use again.')).toBeVisible();
  expect((await page.request.get(link, { headers })).status()).toBe(200);
});

test('a link can be withdrawn, and a new one made', async ({ page }, { project, repeatEachIndex }) => {
  const link = await makeTemplate(page, `Withdrawn ${project.name} ${repeatEachIndex}`, 'Welcome!');
  const headers = { 'x-forwarded-for': '203.0.113.51' };
  await page.getByText('Withdraw the link').first().click();
  await page.getByRole('button', { name: 'Withdraw the link' }).click();
  await expect(page.getByText('The link no longer works.')).toBeVisible();
  expect((await page.request.get(link, { headers })).status()).toBe(404);
  await page.getByRole('button', { name: 'Make a public link' }).click();
  const made = new URL((await page.locator('#public-link .link a').getAttribute('href'))!).pathname;
  expect(made).not.toBe(link);
  expect((await page.request.get(made, { headers })).status()).toBe(200);
});
