import { fill } from './support/forms';
import { unique } from './support/numbers';
import { expect, test } from './support/portal';

const PARTNER = '/as/org_kystkassa/webhooks';
const BUSY = '/as/org_nordbetaling/webhooks';

test('webhooks are found by the MSN and by the name of their sales unit', async ({ page, open, list }) => {
  await open(`${PARTNER}?scope=unit`);
  const [scope] = await list.column('Sales unit');
  const [, name, msn] = /^(.*) (\d+)$/.exec(scope)!;
  for (const typed of [msn, name]) {
    await open(PARTNER);
    await list.search(typed);
    await expect(list.count).toContainText('match');
    expect(await list.column('Sales unit')).toContain(scope);
  }
  await page.getByRole('row').filter({ hasText: msn }).first().getByRole('link', { name }).click();
  await expect(page).toHaveURL(new RegExp(`/sales-units/${msn}$`));
});

test('events, scope, state and transport narrow the list, and each chip takes away only its own', async ({ page, open, list }) => {
  await open(PARTNER);
  const { total } = await list.counted();
  await list.choose('event', 'epayments.payment.captured.v1');
  const events = await list.column('Events');
  expect(events.filter(text => !text.includes('epayments.payment.captured.v1'))).toEqual([]);
  await list.choose('scope', 'unit');
  expect((await list.column('Sales unit')).filter(scope => scope === 'All sales units')).toEqual([]);
  await list.choose('transport', 'plain');
  await expect(list.rows).toHaveCount(1);
  await expect(list.results).toContainText('Plain http');
  const chips = list.results.getByRole('list', { name: 'Filters' }).getByRole('link');
  await expect(chips).toHaveCount(3);
  await chips.filter({ hasText: 'epayments.payment.captured.v1' }).click();
  await expect(chips).toHaveCount(2);
  await list.expectQuery({ scope: 'unit', transport: 'plain' });
  await open(PARTNER);
  expect((await list.counted()).total).toBe(total);
  await list.choose('state', 'vanished');
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
});

