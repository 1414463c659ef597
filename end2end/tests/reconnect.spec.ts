import { connection, expect, expectHydrated, signIn, test } from '../support/fixtures.js';

test('an open page survives a crash of the server', async ({ page, complaints, server }) => {
  complaints.allow(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
  await page.goto(`${server.url}/login`);
  await signIn(page, server);
  await expectHydrated(page);
  const gpus = page.getByRole('row').filter({ hasText: 'NVIDIA B200' });
  await expect(gpus).toHaveCount(8);

  await server.kill();
  await expect(page.locator('.connection')).toHaveText(/^Reconnecting\s*\(\d+ s\)$/);
  await expect(connection(page)).toHaveText(/^(Reconnecting|Offline since)/);
  await expect(gpus).toHaveCount(8);

  await server.startAgain();
  await expectHydrated(page);
  expect(await server.ask()).toBe(200);
  await expect(page.locator('dl').filter({ hasText: 'Requests per second' })).toContainText('1 in 15 min');
  await page.getByRole('link', { name: 'Keys' }).click();
  await expect(page.getByRole('rowheader', { name: 'demo' }).first()).toBeVisible();
});
