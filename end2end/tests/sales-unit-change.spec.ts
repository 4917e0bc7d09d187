import { expect, test } from './support/own-demo';
import { png } from './support/png';

const LIST = '/as/org_kystkassa/sales-units';

test('a sales unit gets a name and a logo, is deactivated and activated again', async ({ page, openOwn }) => {
  await openOwn(LIST);
  await page.locator('#results [data-row]').first().click();
  await page.getByRole('link', { name: 'Change', exact: true }).click();

  await page.getByLabel('Name').fill('Fisk & vilt');
  await page.getByLabel('Logo').setInputFiles(png(40, 40));
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByLabel('Name')).toHaveValue('Fisk & vilt');
  await expect(page.getByLabel('Name')).toHaveAccessibleDescription(/& is not allowed/);
  await expect(page.getByLabel('Logo')).toHaveAccessibleDescription(/at least 100/);

  await page.getByLabel('Name').fill('Fisk og vilt');
  await page.getByLabel('Logo').setInputFiles(png(160, 160));
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Fisk og vilt');
  await expect(page.getByRole('main').getByRole('status')).toContainText('Changed, and fetched from Vipps MobilePay just now.');

  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await page.getByText('Deactivate', { exact: true }).click();
  await page.getByRole('button', { name: 'Deactivate this unit' }).click();
  await expect(page.getByText('has not shown this sales unit since')).toBeVisible();

  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await page.getByText('Activate', { exact: true }).click();
  await page.getByRole('button', { name: 'Activate this unit' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('Changed');
  await expect(page.getByText('has not shown this sales unit since')).toHaveCount(0);
});
