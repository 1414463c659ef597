import { expect, type Page } from '@playwright/test';
import { model, type Server } from './server.js';

/** Whose requests there are. */
const names = ['nightly evaluation', 'support desk', 'ada’s laptop'];

/** Requests after which a page has something to show. */
const enough = 400;

/** Requests of several keys in waves, as long as it goes on. */
export class Traffic {
  private going = true;
  private sent = 0;
  private reached = () => {};
  private readonly hasEnough = new Promise<void>((resolve) => (this.reached = resolve));
  private readonly ended: Promise<void>;

  private constructor(
    private readonly worv: Server,
    private readonly keys: string[],
  ) {
    this.ended = this.send();
    // A failure is told to whoever waits; until then it must not end the process.
    this.ended.catch(() => {});
  }

  /** Creates the keys in the name of the user of `page`, and begins. */
  static async begin(page: Page, worv: Server): Promise<Traffic> {
    const token = (await page.locator('meta[name=csrf-token]').getAttribute('content')) ?? '';
    const keys = [worv.apiKey];
    for (const name of names) {
      const answer = await page.request.post('/api/keys', { data: { name, owner: 'research' }, headers: { 'x-csrf-token': token } });
      expect(answer.status()).toBe(200);
      keys.push(((await answer.json()) as { secret: string }).secret);
    }
    return new Traffic(worv, keys);
  }

  /** Waits until there is something to show. */
  enough(): Promise<void> {
    return Promise.race([this.hasEnough, this.ended]);
  }

  /** Ends when the last request has. */
  async end(): Promise<void> {
    this.going = false;
    await this.ended;
  }

  private async send(): Promise<void> {
    while (this.going) {
      const wave = 1 + ((this.sent * 7) % 12);
      await Promise.all(Array.from({ length: wave }, (_, position) => this.ask(this.sent + position)));
      this.sent += wave;
      if (this.sent >= enough) this.reached();
    }
  }

  /** One request; which one follows from its number. */
  private async ask(number: number): Promise<void> {
    const key = this.keys[Math.floor(number / 3) % this.keys.length];
    const messages = [{ role: 'user', content: `Question ${number}: ${'why '.repeat(number % 90)}` }];
    const [path, body] = [
      ['/v1/chat/completions', { model, messages, max_tokens: 16 + (number % 200) }],
      ['/v1/messages', { model, messages, max_tokens: 16 + (number % 120) }],
      ['/v1/chat/completions', { model: 'live', messages, max_tokens: 64, stream: true }],
      ['/v1/chat/completions', { model, messages, max_tokens: number % 40 === 3 ? -1 : 32 }],
    ][number % 4] as [string, object];
    const response = await this.worv.call(path, body, key);
    await response.arrayBuffer();
  }
}
