/** A browser's limits: a full quota, and tables greater than the memory a database may use. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Database } from '../../src/entry/browser.ts';
import { type Chromium, launch, openPage, type Site, startSite } from './site.ts';

const MB = 1024 * 1024;
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

test.each(['opfs', 'idb'])('a full quota is 53100, and loses nothing that was acknowledged, on %s', async (scheme) => {
  const url = `${scheme}://full`;
  const { page } = await openPage(browser.context, site.url);
  const devtools = await browser.context.newCDPSession(page);
  const origin = new URL(site.url).origin;
  const setQuota = (quotaSize?: number): Promise<unknown> =>
    devtools.send('Storage.overrideQuotaForOrigin', quotaSize === undefined ? { origin } : { origin, quotaSize });
  // Before it is opened: what IndexedDB may take is looked up then, and not again for a while.
  const { usage } = (await devtools.send('Storage.getUsageAndQuota', { origin })) as { usage: number };
  await setQuota(usage + 8 * MB);
  await page.evaluate(async (address) => {
    const db = await drift.open(address);
    await db.exec('CREATE TABLE t (id int PRIMARY KEY, filler text)');
    const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
    // A megabyte that no medium can compress to less than half.
    const filler = Array.from({ length: 16 }, () => hex(crypto.getRandomValues(new Uint8Array(31_250)))).join('');
    for (let id = 1; id <= 3; id++) await db.query('INSERT INTO t VALUES ($1, $2)', [id, filler]);
    Object.assign(globalThis, { db, filler });
  }, url);
  const filled = await page.evaluate(async () => {
    const { db, filler } = globalThis as unknown as { db: Database; filler: string };
    for (let id = 4; ; id++) {
      const error: unknown = await db.query('INSERT INTO t VALUES ($1, $2)', [id, filler]).then(
        () => null,
        (reason: unknown) => reason,
      );
      if (error === null && id < 100) continue;
      const code = (reason: unknown): unknown => (reason as { code?: string }).code;
      const seen = (await db.query<{ n: number }>('SELECT count(*) AS n FROM t')).rows[0]?.n;
      const next = await db.query('INSERT INTO t VALUES ($1, $2)', [1000, filler]).then(() => 'taken', code);
      return { acknowledged: id - 1, code: code(error), seen, next };
    }
  });
  expect(filled).toMatchObject({ code: '53100', next: '53100', seen: filled.acknowledged });
  expect(filled.acknowledged).toBeGreaterThan(0);
  await setQuota();
  const found = await page.evaluate(async (address) => {
    const { db } = globalThis as unknown as { db: Database };
    const sums = 'SELECT count(*) AS n, max(id) AS last, sum(length(filler)) AS bytes FROM t';
    const before = (await db.query(sums)).rows[0];
    // It goes on as it is, without being opened anew.
    await db.query("INSERT INTO t VALUES (1000, 'there is room again')");
    await db.close();
    const again = await drift.open(address);
    const after = (await again.query(sums)).rows[0];
    const problems = await again.check();
    await again.close();
    return { before, after, problems };
  }, url);
  const { acknowledged } = filled;
  const bytes = acknowledged * 1_000_000;
  expect(found).toEqual({
    before: { n: acknowledged, last: acknowledged, bytes },
    after: { n: acknowledged + 1, last: 1000, bytes: bytes + 'there is room again'.length },
    problems: [],
  });
});

test('a table greater than the cache is read right, now and as it was', async () => {
  const { page, problems } = await openPage(browser.context, site.url);
  const found = await page.evaluate(async () => {
    const options = { cacheBudgetBytes: 2 * 1024 * 1024, checkpointLogBytes: 1024 * 1024 };
    const first = await drift.open('opfs://big-table', options);
    await first.exec('CREATE TABLE t (id int PRIMARY KEY, v int, filler text)');
    for (let part = 0; part < 5; part++) {
      const insert = "INSERT INTO t SELECT i, i % 10, 'filler of row ' || i FROM generate_series($1::int, $2::int) i";
      await first.query(insert, [part * 40_000 + 1, (part + 1) * 40_000]);
    }
    const { lastSeq } = await first.status();
    await first.exec('UPDATE t SET v = v + 1 WHERE id % 2 = 0; DELETE FROM t WHERE id % 5 = 0');
    await first.close();
    const db = await drift.open('opfs://big-table', options);
    const sums = 'SELECT count(*) AS n, sum(v) AS v, sum(id) AS ids, max(filler) AS filler FROM t';
    const [now, then] = [(await db.query(sums)).rows[0], (await db.asOf(lastSeq).query(sums)).rows[0]];
    const point = (await db.query('SELECT v, filler FROM t WHERE id = 123456')).rows[0];
    const { cacheBytes } = await db.status();
    await db.close();
    return { now, then, point, cacheBytes };
  });
  const ids = Array.from({ length: 200_000 }, (_, i) => i + 1);
  const left = ids.filter((id) => id % 5 !== 0);
  const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
  const filler = 'filler of row 99999';
  expect(found.then).toEqual({ n: 200_000, v: sum(ids.map((id) => id % 10)), ids: sum(ids), filler });
  expect(found.now).toEqual({
    n: left.length,
    v: sum(left.map((id) => (id % 10) + (id % 2 === 0 ? 1 : 0))),
    ids: sum(left),
    filler,
  });
  expect(found.point).toEqual({ v: 7, filler: 'filler of row 123456' });
  expect(found.cacheBytes).toBeLessThan(8 * MB);
  expect(problems).toEqual([]);
});

test('without a secure context there is memory://, and a clear word about opfs://', async () => {
  const insecure = await launch(['--host-resolver-rules=MAP insecure.test localhost']);
  const { page, problems } = await openPage(insecure.context, site.url.replace('localhost', 'insecure.test'));
  const found = await page.evaluate(async () => {
    const refused: unknown = await drift.open('opfs://x').catch((error: unknown) => ({ ...(error as object) }));
    const db = await drift.open('memory://');
    const { rows } = await db.query('SELECT 1 AS one');
    await db.close();
    return { secure: isSecureContext, refused, rows };
  });
  expect(found).toMatchObject({ secure: false, refused: { code: '0A000' }, rows: [{ one: 1 }] });
  expect(problems).toEqual([]);
  await insecure.close();
});

test('without synchronous OPFS handles the database lives in IndexedDB, and stays', async () => {
  await browser.context.route(/\/assets\/worker-[\w-]{8}\.js$/, async (route) => {
    const answer = await route.fetch();
    const without = "Reflect.deleteProperty(globalThis, 'FileSystemSyncAccessHandle');";
    await route.fulfill({ response: answer, body: `${without}${await answer.text()}` });
  });
  const { page, problems } = await openPage(browser.context, site.url);
  const medium = await page.evaluate(async () => {
    const db = await drift.open('opfs://old');
    await db.exec("CREATE TABLE t (id int PRIMARY KEY, name text); INSERT INTO t VALUES (1, 'one')");
    const status = await db.status();
    await db.close();
    return status.medium;
  });
  expect(medium).toBe('indexeddb');
  await page.reload();
  const found = await page.evaluate(async () => {
    const db = await drift.open('opfs://old');
    const second = await drift.open('idb://old').then(
      () => 'opened',
      (error: unknown) => (error as { code?: string }).code,
    );
    const { rows } = await db.query('SELECT * FROM t');
    const room = await db.storage.estimate();
    const kept = [await db.storage.persisted(), await db.storage.persist()].map((each) => typeof each);
    return { rows, second, kept, used: room !== null && room.usageBytes > 0 && room.quotaBytes > room.usageBytes };
  });
  await browser.context.unrouteAll();
  expect(found).toEqual({ rows: [{ id: 1, name: 'one' }], second: '55006', kept: ['boolean', 'boolean'], used: true });
  expect(problems).toEqual([]);
});
