import { screens } from '../support/appearances.js';
import { expect, expectHydrated, signIn, test } from '../support/fixtures.js';
import { model } from '../support/server.js';

/** The pages and dialogs, each by the name of its snapshot in the folder beside this file. Numbers in them are patterns. */
const pages = {
  overview: '/',
  usage: '/usage?range=24h',
  requests: '/requests',
  keys: '/keys',
  'key-create': '/keys?create=',
  'key-revoke': '/keys?revoke=1',
  key: '/keys/1',
  gpus: '/gpus',
  gpu: '/gpus?gpu=3',
  models: '/models',
  'models-switch': '/models?switch=GLM-5.1-FP8',
  playground: '/playground',
  audit: '/audit',
  users: '/users',
  'user-create': '/users?ask=create',
  settings: '/settings',
};

test('every page is built as it was', async ({ page, server: worv }) => {
  // Wide enough for every column of every table.
  await page.setViewportSize(screens.desktop);
  // A server of its own, so that its pages hold what this test has done and nothing else.
  await page.goto(`${worv.url}/login`);
  await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: 'login.aria.yml' });
  await signIn(page, worv);
  await expectHydrated(page);
  await expect(page.getByRole('banner')).toMatchAriaSnapshot({ name: 'frame.aria.yml' });
  expect(await worv.ask()).toBe(200);
  const messages = [{ role: 'user', content: 'Count to ten' }];
  const answer = await worv.call('/v1/chat/completions', { model, messages, max_tokens: 32, stream: true });
  expect((await answer.text()).endsWith('data: [DONE]\n\n')).toBe(true);
  for (const [name, address] of Object.entries(pages)) {
    await page.goto(new URL(address, worv.url).href);
    await expectHydrated(page);
    await expect(page.getByRole('main')).toMatchAriaSnapshot({ name: `${name}.aria.yml` });
  }
  await page.goto(new URL(`/requests?request=${answer.headers.get('x-request-id')}`, worv.url).href);
  await expectHydrated(page);
  await expect(page.getByRole('region', { name: 'Request req_' })).toMatchAriaSnapshot({ name: 'request.aria.yml' });
});
