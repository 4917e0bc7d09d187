import AxeBuilder from '@axe-core/playwright';
import { type Page } from '@playwright/test';
import { SIGNED_OUT } from './support/demo';
import { NEW_ORDER, TEMPLATES, fillIn, makeTemplate, png } from './support/prefill';
import { expect, signIn, test } from './support/portal';

const PARTNER = '/as/org_kystkassa';
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
const WIDTHS = [1280, 375];

type Open = (path: string) => Promise<unknown>;

/** Every page and state of one, by how to get there. */
const PAGES: [name: string, arrange: (page: Page, open: Open) => Promise<unknown>][] = [
  ['the choice of a business', (_, open) => open('/businesses')],
  ['a choice of businesses without a match', (_, open) => open('/businesses?q=xyzzy')],
  ['a partner’s landing page', (_, open) => open(PARTNER)],
  ['a merchant’s landing page', (_, open) => open('/as/org_m_blabaer_kaffe')],
  ['the list', (_, open) => open(`${PARTNER}/sales-units?sort=-msn&after=500000~500000&capture=nonsense`)],
  ['the filtered list', (_, open) => open(`${PARTNER}/sales-units?q=kanelbolle&capture=reserve&recurring=no&market=no`)],
  ['the list without a match', (_, open) => open(`${PARTNER}/sales-units?q=xyzzy`)],
  ['a merchant’s list', (_, open) => open('/as/org_m_blabaer_kaffe/sales-units')],
  ['a sales unit', openUnit],
  ['a sales unit that was just refreshed, with its JSON', async (page, open) => {
    await openUnit(page, open);
    await page.getByRole('main').getByRole('button', { name: 'Refresh' }).click();
    await expect(page.getByText('Fetched from Vipps MobilePay just now.')).toBeVisible();
    await page.getByText("Upstream's answer as JSON").first().click();
  }],
  ['the list of merchants', (_, open) => open(`${PARTNER}/merchants?sort=-created&market=no&status=active`)],
  ['the list of merchants without a match', (_, open) => open(`${PARTNER}/merchants?q=xyzzy&state=gone`)],
  ['a merchant', async (page, open) => {
    await open(`${PARTNER}/merchants?q=kanelbolle`);
    await page.locator('#results [data-row]').first().click();
    await page.getByText("Upstream's answer as JSON").first().click();
  }],
  ['the members', (_, open) => open(`${PARTNER}/members`)],
  ['a user ID that is none', (_, open) => open(`${PARTNER}/members?person=12345`)],
  ['a member', async (page, open) => {
    await open(`${PARTNER}/members`);
    await page.locator('#results [data-row]').first().click();
  }],
  ['the settings', (_, open) => open(`${PARTNER}/settings`)],
  ['changing a sales unit', async (page, open) => {
    await openUnit(page, open);
    await page.getByRole('link', { name: 'Change', exact: true }).click();
    await page.getByText('Deactivate', { exact: true }).click();
  }],
  ['the price packages', (_, open) => open(`${PARTNER}/price-packages?market=NO`)],
  ['the webhooks', (_, open) => open(`${PARTNER}/webhooks?q=till&event=epayment`)],
  ['a webhook', async (page, open) => {
    await open(`${PARTNER}/webhooks?scope=all`);
    await open((await page.locator('#results [data-row]').first().getAttribute('href'))!);
    await page.getByText('How deliveries are signed').click();
    await page.getByText('Delete this webhook').click();
  }],
  ['a form for a webhook that was refused', async (page, open) => {
    await open(`${PARTNER}/webhooks/new`);
    await page.getByLabel('URL').fill('https://printer.local/');
    await page.getByRole('button', { name: 'Register' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
  }],
  ['the coverage of webhooks', (_, open) => open(`${PARTNER}/webhooks/coverage?without=user.checked-in.v1`)],
  ['the form of a product order', (_, open) => open(NEW_ORDER)],
  ['a product order that is to be corrected', async (page, open) => {
    await open(NEW_ORDER);
    await fillIn(page, 'Fish & Chips');
    await page.getByLabel('Business identifier').fill('1');
    await page.getByLabel('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: png(120, 100) });
    await page.getByRole('button', { name: 'Check' }).click();
    await expect(page.getByAltText('The logo as it was uploaded')).toBeVisible();
  }],
  ['the list of templates', (_, open) => open(TEMPLATES)],
  ['the archive of templates', (_, open) => open(`${TEMPLATES}?archived=yes`)],
  ['a template with its link', page => makeTemplate(page, 'Accessible', 'Welcome!')],
  ['an order with a template', async page => {
    await makeTemplate(page, 'Accessible', 'Welcome!');
    await page.getByRole('link', { name: 'Send an order with this template' }).click();
    await expect(page.getByText('Fixed by the template.').first()).toBeVisible();
  }],
  ['the form behind a link', async page => {
    await page.goto(await makeTemplate(page, 'Accessible', 'Welcome!'));
    await page.getByRole('button', { name: 'Go on to Vipps MobilePay' }).click();
    await expect(page.getByRole('alert')).toBeVisible();
  }],
  ['an organisation that is not there', (_, open) => open('/as/org_nope')],
  ['a sales unit that is not there', (_, open) => open(`${PARTNER}/sales-units/999999`)],
  ['the profile', (_, open) => open('/profile')],
  ['the open switcher', async (page, open) => {
    await open(`${PARTNER}/sales-units?q=kanelbolle`);
    await page.keyboard.press('Control+k');
    await expect(page.getByRole('searchbox', { name: 'Find a business to act as' })).toBeFocused();
  }],
  ['the keys', async (page, open) => {
    await open(`${PARTNER}/sales-units?q=kanelbolle`);
    await page.keyboard.press('?');
    await expect(page.getByRole('dialog', { name: 'Keys' })).toBeVisible();
  }],
];

const PAGES_FOR_ANYBODY: typeof PAGES = [
  ['signing in', (_, open) => open('/login')],
  ['signing in for a page', (_, open) => open(PARTNER)],
  ['signing in that was refused', async (page, open) => {
    await open('/login');
    await signIn(page, { email: 'accessibility@example.com', password: 'a wrong password' });
    await expect(page.getByRole('alert')).toBeVisible();
  }],
];

for (const [name, arrange] of PAGES) check(name, arrange);

test.describe('before signing in', () => {
  test.use({ storageState: SIGNED_OUT });
  for (const [name, arrange] of PAGES_FOR_ANYBODY) check(name, arrange);
});

function check(name: string, arrange: (page: Page, open: Open) => Promise<unknown>): void {
  test(`${name}: is accessible in light and dark, wide and narrow, and fits 320 pixels`, async ({ page, open }) => {
    await page.emulateMedia({ reducedMotion: 'reduce' });
    await arrange(page, open);
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme });
        const { violations } = await new AxeBuilder({ page }).withTags(RULES).setLegacyMode().analyze();
        expect.soft(violations.map(readable), `${width} px, ${colorScheme}`).toEqual([]);
      }
    }
    await page.setViewportSize({ width: 320, height: 700 });
    const overhang = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    expect.soft(overhang, 'pixels to scroll sideways').toBeLessThanOrEqual(0);
  });
}

async function openUnit(page: Page, open: Open): Promise<void> {
  await open(`${PARTNER}/sales-units?q=kanelbolle`);
  await open((await page.locator('#results [data-row]').first().getAttribute('href'))!);
}

type Violation = Awaited<ReturnType<AxeBuilder['analyze']>>['violations'][number];

function readable({ id, help, nodes }: Violation): string {
  const places = nodes.slice(0, 3).map(node => `${node.target.join(' ')}: ${node.failureSummary?.replace(/\s+/g, ' ')}`);
  return `${id}: ${help} (${nodes.length})\n    ${places.join('\n    ')}`;
}
