import { type Page } from '@playwright/test';
import { addPeople, Demo, LISTS, makeFolder, MEMBER, removeFolder, SIGNED_OUT } from './demo';
import { expect, islands, signIn, test as base } from './portal';

type OwnDemoFixtures = {
  /** Opens an address of the demo, signed in to it. */
  openOwn: (path: string) => Promise<void>;
};

type OwnDemoWorkerFixtures = {
  /** Settings of the demo beside its size. */
  demoSettings: string[];
  demo: Demo;
};

/** Tests that change what others would see, in a demo that only their worker uses. */
export const test = base.extend<OwnDemoFixtures, OwnDemoWorkerFixtures>({
  demoSettings: [[], { option: true, scope: 'worker' }],

  storageState: SIGNED_OUT,

  demo: [
    async ({ demoSettings }, use) => {
      const folder = await makeFolder();
      await addPeople(folder);
      const demo = await Demo.start(folder, '--sales-units', '60', ...demoSettings);
      // Where answers get lost, what upstream offers cannot be found out: asking for it is a PATCH.
      await (demoSettings.includes('--fault') ? demo.synced(LISTS) : demo.synced());
      await use(demo);
      await demo.stop();
      await removeFolder(folder);
    },
    { scope: 'worker', timeout: 60_000 },
  ],

  openOwn: async ({ page, demo, scripted }, use) => {
    await signInTo(page, demo, MEMBER);
    await use(async path => {
      await page.goto(demo.url + path);
      if (scripted) await islands(page);
    });
  },
});

export { expect };

/** Signs somebody in to a demo. */
export async function signInTo(page: Page, demo: Demo, person: typeof MEMBER): Promise<void> {
  await page.goto(`${demo.url}/login`);
  await signIn(page, person);
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeVisible();
}
