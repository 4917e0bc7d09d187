import { expect, test } from './support/portal';

const PARTNER = '/as/org_kystkassa/api-quality';

/** A number as the pages write it. */
const number = (text: string) => Number(text.replace(/\D/g, ''));

test('the calls of each endpoint come to all calls, whatever time is chosen', async ({ page, open }) => {
  await open(PARTNER);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('API quality');
  for (const time of ['7 days', '30 days', '90 days', '24 hours']) {
    await page.getByRole('link', { name: time, exact: true }).click();
    await expect(page.getByRole('link', { name: time, exact: true })).toHaveAttribute('aria-current', 'true');
    const all = number(await page.locator('.figure').filter({ hasText: 'calls' }).first().locator('strong').innerText());
    const cells = page.locator('#endpoints tbody td[data-label="Calls"]');
    const counts = (await cells.allInnerTexts()).map(number);
    expect(counts.length).toBeGreaterThan(5);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(all);
  }
  await expect(page.locator('#endpoints')).toContainText('GET:/management/v1/sales-units/{msn}');
});

test('both charts have a title and a sentence, and the same in numbers behind them', async ({ page, open }) => {
  await open(PARTNER);
  for (const [title, rows] of [['Calls and failures', 24], ['How long calls took', 24]] as const) {
    const chart = page.getByRole('img', { name: title });
    await expect(chart).toBeVisible();
    await expect(chart).toHaveAccessibleDescription(/\d/);
    const figure = page.locator('figure').filter({ hasText: title });
    await expect(figure.getByRole('table')).toBeHidden();
    await figure.getByText('In numbers').click();
    await expect(figure.locator('tbody tr')).toHaveCount(rows);
    await expect(figure.getByRole('table')).toBeVisible();
  }
});

test('one sales unit’s calls are reached from the list and by its number, and left again', async ({ page, open }) => {
  await open(`${PARTNER}?span=7d`);
  const row = page.locator('#units tbody tr').first();
  const msn = (await row.locator('[data-label="MSN"]').innerText()).trim();
  const calls = number(await row.locator('[data-label="Calls"]').innerText());
  await row.getByRole('link').click();
  await expect(page).toHaveURL(`${PARTNER}?span=7d&msn=${msn}`);
  await expect(page.getByRole('heading', { level: 1 })).toContainText(msn);
  const figure = page.locator('.figure').filter({ hasText: 'calls' }).first().locator('strong');
  // The portal goes on calling.
  expect(number(await figure.innerText())).toBeGreaterThanOrEqual(calls);
  await page.getByRole('link', { name: 'All calls' }).click();
  await expect(page).toHaveURL(`${PARTNER}?span=7d`);

  await page.getByRole('main').getByRole('searchbox').fill(msn);
  await page.getByRole('button', { name: 'Show', exact: true }).click();
  await expect(page).toHaveURL(`${PARTNER}?span=7d&msn=${msn}`);
  expect(number(await figure.innerText())).toBeGreaterThanOrEqual(calls);
  await expect(page.getByRole('heading', { name: 'As Vipps MobilePay counts' })).toBeVisible();
});

test('a unit that nothing was called about, and what is no MSN, look different', async ({ page, open }) => {
  await open(PARTNER);
  for (const [typed, title] of [['999999', 'No calls'], ['kaffe', 'That is no MSN']]) {
    await page.getByRole('main').getByRole('searchbox').fill(typed);
    await page.getByRole('button', { name: 'Show', exact: true }).click();
    await expect(page.getByRole('heading', { name: title })).toBeVisible();
    await expect(page.getByRole('main').getByRole('searchbox')).toHaveValue(typed);
  }
  await page.getByRole('link', { name: 'Show all calls' }).click();
  await expect(page).toHaveURL(PARTNER);
});

test('the worst sales units that Vipps MobilePay tells of lead to its own figures', async ({ page, open }) => {
  const row = page.locator('#told tbody tr').first();
  // It is asked unit by unit, after everything else.
  await expect(async () => {
    await open(PARTNER);
    await expect(row).toBeVisible({ timeout: 100 });
  }).toPass();
  await expect(row.locator('[data-label="Share failed"]')).toContainText('%');
  await row.getByRole('link').click();
  await expect(page.locator('#told')).toContainText('POST:/epayment/v1/payments');
});

test('a merchant with keys of its own sees its own calls, and finds the page in the menu', async ({ page, open }) => {
  await open('/as/org_m_blabaer_kaffe');
  await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'API quality' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('API quality');
  await expect(page.locator('#endpoints')).toContainText('GET:/recurring/v3/agreements');
  await expect(page.getByRole('heading', { name: 'By sales unit' })).toHaveCount(0);
});
