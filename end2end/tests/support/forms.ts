import { type Locator, type Page } from '@playwright/test';
import { accountNumber, organisationNumber, unique } from './numbers';

/** A field of a form by its label. */
export function field(page: Page, label: string): Locator {
  return page.getByRole('main').getByLabel(wording(label));
}

/** A field of a product order with all that is said beside it. */
export function beside(page: Page, label: string | RegExp): Locator {
  return page.locator('.asked').filter({ has: page.getByLabel(typeof label === 'string' ? wording(label) : label) });
}

function wording(label: string): RegExp {
  const escaped = label.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped}(\\s*required)?$`);
}

/** Fills in fields by their labels: text is typed, selections are chosen by what they show, or by its beginning. */
export async function fill(page: Page, values: Record<string, string>): Promise<void> {
  for (const [label, value] of Object.entries(values)) {
    const control = field(page, label);
    if ((await control.evaluate(control => control.tagName)) === 'SELECT') await choose(control, value);
    else await control.fill(value);
  }
}

async function choose(control: Locator, value: string): Promise<void> {
  const labels = await control.locator('option').allInnerTexts();
  await control.selectOption({ label: labels.find(label => label === value) ?? labels.find(label => label.startsWith(value)) ?? value });
}

/** All that upstream asks about a Norwegian web shop, of a business that has nothing yet. */
export function webShop(more: Record<string, string> = {}): Record<string, string> {
  return {
    Market: 'Norway',
    'Business identifier': organisationNumber(),
    'Sales unit name': unique('Garn og ull'),
    Product: 'Payment integration',
    'Use case': 'Website',
    'Intended purpose': 'Yarn and knitting patterns, sold to people at home in a web shop.',
    'Price package': 'Online standard NO',
    Website: 'https://garn.example/',
    'Terms page': 'https://garn.example/terms',
    'Account number': accountNumber(),
    ...more,
  };
}

/** Sends a product order through the form, and comes to its page. */
export async function sendOrder(page: Page, open: (path: string) => Promise<unknown>, partner: string, values = webShop()): Promise<string> {
  await open(`/as/${partner}/product-orders/new`);
  await fill(page, values);
  await send(page);
  await page.waitForURL(/\/product-orders\/[0-9a-f-]{36}\?did=sent/);
  return new URL(page.url()).pathname;
}

/** Sends the form of a product order, with whatever may delay it, and comes to the order's page. */
export async function send(page: Page): Promise<void> {
  await page.getByRole('button', { name: /^Send (to|anyway)/ }).click();
  const anyway = page.getByRole('button', { name: 'Send anyway' });
  const sent = page.getByRole('heading', { name: 'What has happened' });
  await page.locator('#warnings').or(sent).first().waitFor();
  if (await anyway.isVisible()) await anyway.click();
  await sent.waitFor();
}

/** Ticks the boxes that lock these fields of a template. */
export async function lock(page: Page, ...labels: string[]): Promise<void> {
  for (const label of labels) await page.getByRole('checkbox', { name: `Lock ${label}`, exact: true }).check();
}
