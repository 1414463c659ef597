import { expect, expectHydrated, test } from '../support/fixtures.js';

test('a user is created, promoted and deleted, and sessions are ended', async ({ console: page, browser, worv }) => {
  const name = 'grace';
  await page.getByRole('link', { name: 'Users' }).click();
  await page.getByRole('link', { name: 'Create user' }).click();
  const form = page.getByRole('dialog', { name: 'Create a user' });
  await form.getByLabel('Name').fill(name);
  await form.getByLabel('Password').fill('correct horse');
  await form.getByRole('button', { name: 'Create user' }).click();
  await expect(page.getByText('The user was created.')).toBeVisible();
  const users = page.getByRole('table', { name: 'Users' });
  await expect(users.getByRole('row').filter({ hasText: name })).toContainText('Viewer');

  const other = await browser.newContext({ baseURL: worv.url });
  const theirs = await other.newPage();
  await theirs.goto('/login');
  await theirs.getByLabel('Name').fill(name);
  await theirs.getByLabel('Password').fill('correct horse');
  await theirs.getByRole('button', { name: 'Sign in' }).click();
  await expectHydrated(theirs);
  await theirs.goto('/keys');
  await expect(theirs.getByRole('rowheader', { name: 'demo' }).first()).toBeVisible();
  await expect(theirs.getByRole('link', { name: /Create key|Revoke/ })).toHaveCount(0);

  await page.goto('/users');
  await page.getByRole('button', { name: `End the session of ${name}` }).click();
  await expect(page.getByText('The session was ended.')).toBeVisible();
  expect((await other.request.get('/api/session')).status()).toBe(401);
  await other.close();

  await page.getByRole('link', { name: `Role: ${name}` }).click();
  await page.getByRole('dialog').getByLabel('Role').selectOption('admin');
  await page.getByRole('button', { name: 'Change role' }).click();
  await expect(users.getByRole('row').filter({ hasText: name })).toContainText('Administrator');
  await page.getByRole('link', { name: `Delete: ${name}` }).click();
  await page.getByRole('button', { name: 'Delete user' }).click();
  await expect(page.getByText('The user was deleted.')).toBeVisible();
  await expect(users.getByRole('row').filter({ hasText: name })).toHaveCount(0);
});

test('the last administrator cannot be removed', async ({ page, worv, complaints, console: signedIn }) => {
  complaints.allow(/status of 422/);
  await signedIn.goto('/users');
  await page.getByRole('link', { name: `Delete: ${worv.admin.name}` }).click();
  await page.getByRole('button', { name: 'Delete user' }).click();
  await expect(page.getByRole('dialog').getByRole('alert')).toContainText('last administrator');
  await expect(page.locator('[role=alert]'), 'it is said once').toHaveCount(1);
  await expect(page.getByRole('dialog', { name: `Delete ${worv.admin.name}?` })).toBeVisible();
});

test('the settings say where each value comes from, and no secret', async ({ console: page }) => {
  await page.getByRole('link', { name: 'Settings' }).click();
  const row = page.getByRole('row').filter({ hasText: 'server.listen' });
  await expect(row).toContainText('WORV_SERVER__LISTEN');
  await expect(page.getByRole('row').filter({ hasText: 'limits.max_output_tokens' })).toContainText('Default');
});

test('the theme is chosen in the settings or at the side, and both say which', async ({ console: page }) => {
  await page.getByRole('link', { name: 'Settings' }).click();
  const list = page.getByLabel('Colours');
  await list.selectOption('Dark');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(page.getByRole('radio', { name: 'Dark' })).toBeChecked();
  await page.getByRole('radio', { name: 'As the system' }).check({ force: true });
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'system');
  await expect(list).toHaveValue('system');
  await page.reload();
  await expect(list).toHaveValue('system');
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('a second factor is set up and asked for', async ({ page, complaints, server }) => {
    complaints.allow(/status of 401/);
    // Its own server, whose administrator has another way in afterwards.
    await page.goto(`${server.url}/login?next=%2Fsettings`);
    await page.getByLabel('Name').fill(server.admin.name);
    await page.getByLabel('Password').fill(server.admin.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'Set up' }).click();
    await expect(page.getByRole('img', { name: 'QR code' })).toBeVisible();
    await page.getByText('Or type the secret').click();
    const secret = await page.getByLabel('Secret', { exact: true }).inputValue();
    await page.getByLabel('Code', { exact: true }).fill(await codeOf(secret));
    await page.getByRole('button', { name: 'Switch on' }).click();
    const codes = (await page.getByLabel('Recovery codes', { exact: true }).inputValue()).split('\n');
    expect(codes).toHaveLength(10);
    await page.getByLabel('I have stored them').check();
    await page.getByRole('button', { name: 'Done' }).click();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Name').fill(server.admin.name);
    await page.getByLabel('Password').fill(server.admin.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Code').fill('000000x');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('alert')).toContainText('That code is not right');
    await page.getByLabel('Code').fill(codes[0] ?? '');
    await page.getByRole('button', { name: 'Continue' }).click();
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
  });
});

/** The code that an authenticator shows now (RFC 6238). */
async function codeOf(secret: string): Promise<string> {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const bytes = Uint8Array.from((bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
  const key = await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-1' }, false, ['sign']);
  const step = new DataView(new ArrayBuffer(8));
  step.setBigUint64(0, BigInt(Math.floor(Date.now() / 30_000)));
  const digest = new DataView(await crypto.subtle.sign('HMAC', key, step.buffer));
  const offset = digest.getUint8(19) & 15;
  return ((digest.getUint32(offset) & 0x7fffffff) % 1_000_000).toString().padStart(6, '0');
}
