import { appearances } from '../support/appearances.js';
import { expect, expectHydrated, signIn, test } from '../support/fixtures.js';
import type { Server } from '../support/server.js';

/** Requests that the charts show. */
const load = 240;

/** Sends requests in waves, so that the charts have something to draw. */
async function work(worv: Server): Promise<void> {
  for (let sent = 0; sent < load; ) {
    const wave = 1 + ((sent * 7) % 12);
    const statuses = await Promise.all(Array.from({ length: wave }, () => worv.ask()));
    expect(statuses.every((status) => status === 200)).toBe(true);
    sent += wave;
  }
}

test('pictures of every page', async ({ page, worv }) => {
  const picture = (name: string) => page.screenshot({ path: `../docs/images/${name}.png`, animations: 'disabled' });

  for (const { name, viewport, colorScheme } of appearances) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.goto('/login');
    await picture(`login-${name}`);
  }

  await signIn(page, worv);
  await work(worv);
  for (const { name, viewport, colorScheme } of appearances) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await page.goto('/');
    await expectHydrated(page);
    await expect(page.getByRole('row').filter({ hasText: 'NVIDIA B200' })).toHaveCount(8);
    await picture(`overview-${name}`);
    await page.goto('/usage?range=24h');
    await expectHydrated(page);
    await picture(`usage-${name}`);
    await page.goto('/requests');
    await expectHydrated(page);
    await page.locator('tbody a').first().click();
    await expect(page.getByRole('region', { name: 'Request req_' })).toBeVisible();
    await picture(`requests-${name}`);
    for (const [address, pageName] of [
      ['/gpus', 'gpus'],
      ['/gpus?gpu=3', 'gpu'],
      ['/models', 'models'],
      ['/playground', 'playground'],
      ['/keys', 'keys'],
      ['/keys/1', 'key'],
      ['/keys?create=', 'key-create'],
      ['/audit', 'audit'],
      ['/users', 'users'],
      ['/settings', 'settings'],
    ]) {
      await page.goto(address ?? '');
      await expectHydrated(page);
      await picture(`${pageName}-${name}`);
    }
  }
});
