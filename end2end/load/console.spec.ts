import { setTimeout } from 'node:timers/promises';
import { expect, expectHydrated, test } from '../support/fixtures.js';
import { Gauge, type Memory } from './gauge.js';
import { Stream } from './stream.js';

/** How long each page is measured, and how many requests a second end while it is; `scripts/console-load` says both. */
const seconds = Number(process.env.WORV_LOAD_SECONDS);
const rate = Number(process.env.WORV_LOAD_RATE);

/** The share of one core that a page may use, in percent. */
const coreShare = 5;

/** Bytes by which what is still needed may grow in that time: the samples of the charts are kept for 15 minutes. */
const growth = 1 << 20;

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;

/** What the browser has done in a time, in words. */
function words(work: number[], memory: [Memory, Memory], elapsed: number, ended: number): string {
  const [all, page] = work.map((used) => `${((100 * used) / elapsed).toFixed(1)} %`);
  const [before, after] = memory;
  return [
    `${elapsed.toFixed(0)} s, ${(ended / elapsed).toFixed(0)} requests/s:`,
    `${all} of a core (the page's process ${page}),`,
    `JavaScript ${megabytes(before.heap)} to ${megabytes(after.heap)},`,
    `wasm ${megabytes(before.wasm)} to ${megabytes(after.wasm)},`,
    `nodes ${before.nodes} to ${after.nodes}`,
  ].join(' ');
}

for (const [name, path] of [
  ['overview', '/'],
  ['requests', '/requests'],
] as const) {
  test(`an open page costs little: ${name}`, async ({ console: page, browser, worv }) => {
    const stream = Stream.begin(worv, rate);
    await page.goto(path);
    await expectHydrated(page);
    const gauge = await Gauge.of(page, browser);
    // What is compiled and laid out once is not what an open page costs.
    await setTimeout(10_000);
    // Looking at the memory is work, so it is done outside of the time that is measured.
    const before = await gauge.memory();
    const [begin, endedBefore, begun] = [await gauge.work(), stream.ended, performance.now()];
    await setTimeout(seconds * 1000);
    const end = await gauge.work();
    const elapsed = (performance.now() - begun) / 1000;
    const ended = stream.ended - endedBefore;
    await stream.end();
    const after = await gauge.memory();
    const work = [end.all - begin.all, end.page - begin.page];
    console.log(`${name}, ${words(work, [before, after], elapsed, ended)}`);
    expect.soft((100 * (end.all - begin.all)) / elapsed, 'percent of a core').toBeLessThan(coreShare);
    expect.soft(after.heap + after.wasm - before.heap - before.wasm, 'bytes more').toBeLessThan(growth);
  });
}
