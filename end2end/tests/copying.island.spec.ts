import { expect, islands, test } from './support/portal';

test.use({ permissions: ['clipboard-read', 'clipboard-write'] });

test('a copy button in the list puts the MSN on the clipboard and says so', async ({ page, open, list }) => {
  await open('/as/org_kystkassa/sales-units');
  const msn = (await list.msns())[3];
  const row = list.results.getByRole('row').filter({ has: page.locator(`[data-copy="${msn}"]`) });
  await row.hover();
  await row.getByRole('button', { name: 'Copy MSN' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'Copied' })).toHaveText('Copied');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(msn);
});

test('copy buttons work in rows that came while typing', async ({ page, open, list }) => {
  await open('/as/org_kystkassa/sales-units');
  await list.search('kanelbolle');
  const [msn] = await list.msns();
  await list.results.getByRole('row').nth(1).hover();
  await list.results.getByRole('button', { name: 'Copy MSN' }).first().click();
  await expect(page.getByRole('status').filter({ hasText: 'Copied' })).toHaveText('Copied');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(msn);
});

test('an address is copied as it stands on an envelope', async ({ page, open, list }) => {
  await open('/as/org_kystkassa/sales-units?q=kanelbolle');
  await list.rows.first().click();
  await expect(page.locator('html')).toHaveClass(/scripted/);
  await page.getByRole('button', { name: 'Copy address' }).first().click();
  await expect(page.getByRole('status').filter({ hasText: 'Copied' })).toHaveText('Copied');
  expect(await page.evaluate(() => navigator.clipboard.readText())).toMatch(/^\S.*\n\S/);
});

test('the link of a product order and a message to its merchant are copied as they stand there', async ({ page, open, list }) => {
  await open('/as/org_kystkassa/product-orders?kind=prefill&status=received');
  await list.rows.first().click();
  await islands(page);
  const card = page.locator('#link');
  for (const [label, text] of [
    ['Copy link', await card.locator('p.link a').innerText()],
    ['Copy message in Norwegian', await card.locator('pre[lang="nb"]').innerText()],
  ]) {
    await card.getByRole('button', { name: label }).click();
    await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  }
});
