import { expect, test } from './support/portal';

const PARTNER = '/as/org_kystkassa/sales-units';

const PARAMETERS = [
  'capture', 'market', 'state', 'sort', 'after', 'before', 'page',
  'payment', 'recurring', 'skip_landing_page', 'partial_capture', 'late_capture', 'phone_locked', 'long_living', 'credit_card',
];

test('parameters with nonsense in them are left out and named', async ({ page, open, list }) => {
  const query = PARAMETERS.map(parameter => `${parameter}=%22%3E%3Cscript%3E%27--`).join('&');
  const response = await open(`${PARTNER}?${query}`);
  expect(response!.status()).toBe(200);
  await expect(page.getByText('Left out, because its value means nothing here')).toContainText(PARAMETERS.join(', '));
  await expect(list.rows).toHaveCount(50);
});

test('each parameter with nonsense in it is named alone', async ({ request }) => {
  for (const parameter of PARAMETERS) {
    const response = await request.get(`${PARTNER}?${parameter}=nonsense`);
    expect(response.status(), parameter).toBe(200);
    expect(await response.text()).toContain(`means nothing here: ${parameter}.`);
  }
});

const LISTS = {
  'product-orders': ['follow', 'status', 'kind', 'product', 'age', 'state', 'sort', 'after', 'before', 'page'],
  merchants: ['market', 'status', 'state', 'sort', 'after', 'before', 'page'],
  webhooks: ['event', 'scope', 'state', 'transport', 'sort', 'after', 'before', 'page'],
};

for (const [path, parameters] of Object.entries(LISTS)) {
  test(`parameters of ${path.replace('-', ' ')} with nonsense in them are left out and named, together and alone`, async ({ page, open, request }) => {
    const address = `/as/org_kystkassa/${path}`;
    const query = parameters.map(parameter => `${parameter}=%22%3E%3Cscript%3E%27--`).join('&');
    const response = await open(`${address}?${query}`);
    expect(response!.status()).toBe(200);
    await expect(page.getByText('Left out, because its value means nothing here')).toContainText(parameters.join(', '));
    for (const parameter of parameters) {
      const answer = await request.get(`${address}?${parameter}=nonsense`);
      expect(answer.status(), parameter).toBe(200);
      expect(await answer.text()).toContain(`means nothing here: ${parameter}.`);
    }
  });

  test(`an address of ${path.replace('-', ' ')} whose rows are gone leads to the first page`, async ({ page, open, list }) => {
    const response = await open(`/as/org_kystkassa/${path}?after=zzzzzzzz~ffffffff-ffff-ffff-ffff-ffffffffffff`);
    expect(response!.status()).toBe(200);
    await expect(list.rows.first().or(page.getByRole('link', { name: 'To the first page' }))).toBeVisible();
  });
}

test('a search text that is too long is cut, and that is said', async ({ page, open }) => {
  const response = await open(`${PARTNER}?q=${'kaffe+'.repeat(300)}`);
  expect(response!.status()).toBe(200);
  await expect(page.getByText('Left out, because its value means nothing here')).toBeVisible();
});

const PAGES = [
  PARTNER, '/businesses', '/as/org_kystkassa', '/profile',
  ...['product-orders', 'product-orders/new', 'templates', 'templates/new', 'merchants', 'price-packages', 'webhooks', 'webhooks/new', 'webhooks/coverage', 'members', 'settings']
    .map(section => `/as/org_kystkassa/${section}`),
];

const ODD_QUERIES = [
  'q=%00%ff%fe', 'q=%', 'q=%E0%A4%A', 'q=%F0%9F%A6%84', 'q=%2525', 'q=\'+or+1=1--', 'q=a&q=b', '&&&=', '=', 'q[]=1', 'unknown=1',
  'after=~', 'after=%00~%00', 'after=zzzz~999999999999999999999999', 'before=~1', 'after=a~1&before=b~2', 'page=last&after=a~1', 'page=-1',
  'sort=--name', 'sort=-', 'recurring=yes&recurring=nonsense', 'list=%2F%2Fevil.example', `q=${'%C3%A5'.repeat(500)}`,
];

test('odd queries never fail', async ({ request }) => {
  test.slow();
  for (const query of ODD_QUERIES) {
    for (const path of PAGES) {
      const response = await request.get(`${path}?${query}`);
      expect(response.status(), `${path}?${query}`).toBe(200);
      expect(await response.text()).toContain('<h1');
    }
  }
});

test('an address whose rows are gone leads to the first page', async ({ page, open, list }) => {
  const response = await open(`${PARTNER}?after=zzzzzzzz~9999999`);
  expect(response!.status()).toBe(200);
  await expect(page.getByRole('heading', { name: 'Nothing on this page' })).toBeVisible();
  await page.getByRole('link', { name: 'To the first page' }).click();
  await expect(list.rows).toHaveCount(50);
});

test('an address that nothing stands under is not found', async ({ page, open }) => {
  const partner = '/as/org_kystkassa';
  const nobody = '00000000-0000-4000-8000-000000000000';
  for (const path of [
    '/nothing', '/as', `${partner}/nothing`, `${partner}/sales-units/1/2/3`, '/as/%00', '/as/..%2f..',
    `${partner}/product-orders/1`, `${partner}/product-orders/${nobody}`, `${partner}/product-orders/new?template=${nobody}`,
    `${partner}/product-orders/new?corrects=nonsense`, `${partner}/templates/${nobody}`, `${partner}/webhooks/%00`,
    `${partner}/webhooks/${nobody}`, `${partner}/members/${nobody}`, `${partner}/merchants/business:NO:ORG/1`,
  ]) {
    const response = await open(path);
    expect(response!.status(), path).toBe(404);
    await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'See all businesses' })).toBeVisible();
  }
});
