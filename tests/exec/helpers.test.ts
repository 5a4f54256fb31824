/** Plans run by helper workers give what one thread gives. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cancellation } from '../../src/base/cancel.ts';
import { type Db, openDb } from '../database/helper.ts';
import { type Helping, helpingHost } from './helper-ports.ts';

const ROWS = 20_000;
let helping: Helping;
let db: Db;

async function fill(target: Db): Promise<void> {
  await target.run(`
    CREATE TABLE t (id int PRIMARY KEY, g int, x int, b bigint, n numeric(12,2), f float8, s text, d date, maybe int);
    INSERT INTO t SELECT i, i % 7, i % 1000, i * 3, i / 4.0, i / 8.0, 'text ' || i % 100, DATE '2026-01-01' + i % 365,
      CASE WHEN i % 3 = 0 THEN NULL ELSE i % 50 END FROM generate_series(1, ${ROWS}) i;
    CREATE TABLE u (k int PRIMARY KEY, name text);
    INSERT INTO u SELECT i, 'name ' || i % 5 FROM generate_series(0, 900) i;
    CHECKPOINT;
    ANALYZE;
    SET parallel_setup_cost = 0`);
}

beforeAll(async () => {
  helping = helpingHost();
  db = await openDb(undefined, { host: helping.host, maxLeafRows: 1024, minClosedRows: 256, checkpointIntervalMs: 0 });
  await fill(db);
});
afterAll(() => db.engine.close());

async function inAnyOrder({ rows }: Db, sql: string): Promise<string[]> {
  return (await rows(sql)).map(String).sort();
}

/** The statement with and without helpers; says how much of it helpers have done. */
async function compare(sql: string, parameters: readonly (number | string)[] = []): Promise<number> {
  helping.sent.length = 0;
  const helped = await db.rows(sql, parameters);
  // One that could not do its part would go unnoticed.
  expect(helping.sent.filter((message) => message.kind === 'error' && message.code === null)).toEqual([]);
  const done = helping.sent.filter(({ kind }) => kind === 'end').length;
  await db.run('SET max_parallel_workers_per_gather = 0');
  const alone = await db.rows(sql, parameters);
  await db.run('RESET max_parallel_workers_per_gather');
  const texts = (rows: readonly (readonly (string | null)[])[]): string[] => {
    const found = rows.map(String);
    return sql.includes('GROUP BY') && !sql.includes('ORDER BY') ? found.sort() : found;
  };
  expect(texts(helped), sql).toEqual(texts(alone));
  return done;
}

test('the plan shows it', async () => {
  const plan = (await db.rows('EXPLAIN (COSTS OFF) SELECT sum(x), count(*) FROM t WHERE x > 10')).map(([line]) => line);
  expect(plan).toEqual([
    'Finalize Aggregate',
    '  ->  Gather',
    '        Workers Planned: 1',
    '        ->  Partial Aggregate',
    '              ->  Parallel Seq Scan on t',
    '                    Filter: (x > 10)',
  ]);
});

/** Shapes of plans that helpers take part in; the two last ones gather rows. */
const SHAPES: readonly string[] = [
  'SELECT sum(x), count(*), avg(x), min(d), max(s), count(maybe) FROM t WHERE x > 10',
  'SELECT sum(b), avg(n), sum(n), var_pop(x), stddev(n), bool_and(x > 3), bit_or(x) FROM t',
  'SELECT g, count(*), sum(x), min(f), max(n) FROM t GROUP BY g',
  "SELECT maybe, sum(x) FILTER (WHERE g = 2), count(*) FROM t WHERE s LIKE '%7%' GROUP BY maybe",
  'SELECT g + 1 AS h, upper(s), d, count(*) FROM t WHERE x < 50 GROUP BY h, upper(s), d ORDER BY 1, 2, 3',
  'SELECT name, count(*), sum(t.x) FROM t JOIN u ON u.k = t.x GROUP BY name',
  'SELECT count(*), count(name) FROM t LEFT JOIN u ON u.k = t.x AND u.k > 400',
  'SELECT count(*), sum(x) FROM t WHERE x IN (SELECT k FROM u WHERE k % 3 = 0)',
  'SELECT count(*), sum(x) FROM t WHERE NOT EXISTS (SELECT FROM u WHERE u.k = t.x)',
  'SELECT count(*) FROM t JOIN u ON u.k = t.x WHERE u.k > 5000',
  "SELECT id, x, s, f FROM t WHERE s = 'text 7' AND x % 3 = 1",
  "SELECT f, array_agg(id) FROM t WHERE s = 'text 42' AND x = 42 GROUP BY f ORDER BY f",
];

