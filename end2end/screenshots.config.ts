import { defineConfig } from '@playwright/test';
import { chromium } from './support/environment.js';

/** Takes the pictures of the documentation. */
export default defineConfig({
  testDir: 'screenshots',
  outputDir: 'test-results',
  workers: 1,
  timeout: 300_000,
  expect: { timeout: 120_000 },
  reporter: 'list',
  use: { launchOptions: chromium },
});
