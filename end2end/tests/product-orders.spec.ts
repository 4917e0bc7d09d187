import { type Page } from '@playwright/test';
import { field, fill, send, sendOrder, webShop } from './support/forms';
import { unique } from './support/numbers';
import { expect, test } from './support/portal';
import { fold } from './support/search-text';

const PARTNER = '/as/org_kystkassa/product-orders';
const BUSY = 'org_nordbetaling';

test('orders are found by the name of their sales unit, a business identifier, an MSN and their own ID', async ({ page, open, list }) => {
  await open(`${PARTNER}?status=completed&kind=prefill`);
  const [name] = await list.names();
  const [number] = await list.column('Business identifier');
  await list.rows.first().click();
  const order = new URL(page.url()).pathname;
  const id = await page.locator('.code').filter({ hasText: /^[0-9a-f]{8}-/ }).first().innerText();
  const msn = /\d+/.exec(await page.getByRole('link', { name: /^MSN/ }).innerText())![0];
  for (const typed of [name, number.split('\n')[0], msn, id]) {
    await open(PARTNER);
    await list.search(typed);
    await expect(list.count).toContainText('match');
    const found = await list.rows.evaluateAll(links => links.map(link => link.getAttribute('href')!.split('?')[0]));
    expect(found, typed).toContain(order);
  }
  await list.search(name);
  const marks = await list.results.locator('mark').allInnerTexts();
  expect(marks.filter(mark => !fold(name).includes(fold(mark)))).toEqual([]);
});

for (const [facet, label, values] of [
  ['status', 'Status', { received: 'Received', viewed: 'Opened by merchant', submitted: 'Submitted', completed: 'Completed', rejected: 'Rejected', expired: 'Expired' }],
  ['product', 'Product', { 'payment-integration': 'Payment integration', cashier: 'Cashier', checkout: 'Checkout' }],
] as const) {
  test(`the ${facet} narrows the list, and its chip widens it again`, async ({ page, open, list }) => {
    for (const [word, shown] of Object.entries(values)) {
      await open(PARTNER);
      const { total } = await list.counted();
      await list.choose(facet, word);
      await expect(list.chip(`${label}: ${shown}`)).toBeVisible();
      const rows = await list.column(label);
      expect(rows.filter(text => !text.startsWith(shown))).toEqual([]);
      const { matching } = await list.counted();
      expect(rows.length, shown).toBe(matching);
      expect(matching).toBeGreaterThan(0);
      expect(matching).toBeLessThan(total);
      await list.chip(`${label}: ${shown}`).click();
      await expect(page).toHaveURL(PARTNER);
    }
  });
}

test('the age narrows the list to what was sent or first seen since', async ({ page, open, list }) => {
  await open(PARTNER);
  const { total } = await list.counted();
  await list.choose('age', '1d');
  await expect(list.chip('Last 24 hours')).toBeVisible();
  expect(await list.counted()).toEqual({ matching: total, total });
  await list.choose('age', 'older');
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
});

test('the links to follow up lead to what they name, with a message to copy at each order', async ({ page, open, list, scripted }) => {
  await open(PARTNER);
  const links = page.getByRole('navigation', { name: 'To follow up' }).getByRole('link');
  await expect(links).toHaveText(['Expire within 3 days', 'Opened, not submitted', 'Outcome unknown or not arrived', 'Waiting for their merchant']);
  await links.filter({ hasText: 'Opened, not submitted' }).click();
  await list.expectQuery({ follow: 'opened' });
  await expect(list.rows).not.toHaveCount(0);
  const statuses = await list.column('Status');
  expect(statuses.filter(status => !/^Opened by merchant\s+\d+ days left/.test(status))).toEqual([]);
  const copy = list.results.locator('button[title="Copy message to the merchant"]');
  await expect(copy).toHaveCount(statuses.length);
  const message = (await copy.first().getAttribute('data-copy'))!;
  const link = (await list.results.locator('button[title="Copy the merchant\'s link"]').first().getAttribute('data-copy'))!;
  expect(message).toContain(link);
  if (!scripted) await expect(copy.first()).toBeHidden();

  await links.filter({ hasText: 'Waiting for their merchant' }).click();
  await list.expectQuery({ follow: 'waiting' });
  const waiting = await list.column('Status');
  expect(waiting.length).toBeGreaterThan(statuses.length);
  await links.filter({ hasText: 'Outcome unknown' }).click();
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
});

