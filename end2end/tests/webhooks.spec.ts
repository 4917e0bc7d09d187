import { type Page } from '@playwright/test';
import { expect, test } from './support/portal';

const WEBHOOKS = '/as/org_kystkassa/webhooks';
const CAPTURED = 'epayments.payment.captured.v1';

/** Opens the list once the registrations of all units have been fetched. */
async function openFetched(page: Page, open: (path: string) => Promise<unknown>, path = WEBHOOKS): Promise<void> {
  await open(path);
  await expect(async () => {
    await page.reload();
    await expect(page.locator('#freshness')).toContainText('Synced', { timeout: 500 });
    await expect(page.locator('#freshness')).not.toContainText(/webhooks|Waiting/i, { timeout: 500 });
  }).toPass({ timeout: 45_000 });
}

/** Fills in the form and sends it. */
async function register(page: Page, url: string, msn?: string): Promise<void> {
  await page.getByLabel('URL').fill(url);
  await page.getByRole('checkbox', { name: CAPTURED }).check();
  await page.getByRole('checkbox', { name: 'All 4 of Donations' }).check();
  if (msn) {
    await page.getByRole('radio', { name: 'One sales unit' }).check();
    await page.getByLabel('MSN of the sales unit').fill(msn);
  }
  await page.getByRole('button', { name: 'Register' }).click();
}

test('Under the Developers option, you can view the webhooks you’ve registered for all your sales units', async ({ page, open, list }) => {
  await open('/as/org_kystkassa');
  const developers = page.getByRole('navigation', { name: 'Menu' });
  await expect(developers.getByText('Developers')).toBeVisible();
  await developers.getByRole('link', { name: 'Webhooks' }).click();
  await expect(page).toHaveURL(WEBHOOKS);
  await openFetched(page, open);
  const { total } = await list.counted();
  expect(total).toBeGreaterThan(20);
  await openFetched(page, open, `${WEBHOOKS}?scope=all`);
  expect(await list.column('Sales unit')).toContain('All sales units');
  expect(new Set(await list.column('Sales unit')).size).toBe(1);
  await open(`${WEBHOOKS}?scope=unit`);
  for (const unit of await list.column('Sales unit')) expect(unit).toMatch(/\d{4,10}$/);
});

test('Enter the URL or ID to filter the list', async ({ page, open, list }) => {
  await openFetched(page, open, `${WEBHOOKS}?scope=unit&sort=url`);
  const url = (await list.names())[0];
  const id = (await list.rows.first().getAttribute('href'))!.match(/[0-9a-f-]{36}/)![0];
  const msn = (await list.column('Sales unit'))[0].match(/\d+$/)![0];
  for (const typed of [id, id.slice(9, 18), url, url.slice(8, 22), msn]) {
    await open(WEBHOOKS);
    await list.search(typed);
    await expect(list.count).toContainText('match');
    expect(await list.names()).toContain(url);
    await expect(list.results.locator('mark').first()).toBeVisible();
  }
});

test('webhooks are narrowed down by event, scope, state and transport', async ({ page, open, list }) => {
  await openFetched(page, open);
  await list.choose('event', 'qr');
  await expect(list.chip('Event: QR')).toBeVisible();
  await list.choose('event', CAPTURED);
  await expect(list.chip(`Event: ${CAPTURED}`)).toBeVisible();
  for (const events of await list.column('Events')) expect(events).toContain('epayments.payment');
  await open(`${WEBHOOKS}?transport=http`);
  expect((await list.names()).every(url => url.startsWith('http://'))).toBe(true);
  await expect(list.results.getByText('Plain http').first()).toBeVisible();
});

