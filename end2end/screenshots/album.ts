import { writeFile } from 'node:fs/promises';
import { type CDPSession, type Page } from '@playwright/test';
import { appearances } from '../support/appearances.js';

/** How many screens of a page a picture shows at most. */
const screensShown = 1.75;

/** The pictures in docs/images. */
export class Album {
  private constructor(
    private readonly page: Page,
    private readonly session: CDPSession,
  ) {}

  /** Pictures of what `page` shows. */
  static async of(page: Page): Promise<Album> {
    return new Album(page, await page.context().newCDPSession(page));
  }

  /** Takes a picture of the page as it is now on each screen and in each theme. */
  async add(name: string): Promise<void> {
    for (const { name: appearance, viewport, colorScheme } of appearances) {
      await this.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await this.page.setViewportSize(viewport);
      await this.drawn();
      // The screen grows with the page, so that what stands at its edges does not cover the middle.
      const whole = await this.page.evaluate(() => document.documentElement.scrollHeight);
      const height = Math.min(Math.max(whole, viewport.height), viewport.height * screensShown);
      await this.page.setViewportSize({ ...viewport, height });
      await this.drawn();
      // A third of what a PNG of the same would take.
      const { data } = await this.session.send('Page.captureScreenshot', { format: 'webp', quality: 90 });
      await writeFile(`../docs/images/${name}-${appearance}.webp`, Buffer.from(data, 'base64'));
    }
  }

  /** Waits until the page is drawn as large as the screen is. */
  private async drawn(): Promise<void> {
    await this.page.evaluate(async () => {
      await document.fonts.ready;
      // What follows the size of the screen, such as a chart, is drawn anew in the frame after.
      for (let frame = 0; frame < 3; frame += 1) await new Promise(requestAnimationFrame);
    });
  }
}
