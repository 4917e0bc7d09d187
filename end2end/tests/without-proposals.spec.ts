import { expect, test } from './support/own-demo';

// An upstream that has nothing of what was only proposed.
test.use({ demoSettings: ['--proposals', 'false'] });

test('the settings say what this upstream does not offer', async ({ page, openOwn }) => {
  await openOwn('/as/org_nordbetaling/settings');
  const offers = page.getByRole('table', { name: 'What this upstream offers' });
  await expect(offers.getByText('No', { exact: true })).toHaveCount(5);
  await expect(page.getByText('does not tell what it knows of the partner')).toBeVisible();
});

test('changing a sales unit stands there disabled, with the reason and the way', async ({ page, openOwn }) => {
  await openOwn('/as/org_kystkassa/sales-units');
  await page.locator('#results [data-row]').first().click();
  await page.getByRole('link', { name: 'Change', exact: true }).click();
  await expect(page.getByRole('button', { name: 'Change' })).toBeDisabled();
  await expect(page.getByText('does not offer changing sales units to partners yet')).toBeVisible();
  await expect(page.getByRole('link', { name: 'The merchant’s portal' })).toHaveAttribute(
    'href', 'https://portal.vippsmobilepay.com/',
  );
});

test('the page of the API quality says that Vipps MobilePay tells no figures, and shows the portal’s own', async ({ page, openOwn }) => {
  await openOwn('/as/org_kystkassa/api-quality');
  await expect(page.getByText('does not tell its figures to programs here')).toBeVisible();
  // The sync of a demo that has just started is still asking.
  await expect(async () => {
    await page.reload();
    await expect(page.locator('#endpoints')).toContainText('expected refusal', { timeout: 100 });
  }).toPass();
});
