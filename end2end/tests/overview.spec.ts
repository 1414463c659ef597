import { expect, expectHydrated, test } from '../support/fixtures.js';
import { model } from '../support/server.js';

test('the server sends the figures in the page itself', async ({ console: page }) => {
  // The first reading of the GPUs and the engine's first answer come within moments of the start.
  await expect(async () => {
    const html = await (await page.request.get('/')).text();
    const { health, rows } = await page.evaluate((html) => {
      const sent = new DOMParser().parseFromString(html, 'text/html');
      return {
        health: sent.querySelector('[aria-label=Health]')?.textContent,
        rows: [...sent.querySelectorAll('tr')].map((row) => row.textContent),
      };
    }, html);
    expect(health).toContain('All is well');
    expect(health).toContain(`${model} is being served.`);
    expect(rows.filter((row) => row?.includes('NVIDIA B200'))).toHaveLength(8);
  }).toPass();
});

test('the page has eight GPUs with their memory', async ({ console: page }) => {
  const gpus = page.getByRole('region', { name: 'GPUs' }).getByRole('row').filter({ hasText: 'NVIDIA B200' });
  await expect(gpus).toHaveCount(8);
  for (const gpu of await gpus.all()) await expect(gpu).toContainText(/\d+\.\d \/ 17\d\.\d GiB|\d+\.\d \/ 18\d\.\d GiB/);
});

test('the figures move with the requests', async ({ console: page, worv }) => {
  const tile = page.locator('dl').filter({ hasText: 'Requests per second' });
  const count = async () => Number(/([\d,\u202f]+) in 15 min/.exec(await tile.innerText())?.[1]?.replace(/\D/g, ''));
  const before = await count();
  const statuses = await Promise.all(Array.from({ length: 5 }, () => worv.ask()));
  expect(statuses).toEqual([200, 200, 200, 200, 200]);
  await expect.poll(count).toBeGreaterThanOrEqual(before + 5);
  await expect(page.locator('dl').filter({ hasText: 'Time to first token' })).toContainText(/\d (ms|s)/);
});

test('the overview names the busiest keys and the latest events', async ({ console: page, worv }) => {
  expect(await worv.ask()).toBe(200);
  const keys = page.getByRole('region', { name: 'Busiest keys of this hour' });
  await expect(keys.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'demo' }) })).toContainText(/[1-9]/);
  await expect(page.getByRole('region', { name: 'Latest events' })).toContainText('Signed in');
});

test('the GPUs are read again and again', async ({ console: page }) => {
  const facts = page.getByRole('region', { name: 'GPUs' }).getByRole('table');
  const before = await facts.innerText();
  await expect.poll(() => facts.innerText()).not.toBe(before);
});

test('the theme changes at once and stays', async ({ console: page }) => {
  const html = page.locator('html');
  for (const [label, theme] of [['Dark', 'dark'], ['Light', 'light'], ['As the system', 'system']] as const) {
    await page.getByRole('radio', { name: label }).check({ force: true });
    await expect(html).toHaveAttribute('data-theme', theme);
    await page.reload();
    await expect(html).toHaveAttribute('data-theme', theme);
    await expectHydrated(page);
    await expect(page.getByRole('radio', { name: label })).toBeChecked();
  }
});

test('the keyboard leads from page to page', async ({ console: page }) => {
  await page.keyboard.press('g');
  await page.keyboard.press('k');
  await expect(page).toHaveURL('/keys');
  await page.keyboard.press('g');
  await page.keyboard.press('o');
  await expect(page).toHaveURL('/');
  await page.keyboard.press('?');
  await expect(page.getByRole('dialog', { name: 'Keyboard shortcuts' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('dialog')).toBeHidden();
});

test('an unknown address has a page that says so', async ({ console: page, complaints }) => {
  complaints.allow(/404 \(Not Found\)/);
  const answer = await page.goto('/nowhere');
  expect(answer?.status()).toBe(404);
  await expect(page.getByText('There is no such page.')).toBeVisible();
  await expectHydrated(page);
});
