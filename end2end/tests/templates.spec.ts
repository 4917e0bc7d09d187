import { type Page } from '@playwright/test';
import { field, fill, lock } from './support/forms';
import { organisationNumber, unique } from './support/numbers';
import { makeTemplate, signedOut } from './support/pages';
import { expect, test as base } from './support/portal';

const TEMPLATES = '/as/org_nordbetaling/templates';

const test = base.extend<{ merchant: Page }>({
  /** A browser that nobody has signed in with. */
  merchant: async ({ browser, scripted }, use) => {
    const merchant = await signedOut(browser, scripted);
    await use(merchant);
    await merchant.context().close();
  },
});

test('a template without a name or product is refused beside its fields, and nothing typed is lost', async ({ page, open }) => {
  await open(`${TEMPLATES}/new`);
  await fill(page, { Welcome: 'Hello <b>& welcome', 'Merchant category code': '57', Website: 'garn' });
  await lock(page, 'Use case');
  await page.getByRole('button', { name: 'Keep the template' }).click();
  const summary = page.getByRole('alert');
  await expect(summary).toContainText('Nothing was kept. Correct these first:');
  for (const label of ['Name', 'Product', 'Merchant category code', 'Website']) {
    await expect(summary.getByRole('link', { name: new RegExp(`^${label}: `) })).toHaveCount(1);
    await expect(field(page, label)).toHaveAttribute('aria-invalid', 'true');
  }
  await expect(field(page, 'Welcome')).toHaveValue('Hello <b>& welcome');
  await expect(field(page, 'Website')).toHaveValue('garn');
  await expect(page.getByRole('checkbox', { name: 'Lock Use case' })).toBeChecked();
});

