import { unique } from './support/numbers';
import { expect, test } from './support/portal';

for (const [whose, path] of [['one’s own', '/profile/tokens'], ['an organisation’s', '/as/org_nordbetaling/api-tokens']]) {
  test(`${whose} API token is shown once, listed without it, and revoked`, async ({ page, open }) => {
    const name = unique('Till system');
    await open(path);
    await page.getByRole('button', { name: 'Make the token' }).click();
    const label = page.getByLabel(/^What it is for/);
    await expect(label).toHaveAttribute('aria-invalid', 'true');
    await label.fill(name);
    await page.getByLabel('Read, and change things').check();
    await page.getByLabel('Good for').selectOption('One year');
    await page.getByRole('button', { name: 'Make the token' }).click();
    const token = await page.locator('#secret .code').innerText();
    expect(token).toMatch(/^pportal_[\w-]{43}$/);
    await expect(page.locator('#secret')).toContainText('This is the only time that the token is shown.');

    await open(path);
    expect(await page.content()).not.toContain(token);
    const row = page.getByRole('row').filter({ hasText: name });
    await expect(row).toContainText(`…${token.slice(-4)}`);
    await expect(row).toContainText('Reading and changing');
    await expect(row).toContainText('Never');

    // It is not one for the registry; afterwards it is none at all.
    const asked = () => page.request.get('/api/v1/vipps-orgs', { headers: { authorization: `Bearer ${token}` } });
    expect((await asked()).status()).toBe(403);
    await row.locator('summary').click();
    await row.getByRole('button', { name: 'Revoke the token' }).click();
    await expect(page.getByText('The token is revoked.')).toBeVisible();
    await expect(row).toHaveCount(0);
    expect((await asked()).status()).toBe(401);
  });
}
