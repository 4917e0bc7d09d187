import { expect, test } from './support/portal';

test('the name at the top of the side bar leads to the recent businesses and to all', async ({ page, open }) => {
  await open('/as/org_jarvikassa');
  // The use is noted after the page has been sent.
  await expect(async () => {
    await open('/as/org_kystkassa');
    await page.getByText('Acting as partner').click();
    await expect(page.getByRole('link', { name: 'Järvikassa Oy' })).toBeVisible({ timeout: 500 });
  }).toPass();
  await page.getByRole('link', { name: 'Järvikassa Oy' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Järvikassa Oy');

  await page.getByText('Acting as partner').click();
  await page.getByRole('link', { name: 'See all businesses' }).click();
  await expect(page).toHaveURL('/businesses');
});

test('the switcher finds a business by what is typed', async ({ page, open, list }) => {
  await open('/as/org_kystkassa/sales-units');
  await page.getByText('Acting as partner').click();
  const box = page.getByRole('searchbox', { name: 'Find a business to act as' });
  await box.fill('kanelbolle');
  await box.press('Enter');
  await expect(page).toHaveURL('/businesses?q=kanelbolle');
  await list.rows.click();
  await expect(page.getByText('Acting as merchant')).toBeVisible();
});

test('who acts as a merchant sees its own units and nobody else’s', async ({ page, open, list }) => {
  await open('/as/org_kystkassa/sales-units?q=blabaer');
  const [foreign] = await list.msns();

  await open('/businesses?q=kanelbolle');
  const merchant = (await list.rows.getAttribute('href'))!;
  await list.rows.click();
  await expect(page.getByText('Acting as merchant')).toBeVisible();
  await expect(page.getByText('you see its own sales units only')).toBeVisible();
  await expect(page.getByText('Served with the keys of Kystkassa AS.')).toBeVisible();

  await page.getByRole('link', { name: 'Your sales units' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your sales units');
  const merchants = new Set(await list.column('Merchant'));
  expect([...merchants]).toEqual(['Kaffe & Kanelbolle AS']);
  const { total } = await list.counted();
  expect(await list.names()).toHaveLength(total);

  const own = (await list.msns())[0];
  expect((await open(`${merchant}/sales-units/${own}`))!.status()).toBe(200);
  expect((await open(`${merchant}/sales-units/${foreign}`))!.status()).toBe(404);
  await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible();
});
