import { type Page } from '@playwright/test';
import { beside, field, fill, lock, send, webShop } from './support/forms';
import { accountNumber, iban, organisationNumber, unique } from './support/numbers';
import { png } from './support/png';
import { expect, test } from './support/portal';

const PARTNER = 'org_nordbetaling';
const ORDERS = `/as/${PARTNER}/product-orders`;
const FORM = `${ORDERS}/new`;

test('what is wrong is said beside its field and above the form, and everything that was typed is kept', async ({ page, open }) => {
  await open(FORM);
  const wrong = webShop({
    'Business identifier': '123 456 789',
    'Sales unit name': 'Garn & "ull" <b>',
    'Account number': '8601.11.17948',
    Website: 'http://garn.example/',
    'Terms page': '',
    'Intended purpose': 'Two\nlines & <tags>, "quotes" and åæø: yarn sold in a web shop.',
    'Merchant category code': '57',
  });
  await fill(page, wrong);
  await field(page, 'Recurring payments').check();
  await page.getByRole('button', { name: 'Send to Vipps MobilePay' }).click();

  const summary = page.getByRole('alert').filter({ hasText: 'Nothing was sent. Correct these first:' });
  for (const label of ['Business identifier', 'Sales unit name', 'Merchant category code', 'Website', 'Terms page', 'Account number']) {
    const line = summary.getByRole('link', { name: new RegExp(`^${label}: `) });
    await expect(line).toHaveCount(1);
    const sentence = (await line.innerText()).replace(`${label}: `, '');
    const control = field(page, label);
    await expect(control).toHaveAttribute('aria-invalid', 'true');
    await expect(line).toHaveAttribute('href', `#${await control.getAttribute('id')}`);
    const described = (await control.getAttribute('aria-describedby'))!.split(' ').map(id => `[id="${id}"]`).join();
    await expect(page.locator(described).filter({ hasText: sentence })).toHaveCount(1);
  }
  for (const [label, value] of Object.entries(wrong)) {
    const control = field(page, label);
    const chosen = await control.evaluate((control: HTMLSelectElement) => control.selectedOptions?.[0]?.innerText);
    if (chosen !== undefined) expect(chosen.startsWith(value), label).toBe(true);
    else await expect(control, label).toHaveValue(value);
  }
  await expect(field(page, 'Recurring payments')).toBeChecked();
  await expect(page.locator('textarea').locator('xpath=//b')).toHaveCount(0);
});

test('the check digits of a business identifier are those of its market', async ({ page, open }) => {
  await open(FORM);
  for (const [market, right, wrong, name] of [
    ['Norway', '987 654 325', '987 654 321', 'Organisation number'],
    ['Denmark', '88146328', '88146329', 'CVR number'],
    ['Finland', '2331972-7', '2331972-8', 'Y-tunnus'],
  ]) {
    await fill(page, { Market: market, 'Business identifier': '' });
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await expect(page.getByRole('alert')).toContainText(`Business identifier: ${name} is missing.`);
    await fill(page, { 'Business identifier': wrong });
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await expect(field(page, 'Business identifier')).toHaveAttribute('aria-invalid', 'true');
    await fill(page, { 'Business identifier': right });
    await page.getByRole('button', { name: 'Check', exact: true }).click();
    await expect(field(page, 'Business identifier')).not.toHaveAttribute('aria-invalid');
    await expect(page.getByRole('alert')).not.toContainText('Business identifier');
  }
});

test('Check sends nothing, and says when nothing is missing', async ({ page, open, list }) => {
  await open(FORM);
  const values = webShop();
  await fill(page, values);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.locator('#outcome')).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(page).toHaveURL(FORM);
  await open(`${ORDERS}?q=${encodeURIComponent(values['Sales unit name'])}`);
  await expect(page.getByRole('heading', { name: 'No match' })).toBeVisible();
  await expect(list.rows).toHaveCount(0);
});

test('a business identifier of a known merchant is shown with its name and its sales units', async ({ page, open, list }) => {
  await open(`/as/${PARTNER}/merchants?market=dk`);
  const [name] = await list.names();
  const [number] = await list.column('Business identifier');
  const [units] = await list.column('Sales units');
  await open(FORM);
  await fill(page, { Market: 'Denmark', 'Business identifier': number.split('\n')[0], Product: 'Cashier' });
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.locator('.known')).toHaveText(`${name}, ${units} sales unit${units === '1' ? '' : 's'}`);
});

