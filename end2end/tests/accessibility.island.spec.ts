import AxeBuilder from '@axe-core/playwright';
import { type Page } from '@playwright/test';
import { SIGNED_OUT, VIEWER } from './support/demo';
import { ISLANDS, makeTemplate, PAGES, PAGES_BY_LINK, PAGES_FOR_ANYBODY, PAGES_FOR_VIEWERS, signedOut } from './support/pages';
import { expect, signIn, test } from './support/portal';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
/** Each page is looked at wide and narrow, and light and dark; which goes with which takes turns. */
const LOOKS = [
  [{ width: 1280, colorScheme: 'light' }, { width: 375, colorScheme: 'dark' }],
  [{ width: 1280, colorScheme: 'dark' }, { width: 375, colorScheme: 'light' }],
] as const;
const NARROW = [375, 320];

const PROMISE = 'is accessible wide and narrow, light and dark, and fits 320 pixels';

let turn = 0;

for (const [name, arrange] of [...PAGES, ...ISLANDS]) {
  const looks = LOOKS[turn++ % 2];
  test(`${name}: ${PROMISE}`, async ({ page, open }) => {
    await arrange(page, open);
    await check(page, looks);
  });
}

test.describe('for somebody who may change nothing', () => {
  test.use({ storageState: SIGNED_OUT });
  for (const [name, arrange] of PAGES_FOR_VIEWERS) {
    const looks = LOOKS[turn++ % 2];
    test(`${name}: ${PROMISE}`, async ({ page, open }) => {
      await open('/login');
      await signIn(page, VIEWER);
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
      await arrange(page, open);
      await check(page, looks);
    });
  }
});

test.describe('before signing in', () => {
  test.use({ storageState: SIGNED_OUT });
  for (const [name, arrange] of PAGES_FOR_ANYBODY) {
    const looks = LOOKS[turn++ % 2];
    test(`${name}: ${PROMISE}`, async ({ page, open }) => {
      await arrange(page, open);
      await check(page, looks);
    });
  }
});

test.describe('behind a template’s link', () => {
  for (const [name, arrange] of PAGES_BY_LINK) {
    const looks = LOOKS[turn++ % 2];
    test(`${name}: ${PROMISE}`, async ({ page, open, browser }) => {
      const { link } = await makeTemplate(page, open);
      const merchant = await signedOut(browser, true);
      await arrange(merchant, link);
      await check(merchant, looks);
      await merchant.context().close();
    });
  }
});

async function check(page: Page, looks: (typeof LOOKS)[number]): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const { width, colorScheme } of looks) {
    await page.setViewportSize({ width, height: 900 });
    await page.emulateMedia({ colorScheme });
    const { violations } = await new AxeBuilder({ page }).withTags(RULES).setLegacyMode().analyze();
    expect.soft(violations.map(readable), `${width} px, ${colorScheme}`).toEqual([]);
  }
  for (const width of NARROW) {
    await page.setViewportSize({ width, height: 700 });
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect.soft(overhang, `pixels to scroll sideways at ${width}`).toBeLessThanOrEqual(0);
  }
}

type Violation = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'][number];

function readable({ id, help, nodes }: Violation): string {
  const places = nodes.slice(0, 3).map(node => `${node.target.join(' ')}: ${node.failureSummary?.replace(/\s+/g, ' ')}`);
  return `${id}: ${help} (${nodes.length})\n    ${places.join('\n    ')}`;
}
