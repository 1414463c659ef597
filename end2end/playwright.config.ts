import { defineConfig } from '@playwright/test';
import { chromium } from './support/environment.js';

/** The tests proper; `screenshots.config.ts` makes the pictures of the documentation. */
export default defineConfig({
  testDir: 'tests',
  outputDir: 'test-results',
  workers: 2,
  forbidOnly: Boolean(process.env.CI),
  // A slow machine makes the tests slow, not red: whatever is waited for is an event, and these limits only end a hang.
  timeout: 180_000,
  // One that passes only at its second attempt is listed as flaky, and has to be looked into.
  retries: 1,
  expect: { timeout: 60_000 },
  reporter: [['list'], ['json']],
  use: { launchOptions: chromium, trace: 'retain-on-failure' },
});
