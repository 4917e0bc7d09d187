import { defineConfig, devices } from '@playwright/test';

// Every journey is walked twice: with the islands' script, and without any. What only the islands
// do is in `*.island.spec.ts`.
export default defineConfig({
  testDir: 'tests',
  globalSetup: './tests/support/global-setup.ts',
  fullyParallel: true,
  forbidOnly: true,
  retries: 0,
  workers: 2,
  // A debug build on two cores that it shares with two browsers and a database is slow now and then.
  timeout: 60_000,
  expect: { timeout: 15_000 },
  reporter: [['list']],
  use: {
    ...devices['Desktop Chrome'],
    viewport: { width: 1280, height: 900 },
    actionTimeout: 15_000,
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
  },
  projects: [
    { name: 'script' },
    { name: 'no-script', use: { javaScriptEnabled: false }, testIgnore: '**/*.island.spec.ts' },
  ],
});
