import { defineConfig } from '@playwright/test';
import { chromium } from './support/environment.js';

/** Measures what an open console costs the browser. */
export default defineConfig({
  testDir: 'load',
  outputDir: 'test-results',
  workers: 1,
  timeout: 3_600_000,
  expect: { timeout: 120_000 },
  reporter: 'line',
  use: { launchOptions: chromium, viewport: { width: 1440, height: 900 } },
});
