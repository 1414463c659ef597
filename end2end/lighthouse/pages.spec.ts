import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrowserContext, chromium as browser, expect, test } from '@playwright/test';
import lighthouse, { desktopConfig } from 'lighthouse';
import { chromium } from '../support/environment.js';
import { expectHydrated, signIn } from '../support/fixtures.js';
import { Server } from '../support/server.js';

/** Points, of a hundred, that a page has to have in each category. */
const wanted = 95;

/** How often each page is judged; the points are the middle ones. */
const rounds = 3;

const categories = ['performance', 'accessibility', 'best-practices'];

/** A browser whose pages share their cookies, as Lighthouse opens one of its own. */
class Browser {
  private constructor(
    readonly context: BrowserContext,
    private readonly folder: string,
    private readonly port: number,
  ) {}

  static async start(): Promise<Browser> {
    const folder = await mkdtemp(join(tmpdir(), 'worv-lighthouse-'));
    const context = await browser.launchPersistentContext(folder, {
      ...chromium,
      args: [...(chromium.args ?? []), '--remote-debugging-port=0'],
    });
    const [port] = (await readFile(join(folder, 'DevToolsActivePort'), 'utf8')).split('\n');
    return new Browser(context, folder, Number(port));
  }

  /** The points of a page in each category, and what cost it some. */
  async judge(address: string): Promise<{ points: number[]; found: string[] }> {
    const result = await lighthouse(address, { port: this.port, onlyCategories: categories }, desktopConfig);
    if (!result) throw new Error(`Lighthouse says nothing of ${address}`);
    const { lhr } = result;
    if (lhr.runtimeError) throw new Error(`${address}: ${lhr.runtimeError.message}`);
    expect(lhr.finalDisplayedUrl).toBe(address);
    const found = Object.values(lhr.audits).filter(({ score }) => score !== null && score < 0.9);
    return {
      points: categories.map((name) => Math.round((lhr.categories[name]?.score ?? 0) * 100)),
      found: found.map(({ id, displayValue }) => (displayValue ? `${id} (${displayValue})` : id)),
    };
  }

  async stop(): Promise<void> {
    await this.context.close();
    await rm(this.folder, { recursive: true });
  }
}

test('login, overview and usage have 95 points of 100 in every category', async () => {
  const worv = await Server.start();
  const chrome = await Browser.start();
  try {
    const judge = async (name: string, path: string) => {
      const runs: Awaited<ReturnType<Browser['judge']>>[] = [];
      for (let round = 0; round < rounds; round += 1) runs.push(await chrome.judge(new URL(path, worv.url).href));
      const middle = categories.map((_, position) => runs.map(({ points }) => points[position] ?? 0).sort((a, b) => a - b)[1] ?? 0);
      const words = categories.map((category, position) => `${category} ${middle[position]}`);
      console.log(`${name}: ${words.join(', ')}; ${runs.at(-1)?.found.join(', ') || 'nothing found'}`);
      expect.soft(Math.min(...middle), name).toBeGreaterThanOrEqual(wanted);
    };
    const page = await chrome.context.newPage();
    await judge('login', '/login');
    await page.goto(`${worv.url}/login`);
    await signIn(page, worv);
    await expectHydrated(page);
    for (let asked = 0; asked < 20; asked += 1) expect(await worv.ask()).toBe(200);
    await page.close();
    await judge('overview', '/');
    await judge('usage', '/usage?range=24h');
  } finally {
    await chrome.stop();
    await worv.stop();
  }
});
