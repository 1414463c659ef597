import { expect, expectHydrated, test } from '../support/fixtures.js';
import { model } from '../support/server.js';

const messages = [{ role: 'user', content: 'Say something that must not be kept: 7f3a91' }];

test('requests appear as they end, and can be held still', async ({ console: page, worv }) => {
  await page.goto('/requests');
  await expectHydrated(page);
  const rows = page.locator('tbody tr');
  const newest = rows.first();
  expect((await worv.call('/v1/messages', { model, max_tokens: 8, messages })).status).toBe(200);
  await expect(newest).toContainText('/v1/messages');
  await expect(newest).toContainText('Done');

  await page.getByRole('button', { name: 'Pause' }).click();
  await expectHydrated(page);
  const before = await rows.count();
  expect(await worv.ask()).toBe(200);
  const listed = async () => (await (await page.request.get('/api/requests?limit=1')).json()).requests[0].endpoint;
  await expect.poll(listed).toBe('/v1/chat/completions');
  await expect(newest).toContainText('/v1/messages');
  await expect(rows).toHaveCount(before);
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(newest).toContainText('/v1/chat/completions');
});

test('a filtered list grows by what it asks for only', async ({ console: page, worv }) => {
  await page.goto('/requests?endpoint=%2Fv1%2Fmessages');
  await expectHydrated(page);
  expect(await worv.ask()).toBe(200);
  expect((await worv.call('/v1/messages', { model, max_tokens: 8, messages })).status).toBe(200);
  await expect(page.locator('tbody tr').first()).toContainText('/v1/messages');
  await expect(page.locator('tbody tr').filter({ hasText: '/v1/chat/completions' })).toHaveCount(0);
  await page.getByLabel('Outcome').selectOption('Engine failed');
  await expect(page).toHaveURL(/endpoint=%2Fv1%2Fmessages&outcome=engine_failed/);
  await expect(page.getByText('There is no such request.')).toBeVisible();
});

test('a list is asked for again at midnight, when its rows become those of another day, unless it is held still', async ({ console: page }) => {
  await page.goto('/requests');
  await expectHydrated(page);
  const list = page.locator('tbody[data-until]');
  const midnight = Number(await list.getAttribute('data-until'));
  expect(midnight % 86_400_000).toBe(0);
  const setBack = () => list.evaluate((body) => body.setAttribute('data-until', '0'));
  await setBack();
  await expect(list).not.toHaveAttribute('data-until', '0');

  await page.getByRole('button', { name: 'Pause' }).click();
  await expectHydrated(page);
  await setBack();
  const sampledAt = async () => (await (await page.request.get('/api/overview')).json()).samples.at(-1).at;
  const held = await sampledAt();
  await expect.poll(sampledAt).toBeGreaterThan(held + 2000);
  await expect(list).toHaveAttribute('data-until', '0');
  await page.getByRole('button', { name: 'Resume' }).click();
  await expect(list).not.toHaveAttribute('data-until', '0');
});

test('one request is shown with its time and its limits, never its content', async ({ console: page, worv }) => {
  const answer = await worv.call('/v1/chat/completions', { model: 'live', max_tokens: 900_000, messages });
  expect(answer.status).toBe(200);
  const id = answer.headers.get('x-request-id');
  expect(id).toBeTruthy();
  await page.goto(`/requests?request=${id}`);
  await expectHydrated(page);
  const panel = page.getByRole('region', { name: `Request ${id}` });
  const { request, timeline } = await (await page.request.get(`/api/requests/${id}`)).json();
  expect(request).toMatchObject({ model, requested_model: 'live', clamped: true, outcome: 'done', status: 200 });
  expect(timeline.at(-1).to_us).toBe(request.duration_ms * 1000);
  await expect(panel).toContainText('asked for as live');
  await expect(panel).toContainText(`clamped to ${request.granted_tokens.toLocaleString('en-US')} tokens`);
  await expect(panel).toContainText('To the first token');
  await expect(page.getByText(`${request.prompt_tokens.toLocaleString('en-US')} tokens,`)).toBeVisible();
  expect(await page.content()).not.toContain('7f3a91');
  await panel.getByRole('link', { name: 'Close' }).click();
  await expect(panel).toBeHidden();
});

test('the list fits into its panel, however wide the window is', async ({ console: page, worv }) => {
  expect((await worv.call('/v1/chat/completions', { model: 'live', max_tokens: 8, messages })).status).toBe(200);
  await page.goto('/requests');
  await expect(page.locator('tbody tr').filter({ hasText: 'asked for as live' }).first()).toBeVisible();
  const list = page.getByRole('region', { name: 'Requests, the latest first' });
  for (const width of [1440, 1280, 1100, 900, 832, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const beyond = await list.evaluate((panel) => panel.scrollWidth - panel.clientWidth);
    expect(beyond, `at ${width} pixels`).toBe(0);
  }
});

test('what is wrong with a filter is said', async ({ console: page, complaints }) => {
  complaints.allow(/422|404/);
  await page.goto('/requests?status=fine');
  await expect(page.getByRole('alert')).toContainText('a status such as 503');
  expect((await page.request.get('/api/requests/req_0')).status()).toBe(404);
  expect((await page.request.get('/api/requests?limit=5000')).status()).toBe(422);
});
