import { expect, expectHydrated, signIn, test } from '../support/fixtures.js';

interface Gpus {
  report: { gpus: { index: number; uuid: string; memory_total: number; processes: { pid: number }[] }[] };
}

const gibibytes = (bytes: number) => (bytes / 2 ** 30).toFixed(1);

test('eight cards stand in the order of the machine, with the figures of the API', async ({ console: page }) => {
  await page.goto('/gpus');
  const cards = page.getByRole('listitem').filter({ hasText: 'NVIDIA B200' });
  await expect(cards).toHaveCount(8);
  await expect(cards.getByRole('heading', { level: 2 })).toHaveText([...Array(8).keys()].map((index) => `GPU ${index}`));
  const { report } = (await (await page.request.get('/api/gpus')).json()) as Gpus;
  for (const { index, memory_total } of report.gpus) {
    await expect(cards.nth(index)).toContainText(`of ${gibibytes(memory_total)} GiB`);
  }
});

test('a card leads to everything about its GPU, at an address of its own', async ({ console: page }) => {
  await page.goto('/gpus');
  await expectHydrated(page);
  await page.getByRole('heading', { name: 'GPU 3' }).getByRole('link').click();
  await expect(page).toHaveURL('/gpus?gpu=3');
  const { report } = (await (await page.request.get('/api/gpus')).json()) as Gpus;
  const gpu = report.gpus.find(({ index }) => index === 3);
  await expect(page.getByText(gpu?.uuid ?? 'no GPU 3')).toBeVisible();
  await expect(page.getByRole('region', { name: 'Links' })).toContainText('NVLink');
  await expect(page.getByRole('region', { name: 'Memory', exact: true })).toContainText('Rows replaced');
  for (const { pid } of gpu?.processes ?? []) {
    await expect(page.getByRole('cell', { name: String(pid), exact: true }).first()).toBeVisible();
  }
  await page.reload();
  await expect(page.getByText(gpu?.uuid ?? 'no GPU 3')).toBeVisible();
  await page.getByRole('navigation', { name: 'GPUs' }).getByRole('link', { name: 'All' }).click();
  await expect(page).toHaveURL('/gpus');
  await expect(page.getByRole('listitem').filter({ hasText: 'NVIDIA B200' })).toHaveCount(8);
});

test('the history is read with the keyboard, over a period of one’s choice', async ({ console: page }) => {
  await page.goto('/gpus?gpu=0');
  await expectHydrated(page);
  const plot = page.getByRole('slider', { name: /GPU 0 over the last 15 minutes/ });
  await plot.press('ArrowLeft');
  await expect(plot).toHaveAttribute('aria-valuetext', /^\d\d:\d\d:\d\d, Memory, GiB (\d+|–), Utilisation, % (\d+|–)/);
  await page.keyboard.press('Escape');
  await page.getByRole('navigation', { name: 'Period' }).getByRole('link', { name: '24 hours' }).click();
  await expect(page).toHaveURL('/gpus?gpu=0&period=24h');
  await expect(page.getByRole('slider', { name: /GPU 0 over the last 24 hours/ })).toBeVisible();
});

test('the cards are brought up to date, and what somebody is at stays', async ({ console: page }) => {
  await page.goto('/gpus');
  await expectHydrated(page);
  const link = page.getByRole('heading', { name: 'GPU 5' }).getByRole('link');
  await link.focus();
  const grid = page.locator('.gpu-grid');
  const before = await grid.innerText();
  await expect.poll(() => grid.innerText()).not.toBe(before);
  await expect(link).toBeFocused();
});

test('what is wrong with a GPU is said on its card, and everything else goes on', async ({ page, server }) => {
  await page.goto(`${server.url}/login`);
  await signIn(page, server);
  await page.goto(`${server.url}/gpus`);
  await expectHydrated(page);
  const card = (index: number) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: `GPU ${index}` }) });
  await expect(card(2)).toContainText('OK');
  await server.scriptGpus({ 2: { temperature: 91 }, 4: { ecc_uncorrected: 3 }, 6: { fault: { error: 15 } } });
  await expect(card(2)).toContainText('Hot');
  await expect(card(4)).toContainText('Check');
  await expect(card(4)).toContainText('lost data 3 times');
  await expect(card(6)).toContainText('Fault');
  await expect(card(7)).toContainText('OK');
  await card(6).getByRole('link').click();
  await expect(page.getByText('Fault', { exact: true })).toBeVisible();
  await server.scriptGpus({});
  await expect(page.getByText('Fault', { exact: true })).toHaveCount(0);
});
