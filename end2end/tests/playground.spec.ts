import { expect, expectHydrated, test } from '../support/fixtures.js';
import { longQuestion, model } from '../support/server.js';

test('a question is answered through the API, with a key that the list of keys leaves out', async ({ console: page }) => {
  await page.goto('/playground');
  await expectHydrated(page);
  await page.getByLabel('System prompt').fill('Be brief.');
  await page.getByLabel('Temperature').fill('0.5');
  await expect(page).toHaveURL(/system=Be\+brief\.&.*temperature=0\.5|temperature=0\.5.*system=Be\+brief\./);
  await page.getByRole('textbox', { name: 'Message' }).fill('Count to ten');
  const sent = page.waitForRequest((request) => request.url().endsWith('/v1/chat/completions'));
  await page.keyboard.press('Enter');
  expect((await sent).postDataJSON()).toEqual({
    model,
    messages: [
      { role: 'system', content: 'Be brief.' },
      { role: 'user', content: 'Count to ten' },
    ],
    stream: true,
    stream_options: { include_usage: true },
    temperature: 0.5,
  });
  const conversation = page.getByRole('log', { name: 'Conversation' });
  await expect(conversation).toContainText('Count to ten');
  await expect(conversation).toContainText(/first token after \d+ ms · \d+ tokens in, \d+ out/);
  const answer = await conversation.locator('.turn__text').innerText();
  expect(answer).not.toBe('');
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();

  await page.getByText('Raw events').click();
  await expect(page.getByRole('region', { name: 'Raw events' })).toContainText('[DONE]');

  await page.getByRole('textbox', { name: 'Message' }).fill('And "back"?');
  await page.getByText('Copy as curl or Python').click();
  await expect(page.getByLabel('curl', { exact: true })).toHaveValue(/And \\"back\\"\?/);
  await expect(page.getByLabel('Python', { exact: true })).toHaveValue(/"stream": True/);
  const followUp = page.waitForRequest((request) => request.url().endsWith('/v1/chat/completions'));
  await page.getByRole('button', { name: 'Send' }).click();
  const { messages } = (await followUp).postDataJSON() as { messages: { role: string; content: string }[] };
  expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user']);
  await expect(conversation.locator('.turn__figures')).toHaveText([/tokens in/, /tokens in/]);

  const keys = (await (await page.request.get('/api/keys')).json()) as { name: string }[];
  expect(keys.some(({ name }) => name.startsWith('playground'))).toBe(false);
});

test('starting over leaves nothing of an answer that was cut', async ({ console: page }) => {
  await page.goto('/playground?max_tokens=8192');
  await expectHydrated(page);
  const conversation = page.getByRole('log', { name: 'Conversation' });
  const message = page.getByRole('textbox', { name: 'Message' });
  await message.fill(longQuestion);
  await page.keyboard.press('Enter');
  await expect(conversation).toContainText('again again');
  await page.getByRole('button', { name: 'Start over' }).click();
  await expect(conversation).toHaveText('');
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
  await message.fill('Count to ten');
  const sent = page.waitForRequest((request) => request.url().endsWith('/v1/chat/completions'));
  await page.keyboard.press('Enter');
  expect((await sent).postDataJSON().messages).toEqual([{ role: 'user', content: 'Count to ten' }]);
  await expect(conversation).toContainText('tokens in');
  await expect(conversation).not.toContainText('again');
});

test('an answer that arrives is followed while its end is in view, and not by who reads above', async ({ console: page }) => {
  await page.goto('/playground?max_tokens=8192');
  await expectHydrated(page);
  await page.getByRole('textbox', { name: 'Message' }).fill(longQuestion);
  await page.keyboard.press('Enter');
  const answer = page.locator('.turn--answer');
  const length = () => answer.locator('.turn__text').evaluate((text) => text.textContent?.length ?? 0);
  const scrolled = () => page.evaluate(() => scrollY);
  await expect(answer).toContainText('again again');
  const begun = await scrolled();
  await expect.poll(scrolled).toBeGreaterThan(begun);
  await page.evaluate(() => scrollTo({ top: 0, behavior: 'instant' }));
  const before = await length();
  await expect.poll(length).toBeGreaterThan(before + 500);
  expect(await scrolled()).toBe(0);
  await page.getByRole('button', { name: 'Stop' }).click();
});

test('an answer that is not wanted any more is stopped', async ({ console: page }) => {
  await page.goto('/playground?max_tokens=8192');
  await expectHydrated(page);
  await expect(page.getByLabel('Most tokens')).toHaveValue('8192');
  await page.getByRole('textbox', { name: 'Message' }).fill(longQuestion);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('log', { name: 'Conversation' })).toContainText('first token after');
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('log', { name: 'Conversation' })).toContainText('stopped');
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
  await page.goto('/');
  await expect(page.locator('dl').filter({ hasText: 'In flight' }).locator('dd').first()).toHaveText('0');
});

test('what is wrong with a request is said where its answer would be', async ({ console: page, complaints }) => {
  complaints.allow(/status of 4\d\d/);
  await page.goto('/playground');
  await expectHydrated(page);
  await page.getByLabel('Most tokens').evaluate((field: HTMLInputElement) => {
    field.value = '-1';
  });
  await page.getByRole('textbox', { name: 'Message' }).fill('Count to ten');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('log', { name: 'Conversation' }).getByRole('alert')).toContainText('max_tokens');
  await expect(page.getByRole('button', { name: 'Send' })).toBeVisible();
});
