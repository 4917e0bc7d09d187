import { type Page } from '@playwright/test';
import { expect, test } from './support/portal';
import { type SalesUnitList } from './support/sales-unit-list';
import { unaccented } from './support/search-text';

const PARTNER = '/as/org_kystkassa/sales-units';

for (const [label, word] of [['Sales unit', 'name'], ['MSN', 'msn'], ['Merchant', 'merchant']]) {
  test(`the list is sorted by ${label}, and the other way round at the second click`, async ({ page, open, list }) => {
    await open(`${PARTNER}?q=kaf&capture=direct&sort=${word === 'msn' ? 'name' : 'msn'}`);
    await list.heading(label).getByRole('link').click();
    await expect(list.heading(label)).toHaveAttribute('aria-sort', 'ascending');
    await expect(list.results.locator('th[aria-sort]')).toHaveCount(1);
    const ascending = await everyUnit(page, list);

    await open(`${PARTNER}?q=kaf&capture=direct${word === 'name' ? '' : `&sort=${word}`}`);
    await list.heading(label).getByRole('link').click();
    await expect(list.heading(label)).toHaveAttribute('aria-sort', 'descending');
    await list.expectQuery({ sort: `-${word}`, q: 'kaf' });
    const descending = await everyUnit(page, list);
    expect(descending).toEqual(ascending.toReversed());
  });
}

test('names stand in the order of their words', async ({ page, open, list }) => {
  await open(`${PARTNER}?capture=direct`);
  const names: string[] = [];
  await throughPages(page, list, 'Next page', async () => names.push(...(await list.names())));
  expect(names).not.toEqual([]);
  const words = (name: string) => unaccented(name).split(/[^\p{L}\p{N}]+/u).filter(word => word !== '').join(' ');
  const misplaced = names.slice(1).filter((name, at) => words(names[at]) > words(name));
  expect(misplaced).toEqual([]);
});

test('MSNs stand in the order of their numbers or of their digits', async ({ page, open, list }) => {
  await open(`${PARTNER}?capture=direct&sort=msn`);
  const msns = await everyUnit(page, list);
  const byDigits = msns.toSorted();
  const byNumber = msns.toSorted((a, b) => Number(a) - Number(b));
  expect([byDigits, byNumber]).toContainEqual(msns);
});

test('going forward and back through the pages shows every unit exactly once', async ({ page, open, list }) => {
  await open(PARTNER);
  const { total } = await list.counted();
  const forward = await everyUnit(page, list);
  expect(forward).toHaveLength(total);
  expect(new Set(forward).size).toBe(total);

  const backward: string[] = [];
  await throughPages(page, list, 'Previous page', async () => backward.unshift(...(await list.msns())));
  expect(backward).toEqual(forward);
});

test('the first and the last page are one click away', async ({ page, open, list }) => {
  await open(PARTNER);
  const first = await list.msns();
  const { total } = await list.counted();
  await expect(list.pages.getByRole('link', { name: 'First page' })).toHaveCount(0);
  await expect(list.pages.getByRole('link', { name: 'Previous page' })).toHaveCount(0);

  await list.pages.getByRole('link', { name: 'Last page' }).click();
  await expect(list.pages).toContainText(`–${total} of ${total}`);
  await expect(list.pages.getByRole('link', { name: 'Next page' })).toHaveCount(0);
  await expect(list.pages.getByRole('link', { name: 'Last page' })).toHaveCount(0);
  expect(first).not.toContain((await list.msns()).at(-1));

  await list.pages.getByRole('link', { name: 'First page' }).click();
  await expect(list.pages).toContainText(`1–50 of ${total}`);
  await expect(page).toHaveURL(PARTNER);
  expect(await list.msns()).toEqual(first);
});

test('filter, order and page stand in the address and survive reload and being sent to a colleague', async ({ page, open, list, context }) => {
  await open(`${PARTNER}?market=no`);
  await list.search('a');
  await list.heading('MSN').getByRole('link').click();
  await list.expectQuery({ sort: 'msn' });
  await list.pages.getByRole('link', { name: 'Next page' }).click();
  await expect(list.pages).toContainText('51–');
  await list.expectQuery({ q: 'a', market: 'no', sort: 'msn' });
  const [address, shown] = [page.url(), await list.msns()];

  await page.reload();
  await expect(page).toHaveURL(address);
  expect(await list.msns()).toEqual(shown);

  const colleague = await context.newPage();
  await colleague.goto(address);
  await expect(colleague.locator('#results [data-row]')).toHaveText(await list.rows.allInnerTexts());
  await expect(colleague.locator('#filter').getByRole('searchbox')).toHaveValue('a');
});

/** Goes on from page to page until there is no more such link, looking at each. */
async function throughPages(page: Page, list: SalesUnitList, link: string, look: () => Promise<unknown>): Promise<void> {
  for (;;) {
    await look();
    const next = list.pages.getByRole('link', { name: link });
    if ((await next.count()) === 0) return;
    const address = new URL((await next.getAttribute('href'))!, page.url()).href;
    await next.click();
    await expect(page).toHaveURL(address);
    await expect(list.pages).toBeVisible();
  }
}

async function everyUnit(page: Page, list: SalesUnitList): Promise<string[]> {
  const msns: string[] = [];
  await throughPages(page, list, 'Next page', async () => msns.push(...(await list.msns())));
  return msns;
}
