import { type BrowserContext, type Locator, type Page, expect } from '@playwright/test';
import { fill } from './forms';
import { unique } from './numbers';

/**
 * From the offer over the customer's yes to a charge that fails, and to the end. What the version of the API does not
 * have is not asked for; `due` is the day of the charge, empty for at once.
 */
export async function fromOfferToEnd(page: Page, open: (path: string) => Promise<unknown>, context: BrowserContext, merchant: string, due: string): Promise<void> {
  // 1 and 2: somebody wants a subscription, and it is offered.
  const product = unique('Kaffe <3');
  await open(`${merchant}/agreements`);
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
}

/** Has upstream asked for what the page shows. */
export async function refresh(page: Page): Promise<void> {
  await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
  await expect(page.getByText('Fetched from Vipps MobilePay just now.')).toBeVisible();
}

export function badge(page: Page): Locator {
  return page.locator('.page-head .lead');
}

/** A day from today, as forms take it. */
export function inDays(days: number): string {
  return new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10);
}
