import type { Browser, CDPSession, Page } from '@playwright/test';

/** What a browser has worked up to a moment. */
export interface Work {
  /** Seconds of one core, of all its processes. */
  all: number;
  /** Of those, the ones of the page's own process. */
  page: number;
}

/** What a page holds at a moment. */
export interface Memory {
  /** Bytes of JavaScript objects that are still needed. */
  heap: number;
  /** Bytes of the memories of WebAssembly modules. */
  wasm: number;
  /** Nodes of documents. */
  nodes: number;
}

/** Reads what a page costs, as the browser itself counts it. */
export class Gauge {
  private constructor(
    private readonly page: CDPSession,
    private readonly browser: CDPSession,
  ) {}

  static async of(page: Page, browser: Browser): Promise<Gauge> {
    const session = await page.context().newCDPSession(page);
    await session.send('Performance.enable');
    return new Gauge(session, await browser.newBrowserCDPSession());
  }

  async work(): Promise<Work> {
    const { processInfo } = await this.browser.send('SystemInfo.getProcessInfo');
    const seconds = (of: typeof processInfo) => of.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
    return { all: seconds(processInfo), page: seconds(processInfo.filter(({ type }) => type === 'renderer')) };
  }

  /** What is left when the garbage is gone. */
  async memory(): Promise<Memory> {
    await this.page.send('HeapProfiler.collectGarbage');
    const { metrics } = await this.page.send('Performance.getMetrics');
    const metric = (wanted: string) => metrics.find(({ name }) => name === wanted)?.value ?? 0;
    return { heap: metric('JSHeapUsedSize'), wasm: await this.wasm(), nodes: metric('Nodes') };
  }

  /** The modules do not tell what memory they have; the browser finds every memory that there is. */
  private async wasm(): Promise<number> {
    const { result: prototype } = await this.page.send('Runtime.evaluate', { expression: 'WebAssembly.Memory.prototype' });
    const { objects } = await this.page.send('Runtime.queryObjects', { prototypeObjectId: prototype.objectId ?? '' });
    const { result } = await this.page.send('Runtime.callFunctionOn', {
      objectId: objects.objectId ?? '',
      functionDeclaration: 'function () { return this.reduce((sum, memory) => sum + memory.buffer.byteLength, 0); }',
      returnByValue: true,
    });
    await this.page.send('Runtime.releaseObject', { objectId: objects.objectId ?? '' });
    return Number(result.value);
  }
}
