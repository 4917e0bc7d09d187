import { type Page } from '@playwright/test';
import { makeTemplate } from './support/prefill';
import { SIGNED_OUT } from './support/demo';
import { expect, test } from './support/portal';

test.use({
  // The simulated Vipps MobilePay has no icon for its pages.
  toleratedComplaint: /favicon/,
});

/** A merchant's browser, which nobody has signed in with, at an address of its own. */
async function merchant(page: Page, address: string): Promise<Page> {
  const browser = page.context().browser()!;
  const javaScriptEnabled = test.info().project.use.javaScriptEnabled;
  const extraHTTPHeaders = { 'x-forwarded-for': address };
  const baseURL = process.env.PORTAL_URL;
  const context = await browser.newContext({ baseURL, javaScriptEnabled, extraHTTPHeaders, storageState: SIGNED_OUT });
  return context.newPage();
}

test('a merchant fills in the short form behind a link and goes on at Vipps MobilePay', async ({ page }, { project }) => {
  const link = await makeTemplate(page, `Public ${project.name}`, 'Welcome to us!\nFill in the rest.');
  const visitor = await merchant(page, '203.0.113.60');
  await visitor.goto(link);
  await expect(visitor.getByText('Welcome to us!')).toBeVisible();
  await expect(visitor.getByRole('heading', { name: 'What is settled' })).toBeVisible();
  await expect(visitor.getByText('demo@example.com')).toHaveCount(0);
  await visitor.getByLabel('Sales unit name').fill(`Klubb ${project.name}`);
  await visitor.getByRole('button', { name: 'Go on to Vipps MobilePay' }).click();
  await expect(visitor.getByRole('alert')).toContainText('Organisation number is missing.');
  await expect(visitor.getByLabel('Sales unit name')).toHaveValue(`Klubb ${project.name}`);
  await visitor.getByLabel('Business identifier').fill('918713867');
  await visitor.getByLabel('Intended purpose').fill('Members sign in to the pages of the club.');
  await visitor.getByRole('button', { name: 'Go on to Vipps MobilePay' }).click();
  // By itself, from the page in between.
  await expect(visitor).toHaveURL(/\/register\/prefilled\//);
  await expect(visitor.locator(`[value="Klubb ${project.name}"]`)).toBeVisible();
  await visitor.context().close();

  await page.reload();
  await page.getByRole('link', { name: `Klubb ${project.name}` }).click();
  await expect(page.getByText('By the merchant, with a template of this portal')).toBeVisible();
});

test('a link that opens nothing tells nothing', async ({ page }) => {
  const visitor = await merchant(page, '203.0.113.61');
  for (const path of ['/t/AAAAAAAAAAAAAAAAAAAAAA', '/t/short', '/t/']) {
    expect((await visitor.goto(path))!.status()).toBe(404);
    await expect(visitor.getByRole('heading', { level: 1 })).toHaveText('Not found');
  }
  await visitor.context().close();
});
