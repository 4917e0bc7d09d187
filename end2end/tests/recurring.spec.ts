import { type Locator, type Page } from '@playwright/test';
import { fill } from './support/forms';
import { unique } from './support/numbers';
import { expect, test } from './support/portal';
import { badge, refresh } from './support/recurring';

const MERCHANT = '/as/org_m_blabaer_kaffe';

test('what is reserved is captured in part, refunded and read again by its amounts', async ({ page, open, context }) => {
  await open(`${MERCHANT}/agreements/new`);
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
  await open(`${MERCHANT}/agreements?charges=failed`);
  await expect(list.chip('Last charge failed')).toBeVisible();
  const failed = await list.column('Last charge');
  expect(failed.length).toBeGreaterThan(0);
  expect(failed.filter(text => !text.includes('Failed'))).toEqual([]);
  await open(`${MERCHANT}/agreements?charges=planned&sort=next`);
  const next = (await list.column('Next charge')).map(text => text.slice(0, 10));
  expect(next.length).toBeGreaterThan(0);
  expect(next).toEqual([...next].sort());
  const own = (await list.column('Customer')).find(text => /kunde-\d+/.test(text))!;
  await open(`${MERCHANT}/agreements`);
  await list.search(/kunde-\d+/.exec(own)![0]);
  await expect(list.rows).toHaveCount(1);
});

function amounts(page: Page): Locator {
  return page.locator('section').filter({ has: page.getByRole('heading', { name: 'Amounts' }) });
}
