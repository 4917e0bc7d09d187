import { expect, test } from './support/portal';

const PARTNER = '/as/org_kystkassa/sales-units';

test('the slash goes to the search box without being typed into it', async ({ page, open, list }) => {
  for (const path of [PARTNER, '/businesses']) {
    await open(path);
    await page.keyboard.press('/');
    await expect(list.box).toBeFocused();
    await expect(list.box).toHaveValue('');
  }
  await list.box.pressSequentially('a/b');
  await expect(list.box).toHaveValue('a/b');
});

test('j and k move through the rows and Enter opens one', async ({ page, open, list }) => {
  await open(PARTNER);
  const names = await list.names();
  await page.keyboard.press('j');
  await expect(list.rows.nth(0)).toBeFocused();
  await page.keyboard.press('j');
  await page.keyboard.press('j');
  await expect(list.rows.nth(2)).toBeFocused();
  await page.keyboard.press('k');
  await expect(list.rows.nth(1)).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(names[1]);
});

test('the arrow leads from the box to the rows that were found', async ({ page, open, list }) => {
  await open(PARTNER);
  await page.keyboard.press('/');
  await list.box.pressSequentially('kanelbolle');
  await expect(page).toHaveURL(`${PARTNER}?q=kanelbolle`);
  await page.keyboard.press('ArrowDown');
  await expect(list.rows.first()).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Kanelbolle');
});

test('the question mark shows the keys, and Escape puts them away', async ({ page, open }) => {
  await open(PARTNER);
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await expect(keys).toBeVisible();
  await expect(keys).toContainText('Next row');
  await page.keyboard.press('Escape');
  await expect(keys).toBeHidden();
});

test('while the keys are shown the other keys do nothing behind them', async ({ page, open, list }) => {
  await open(PARTNER);
  await page.keyboard.press('?');
  const keys = page.getByRole('dialog', { name: 'Keys' });
  await expect(keys).toBeVisible();
  await page.keyboard.press('?');
  await page.keyboard.press('j');
  await expect(keys).toBeVisible();
  await expect(list.rows.first()).not.toBeFocused();
  await keys.getByRole('button', { name: 'Close' }).click();
  await expect(keys).toBeHidden();
});

test('Control K opens the way to other businesses with the focus in its search', async ({ page, open, list }) => {
  await open(PARTNER);
  await page.keyboard.press('Control+k');
  const box = page.getByRole('searchbox', { name: 'Find a business to act as' });
  await expect(box).toBeFocused();
  await page.keyboard.type('jarvi');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/businesses?q=jarvi');
  await expect(list.rows).toHaveCount(1);
});

test('Escape closes the way to other businesses', async ({ page, open }) => {
  await open(PARTNER);
  await page.keyboard.press('Control+k');
  const box = page.getByRole('searchbox', { name: 'Find a business to act as' });
  await expect(box).toBeFocused();
  await page.keyboard.press('Escape');
  await expect(box).toBeHidden();
});

test('single letters do nothing once they are switched off', async ({ page, open }) => {
  await open('/profile');
  await page.getByLabel('Off').check();
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByLabel('Off')).toBeChecked();
  await open('/as/org_kystkassa/sales-units');
  await expect(page.locator('html')).toHaveClass(/scripted/);
  await page.keyboard.press('/');
  await page.keyboard.press('j');
  await page.keyboard.press('?');
  await expect(page.locator('#keys')).not.toBeVisible();
  await expect(page.locator('#filter input[type=search]')).not.toBeFocused();
});
