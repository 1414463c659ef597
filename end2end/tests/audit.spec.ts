import { expect, test } from '../support/fixtures.js';

test('what was done is found by its filters, read by page and exported', async ({ console: page }) => {
  await page.getByRole('link', { name: 'Audit' }).click();
  const entry = page.getByRole('row').filter({ hasText: 'session.start' }).first();
  await expect(entry).toContainText('127.0.0.1');

  await page.locator('select[name=action]').selectOption('key.create');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL(/action=key\.create/);
  await expect(page.getByRole('row').filter({ hasText: 'session.start' })).toHaveCount(0);
  const created = page.getByRole('row').filter({ hasText: 'key.create' }).first();
  await expect(created).toContainText('demo');
  await created.getByRole('link').click();
  await expect(page).toHaveURL(/\/keys\/\d+/);
  await page.goBack();

  const download = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Export CSV' }).click();
  const stream = await (await download).createReadStream();
  let text = '';
  for await (const piece of stream) text += piece;
  expect(text.split('\r\n')[0]).toBe('id,time,actor,action,subject,address,before,after');
  expect(text).toContain('key.create');
  expect(text).not.toContain('session.start');

  await page.goto('/audit?actor=nobody');
  await expect(page.getByText('Nothing of the kind was done.')).toBeVisible();
});
