import { readFile } from 'node:fs/promises';
import { expect, test } from './support/portal';

test('a filtered list is downloaded with the columns one wants', async ({ page, open }) => {
  await open('/as/org_kystkassa/sales-units?q=kaffe&sort=-msn&capture=direct');
  const matching = Number((await page.locator('#results .summary').innerText()).split(' of ')[0].replace(/\D/g, ''));
  expect(matching).toBeGreaterThan(1);
  const first = (await page.locator('#results tbody tr').first().locator('[data-label="MSN"] .numbers').innerText()).trim();
  await page.locator('details.export summary').click();
  for (const column of ['Identifier scheme', 'Merchant', 'Recurring']) {
    await page.locator('details.export').getByLabel(column, { exact: true }).uncheck();
  }
  const downloading = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download CSV' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('sales-units.csv');
  const [heading, ...lines] = (await readFile(await download.path(), 'utf8')).trimEnd().split('\r\n');
  expect(heading.split(',').slice(0, 3)).toEqual(['msn', 'name', 'business_id']);
  expect(heading).not.toContain('recurring_allowed');
  expect(lines).toHaveLength(matching);
  expect(lines[0].split(',')[0]).toBe(first);
});

test('the command for programs asks for what the page shows', async ({ page, open, request }) => {
  await open('/profile/tokens');
  await page.getByLabel(/^What it is for/).fill('A script');
  await page.getByRole('button', { name: 'Make the token' }).click();
  const token = await page.locator('#secret .code').innerText();
  await open('/as/org_kystkassa/merchants?q=kanelbolle&market=no');
  await page.locator('details.export summary').click();
  const command = await page.locator('details.export .command code').innerText();
  const address = /"(http[^"]*)"$/.exec(command)?.[1] ?? '';
  expect(command).toBe(`curl -H "Authorization: Bearer $PORTAL_TOKEN" "${address}"`);
  const answer = await request.get(address, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status()).toBe(200);
  const { data, page: place } = await answer.json();
  expect(await page.locator('#results .summary').innerText()).toContain(`${place.matching} of `);
  expect(data[0].name).toContain('Kanelbolle');
});
