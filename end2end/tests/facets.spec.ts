import { expect, test } from './support/portal';

const PARTNER = '/as/org_kystkassa/sales-units';

test('the capture type narrows the list, and its chip widens it again', async ({ page, open, list }) => {
  await open(PARTNER);
  const { total } = await list.counted();
  await list.choose('capture', 'direct');
  await expect(list.chip('Capture: Direct capture')).toBeVisible();
  expect(new Set(await list.column('Capture'))).toEqual(new Set(['Direct capture']));
  const { matching } = await list.counted();
  expect(matching).toBeLessThan(total);

  await list.chip('Capture: Direct capture').click();
  await expect(page).toHaveURL(PARTNER);
  await expect(list.results.getByRole('list', { name: 'Filters' }).getByRole('link')).toHaveCount(0);
  expect((await list.counted()).matching).toBe(total);
});

test('units can be asked for of which something is not known', async ({ open, list }) => {
  await open(PARTNER);
  await list.choose('recurring', 'unknown');
  await expect(list.chip('Recurring: unknown')).toBeVisible();
  expect(new Set(await list.column('Recurring'))).toEqual(new Set(['Unknown']));
});

test('the market is where the merchant is registered', async ({ open, list }) => {
  await open(PARTNER);
  await list.choose('market', 'fi');
  await expect(list.chip('Market: Finland')).toBeVisible();
  const identifiers = await list.column('Business identifier');
  expect(identifiers.length).toBeGreaterThan(0);
  expect(identifiers.filter(identifier => !/\d{7}-\d/.test(identifier))).toEqual([]);
});

test('text and facets narrow together, and each chip takes away only its own', async ({ page, open, list }) => {
  await open(PARTNER);
  await list.search('kaffe');
  await list.choose('capture', 'reserve');
  await list.choose('market', 'no');
  await list.choose('recurring', 'no');
  await expect(list.chip('Recurring: no')).toBeVisible();
  await list.expectQuery({ q: 'kaffe', capture: 'reserve', market: 'no', recurring: 'no' });
  const narrow = await list.counted();

  await page.reload();
  await expect(list.box).toHaveValue('kaffe');
  await expect(list.form.locator('select[name="capture"]')).toHaveValue('reserve');
  expect(await list.counted()).toEqual(narrow);

  await list.chip('Market: Norway').click();
  await expect(list.chip('Market: Norway')).toHaveCount(0);
  await list.expectQuery({ q: 'kaffe', capture: 'reserve', recurring: 'no' });
  await expect(list.chip('Capture: Reserve capture')).toBeVisible();
  await expect(list.chip('Recurring: no')).toBeVisible();
  await expect(list.box).toHaveValue('kaffe');
  await expect(list.form.locator('select[name="market"]')).toHaveValue('');
});

test('yes, no and unknown together are all units', async ({ open, list }) => {
  await open(PARTNER);
  const { total } = await list.counted();
  let sum = 0;
  for (const value of ['yes', 'no', 'unknown']) {
    await open(`${PARTNER}?recurring=${value}`);
    sum += (await list.counted()).matching;
  }
  expect(sum).toBe(total);
});