test.each(SHAPES)('%s', async (sql) => {
  await db.rows(sql);
  expect(await compare(sql)).toBeGreaterThan(0);
});

test('parameters, and constants of types with classes of their own', async () => {
  expect(await compare('SELECT count(*), sum(n) FROM t WHERE n > $1 AND x < $2', ['1000.5', 700])).toBeGreaterThan(0);
  expect(
    await compare("SELECT count(*) FROM t WHERE n = ANY (ARRAY[1.25, 2.50, 3]) OR d > DATE '2026-12-01'"),
  ).toBeGreaterThan(0);
});

test('segments are posted once', async () => {
  await db.rows('SELECT sum(x + 1) FROM t');
  await db.rows('SELECT sum(x + 1) FROM t');
  const posted = helping.received.flatMap((message) => (message.kind === 'work' ? message.units : []));
  const names = posted.filter(({ bytes }) => bytes !== null).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(3);
  expect(new Set(names).size).toBe(names.length);
  expect(posted.length).toBeGreaterThan(2 * names.length);
});

test('what stays at home runs alone', async () => {
  await db.run(`CREATE FUNCTION twice(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN $1 * 2; END'`);
  for (const sql of [
    'SELECT sum(twice(x)) FROM t WHERE id < 50',
    "SELECT count(*) FROM t WHERE d::text LIKE '2026-01%'",
    'SELECT id FROM t LIMIT 3',
    'SELECT count(*) FROM t WHERE random() < 2',
  ])
    expect(await compare(sql), sql).toBe(0);
});

test("an error is the statement's", async () => {
  expect(await db.code('SELECT sum(10 / (x - 999)) FROM t')).toBe('22012');
  expect(await compare('SELECT sum(x) FROM t')).toBeGreaterThan(0);
});

test("changes, deletions, the past, and a transaction's own changes", async () => {
  const sum = 'SELECT sum(x), count(*), max(s) FROM t';
  const seq = (await db.engine.session().execute('SELECT 1'), db.engine.status().lastSeq);
  const [before] = await db.rows(sum);
  await db.run('UPDATE t SET x = x + 1 WHERE id % 400 = 0; DELETE FROM t WHERE id % 500 = 0');
  // Some leaves are dirty now, others not.
  await db.run('INSERT INTO t (id, x) VALUES (1000000, 5)');
  await compare(sum);
  expect(await db.rows(`SELECT sum(x), count(*), max(s) FROM t FOR SYSTEM_TIME AS OF SEQ ${seq}`)).toEqual([before]);
  await db.run('CHECKPOINT');
  expect(await compare(sum)).toBeGreaterThan(0);
  const past = `SELECT sum(x), count(*), max(s) FROM t FOR SYSTEM_TIME AS OF SEQ ${seq}`;
  expect(await compare(past)).toBeGreaterThan(0);
  expect(await db.rows(past)).toEqual([before]);
  for (let i = 0; i < 4; i++) await db.run(`UPDATE t SET maybe = ${i} WHERE g = 3; CHECKPOINT`);
  expect(await compare(past)).toBeGreaterThan(0);
  expect(await db.rows(past)).toEqual([before]);
  await db.run('BEGIN; DELETE FROM t WHERE g = 1');
  expect(await compare(sum)).toBe(0);
  await db.run('ROLLBACK; ALTER TABLE t ADD COLUMN late int DEFAULT 7');
  expect(await compare('SELECT sum(late), count(*) FROM t')).toBeGreaterThan(0);
  await db.run('UPDATE t SET late = 8 WHERE id < 3000; CHECKPOINT');
  expect(await compare('SELECT late, count(*) FROM t GROUP BY late')).toBeGreaterThan(0);
});

