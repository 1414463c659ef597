import { defineConfig } from '@playwright/test';
import { chromium } from './support/environment.js';

/** Tests of Open WebUI, which scripts/chat-test has started behind the chat host. */
export default defineConfig({
  testDir: 'chat',
  outputDir: 'test-results',
  workers: 1,
  timeout: 300_000,
  expect: { timeout: 120_000 },
  reporter: 'list',
  use: { launchOptions: chromium, trace: 'retain-on-failure' },
});
