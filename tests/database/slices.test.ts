/**
 * Reading statements give the thread away every few milliseconds, whatever operator is at work: sorts, growing hash tables,
 * results of groups, windows, set operations, recursions. Turns are measured in computing time, less the collection of
 * garbage, which comes when it comes.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { OpenEngine } from '../../src/database/engine.ts';
import type { SessionApi } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { measuredTurns } from './turns.ts';

const ROWS = 300_000;
const LONG_MS = 8;
const LIMIT_MS = 20;
/** Of a statement: another program's turn may come between. What counts is that it can be done. */
const ATTEMPTS = 5;

const STATEMENTS = [
  'SELECT id FROM big ORDER BY t, a',
  'SELECT * FROM big ORDER BY f DESC',
  "SELECT id FROM big ORDER BY t || 'x'",
  'SELECT a % 100000 AS k, count(*), max(t), avg(f) FROM big GROUP BY 1',
  'SELECT t, a, sum(id) FROM big GROUP BY t, a',
  'SELECT count(DISTINCT t), count(DISTINCT f) FROM big',
  'SELECT json_agg(t), mode() WITHIN GROUP (ORDER BY t) FROM big',
  'SELECT count(*) FROM big b JOIN big c ON b.t = c.t AND b.a = c.a',
  'SELECT count(*) FROM big b JOIN big c ON b.f = c.f',
  'SELECT b.id, c.t FROM big b LEFT JOIN big c ON b.id = c.a + 5',
  'SELECT count(*) FROM big WHERE a NOT IN (SELECT id FROM big WHERE id % 2 = 0)',
  'SELECT row_number() OVER (ORDER BY a) AS n, lag(t) OVER (ORDER BY id) FROM big',
  'SELECT rank() OVER (PARTITION BY t ORDER BY a) AS n FROM big',
  'SELECT sum(f) OVER (ORDER BY a) AS n FROM big',
  'SELECT DISTINCT a, t FROM big',
  'SELECT a FROM big UNION SELECT -id FROM big',
  'SELECT a, t FROM big EXCEPT SELECT id, t FROM big',
  'WITH RECURSIVE r(n, l) AS (SELECT id, 1 FROM big WHERE id <= 100000 UNION SELECT n + 1, l + 1 FROM r WHERE l < 3) SELECT count(*) FROM r',
  'WITH c AS MATERIALIZED (SELECT * FROM big) SELECT count(*) FROM c x JOIN c y ON x.id = y.a',
  'SELECT count(*) FROM (SELECT * FROM big LIMIT 3000) b, (SELECT * FROM big LIMIT 1000) c WHERE b.a + c.a < b.id',
  // Kept rows that all fall through a filter, and rows that no join has met.
  "WITH c AS MATERIALIZED (SELECT id, t, t || 'x' AS u, f FROM big) SELECT count(*) FROM c WHERE u LIKE '%y%' OR t || f LIKE '%z%'",
  'SELECT c.*, d.* FROM big b RIGHT JOIN (SELECT *, t AS u, f AS g FROM big) c ON b.id = -c.id LEFT JOIN big d ON d.id = -c.id',
  'SELECT * FROM big',
  'CHECK DATABASE',
];

const turns = measuredTurns();
let engine: OpenEngine;
let session: SessionApi;

beforeAll(async () => {
  engine = await openEngine({ storage: new MemoryStorage(), host: turns.host });
  session = engine.session();
  await session.script(`CREATE TABLE big (id int PRIMARY KEY, a int, f float8, t text);
    INSERT INTO big SELECT i, i * 7919::bigint % 300007, i * 0.37, 'text' || (i * 7919::bigint % 50021) FROM generate_series(1, ${ROWS}) i`);
}, 60_000);
afterAll(async () => engine.close());

/** Of all attempts: where other programs take the processors, the clock runs ahead. */
const spent = { wallMs: 0, cpuMs: 0 };

/** The turns of the attempt in which the longest one was shortest. */
async function turnsOf(sql: string): Promise<readonly number[]> {
  let best: readonly number[] = [Infinity];
  for (let attempt = 0; attempt < ATTEMPTS && Math.max(...best) > LONG_MS; attempt++) {
    turns.begin();
    const [wall, cpu] = [performance.now(), process.cpuUsage()];
    await session.execute(sql);
    spent.wallMs += performance.now() - wall;
    const { user, system } = process.cpuUsage(cpu);
    spent.cpuMs += (user + system) / 1000;
    const now = await turns.withoutGarbage();
    if (Math.max(...now) < Math.max(...best)) best = now;
  }
  return best;
}

test(
  'of the turns of reading statements 99 % take 8 ms at most, and none takes more than 20',
  { timeout: 120_000 },
  async () => {
    const all: number[] = [];
    const long: string[] = [];
    for (const sql of STATEMENTS) {
      const its = await turnsOf(sql);
      all.push(...its);
      if (Math.max(...its) > LONG_MS) long.push(`${Math.max(...its).toFixed(1)} ms of ${its.length} turns: ${sql}`);
    }
    all.sort((a, b) => a - b);
    const p99 = all[Math.floor(all.length * 0.99)] ?? Infinity;
    // They slow down what is left of a processor too: its caches and its memory are theirs as well.
    const slowness = Math.min(4, Math.max(1, spent.wallMs / spent.cpuMs));
    console.log(
      [
        `${all.length} turns, p99 ${p99.toFixed(1)} ms, longest ${all.at(-1)?.toFixed(1)} ms, machine × ${slowness.toFixed(1)}`,
        ...long,
      ].join('\n'),
    );
    expect(all.length).toBeGreaterThan(150);
    expect(p99).toBeLessThanOrEqual(LONG_MS * slowness);
    expect(all.at(-1)).toBeLessThanOrEqual(LIMIT_MS * slowness);
  },
);