test('sorted by Sent the newest come first, and the oldest at the second click', async ({ open, list }) => {
  await open(`${PARTNER}?sort=name`);
  await list.heading('Sent').getByRole('link').click();
  await expect(list.heading('Sent')).toHaveAttribute('aria-sort', 'descending');
  const newest = await list.names();
  await list.heading('Sent').getByRole('link').click();
  await expect(list.heading('Sent')).toHaveAttribute('aria-sort', 'ascending');
  expect(await list.names()).toEqual(newest.toReversed());
});

test('the breadcrumb of an order leads to the filter it was opened from', async ({ page, open, list }) => {
  await open(`${PARTNER}?kind=manual`);
  const names = await list.names();
  await list.rows.nth(1).click();
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').click();
  await expect(page).toHaveURL(`${PARTNER}?kind=manual`);
  expect(await list.names()).toEqual(names);
});

test('the page of an order that waits shows its link with a QR code, the days left, a message ready to send, and what has happened', async ({ page, open }) => {
  const values = webShop();
  await sendOrder(page, open, BUSY, values);
  await expect(page.getByText('Sent. Vipps MobilePay has the order; the link below is for the merchant.')).toBeVisible();
  const card = page.locator('#link');
  const link = card.locator('p.link').getByRole('link');
  const url = (await link.getAttribute('href'))!;
  await expect(link).toHaveText(url);
  await expect(card.locator(`button[data-copy="${url}"]`)).toHaveAttribute('title', 'Copy link');
  await expect(card.getByRole('img', { name: 'QR code of the merchant\'s link' })).toBeVisible();
  await expect(card).toContainText(/1[34] days left\s+– until \d{4}-\d\d-\d\d/);
  const message = card.locator('pre[lang="nb"]');
  await expect(message).toContainText(`Vi har gjort klar bestillingen av Vipps for ${values['Sales unit name']}.`);
  await expect(message).toContainText(url);
  await card.locator('summary').filter({ hasText: 'English' }).click();
  await expect(card.locator('pre[lang="en"]')).toContainText(url);
  await expect(page.locator('.timeline').getByRole('listitem')).toHaveText([/Sent to Vipps MobilePay by demo@example.com/]);
  await expect(facts(page)).toContainText('In this portal, by demo@example.com');
  const filledIn = section(page, 'What was filled in');
  for (const label of ['Sales unit name', 'Intended purpose', 'Website', 'Terms page', 'Account number']) {
    await expect(filledIn).toContainText(values[label]);
  }

  // The merchant opens it; the portal sees that when it looks.
  expect((await page.request.get(url)).status()).toBe(200);
  await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
  await expect(facts(page)).toContainText(/Status\s*Opened by merchant/);
  await expect(page.locator('.timeline').getByRole('listitem')).toHaveText([/Sent/, /Opened by merchant/]);
  await expect(card.getByRole('heading', { level: 3 })).toHaveText('To ask how far they have come');
});

test('a note is kept as it was typed', async ({ page, open, list }) => {
  const order = await sendOrder(page, open, BUSY);
  const note = `Called Åse <b>twice</b> & "left" a message\n\n${unique('Order')} of the second shop`;
  await fillNote(page, note);
  await expect(page.getByText('The note is kept.')).toBeVisible();
  await open(order);
  await expect(section(page, 'Note').getByRole('textbox')).toHaveValue(note);
  await open(`/as/${BUSY}/product-orders`);
  await list.search(/Order \d+/.exec(note)![0]);
  await expect(list.rows).toHaveCount(1);

  await open(order);
  await fillNote(page, '');
  await expect(page.getByText('The note is kept.')).toBeVisible();
  await expect(section(page, 'Note').getByRole('textbox')).toHaveValue('');
});

test('an order is deleted after one has confirmed it, and its link is dead', async ({ page, open, list }) => {
  const values = webShop();
  await sendOrder(page, open, BUSY, values);
  const url = await merchantsLink(page);
  const confirm = page.getByRole('button', { name: 'Delete the order' });
  await expect(confirm).toBeHidden();
  await page.locator('summary').filter({ hasText: 'Delete this order' }).click();
  await expect(page.getByText('This cannot be undone; a new order can be sent.')).toBeVisible();
  await confirm.click();
  await expect(page.getByRole('status').filter({ hasText: 'Deleted. The merchant\'s link no longer works.' })).toBeVisible();
  await expect(page.locator('#link')).toHaveCount(0);
  await expect(page.locator('.timeline')).toContainText('Deleted by demo@example.com');
  expect((await page.request.get(url)).status()).toBe(410);
  await open(`/as/${BUSY}/product-orders?state=gone`);
  await list.search(values['Sales unit name']);
  await expect(list.column('Status')).resolves.toEqual(['Deleted']);
});

