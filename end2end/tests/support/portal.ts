import { type Browser, type BrowserContext, type Page, type Response, expect, test as base } from '@playwright/test';
import { MEMBER, SIGNED_OUT } from './demo';
import { SalesUnitList } from './sales-unit-list';

type StorageState = Awaited<ReturnType<BrowserContext['storageState']>>;

type PortalFixtures = {
  /** Whether the islands' script runs. */
  scripted: boolean;
  /** Opens an address of the portal and waits until its islands work. */
  open: (path: string) => Promise<Response | null>;
  list: SalesUnitList;
  /** Complaints of the browser that a test brings about on purpose. */
  toleratedComplaint: RegExp | undefined;
  noComplaints: void;
};

type PortalWorkerFixtures = {
  signedIn: StorageState;
};

/** Tests in which somebody has signed in to the demo. */
export const test = base.extend<PortalFixtures, PortalWorkerFixtures>({
  baseURL: async ({}, use) => use(process.env.PORTAL_URL),

  scripted: async ({ javaScriptEnabled }, use) => use(javaScriptEnabled !== false),

  signedIn: [
    async ({ browser }, use, worker) => {
      const { javaScriptEnabled } = worker.project.use;
      await use(await signInAt(browser, process.env.PORTAL_URL!, javaScriptEnabled !== false));
    },
    { scope: 'worker' },
  ],

  storageState: async ({ signedIn }, use) => use(signedIn),

  open: async ({ page, scripted }, use) => {
    await use(async path => {
      const response = await page.goto(path);
      if (scripted) await islands(page);
      return response;
    });
  },

  list: async ({ page, scripted }, use) => use(new SalesUnitList(page, scripted)),

  toleratedComplaint: [undefined, { option: true }],

  noComplaints: [
    async ({ page, toleratedComplaint }, use) => {
      const complaints = watchForComplaints(page);
      await use();
      const unexpected = complaints.filter(complaint => !toleratedComplaint?.test(complaint));
      expect(unexpected, 'what the browser complained of').toEqual([]);
    },
    { auto: true },
  ],
});

export { expect };

/** Signs in through the form. */
export async function signIn(page: Page, person = MEMBER): Promise<void> {
  await page.getByLabel('E-mail address').fill(person.email);
  await page.getByLabel('Password').fill(person.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** A browser of its own that has signed in to the portal at `url`; what it holds then. */
export async function signInAt(browser: Browser, url: string, javaScriptEnabled: boolean): Promise<StorageState> {
  const context = await browser.newContext({ baseURL: url, javaScriptEnabled, storageState: SIGNED_OUT });
  const page = await context.newPage();
  await page.goto('/login');
  await signIn(page);
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
  const state = await context.storageState();
  await context.close();
  return state;
}

/** Waits until the islands of a page have woken up; the last of them says so on the document. */
export async function islands(page: Page): Promise<void> {
  await expect(page.locator('html')).toHaveClass(/scripted/);
}

/** Errors on the console (refused by the content security policy, say) and exceptions. */
function watchForComplaints(page: Page): string[] {
  const complaints: string[] = [];
  const refusedPages = new Set<string>();
  page.on('response', response => {
    // The console tells of every page with such a status: that is for the test to judge.
    if (response.status() >= 400 && response.request().isNavigationRequest()) refusedPages.add(response.url());
  });
  page.on('pageerror', error => complaints.push(`${error}`));
  page.on('console', message => {
    const ofPage = message.text().startsWith('Failed to load resource') && refusedPages.has(message.location().url);
    if (message.type() === 'error' && !ofPage) complaints.push(`${message.text()} (${message.location().url})`);
  });
  return complaints;
}
