import { readFile } from 'node:fs/promises';
import { type Browser, type Page, expect, test } from '@playwright/test';

const port = process.env.WORV_CHAT_PORT;
const chat = `http://chat.localhost:${port}`;
const console = `http://admin.localhost:${port}`;

interface Person {
  name: string;
  email: string;
  password: string;
}

const ada: Person = { name: 'Ada', email: 'ada@example.com', password: 'a long enough password' };
const grace: Person = { name: 'Grace', email: 'grace@example.com', password: 'another long password' };

interface RequestRow {
  key: string;
  client: string;
  chat_user: string | null;
  stream: boolean;
  outcome: string;
  completion_tokens: number;
}

/** Asks, and returns the answer once it is whole, with what came through the socket meanwhile. */
async function ask(page: Page, frames: string[], question: string): Promise<{ answer: string; pieces: number }> {
  const before = frames.length;
  await page.locator('#chat-input').click();
  await page.keyboard.type(question);
  await page.keyboard.press('Enter');
  const answer = page.locator('.chat-assistant').last();
  await expect(answer).toContainText(/Thought for/);
  // It stands under an answer that is whole.
  await expect(page.getByRole('button', { name: 'Regenerate' }).last()).toBeVisible();
  const pieces = frames.slice(before).filter((frame) => frame.includes('.delta'));
  return { answer: await answer.innerText(), pieces: pieces.length };
}

/** What the socket brings, as it comes. */
function socket(page: Page): { addresses: string[]; frames: string[] } {
  const [addresses, frames]: [string[], string[]] = [[], []];
  page.on('websocket', (opened) => {
    addresses.push(opened.url());
    opened.on('framereceived', ({ payload }) => frames.push(String(payload)));
  });
  return { addresses, frames };
}

async function closeNews(page: Page): Promise<void> {
  await page.getByRole('button', { name: "Okay, Let's Go!" }).click();
}

/** The requests as the console lists them, seen by an administrator in a browser of their own. */
async function requests(browser: Browser): Promise<RequestRow[]> {
  const ready = JSON.parse(await readFile(process.env.WORV_CHAT_READY_FILE ?? '', 'utf8')) as Record<string, string>;
  const page = await browser.newPage();
  await page.goto(`${console}/login`);
  await page.getByLabel('Name').fill(ready.admin_name ?? '');
  await page.getByLabel('Password').fill(ready.admin_password ?? '');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('button', { name: 'Sign out' })).toBeAttached();
  const answer = await page.evaluate(async () => (await fetch('/api/requests')).json());
  const cookies = await page.context().cookies(chat);
  expect(cookies.map(({ name }) => name).filter((name) => name.startsWith('worv')), 'the console’s cookies').toEqual([]);
  await page.close();
  return (answer as { requests: RequestRow[] }).requests;
}

test('people sign up and are answered piece by piece, and each one’s usage is told apart', async ({ browser, page }) => {
  const [elsewhere, wire]: [string[], ReturnType<typeof socket>] = [[], socket(page)];
  page.on('request', (request) => {
    if (!request.url().startsWith(chat) && request.url().startsWith('http')) elsewhere.push(request.url());
  });

  await page.goto(chat);
  await page.getByRole('button', { name: 'Get started' }).click();
  await page.getByLabel('Name').fill(ada.name);
  await page.getByLabel('Email').fill(ada.email);
  await page.locator('#password').fill(ada.password);
  await page.getByRole('button', { name: 'Create Admin Account' }).click();
  await closeNews(page);
  const first = await ask(page, wire.frames, 'Count to ten');
  expect(first.answer.length).toBeGreaterThan(20);
  expect(first.pieces, 'pieces of the answer through the socket').toBeGreaterThan(5);
  expect(wire.addresses[0]).toMatch(new RegExp(`^ws://chat\\.localhost:${port}/ws/socket\\.io/.*transport=websocket`));
  expect(elsewhere, 'what the page asks others for').toEqual([]);

  // The first one is the administrator, who lets the second in.
  const added = await page.evaluate(async (person) => {
    const headers = { authorization: `Bearer ${localStorage.getItem('token')}`, 'content-type': 'application/json' };
    return (await fetch('/api/v1/auths/add', { method: 'POST', headers, body: JSON.stringify(person) })).status;
  }, { ...grace, role: 'admin' });
  expect(added).toBe(200);
  const other = await browser.newPage();
  const otherWire = socket(other);
  await other.goto(`${chat}/auth`);
  await other.getByLabel('Email').fill(grace.email);
  await other.locator('#password').fill(grace.password);
  await other.getByRole('button', { name: 'Sign in' }).click();
  await closeNews(other);
  await ask(other, otherWire.frames, 'Say it again');

  const rows = await requests(browser);
  const streamed = rows.filter(({ key, client, stream }) => key === 'open-webui' && client === 'open_webui' && stream);
  expect(streamed.length).toBeGreaterThanOrEqual(2);
  for (const row of streamed) {
    expect(row.outcome).toBe('done');
    expect(row.completion_tokens).toBeGreaterThan(0);
  }
  const people = new Set(streamed.map(({ chat_user }) => chat_user));
  expect(people.has(null)).toBe(false);
  expect(people.size, 'people told apart').toBe(2);
});
