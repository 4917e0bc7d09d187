import { expect, test } from './support/portal';

test('the figures of the landing page lead to the units that they count', async ({ page, open, list }) => {
  for (const state of ['visible', 'waiting', 'gone']) {
    await open('/as/org_kystkassa');
    const figure = page.getByRole('main').locator(`a[href$="state=${state}"]`).first();
    const count = Number((await figure.innerText()).replace(/[^\d]/g, ''));
    await figure.click();
    await list.expectQuery({ state });
    await expect(list.count).toContainText('match');
    expect((await list.counted()).matching).toBe(count);
  }
});

test('what needs attention leads to what it counts', async ({ page, open, list }) => {
  await open('/as/org_kystkassa');
  const attention = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Needs attention' }) });
  const lines = await attention.getByRole('link').allInnerTexts();
  expect(lines.some(line => /product orders? rejected, of the last 30 days/.test(line)), `${lines}`).toBe(true);
  expect(lines.some(line => /product orders? opened by the merchant, not submitted/.test(line)), `${lines}`).toBe(true);
  for (const line of lines) {
    await open('/as/org_kystkassa');
    await attention.getByRole('link', { name: line, exact: true }).click();
    await expect(list.count).toContainText('match');
    expect((await list.counted()).matching, line).toBe(Number(/\d+/.exec(line)![0]));
  }
});

test('the product orders that wait for their merchant are counted, and their figure leads to them', async ({ page, open, list }) => {
  await open('/as/org_kystkassa');
  const figure = page.getByRole('main').getByRole('link', { name: 'product orders wait for their merchant' });
  const count = Number((await figure.innerText()).replace(/\D/g, ''));
  await figure.click();
  await list.expectQuery({ follow: 'waiting' });
  expect((await list.counted()).matching).toBe(count);
});

test('a search from the landing page ends in the list', async ({ page, open, list }) => {
  await open('/as/org_jarvikassa');
  const box = page.getByRole('main').getByRole('searchbox');
  await box.fill('raksmorgas');
  await box.press('Enter');
  await expect(page).toHaveURL('/as/org_jarvikassa/sales-units?q=raksmorgas');
  await expect(list.rows.first()).toContainText('Räksmörgås');
});

test('the start of the portal is where one last was', async ({ page, open }) => {
  await open('/');
  await expect(page).toHaveURL(url => url.pathname.startsWith('/as/') || url.pathname === '/businesses');
  await expect(page.getByRole('heading', { level: 1 })).toBeVisible();
});

test('a partner’s and a merchant’s page differ at a glance', async ({ page, open }) => {
  const accents = new Set<string>();
  for (const [path, label] of [['/as/org_kystkassa', 'Acting as partner'], ['/as/org_m_blabaer_kaffe', 'Acting as merchant']]) {
    await open(path);
    await expect(page.getByText(label)).toBeVisible();
    accents.add(await page.getByText(label).locator('xpath=ancestor::summary').evaluate(
      name => [name, ...name.querySelectorAll('*')].map(part => getComputedStyle(part).backgroundColor + getComputedStyle(part).color).join(),
    ));
  }
  expect(accents.size).toBe(2);
});
