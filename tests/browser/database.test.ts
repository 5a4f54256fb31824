/** The public API through the worker, in Chromium, under the strict policy. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chromium, launch, openPage, type Site, startSite } from './site.ts';

let site: Site;
let browser: Chromium;
let page: Page;
let problems: string[];

beforeAll(async () => {
  site = await startSite();
  browser = await launch();
  ({ page, problems } = await openPage(browser.context, site.url));
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test.each(['opfs', 'idb'] as const)('the suite of the public API passes on %s', async (scheme) => {
  const outcomes = await page.evaluate((name) => suites.database(name), scheme);
  expect(outcomes.filter(({ error }) => error !== null)).toEqual([]);
  expect(outcomes.length).toBeGreaterThan(80);
  expect(problems).toEqual([]);
});

test('100,000 rows of every kind of column come whole', async () => {
  const found = await page.evaluate(async () => {
    const db = await drift.open('opfs://rows');
    const text = `SELECT i, i * 0.5 AS f, i::bigint * 100000000000 AS big, 'row ' || i AS t, (i % 7)::text AS d,
      i::numeric / 4 AS n, i % 2 = 0 AS even, timestamp '2000-01-01' + i * interval '1 minute' AS ts,
      CASE WHEN i % 3 = 0 THEN NULL ELSE ('\\\\x' || lpad(to_hex(i), 8, '0'))::bytea END AS b, ARRAY[i, NULL] AS a
      FROM generate_series(1, 100000) i`;
    const { rows, rowCount, columns } = await db.query(text);
    await db.close();
    return {
      rowCount,
      kinds: columns.map(({ kind }) => kind),
      one: JSON.stringify(rows[99_998], (_, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)),
      count: rows.length,
    };
  });
  expect([found.rowCount, found.count]).toEqual([100_000, 100_000]);
  expect(JSON.parse(found.one)).toEqual({
    i: 99_999,
    f: '49999.5',
    big: '9999900000000000n',
    t: 'row 99999',
    d: '4',
    n: '24999.750000000000',
    even: false,
    ts: '2000-03-10T10:39:00.000Z',
    b: null,
    a: [99_999, null],
  });
});

test('big texts and bytes go there and back', async () => {
  const sizes = await page.evaluate(async () => {
    const db = await drift.open('opfs://big');
    await db.exec('CREATE TABLE big (id int PRIMARY KEY, t text, b bytea)');
    const text = 'aé😀'.repeat(500_000);
    const bytes = Uint8Array.from({ length: 4_000_001 }, (_, i) => i * 7);
    await db.query('INSERT INTO big VALUES (1, $1, $2)', [text, bytes]);
    await db.close();
    const again = await drift.open('opfs://big');
    const { rows } = await again.query<{ t: string; b: Uint8Array }>('SELECT t, b FROM big');
    await again.close();
    const [row] = rows;
    return [row?.t === text, row?.b.length, row?.b.every((byte, i) => byte === ((i * 7) & 255))];
  });
  expect(sizes).toEqual([true, 4_000_001, true]);
});

test('an error comes across with all of its fields, and is a DriftError', async () => {
  const error = await page.evaluate(async () => {
    const db = await drift.open('memory://');
    await db.exec('CREATE TABLE t (id int CONSTRAINT positive CHECK (id > 0))');
    const caught: unknown = await db.query('INSERT INTO t VALUES (-1)').catch((reason: unknown) => reason);
    const hinted: unknown = await db.query('SELECT i FROM t').catch((reason: unknown) => reason);
    await db.close();
    return [caught, hinted].map((reason) =>
      reason instanceof drift.DriftError
        ? { ...reason, message: reason.message, stack: reason.stack !== undefined }
        : null,
    );
  });
  expect(error[0]).toMatchObject({
    name: 'DriftError',
    code: '23514',
    constraint: 'positive',
    table: 't',
    stack: true,
  });
  expect(error[1]).toMatchObject({ code: '42703', position: 8 });
});

test('a database stays after the page is loaded again', async () => {
  const own = await openPage(browser.context, site.url);
  await own.page.evaluate(async () => {
    const db = await drift.open('opfs://stays');
    await db.exec("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one')");
  });
  await own.page.reload();
  const rows = await own.page.evaluate(async () => {
    const db = await drift.open('opfs://stays');
    await db.exec("UPDATE t SET v = 'changed'");
    return [(await db.query('SELECT * FROM t')).rows, (await db.asOf(2).query('SELECT * FROM t')).rows];
  });
  expect(rows).toEqual([[{ id: 1, v: 'changed' }], [{ id: 1, v: 'one' }]]);
  expect(own.problems).toEqual([]);
  await own.page.close();
});

test('a second opener gets 55006 while the first has it open, in the same page and in another', async () => {
  const other = await openPage(browser.context, site.url);
  await page.evaluate(async () => Object.assign(globalThis, { first: await drift.open('opfs://one-owner') }));
  const attempt = (): Promise<unknown> =>
    drift.open('opfs://one-owner').then(
      (db) => db.close(),
      (error: unknown) => ({ ...(error as object) }),
    );
  expect(await page.evaluate(attempt)).toMatchObject({ name: 'DriftError', code: '55006' });
  expect(await other.page.evaluate(attempt)).toMatchObject({ code: '55006' });
  await page.evaluate(() => (globalThis as unknown as { first: { close(): Promise<void> } }).first.close());
  expect(await other.page.evaluate(attempt)).toBeUndefined();
  await other.page.close();
});

test('a worker that does not start is 08006', async () => {
  const codes = await page.evaluate(async () => {
    const code = (error: unknown): unknown => (error as { code?: string }).code;
    const missing = new Worker('no-such-worker.js', { type: 'module' });
    const unopened = await drift.open('memory://', { worker: missing }).catch(code);
    return [unopened, await drift.open('http://x').catch(code)];
  });
  expect(codes).toEqual(['08006', '08001']);
  problems.length = 0;
});

test('a worker that dies fails what waits for it with 08006, and the database opens anew', async () => {
  const found = await page.evaluate(async () => {
    const code = (error: unknown): unknown => (error as { code?: string }).code;
    const worker = startWorker();
    const db = await drift.open('opfs://dies', { worker });
    await db.exec('CREATE TABLE t (id int PRIMARY KEY)');
    const waiting = db.query('SELECT count(*) FROM generate_series(1, 1000000000) a').catch(code);
    await db.transaction((tx) => tx.query('INSERT INTO t VALUES (1)'));
    worker.terminate();
    const codes = [await waiting, await db.query('SELECT 1').catch(code)];
    await db.close();
    const again = await drift.open('opfs://dies');
    const { rows } = await again.query('SELECT * FROM t');
    await again.close();
    return { codes, rows };
  });
  expect(found).toEqual({ codes: ['08006', '08006'], rows: [{ id: 1 }] });
});

test('a worker that fails by itself is ended, and its database is free', async () => {
  const found = await page.evaluate(async () => {
    const worker = startWorker();
    const db = await drift.open('opfs://fails', { worker });
    const waiting = db
      .query('SELECT count(*) FROM generate_series(1, 1000000000) a')
      .catch((error: unknown) => (error as { code?: string }).code);
    worker.dispatchEvent(new ErrorEvent('error', { message: 'out of luck' }));
    const again = await drift.open('opfs://fails');
    const { rows } = await again.query('SELECT 1 AS one');
    await again.close();
    return [await waiting, rows];
  });
  expect(found).toEqual(['08006', [{ one: 1 }]]);
});
