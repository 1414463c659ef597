import { expectAccessible } from '../support/accessibility.js';
import { appearances } from '../support/appearances.js';
import { expect, expectHydrated, signIn, test } from '../support/fixtures.js';

for (const { name, viewport, colorScheme } of appearances) {
  test(`every page is accessible: ${name}`, async ({ page, worv }) => {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });

    await page.goto('/login');
    await expectAccessible(page);

    await signIn(page, worv);
    await expectHydrated(page);
    await expect(page.getByRole('row').filter({ hasText: 'NVIDIA B200' })).toHaveCount(8);
    await expectAccessible(page);

    expect(await worv.ask()).toBe(200);
    for (const by of ['key', 'outcome']) {
      await page.goto(`/usage?by=${by}`);
      await expectHydrated(page);
      await page.getByText('The chart as a table').click();
      await expectAccessible(page);
    }

    await page.goto('/requests');
    await expectHydrated(page);
    await page.locator('tbody a').first().click();
    await expect(page.getByRole('region', { name: 'Request req_' })).toBeVisible();
    await expectAccessible(page);

    await page.goto('/playground');
    await expectHydrated(page);
    await page.getByRole('textbox', { name: 'Message' }).fill('Count to ten');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('log', { name: 'Conversation' })).toContainText('tokens in');
    await page.getByText('Raw events').click();
    await expectAccessible(page);

    for (const address of ['/gpus', '/gpus?gpu=3', '/models', '/models?switch=GLM-5.1-FP8', '/keys', '/keys/1', '/audit', '/users', '/settings', '/keys?create=', '/keys?revoke=1', '/users?ask=create']) {
      await page.goto(address);
      await expectHydrated(page);
      const dialog = page.getByRole('dialog');
      await (/\?(create|revoke|ask|switch)=/.test(address) ? expect(dialog).toBeVisible() : expect(dialog).toHaveCount(0));
      await expectAccessible(page);
    }
  });
}
