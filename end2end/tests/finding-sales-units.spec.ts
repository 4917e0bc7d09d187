import { expect, test } from './support/portal';
import { fold } from './support/search-text';

const PARTNER = '/as/org_kystkassa/sales-units';
const FINNISH_PARTNER = '/as/org_jarvikassa/sales-units';

test('three letters leave the rows that have them, with the letters marked', async ({ page, open, list }) => {
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

test('a unit is opened from the list, and Back leads to the same filter and rows', async ({ page, open, list }) => {
  await open(PARTNER);
  await list.search('kaf');
  await expect(list.count).toContainText('match');
  const names = await list.names();
  await list.rows.nth(2).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(names[2]);

  await page.goBack();
  await list.expectQuery({ q: 'kaf' });
  await expect(list.box).toHaveValue('kaf');
  await expect(list.count).toContainText('match');
  expect(await list.names()).toEqual(names);
});

test('the breadcrumb of a unit leads to the filter and page it was opened from', async ({ page, open, list }) => {
  await open(PARTNER);
  await list.search('kaf');
  await expect(list.count).toContainText('match');
  await list.pages.getByRole('link', { name: 'Next page' }).click();
  await list.expectQuery({ q: 'kaf' });
  await expect(list.pages).toContainText('51–');
  const [address, names] = [page.url(), await list.names()];
  await list.rows.first().click();
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link', { name: 'Sales units' }).click();
  await expect(page).toHaveURL(address);
  await expect(list.box).toHaveValue('kaf');
  expect(await list.names()).toEqual(names);
});

test('words are found in any order', async ({ open, list }) => {
  const found: string[][] = [];
  for (const words of ['bla kaffe tor', 'tor kaffe bla']) {
    await open(PARTNER);
    await list.search(words);
    await expect(list.count).toContainText('match');
    found.push(await list.names());
  }
  expect(found[0].length).toBeGreaterThan(0);
  expect(found[1]).toEqual(found[0]);
  expect(found[0].filter(name => !/blå.*tor/i.test(name))).toEqual([]);
});

for (const typed of ['raksmorgas', 'RÄKSMÖRGÅS', 'räksmorgaas']) {
  test(`${typed} finds Räksmörgås`, async ({ open, list }) => {
    await open(FINNISH_PARTNER);
    await list.search(typed);
    await expect(list.rows.first()).toContainText('Räksmörgås');
    const names = await list.names();
    expect(names.filter(name => !name.includes('Räksmörgås'))).toEqual([]);
    await expect(list.rows.first().locator('mark')).toHaveText('Räksmörgås');
  });
}

test('an organisation number is found however it is written', async ({ open, list }) => {
  await open(`${PARTNER}?q=kanelbolle`);
  const number = (await list.column('Business identifier'))[0].replace(/\D/g, '');
  const names = await list.names();
  const [a, b, c] = number.match(/.../g)!;
  for (const typed of [number, `${a} ${b} ${c}`, `NO${number}MVA`, `NO ${a} ${b} ${c} MVA`]) {
    await open(PARTNER);
    await list.search(typed);
    await expect(list.count).toContainText('match');
    expect(await list.names(), typed).toEqual(names);
    await expect(list.results.locator('mark').first()).toHaveText(/\d/);
  }
});

test('a unit is found by a piece of its MSN', async ({ open, list }) => {
  await open(PARTNER);
  const msn = (await list.msns())[7];
  const piece = msn.slice(1);
  await list.search(piece);
  await expect(list.results.locator('mark').first()).toHaveText(piece);
  expect(await list.msns()).toContain(msn);
});

test('nothing found says so, and leads back to all', async ({ page, open, list }) => {
  await open(PARTNER);
  const { total } = await list.counted();
  await list.search('xyzzy plugh');
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
  await expect(list.rows).toHaveCount(0);
  expect(await list.counted()).toEqual({ matching: 0, total });
  await page.getByRole('link', { name: 'Show all sales units' }).click();
  await expect(list.rows).toHaveCount(50);
  await expect(list.box).toHaveValue('');
});

test('text that looks like markup is text', async ({ page, open, list }) => {
  await open(PARTNER);
  await list.search('<3 "kake" %');
  await expect(list.count).toContainText('match');
  await expect(list.box).toHaveValue('<3 "kake" %');
  await expect(list.rows.first()).toHaveText(/Kaffe <3 Kake/);
  await page.reload();
  await expect(list.box).toHaveValue('<3 "kake" %');
});
