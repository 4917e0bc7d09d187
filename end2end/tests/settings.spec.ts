import { expect, test } from './support/own-demo';

const PARTNER = '/as/org_nordbetaling';
const SETTINGS = `${PARTNER}/settings`;

test('the landing page asks for feedback at the address that was set', async ({ page, openOwn }) => {
  await openOwn(PARTNER);
  await expect(page.getByText('Welcome to the partner portal!')).toBeVisible();
  await page.getByRole('link', { name: 'Say where people can send their feedback' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Settings');

  await page.getByLabel('Feedback address').fill('http://example.com');
  await page.getByLabel('This upstream still takes complianceData').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByLabel('Feedback address')).toHaveValue('http://example.com');
  await expect(page.getByLabel('Feedback address')).toHaveAccessibleDescription(/begin with https/);
  await expect(page.getByLabel('This upstream still takes complianceData')).toBeChecked();

  await page.getByLabel('Feedback address').fill('feedback@nordbetaling.example');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('main').getByRole('status')).toContainText('The settings are saved.');
  await openOwn(PARTNER);
  await expect(page.getByRole('link', { name: 'feedback@nordbetaling.example' })).toHaveAttribute(
    'href', 'mailto:feedback@nordbetaling.example',
  );
});

test('what upstream offers is asked again, and what it says of the partner is shown', async ({ page, openOwn }) => {
  await openOwn(SETTINGS);
  const offers = page.getByRole('table', { name: 'What this upstream offers' });
  await expect(offers.getByText('Yes', { exact: true })).toHaveCount(5);
  await expect(page.getByText('Kari Partneransvarlig')).toBeVisible();
  await page.getByRole('button', { name: 'Ask again' }).click();
  // The page looks again by itself until it is known.
  await expect(page.getByRole('button', { name: 'Ask again' })).toBeEnabled();
  await expect(offers.getByText('Yes', { exact: true })).toHaveCount(5);
});
