import { SIGNED_OUT } from './support/demo';
import { expect, test } from './support/portal';

test.use({ storageState: SIGNED_OUT });

test('the API describes itself to people, with examples and commands, without signing in', async ({ page }) => {
  expect((await page.goto('/api/docs'))!.status()).toBe(200);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('API');
  const create = page.locator('#create_vipps_org');
  await create.locator('summary').click();
  await expect(create.getByRole('region', { name: 'What is sent' })).toContainText('"org_id": "org_ny_klinikk"');
  await expect(create.getByRole('region', { name: 'As a command' })).toContainText('curl -X POST');
  await expect(create).toContainText('409');
  const described = await (await page.request.get('/api/openapi.json')).json();
  expect(described.openapi).toBe('3.1.0');
  const operations = Object.values<object>(described.paths).flatMap(path => Object.keys(path).filter(key => ['get', 'post', 'put', 'delete'].includes(key)));
  await expect(page.locator('.operation')).toHaveCount(operations.length);
});
