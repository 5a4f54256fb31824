/** The public API through the worker, on OPFS, in Chromium, under the strict policy. */
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, openPage, type Site, startSite } from './site.ts';

let site: Site;
let browser: Browser;
let page: Page;
let problems: string[];

beforeAll(async () => {
  site = await startSite();
  browser = await launch();
  ({ page, problems } = await openPage(browser, site.url));
}, 120_000);

afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test('creates, writes, reads', async () => {
  const rows = await page.evaluate(async () => {
    const db = await drift.open('opfs://first');
    await db.exec('CREATE TABLE t (id int PRIMARY KEY, v text)');
    await db.query('INSERT INTO t VALUES ($1, $2), (2, NULL)', [1, 'one']);
    const result = await db.query('SELECT * FROM t ORDER BY id');
    await db.close();
    return result.rows;
  });
  expect(rows).toEqual([
    { id: 1, v: 'one' },
    { id: 2, v: null },
  ]);
  expect(problems).toEqual([]);
});
