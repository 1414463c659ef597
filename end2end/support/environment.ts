import type { LaunchOptions } from '@playwright/test';

/** What `scripts/e2e` says, or an explanation of how to start the tests. */
function given(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: start the tests with scripts/e2e`);
  return value;
}

/** The server under test. */
export const binary = given('WORV_E2E_BINARY');

/** The machine's own browser, kept from calling home. */
export const chromium: LaunchOptions = {
  executablePath: given('WORV_E2E_CHROMIUM'),
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
};
