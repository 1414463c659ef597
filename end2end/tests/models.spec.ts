import { readFile } from 'node:fs/promises';
import { expect, expectHydrated, signIn, test } from '../support/fixtures.js';
import { model, type Server } from '../support/server.js';
import type { Page } from '@playwright/test';

interface Profiles {
  process: { profile: string; pid: number | null; state: string };
  profiles: { name: string; live: boolean }[];
}

interface Switches {
  current: { to: string } | null;
  history: { from: string; to: string; outcome: string; actor: string }[];
}

const other = 'GLM-5.1-FP8';

/** Asks the console's API in the name of the page's user. */
async function ask<T>(page: Page, path: string): Promise<T> {
  const answer = await page.request.get(path);
  expect(answer.status()).toBe(200);
  return (await answer.json()) as T;
}

/** Chooses a model, and confirms it by the keyboard alone. */
async function switchTo(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: `Switch to ${name}` }).press('Enter');
  const dialog = page.getByRole('dialog', { name: `Switch to ${name}?` });
  await expect(dialog).toBeVisible();
  await page.getByRole('textbox', { name: `Type ${name} to confirm` }).fill(name);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: /^Switching from/ })).toBeVisible();
}

/** A page of a server of its own, with somebody signed in. */
async function open(page: Page, server: Server): Promise<void> {
  await page.goto(`${server.url}/login`);
  await signIn(page, server);
  await expectHydrated(page);
  await page.goto(`${server.url}/models`);
  await expectHydrated(page);
}

test('the page says what serves, and what else could', async ({ console: page }) => {
  await page.goto('/models');
  const live = page.getByRole('region', { name: 'Live model' });
  await expect(live.getByRole('heading', { name: model })).toBeVisible();
  await expect(live).toContainText('Live');
  const { process, profiles } = await ask<Profiles>(page, '/api/profiles');
  await expect(live).toContainText(`process ${process.pid}`);
  const listed = page.getByRole('region', { name: 'Models of this machine' }).getByRole('listitem');
  await expect(listed.getByRole('heading')).toHaveText(profiles.map(({ name }) => name));
});

test('a switch that is not confirmed by its name is not begun', async ({ console: page }) => {
  await page.goto('/models');
  await expectHydrated(page);
  const opener = page.getByRole('link', { name: `Switch to ${other}` });
  await opener.click();
  await expect(page).toHaveURL(`/models?switch=${other}`);
  await page.getByRole('textbox').fill('GLM');
  await page.keyboard.press('Enter');
  await expect(page.getByRole('dialog')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  await expect(page).toHaveURL('/models');
  await expect(opener).toBeFocused();
  expect(await ask<Switches>(page, '/api/switch')).toMatchObject({ current: null, history: [] });
});

test('a switch is followed to Live by everybody who looks', async ({ page, context, server }) => {
  await open(page, server);
  const second = await context.newPage();
  await second.goto(`${server.url}/models`);
  await expectHydrated(second);

  await switchTo(page, other);
  await expect(second.getByRole('heading', { name: `Switching from ${model} to ${other}` })).toBeVisible();
  for (const each of [page, second]) {
    const live = each.getByRole('region', { name: 'Live model' });
    await expect(live.getByRole('heading', { name: other })).toBeVisible();
    await expect(live).toContainText('Live');
    const row = each.getByRole('row').filter({ has: each.getByRole('rowheader', { name: other }) });
    await expect(row).toContainText('Done');
    await expect(row).toContainText(server.admin.name);
    await expect(each.getByRole('region', { name: 'Engine log' }).last()).toContainText('a simulated vLLM serves');
  }
  const { history } = await ask<Switches>(page, `${server.url}/api/switch`);
  expect(history).toMatchObject([{ from: model, to: other, outcome: 'done', actor: server.admin.name }]);
  expect(await server.ask()).toBe(200);
});

test('a switch whose engine dies is rolled back, and the page says why', async ({ page, server }) => {
  await open(page, server);
  await switchTo(page, other);
  // The engine loads for some seconds, in which it ends.
  await expect
    .poll(
      async () => {
        const { process: engine } = await ask<Profiles>(page, `${server.url}/api/profiles`);
        return engine.profile === other && engine.state === 'starting' && engine.pid !== null && process.kill(engine.pid, 'SIGKILL');
      },
      { intervals: [50] },
    )
    .toBe(true);
  await expect(page.getByRole('listitem').filter({ hasText: `again with ${model}` }).first()).toBeVisible();
  const live = page.getByRole('region', { name: 'Live model' });
  await expect(page.getByRole('row').filter({ hasText: 'Rolled back' })).toContainText(other);
  await expect(live.getByRole('heading', { name: model })).toBeVisible();
  const { history } = await ask<Switches>(page, `${server.url}/api/switch`);
  expect(history).toMatchObject([{ to: other, outcome: 'rolled_back' }]);
  expect(await server.ask()).toBe(200);
});

test('a switch can be called off while answers are under way', async ({ page, server }) => {
  await open(page, server);
  const answer = new AbortController();
  const streamed = await server.stream(answer.signal);
  await switchTo(page, other);
  await expect(page.getByRole('listitem').filter({ hasText: '1 answer to go' })).toBeVisible();
  await page.getByRole('button', { name: 'Call it off' }).click();
  await expect(page.getByText('The switch was called off.')).toBeVisible();
  await expect(page.getByRole('row').filter({ hasText: 'Called off' })).toContainText(other);
  await expect(page.getByRole('region', { name: 'Live model' }).getByRole('heading', { name: model })).toBeVisible();
  answer.abort();
  await streamed.body?.cancel().catch(() => {});
  expect(await server.ask()).toBe(200);
});

test('the log is taken away as a file', async ({ console: page }) => {
  await page.goto('/models');
  await expectHydrated(page);
  const downloading = page.waitForEvent('download');
  await page.getByRole('link', { name: 'Download' }).click();
  const download = await downloading;
  expect(download.suggestedFilename()).toBe('engine.log');
  expect(await readFile(await download.path(), 'utf8')).toContain('a simulated vLLM serves');
});

test('the log stands still while it is held, or text in it is selected', async ({ page, server }) => {
  await open(page, server);
  const log = page.locator('#log');
  await expect(log).toContainText('a simulated vLLM serves');
  const before = await log.innerText();
  await log.evaluate((element) => getSelection()?.selectAllChildren(element));
  const renewed = () => page.waitForResponse((response) => response.url().endsWith('/parts/models'));
  await page.request.post(`${server.url}/api/switch`, {
    data: { profile: other },
    headers: { 'x-csrf-token': (await page.locator('meta[name=csrf-token]').getAttribute('content')) ?? '' },
  });
  await expect(page.getByRole('region', { name: 'Live model' }).getByRole('heading', { name: other })).toBeVisible();
  await renewed();
  expect(await log.innerText()).toBe(before);
  const held = page.getByRole('checkbox', { name: 'Hold still' });
  await held.check();
  await page.evaluate(() => getSelection()?.removeAllRanges());
  await renewed();
  expect(await log.innerText()).toBe(before);
  await held.uncheck();
  await expect(log).not.toHaveText(before);
});