test('a webhook is registered, its secret is shown once, and it is deleted', async ({ page, open, list, scripted }) => {
  const url = `https://journey-${scripted ? 'script' : 'plain'}.example.com/hook`;
  await openFetched(page, open);
  await page.getByRole('link', { name: 'Register webhook' }).click();
  await register(page, url);
  await expect(page.getByRole('heading', { level: 1, name: 'Webhook registered' })).toBeVisible();
  await expect(page.getByText('This is the only time that the secret is shown.')).toBeVisible();
  const secret = (await page.locator('.secret-line .code').innerText()).trim();
  expect(secret.length).toBeGreaterThan(10);

  await page.getByRole('link', { name: /show the webhook/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toContainText(url);
  await expect(page.getByText('Registered here by')).toBeVisible();
  await expect(page.getByText('A captured amount').or(page.getByText('has been captured')).first()).toBeVisible();
  expect(await page.content()).not.toContain(secret);

  await open(WEBHOOKS);
  await list.search(url);
  await expect(list.rows).toHaveCount(1);
  await list.rows.first().click();
  await expect(page.getByRole('button', { name: 'Delete the webhook' })).toBeHidden();
  await page.getByText('Delete this webhook').click();
  await page.getByRole('button', { name: 'Delete the webhook' }).click();
  await expect(page.getByText('Deleted. Vipps MobilePay no longer calls this URL for it.')).toBeVisible();
  await expect(page.getByText('Delete this webhook')).toHaveCount(0);
  await open(`${WEBHOOKS}?state=deleted`);
  await expect(list.results).toContainText(url);
});

test('a webhook for one sales unit stands at that unit only', async ({ page, open, list, scripted }) => {
  const url = `https://one-unit-${scripted ? 'script' : 'plain'}.example.com/hook`;
  await open('/as/org_kystkassa/sales-units?q=sommerfugl');
  const [msn] = await list.msns();
  await open(`${WEBHOOKS}/new`);
  await register(page, url, msn);
  await expect(page.getByRole('heading', { level: 1, name: 'Webhook registered' })).toBeVisible();
  await page.getByRole('link', { name: /show the webhook/ }).click();
  await expect(page.getByRole('main').getByRole('link', { name: /Sommerfugl/i }).first()).toHaveAttribute('href', new RegExp(`/${msn}$`));
});

test('a refused form keeps everything that was typed', async ({ page, open }) => {
  await open(`${WEBHOOKS}/new`);
  await register(page, 'https://printer.local/hook', '99999999');
  await expect(page.getByRole('alert')).toContainText('Nothing is registered yet');
  await expect(page.getByLabel('URL')).toHaveValue('https://printer.local/hook');
  await expect(page.getByLabel('URL')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByRole('checkbox', { name: CAPTURED })).toBeChecked();
  await expect(page.getByRole('checkbox', { name: 'All 4 of Donations' })).toBeChecked();
  await expect(page.getByRole('radio', { name: 'One sales unit' })).toBeChecked();
  await expect(page.getByLabel('MSN of the sales unit')).toHaveValue('99999999');
  await page.getByLabel('URL').fill('https://hooks.example.com/fine');
  await page.getByRole('button', { name: 'Register' }).click();
  await expect(page.getByRole('alert')).toContainText('None of this partner\'s sales units has this MSN.');
});

test('a second one with the same URL is warned of', async ({ page, open, list }) => {
  await openFetched(page, open, `${WEBHOOKS}?scope=all&event=${CAPTURED}&state=listed&q=kystkassa`);
  const url = (await list.names())[0];
  await open(`${WEBHOOKS}/new`);
  await register(page, url);
  await expect(page.getByRole('alert')).toContainText('come to this URL already');
  await expect(page.getByRole('checkbox', { name: 'Register it all the same' })).not.toBeChecked();
});

test('coverage says which events reach nobody, and what is wrong', async ({ page, open }) => {
  await openFetched(page, open, `${WEBHOOKS}/coverage`);
  const table = page.getByRole('table', { name: 'Webhooks by event' });
  await expect(table.getByRole('row').filter({ hasText: /\.v1/ })).toHaveCount(24);
  for (const trouble of ['Over plain http', 'Near the limit', 'There twice']) {
    await expect(page.getByText(trouble, { exact: true })).toBeVisible();
  }
  await expect(page.getByText('24 of 25')).toBeVisible();
  await table.getByRole('row').filter({ hasText: 'login.merchant-initiated' }).getByRole('link').last().click();
  const without = page.locator('#without');
  await expect(without).toContainText('sales units without login.merchant-initiated.ping.v1');
  await expect(without.getByRole('listitem')).toHaveCount(100);
  await without.getByRole('link', { name: 'Close' }).click();
  await expect(without).toHaveCount(0);
});

test('the delivery log is where Vipps MobilePay has it', async ({ page, open, list }) => {
  await openFetched(page, open);
  await list.rows.first().click();
  const deliveries = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Deliveries' }) });
  await expect(deliveries).toContainText('For developers > Webhook errors');
  await expect(deliveries.getByRole('link', { name: 'business portal' })).toHaveAttribute('href', 'https://portal.vippsmobilepay.com');
});
