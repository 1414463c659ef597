import { createServer, request, type IncomingMessage, type Server as HttpServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from '../support/server.js';

/** Bursts of events that are told again, so that one differs from the next as much as it does in truth. */
const remembered = 10;

/** How long a burst is waited for at most, in milliseconds: one is due every second. */
const longest = 1000;

interface Event {
  name: string;
  data: string;
}

/**
 * Stands between the browser and the server, and lets the browser's time pass faster: each burst of live events is followed by
 * others of the latest ones until it has had as many as the pace says, each a second after the one before by what it tells. All
 * else passes as it is.
 */
export class Hurry {
  /** Seconds that have passed for the browser: as many as the samples that it was sent. */
  lived = 0;

  private constructor(
    private readonly server: HttpServer,
    private readonly pace: number,
    /** Where the browser finds it. */
    readonly url: string,
  ) {}

  static async begin(worv: Server, pace: number): Promise<Hurry> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const hurry = new Hurry(server, pace, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (asked, answer) => hurry.pass(asked, answer, worv.url));
    return hurry;
  }

  end(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private pass(asked: IncomingMessage, answer: ServerResponse, to: string): void {
    const passed = request(new URL(asked.url ?? '/', to), { method: asked.method, headers: asked.headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      if (asked.url?.startsWith('/api/events')) this.hurry(response, answer);
      else response.pipe(answer);
    });
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  }

  /** Passes a stream of live events on at the pace. */
  private hurry(response: IncomingMessage, answer: ServerResponse): void {
    const bursts: Event[][] = [];
    let [told, now, before, rest] = [0, 0, performance.now(), ''];
    const tell = (events: Event[]) => {
      told += 1;
      for (const { name, data } of events) {
        if (name === 'snapshot') {
          now = (JSON.parse(data) as { snapshot: { samples: { at: number }[] } }).snapshot.samples.at(-1)?.at ?? Date.now();
        } else if (name === 'sample') {
          now += 1000;
          this.lived += 1;
        }
        answer.write(`event: ${name}\ndata: ${name === 'snapshot' ? data : later(data, now, told)}\n\n`);
      }
    };
    response.setEncoding('utf8').on('data', (text: string) => {
      const frames = (rest + text).split('\n\n');
      rest = frames.pop() ?? '';
      const events = frames.map(parse);
      if (events.some(({ name }) => name === 'snapshot')) return tell(events);
      if (events.length === 0) return;
      bursts.push(events);
      if (bursts.length > remembered) bursts.shift();
      const arrived = performance.now();
      const apart = Math.min(arrived - before, longest) / this.pace;
      before = arrived;
      for (let turn = 0; turn < this.pace; turn += 1) {
        setTimeout(() => tell(bursts[told % bursts.length] ?? events), turn * apart);
      }
    });
    response.on('end', () => answer.end());
  }
}

function parse(frame: string): Event {
  const field = (name: string) => frame.split('\n').find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2) ?? '';
  return { name: field('event'), data: field('data') };
}

/** What an event says, as it would at another time: a list takes no request twice. */
function later(data: string, now: number, told: number): string {
  return data
    .replace(/"at":\d+/, `"at":${now}`)
    .replace(/req_\w+/g, (id) => id.slice(0, -4) + told.toString(36).padStart(4, '0').slice(-4));
}