test('a template is changed, and its merchants see the change', async ({ page, open, merchant }) => {
  const { link, address, name } = await makeTemplate(page, open);
  await merchant.goto(link);
  await expect(merchant.getByText('What is settled')).toBeVisible();
  await expect(merchant.getByText('Ask us anything')).toHaveCount(0);

  await open(address);
  const renamed = `${name} anew`;
  await fill(page, { Name: renamed, Welcome: 'Ask us anything' });
  await lock(page, 'Intended purpose');
  await page.getByRole('button', { name: 'Keep the template' }).click();
  await expect(page.getByText('Changed. Orders that were sent before stay as they are.')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(renamed);
  await merchant.reload();
  await expect(merchant.getByText('Ask us anything')).toBeVisible();
  await expect(field(merchant, 'Intended purpose')).toHaveCount(0);
});

test('what is suggested can be changed by the merchant, what is locked cannot, whatever is sent', async ({ page, open, merchant }) => {
  const { link } = await makeTemplate(page, open);
  await merchant.goto(link);
  await expect(field(merchant, 'Intended purpose')).toHaveValue('A kiosk that sells newspapers at a till in a shop.');
  await expect(field(merchant, 'Product')).toHaveCount(0);
  const key = await merchant.locator('input[name="key"]').inputValue();
  const shop = unique('Kiosken');
  const response = await merchant.request.post(link, {
    headers: { origin: process.env.PORTAL_URL! },
    form: { key, business_identifier: organisationNumber(), sales_unit_name: shop, product_type: 'CHECKOUT', market: 'DK' },
  });
  expect(response.ok()).toBe(true);
  await open(`/as/org_nordbetaling/product-orders?q=${encodeURIComponent(shop)}`);
  const row = page.getByRole('row').filter({ hasText: shop });
  await expect(row).toContainText('Cashier');
  await row.getByRole('link', { name: shop }).click();
  const filledIn = page.locator('section').filter({ has: page.getByRole('heading', { name: 'What was filled in' }) });
  await expect(filledIn).toContainText(/Market\s*Norway/);
});

test('a merchant’s faults are said beside the fields, and everything typed is kept', async ({ page, open, merchant }) => {
  const { link } = await makeTemplate(page, open);
  await merchant.goto(link);
  await fill(merchant, { 'Business identifier': '123456789', 'Sales unit name': 'Kiosk & co', 'Account number': '1234' });
  await merchant.getByRole('button', { name: 'Go on to Vipps MobilePay' }).click();
  const summary = merchant.getByRole('alert');
  await expect(summary).toContainText('Nothing was sent. Please correct:');
  for (const [label, typed] of [['Business identifier', '123456789'], ['Sales unit name', 'Kiosk & co'], ['Account number', '1234']]) {
    await expect(summary.getByRole('link', { name: new RegExp(`^${label}: `) })).toHaveCount(1);
    await expect(field(merchant, label)).toHaveAttribute('aria-invalid', 'true');
    await expect(field(merchant, label)).toHaveValue(typed);
  }
  await expect(merchant.getByRole('heading', { name: 'What is settled' })).toBeVisible();
});

test('the public form shows nothing of the portal but the template and the partner’s name', async ({ page, open, merchant }) => {
  const { link, name } = await makeTemplate(page, open);
  const response = await merchant.goto(link);
  expect(await response!.text()).not.toContain(name);
  await expect(merchant.getByRole('navigation')).toHaveCount(0);
  await expect(merchant.getByRole('link', { name: 'Sign in' })).toHaveCount(0);
  const addresses = await merchant.getByRole('link').evaluateAll(links => links.map(link => link.getAttribute('href')));
  expect(addresses).toEqual(['#main']);
  await expect(merchant.locator('meta[name="robots"]')).toHaveAttribute('content', 'noindex');
  expect(await merchant.title()).toContain('Nordbetaling ApS');
  expect((await merchant.goto('/as/org_nordbetaling/templates'))!.url()).toContain('/login');
});

test('the page in between says that the order is ready and how it goes on, and by itself goes on', async ({ page, open, merchant }) => {
  const { link } = await makeTemplate(page, open);
  // Upstream has nothing to show for now, so that one stays on the page.
  await merchant.route('**/register/prefilled/**', route => route.fulfill({ status: 204 }));
  const wentOn = merchant.waitForResponse('**/register/prefilled/**');
  await merchant.goto(link);
  await fill(merchant, { 'Business identifier': organisationNumber() });
  await merchant.getByRole('button', { name: 'Go on to Vipps MobilePay' }).click();
  expect((await wentOn).status()).toBe(204);
  await expect(merchant.getByRole('heading', { level: 1 })).toHaveText('Your order is ready');
  const onward = merchant.getByRole('link', { name: 'Continue at Vipps MobilePay' });
  await expect(onward).toHaveAttribute('href', /\/register\/prefilled\//);
  await expect(merchant.getByText('The link works for 14 days.')).toBeVisible();
  await merchant.unroute('**/register/prefilled/**');
  await merchant.goto(merchant.url(), { waitUntil: 'commit' });
  await merchant.waitForURL(/\/register\/prefilled\//);
  await expect(merchant.getByRole('button', { name: 'Submit order' })).toBeVisible();
});

test('a link that is withdrawn leads nowhere; a new one is another link', async ({ page, open, merchant }) => {
  const { link, address } = await makeTemplate(page, open);
  expect((await merchant.goto(link))!.status()).toBe(200);
  await open(address);
  await expect(page.locator('#public-link')).toContainText('Opened once.');
  await page.locator('summary').filter({ hasText: 'Withdraw the link' }).click();
  await page.getByRole('button', { name: 'Withdraw the link' }).last().click();
  await expect(page.getByText('The link no longer works.')).toBeVisible();
  expect((await merchant.goto(link))!.status()).toBe(404);
  await expect(merchant.getByRole('heading', { level: 1 })).toHaveText('Not found');

  await page.getByRole('button', { name: 'Make a public link' }).click();
  const other = await page.locator('#public-link').getByRole('link').innerText();
  expect(other).not.toBe(link);
  expect((await merchant.goto(other))!.status()).toBe(200);
  expect((await merchant.goto(link))!.status()).toBe(404);
});

test('a template that is put into the archive leaves the list and stops its link, until it is taken out again', async ({ page, open, merchant }) => {
  const { link, address, name } = await makeTemplate(page, open);
  await page.locator('summary').filter({ hasText: 'Put it into the archive' }).click();
  await page.getByRole('button', { name: 'Put it into the archive' }).last().click();
  await expect(page.getByText('In the archive. Its link does not work as long as it is here.')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Send an order with this template' })).toHaveCount(0);
  expect((await merchant.goto(link))!.status()).toBe(404);
  await open(TEMPLATES);
  await expect(page.getByRole('link', { name })).toHaveCount(0);
  await page.getByRole('link', { name: 'Archived templates' }).click();
  await expect(page.getByRole('row').filter({ hasText: name })).toContainText('Rests in the archive');
  await page.getByRole('link', { name }).click();
  expect(new URL(page.url()).pathname).toBe(address);

  await page.getByRole('button', { name: 'Take it out of the archive' }).click();
  await expect(page.getByText('In use again.')).toBeVisible();
  expect((await merchant.goto(link))!.status()).toBe(200);
});

test('a code that nobody has made is not found, and cannot be told from one that was withdrawn', async ({ page, open, merchant }) => {
  const { link, address } = await makeTemplate(page, open);
  await open(address);
  await page.locator('summary').filter({ hasText: 'Withdraw the link' }).click();
  await page.getByRole('button', { name: 'Withdraw the link' }).last().click();
  await expect(page.getByText('The link no longer works.')).toBeVisible();
  const pages = new Set<string>();
  for (const code of [link, '/t/AAAAAAAAAAAAAAAAAAAAAA', '/t/short', '/t/%00', '/t/..%2F..']) {
    const response = await merchant.request.get(code);
    expect(response.status(), code).toBe(404);
    const html = await response.text();
    pages.add(html.replaceAll(/nonce="([^"]+)"/.exec(html)![1], 'NONCE'));
  }
  expect(pages.size).toBe(1);
});
