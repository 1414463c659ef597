import { connection, expect, signIn, test } from '../support/fixtures.js';

test('a wrong password is refused without saying what was wrong', async ({ page, worv, complaints }) => {
  complaints.allow(/401 \(Unauthorized\)/);
  await page.goto('/login');
  await page.getByLabel('Name').fill(worv.admin.name);
  await page.getByLabel('Password').fill('not the password');
  const answer = page.waitForResponse((response) => response.request().method() === 'POST');
  await page.getByRole('button', { name: 'Sign in' }).click();
  expect((await answer).status()).toBe(401);
  await expect(page.getByRole('alert')).toHaveText('The name or the password is not right.');
  await expect(page.getByLabel('Name')).toHaveValue(worv.admin.name);
  expect((await page.request.get('/api/session')).status()).toBe(401);
});

test('signing in leads to the page that was asked for', async ({ page, worv }) => {
  await page.goto('/keys');
  await expect(page).toHaveURL('/login?next=%2Fkeys');
  await signIn(page, worv);
  await expect(page).toHaveURL('/keys');
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Keys');
});

test('signing in leads nowhere else', async ({ page, worv }) => {
  for (const elsewhere of ['https://example.com/', '//example.com/', '/\\example.com']) {
    await page.goto(`/login?next=${encodeURIComponent(elsewhere)}`);
    await signIn(page, worv);
    await expect(page).toHaveURL('/');
    await page.context().clearCookies();
  }
});

test('signing out ends the session, not only its cookie', async ({ console: page, context }) => {
  const cookies = await context.cookies();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page).toHaveURL('/login');
  await context.addCookies(cookies);
  expect((await page.request.get('/api/session')).status()).toBe(401);
});

test('the session cookie is out of reach of scripts and other sites', async ({ console: page, context }) => {
  const cookie = (await context.cookies()).find(({ httpOnly }) => httpOnly);
  expect(cookie).toMatchObject({ httpOnly: true, path: '/' });
  expect(['Lax', 'Strict']).toContain(cookie?.sameSite);
  expect(await page.evaluate(() => document.cookie)).not.toContain(cookie?.name);
});

test.describe('a change is refused', () => {
  const newKey = { name: 'forged' };

  test('without the token', async ({ console: page }) => {
    const request = page.context().request;
    expect((await request.post('/api/keys', { data: newKey })).status()).toBe(403);
    expect((await request.post('/logout', { form: { csrf_token: 'guessed' } })).status()).toBe(403);
    expect((await request.get('/api/session')).status()).toBe(200);
  });

  test('from another site, even with the token', async ({ console: page }) => {
    const token = await page.locator('meta[name=csrf-token]').getAttribute('content');
    expect(token).toBeTruthy();
    const answer = await page.context().request.post('/api/keys', {
      data: newKey,
      headers: { 'x-csrf-token': token ?? '', 'sec-fetch-site': 'cross-site', origin: 'https://example.com' },
    });
    expect(answer.status()).toBe(403);
  });

  test('when signing in without the form', async ({ page, worv }) => {
    const { name, password } = worv.admin;
    const answer = await page.request.post('/login', { form: { name, password, csrf_token: '', next: '/' } });
    expect(answer.status()).toBe(403);
    expect((await page.request.get('/api/session')).status()).toBe(401);
  });
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('the console can be read, and signing in and out works', async ({ page, worv }) => {
    await page.goto('/login');
    await signIn(page, worv);
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Overview');
    await expect(connection(page)).toHaveText('Connecting');
    await page.getByRole('link', { name: 'Keys' }).click();
    await expect(page.getByRole('rowheader', { name: 'demo' }).first()).toBeVisible();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await expect(page).toHaveURL('/login');
  });
});
