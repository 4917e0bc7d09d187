import { type Page } from '@playwright/test';
import { MEMBER, SIGNED_OUT } from './support/demo';
import { fill } from './support/forms';
import { unique } from './support/numbers';
import { expect, signIn, test } from './support/portal';
import { fold } from './support/search-text';
import { setActive } from './support/upstream';

// What the partner portal of Vipps MobilePay can do, sentence by sentence.

const PARTNER = '/as/org_kystkassa';

test.describe('logging in', () => {
  test.use({ storageState: SIGNED_OUT });

  test('who has access to a partner chooses it after signing in, acts as the partner, and sees its landing page', async ({ page, open, list }) => {
    await open('/businesses');
    await signIn(page, MEMBER);
    await list.search('kystkassa');
    await expect(list.rows).toHaveCount(1);
    await expect(list.rows).toContainText('Partner');
    await list.rows.click();
    await expect(page).toHaveURL(PARTNER);
    await expect(page.getByText('Acting as partner')).toBeVisible();
    await expect(page.getByText('You act as this partner')).toBeVisible();
  });
});

test('the landing page welcomes, asks what is needed, and leads to all that a partner has', async ({ page, open }) => {
  await open(PARTNER);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Kystkassa AS');
  await expect(page.getByText('Welcome to the partner portal!')).toBeVisible();
  await expect(page.getByRole('heading', { name: 'Needs attention' })).toBeVisible();
  for (const [name, title] of [
    ['Product orders', 'Product orders'],
    ['Order templates', 'Product order templates'],
    ['Sales units', 'Sales units'],
    ['Merchants', 'Merchants'],
    ['Price packages', 'Price packages'],
    ['Webhooks', 'Webhooks'],
  ]) {
    await menu(page, name).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(title);
    await expect(menu(page, name)).toHaveAttribute('aria-current', 'page');
    await open(PARTNER);
  }
});

test('all product orders that name the partner can be viewed: by the API, by template, made by hand', async ({ page, open, list }) => {
  await open(PARTNER);
  await menu(page, 'Product orders').click();
  await expect(page).toHaveURL(`${PARTNER}/product-orders`);
  const { total } = await list.counted();
  await expect(list.rows).toHaveCount(Math.min(total, 50));
  let sum = 0;
  for (const kind of ['Prefill', 'Template', 'Manual']) {
    await open(`${PARTNER}/product-orders?kind=${kind.toLowerCase()}`);
    await expect(list.chip(`Kind: ${kind}`)).toBeVisible();
    expect(new Set(await list.column('Kind'))).toEqual(new Set([kind]));
    const { matching } = await list.counted();
    expect(matching).toBeGreaterThan(0);
    sum += matching;
  }
  expect(sum).toBe(total);
});

test('what upstream does not tell of a product order is said to be untold', async ({ page, open, list }) => {
  for (const [kind, sentence] of [
    ['prefill', 'This order was not made in the portal. Vipps MobilePay does not tell what was filled in.'],
    ['manual', 'Vipps MobilePay does not tell what the merchant fills in.'],
  ]) {
    await open(`${PARTNER}/product-orders?kind=${kind}`);
    await list.rows.first().click();
    await expect(page.getByText(sentence)).toBeVisible();
    await expect(page.getByText('Times are when the portal saw it: Vipps MobilePay tells none.')).toBeVisible();
    await expect(page.getByText('First seen', { exact: true })).toBeVisible();
  }
  await open(`${PARTNER}/product-orders?status=rejected`);
  await list.rows.first().click();
  await expect(page.getByText('Vipps MobilePay does not tell partners why an order is rejected')).toBeVisible();
});

test('an order in which the merchant has not chosen the partner is not shown, and the list says so', async ({ page, open, list }) => {
  await open(`${PARTNER}/product-orders`);
  await list.search('xyzzy plugh');
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
  await expect(page.getByText('Orders in which the merchant has not chosen this partner are not shown to it')).toBeVisible();
});

