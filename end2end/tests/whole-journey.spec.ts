import { fill, lock } from './support/forms';
import { accountNumber, organisationNumber, unique } from './support/numbers';
import { signedOut } from './support/pages';
import { expect, islands, test } from './support/portal';

const PARTNER = '/as/org_nordbetaling';

test('from a template over its public link, the merchant’s form, upstream’s page and its approval to a sales unit whose price package is known', async ({ page, open, browser, scripted }) => {
  test.slow();
  const [template, shop, number] = [unique('Small web shops'), unique('Strikk og garn'), organisationNumber()];

  // The operator makes a template, with what is always the same locked.
  await open(PARTNER);
  await page.getByRole('link', { name: 'Order templates' }).click();
  await page.getByRole('link', { name: 'New template' }).click();
  await fill(page, {
    Name: template,
    Welcome: 'Welcome! This takes two minutes.\nQuestions: help@nordbetaling.example',
    Market: 'Norway',
    Product: 'Payment integration',
    'Use case': 'Website',
    'Price package': 'Online standard NO',
  });
  await lock(page, 'Market', 'Product', 'Use case', 'Price package');
  await page.getByRole('button', { name: 'Keep the template' }).click();
  await expect(page.getByText('The template is made.')).toBeVisible();
  await page.getByRole('button', { name: 'Make a public link' }).click();
  await expect(page.getByText('The link works now.')).toBeVisible();
  await expect(page.getByRole('img', { name: 'QR code of the template\'s public link' })).toBeVisible();
  const link = await page.locator('#public-link').getByRole('link').innerText();

  // The merchant opens the link in a browser that nobody has signed in with.
  const merchant = await signedOut(browser, scripted);
  await merchant.goto(link);
  await expect(merchant.getByRole('heading', { level: 1 })).toHaveText('Order Vipps MobilePay');
  await expect(merchant.getByText('This takes two minutes.')).toBeVisible();
  const settled = merchant.locator('section').filter({ has: merchant.getByRole('heading', { name: 'What is settled' }) });
  await expect(settled).toContainText(/Market\s*Norway/);
  await expect(settled).toContainText(/Product\s*Payment integration/);
  await expect(settled).toContainText(/Price package\s*Online standard NO/);
  await expect(merchant.getByLabel('Price package')).toHaveCount(0);
  await fill(merchant, {
    'Business identifier': number,
    'Sales unit name': shop,
    'Intended purpose': 'Yarn and knitting patterns, sold to people at home in a web shop.',
    Website: 'https://strikk.example/',
    'Terms page': 'https://strikk.example/terms',
    'Account number': accountNumber(),
  });
  await merchant.getByRole('button', { name: 'Go on to Vipps MobilePay' }).click();

  // The page in between goes on by itself, to where the form is filled in already.
  await merchant.waitForURL(/\/register\/prefilled\//);
  await expect(merchant.getByLabel('Registered in')).toHaveValue('business:NO:ORG');
  await expect(merchant.getByLabel('Business identifier')).toHaveValue(number);
  await expect(merchant.getByLabel('Sales unit name')).toHaveValue(shop);
  await expect(merchant.getByText('Price package: Online standard NO')).toBeVisible();
  await merchant.getByRole('button', { name: 'Submit order' }).click();
  // Whoever decides about it says yes.
  await expect(merchant.getByText(number)).toBeVisible();
  await merchant.getByRole('button', { name: 'Approve' }).click();
  await expect(merchant.getByRole('heading', { level: 1 })).toHaveText('Order approved');
  await merchant.context().close();

  // The partner sees the order done, and where it came from.
  await page.getByRole('link', { name: 'Product orders', exact: true }).click();
  const row = page.getByRole('row').filter({ hasText: shop });
  await expect(row).toContainText(`Template: ${template}`);
  await row.getByRole('link', { name: shop }).click();
  if (scripted) await islands(page);
  await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
  const order = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Order', exact: true }) });
  await expect(order).toContainText(/Status\s*Completed/);
  await expect(order).toContainText('By the merchant, with a template of this portal');
  await expect(order.getByRole('link', { name: template })).toBeVisible();
  const address = new URL(page.url()).pathname;

  // Its sales unit is there, with its price package.
  await order.getByRole('link', { name: /^MSN/ }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(shop);
  const price = page.locator('#price-package');
  await expect(price).toContainText(/Package\s*Online standard NO/);
  await expect(price).toContainText(/Market\s*Norway/);
  await expect(price).toContainText('Known from the product order sent');
  await price.getByRole('link', { name: 'product order sent' }).click();
  expect(new URL(page.url()).pathname).toBe(address);
});
