import { Demo, makeFolder, removeFolder, SIGNED_OUT } from './support/demo';
import { expect, islands, signIn, test } from './support/portal';

// Demos of a test end before its page is closed, which may still be asking for something.
test.use({ storageState: SIGNED_OUT, toleratedComplaint: /ERR_CONNECTION_REFUSED/ });

test('progress and rows keep themselves up to date while they are being fetched', async ({ page, list }) => {
  const folder = await makeFolder();
  const demo = await Demo.start(folder, '--sales-units', '400', '--rate-limit', '20');
  try {
    await page.goto(`${demo.url}/login?next=/as/org_kystkassa/sales-units`);
    await signIn(page);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sales units');
    await islands(page);
    await page.evaluate(() => Object.assign(window, { samePage: true }));

    const progress = page.locator('#freshness').getByRole('progressbar');
    await expect(progress).toBeVisible();
    const done = () => progress.evaluate((bar: HTMLProgressElement) => bar.value, undefined, { timeout: 5_000 });
    const fetched = () => list.results.getByText('Not fetched yet').count();
    const [first, missing] = [await done(), await fetched()];
    // The bar is another one's once everything of the first kind is there.
    await expect.poll(done).not.toBe(first);
    await expect.poll(fetched).toBeLessThan(missing);

    // Who reads a row is not to have it changed under the fingers.
    await list.rows.first().focus();
    const second = await done();
    await expect.poll(done).not.toBe(second);
    await expect(list.rows.first()).toBeFocused();
    expect(await page.evaluate(() => 'samePage' in window)).toBe(true);
  } finally {
    await demo.stop();
    await removeFolder(folder);
  }
});
