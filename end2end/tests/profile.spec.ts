import { expect, test } from './support/portal';

test('the profile shows the user ID to send to an administrator', async ({ page, open }) => {
  await open('/as/org_kystkassa');
  await page.getByRole('link', { name: 'demo@example.com' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your profile');
  await expect(page.getByText(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/)).toBeVisible();
});

test('the theme that is chosen is kept on every page until another is chosen', async ({ page, open }) => {
  const background = () =>
    page.locator('body').evaluate(body => [body, document.documentElement].map(part => getComputedStyle(part).backgroundColor).join());
  const choose = async (label: string) => {
    await open('/profile');
    await page.getByLabel(label).check();
    await page.getByRole('button', { name: 'Save' }).click();
    await expect(page.getByLabel(label)).toBeChecked();
  };
  await choose('Light');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'light');
  const light = await background();

  await choose('Dark');
  for (const path of ['/profile', '/businesses', '/as/org_kystkassa', '/as/org_kystkassa/sales-units', '/as/org_nope']) {
    await open(path);
    await expect(page.locator('html'), path).toHaveAttribute('data-theme', 'dark');
    expect(await background()).not.toBe(light);
  }

  await choose('As the device');
  await expect(page.locator('html')).not.toHaveAttribute('data-theme');
});
