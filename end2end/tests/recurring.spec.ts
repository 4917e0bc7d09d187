import { type Locator, type Page } from '@playwright/test';
import { fill } from './support/forms';
import { unique } from './support/numbers';
import { expect, test } from './support/portal';

/** A merchant for each version of the Recurring API: both are chosen, so that neither depends on what is found out. */
const VERSIONS = [
  { label: 'Version 1, of 2018', merchant: '/as/org_m_raksmorgas_kaffe', due: inDays(2) },
  { label: 'Version 3, today\'s', merchant: '/as/org_m_blabaer_kaffe', due: '' },
] as const;

for (const { label, merchant, due } of VERSIONS) {
  test(`${label}: from the offer over the customer’s yes to a charge that fails, and to the end`, async ({ page, open, context }) => {
    await open(`${merchant}/agreements`);
    await page.locator('summary').filter({ hasText: 'Change the version' }).click();
    await page.getByLabel('Version of the Recurring API').selectOption({ label });
    await page.getByRole('button', { name: 'Choose it' }).click();
    await expect(page.getByText(`Recurring API: ${label}, chosen by an admin.`)).toBeVisible();

    // 1 and 2: somebody wants a subscription, and it is offered.
    const product = unique('Kaffe <3');
    await page.getByRole('link', { name: 'Offer an agreement' }).click();
    await fill(page, {
      Product: product,
      Description: 'En pose i måneden',
      'Phone number': '+47 987 65 432',
      'Where the customer goes afterwards': 'https://kaffe.example/takk',
      'Where the customer manages the subscription': 'https://kaffe.example/min-side',
    });
    await page.getByRole('button', { name: 'Offer it' }).click();
    await expect(page.getByRole('alert')).toContainText('Nothing is offered yet');
    await expect(page.getByLabel('Product')).toHaveValue(product);
    await page.getByLabel(/^Price/).fill('199,00');
    await page.getByRole('button', { name: 'Offer it' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(product);
    await expect(page.getByRole('status').filter({ hasText: 'Offered to the customer.' })).toBeVisible();
    const agreement = new URL(page.url()).pathname;
    await expect(page.getByRole('img', { name: 'QR code of the customer\'s link' })).toBeVisible();
    const link = (await page.locator('#link p.link').getByRole('link').getAttribute('href'))!;
    await expect(page.getByRole('main')).toContainText('•••••432');
    await expect(page.getByRole('main')).not.toContainText('98765432');
    await expect(page.getByRole('button', { name: 'New charge' })).toBeDisabled();

    // 3: the customer approves, and comes back to the shop's page, which is no place to go to here.
    const customer = await context.newPage();
    await customer.goto(link);
    await customer.getByRole('button', { name: 'Approve' }).click();
    await expect(customer.getByRole('button', { name: 'Let a day pass' })).toBeVisible();

    // 4: the merchant sees it.
    await refresh(page);
    await expect(badge(page)).toContainText('Active');

    // 5: a charge; what ends with .01 fails.
    await page.getByRole('link', { name: 'New charge' }).click();
    await fill(page, { 'Amount in NOK': '150.01', 'What it is for': 'November', Day: due, 'If it fails, try again for so many days': '0' });
    await page.getByRole('button', { name: 'Make the charge' }).click();
    await expect(page.getByRole('status').filter({ hasText: /Charge made: NOK\s150\.01/ })).toBeVisible();

    // 6: it fails, is found by its reason, and the subscription is ended.
    for (let day = 0; day < 4; day++) {
      await customer.getByRole('button', { name: 'Let a day pass' }).click();
    }
    await refresh(page);
    await expect(page.locator('#charges').getByRole('row').filter({ hasText: 'November' })).toContainText('Failed');
    await page.getByRole('link', { name: 'Where they fail' }).click();
    const failed = page.getByRole('row').filter({ hasText: product });
    await expect(failed).toContainText(/NOK\s150\.01/);
    await expect(failed.getByRole('link', { name: 'New charge' })).toBeVisible();
    await failed.getByRole('link', { name: 'November', exact: true }).click();
    await expect(page.getByRole('heading', { name: 'Why it failed' })).toBeVisible();
    await expect(page.getByRole('button', { name: 'Refund' })).toBeDisabled();

    await open(agreement);
    await page.locator('summary').filter({ hasText: 'Stop this agreement' }).click();
    await page.getByRole('button', { name: 'Stop the agreement' }).click();
    await expect(page.getByRole('status').filter({ hasText: 'Stopped.' })).toBeVisible();
    await expect(badge(page)).toContainText('Stopped');
    await expect(page.getByRole('button', { name: 'Stop this agreement' })).toBeDisabled();
    await customer.reload();
    await expect(customer.getByText(/stopped/i).first()).toBeVisible();
  });
}

test('what is reserved is captured in part, refunded and read again by its amounts', async ({ page, open, context }) => {
  const merchant = '/as/org_m_blabaer_kaffe';
  await open(`${merchant}/agreements/new`);
  await fill(page, {
    Product: unique('Kaffe'),
    'Price, or the maximum': '199',
    'Where the customer goes afterwards': 'https://kaffe.example/takk',
  });
  // Upstream knows that the merchant is Norwegian; what was typed is not lost.
  await page.getByRole('button', { name: 'Offer it' }).click();
  await expect(page.getByRole('alert')).toContainText('Vipps MobilePay refused it: merchantAgreementUrl');
  await expect(page.getByLabel('Price, or the maximum')).toHaveValue('199');
  await fill(page, { 'Where the customer manages the subscription': 'https://kaffe.example/min-side' });
  await page.getByRole('button', { name: 'Offer it' }).click();
  const link = (await page.locator('#link p.link').getByRole('link').getAttribute('href'))!;
  const agreement = new URL(page.url()).pathname;
  const customer = await context.newPage();
  await customer.goto(link);
  await customer.getByRole('button', { name: 'Approve' }).click();
  await refresh(page);

  await open(`${agreement}/charges/new`);
  await fill(page, { 'Amount in NOK': '100', 'What it is for': 'A cup', Day: '' });
  await page.getByLabel('Only reserve it').check();
  await page.getByRole('button', { name: 'Make the charge' }).click();
  await page.locator('#charges').getByRole('link', { name: 'A cup' }).click();
  await expect(badge(page)).toContainText('Reserved');

  await page.locator('summary').filter({ hasText: 'Capture' }).click();
  await page.getByLabel('Amount in NOK').first().fill('100.01');
  await page.getByRole('button', { name: 'Capture the amount' }).click();
  await expect(page.locator('.fault').filter({ hasText: /Only NOK\s100\.00 is reserved\./ })).toBeVisible();
  await expect(page.getByLabel('Amount in NOK').first()).toHaveValue('100.01');
  await page.getByLabel('Amount in NOK').first().fill('60');
  await page.getByRole('button', { name: 'Capture the amount' }).click();
  await expect(page.getByRole('status').filter({ hasText: /Captured NOK\s60\.00\./ })).toBeVisible();
  await expect(badge(page)).toContainText('Partly captured');

  await page.locator('summary').filter({ hasText: 'Refund' }).click();
  const refund = page.locator('details').filter({ has: page.getByRole('button', { name: 'Pay it back' }) });
  await refund.getByLabel(/^Amount in NOK/).fill('10');
  await refund.getByLabel(/^Why/).fill('A broken cup');
  await refund.getByRole('button', { name: 'Pay it back' }).click();
  await expect(page.getByRole('status').filter({ hasText: /Refunded NOK\s10\.00\./ })).toBeVisible();
  await expect(amounts(page)).toContainText(/Captured\s*NOK\s60\.00\s*Refunded\s*NOK\s10\.00/);
});

test('agreements are found by their own id, narrowed by how their charges go, and sorted by the next one', async ({ page, open, list }) => {
  await open('/as/org_m_blabaer_kaffe/agreements?charges=failed');
  await expect(list.chip('Last charge failed')).toBeVisible();
  const failed = await list.column('Last charge');
  expect(failed.length).toBeGreaterThan(0);
  expect(failed.filter(text => !text.includes('Failed'))).toEqual([]);
  await open('/as/org_m_blabaer_kaffe/agreements?charges=planned&sort=next');
  const next = (await list.column('Next charge')).map(text => text.slice(0, 10));
  expect(next.length).toBeGreaterThan(0);
  expect(next).toEqual([...next].sort());
  const own = (await list.column('Customer')).find(text => /kunde-\d+/.test(text))!;
  await open('/as/org_m_blabaer_kaffe/agreements');
  await list.search(/kunde-\d+/.exec(own)![0]);
  await expect(list.rows).toHaveCount(1);
});

async function refresh(page: Page): Promise<void> {
  await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
  await expect(page.getByText('Fetched from Vipps MobilePay just now.')).toBeVisible();
}

function badge(page: Page): Locator {
  return page.locator('.page-head .lead');
}

function amounts(page: Page): Locator {
  return page.locator('section').filter({ has: page.getByRole('heading', { name: 'Amounts' }) });
}

/** A day from today, as forms take it. */
function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