test('all product order templates can be viewed', async ({ page, open }) => {
  const names = [unique('Kiosks'), unique('Web shops')];
  for (const name of names) {
    await open('/as/org_nordbetaling/templates/new');
    await fill(page, { Name: name, Product: 'Cashier' });
    await page.getByRole('button', { name: 'Keep the template' }).click();
    await expect(page.getByText('The template is made.')).toBeVisible();
  }
  await open('/as/org_nordbetaling');
  await menu(page, 'Order templates').click();
  for (const name of names) {
    await expect(page.getByRole('row').filter({ hasText: name })).toContainText('Nothing');
  }
  await page.getByRole('link', { name: names[0] }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(names[0]);
});

test('all active sales units that have the partner as theirs can be viewed', async ({ page, open, list }) => {
  await open(PARTNER);
  const figure = page.getByRole('main').getByRole('link', { name: 'sales units visible at Vipps MobilePay' });
  const count = Number((await figure.innerText()).replace(/\D/g, ''));
  await menu(page, 'Sales units').click();
  await expect(page).toHaveURL(`${PARTNER}/sales-units`);
  await expect(list.rows).toHaveCount(50);
  await open(`${PARTNER}/sales-units?state=visible`);
  expect((await list.counted()).matching).toBe(count);
});

for (const column of ['Sales unit', 'MSN', 'Merchant', 'Business identifier']) {
  test(`the sales units are filtered by entering the ${column === 'Sales unit' ? 'name' : column}`, async ({ open, list }) => {
    await open(`${PARTNER}/sales-units?q=torg&capture=reserve`);
    const [value] = (await list.column(column)).map(value => value.split('\n')[0].trim());
    const [msn] = await list.msns();
    await open(`${PARTNER}/sales-units`);
    await list.search(value);
    await expect(list.count).toContainText('match');
    expect(await list.msns()).toContain(msn);
    const rows = await list.results.locator('tbody tr').allInnerTexts();
    const words = value.split(/\s+/).map(fold);
    expect(rows.filter(row => !words.every(word => fold(row).includes(word)))).toEqual([]);
  });
}

test.describe('a sales unit that its merchant deactivates', () => {
  const merchants = {
    script: { keys: 'org_m_aero_bageri_kaffe', partner: '/as/org_jarvikassa/sales-units' },
    'no-script': { keys: 'org_m_kaffebrenneriet', partner: '/as/org_nordbetaling/sales-units' },
  };

  test('is no longer among the active ones; the portal keeps it and marks it', async ({ page, open, list }, { project }) => {
    const { keys, partner } = merchants[project.name as keyof typeof merchants];
    try {
      const msn = await setActive(keys, false);
      await open(`${partner}?q=${msn}`);
      const row = list.results.getByRole('row').filter({ hasText: msn });
      await refreshUntil(page, () => expect(row).toContainText('No longer visible', { timeout: 500 }));
      await open(`${partner}?state=visible&q=${msn}`);
      await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
      await open(`${partner}/${msn}`);
      await expect(page.getByText('Vipps MobilePay has not shown this sales unit since')).toBeVisible();
      await expect(page.getByText('What you see is the last that was known.')).toBeVisible();
    } finally {
      const msn = await setActive(keys, true);
      await open(`${partner}?state=visible&q=${msn}`);
      await refreshUntil(page, () => expect(list.rows).toHaveCount(1, { timeout: 500 }));
    }
  });
});

test('the details of a sales unit can be viewed', async ({ page, open, list }) => {
  await open(`${PARTNER}/sales-units?q=kanelbolle`);
  const [msn] = await list.msns();
  await list.rows.first().click();
  for (const title of ['Sales unit', 'Configuration', 'Price package', 'Merchant', 'The merchant\'s other units']) {
    await expect(page.getByRole('heading', { name: title, exact: true })).toBeVisible();
  }
  await expect(page.getByText(`MSN ${msn}`)).toBeVisible();
  await expect(page.getByRole('table', { name: 'Configuration of the sales unit' }).getByRole('row')).toHaveCount(10);
});

test('the parameters of a sales unit can be changed where upstream lets partners', async ({ page, open, list }) => {
  await open(`${PARTNER}/sales-units?q=kanelbolle`);
  await list.rows.first().click();
  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(/^Change /);
  await expect(page.getByRole('button', { name: 'Save' })).toBeEnabled();
});

test('all price packages can be viewed', async ({ page, open }) => {
  await open(PARTNER);
  await menu(page, 'Price packages').click();
  await expect(page.locator('#results').getByRole('status')).toHaveText('8 price packages');
  const rows = page.getByRole('table', { name: 'Price packages' }).getByRole('row');
  await expect(rows).toHaveCount(9);
  await expect(rows.filter({ hasText: 'Online standard NO' })).toContainText(/\d\.\d\d%.*Payment integration.*Norway/s);
});

test('the price package of a sales unit can be viewed once it is known', async ({ page, open, list }) => {
  await open(`${PARTNER}/sales-units?q=kanelbolle`);
  await list.rows.first().click();
  const card = page.locator('#price-package');
  await expect(card).toContainText('Not known: Vipps MobilePay does not tell the price package of a sales unit.');
});

test.describe('under Developers', () => {
  test('the webhooks registered for all sales units can be viewed', async ({ page, open, list }) => {
    await open(PARTNER);
    await expect(page.getByRole('navigation', { name: 'Menu' })).toContainText(/Developers\s*Webhooks/);
    await menu(page, 'Webhooks').click();
    await expect(list.rows).toHaveCount(Math.min((await list.counted()).total, 50));
    const scopes = await list.column('Sales unit');
    expect(scopes).toContain('All sales units');
    expect(scopes.filter(scope => /\d{4,}$/.test(scope)).length).toBeGreaterThan(10);
  });

  test('entering a URL filters the webhooks', async ({ page, open, list }) => {
    await open(`${PARTNER}/webhooks`);
    await list.search('hooks.kystkassa');
    await expect(list.count).toContainText('match');
    await expect(list.rows).not.toHaveCount(0);
    const urls = await list.names();
    expect(urls.filter(url => !url.includes('hooks.kystkassa'))).toEqual([]);
    await list.rows.first().click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(urls[0]);
  });

  test('entering an ID, or any part of one, filters the webhooks', async ({ page, open, list }) => {
    await open(`${PARTNER}/webhooks?q=hooks.kystkassa`);
    const [url] = await list.names();
    const path = (await list.rows.first().getAttribute('href'))!.split('?')[0];
    const id = path.split('/').at(-1)!;
    for (const typed of [id, id.slice(4, 17)]) {
      await open(`${PARTNER}/webhooks`);
      await list.search(typed);
      await expect(list.rows).toHaveText([url]);
      await expect(list.results.locator('.id mark').first()).toBeVisible();
    }
    await list.rows.click();
    await expect(page.getByText(id)).toBeVisible();
  });
});

test('the company name at the top of the side bar leads to all businesses: to a merchant to act on its behalf, and from there back to the partner', async ({ page, open, list }) => {
  await open(PARTNER);
  await page.locator('summary').filter({ hasText: 'Kystkassa AS' }).click();
  await page.getByRole('link', { name: 'See all businesses' }).click();
  await expect(page).toHaveURL('/businesses');
  await list.search('kanelbolle');
  await list.rows.click();
  await expect(page.getByText('Acting as merchant')).toBeVisible();
  await expect(page.getByText('You act on behalf of this merchant')).toBeVisible();
  await expect(menu(page, 'Product orders')).toHaveCount(0);

  await page.locator('summary').filter({ hasText: 'Kaffe & Kanelbolle AS' }).click();
  await page.getByRole('link', { name: 'See all businesses' }).click();
  await list.search('kystkassa');
  await list.rows.click();
  await expect(page).toHaveURL(PARTNER);
  await expect(page.getByText('Acting as partner')).toBeVisible();
  await expect(menu(page, 'Product orders')).toBeVisible();
});

function menu(page: Page, name: string) {
  return page.getByRole('navigation', { name: 'Menu' }).getByRole('link', { name, exact: true });
}

/** Has the list of a page fetched anew, and looks until it is. */
async function refreshUntil(page: Page, look: () => Promise<unknown>): Promise<void> {
  await page.locator('#freshness').getByRole('button', { name: 'Refresh' }).click();
  await expect(async () => {
    await page.reload();
    await look();
  }).toPass();
}
