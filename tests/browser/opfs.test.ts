/** OpfsStorage against the contract, in a worker in Chromium (the suite runs there: pages/conformance.worker.ts). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chromium, launch, openPage, type Site, startSite } from './site.ts';

let site: Site;
let browser: Chromium;

beforeAll(async () => {
  site = await startSite();
  browser = await launch();
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test('OPFS and IndexedDB pass the storage conformance suite', async () => {
  const { page, problems } = await openPage(browser.context, site.url);
  const outcomes = await page.evaluate(() => suites.storage());
  expect(outcomes.filter(({ error }) => error !== null)).toEqual([]);
  expect(outcomes.length).toBeGreaterThanOrEqual(29);
  expect(problems).toEqual([]);
});
