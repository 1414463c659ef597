import { type Page, test as base, expect } from '@playwright/test';
import { Complaints } from './complaints.js';
import { Server } from './server.js';

interface TestFixtures {
  /** What the browser complains about; a test that provokes nothing need not mention it. */
  complaints: Complaints;
  /** A page whose user is signed in as the administrator. */
  console: Page;
  /** A server that only this test uses, so that it may change or end it. */
  server: Server;
}

interface WorkerFixtures {
  /** A server that the tests of one worker share. */
  worv: Server;
}

/** Playwright's `test` with a running server, and an ear for the browser's complaints. */
export const test = base.extend<TestFixtures, WorkerFixtures>({
  worv: [
    async ({}, use) => {
      const server = await Server.start();
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  baseURL: ({ worv }, use) => use(worv.url),
  complaints: [
    async ({ context }, use) => {
      const complaints = await Complaints.about(context);
      await use(complaints);
      complaints.expectNone();
    },
    { auto: true },
  ],
  console: async ({ page, worv }, use) => {
    await page.goto('/login');
    await signIn(page, worv);
    await expectHydrated(page);
    await use(page);
  },
  server: async ({ context }, use) => {
    const server = await Server.start();
    await use(server);
    // A page that is open would complain that its server has gone.
    await Promise.all(context.pages().map((page) => page.close()));
    await server.stop();
  },
});

export { expect };

/** Fills in the sign-in form that `page` shows. */
export async function signIn(page: Page, { admin }: Server): Promise<void> {
  await page.getByLabel('Name').fill(admin.name);
  await page.getByLabel('Password').fill(admin.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeAttached();
}

/** Waits until the console runs in the browser and its event stream is open. */
export async function expectHydrated(page: Page): Promise<void> {
  await expect(connection(page)).toHaveText('Live');
}

/** Where the page says whether it is live. */
export function connection(page: Page) {
  return page.locator('.connection').getByRole('status');
}
