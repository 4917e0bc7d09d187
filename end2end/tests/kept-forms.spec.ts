import { field, fill, webShop } from './support/forms';
import { expect, signIn, test } from './support/portal';

const PARTNER = 'org_nordbetaling';

test('a form that is sent after the session has ended is kept, and sent once one has signed in again in another tab', async ({ page, open }) => {
  const values = webShop();
  await open(`/as/${PARTNER}/product-orders/new`);
  await fill(page, values);
  await page.context().clearCookies();
  await page.getByRole('button', { name: /^Send / }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You have been signed out');
  await expect(page.getByRole('alert')).toContainText('Nothing has been done with the form');

  const [other] = await Promise.all([page.waitForEvent('popup'), page.getByRole('link', { name: 'Sign in, in a new tab' }).click()]);
  await signIn(other);
  await expect(other.getByRole('button', { name: 'Sign out' })).toBeVisible();
  await other.close();

  await page.getByRole('button', { name: 'Send it again' }).click();
  await page.waitForURL(/\/product-orders\//);
  await expect(page.getByRole('heading', { level: 1 })).not.toHaveText('You have been signed out');
  const anyway = page.getByRole('button', { name: 'Send anyway' });
  const there = page.getByRole('heading', { name: 'What has happened' });
  await expect(anyway.or(there)).toBeVisible();
  if (await anyway.isVisible()) {
    for (const label of ['Sales unit name', 'Account number', 'Website']) await expect(field(page, label)).toHaveValue(values[label]);
    await anyway.click();
  }
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(values['Sales unit name']);
  await expect(there).toBeVisible();
});

test('a note keeps the way back to the list that its order was opened from', async ({ page, open }) => {
  await open(`/as/${PARTNER}/product-orders?kind=prefill&sort=name`);
  await page.locator('#results [data-row]').first().click();
  await page.getByLabel('For colleagues').fill('Rings back on Monday.');
  await page.getByRole('button', { name: 'Keep the note' }).click();
  await expect(page.getByText('The note is kept.')).toBeVisible();
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').click();
  await expect(page).toHaveURL(/product-orders\?kind=prefill&sort=name$/);
});
