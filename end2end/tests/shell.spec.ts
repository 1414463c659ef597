import { screens } from '../support/appearances.js';
import { expect, expectHydrated, test } from '../support/fixtures.js';

test('the palette opens a page by a part of its name', async ({ console: page }) => {
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'Go to' });
  await expect(palette.getByRole('searchbox')).toBeFocused();
  await page.keyboard.type('gpu');
  await expect(palette.getByRole('link')).toHaveText([/^GPUs/]);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL('/gpus');
  await expect(palette).toBeHidden();
  await expect(page.getByRole('heading', { level: 1, name: 'GPUs' })).toBeVisible();
});

test('each page shows what is its own, whichever one comes before it', async ({ console: page }) => {
  // What only this page has, in an order in which each follows another that the server renders.
  const own = {
    Keys: 'A key is stored as a digest only',
    Usage: 'Split by',
    GPUs: 'NVIDIA B200',
    Models: 'Models of this machine',
    Audit: 'From where',
    Settings: 'Appearance',
    Playground: 'Start over',
    Users: 'Create user',
  };
  const navigation = page.getByRole('navigation', { name: 'Pages' });
  for (const [name, text] of Object.entries(own)) {
    await navigation.getByRole('link', { name }).click();
    await expect(page.getByRole('main')).toContainText(text);
    const others = Object.values(own).filter((other) => other !== text);
    for (const other of others) await expect(page.locator('.part')).not.toContainText(other);
  }
});

test('every page of the navigation is in the list of shortcuts', async ({ console: page }) => {
  const names = await page.getByRole('navigation', { name: 'Pages' }).getByRole('link').allInnerTexts();
  await page.keyboard.press('?');
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  for (const name of names) await expect(help).toContainText(name.trim());
});

test('a page that the server has outlived says that there is a new version', async ({ page, console: _ }) => {
  await page.route('/api/session', async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ json: { ...(await answer.json()), build: 'another' } });
  });
  await expect(page.getByText('There is a new version of the console.')).toBeHidden();
  await page.route('/api/events*', (route) => route.fulfill({ status: 200, contentType: 'text/event-stream', body: '' }));
  await page.reload();
  await expect(page.getByText('There is a new version of the console.')).toBeVisible();
  await page.unroute('/api/events*');
  await page.getByRole('button', { name: 'Reload' }).click();
  await expectHydrated(page);
  await expect(page.getByText('There is a new version of the console.')).toBeHidden();
});

test('a phone has every page in its navigation', async ({ console: page }) => {
  await page.setViewportSize(screens.phone);
  const navigation = page.getByRole('navigation', { name: 'Pages' });
  await expect(navigation.getByRole('link', { name: 'Playground' })).toBeHidden();
  await navigation.getByRole('button', { name: 'More' }).click();
  await page.keyboard.press('Escape');
  await expect(navigation.getByRole('link', { name: 'Playground' })).toBeHidden();
  await navigation.getByRole('button', { name: 'More' }).click();
  await expect(navigation.getByRole('link', { name: 'Playground' })).toBeVisible();
  await page.mouse.click(200, 300);
  await expect(navigation.getByRole('link', { name: 'Playground' })).toBeHidden();
  await expect(page).toHaveURL('/');
  await navigation.getByRole('button', { name: 'More' }).click();
  await navigation.getByRole('link', { name: 'Playground' }).click();
  await expect(page).toHaveURL('/playground');
  await expect(navigation.getByRole('link', { name: 'Playground' })).toBeHidden();
});
