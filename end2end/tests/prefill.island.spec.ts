import { png } from './support/png';
import { expect, test } from './support/portal';

const NEW_ORDER = '/as/org_kystkassa/product-orders/new';

test('the form asks for what belongs to product and use case, and keeps what was typed', async ({ page, open }) => {
  await open(NEW_ORDER);
  await page.getByLabel('Logo').setInputFiles(png(120, 120));
  await page.getByLabel('Intended purpose').fill('Typed before');
  await page.locator('[name=product_type]').selectOption('CASHIER');
  await page.locator('[name=use_case]').focus();
  await page.locator('[name=use_case]').selectOption('App');
  await expect(page.locator('[name=website_url]')).toHaveCount(0);
  await expect(page.locator('[name=app_name]')).toBeVisible();
  await expect(page.locator('[name=use_case]')).toBeFocused();
  await expect(page.getByLabel('Intended purpose')).toHaveValue('Typed before');
  expect(await page.getByLabel('Logo').evaluate((input: HTMLInputElement) => input.files?.length)).toBe(1);
  await expect(page.getByRole('alert'), 'nobody has asked yet what is wrong').toHaveCount(0);

  await page.locator('[name=use_case]').selectOption('Website');
  await expect(page.locator('[name=website_url]')).toBeVisible();
  await expect(page.locator('[name=app_name]')).toHaveCount(0);
});

test('a known merchant stands beside its business identifier as soon as that is filled in', async ({ page, open }) => {
  await open('/as/org_kystkassa/sales-units?market=no');
  const identifier = page.getByRole('row').nth(1).locator('[data-label="Business identifier"] .numbers');
  const merchant = await page.getByRole('row').nth(1).locator('[data-label="Merchant"]').innerText();
  const typed = await identifier.innerText();
  await open(NEW_ORDER);
  await page.getByLabel('Market').selectOption('NO');
  await page.getByLabel('Business identifier').fill(typed);
  await page.getByLabel('Business identifier').press('Tab');
  await expect(page.getByText(`${merchant}, `)).toBeVisible();
});
