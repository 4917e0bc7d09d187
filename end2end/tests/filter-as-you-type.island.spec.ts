import { expect, test } from './support/portal';
import { fold } from './support/search-text';

const PARTNER = '/as/org_kystkassa/sales-units';

test('rows and address follow the typing, and the focus stays in the box', async ({ page, open, list }) => {
  await open(PARTNER);
  await page.evaluate(() => Object.assign(window, { samePage: true }));
  await list.box.pressSequentially('kaf');
  await expect(page).toHaveURL(`${PARTNER}?q=kaf`);
  await expect(list.count).toContainText('match');
  const wide = await list.counted();
  await list.box.pressSequentially('fe sol');
  await expect(page).toHaveURL(`${PARTNER}?q=kaffe+sol`);
  await expect(list.box).toBeFocused();
  await expect(list.box).toHaveValue('kaffe sol');
  expect((await list.counted()).matching).toBeLessThan(wide.matching);

  await list.box.clear();
  await expect(page).toHaveURL(PARTNER);
  await expect(list.rows).toHaveCount(50);
  expect(await page.evaluate(() => 'samePage' in window)).toBe(true);
});

test('Enter in the box loads no other page', async ({ page, open, list }) => {
  await open(PARTNER);
  await page.evaluate(() => Object.assign(window, { samePage: true }));
  await list.box.fill('kanelbolle');
  await list.box.press('Enter');
  await expect(page).toHaveURL(`${PARTNER}?q=kanelbolle`);
  await expect(list.rows.first()).toContainText('Kanelbolle');
  expect(await page.evaluate(() => 'samePage' in window)).toBe(true);
});

test('an answer to older text that comes late is not shown', async ({ page, open, list }) => {
  await open(PARTNER);
  let release = () => {};
  const released = new Promise<void>(resolve => (release = resolve));
  let asked = () => {};
  const olderAsked = new Promise<void>(resolve => (asked = resolve));
  let answered = () => {};
  const olderAnswered = new Promise<void>(resolve => (answered = resolve));
  await page.route(
    url => url.searchParams.get('q') === 'apotek',
    async route => {
      asked();
      const response = await route.fetch();
      await released;
      // The browser may have given up on it.
      await route.fulfill({ response }).catch(() => {});
      answered();
    },
  );
  await list.box.fill('apotek');
  await olderAsked;
  await list.box.fill('kanelbolle');
  await expect(page).toHaveURL(`${PARTNER}?q=kanelbolle`);
  await expect(list.rows.first()).toContainText('Kanelbolle');
  release();
  await olderAnswered;
  // One more round through the page's own queue: whatever was to come of the late answer has come.
  await page.evaluate(() => fetch('/healthz').then(() => undefined));
  await expect(page).toHaveURL(`${PARTNER}?q=kanelbolle`);
  expect((await list.names()).filter(name => !fold(name).includes('kanelbolle'))).toEqual([]);
});

test('choosing a facet changes the rows at once', async ({ page, open, list }) => {
  await open(PARTNER);
  await list.form.getByText('Filters').click();
  await list.form.locator('select[name="capture"]').selectOption('direct');
  await expect(page).toHaveURL(`${PARTNER}?capture=direct`);
  await expect(list.chip('Capture: Direct capture')).toBeVisible();
});

test('typing keeps the order and starts at the first page', async ({ page, open, list }) => {
  await open(`${PARTNER}?sort=-msn`);
  await list.pages.getByRole('link', { name: 'Next page' }).click();
  await list.expectQuery({ sort: '-msn' });
  await expect(page.locator('html')).toHaveClass(/scripted/);
  await list.search('kaf');
  await expect(page).toHaveURL(`${PARTNER}?q=kaf&sort=-msn`);
  await expect(list.heading('MSN')).toHaveAttribute('aria-sort', 'descending');
  await expect(list.pages).toContainText('1–50');
});

test('what is typed before the script has loaded is searched for once it has', async ({ page, list }) => {
  let release = () => {};
  const released = new Promise<void>(resolve => (release = resolve));
  await page.route(/\.wasm$/, async route => {
    await released;
    await route.continue();
  });
  await page.goto(PARTNER, { waitUntil: 'commit' });
  await list.box.fill('kanelbolle');
  release();
  await expect(page).toHaveURL(`${PARTNER}?q=kanelbolle`);
  await expect(list.rows.first()).toContainText('Kanelbolle');
});

test.describe('when the portal is busy for a moment', () => {
  test.use({ toleratedComplaint: /status of 503/ });

  test('what was typed is shown all the same', async ({ page, open, list }) => {
    await open(PARTNER);
    let busy = true;
    await page.route(url => url.searchParams.get('q') === 'kaf', async route => {
      if (!busy) return route.continue();
      busy = false;
      await route.fulfill({ status: 503, body: 'busy' });
    });
    await list.box.fill('kaf');
    await expect(page).toHaveURL(`${PARTNER}?q=kaf`);
    await expect(list.box).toHaveValue('kaf');
    await expect(list.count).toContainText('match');
  });
});

test('businesses are filtered as one types', async ({ page, open, list }) => {
  await open('/businesses');
  await list.box.pressSequentially('kystk');
  await expect(list.rows).toHaveCount(1);
  await expect(page).toHaveURL('/businesses?q=kystk');
  await expect(list.box).toBeFocused();
});
