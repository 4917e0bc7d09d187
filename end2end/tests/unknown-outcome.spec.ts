import { fill, webShop } from './support/forms';
import { expect, test } from './support/own-demo';

// An upstream that does what it is asked to, and whose answer gets lost.
test.use({ demoSettings: ['--fault', 'lost-answer=100%'] });

test('an order whose answer got lost is of unknown outcome, is looked for, and is found: there is one', async ({ page, openOwn }) => {
  const values = webShop();
  await openOwn('/as/org_nordbetaling/product-orders/new');
  await fill(page, values);
  await page.getByRole('button', { name: /^Send / }).click();
  const anyway = page.getByRole('button', { name: 'Send anyway' });
  const order = page.getByRole('heading', { name: 'What has happened' });
  await expect(anyway.or(order)).toBeVisible();
  if (await anyway.isVisible()) await anyway.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(values['Sales unit name']);
  const unsettled = page.locator('#unsettled');
  if (await unsettled.isVisible()) {
    await expect(unsettled).toContainText('Do not send another one.');
    await unsettled.getByRole('button', { name: 'Look now' }).click();
  }
  await expect(async () => {
    await page.reload();
    await expect(page.locator('#link')).toBeVisible({ timeout: 500 });
  }).toPass();
  await expect(page.locator('.timeline')).toContainText(/found/i);
  await openOwn(`/as/org_nordbetaling/product-orders?q=${encodeURIComponent(values['Sales unit name'])}`);
  await expect(page.locator('#results [data-row]')).toHaveCount(1);
});

test('a webhook whose answer got lost has a secret that nobody has seen: it is said to be deleted and registered anew', async ({ page, openOwn }) => {
  await openOwn('/as/org_nordbetaling/webhooks/new');
  await fill(page, { URL: 'https://lost.nordbetaling.example/vipps' });
  await page.getByLabel('donations.agreement.stopped.v1').check();
  await page.getByRole('button', { name: 'Register' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Outcome unknown');
  await expect(page.getByRole('alert')).toContainText('Nobody has seen its secret, so it is of no use: delete it, then register again.');
  await page.getByRole('alert').getByRole('link').first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('https://lost.nordbetaling.example/vipps');
});

test('a deletion whose answer got lost says so, and looking shows that the order is gone', async ({ page, openOwn }) => {
  await openOwn('/as/org_kystkassa/product-orders?kind=prefill&status=received');
  await page.locator('#results [data-row]').first().click();
  const address = page.url();
  await page.locator('summary').filter({ hasText: 'Delete this order' }).click();
  await page.getByRole('button', { name: 'Delete the order' }).click();
  await expect(page.getByRole('alert').or(page.getByRole('status')).first()).toContainText(/not known yet whether the order is deleted|Deleted/);
  await expect(async () => {
    await page.goto(address);
    await expect(page.getByText(/Vipps MobilePay has not shown this order since|^Deleted/).first()).toBeVisible({ timeout: 500 });
  }).toPass();
});
