import { expect, expectHydrated, test } from '../support/fixtures.js';

/** A whole number as the page writes it. */
const written = (value: number) => value.toLocaleString('en-US');

/** Does something, again if need be, until all of it has happened in one hour: the charts have a bar for each. */
async function inOneHour<T>(act: (today: string) => Promise<T>): Promise<T> {
  const hour = () => new Date().toISOString().slice(0, 13);
  for (;;) {
    const begun = hour();
    const done = await act(begun.slice(0, 10));
    if (hour() === begun) {
      return done;
    }
  }
}

test('what a key has used is on the page, as the API has it', async ({ console: page, worv }) => {
  const query = 'range=24h&by=key&metric=prompt_tokens';
  const [report, csv] = await inOneHour(async () => {
    const statuses = await Promise.all(Array.from({ length: 6 }, () => worv.ask()));
    expect(statuses).toEqual(Array.from({ length: 6 }, () => 200));
    await page.goto(`/usage?${query}`);
    const report = await page.request.get(`/api/usage?${query}`);
    return [await report.json(), await page.request.get(`/api/usage.csv?${query}`)];
  });
  await expectHydrated(page);
  const demo = report.groups.find(({ name }: { name: string }) => name === 'demo');
  expect(demo.totals.requests).toBeGreaterThanOrEqual(6);

  const row = page.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'demo' }) }).first();
  for (const sum of ['requests', 'prompt_tokens', 'completion_tokens']) {
    await expect(row.getByRole('cell', { name: written(demo.totals[sum]), exact: true }).first()).toBeVisible();
  }
  const tile = page.locator('dl').filter({ hasText: 'Input tokens' });
  await expect(tile.locator('dd').first()).toHaveText(written(report.totals.prompt_tokens));

  // The chart is read bar by bar; the last one is this hour.
  const plot = page.getByRole('slider', { name: /Input tokens by the hour/ });
  await plot.focus();
  await page.keyboard.press('End');
  const last = report.series.map(({ values }: { values: number[] }) => values.at(-1));
  await expect(page.locator('.legend b').first()).toHaveText(written(last[0]));
  await expect(plot).toHaveAttribute('aria-valuenow', '23');
  await page.keyboard.press('Escape');
  await expect(page.locator('.plot__moment')).toHaveText('In all');

  expect(csv.headers()['content-type']).toContain('text/csv');
  const lines = (await csv.text()).trim().split('\r\n');
  expect(lines).toHaveLength(25);
  expect(lines[24]?.split(',').slice(2).map(Number)).toEqual(last);
});

test('the whole state is in the address, and works without leaving the page', async ({ console: page, worv }) => {
  expect(await worv.ask()).toBe(200);
  await page.goto('/usage');
  await expectHydrated(page);
  await page.getByLabel('Metric').focus();
  await page.getByLabel('Metric').selectOption('Output tokens');
  await expect(page).toHaveURL(/metric=completion_tokens/);
  await expect(page.getByRole('heading', { name: 'Output tokens by the day' })).toBeVisible();
  await expect(page.getByLabel('Metric')).toBeFocused();
  await page.getByLabel('Split by').selectOption('Outcome');
  await expect(page).toHaveURL(/by=outcome/);
  await expect(page.locator('.legend')).toContainText('Done');
  await page.getByLabel('Split by').focus();
  await page.goBack();
  await expect(page.getByRole('heading', { name: 'Output tokens by the day' })).toBeVisible();
  await expect(page.getByLabel('Split by')).toBeFocused();
});

test('the way back shows in each choice what the page before was about', async ({ console: page, worv }) => {
  expect(await worv.ask()).toBe(200);
  await page.goto('/usage?metric=errors&by=model');
  await expectHydrated(page);
  const metric = page.getByLabel('Metric');
  for (const value of ['requests', 'first_token']) {
    await metric.focus();
    await metric.selectOption(value);
    await expect(page).toHaveURL(new RegExp(`metric=${value}`));
  }
  await page.goBack();
  await expect(metric).toHaveValue('requests');
  await page.goBack();
  await expect(metric).toHaveValue('errors');
  await expect(page.getByRole('heading', { name: 'Errors by the day' })).toBeVisible();
});

test('the bar of this hour is hatched in a range that ends later, and opens nothing', async ({ console: page, worv }) => {
  await inOneHour(async (today) => {
    expect(await worv.ask()).toBe(200);
    await page.goto(`/usage?from=${today}&to=${today}`);
  });
  await expect(page.getByText('Hatched: not over yet.')).toBeVisible();
  await expect(page.locator('.plot__drawing .fill-11')).toHaveCount(1);
  await expect(page.getByRole('slider', { name: 'Requests by the hour; arrow keys step through it', exact: true })).toBeVisible();
  await page.goto('/usage?granularity=day');
  await expect(page.getByRole('slider', { name: /Enter opens a bar$/ })).toBeVisible();
});

test('an absurd question is answered in words', async ({ console: page, complaints }) => {
  complaints.allow(/422/);
  await page.goto('/usage?range=90d&granularity=hour');
  await expect(page.getByRole('alert')).toContainText('an answer has 400 at most');
  const refused = await page.request.get(`/api/usage?model=${encodeURIComponent("' OR 1=1 --")}&key=%25`);
  expect(refused.status()).toBe(422);
  const nothing = await page.request.get(`/api/usage?model=${encodeURIComponent('%')}`);
  expect((await nothing.json()).totals.requests).toBe(0);
  await page.goto('/usage?model=%25');
  await expect(page.getByText('There was no request in this time.')).toBeVisible();
});

test('a key can ask for its own usage', async ({ worv }) => {
  expect(await worv.ask()).toBe(200);
  const ask = (query: string, key = worv.apiKey) =>
    fetch(new URL(`/v1/usage${query}`, worv.url), { headers: { authorization: `Bearer ${key}` } });
  const answer = await ask('?range=24h');
  expect(answer.status).toBe(200);
  const usage = (await answer.json()) as { object: string; key: string; totals: { requests: number }; buckets: { requests: number }[] };
  expect(usage).toMatchObject({ object: 'usage', key: 'demo' });
  expect(usage.totals.requests).toBeGreaterThan(0);
  expect(usage.buckets.reduce((sum, { requests }) => sum + requests, 0)).toBe(usage.totals.requests);
  expect((await ask('', 'sk-unknown')).status).toBe(401);
  expect((await ask('?range=forever')).status).toBe(422);
});

test.describe('without scripts', () => {
  test.use({ javaScriptEnabled: false });

  test('usage can be filtered and read', async ({ page, worv }) => {
    expect(await worv.ask()).toBe(200);
    await page.goto('/login');
    await page.getByLabel('Name').fill(worv.admin.name);
    await page.getByLabel('Password').fill(worv.admin.password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('link', { name: 'Usage' }).click();
    await page.getByLabel('Metric').selectOption('Errors');
    await page.getByRole('button', { name: 'Show' }).click();
    await expect(page).toHaveURL(/metric=errors/);
    await expect(page.getByRole('heading', { name: 'Errors by the day' })).toBeVisible();
  });
});