test('the page of a webhook shows its events under their APIs, what it listens for, and where errors can be seen', async ({ page, open, list }) => {
  await open(`${PARTNER}?q=hooks&scope=all`);
  const [url] = await list.names();
  const count = Number(/\d+/.exec((await list.column('Events'))[0])![0]);
  await list.rows.first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(url);
  await expect(page.getByRole('heading', { name: `Events (${count})` })).toBeVisible();
  await expect(page.locator('.event-list').first().getByRole('listitem').first()).toContainText(/\.v1\s*\S+ \S+/);
  await expect(page.getByText('All sales units').first()).toBeVisible();
  await expect(page.getByText('Vipps MobilePay\'s Webhooks API tells of no deliveries.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'business portal' })).toHaveAttribute('href', 'https://portal.vippsmobilepay.com');
  await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
  await expect(page.getByText('Fetched from Vipps MobilePay just now.')).toBeVisible();
});

test('a webhook is registered for all sales units; its secret is shown once and never again', async ({ page, open, list }) => {
  const url = address();
  await open(BUSY);
  await page.getByRole('link', { name: 'Register webhook' }).click();
  await fill(page, { URL: url });
  await page.getByLabel('donations.agreement.started.v1').check();
  await page.getByLabel('user.checked-in.v1').check();
  await page.getByRole('button', { name: 'Register' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Webhook registered');
  await expect(page.getByText('This is the only time that the secret is shown.')).toBeVisible();
  const card = page.locator('#secret');
  const secret = (await card.locator('.secret-line .code').innerText()).trim();
  expect(secret.length).toBeGreaterThan(20);
  await expect(card).toContainText(/Listens for\s*All sales units/);
  await card.getByRole('link', { name: 'I have copied it' }).click();

  await expect(page.getByRole('heading', { level: 1 })).toHaveText(url);
  await expect(page.getByRole('heading', { name: 'Events (2)' })).toBeVisible();
  await expect(page.getByText('Registered here by')).toBeVisible();
  expect(await page.content()).not.toContain(secret);
  await page.reload();
  expect(await page.content()).not.toContain(secret);
  await open(`${BUSY}?q=${encodeURIComponent(url)}`);
  await expect(list.rows).toHaveCount(1);
});

test('a webhook is registered for one sales unit, with all events of an API', async ({ page, open, list }) => {
  await open('/as/org_nordbetaling/sales-units?capture=reserve&sort=msn');
  const [msn] = await list.msns();
  const url = address();
  await open(`${BUSY}/new`);
  await fill(page, { URL: url });
  await page.getByRole('radio', { name: 'One sales unit' }).check();
  await fill(page, { 'MSN of the sales unit': msn });
  await page.getByLabel(/^All \d+ of Recurring charges$/).check();
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByRole('link', { name: 'I have copied it' }).click();
  await expect(page.getByRole('heading', { name: 'Events (6)' })).toBeVisible();
  await expect(page.getByRole('main').getByRole('link', { name: 'All sales units' })).toHaveCount(0);
  await expect(page.locator('.lead')).toContainText(msn);
});

test('what cannot be registered is refused beside its field, and everything chosen is kept', async ({ page, open }) => {
  await open(`${BUSY}/new`);
  await page.getByRole('button', { name: 'Register' }).click();
  const summary = page.getByRole('alert');
  await expect(summary).toContainText('Choose at least one event.');
  for (const [url, reason] of [
    ['ftp://hooks.example/a', /https:\/\//],
    ['https://127.0.0.1/a', /./],
    ['http://localhost/a', /./],
    ['https://hooks.example:port/a', /./],
  ] as const) {
    await fill(page, { URL: url });
    await page.getByLabel('user.checked-in.v1').check();
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByLabel(/^URL/), url).toHaveAttribute('aria-invalid', 'true');
    await expect(page.getByLabel(/^URL/)).toHaveValue(url);
    await expect(summary).toContainText(reason);
    await expect(page.getByLabel('user.checked-in.v1')).toBeChecked();
  }
  await fill(page, { URL: address(), 'MSN of the sales unit': '99999999' });
  await page.getByRole('radio', { name: 'One sales unit' }).check();
  await page.getByRole('button', { name: 'Register' }).click();
  await expect(summary).toContainText('None of this partner\'s sales units has this MSN.');
  await expect(page.getByRole('radio', { name: 'One sales unit' })).toBeChecked();
  await expect(page.getByLabel('MSN of the sales unit')).toHaveValue('99999999');
});

test('the same events for the same URL once more are registered only if one insists', async ({ page, open, list }) => {
  const url = address();
  for (const insists of [false, true]) {
    await open(`${BUSY}/new`);
    await fill(page, { URL: url });
    await page.getByLabel('donations.agreement.stopped.v1').check();
    await page.getByRole('button', { name: 'Register' }).click();
    if (insists) {
      await expect(page.locator('#doubled')).toContainText('Some of these events come to this URL already.');
      await page.getByLabel('Register it all the same').check();
      await page.getByRole('button', { name: 'Register' }).click();
    }
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Webhook registered');
  }
  await open(`${BUSY}?q=${encodeURIComponent(url)}`);
  await expect(list.rows).toHaveCount(2);
  await open(`${BUSY}/coverage`);
  const doubles = page.locator('#doubles');
  if ((await doubles.getAttribute('open')) === null) await doubles.locator('summary').click();
  await expect(doubles).toContainText(url);
});

test('a double click registers one webhook and shows its secret', async ({ page, open, list }) => {
  const url = address();
  await open(`${BUSY}/new`);
  await fill(page, { URL: url });
  await page.getByLabel('login.merchant-initiated.ping.v1').check();
  await page.getByRole('button', { name: 'Register' }).dblclick();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Webhook registered');
  await expect(page.locator('.secret-line .code')).toHaveText(/\S{20}/);
  await open(`${BUSY}?q=${encodeURIComponent(url)}`);
  await expect(list.rows).toHaveCount(1);
});

test('a webhook is deleted after one has confirmed it', async ({ page, open, list }) => {
  const url = address();
  await open(`${BUSY}/new`);
  await fill(page, { URL: url });
  await page.getByLabel('user.checked-in.v1').check();
  await page.getByRole('button', { name: 'Register' }).click();
  await page.getByRole('link', { name: 'I have copied it' }).click();
  const confirm = page.getByRole('button', { name: 'Delete the webhook' });
  await expect(confirm).toBeHidden();
  await page.locator('summary').filter({ hasText: 'Delete this webhook' }).click();
  await expect(page.getByText('This cannot be undone;')).toBeVisible();
  await confirm.click();
  await expect(page.getByText('Deleted. Vipps MobilePay no longer calls this URL for it.')).toBeVisible();
  await expect(page.getByText('Deleted here by demo@example.com')).toBeVisible();
  await open(`${BUSY}?q=${encodeURIComponent(url)}`);
  await expect(list.rows).toHaveCount(1);
  await expect(list.results).toContainText('Deleted here');
});

test('coverage counts for every event whom it reaches, and leads to those it does not', async ({ page, open, list }) => {
  await open(PARTNER);
  await page.getByRole('link', { name: 'Coverage' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Webhook coverage');
  const units = Number(/(\d+) sales units/.exec(await page.locator('.coverage .lead').innerText())![1]);
  const row = (event: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: event, exact: true }) });
  await expect(row('epayments.payment.captured.v1').getByRole('cell').last()).toHaveText('None');
  await expect(row('donations.agreement.started.v1').getByRole('cell').last()).toHaveText(`All ${units}`);
  const own = Number(await row('user.checked-in.v1').getByRole('cell').nth(1).innerText());
  await expect(row('user.checked-in.v1').getByRole('cell').last()).toHaveText(`${units - own}`);

  await row('user.checked-in.v1').getByRole('link', { name: `${units - own}`, exact: true }).click();
  await expect(page.getByRole('heading', { name: `${units - own} sales units without user.checked-in.v1` })).toBeVisible();
  await expect(page.locator('#without').getByRole('listitem')).toHaveCount(100);
  await page.locator('#without').getByRole('link', { name: 'Close' }).click();
  await expect(page.locator('#without')).toHaveCount(0);
  await row('user.checked-in.v1').getByRole('cell').nth(1).getByRole('link').click();
  await expect(list.rows).toHaveCount(own);
});

test('coverage shows what is there twice, over plain http, and near its limit', async ({ page, open }) => {
  await open(`${PARTNER}/coverage`);
  await expect(page.locator('#plain-http')).toContainText('http://old-till.kystkassa.example/');
  await expect(page.locator('#near-limit')).toContainText('24 of 25');
  await expect(page.locator('#doubles').getByRole('listitem').first()).toContainText('.example/vipps/webhook');
});

/** A URL of a test's own. */
function address(): string {
  return `https://${unique('hooks').replace(' ', '-')}.example/vipps`;
}
