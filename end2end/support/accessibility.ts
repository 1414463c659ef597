import { type Page, expect } from '@playwright/test';
import axe from 'axe-core';

/** Fails on anything that breaks WCAG 2.2, level AA, as far as a program can tell, or makes the page scroll sideways. */
export async function expectAccessible(page: Page): Promise<void> {
  // Text that is fading in has less contrast than it will have.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
  await page.evaluate(axe.source);
  const violations = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    const results = await (globalThis as unknown as { axe: typeof axe }).axe.run({ runOnly: tags });
    return results.violations.map(({ id, help, nodes }) => ({ id, help, where: nodes.map(({ html }) => html) }));
  });
  expect(violations).toEqual([]);
  const tooWide = await page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const elements = [...document.body.querySelectorAll('*')];
    return elements.filter((element) => element.getBoundingClientRect().right > clientWidth).map(({ outerHTML }) => outerHTML.slice(0, 120));
  });
  expect(tooWide, 'elements that make the page scroll sideways').toEqual([]);
}
