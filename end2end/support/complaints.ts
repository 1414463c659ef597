import { type BrowserContext, expect } from '@playwright/test';

/** Everything that a browser complains about: console errors and warnings, exceptions, breaches of the content policy. */
export class Complaints {
  private readonly heard: string[] = [];
  private readonly allowed: RegExp[] = [];

  /** Listens to all pages of `context`. */
  static async about(context: BrowserContext): Promise<Complaints> {
    const complaints = new Complaints();
    context.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) {
        complaints.heard.push(`${message.type()}: ${message.text()} (${message.location().url})`);
      }
    });
    context.on('weberror', (error) => complaints.heard.push(`exception: ${error.error().stack}`));
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        console.error(`content policy: ${event.violatedDirective} refuses ${event.blockedURI || 'inline code'}`);
      });
    });
    return complaints;
  }

  /** Names a complaint that the test provokes. */
  allow(pattern: RegExp): void {
    this.allowed.push(pattern);
  }

  /** Fails if there were others. */
  expectNone(): void {
    const others = this.heard.filter((text) => !this.allowed.some((pattern) => pattern.test(text)));
    expect(others, 'complaints of the browser').toEqual([]);
  }
}
