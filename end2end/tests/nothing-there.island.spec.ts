import AxeBuilder from '@axe-core/playwright';
import { Demo, makeFolder, removeFolder, SIGNED_OUT } from './support/demo';
import { expect, islands, signIn, test } from './support/portal';

// Demos of a test end before its page is closed, which may still be asking for something.
test.use({ storageState: SIGNED_OUT, toleratedComplaint: /ERR_CONNECTION_REFUSED/ });

const LISTS: [section: string, sentence: string][] = [
  ['product-orders', 'No product order names this partner yet.'],
  ['merchants', 'No merchants'],
  ['price-packages', 'Vipps MobilePay shows no price packages for this partner.'],
  ['webhooks', 'Vipps MobilePay shows no webhooks of this partner or of its sales units.'],
  ['sales-units', 'No sales units'],
  ['templates', 'No templates yet'],
  ['webhooks/coverage', 'Webhook coverage'],
];

test('a partner of whom upstream shows nothing at all is told so on every list, and can go on from there', async ({ page }) => {
  test.slow();
  const folder = await makeFolder();
  const demo = await Demo.start(folder, '--sales-units', '60', '--fault', 'empty-list');
  try {
    await page.goto(`${demo.url}/login?next=/as/org_kystkassa`);
    await signIn(page);
    await expect(page.getByText('You act as this partner')).toBeVisible();
    for (const [section, sentence] of LISTS) {
      await expect(async () => {
        await page.goto(`${demo.url}/as/org_kystkassa/${section}`);
        await expect(page.getByRole('main')).toContainText(sentence, { timeout: 500 });
      }).toPass();
      await islands(page);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const { violations } = await new AxeBuilder({ page }).setLegacyMode().analyze();
        expect.soft(violations.map(({ id, help }) => `${id}: ${help}`), section).toEqual([]);
      }
    }
  } finally {
    await demo.stop();
    await removeFolder(folder);
  }
});
