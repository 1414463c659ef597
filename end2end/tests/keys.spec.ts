import { expect, test } from '../support/fixtures.js';

test('a key is created, used and revoked', async ({ console: page, worv }) => {
  const name = 'nightly evaluation';
  await page.getByRole('link', { name: 'Keys' }).click();
  await page.getByRole('button', { name: 'Create key' }).click();
  const form = page.getByRole('dialog', { name: 'Create a key' });
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Owner').fill('research');
  await form.getByLabel('Expires').selectOption('In 30 days');
  await form.getByRole('button', { name: 'Create key' }).click();

  const created = page.getByRole('dialog', { name: `${name} is ready` });
  const secret = await created.getByLabel('Key', { exact: true }).inputValue();
  await expect(created).toContainText('It is shown this once');
  await page.keyboard.press('Escape');
  await expect(created).toBeVisible();
  await created.getByLabel('I have stored it').check();
  await created.getByRole('button', { name: 'Done' }).click();
  await expect(created).toBeHidden();
  expect(await page.content()).not.toContain(secret);

  const row = page.getByRole('row').filter({ hasText: name });
  await expect(row).toContainText('research');
  await expect(row).toContainText('Never used');
  await expect(row).toContainText('Active');
  expect(await worv.ask(secret)).toBe(200);

  await row.getByRole('button', { name: `Revoke ${name}` }).click();
  const question = page.getByRole('dialog', { name: `Revoke ${name}?` });
  await expect(question).toContainText('This cannot be undone.');
  await question.getByRole('button', { name: 'Revoke key' }).click();
  await expect(row).toContainText('Revoked');
  await expect.poll(() => worv.ask(secret)).toBe(401);
});

test('a key that is not wanted after all is not created', async ({ console: page }) => {
  await page.goto('/keys');
  const rows = page.getByRole('row');
  const before = await rows.count();
  await page.getByRole('button', { name: 'Create key' }).click();
  await page.getByRole('dialog').getByLabel('Name').fill('second thoughts');
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await expect(page.getByRole('dialog')).toBeHidden();
  await page.reload();
  await expect(rows).toHaveCount(before);
});
