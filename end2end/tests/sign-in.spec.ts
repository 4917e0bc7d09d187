import { MEMBER, SIGNED_OUT, STRANGER } from './support/demo';
import { expect, signIn, test } from './support/portal';

test.use({ storageState: SIGNED_OUT });

const PAGE = '/as/org_kystkassa/sales-units?q=kaffe+%26&capture=direct&sort=-msn';

test('a wrong password is said in the form, which keeps the e-mail address', async ({ page, open }) => {
  await open('/login');
  await signIn(page, { ...MEMBER, password: 'a wrong password' });
  const fault = page.getByRole('alert');
  await expect(fault).toHaveText('The e-mail address or the password is wrong.');
  await expect(page.getByLabel('E-mail address')).toHaveValue(MEMBER.email);
  await expect(page.getByLabel('Password')).toHaveValue('');
  await expect(page.getByLabel('Password')).toHaveAttribute('aria-invalid', 'true');
  await expect(page.getByLabel('Password')).toHaveAccessibleDescription(await fault.innerText());
});

test('an unknown person is told the same as one with a wrong password', async ({ page, open }) => {
  await open('/login');
  await signIn(page, { email: 'nobody@example.com', password: MEMBER.password });
  await expect(page.getByRole('alert')).toHaveText('The e-mail address or the password is wrong.');
});

test('the right password after a wrong one leads on to the page that was asked for', async ({ page, open }) => {
  await open(PAGE);
  await expect(page).toHaveURL(url => url.pathname === '/login');
  await expect(page.getByText('Sign in to go on to the page you asked for.')).toBeVisible();
  await signIn(page, { ...MEMBER, password: 'a wrong password' });
  await expect(page.getByRole('alert')).toBeVisible();
  await signIn(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sales units');
  expect(new URL(page.url()).pathname + new URL(page.url()).search).toBe(PAGE);
});

test('signing in without having asked for a page leads to a business or to the choice', async ({ page, open }) => {
  await open('/login');
  await signIn(page);
  await expect(page).toHaveURL(url => url.pathname === '/businesses' || url.pathname.startsWith('/as/'));
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
});

test('somebody without access to any business is told what to do', async ({ page, open }) => {
  await open('/login');
  await signIn(page, STRANGER);
  await expect(page).toHaveURL('/businesses');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Get access to a business');
  await page.getByRole('link', { name: 'your profile' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your profile');
});

test('signing out ends the session, in this browser and for whoever has kept its cookie', async ({ page, open, context }) => {
  await open(PAGE);
  await signIn(page);
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sales units');
  const kept = await context.cookies();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');

  await page.goBack();
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');

  await context.addCookies(kept);
  await page.goto('/profile');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sign in');
});

test('the session gets a new id when somebody signs in', async ({ page, open, context }) => {
  const planted = { name: 'portal', value: 'AAAAAAAAAAAAAAAAAAAAAA', url: process.env.PORTAL_URL! };
  await context.addCookies([planted]);
  await open('/login');
  await signIn(page);
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  const session = (await context.cookies()).find(cookie => cookie.name === planted.name);
  expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax' });
  expect(session!.value).not.toBe(planted.value);
});

for (const elsewhere of ['//evil.example', 'https://evil.example/', '/\\evil.example', 'javascript:alert(1)']) {
  test(`signing in does not lead to ${elsewhere}`, async ({ page, open }) => {
    await open(`/login?next=${encodeURIComponent(elsewhere)}`);
    await signIn(page);
    await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
    expect(new URL(page.url()).origin).toBe(process.env.PORTAL_URL);
  });
}

test('guessing at an account is slowed down after a few attempts', async ({ page, open, request }, { project }) => {
  const guess = { email: `guessed-${project.name}@example.com`, password: 'a guess' };
  const headers = { origin: process.env.PORTAL_URL! };
  await expect
    .poll(async () => (await request.post('/login', { form: guess, headers })).status(), { intervals: [1] })
    .toBe(429);
  await open('/login');
  await signIn(page, guess);
  await expect(page.getByRole('alert')).toHaveText(/Too many attempts. Try again after|The e-mail address or the password is wrong/);
});
