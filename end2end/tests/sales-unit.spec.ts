import { STRANGER, signedInRequests } from './support/demo';
import { expect, test } from './support/portal';

const PARTNER = '/as/org_kystkassa/sales-units';

const FLAGS = [
  'paymentAllowed', 'recurringAllowed', 'skipLandingPageAllowed', 'partialCaptureAllowed',
  'lateCaptureAllowed', 'landingPagePhoneNumberLocked', 'longLivingPaymentAllowed', 'creditCardPaymentAllowed',
];

test('a unit’s page says of every flag whether it is on, and what that means', async ({ page, open, list }) => {
  await open(`${PARTNER}?q=kanelbolle`);
  await list.rows.first().click();
  const configuration = page.getByRole('table', { name: 'Configuration of the sales unit' });
  await expect(configuration.getByRole('row').filter({ hasText: 'captureType' })).toContainText(/capture|Not applicable|Unknown/);
  for (const property of FLAGS) {
    const cells = configuration.getByRole('row').filter({ hasText: property }).getByRole('cell');
    await expect(cells.first()).toHaveText(/^(Yes|No|Unknown)$/);
    await expect(cells.last()).toHaveText(/\w+ \w+/);
  }
  await expect(page.getByText('Unknown means that Vipps MobilePay leaves the property out')).toBeVisible();
});

test('a unit’s page shows its merchant with address and status, and leads to its other units', async ({ page, open, list }) => {
  await open(`${PARTNER}?q=kanelbolle`);
  const [names, msns] = [await list.names(), await list.msns()];
  await list.rows.first().click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(names[0]);
  const merchant = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Merchant', exact: true }) });
  await expect(merchant).toContainText('Kaffe & Kanelbolle AS');
  await expect(merchant).toContainText(/Status\s*(Active|Deactivated)/);
  await expect(merchant).toContainText(/Business address\s*\S+/);
  await expect(merchant).toContainText(/\d{3}\s\d{3}\s\d{3}/);

  const others = page.locator('section').filter({ has: page.getByRole('heading', { name: /other units/ }) });
  await expect(others.getByRole('link')).toHaveCount(names.length - 1);
  await others.getByRole('link', { name: names[1] }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(names[1]);
  await expect(page).toHaveURL(`${PARTNER}/${msns[1]}`);
});

test('upstream’s own answer is there for who wants to read it', async ({ page, open, list }) => {
  await open(`${PARTNER}?q=kanelbolle`);
  const [msn] = await list.msns();
  await list.rows.first().click();
  const json = page.getByRole('region', { name: 'Upstream’s answer as JSON' }).or(page.locator('details pre'));
  await expect(json).toBeHidden();
  await page.getByText("Upstream's answer as JSON").first().click();
  await expect(json).toBeVisible();
  expect(JSON.stringify(JSON.parse(await json.innerText()))).toContain(msn);
});

test('Refresh fetches the unit at once and keeps the way back to the list', async ({ page, open, list }) => {
  await open(`${PARTNER}?q=kanelbolle`);
  await list.rows.first().click();
  await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
  await expect(page.getByText('Fetched from Vipps MobilePay just now.')).toBeVisible();
  await expect(page.getByText('Details fetched just now')).toBeVisible();
  await page.getByRole('navigation', { name: 'Breadcrumb' }).getByRole('link').click();
  await expect(page).toHaveURL(`${PARTNER}?q=kanelbolle`);
});

test('Refresh of the list fetches it anew and comes back to the same rows', async ({ page, open, list }) => {
  await open(`${PARTNER}?q=kanelbolle`);
  const names = await list.names();
  await page.locator('#freshness').getByRole('button', { name: 'Refresh' }).click();
  await list.expectQuery({ q: 'kanelbolle' });
  await expect(list.rows).toHaveText(names);
  await expect(async () => {
    await page.reload();
    await expect(page.locator('#freshness')).toContainText('Synced just now', { timeout: 500 });
  }).toPass();
});

test('an MSN that does not exist and one of another partner are the same page', async ({ open, request, page, list }) => {
  await open('/as/org_nordbetaling/sales-units');
  const [foreign] = await list.msns();
  const bodies = new Set<string>();
  for (const msn of ['999999', 'abc', foreign, '0', '%00', '9'.repeat(40)]) {
    const response = await request.get(`${PARTNER}/${msn}`);
    expect(response.status(), msn).toBe(404);
    bodies.add(withoutNonce(await response.text()));
  }
  expect(bodies.size).toBe(1);
  await open(`${PARTNER}/999999`);
  await expect(page.getByRole('heading', { name: 'Not found' })).toBeVisible();
});

test('an organisation that does not exist and one that is not for this person are the same page', async () => {
  const stranger = await signedInRequests(process.env.PORTAL_URL!, STRANGER);
  for (const rest of ['', '/sales-units', '/sales-units?q=kaf', '/sales-units/999999', '/nothing']) {
    const [missing, foreign] = await Promise.all(
      ['org_nope', 'org_kystkassa'].map(organisation => stranger.get(`/as/${organisation}${rest}`)),
    );
    expect(missing.status()).toBe(404);
    expect(foreign.status()).toBe(404);
    expect(withoutNonce(await foreign.text())).toBe(withoutNonce(await missing.text()));
    const headers = [missing, foreign].map(response => {
      const { date, 'content-security-policy': policy, ...others } = response.headers();
      return { ...others, policy: policy.replace(/'nonce-[^']*'/, '') };
    });
    // Compressed, a nonce may be a byte longer than another.
    headers.forEach(each => delete (each as Record<string, unknown>)['content-length']);
    expect(headers[1]).toEqual(headers[0]);
  }
  for (const action of ['sales-units/refresh', 'sales-units/999999/refresh']) {
    const headers = { origin: process.env.PORTAL_URL! };
    const missing = await stranger.post(`/as/org_nope/${action}`, { form: {}, headers });
    const foreign = await stranger.post(`/as/org_kystkassa/${action}`, { form: {}, headers });
    expect([missing.status(), foreign.status()]).toEqual([404, 404]);
    expect(withoutNonce(await foreign.text())).toBe(withoutNonce(await missing.text()));
  }
  await stranger.dispose();
});

/** A page without what is made anew for each answer. */
function withoutNonce(page: string): string {
  const nonce = /nonce="([^"]+)"/.exec(page)![1];
  return page.replaceAll(nonce, 'NONCE');
}
