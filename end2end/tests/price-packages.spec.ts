import { expect, test } from './support/portal';

const PACKAGES = '/as/org_kystkassa/price-packages';
const UNITS = '/as/org_kystkassa/sales-units';

test('every price package stands there with its ID, price, product and market, and whether merchants see it', async ({ page, open }) => {
  await open(PACKAGES);
  await expect(page.getByRole('heading', { level: 1, name: 'Price packages' })).toBeVisible();
  const rows = page.locator('#results tbody tr');
  const count = Number((await page.getByRole('status').first().innerText()).match(/\d+/)![0]);
  expect(count).toBeGreaterThan(3);
  await expect(rows).toHaveCount(count);
  for (const row of await rows.all()) {
    await expect(row).toContainText(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/);
    await expect(row).toContainText(/\d+\.\d\d%/);
    await expect(row).toContainText(/Cashier|Payment integration|Checkout|Login|Donations/);
    await expect(row).toContainText(/Norway|Denmark|Finland/);
    await expect(row).toContainText(/Yes|No/);
  }
});

test('price packages are narrowed down to a market and a product', async ({ page, open }) => {
  await open(PACKAGES);
  const rows = page.locator('#results tbody tr');
  await page.getByRole('list', { name: 'Market' }).getByRole('link', { name: 'Norway' }).click();
  await expect(page).toHaveURL(/market=NO/);
  for (const row of await rows.all()) await expect(row).toContainText('Norway');
  await page.getByRole('list', { name: 'Product' }).getByRole('link', { name: 'Cashier' }).click();
  await expect(page).toHaveURL(/market=NO&product=CASHIER/);
  for (const row of await rows.all()) await expect(row).toContainText('Cashier');
  await page.getByRole('list', { name: 'Market' }).getByRole('link', { name: 'All' }).click();
  await expect(page).toHaveURL(`${PACKAGES}?product=CASHIER`);
});

test('staff note the price package of a sales unit, and the package shows the unit', async ({ page, open, list, scripted }) => {
  await open(`${UNITS}?q=sommerfugl&market=no`);
  // Each way of walking has a unit of its own.
  const [name] = (await list.names()).slice(scripted ? 0 : 1);
  await list.rows.nth(scripted ? 0 : 1).click();
  const card = page.locator('#price-package');
  await expect(card).toContainText('Not known: Vipps MobilePay does not tell the price package of a sales unit.');
  await card.getByText('Note a price package').click();
  const choice = card.getByLabel('Price package');
  await expect(choice.locator('option').filter({ hasText: 'DK' })).toHaveCount(0);
  await choice.selectOption({ index: 1 });
  await card.getByRole('button', { name: 'Keep the note' }).click();
  await expect(card).toContainText('Noted by demo@example.com on 20');
  await expect(card).toContainText(/Commission|Price/);

  await card.locator('dl a').click();
  await expect(page).toHaveURL(/\/price-packages#package-/);
  await page.locator('tr:target').getByRole('link', { name: /sales unit/ }).click();
  await expect(page.locator('details[open]').getByRole('link', { name })).toBeVisible();

  await page.locator('details[open]').getByRole('link', { name }).click();
  await card.getByText('Change the note').click();
  await card.getByRole('button', { name: 'Take the note away' }).click();
  await expect(card).toContainText('Not known');
});

test('a merchant’s page of a sales unit says nothing of price packages', async ({ page, open, list }) => {
  await open('/as/org_m_blabaer_kaffe/sales-units');
  await list.rows.first().click();
  await expect(page.getByRole('heading', { name: 'Configuration' })).toBeVisible();
  await expect(page.getByText(/price package/i)).toHaveCount(0);
});
