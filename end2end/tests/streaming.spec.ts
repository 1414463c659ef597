import { expect, test } from '../support/fixtures.js';
import { model } from '../support/server.js';

/** The fields of one server-sent event that the two dialects use. */
interface ServerSentEvent {
  event?: string;
  data: string;
}

const messages = [{ role: 'user', content: 'Count to ten' }];

async function events(response: Response): Promise<ServerSentEvent[]> {
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const text = await response.text();
  expect(text.endsWith('\n\n'), 'the last event is complete').toBe(true);
  return text
    .split('\n\n')
    .filter((block) => /^data:/m.test(block))
    .map((block) => ({
      event: /^event: ?(.*)$/m.exec(block)?.[1],
      data: /^data: ?(.*)$/m.exec(block)?.[1] ?? '',
    }));
}

test('a chat completion is streamed to its end', async ({ worv }) => {
  const response = await worv.call('/v1/chat/completions', {
    model,
    max_tokens: 64,
    messages,
    stream: true,
    stream_options: { include_usage: true },
  });
  const received = await events(response);
  expect(received.at(-1)?.data).toBe('[DONE]');
  const chunks = received.slice(0, -1).map(({ data }) => JSON.parse(data));
  const text = chunks.map(({ choices }) => choices[0]?.delta?.content ?? '').join('');
  expect(text).not.toBe('');
  expect(chunks.length).toBeGreaterThan(3);
  expect(chunks.some(({ choices }) => choices[0]?.finish_reason)).toBe(true);
  expect(chunks.at(-1)?.usage.completion_tokens).toBeGreaterThan(0);
});

test('a message is streamed to its end', async ({ worv }) => {
  const response = await worv.call('/v1/messages', { model, max_tokens: 64, messages, stream: true });
  const received = await events(response);
  expect(received[0]?.event).toBe('message_start');
  expect(received.at(-1)?.event).toBe('message_stop');
  for (const { event, data } of received) expect(JSON.parse(data).type).toBe(event);
  const kinds = received.map(({ event }) => event).filter((event) => event !== 'ping');
  expect(kinds.indexOf('content_block_start')).toBe(1);
  expect(kinds.lastIndexOf('message_delta')).toBe(kinds.length - 2);
  const deltas = received.filter(({ event }) => event === 'content_block_delta').map(({ data }) => JSON.parse(data).delta);
  expect(deltas.map(({ text, thinking }) => text ?? thinking ?? '').join('')).not.toBe('');
});

test('a client that leaves is gone from the gateway, and the next one is served', async ({ console: page, worv }) => {
  const inFlight = page.locator('dl').filter({ hasText: 'In flight' }).locator('dd').first();
  const leaving = new AbortController();
  const response = await fetch(new URL('/v1/chat/completions', worv.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${worv.apiKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model, max_tokens: 8192, messages, stream: true }),
    signal: leaving.signal,
  });
  const reader = response.body?.getReader();
  await reader?.read();
  leaving.abort();
  await expect(inFlight).toHaveText('0');
  expect(await worv.ask()).toBe(200);
});

test('an unknown key is refused in the dialect of the caller', async ({ worv }) => {
  const chat = await worv.call('/v1/chat/completions', { model, messages }, 'sk-unknown');
  expect(chat.status).toBe(401);
  expect(await chat.json()).toMatchObject({ error: { message: expect.any(String), type: expect.any(String) } });
  const message = await worv.call('/v1/messages', { model, max_tokens: 8, messages }, 'sk-unknown');
  expect(message.status).toBe(401);
  expect(await message.json()).toMatchObject({ type: 'error', error: { type: 'authentication_error' } });
});
