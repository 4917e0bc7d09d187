import { type Browser, type Page, expect } from '@playwright/test';
import { SIGNED_OUT } from './demo';
import { fill, lock, send, sendOrder, webShop } from './forms';
import { organisationNumber, unique } from './numbers';
import { png } from './png';
import { signIn } from './portal';

export type Open = (path: string) => Promise<unknown>;
type Arrange = (page: Page, open: Open) => Promise<unknown>;
type State = [name: string, arrange: Arrange];

const PARTNER = '/as/org_kystkassa';
const BUSY = '/as/org_nordbetaling';
const MERCHANT = '/as/org_m_blabaer_kaffe';
const REGISTRY = '/admin/organisations';

/** Every page and state of one that a member sees, by how to get there. */
export const PAGES: State[] = [
  ['the choice of a business', (_, open) => open('/businesses')],
  ['a choice of businesses without a match', (_, open) => open('/businesses?q=xyzzy')],
  ['a partner’s landing page', (_, open) => open(PARTNER)],
  ['a merchant’s landing page', (_, open) => open('/as/org_m_blabaer_kaffe')],
  ['the list', (_, open) => open(`${PARTNER}/sales-units?sort=-msn&after=500000~500000&capture=nonsense`)],
  ['the filtered list', (_, open) => open(`${PARTNER}/sales-units?q=kanelbolle&capture=reserve&recurring=no&market=no`)],
  ['the list, about to be exported', async (page, open) => {
    await open(`${PARTNER}/sales-units?q=kaffe`);
    await page.locator('details.export summary').click();
  }],
  ['the list without a match', (_, open) => open(`${PARTNER}/sales-units?q=xyzzy`)],
  ['a merchant’s list', (_, open) => open('/as/org_m_blabaer_kaffe/sales-units')],
  ['agreements', (_, open) => open(`${MERCHANT}/agreements?sort=next`)],
  ['agreements whose last charge failed, and the version about to be chosen', async (page, open) => {
    await open(`${MERCHANT}/agreements?charges=failed`);
    await page.locator('summary').filter({ hasText: 'Change the version' }).click();
  }],
  ['an agreement about to be stopped', async (page, open) => {
    await openAgreement(page, open, 'state=active&charges=planned');
    await page.locator('summary').filter({ hasText: 'Stop this agreement' }).click();
  }],
  ['a charge about to be cancelled', async (page, open) => {
    await openAgreement(page, open, 'state=active&charges=planned');
    await page.locator('#charges tbody').getByRole('link').first().click();
    await page.locator('summary').filter({ hasText: 'Cancel this charge' }).click();
  }],
  ['a charge that failed', async (page, open) => {
    await openAgreement(page, open, 'charges=failed');
    await page.locator('#charges').getByRole('row').filter({ hasText: 'Failed' }).getByRole('link').first().click();
    await page.getByRole('heading', { name: 'Why it failed' }).waitFor();
  }],
  ['where subscriptions fail', (_, open) => open(`${MERCHANT}/failed-charges?since=365d`)],
  ['where subscriptions fail for one reason', (_, open) => open(`${MERCHANT}/failed-charges?since=365d&reason=user_action_required`)],
  ['an agreement that is offered with faults', async (page, open) => {
    await open(`${MERCHANT}/agreements/new`);
    await page.getByRole('button', { name: 'Offer it' }).click();
    await expect(page.getByRole('alert')).toContainText('Nothing is offered yet');
  }],
  ['an agreement that waits for its customer', async (page, open) => {
    await open(`${MERCHANT}/agreements/new`);
    await fill(page, { Product: unique('Te'), 'Price, or the maximum': '99', 'Phone number': '+47 987 65 432', 'Where the customer goes afterwards': 'https://te.example/takk', 'Where the customer manages the subscription': 'https://te.example/min-side' });
    await page.getByRole('button', { name: 'Offer it' }).click();
    await page.locator('#link').waitFor();
  }],
  ['a charge that is made with faults', async (page, open) => {
    await openAgreement(page, open, 'state=active');
    await page.getByRole('link', { name: 'New charge' }).click();
    await fill(page, { 'Amount in NOK': 'much' });
    await page.getByRole('button', { name: 'Make the charge' }).click();
    await expect(page.getByRole('alert')).toContainText('Nothing is charged yet');
  }],
  ['a sales unit', openUnit],
  ['a sales unit that was just refreshed, with its JSON', async (page, open) => {
    await openUnit(page, open);
    await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
    await expect(page.getByText('Fetched from Vipps MobilePay just now.')).toBeVisible();
    await openJson(page);
  }],
  ['a sales unit whose price package is about to be noted', async (page, open) => {
    await openUnit(page, open);
    await page.locator('summary').filter({ hasText: 'Note a price package' }).click();
  }],
  ['changing a sales unit', async (page, open) => {
    await openUnit(page, open);
    await page.getByRole('link', { name: 'Change', exact: true }).click();
    await page.getByText('Deactivate', { exact: true }).click();
  }],
  ['a change of a sales unit that was refused', async (page, open) => {
    await openUnit(page, open);
    await page.getByRole('link', { name: 'Change', exact: true }).click();
    await fill(page, { Name: 'Fisk & vilt' });
    await page.getByLabel('Logo').setInputFiles(png(40, 40));
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByLabel('Name')).toHaveAttribute('aria-invalid', 'true');
  }],
  ['the description of the API, with an operation opened', async (page, open) => {
    await open('/api/docs');
    await page.locator('#create_vipps_org summary').click();
    await expect(page.locator('#create_vipps_org pre').first()).toBeVisible();
  }],
  ['one’s own API tokens', (_, open) => open('/profile/tokens')],
  ['an organisation’s API tokens, with one that was just made', async (page, open) => {
    await open(`${PARTNER}/api-tokens`);
    await fill(page, { 'What it is for': unique('Till system') });
    await page.getByRole('button', { name: 'Make the token' }).click();
    await expect(page.locator('#secret')).toBeVisible();
  }],
  ['a form that was sent after the session had ended', async (page, open) => {
    await open(`${PARTNER}/templates/new`);
    await fill(page, { Name: unique('Sent too late') });
    await page.context().clearCookies();
    await page.getByRole('button', { name: 'Keep the template' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('You have been signed out');
  }],
  ['the list of merchants', (_, open) => open(`${PARTNER}/merchants?sort=-created&market=no&status=active`)],
  ['the list of merchants without a match', (_, open) => open(`${PARTNER}/merchants?q=xyzzy&state=gone`)],
  ['a merchant', async (page, open) => {
    await open(`${PARTNER}/merchants?q=kanelbolle`);
    await openFirst(page, open);
    await openJson(page);
  }],
  ['a merchant viewed as its people see it', viewAsMerchant],
  ['its product orders', async (page, open) => {
    await viewAsMerchant(page, open);
    await page.getByRole('link', { name: 'Your product orders' }).first().click();
  }],
  ['one of its product orders', async (page, open) => {
    await viewAsMerchant(page, open);
    await page.locator('#next-steps').getByRole('listitem').first().getByRole('link').first().click();
  }],
  ['its sales units', async (page, open) => {
    await viewAsMerchant(page, open);
    await page.getByRole('link', { name: 'Your sales units' }).first().click();
  }],
  ['its webhooks, with what its partner listens for', async (page, open) => {
    await viewAsMerchant(page, open);
    await page.getByRole('link', { name: 'Webhooks' }).first().click();
    await page.locator('#partner-wide summary').click();
  }],
  ['the landing page of a merchant that its partner serves', async (page, open) => {
    await open('/businesses?q=kanelbolle');
    await openFirst(page, open);
  }],
  ['what was sent while viewing as a merchant', async (page, open) => {
    await viewAsMerchant(page, open);
    const units = `${new URL(page.url()).pathname}/sales-units`;
    await open(units);
    await page.evaluate(path => {
      const form = document.createElement('form');
      Object.assign(form, { method: 'post', action: `${path}/refresh` });
      document.body.append(form);
      form.submit();
    }, units);
    await expect(page.getByText('Nothing can be changed from here')).toBeVisible();
  }],
  ['the list of product orders', (_, open) => open(`${PARTNER}/product-orders?sort=name&status=nonsense`)],
  ['the product orders to follow up', (_, open) => open(`${PARTNER}/product-orders?follow=opened&kind=prefill`)],
  ['the list of product orders without a match', (_, open) => open(`${PARTNER}/product-orders?q=xyzzy`)],
  ['a product order that was made elsewhere', async (page, open) => {
    await open(`${PARTNER}/product-orders?status=completed&kind=manual`);
    await openFirst(page, open);
    await openJson(page);
  }],
  ['a rejected product order', async (page, open) => {
    await open(`${PARTNER}/product-orders?status=rejected`);
    await openFirst(page, open);
  }],
  ['a product order that was just sent, about to be deleted', async (page, open) => {
    await sendOrder(page, open, 'org_nordbetaling');
    await page.locator('summary').filter({ hasText: 'English' }).click();
    await page.locator('summary').filter({ hasText: 'Delete this order' }).click();
  }],
  ['a product order that corrects another one', async (page, open) => {
    await sendOrder(page, open, 'org_nordbetaling');
    await page.getByRole('link', { name: 'Correct', exact: true }).click();
    await send(page);
    await expect(page.getByText('Step 2 of 2:')).toBeVisible();
  }],
  ['a product order that is not there', (_, open) => open(`${PARTNER}/product-orders/00000000-0000-4000-8000-000000000000`)],
  ['the form of a product order', (_, open) => open(`${BUSY}/product-orders/new`)],
  ['the form of a product order with faults in every group', async (page, open) => {
    await open(`${BUSY}/product-orders/new`);
    await fill(page, webShop({
      'Business identifier': '123',
      'Sales unit name': 'Fish & Chips',
      'Merchant category code': 'ab',
      'Price package': 'Online standard DK',
      Website: 'http://garn.example',
      'Annual turnover': '-1',
      'Account number': '1234',
    }));
    await page.getByLabel('Logo').setInputFiles(png(40, 40));
    await page.getByRole('button', { name: 'Send to Vipps MobilePay' }).click();
    await expect(page.getByRole('alert')).toContainText('Nothing was sent.');
  }],
  ['the form of a product order with warnings and a logo', async (page, open) => {
    await open(`${BUSY}/product-orders/new`);
    await fill(page, webShop({ 'Intended purpose': 'Yarn', 'Terms page': 'https://garn.example/' }));
    await page.getByLabel('Logo').setInputFiles(png(300, 200));
    await page.getByRole('button', { name: 'Send to Vipps MobilePay' }).click();
    await expect(page.getByRole('button', { name: 'Send anyway' })).toBeVisible();
  }],
  ['a product order with a template', async (page, open) => {
    await makeTemplate(page, open);
    await page.getByRole('link', { name: 'Send an order with this template' }).click();
    await expect(page.getByText('Fixed by the template.').first()).toBeVisible();
  }],
  ['the list of templates', async (page, open) => {
    await makeTemplate(page, open);
    await open(`${BUSY}/templates`);
  }],
  ['a list of templates with none in it', (_, open) => open('/as/org_jarvikassa/templates')],
  ['an archive of templates with none in it', (_, open) => open('/as/org_jarvikassa/templates?archived=yes')],
  ['the form of a template', (_, open) => open(`${BUSY}/templates/new`)],
  ['the form of a template with faults', async (page, open) => {
    await open(`${BUSY}/templates/new`);
    await fill(page, { Website: 'garn', 'Merchant category code': '57' });
    await page.getByRole('button', { name: 'Keep the template' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
  }],
  ['a template with its link, about to be withdrawn', async (page, open) => {
    await makeTemplate(page, open);
    await page.locator('summary').filter({ hasText: 'Withdraw the link' }).click();
  }],
  ['a template in the archive', async (page, open) => {
    await makeTemplate(page, open);
    await page.locator('summary').filter({ hasText: 'Put it into the archive' }).click();
    await page.getByRole('button', { name: 'Put it into the archive' }).last().click();
    await expect(page.getByText('In the archive since')).toBeVisible();
  }],
  ['the price packages', (_, open) => open(`${PARTNER}/price-packages?market=NO`)],
  ['price packages of which there are none', (_, open) => open(`${PARTNER}/price-packages?market=FI&product=CHECKOUT`)],
  ['the webhooks', (_, open) => open(`${PARTNER}/webhooks?q=till&event=epayment`)],
  ['the webhooks without a match', (_, open) => open(`${PARTNER}/webhooks?state=vanished`)],
  ['a webhook', async (page, open) => {
    await open(`${PARTNER}/webhooks?scope=all`);
    await openFirst(page, open);
    await page.getByText('How deliveries are signed').click();
    await page.getByText('Delete this webhook').click();
  }],
  ['the form for a webhook', (_, open) => open(`${BUSY}/webhooks/new`)],
  ['a form for a webhook that was refused', async (page, open) => {
    await open(`${BUSY}/webhooks/new`);
    await fill(page, { URL: 'https://printer.local/', 'MSN of the sales unit': '1' });
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
  }],
  ['a webhook that was just registered, with its secret', async (page, open) => {
    await open(`${BUSY}/webhooks/new`);
    await fill(page, { URL: `https://${unique('hooks').replace(' ', '-')}.example/vipps` });
    await page.getByLabel('donations.agreement.started.v1').check();
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByText('This is the only time that the secret is shown.')).toBeVisible();
  }],
  ['the coverage of webhooks', (_, open) => open(`${PARTNER}/webhooks/coverage?without=user.checked-in.v1`)],
  ['the API quality, in numbers', async (page, open) => {
    await open(`${PARTNER}/api-quality?span=7d`);
    await page.getByText('In numbers').first().click();
  }],
  ['the API quality of a sales unit', async (page, open) => {
    await open(`${PARTNER}/api-quality`);
    await open((await page.locator('#told tbody a').first().getAttribute('href'))!);
  }],
  ['the API quality of a sales unit that nothing was called about', (_, open) => open(`${PARTNER}/api-quality?span=90d&msn=999999`)],
  ['the API quality of what is no sales unit', (_, open) => open(`${PARTNER}/api-quality?msn=kaffe`)],
  ['a merchant’s API quality', (_, open) => open('/as/org_m_blabaer_kaffe/api-quality?span=30d')],
  ['the members', (_, open) => open(`${PARTNER}/members`)],
  ['a user ID that is none', (_, open) => open(`${PARTNER}/members?person=12345`)],
  ['a member', async (page, open) => {
    await open(`${PARTNER}/members`);
    await openFirst(page, open);
  }],
  ['a member about to be removed', async (page, open) => {
    await open(`${BUSY}/members`);
    await page.getByRole('link', { name: 'Change viewer@example.com' }).click();
    await page.getByText('Remove from this organisation').click();
  }],
  ['the settings', (_, open) => open(`${PARTNER}/settings`)],
  ['a merchant’s settings', (_, open) => open(`${MERCHANT}/settings`)],
  ['settings that were refused', async (page, open) => {
    await open(`${PARTNER}/settings`);
    await page.getByLabel('Feedback address').fill('http://example.com');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByLabel('Feedback address')).toHaveAttribute('aria-invalid', 'true');
  }],
  ['the registry', (_, open) => open(REGISTRY)],
  ['the registry without a match', (_, open) => open(`${REGISTRY}?q=xyzzy`)],
  ['the form of a new organisation', (_, open) => open(`${REGISTRY}/new`)],
  ['the form of a new organisation with faults', async (page, open) => {
    await open(`${REGISTRY}/new`);
    await fill(page, { ID: 'Org Ørjan', 'Client secret: where it is': 'hunter2', 'Subscription key: or type it': 'hunter2', MSN: 'x' });
    await page.getByRole('button', { name: 'Create' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
  }],
  ['the form of a merchant that is to be served by its partner', async (page, open) => {
    await open(`${REGISTRY}/new`);
    await page.getByLabel('Those of its partner').check();
  }],
  ['an organisation of the registry whose keys were just checked', async (page, open) => {
    await open(`${REGISTRY}/org_nordbetaling`);
    await page.getByRole('button', { name: 'Check keys' }).click();
    await expect(page.getByText('The keys work.')).toBeVisible();
  }],
  ['an organisation of the registry whose keys do not work', async (page, open) => {
    await open(`${REGISTRY}/new`);
    await fill(page, { ID: unique('org_wrong').replace(' ', '_'), Name: unique('Wrong keys'), 'Client ID': 'nobody', 'Client secret: or type it': 'hunter2' });
    await page.getByLabel('Make me an admin of it').uncheck();
    await page.getByRole('button', { name: 'Create' }).click();
    await expect(page.getByText('Something is wrong with the keys')).toBeVisible();
  }],
  ['an organisation of the registry about to be removed', async (page, open) => {
    await open(`${REGISTRY}/org_m_blabaer_kaffe`);
    await page.getByText('Remove from the registry').click();
  }],
  ['the form of an organisation of the registry', (_, open) => open(`${REGISTRY}/org_kystkassa/edit`)],
  ['a form of an organisation that somebody else has changed', async (page, open) => {
    await open(`${REGISTRY}/org_kystkassa/edit`);
    await page.locator('input[name="seen"]').evaluate(seen => seen.setAttribute('value', '1'));
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.locator('#meanwhile')).toBeVisible();
  }],
  ['an organisation that is not there in the registry', (_, open) => open(`${REGISTRY}/org_nope`)],
  ['an organisation that is not there', (_, open) => open('/as/org_nope')],
  ['a sales unit that is not there', (_, open) => open(`${PARTNER}/sales-units/999999`)],
  ['the profile', (_, open) => open('/profile')],
];

/** What needs the islands. */
export const ISLANDS: State[] = [
  ['the open switcher', async (page, open) => {
    await open(`${PARTNER}/sales-units?q=kanelbolle`);
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('searchbox', { name: 'Find a business to act as' })).toBeFocused();
  }],
  ['the keys', async (page, open) => {
    await open(`${PARTNER}/sales-units?q=kanelbolle`);
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  }],
];

/** What somebody sees who may change nothing. */
export const PAGES_FOR_VIEWERS: State[] = [
  ['a landing page', (_, open) => open(BUSY)],
  ['a list of product orders', (_, open) => open(`${BUSY}/product-orders`)],
  ['a product order', async (page, open) => {
    await open(`${BUSY}/product-orders?kind=prefill&status=received`);
    await openFirst(page, open);
  }],
  ['the form of a product order, which is refused', (_, open) => open(`${BUSY}/product-orders/new`)],
  ['a list of templates', (_, open) => open(`${BUSY}/templates`)],
  ['the form of a template, which is refused', (_, open) => open(`${BUSY}/templates/new`)],
  ['a webhook', async (page, open) => {
    await open(`${BUSY}/webhooks`);
    await openFirst(page, open);
  }],
  ['the form for a webhook, which is refused', (_, open) => open(`${BUSY}/webhooks/new`)],
  ['a change of a sales unit, which is refused', async (page, open) => {
    await open(`${BUSY}/sales-units`);
    await open((await page.locator('#results [data-row]').first().getAttribute('href'))!.split('?')[0] + '/change');
  }],
  ['the members', (_, open) => open(`${BUSY}/members`)],
  ['a member', async (page, open) => {
    await open(`${BUSY}/members`);
    await openFirst(page, open);
  }],
  ['the settings', (_, open) => open(`${BUSY}/settings`)],
];

/** What anybody sees. */
export const PAGES_FOR_ANYBODY: State[] = [
  ['signing in', (_, open) => open('/login')],
  ['signing in for a page', (_, open) => open(PARTNER)],
  ['signing in that was refused', async (page, open) => {
    await open('/login');
    await signIn(page, { email: 'accessibility@example.com', password: 'a wrong password' });
    await expect(page.getByRole('alert')).toBeVisible();
  }],
  ['a link that opens nothing', (_, open) => open('/t/AAAAAAAAAAAAAAAAAAAAAA')],
];

/** What a merchant sees behind a template's link. */
export const PAGES_BY_LINK: [name: string, arrange: (page: Page, link: string) => Promise<unknown>][] = [
  ['the short form', (page, link) => page.goto(link)],
  ['the short form with faults', async (page, link) => {
    await page.goto(link);
    await fill(page, { 'Business identifier': '123', 'Sales unit name': 'Fish & Chips', 'Account number': '1' });
    await page.getByRole('button', { name: 'Go on to Vipps MobilePay' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
  }],
  ['the page in between', async (page, link) => {
    // It goes on by itself; upstream has nothing to show for now.
    await page.route('**/register/prefilled/**', route => route.fulfill({ status: 204 }));
    await page.goto(link);
    await fill(page, { 'Business identifier': organisationNumber() });
    await page.getByRole('button', { name: 'Go on to Vipps MobilePay' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your order is ready');
  }],
];

/** A browser that nobody has signed in with. */
export async function signedOut(browser: Browser, scripted: boolean): Promise<Page> {
  const context = await browser.newContext({ javaScriptEnabled: scripted, storageState: SIGNED_OUT, baseURL: process.env.PORTAL_URL });
  return context.newPage();
}

/** A template for kiosks in Norway with market and product locked; its page is open then. */
export async function makeTemplate(page: Page, open: Open): Promise<{ name: string; link: string; address: string }> {
  const name = unique('Kiosks');
  await open(`${BUSY}/templates/new`);
  await fill(page, { Name: name, Market: 'Norway', Product: 'Cashier', 'Intended purpose': 'A kiosk that sells newspapers at a till in a shop.' });
  await lock(page, 'Market', 'Product');
  await page.getByRole('button', { name: 'Keep the template' }).click();
  await page.getByRole('button', { name: 'Make a public link' }).click();
  const link = await page.locator('#public-link').getByRole('link').innerText();
  return { name, link, address: new URL(page.url()).pathname };
}

async function openAgreement(page: Page, open: Open, query: string): Promise<void> {
  await open(`${MERCHANT}/agreements?${query}`);
  await page.locator('a[data-row]').first().click();
  await page.locator('#charges').waitFor();
}

async function openUnit(page: Page, open: Open): Promise<void> {
  await open(`${PARTNER}/sales-units?q=kanelbolle`);
  await openFirst(page, open);
}

/** Opens the first row of the list that is open. */
async function openFirst(page: Page, open: Open): Promise<void> {
  await open((await page.locator('#results [data-row]').first().getAttribute('href'))!);
}

/** Views as a merchant of the partner's that has an order to go on with; its landing page is open then. */
export async function viewAsMerchant(page: Page, open: Open): Promise<void> {
  // The oldest: those that tests have just sent name businesses that nobody knows.
  await open(`${PARTNER}/product-orders?status=received&kind=prefill&sort=begun`);
  await openFirst(page, open);
  await page.locator('.facts').getByRole('link').filter({ hasNotText: 'MSN' }).first().click();
  await page.getByRole('button', { name: 'View as merchant' }).click();
  await expect(page.getByRole('link', { name: /^Back to / })).toBeVisible();
}

async function openJson(page: Page): Promise<void> {
  await page.locator('summary').filter({ hasText: 'Upstream\'s answer as JSON' }).first().click();
}
