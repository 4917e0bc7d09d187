import AxeBuilder from '@axe-core/playwright';
import { type Page } from '@playwright/test';
import { SIGNED_OUT, VIEWER } from './support/demo';
import { ISLANDS, makeTemplate, PAGES, PAGES_BY_LINK, PAGES_FOR_ANYBODY, PAGES_FOR_VIEWERS, signedOut } from './support/pages';
import { expect, signIn, test } from './support/portal';

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WIDTHS = [1280, 375];
const NARROW = [375, 320];

const PROMISE = 'is accessible in light and dark, wide and narrow, and fits 320 pixels';

for (const [name, arrange] of [...PAGES, ...ISLANDS]) {
  test(`${name}: ${PROMISE}`, async ({ page, open }) => {
    await arrange(page, open);
    await check(page);
  });
}

test.describe('for somebody who may change nothing', () => {
  test.use({ storageState: SIGNED_OUT });
  for (const [name, arrange] of PAGES_FOR_VIEWERS) {
    test(`${name}: ${PROMISE}`, async ({ page, open }) => {
      await open('/login');
      await signIn(page, VIEWER);
      await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
      await arrange(page, open);
      await check(page);
    });
  }
});

test.describe('before signing in', () => {
  test.use({ storageState: SIGNED_OUT });
  for (const [name, arrange] of PAGES_FOR_ANYBODY) {
    test(`${name}: ${PROMISE}`, async ({ page, open }) => {
      await arrange(page, open);
      await check(page);
    });
  }
});

test.describe('behind a template’s link', () => {
  for (const [name, arrange] of PAGES_BY_LINK) {
    test(`${name}: ${PROMISE}`, async ({ page, open, browser }) => {
      const { link } = await makeTemplate(page, open);
      const merchant = await signedOut(browser, true);
      await arrange(merchant, link);
      await check(merchant);
      await merchant.context().close();
    });
  }
});

async function check(page: Page): Promise<void> {
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      const { violations } = await new AxeBuilder({ page }).withTags(RULES).setLegacyMode().analyze();
      expect.soft(violations.map(readable), `${width} px, ${colorScheme}`).toEqual([]);
    }
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
