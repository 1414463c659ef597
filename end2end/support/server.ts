import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { watch } from 'node:fs';
import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binary } from './environment.js';

/** The model that the demo's engine serves. */
export const model = 'DeepSeek-V4-Pro';

/** A question whose answer takes a minute and more. */
export const longQuestion = `Repeat: ${'again '.repeat(8000)}`;

/** What the server writes once it serves. */
interface Ready {
  url: string;
  metrics_url: string;
  admin_name: string;
  admin_password: string;
  api_key: string;
}

/** A demo of the real binary with a data folder of its own. */
export class Server {
  private constructor(
    private readonly folder: string,
    private process: ChildProcess,
    private ready: Ready,
  ) {}

  /** Starts one on free ports, and waits until it serves. */
  static async start(): Promise<Server> {
    const folder = await mkdtemp(join(tmpdir(), 'worv-e2e-'));
    const { process, ready } = await launch(folder, '127.0.0.1:0');
    return new Server(folder, process, ready);
  }

  /** Address of the API and the console. */
  get url(): string {
    return this.ready.url;
  }

  /** The demo's administrator, with the password of this run. */
  get admin(): { name: string; password: string } {
    return { name: this.ready.admin_name, password: this.ready.admin_password };
  }

  /** Steers the simulated GPUs: what is different about single ones, by index. */
  async scriptGpus(gpus: Record<number, object>): Promise<void> {
    const file = join(this.folder, 'data', 'demo', 'libnvidia-ml.so.1.json');
    const script = JSON.parse(await readFile(file, 'utf8')) as object;
    await writeFile(`${file}.e2e`, JSON.stringify({ ...script, gpus }));
    await rename(`${file}.e2e`, file);
  }

  /** The demo's API key of this run. */
  get apiKey(): string {
    return this.ready.api_key;
  }

  /** Calls the inference API. */
  call(path: string, body: unknown, key = this.apiKey): Promise<Response> {
    return fetch(new URL(path, this.url), {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
  }

  /** Begins an answer of a minute and more; what comes back is its response, once its head is there. */
  stream(signal: AbortSignal): Promise<Response> {
    return fetch(new URL('/v1/chat/completions', this.url), {
      method: 'POST',
      signal,
      headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, max_tokens: 8192, stream: true, messages: [{ role: 'user', content: longQuestion }] }),
    });
  }

  /** Asks for one short answer and returns the status. */
  async ask(key = this.apiKey): Promise<number> {
    const messages = [{ role: 'user', content: 'Reply with one word: pong' }];
    const response = await this.call('/v1/chat/completions', { model, max_tokens: 16, messages }, key);
    await response.arrayBuffer();
    return response.status;
  }

  /** Ends the process at once, as a crash would. */
  async kill(): Promise<void> {
    await end(this.process, 'SIGKILL');
  }

  /** Starts it again at the same address with the same data. */
  async startAgain(): Promise<void> {
    const { process, ready } = await launch(this.folder, new URL(this.url).host);
    this.process = process;
    this.ready = ready;
  }

  /** Stops it and removes its data. */
  async stop(): Promise<void> {
    await end(this.process, 'SIGTERM');
    await rm(this.folder, { recursive: true });
  }
}

async function launch(folder: string, listen: string): Promise<{ process: ChildProcess; ready: Ready }> {
  const file = join(folder, 'ready.json');
  await rm(file, { force: true });
  const watcher = watch(folder);
  const written = new Promise<void>((resolve) => {
    watcher.on('change', (_, name) => name === 'ready.json' && resolve());
  });
  const child = spawn(binary, ['serve', '--demo', '--ready-file', file], {
    env: {
      ...process.env,
      WORV_SERVER__LISTEN: listen,
      WORV_SERVER__METRICS_LISTEN: '127.0.0.1:0',
      WORV_SERVER__DATA_DIR: join(folder, 'data'),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const ended = once(child, 'close').then(([code]) => {
    throw new Error(`worv ended with code ${code} instead of serving:\n${log}`);
  });
  try {
    await Promise.race([written, ended]);
  } finally {
    watcher.close();
    // From here on an end is what a test wants, not a failure of the start.
    ended.catch(() => {});
  }
  return { process: child, ready: JSON.parse(await readFile(file, 'utf8')) as Ready };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill(signal);
  await closed;
}
