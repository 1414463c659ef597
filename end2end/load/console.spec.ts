import { setTimeout } from 'node:timers/promises';
import { expect, expectHydrated, test } from '../support/fixtures.js';
import { Hurry } from './hurry.js';
import { Gauge, type Memory } from './gauge.js';
import { Stream } from './stream.js';

/** How long each page is measured, how many requests a second end while it is, and how much faster than ours the browser's
 * time passes; `scripts/console-load` says all three. */
const seconds = Number(process.env.WORV_LOAD_SECONDS);
const rate = Number(process.env.WORV_LOAD_RATE);
const pace = Number(process.env.WORV_LOAD_PACE);

/** The share of one core that a page may use, in percent. */
const coreShare = 5;

/** Bytes by which what is still needed may grow in that time: the samples of the charts are kept for 15 minutes. */
const growth = 1 << 20;

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`;

/** What the browser has done in a time of its own, in words. */
function words(work: number[], memory: [Memory, Memory], lived: number): string {
  const [all, page] = work.map((used) => `${((100 * used) / lived).toFixed(1)} %`);
  const [before, after] = memory;
  return [
    `${lived.toFixed(0)} s of the browser's time:`,
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
    const hurry = await Hurry.begin(worv, pace);
    await page.goto(new URL(path, hurry.url).href);
    await expectHydrated(page);
    const gauge = await Gauge.of(page, browser);
    // What is compiled and laid out once is not what an open page costs.
    await setTimeout(10_000);
    // Looking at the memory is work, so it is done outside of the time that is measured.
    const before = await gauge.memory();
    const [begin, endedBefore, livedBefore, begun] = [await gauge.work(), stream.ended, hurry.lived, performance.now()];
    await setTimeout(seconds * 1000);
    const end = await gauge.work();
    const elapsed = (performance.now() - begun) / 1000;
    const [ended, lived] = [stream.ended - endedBefore, hurry.lived - livedBefore];
    await stream.end();
    expect(ended / elapsed, 'requests a second').toBeGreaterThan(0.9 * rate);
    const after = await gauge.memory();
    hurry.end();
    const work = [end.all - begin.all, end.page - begin.page];
    console.log(`${name}, ${words(work, [before, after], lived)}`);
    expect.soft((100 * (end.all - begin.all)) / lived, 'percent of a core').toBeLessThan(coreShare);
    expect.soft(after.heap + after.wasm - before.heap - before.wasm, 'bytes more').toBeLessThan(growth);
  });
}
