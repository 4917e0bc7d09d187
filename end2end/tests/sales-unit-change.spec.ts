import { deflateSync } from 'node:zlib';
import { expect, test } from './support/own-demo';

const LIST = '/as/org_kystkassa/sales-units';

test('a sales unit gets a name and a logo, is deactivated and activated again', async ({ page, openOwn }) => {
  await openOwn(LIST);
  await page.locator('#results [data-row]').first().click();
  await page.getByRole('link', { name: 'Change', exact: true }).click();

  await page.getByLabel('Name').fill('Fisk & vilt');
  await page.getByLabel('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: picture(40) });
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByLabel('Name')).toHaveValue('Fisk & vilt');
  await expect(page.getByLabel('Name')).toHaveAccessibleDescription(/& is not allowed/);
  await expect(page.getByLabel('Logo')).toHaveAccessibleDescription(/at least 100/);

  await page.getByLabel('Name').fill('Fisk og vilt');
  await page.getByLabel('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: picture(160) });
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Fisk og vilt');
  await expect(page.getByRole('main').getByRole('status')).toContainText('Changed, and fetched from Vipps MobilePay just now.');

  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await page.getByText('Deactivate', { exact: true }).click();
  await page.getByRole('button', { name: 'Deactivate this unit' }).click();
  await expect(page.getByText('has not shown this sales unit since')).toBeVisible();

  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await page.getByText('Activate', { exact: true }).click();
  await page.getByRole('button', { name: 'Activate this unit' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('Changed');
  await expect(page.getByText('has not shown this sales unit since')).toHaveCount(0);
});

/** A square PNG, all black. */
function picture(side: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([8, 0, 0, 0, 0], 8);
  const lines = deflateSync(Buffer.alloc(side * (side + 1)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', lines), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(name: string, contents: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name), contents]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(contents.length);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, checksum]);
}

/** As PNG counts it. */
function crc32(bytes: Buffer): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
}
