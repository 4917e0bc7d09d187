import { type Page, expect } from '@playwright/test';
import { deflateSync } from 'node:zlib';

export const NEW_ORDER = '/as/org_kystkassa/product-orders/new';
export const TEMPLATES = '/as/org_kystkassa/templates';

/** Fills in what an order needs that upstream takes. */
export async function fillIn(page: Page, salesUnitName: string): Promise<void> {
  await page.getByLabel('Market').selectOption('NO');
  await page.getByLabel('Business identifier').fill('918 713 867');
  await page.getByLabel('Sales unit name').fill(salesUnitName);
  await page.getByLabel('Product', { exact: false }).first().selectOption('LOGIN');
  await page.getByLabel('Intended purpose').fill('Members sign in to the pages of the club, where they see their bookings.');
}

/** Sends the form, and once more if there are warnings that were not shown before. */
export async function send(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Send to Vipps MobilePay' }).click();
  const sent = page.getByText('Sent. Vipps MobilePay has the order');
  const anyway = page.getByRole('button', { name: 'Send anyway' });
  await expect(sent.or(anyway)).toBeVisible();
  if (await anyway.isVisible()) await anyway.click();
  await expect(sent).toBeVisible();
}

/** A template with its public link; returns the link's path. */
export async function makeTemplate(page: Page, name: string, welcome: string): Promise<string> {
  await page.goto(`${TEMPLATES}/new`);
  await page.getByLabel('Name', { exact: false }).first().fill(name);
  await page.getByLabel('Welcome').fill(welcome);
  await page.locator('[name=market]').selectOption('NO');
  await page.getByRole('checkbox', { name: 'Lock Market' }).check();
  await page.locator('[name=product_type]').selectOption('LOGIN');
  await page.getByRole('checkbox', { name: 'Lock Product', exact: true }).check();
  await page.getByRole('button', { name: 'Keep the template' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(name);
  await page.getByRole('button', { name: 'Make a public link' }).click();
  const link = page.locator('#public-link .link a');
  await expect(link).toBeVisible();
  return new URL((await link.getAttribute('href'))!).pathname;
}

/** A PNG of one colour. */
export function png(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 8;
  const pixels = Buffer.alloc((width + 1) * height);
  const chunks = [chunk('IHDR', header), chunk('IDAT', deflateSync(pixels)), chunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), ...chunks]);
}

function chunk(name: string, body: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), body]);
  const numbers = Buffer.alloc(8);
  numbers.writeUInt32BE(body.length, 0);
  numbers.writeUInt32BE(checksum(named), 4);
  return Buffer.concat([numbers.subarray(0, 4), named, numbers.subarray(4)]);
}

/** CRC-32 as PNG counts it. */
function checksum(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
