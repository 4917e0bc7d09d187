import { NEW_ORDER, fillIn, png, send } from './support/prefill';
import { expect, test } from './support/portal';

test('a product order is filled in, checked, and sent, and its page has the link for the merchant', async ({ page, open }, { project }) => {
  await open('/as/org_kystkassa/product-orders');
  await page.getByRole('link', { name: 'New order' }).click();
  await expect(page).toHaveURL(NEW_ORDER);
  await fillIn(page, `Sent ${project.name}`);
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByText('These can delay the order:').or(page.getByText('Checked: nothing is missing.'))).toBeVisible();
  await expect(page.getByLabel('Sales unit name')).toHaveValue(`Sent ${project.name}`);
  await page.getByRole('button', { name: /^Send/ }).click();
  await expect(page.getByText('Sent. Vipps MobilePay has the order')).toBeVisible();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Sent ${project.name}`);
  await expect(page.locator('#link .link a')).toHaveAttribute('href', /\/register\/prefilled\//);
  await expect(page.getByText('Members sign in to the pages of the club')).toBeVisible();
});

test('what was refused is said beside its field, and nothing that was typed is lost', async ({ page, open }) => {
  await open(NEW_ORDER);
  await fillIn(page, 'Fish & Chips');
  await page.getByLabel('Business identifier').fill('918713868');
  await page.getByLabel('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: png(120, 120) });
  await page.getByRole('button', { name: 'Send to Vipps MobilePay' }).click();
  const summary = page.getByRole('alert');
  await expect(summary).toContainText('Nothing was sent. Correct these first:');
  const name = page.getByLabel('Sales unit name');
  await expect(name).toHaveValue('Fish & Chips');
  await expect(name).toHaveAttribute('aria-invalid', 'true');
  await expect(name).toHaveAccessibleDescription(/& is not allowed in the name of a sales unit/);
  await summary.getByRole('link', { name: /^Business identifier/ }).click();
  await expect(page.getByLabel('Business identifier')).toBeFocused();
  await expect(page.getByLabel('Intended purpose')).toHaveValue(/Members sign in/);
  const picture = page.getByAltText('The logo as it was uploaded');
  await expect(picture).toBeVisible();
  expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(120);

  await page.getByLabel('Business identifier').fill('918713867');
  await name.fill('Fish and Chips');
  await send(page);
  await expect(page.getByAltText('The logo as it was uploaded')).toBeVisible();
});

test('a picture that upstream would drop is refused with the reason', async ({ page, open }) => {
  await open(NEW_ORDER);
  await page.getByLabel('Logo').setInputFiles({ name: 'logo.png', mimeType: 'image/png', buffer: png(99, 120) });
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.getByRole('alert')).toContainText('Logo: This picture is 99 by 120 pixels');
});

test('a wrong order is corrected in two steps: a new one, then the old one is deleted', async ({ page, open }, { project }) => {
  await open(NEW_ORDER);
  await fillIn(page, `Wrong ${project.name}`);
  await send(page);
  const old = page.url().split('?')[0];
  await page.getByRole('link', { name: 'Correct' }).click();
  await expect(page.getByText('Step 1 of 2')).toBeVisible();
  await expect(page.getByLabel('Sales unit name')).toHaveValue(`Wrong ${project.name}`);
  await page.getByLabel('Sales unit name').fill(`Right ${project.name}`);
  await send(page);
  await expect(page.getByText('Step 2 of 2')).toBeVisible();
  await page.getByRole('button', { name: 'Delete the earlier order' }).click();
  await expect(page).toHaveURL(`${old}?did=deleted`);
  await expect(page.getByText("Deleted. The merchant's link no longer works.")).toBeVisible();
});

test('going back and sending the same again leads to the one order', async ({ page, open }, { project }) => {
  await open(NEW_ORDER);
  await fillIn(page, `Once ${project.name}`);
  await page.getByRole('button', { name: 'Check' }).click();
  await expect(page.locator('#outcome')).toBeVisible();
  const form = await page.locator('#adapting').evaluate((form: HTMLFormElement) =>
    Object.fromEntries([...new FormData(form)].filter(([, value]) => typeof value === 'string')) as Record<string, string>);
  const headers = { origin: process.env.PORTAL_URL! };
  const sending = () => page.request.post(NEW_ORDER, { form: { ...form, intent: 'send' }, headers, maxRedirects: 0 });
  const answers = await Promise.all([sending(), sending(), sending()]);
  const places = answers.map(answer => answer.headers().location?.split('?')[0]);
  expect(new Set(places)).toEqual(new Set([`/as/org_kystkassa/product-orders/${form.key}`]));
});
