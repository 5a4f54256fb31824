/** Reads by key in Chromium while the engine's worker loads rows in bulk and does its background work on OPFS. */
import type { Page } from 'playwright';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chromium, launch, openPage, type Site, startSite } from './site.ts';

let site: Site;
let browser: Chromium;
let page: Page;

beforeAll(async () => {
  site = await startSite();
  browser = await launch();
  ({ page } = await openPage(browser.context, site.url));
});
afterAll(async () => {
  await browser?.close();
  await site?.close();
});

/** One run; times in ms from the call to the answer on the page. */
async function run(
  name: string,
  checkpointLogBytes: number,
): Promise<{ p50: number; p99: number; count: number; kinds: string[] }> {
  return page.evaluate(
    async ([database, logBytes]) => {
      const db = await drift.open(`opfs://${database}`, { checkpointLogBytes: logBytes });
      await db.exec(`CREATE TABLE small (id int PRIMARY KEY, name text);
      INSERT INTO small SELECT i, 'name ' || i FROM generate_series(1, 1000) i;
      CREATE TABLE t (id int PRIMARY KEY, k int, v double precision, name text)`);
      let loaded = false;
      const load = async (): Promise<void> => {
        for (let i = 0; i < 400; i++) {
          const rows = Array.from({ length: 100 }, (_, j) => {
            const id = ((i * 7919) % 400) * 1000 + j * 10;
            return `(${id}, ${id % 977}, ${id / 8}, 'name ${id % 5000}')`;
          });
          await db.transaction((tx) => tx.query(`INSERT INTO t VALUES ${rows.join(', ')}`));
        }
        loaded = true;
      };
      const loading = load();
      const times: number[] = [];
      for (let i = 0; !loaded; i++) {
        const start = performance.now();
        await db.query('SELECT name FROM small WHERE id = $1', [(i % 1000) + 1]);
        times.push(performance.now() - start);
      }
      await loading;
      const { rows } = await db.query<{ kind: string }>(
        "SELECT DISTINCT kind FROM drift.maintenance WHERE state = 'done'",
      );
      await db.close();
      times.sort((a, b) => a - b);
      return {
        p50: times[times.length >> 1] ?? 0,
        p99: times[Math.floor(times.length * 0.99)] ?? 0,
        count: times.length,
        kinds: rows.map(({ kind }) => kind),
      };
    },
    [name, checkpointLogBytes] as const,
  );
}

test('background work makes a read by key wait at most 20 ms longer, in 99 of 100 cases', async () => {
  // The machine may be busy with other things: the best of three.
  let best = Infinity;
  for (let attempt = 0; attempt < 3 && best > 20; attempt++) {
    const idle = await run(`idle-${attempt}`, 2 ** 40);
    const busy = await run(`busy-${attempt}`, 400_000);
    console.log(
      `${busy.count} reads, p50 ${busy.p50.toFixed(1)} ms, p99 ${busy.p99.toFixed(1)} ms beside ${busy.kinds.join(', ')}; p99 without checkpoints ${idle.p99.toFixed(1)} ms`,
    );
    expect(idle.kinds).not.toContain('checkpoint');
    expect(busy.kinds).toContain('checkpoint');
    expect(busy.count).toBeGreaterThan(100);
    best = Math.min(best, busy.p99 - idle.p99);
  }
  expect(best).toBeLessThanOrEqual(20);
});