test('a pasted IBAN is sent as the account number that it stands for, which is said', async ({ page, open }) => {
  const account = accountNumber();
  await open(FORM);
  await fill(page, webShop({ 'Account number': iban(account).replace(/(.{4})/g, '$1 ') }));
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(beside(page, 'Account number')).toContainText(`is sent as the account number ${account}.`);
  await send(page);
  await page.locator('#link p.link').getByRole('link').click();
  await expect(page.getByLabel('Settlement account')).toHaveValue(account);
});

test('what may delay the order is said once, and then it is sent all the same', async ({ page, open, list }) => {
  const values = webShop({ 'Intended purpose': 'Yarn', 'Price package': '–' });
  await open(FORM);
  await fill(page, values);
  await page.getByRole('button', { name: 'Send to Vipps MobilePay' }).click();
  const warnings = page.locator('#warnings');
  await expect(warnings).toContainText('Nothing was sent yet. These can delay the order; change them, or send it as it is:');
  await expect(warnings).toContainText('This is short: goods or services not described well enough are a usual delay.');
  await expect(warnings).toContainText('No price package is chosen: the merchant will pick one.');
  await expect(beside(page, 'Intended purpose')).toContainText('This is short');
  await page.getByRole('button', { name: 'Send anyway' }).click();
  await expect(page.getByText('Sent. Vipps MobilePay has the order')).toBeVisible();
  await onlyOrder(open, list, values['Sales unit name']);
});

test('a new warning is shown before it is sent, even after Send anyway', async ({ page, open }) => {
  await open(FORM);
  await fill(page, webShop({ 'Intended purpose': 'Yarn' }));
  await page.getByRole('button', { name: 'Send to Vipps MobilePay' }).click();
  await expect(page.locator('#warnings')).toContainText('This is short');
  await fill(page, { 'Terms page': 'https://garn.example/' });
  await page.getByRole('button', { name: 'Send anyway' }).click();
  await expect(page.locator('#warnings')).toContainText('This is the same page as the website');
  await page.getByRole('button', { name: 'Send anyway' }).click();
  await expect(page.getByText('Sent. Vipps MobilePay has the order')).toBeVisible();
});

test('a double click sends one order', async ({ page, open, list }) => {
  const values = webShop();
  await open(FORM);
  await fill(page, values);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await page.getByRole('button', { name: /^Send / }).dblclick();
  await expect(page).toHaveURL(/\/product-orders\/[0-9a-f-]{36}(\?did=sent)?$/);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(values['Sales unit name']);
  await onlyOrder(open, list, values['Sales unit name']);
});

test('a form that arrives again leads to the same order; with other values it does not become a second one unasked', async ({ page, open, list }) => {
  const [values, other] = [webShop(), unique('Garn og mer')];
  await open(FORM);
  await fill(page, values);
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.locator('#outcome')).toBeVisible();
  const pairs = await page.locator('form.prefill').evaluate(form =>
    [...new FormData(form as HTMLFormElement)].filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
  const filledIn = { ...Object.fromEntries(pairs), intent: 'send' };
  await send(page);
  const order = new URL(page.url()).pathname;

  const headers = { origin: process.env.PORTAL_URL! };
  const again = await page.request.post(FORM, { multipart: filledIn, headers, maxRedirects: 0 });
  expect(again.status()).toBe(303);
  expect(again.headers().location.split('?')[0]).toBe(order);
  await onlyOrder(open, list, values['Sales unit name']);

  const changed = await page.request.post(FORM, { multipart: { ...filledIn, sales_unit_name: other }, headers, maxRedirects: 0 });
  expect(changed.status()).toBe(422);
  const html = await changed.text();
  expect(html).toContain('This form has been sent before with other values');
  expect(html).toContain(`href="${order}"`);
  expect(html).toContain(`value="${other}"`);
  await open(`${ORDERS}?q=${encodeURIComponent(other)}`);
  await expect(list.rows).toHaveCount(0);
});

test('product and use case decide what is asked', async ({ page, open }) => {
  await open(FORM);
  await fill(page, { Product: 'Login', 'Use case': 'Website' });
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  for (const label of ['Account number', 'Annual turnover', 'Price package', 'Recurring payments', 'App name']) {
    await expect(field(page, label)).toHaveCount(0);
  }
  await expect(field(page, 'Website')).toBeVisible();
  await fill(page, { Product: 'Payment integration', 'Use case': 'App' });
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  for (const label of ['Account number', 'Price package', 'App name']) await expect(field(page, label)).toBeVisible();
  await expect(field(page, 'Website')).toHaveCount(0);
});

