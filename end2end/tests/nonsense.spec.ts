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

test('a search text that is too long is cut, and that is said', async ({ page, open }) => {
  const response = await open(`${PARTNER}?q=${'kaffe+'.repeat(300)}`);
  expect(response!.status()).toBe(200);
  await expect(page.getByText('Left out, because its value means nothing here')).toBeVisible();
});

const ODD_QUERIES = [
  'q=%00%ff%fe', 'q=%', 'q=%E0%A4%A', 'q=%F0%9F%A6%84', 'q=%2525', 'q=\'+or+1=1--', 'q=a&q=b', '&&&=', '=', 'q[]=1', 'unknown=1',
  'after=~', 'after=%00~%00', 'after=zzzz~999999999999999999999999', 'before=~1', 'after=a~1&before=b~2', 'page=last&after=a~1', 'page=-1',
  'sort=--name', 'sort=-', 'recurring=yes&recurring=nonsense', 'list=%2F%2Fevil.example', `q=${'%C3%A5'.repeat(500)}`,
];

test('odd queries never fail', async ({ request }) => {
  for (const query of ODD_QUERIES) {
    for (const path of [PARTNER, '/businesses', '/as/org_kystkassa', '/profile']) {
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
  for (const path of ['/nothing', '/as', '/as/org_kystkassa/nothing', '/as/org_kystkassa/sales-units/1/2/3', '/as/%00', '/as/..%2f..']) {
    const response = await open(path);
    expect(response!.status(), path).toBe(404);
    await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible();
    await expect(page.getByRole('link', { name: 'See all businesses' })).toBeVisible();
  }
});
