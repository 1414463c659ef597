import { expect, expectHydrated, test } from '../support/fixtures.js';

test('a key is created, used and revoked', async ({ console: page, worv }) => {
  const name = 'nightly evaluation';
  await page.getByRole('link', { name: 'Keys', exact: true }).click();
  await page.getByRole('link', { name: 'Create key' }).click();
  const form = page.getByRole('dialog', { name: 'Create a key' });
  await form.getByRole('textbox', { name: /^Name/ }).fill(name);
  await form.getByLabel('Owner').fill('research');
  await form.getByLabel('Expires').selectOption('In 30 days');
  await form.getByText('Limits and models').click();
  await form.getByLabel('Tokens per day').fill('1000');
  await form.getByRole('button', { name: 'Create key' }).click();

  const created = page.getByRole('dialog', { name: `${name} is ready` });
  const secret = await created.getByLabel('Key', { exact: true }).inputValue();
  await expect(created).toContainText('It is shown this once');
  await expectHydrated(page);
  // Browsers close a dialog at the second one whatever is said of the first.
  for (let times = 0; times < 3; times += 1) await page.keyboard.press('Escape');
  await expect(created).toBeVisible();
  const copy = created.locator('[data-copy=secret]');
  await copy.click();
  await expect(copy).toContainText(/Copied|Selected/);
  await created.getByText('Python, Claude Code, Codex and Open WebUI').click();
  for (const snippet of ['Python', 'Claude Code', 'Codex', 'Open WebUI']) {
    await expect(created.getByLabel(new RegExp(`^Use it (from|with) ${snippet}`))).toHaveValue(new RegExp(secret));
  }
  await created.getByLabel('I have stored it').check();
  await created.getByRole('button', { name: 'Done' }).click();
  await expect(created).toBeHidden();
  expect(await page.content()).not.toContain(secret);

  const row = page.getByRole('row').filter({ hasText: name });
  await expect(row).toContainText('research');
  await expect(row).toContainText('Never used');
  await expect(row).toContainText('Active');
  expect(await worv.ask(secret)).toBe(200);

  await row.getByRole('link', { name }).first().click();
  await expect(page.getByRole('heading', { level: 2, name })).toBeVisible();
  const used = page.getByRole('row').filter({ hasText: 'Tokens today' });
  await expect(used).toContainText('1,000');
  await expect(used.getByRole('cell').first()).not.toHaveText('0');

  await page.getByRole('link', { name: 'Revoke' }).click();
  const question = page.getByRole('dialog', { name: `Revoke ${name}?` });
  await expect(question).toContainText('This cannot be undone.');
  await question.getByRole('button', { name: 'Revoke key' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'The key was revoked.' })).toBeVisible();
  await expect.poll(() => worv.ask(secret)).toBe(401);
});

test('reloading after a key was created creates no second one', async ({ console: page }) => {
  await page.goto('/keys?create=');
  const form = page.getByRole('dialog', { name: 'Create a key' });
  await form.getByRole('textbox', { name: /^Name/ }).fill('once');
  await form.getByRole('button', { name: 'Create key' }).click();
  await expect(page.getByRole('dialog', { name: 'once is ready' })).toBeVisible();
  await expectHydrated(page);
  await page.reload();
  await expect(page.getByRole('link', { name: 'once', exact: true })).toHaveCount(1);
  await expect(page.getByRole('dialog')).toHaveCount(0);
});

test('a key is created and revoked with the keyboard alone', async ({ console: page }) => {
  const press = (key: string) => page.keyboard.press(key);
  await press('g');
  await press('k');
  await expect(page).toHaveURL('/keys');
  const opener = page.getByRole('link', { name: 'Create key' });
  await opener.focus();
  await press('Enter');
  const form = page.getByRole('dialog', { name: 'Create a key' });
  await expect(form.getByRole('textbox', { name: /^Name/ })).toBeFocused();

  // Escape closes it, and the focus goes back to where it came from.
  await press('Escape');
  await expect(form).toBeHidden();
  await expect(opener).toBeFocused();
  await press('Enter');
  await expect(form.getByRole('textbox', { name: /^Name/ })).toBeFocused();
  await page.keyboard.type('by keyboard');
  await press('Enter');
  const created = page.getByRole('dialog', { name: 'by keyboard is ready' });
  await expect(created).toBeVisible();
  await expectHydrated(page);
  await created.getByLabel('I have stored it').focus();
  await press('Space');
  await press('Tab');
  await press('Enter');
  await expect(created).toBeHidden();

  await page.getByRole('link', { name: 'Revoke by keyboard' }).focus();
  await press('Enter');
  const question = page.getByRole('dialog', { name: 'Revoke by keyboard?' });
  await expect(question).toBeVisible();
  await question.getByRole('button', { name: 'Revoke key' }).focus();
  await press('Enter');
  await expect(page.getByRole('row').filter({ hasText: 'by keyboard' })).toContainText('Revoked');
});

