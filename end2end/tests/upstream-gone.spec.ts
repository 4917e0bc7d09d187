import { type Page } from '@playwright/test';
import { Demo, makeFolder, removeFolder, SIGNED_OUT } from './support/demo';
import { expect, signIn, test as base } from './support/portal';

const GONE = ['--fault', 'error=503:100%'];
const SMALL = ['--sales-units', '60'];
const PARTNER = '/as/org_kystkassa';

const test = base.extend<{ folder: string }>({
  folder: async ({}, use) => {
    const folder = await makeFolder();
    await use(folder);
    await removeFolder(folder);
  },
});

// Demos of a test end before its page is closed, which may still be asking for something.
test.use({ storageState: SIGNED_OUT, toleratedComplaint: /ERR_CONNECTION_REFUSED/ });

test('a portal whose upstream has never answered says so on pages that answer', async ({ page, folder }) => {
  const demo = await Demo.start(folder, ...SMALL, ...GONE);
  try {
    await page.goto(`${demo.url}/login`);
    await signIn(page);
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    await page.goto(`${demo.url}${PARTNER}/sales-units`);
    await upstreamIsSaidToBeGone(page);
    await expect(page.locator('#freshness')).toContainText('Not synced yet');
    await expect(page.locator('#results')).toContainText('Nothing fetched yet');
    for (const path of ['/businesses', PARTNER, '/profile', `${PARTNER}/sales-units?q=kaf`]) {
      const response = await page.goto(demo.url + path);
      expect(response!.status(), path).toBe(200);
    }
  } finally {
    await demo.stop();
  }
});

test('when upstream goes away the copy stays, with its age and the reason', async ({ page, folder }) => {
  const before = await Demo.start(folder, ...SMALL);
  await before.synced();
  await before.stop();
  const demo = await Demo.start(folder, ...SMALL, ...GONE);
  try {
    await page.goto(`${demo.url}/login?next=${PARTNER}/sales-units`);
    await signIn(page);
    const rows = page.locator('#results [data-row]');
    await expect(rows).not.toHaveCount(0);
    const names = await rows.allInnerTexts();

    await page.locator('#freshness').getByRole('button', { name: 'Refresh' }).click();
    await upstreamIsSaidToBeGone(page);
    await expect(page.locator('#freshness')).toContainText(/Synced .*(just now|ago)/);
    await expect(rows).toHaveText(names);

    await rows.first().click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(names[0]);
    await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
    await expect(page.getByRole('alert')).toContainText('Vipps MobilePay did not answer. What is shown is from before.');
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(names[0]);
    await expect(page.getByText(/Details fetched .*(just now|ago)/)).toBeVisible();

    for (const path of ['/businesses', PARTNER, '/profile', `${PARTNER}/sales-units?q=kaf`]) {
      const response = await page.goto(demo.url + path);
      expect(response!.status(), path).toBe(200);
    }
  } finally {
    await demo.stop();
  }
});

/** Waits until the portal has noticed, looking again and again as somebody without script does. */
async function upstreamIsSaidToBeGone(page: Page): Promise<void> {
  await expect(async () => {
    await page.reload();
    await expect(page.locator('#freshness')).toContainText(/Vipps MobilePay (does|did|has) not answer/, { timeout: 500 });
  }).toPass();
}
