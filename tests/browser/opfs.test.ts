/** OpfsStorage against the contract, in a worker in Chromium (the suite runs there: pages/conformance.worker.ts). */
import type { Browser } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, openPage, type Site, startSite } from './site.ts';

let site: Site;
let browser: Browser;

beforeAll(async () => {
  site = await startSite();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test('OPFS passes the storage conformance suite', async () => {
  const { page, problems } = await openPage(browser, site.url);
  const outcomes = await page.evaluate(() => runConformance());
  expect(outcomes.filter(({ error }) => error !== null)).toEqual([]);
  expect(outcomes.length).toBeGreaterThanOrEqual(14);
  expect(problems).toEqual([]);
});
