import { type Page } from '@playwright/test';
import { MEMBER, SIGNED_OUT, VIEWER } from './support/demo';
import { viewAsMerchant } from './support/pages';
import { expect, signIn, test } from './support/portal';

const PARTNER = '/as/org_kystkassa';

test('from a merchant’s details one views as it with one click, and comes back with one', async ({ page, open, list }) => {
  await open(`${PARTNER}/merchants?q=kanelbolle`);
  await list.rows.first().click();
  const details = new URL(page.url()).pathname;
  const units = await page.getByRole('main').locator('a[href*="/sales-units/"]').count();

  await page.getByRole('button', { name: 'View as merchant' }).click();
  await expect(page).toHaveURL(/\/as\/view-[0-9a-f]{32}$/);
  const view = new URL(page.url()).pathname;
  await expect(mark(page)).toContainText('You see this as Kaffe & Kanelbolle AS, on behalf of Kystkassa AS');
  await expect(page.getByText('Viewing as merchant', { exact: true })).toBeVisible();
  await expect(page.getByText('Acting as')).toHaveCount(0);

  for (const [label, heading] of [
    ['Your sales units', 'Your sales units'],
    ['Your product orders', 'Your product orders'],
    ['Webhooks', 'Webhooks'],
  ]) {
    await menu(page, label).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(heading);
    await expect(mark(page)).toBeVisible();
    await expect(page.getByRole('main').getByRole('button', { name: 'Refresh' })).toHaveCount(0);
  }
  for (const label of ['Members', 'API tokens', 'Settings', 'Merchants', 'Price packages', 'Order templates']) {
    await expect(menu(page, label)).toHaveCount(0);
  }
  await open(`${view}/sales-units`);
  expect(new Set(await list.column('Merchant'))).toEqual(new Set(['Kaffe & Kanelbolle AS']));
  expect(await list.rows.count()).toBe(units);
  await list.rows.first().click();
  await expect(mark(page)).toBeVisible();

  await page.getByRole('link', { name: 'Back to Kystkassa AS' }).click();
  await expect(page).toHaveURL(details);
  await expect(page.getByText('Acting as partner')).toBeVisible();
  await expect(mark(page)).toHaveCount(0);
  await expect(page.locator('#viewings')).toContainText(`Viewed as merchant by ${MEMBER.email}`);
  // It is nobody one could act as.
  await open('/businesses?q=view');
  await expect(list.results.locator('a[href^="/as/view-"]')).toHaveCount(0);
});

test('a merchant that waits for nothing but its form finds its link, and nothing of others', async ({ page, open, list }) => {
  await viewAsMerchant(page, open);
  const view = new URL(page.url()).pathname;
  const next = page.locator('#next-steps');
  await expect(next).toContainText(/Open the link|Go on with the form/);
  const link = await next.getByRole('link', { name: 'Go on with the order' }).first().getAttribute('href');
  await next.getByRole('listitem').first().getByRole('link').first().click();
  await expect(page.getByText('What to do next:')).toBeVisible();
  await expect(page.locator('#link').getByRole('link')).toHaveAttribute('href', link!);
  for (const label of ['Delete this order', 'Correct', 'Note']) {
    await expect(page.getByText(label, { exact: true })).toHaveCount(0);
  }

  // What another merchant of the partner has is not found by its number, and not opened by its address.
  await open(`${PARTNER}/sales-units?sort=-msn`);
  const [foreign] = await list.msns();
  await open(`${PARTNER}/product-orders?status=completed`);
  const order = (await list.rows.first().getAttribute('href'))!.match(/product-orders\/([0-9a-f-]+)/)![1];
  await open(`${view}/sales-units?q=${foreign}`);
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
  expect((await open(`${view}/sales-units/${foreign}`))!.status()).toBe(404);
  expect((await open(`${view}/product-orders/${order}`))!.status()).toBe(404);
  for (const path of ['product-orders/new', 'merchants', 'templates', 'price-packages', 'members', 'settings']) {
    expect((await open(`${view}/${path}`))!.status(), path).toBe(404);
  }
});

test.describe('somebody who may change nothing', () => {
  test.use({ storageState: SIGNED_OUT });

  test('views, too, and is not told who else has', async ({ page, open, list }) => {
    await open('/login');
    await signIn(page, VIEWER);
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    await open('/as/org_nordbetaling/merchants');
    await list.rows.first().click();
    await page.getByRole('button', { name: 'View as merchant' }).click();
    await expect(mark(page)).toBeVisible();
    await page.getByRole('link', { name: /^Back to / }).click();
    await expect(page.getByRole('button', { name: 'View as merchant' })).toBeVisible();
    await expect(page.locator('#viewings')).toHaveCount(0);
  });
});

function mark(page: Page) {
  return page.getByRole('complementary', { name: 'Viewing as a merchant' });
}

function menu(page: Page, name: string) {
  return page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name, exact: true });
}
