/**
 * The console in Chromium for the tests of one file: the built site under `default-src 'self'`, one browser, one page, and
 * what every test does with it (type, run, read the grid, take screenshots). A page error of any kind is in `problems`.
 */
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Page } from 'playwright';
import { chromium } from 'playwright';
import { afterAll, beforeAll, inject } from 'vitest';
import { installChromium, LAUNCH_ARGS } from '../scripts/chromium.mjs';

const SHOTS: string = fileURLToPath(new URL('screenshots/', import.meta.url));
export const WIDE: { width: number; height: number } = { width: 1280, height: 800 };
export const PHONE: { width: number; height: number } = { width: 390, height: 844 };
export const TIMEOUT = 120_000;

/** What is there once the tests begin. */
export interface Console {
  readonly url: string;
  readonly browser: Browser;
  readonly context: BrowserContext;
  readonly page: Page;
  readonly problems: string[];
}

/** Opens the console before the tests of the calling file, gives it to `use`, and closes it after them. */
export function withConsole(use: (opened: Console) => void): void {
  let close = async (): Promise<void> => {};
  beforeAll(async () => {
    await mkdir(SHOTS, { recursive: true });
    const url = inject('consoleUrl');
    const browser = await chromium.launch({ args: LAUNCH_ARGS, executablePath: await installChromium() });
    close = () => browser.close();
    const context = await browser.newContext({ viewport: WIDE, colorScheme: 'light' });
    const page = await context.newPage();
    const problems: string[] = [];
    page.on('pageerror', (error) => problems.push(error.message));
    await page.goto(url);
    use({ url, browser, context, page, problems });
  }, TIMEOUT);
  afterAll(() => close());
}

/** The cells of a row that the grid shows, from 0. */
export async function rowOf(page: Page, index: number): Promise<string[]> {
  return page.locator(`drift-grid .row[aria-rowindex="${index + 2}"] .cell`).allInnerTexts();
}

export async function typeIn(page: Page, sql: string): Promise<void> {
  await page.locator('.cm-content').click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(sql);
}

export async function runIn(page: Page, sql: string): Promise<void> {
  await typeIn(page, sql);
  await page.keyboard.press('Control+Enter');
}

/** Screenshots of both sizes in the given color schemes; `asPhone` looks at the page while it is as wide as a phone. */
export async function shootPage(
  page: Page,
  name: string,
  schemes: readonly ('light' | 'dark')[] = ['light'],
  asPhone?: () => Promise<void>,
): Promise<void> {
  for (const [size, viewport] of [
    ['wide', WIDE],
    ['phone', PHONE],
  ] as const) {
    await page.setViewportSize(viewport);
    for (const colorScheme of schemes) {
      await page.emulateMedia({ colorScheme });
      await page.waitForTimeout(150);
      await page.screenshot({ path: `${SHOTS}${name}-${size}-${colorScheme}.png` });
    }
  }
  await asPhone?.();
  await page.setViewportSize(WIDE);
  await page.emulateMedia({ colorScheme: 'light' });
}
