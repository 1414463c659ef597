import { Traffic } from '../support/traffic.js';
import { expect, expectHydrated, signIn, test } from '../support/fixtures.js';
import { Album } from './album.js';

test('pictures of every page', async ({ page, worv }) => {
  const album = await Album.of(page);
  const show = async (address: string, name: string) => {
    await page.goto(address);
    await expectHydrated(page);
    await album.add(name);
  };

  await page.goto('/login');
  await album.add('login');
  await signIn(page, worv);
  await expectHydrated(page);
  const traffic = await Traffic.begin(page, worv);

  await show('/keys?create=', 'key-create');
  await page.getByRole('textbox', { name: /^Name/ }).fill('ci');
  await page.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('dialog', { name: 'ci is ready' })).toBeVisible();
  await expectHydrated(page);
  await album.add('key-created');
  await page.goto('/playground');
  await expectHydrated(page);
  await page.getByRole('textbox', { name: 'Message' }).fill('Why is a batch of requests cheaper than the same requests one by one?');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('log', { name: 'Conversation' })).toContainText('tokens in');
  await album.add('playground');
  await show('/models', 'models');
  await show('/models?switch=GLM-5.1-FP8', 'models-switch');
  await show('/settings', 'settings');
  await show('/audit', 'audit');
  await show('/users', 'users');
  await show('/keys', 'keys');
  await show('/keys/1', 'key');
  await page.goto('/docs');
  await album.add('docs');

  await traffic.enough();
  await show('/gpus', 'gpus');
  await show('/gpus?gpu=3', 'gpu');
  await page.goto('/');
  await expect(page.getByRole('row').filter({ hasText: 'NVIDIA B200' })).toHaveCount(8);
  await expectHydrated(page);
  await album.add('overview');
  await traffic.end();
  await show('/usage?range=24h', 'usage');
  await show('/requests', 'requests');
  await page.locator('tbody a').first().click();
  await expect(page.getByRole('region', { name: 'Request req_' })).toBeVisible();
  await album.add('request');
});