test('what does not belong to the product is said to be left out, and not lost', async ({ page, open }) => {
  await open(FORM);
  const account = accountNumber();
  await fill(page, { 'Account number': account, Product: 'Login' });
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(field(page, 'Account number')).toHaveValue(account);
  await expect(beside(page, 'Account number')).toContainText('This will not be sent');
});

test('a price package of another market is refused beside its field', async ({ page, open }) => {
  await open(FORM);
  await fill(page, webShop({ 'Price package': 'Online standard DK' }));
  await page.getByRole('button', { name: 'Send to Vipps MobilePay' }).click();
  await expect(beside(page, 'Price package')).toContainText('This price package is for DK, but the market is Norway (NO).');
});

test('a logo is looked at, shown, sent along, and can be taken away', async ({ page, open }) => {
  await open(FORM);
  const logo = field(page, 'Logo').or(page.getByLabel('Logo (choose another)'));
  await fill(page, webShop());
  await logo.setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') });
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(beside(page, /^Logo/)).toContainText('SVG');
  await logo.setInputFiles(png(99, 99));
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(beside(page, /^Logo/)).toContainText('99 by 99');

  await logo.setInputFiles(png(300, 200));
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  const picture = page.getByRole('img', { name: 'The logo as it was uploaded' });
  await expect(picture).toBeVisible();
  expect(await picture.evaluate((image: HTMLImageElement) => [image.naturalWidth, image.naturalHeight])).toEqual([300, 200]);
  await expect(page.locator('#warnings')).toContainText('The logo is not square');
  await page.getByLabel('Remove the logo').check();
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(picture).toHaveCount(0);

  await logo.setInputFiles(png(200, 200));
  await send(page);
  await expect(page.getByRole('heading', { name: 'What was filled in' })).toBeVisible();
  await expect(picture).toBeVisible();
});

test('a password for a test website is sent, but written back into no page', async ({ page, open }) => {
  const secret = unique('open sesame');
  await open(FORM);
  await fill(page, webShop({
    'Use case': 'Website, not open yet',
    'Test website': 'https://test.garn.example/',
    'Test website: user name': 'guest',
    'Test website: password': secret,
    'Business identifier': '',
  }));
  await page.getByRole('button', { name: 'Check', exact: true }).click();
  await expect(page.getByText('Type the password again: it is not written back into the form.')).toBeVisible();
  expect(await page.content()).not.toContain(secret);
  await fill(page, { 'Business identifier': organisationNumber(), 'Test website: password': secret });
  await page.getByRole('button', { name: /^Send (to|anyway)/ }).click();
  await expect(page.getByText('Sent. Vipps MobilePay has the order')).toBeVisible();
  expect(await page.content()).not.toContain(secret);
});

test('an order with a template begins with its values, and what is locked cannot be changed', async ({ page, open }) => {
  const name = unique('Web shops');
  await open(`/as/${PARTNER}/templates/new`);
  await fill(page, { Name: name, Market: 'Norway', Product: 'Payment integration', 'Use case': 'Website', 'Price package': 'Online standard NO', 'Intended purpose': 'A web shop that sells yarn to people at home.' });
  await lock(page, 'Market', 'Product', 'Price package');
  await page.getByRole('button', { name: 'Keep the template' }).click();
  await page.getByRole('link', { name: 'Send an order with this template' }).click();
  await expect(page.getByRole('link', { name })).toBeVisible();
  for (const label of ['Market', 'Product', 'Price package']) await expect(field(page, label)).toHaveCount(0);
  await expect(page.getByText('Fixed by the template.')).toHaveCount(3);
  await expect(field(page, 'Intended purpose')).toHaveValue('A web shop that sells yarn to people at home.');
  const { Market: _, Product: __, 'Price package': ___, ...values } = webShop();
  await fill(page, values);
  await send(page);
  const order = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Order', exact: true }) });
  await expect(order.getByRole('link', { name })).toBeVisible();
  await expect(order.getByRole('link', { name: 'Online standard NO' })).toBeVisible();
  await order.getByRole('link', { name }).click();
  await expect(page.getByRole('heading', { name: 'Orders with it: 1' })).toBeVisible();
  await expect(page.getByRole('link', { name: values['Sales unit name'] })).toBeVisible();
});

/** Looks whether there is exactly one order of this name. */
async function onlyOrder(open: (path: string) => Promise<unknown>, list: { rows: ReturnType<Page['locator']> }, name: string): Promise<void> {
  await open(`${ORDERS}?q=${encodeURIComponent(name)}`);
  await expect(list.rows).toHaveText([name]);
}
