import { type Page } from '@playwright/test';
import { webShop } from './support/forms';
import { expect, islands, test } from './support/portal';

test('a product order is filled in, corrected and sent with the keyboard alone', async ({ page, open }) => {
  const values = webShop({ 'Business identifier': '123456789' });
  await open('/as/org_nordbetaling/product-orders');
  await tabTo(page, 'New order');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('New product order');
  await islands(page);

  for (const [label, value] of Object.entries(values)) {
    await tabTo(page, label);
    const isSelection = await page.evaluate(() => document.activeElement instanceof HTMLSelectElement);
    // In a selection, what is typed chooses the first that begins so.
    await page.keyboard.type(value);
    if (isSelection) {
      const chosen = () => page.evaluate(() => (document.activeElement as HTMLSelectElement).selectedOptions[0]?.text ?? '');
      await expect.poll(chosen, label).toContain(value);
    }
  }
  await tabTo(page, 'Send to Vipps MobilePay');
  await page.keyboard.press('Enter');

  // The summary leads to the field.
  await expect(page.getByRole('alert')).toContainText('Nothing was sent.');
  await islands(page);
  await tabTo(page, /^Business identifier: /);
  await page.keyboard.press('Enter');
  const identifier = page.getByLabel(/^Business identifier/);
  await expect.poll(async () => (await identifier.evaluate(input => input === document.activeElement)) || (await next(page)) === 'Business identifier').toBe(true);
  await expect(identifier).toBeFocused();
  await page.keyboard.press('Control+a');
  await page.keyboard.type(webShop()['Business identifier']);
  await tabTo(page, /^Send (to|anyway)/);
  await page.keyboard.press('Enter');
  const sent = page.getByRole('heading', { name: 'What has happened' });
  await expect(sent.or(page.locator('#warnings'))).toBeVisible();
  if (await page.locator('#warnings').isVisible()) {
    await islands(page);
    await tabTo(page, 'Send anyway');
    await page.keyboard.press('Enter');
  }
  await expect(sent).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(values['Sales unit name']);
});

test('every field of the form is reached by Tab in the order of the page, and shows that it is', async ({ page, open }) => {
  await open('/as/org_nordbetaling/product-orders/new');
  const fields = await page.locator('form.prefill').locator('input:not([type=hidden]), select, textarea, button').evaluateAll(
    controls => controls.map(control => control.getAttribute('name') ?? control.textContent),
  );
  await page.locator('main').focus();
  const reached: (string | null)[] = [];
  while (reached.length < fields.length) {
    await page.keyboard.press('Tab');
    const focused = await page.evaluate(() => {
      const control = document.activeElement!;
      const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(control);
      const visible = (outlineStyle !== 'none' && outlineWidth !== '0px') || boxShadow !== 'none';
      return { inForm: control.closest('form.prefill') !== null, name: control.getAttribute('name') ?? control.textContent, visible };
    });
    if (!focused.inForm) continue;
    expect(focused.visible, `${focused.name} shows that it has the focus`).toBe(true);
    reached.push(focused.name);
  }
  expect(reached).toEqual(fields);
});

/** Presses Tab until what has this name or label has the focus. */
async function tabTo(page: Page, name: string | RegExp): Promise<void> {
  for (let presses = 0; presses < 120; presses++) {
    const focused = await next(page);
    if (typeof name === 'string' ? focused === name : name.test(focused)) return;
  }
  throw new Error(`Tab never comes to ${name}`);
}

/** Presses Tab; the label or text of what has the focus then. */
async function next(page: Page): Promise<string> {
  await page.keyboard.press('Tab');
  return page.evaluate(() => {
    const control = document.activeElement as HTMLInputElement;
    const label = control.labels?.[0]?.cloneNode(true) as HTMLElement | undefined;
    label?.querySelectorAll('.required').forEach(mark => mark.remove());
    return (label ?? control).textContent!.trim();
  });
}
