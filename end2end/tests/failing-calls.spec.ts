import { expect, test } from './support/own-demo';

// An upstream that fails now and then.
test.use({ demoSettings: ['--fault', 'error=500:6%'] });

const PARTNER = '/as/org_kystkassa';

test('from the share that admins choose, failing calls are told on the overview, which leads to them', async ({ page, openOwn }) => {
  const warning = page.getByRole('link', { name: /of the portal’s .* calls to Vipps MobilePay within 24 hours failed/ });
  for (const [percent, warns] of [['100', false], ['1', true]] as const) {
    await openOwn(`${PARTNER}/settings`);
    await page.getByLabel('Warn when this share of calls fails').fill(percent);
    await page.getByLabel('But only from this number of calls').fill('20');
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByText('The settings are saved.')).toBeVisible();
    // What was called is counted within seconds.
    await expect(async () => {
      await openOwn(PARTNER);
      await expect(warning).toHaveCount(warns ? 1 : 0, { timeout: 100 });
    }).toPass();
  }
  await warning.click();
  await expect(page).toHaveURL(/\/api-quality$/);
  await expect(page.locator('#endpoints')).toContainText('× 500');
  await expect(page.getByRole('img', { name: 'Calls and failures' })).toHaveAccessibleDescription(/of which \d+ failed/);
});

test('a share that is none is refused beside its field, with what was typed', async ({ page, openOwn }) => {
  await openOwn(`${PARTNER}/settings`);
  const share = page.getByLabel('Warn when this share of calls fails');
  await share.fill('0');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(share).toHaveValue('0');
  await expect(share).toHaveAccessibleDescription(/from 1 to 100/);
});