test('a key is edited, suspended, resumed and rotated, and the log says so', async ({ console: page, worv }) => {
  const created = await page.evaluate(async () => {
    const token = document.querySelector('meta[name=csrf-token]')?.getAttribute('content') ?? '';
    const headers = { 'content-type': 'application/json', 'x-csrf-token': token };
    const answer = await fetch('/api/keys', { method: 'POST', headers, body: JSON.stringify({ name: 'laptop' }) });
    return (await answer.json()) as { key: { id: number }; secret: string };
  });
  await page.goto(`/keys/${created.key.id}`);
  await page.getByRole('heading', { name: 'Edit' }).click();
  await page.getByLabel('Owner').fill('ada');
  await page.getByLabel('Requests at the same time').fill('4');
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('status').filter({ hasText: 'The key was changed.' })).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'Requests at the same time' })).toContainText('4');

  await page.getByRole('link', { name: 'Suspend' }).click();
  await page.getByRole('button', { name: 'Suspend key' }).click();
  await expect(page.getByText('The key is suspended')).toBeVisible();
  await expect.poll(() => worv.ask(created.secret)).not.toBe(200);
  await page.getByRole('link', { name: 'Resume' }).click();
  await page.getByRole('button', { name: 'Resume key' }).click();
  await expect.poll(() => worv.ask(created.secret)).toBe(200);

  await page.getByRole('link', { name: 'Rotate' }).click();
  await page.getByRole('button', { name: 'Rotate key' }).click();
  const rotated = page.getByRole('dialog', { name: 'laptop is ready' });
  const secret = await rotated.getByLabel('Key', { exact: true }).inputValue();
  expect(secret).not.toBe(created.secret);
  await expect.poll(() => worv.ask(secret)).toBe(200);
  expect(await worv.ask(created.secret), 'both work for a day').toBe(200);
  await rotated.getByLabel('I have stored it').check();
  await rotated.getByRole('button', { name: 'Done' }).click();

  await page.getByRole('link', { name: 'In the audit log' }).click();
  for (const action of ['key.create', 'key.edit', 'key.suspend', 'key.resume', 'key.rotate']) {
    await expect(page.getByRole('row').filter({ hasText: action })).toHaveCount(1);
  }
});

test('a change that is refused keeps what was typed', async ({ console: page, complaints }) => {
  complaints.allow(/status of 422/);
  await page.goto('/keys');
  await page.getByRole('rowheader', { name: 'demo' }).first().getByRole('link').click();
  await page.getByRole('heading', { name: 'Edit' }).click();
  await page.getByLabel('Owner').fill('somebody else');
  await page.getByLabel('Tags').fill('x'.repeat(51));
  await page.getByRole('button', { name: 'Save' }).click();
  await expect(page.getByRole('alert')).toContainText('1 to 50 characters');
  await expect(page.getByLabel('Owner')).toHaveValue('somebody else');
  await expect(page.getByLabel('Tags')).toHaveValue('x'.repeat(51));
});

test('the list is filtered by its address', async ({ console: page }) => {
  await page.goto('/keys?q=nothing+of+the+kind');
  await expect(page.getByText('No key matches.')).toBeVisible();
  await page.goto('/keys');
  await page.getByLabel('Name, owner or tag').fill('demo');
  await page.getByLabel('Status').selectOption('Active');
  await page.getByRole('button', { name: 'Filter' }).click();
  await expect(page).toHaveURL('/keys?q=demo&status=active');
  await expect(page.getByRole('rowheader', { name: 'demo' }).first()).toBeVisible();
});
