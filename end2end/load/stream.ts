import { Agent, request } from 'node:http';
import { model, type Server } from '../support/server.js';

/** How often requests are sent, in milliseconds. */
const pace = 20;

/** Requests at an even rate, as long as it goes on. */
export class Stream {
  /** Requests that were answered. */
  ended = 0;

  private readonly agent = new Agent({ keepAlive: true, maxSockets: 512 });
  private readonly body = JSON.stringify({ model, max_tokens: 1, messages: [{ role: 'user', content: 'Reply with one word: pong' }] });
  private readonly open = new Set<Promise<void>>();
  private readonly timer: NodeJS.Timeout;

  private constructor(
    private readonly worv: Server,
    rate: number,
  ) {
    const begun = performance.now();
    let sent = 0;
    this.timer = setInterval(() => {
      // What a late timer has missed is made up for, unless the server cannot follow.
      for (; sent < ((performance.now() - begun) * rate) / 1000; sent += 1) if (this.open.size < 512) this.send();
    }, pace);
  }

  static begin(worv: Server, rate: number): Stream {
    return new Stream(worv, rate);
  }

  /** Ends when the last answer has. */
  async end(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all(this.open);
    this.agent.destroy();
  }

  private send(): void {
    const answer = new Promise<void>((resolve, reject) => {
      const headers = { authorization: `Bearer ${this.worv.apiKey}`, 'content-type': 'application/json' };
      const url = new URL('/v1/chat/completions', this.worv.url);
      const sent = request(url, { method: 'POST', agent: this.agent, headers }, (response) => {
        response.resume().on('end', resolve).on('error', reject);
      });
      sent.on('error', reject).end(this.body);
    }).then(() => {
      this.ended += 1;
      this.open.delete(answer);
    });
    this.open.add(answer);
  }
}
