import { expect, test } from './support/portal';
import { fold } from './support/search-text';

const PARTNER = '/as/org_kystkassa/merchants';
const MERCHANT = '/as/org_m_blabaer_kaffe';

test('Merchants stands in the menu of a partner, and leads to all whose units are connected', async ({ page, open, list }) => {
  await open('/as/org_kystkassa');
  await page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Merchants' }).click();
  await expect(page).toHaveURL(PARTNER);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Merchants');
  await expect(list.rows).toHaveCount(50);
  await expect(list.count).toHaveText(/^\d+ merchants$/);
  const units = await list.column('Sales units');
  expect(units.filter(count => !/^[1-9]\d*$/.test(count))).toEqual([]);
});

test('three letters leave the merchants that have them, with the letters marked', async ({ page, open, list }) => {
  await open(PARTNER);
  const { total } = await list.counted();
  await list.search('kaf');
  await expect(list.count).toContainText('match');
  const counted = await list.counted();
  expect(counted.total).toBe(total);
  expect(counted.matching).toBeGreaterThan(0);
  expect(counted.matching).toBeLessThan(total);
  const rows = list.results.getByRole('row').filter({ has: page.locator('[data-row]') });
  await expect(rows).toHaveCount(Math.min(counted.matching, 50));
  await expect(rows.filter({ hasNot: page.locator('mark') })).toHaveCount(0);
  const marks = await list.results.locator('mark').allInnerTexts();
  expect(marks.filter(mark => fold(mark) !== 'kaf')).toEqual([]);
});

test('a business identifier is found however it is written, and by a piece of it', async ({ open, list }) => {
  await open(`${PARTNER}?market=no`);
  const number = (await list.column('Business identifier'))[3].replace(/\D/g, '');
  const [a, b, c] = number.match(/.../g)!;
  const [name] = await namesFor(number);
  for (const typed of [`${a} ${b} ${c}`, `NO${number}MVA`, number.slice(1)]) {
    expect(await namesFor(typed), typed).toContain(name);
    await expect(list.results.locator('mark').first()).toHaveText(/\d/);
  }

  async function namesFor(typed: string): Promise<string[]> {
    await open(PARTNER);
    await list.search(typed);
    await expect(list.count).toContainText('match');
    return list.names();
  }
});

test('market and status narrow the list, and each chip takes away only its own', async ({ open, list }) => {
  await open(PARTNER);
  const { total } = await list.counted();
  await list.choose('market', 'dk');
  await list.choose('status', 'active');
  await expect(list.chip('Market: Denmark')).toBeVisible();
  await expect(list.chip('Status: Active')).toBeVisible();
  const { matching } = await list.counted();
  expect(matching).toBeGreaterThan(0);
  expect(matching).toBeLessThan(total);
  expect(new Set(await list.column('Market'))).toEqual(new Set(['Denmark']));
  expect(new Set(await list.column('Status'))).toEqual(new Set(['Active']));
  const identifiers = await list.column('Business identifier');
  expect(identifiers.filter(identifier => !/^\d\d \d\d \d\d \d\d/.test(identifier))).toEqual([]);

  await list.chip('Market: Denmark').click();
  await expect(list.chip('Market: Denmark')).toHaveCount(0);
  await list.expectQuery({ status: 'active' });
  expect((await list.counted()).matching).toBeGreaterThan(matching);
});

test('sorted by Created the newest come first, and the oldest at the second click', async ({ open, list }) => {
  await open(`${PARTNER}?market=no`);
  await list.heading('Created').getByRole('link').click();
  await expect(list.heading('Created')).toHaveAttribute('aria-sort', 'descending');
  await list.expectQuery({ sort: '-created', market: 'no' });
  const newest = await list.column('Created');
  expect(newest).toEqual(newest.toSorted().toReversed());

  await list.heading('Created').getByRole('link').click();
  await expect(list.heading('Created')).toHaveAttribute('aria-sort', 'ascending');
  const oldest = await list.column('Created');
  expect(oldest).toEqual(oldest.toSorted());
  expect(oldest[0] <= newest.at(-1)!).toBe(true);
});

test('going forward and back through the pages shows every merchant exactly once', async ({ page, open, list }) => {
  await open(`${PARTNER}?sort=id`);
  const { total } = await list.counted();
  const forward = await through('Next page');
  expect(forward).toHaveLength(total);
  expect(new Set(forward).size).toBe(total);
  expect(await through('Previous page')).toEqual(forward);

  async function through(link: 'Next page' | 'Previous page'): Promise<string[]> {
    const seen: string[] = [];
    for (;;) {
      const addresses = await list.rows.evaluateAll(links => links.map(link => link.getAttribute('href')!.split('?')[0]));
      if (link === 'Next page') seen.push(...addresses);
      else seen.unshift(...addresses);
      const next = list.pages.getByRole('link', { name: link });
      if ((await next.count()) === 0) return seen;
      const address = new URL((await next.getAttribute('href'))!, page.url()).href;
      await next.click();
      await expect(page).toHaveURL(address);
      await expect(list.pages).toBeVisible();
    }
  }
});

test('a merchant’s page shows what is known of it, and the breadcrumb leads back to the filter', async ({ page, open, list }) => {
  await open(PARTNER);
  await list.search('kanelbolle');
  await expect(list.count).toContainText('match');
  const [address, names] = [page.url(), await list.names()];
  await list.rows.first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(names[0]);
  const merchant = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Merchant', exact: true }) });
  await expect(merchant).toContainText(/Status\s*(Active|Deactivated)/);
  await expect(merchant).toContainText(/Business address\s*\S+/);
  await expect(merchant).toContainText(/\d{3}\s\d{3}\s\d{3}/);
  await expect(page.getByText('Fetched', { exact: false }).first()).toBeVisible();

  await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
  await expect(page.getByText('Fetched from Vipps MobilePay just now.')).toBeVisible();
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Merchants' }).click();
  await expect(page).toHaveURL(address);
  await expect(list.box).toHaveValue('kanelbolle');
  expect(await list.names()).toEqual(names);
});

test('from a merchant to its units and from a unit to its merchant', async ({ page, open, list }) => {
  await open(`${PARTNER}?q=kanelbolle`);
  const [name] = await list.names();
  const [count] = await list.column('Sales units');
  await list.rows.first().click();
  const units = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Sales units', exact: true }) });
  const unit = units.getByRole('listitem');
  await expect(unit).toHaveCount(Number(count));
  const merchant = page.url();
  await unit.first().getByRole('link').click();
  await expect(page).toHaveURL(/\/sales-units\/\d+$/);
  await page.getByRole('link', { name: 'All about the merchant' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  expect(new URL(page.url()).pathname).toBe(new URL(merchant).pathname);

  await units.getByRole('link', { name: /in the list/i }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sales units');
  await expect(list.rows).toHaveCount(Number(count));
});

test('no merchant found says so, and leads back to all', async ({ page, open, list }) => {
  await open(PARTNER);
  const { total } = await list.counted();
  await list.search('xyzzy plugh');
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
  expect(await list.counted()).toEqual({ matching: 0, total });
  await page.getByRole('link', { name: 'Show all merchants' }).click();
  await expect(list.rows).toHaveCount(50);
  await expect(list.box).toHaveValue('');
});

test('acting as a merchant there is no list of merchants', async ({ page, open }) => {
  await open(MERCHANT);
  await expect(page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name: 'Merchants' })).toHaveCount(0);
  const response = await open(`${MERCHANT}/merchants`);
  expect(response!.status()).toBe(404);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Not found');
});