test('an order that the merchant has submitted meanwhile is not deleted, and upstream’s words say why', async ({ page, open, context }) => {
  await sendOrder(page, open, BUSY);
  // The page stays as it was before the merchant submitted, however quick the sync is.
  await page.locator('summary').filter({ hasText: 'Delete this order' }).click();
  const merchant = await context.newPage();
  await submitAsMerchant(merchant, await merchantsLink(page));
  await page.getByRole('button', { name: 'Delete the order' }).click();
  await expect(page.getByRole('alert')).toContainText(/Vipps MobilePay did not delete the order\. It said: \S+ \S+/);
  await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
  await expect(facts(page)).toContainText(/Status\s*Submitted/);
  await expect(section(page, 'Change')).toContainText('Only an order that the merchant has not submitted can be deleted.');
  await expect(page.getByRole('button', { name: 'Delete this order' })).toBeDisabled();
});

test('a rejected order says that upstream tells no reason, and whom to ask', async ({ page, open }) => {
  const order = await sendOrder(page, open, BUSY);
  await submitAsMerchant(page, await merchantsLink(page), 'Reject');
  await open(order);
  await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
  await expect(facts(page)).toContainText(/Status\s*Rejected/);
  await expect(page.getByText('Vipps MobilePay does not tell partners why an order is rejected; it writes to the merchant.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'whom to ask at Vipps MobilePay' })).toHaveAttribute('href', /^https:\/\/developer\.vippsmobilepay\.com\//);
});

test('the price package of an order stands on its page and leads to the package, which counts it', async ({ page, open }) => {
  await sendOrder(page, open, BUSY);
  await facts(page).getByRole('link', { name: 'Online standard NO' }).click();
  await expect(page).toHaveURL(/\/price-packages#package-/);
  await expect(page.getByRole('row').filter({ hasText: 'Online standard NO' })).toContainText(/\d+ orders?/);
});

test('an order that is corrected is sent anew in step 1 of 2, and the earlier one is deleted in step 2', async ({ page, open }) => {
  const values = webShop();
  const earlier = await sendOrder(page, open, BUSY, values);
  await page.getByRole('link', { name: 'Correct', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Correct a product order');
  await expect(page.getByText('Step 1 of 2:')).toBeVisible();
  for (const label of ['Business identifier', 'Sales unit name', 'Intended purpose', 'Website', 'Account number']) {
    await expect(field(page, label)).toHaveValue(values[label]);
  }
  const corrected = unique('Garn og nøste');
  await fill(page, { 'Sales unit name': corrected });
  await send(page);
  await page.waitForURL(/\?did=sent/);
  const later = new URL(page.url()).pathname;
  expect(later).not.toBe(earlier);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(corrected);
  await expect(page.getByText('Step 2 of 2:')).toBeVisible();
  await page.getByRole('button', { name: 'Delete the earlier order' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(values['Sales unit name']);
  await expect(page.getByRole('status').filter({ hasText: 'Deleted.' })).toBeVisible();
  expect(new URL(page.url()).pathname).toBe(earlier);
  await facts(page).locator('dt:text-is("Corrected by") + dd a').click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(corrected);
  await expect(page.getByText('Step 2 of 2:')).toHaveCount(0);
});

/** The facts about an order. */
function facts(page: Page) {
  return section(page, 'Order');
}

function section(page: Page, title: string) {
  return page.locator('section').filter({ has: page.getByRole('heading', { name: title, exact: true }) });
}

async function fillNote(page: Page, note: string): Promise<void> {
  await section(page, 'Note').getByRole('textbox').fill(note);
  await page.getByRole('button', { name: 'Keep the note' }).click();
}

/** Where the merchant goes on with the order whose page is open. */
async function merchantsLink(page: Page): Promise<string> {
  return (await page.locator('#link p.link').getByRole('link').getAttribute('href'))!;
}

/** Goes on at upstream behind a merchant's link, as the merchant, and then as whoever decides. */
async function submitAsMerchant(page: Page, link: string, decision?: 'Approve' | 'Reject'): Promise<void> {
  await page.goto(link);
  await page.getByRole('button', { name: 'Submit order' }).click();
  await expect(page.getByRole('button', { name: 'Approve' })).toBeVisible();
  if (decision !== undefined) await page.getByRole('button', { name: decision }).click();
}