test('a helper that dies, or lets segments go: the engine does the work', async () => {
  let deaths = 0;
  const faulty = helpingHost({
    diesOf(_, count) {
      const dies = count % 17 === 0;
      if (dies) deaths++;
      return dies;
    },
  });
  const options = { host: faulty.host, maxLeafRows: 1024, checkpointIntervalMs: 0, cacheBudgetBytes: 64 * 1024 };
  const other = await openDb(undefined, options);
  await fill(other);
  for (const sql of SHAPES) {
    const rows = await inAnyOrder(other, sql);
    await other.run('SET max_parallel_workers_per_gather = 0');
    expect(rows, sql).toEqual(await inAnyOrder(other, sql));
    await other.run('RESET max_parallel_workers_per_gather');
  }
  expect(deaths).toBeGreaterThan(1);
  expect(faulty.started).toBeGreaterThan(2);
  expect(faulty.sent.some(({ kind }) => kind === 'missing')).toBe(true);
  expect(faulty.sent.some(({ kind }) => kind === 'end')).toBe(true);
  await other.engine.close();
});

test('a statement that is cancelled ends its job', async () => {
  await db.rows('SELECT sum(x) FROM t');
  const session = db.engine.session();
  await session.script('SET parallel_setup_cost = 0');
  const cancellation = new Cancellation();
  const running = session.execute('SELECT g, count(*), stddev(n) FROM t GROUP BY g', [], { cancellation });
  cancellation.cancel();
  await expect(running).rejects.toMatchObject({ code: '57014' });
  expect(await compare('SELECT sum(x) FROM t')).toBeGreaterThan(0);
  await session.close();
});

test('helpers end when none has been wanted for a while, or one owes an answer for too long', async () => {
  const timers: { readonly ms: number; readonly call: () => void }[] = [];
  let [isSilent, ms] = [false, 0];
  const quiet = helpingHost({ ignores: () => isSilent });
  const host = {
    ...quiet.host,
    monotonicMs: () => performance.now() + ms,
    setTimer: (after: number, call: () => void) => {
      const timer = { ms: after, call };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
  };
  const other = await openDb(undefined, { host, maxLeafRows: 1024, checkpointIntervalMs: 0 });
  await fill(other);
  const sql = 'SELECT sum(x) FROM t';
  const [sum] = await other.rows(sql);
  const untilHelped = async (): Promise<void> => {
    for (let i = 0; i < 100 && !quiet.sent.some(({ kind }) => kind === 'end'); i++)
      expect(await other.rows(sql)).toEqual([sum]);
  };
  await untilHelped();
  for (const { ms: after, call } of [...timers]) if (after === 30_000) call();
  expect([quiet.started, quiet.ended]).toEqual([1, 1]);
  quiet.sent.length = 0;
  await untilHelped();
  expect(quiet.started).toBe(2);
  isSilent = true;
  const running = other.rows(sql);
  const looking = setInterval(() => {
    ms += 1000;
    for (const { ms: after, call } of [...timers]) if (after === 5_000) call();
  }, 5);
  expect(await running).toEqual([sum]);
  clearInterval(looking);
  expect(quiet.ended).toBe(2);
  await other.engine.close();
});

test('ERASE ends helpers, which keep copies of segments', async () => {
  await db.rows('SELECT sum(x) FROM t');
  expect(helping.started).toBeGreaterThan(helping.ended);
  await db.run('ERASE FROM t WHERE id = 77');
  expect(helping.ended).toBe(helping.started);
  expect(await db.rows('SELECT count(*) FROM t WHERE id = 77')).toEqual([['0']]);
});

test('a state that retention has taken is an error for helpers, too', async () => {
  const seq = Number((await db.rows('SELECT drift_seq()'))[0]?.[0]);
  await db.run('CREATE TAG kept; UPDATE t SET x = x + 1 WHERE id % 2 = 0; UPDATE t SET x = x + 1 WHERE id % 3 = 0');
  const sum = (at: string): string => `SELECT count(*), sum(x) FROM t FOR SYSTEM_TIME AS OF ${at}`;
  const kept = await db.rows(sum('TAG kept'));
  await db.run('DELETE HISTORY FROM t BEFORE now()');
  expect(await db.code(sum(`SEQ ${seq - 1}`))).toBe('72000');
  expect(await db.code(sum(`SEQ ${seq + 2}`))).toBe('72000');
  expect(await db.rows(sum('TAG kept'))).toEqual(kept);
  // Leaves that have been trimmed are dirty: a helper gets their segments once they are written, and starts anew here.
  await db.run('CHECKPOINT');
  let helped = 0;
  for (let i = 0; i < 100 && helped === 0; i++) helped = await compare(sum('TAG kept'));
  expect(helped).toBeGreaterThan(0);
});
