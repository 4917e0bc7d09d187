import { expect, test } from './support/portal';

test('a business is found by a piece of its name', async ({ page, open, list }) => {
  await open('/businesses');
  await list.search('kyst');
  await expect(list.rows).toHaveCount(1);
  await expect(list.count).toHaveText('1 business');
  await expect(list.rows.locator('mark')).toHaveText('Kyst');
  await list.rows.click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Kystkassa AS');
  await expect(page.getByText('You act as this partner')).toBeVisible();
});

test('a business is found by its organisation number, with or without spaces', async ({ page, open, list }) => {
  await open('/businesses?q=kanelbolle');
  const number = /\d{9}/.exec(await list.rows.first().innerText())![0];
  for (const typed of [number, number.replace(/(...)(...)(...)/, '$1 $2 $3'), `NO${number}MVA`]) {
    await open('/businesses');
    await list.search(typed);
    await expect(list.rows).toHaveCount(1);
    await expect(list.rows).toContainText('Kaffe & Kanelbolle');
  }
  await list.rows.click();
  await expect(page.getByText('You act on behalf of this merchant')).toBeVisible();
});

test('a search without a match says so and offers all', async ({ page, open, list }) => {
  await open('/businesses');
  await list.search('xyzzy');
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
  await expect(list.count).toHaveText('No business');
  await page.getByRole('link', { name: 'Show all' }).click();
  await expect(list.rows).not.toHaveCount(0);
  await expect(page).toHaveURL('/businesses');
});

test('a business that has been used stands before those that have not', async ({ page, open, list }) => {
  await open('/businesses');
  const address = async (at: number) => (await list.rows.nth(at).getAttribute('href'))!;
  const [last, lastButOne] = [await address(-1), await address(-2)];
  await open(last);
  // The use is noted after the page has been sent.
  await expect(async () => {
    await open('/businesses');
    const addresses = await list.rows.evaluateAll(links => links.map(link => link.getAttribute('href')));
    expect(addresses.indexOf(last)).toBeLessThan(addresses.indexOf(lastButOne));
  }).toPass();
});
