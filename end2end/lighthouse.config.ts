import { defineConfig } from '@playwright/test';

/** Has Lighthouse judge the pages that are opened most. */
export default defineConfig({
  testDir: 'lighthouse',
  outputDir: 'test-results',
  workers: 1,
  timeout: 600_000,
  expect: { timeout: 60_000 },
  reporter: 'list',
});
