/**
 * Leaves, tiles and checkpoints against a model: tiny leaves split by key and by time, the cache holds next to nothing,
 * and the database is closed and opened again; every state there ever was must come back, by table and by index.
 */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { SlowStorage } from '../storage/slow-storage.ts';
import { type Db, openDb } from './helper.ts';

const TINY = {
  maxLeafRows: 8,
  minClosedRows: 6,
  cacheBudgetBytes: 20_000,
  packSizeBytes: 8192,
  checkpointLogBytes: 1e9,
};

interface Row {
  readonly v: string;
  readonly n: number;
}
type State = ReadonlyMap<number, Row>;

/** Applies one random change to database and model. */
async function change(db: Db, state: State, random: Random): Promise<State> {
  const pick = (below: number): number => random.uint32() % below;
  const next = new Map(state);
  const id = pick(60);
  const n = pick(10);
  const v = `v${pick(1000)}`;
  switch (pick(4)) {
    case 0:
      next.delete(id);
      await db.run(`DELETE FROM t WHERE id = ${id}`);
      break;
    case 1:
      for (const [key, row] of state) if (row.n === n) next.set(key, { ...row, v });
      await db.run(`UPDATE t SET v = '${v}' WHERE n = ${n}`);
      break;
    default:
      next.set(id, { v, n });
      await db.run(
        `INSERT INTO t VALUES (${id}, '${v}', ${n}, ${n * 10})
          ON CONFLICT (id) DO UPDATE SET v = excluded.v, n = excluded.n, m = excluded.m`,
      );
  }
  return next;
}

function same(a: State, b: State): boolean {
  if (a.size !== b.size) return false;
  for (const [id, row] of a) {
    const other = b.get(id);
    if (other === undefined || other.v !== row.v || other.n !== row.n) return false;
  }
  return true;
}

const sorted = (state: State): (string | null)[][] =>
  [...state].sort(([a], [b]) => a - b).map(([id, row]) => [String(id), row.v, String(row.n)]);

async function compare(db: Db, states: ReadonlyMap<number, State>, random: Random): Promise<void> {
  for (const [seq, state] of states) {
    const at = `FOR SYSTEM_TIME AS OF SEQ ${seq}`;
    expect(await db.rows(`SELECT id, v, n FROM t ${at} ORDER BY id`), `state ${seq}`).toEqual(sorted(state));
    const id = random.uint32() % 60;
    const row = state.get(id);
    const found = await db.rows(`SELECT v, n FROM t ${at} WHERE id = ${id}`);
    expect(found, `row ${id} at ${seq}`).toEqual(row === undefined ? [] : [[row.v, String(row.n)]]);
    const n = random.uint32() % 10;
    const byIndex = await db.rows(`SELECT id FROM t ${at} WHERE n = ${n} ORDER BY id`);
    const expected = sorted(state).filter((cells) => cells[2] === String(n));
    expect(byIndex, `n = ${n} at ${seq}`).toEqual(expected.map(([key]) => [key]));
    const byZone = await db.rows(`SELECT id FROM t ${at} WHERE m = ${n * 10} ORDER BY id`);
    expect(byZone, `m = ${n * 10} at ${seq}`).toEqual(byIndex);
  }
}

/** Every version's interval, from the model: what FOR SYSTEM_TIME ALL must give. */
function versions(states: ReadonlyMap<number, State>): string[] {
  const open = new Map<number, { row: Row; from: number }>();
  const out: string[] = [];
  const close = (id: number, to: number | null): void => {
    const version = open.get(id);
    if (version !== undefined) out.push(`${id} ${version.row.v} ${version.row.n} ${version.from} ${to}`);
    open.delete(id);
  };
  for (const [seq, state] of states) {
    for (const [id, { row }] of open) {
      const now = state.get(id);
      if (now === undefined || now.v !== row.v || now.n !== row.n) close(id, seq);
    }
    for (const [id, row] of state) if (!open.has(id)) open.set(id, { row, from: seq });
  }
  for (const id of [...open.keys()]) close(id, null);
  return out.sort();
}

for (const [medium, seeds, makeStorage] of [
  ['synchronous', 4, () => new MemoryStorage()],
  ['asynchronous', 2, () => new SlowStorage()],
] as const) {
  test(
    `history survives splits, checkpoints, eviction and reopening on a ${medium} medium`,
    { timeout: 60_000 },
    async () => {
      for (let seed = 1; seed <= seeds; seed++) {
        const random = new Random(seed);
        const storage = makeStorage();
        let db = await openDb(storage, TINY);
        await db.run('CREATE TABLE t (id int PRIMARY KEY, v text, n int, m int)');
        await db.run('CREATE INDEX t_n ON t (n)');
        let state: State = new Map();
        const states = new Map<number, State>();
        for (let step = 0; step < 250; step++) {
          const next = await change(db, state, random);
          if (!same(next, state)) states.set(db.engine.status().lastSeq, next);
          state = next;
          if (random.uint32() % 25 === 0) await db.engine.checkpoint();
          if (random.uint32() % 80 === 0) {
            await db.engine.close();
            db = await openDb(storage, TINY);
          }
        }
        await compare(db, states, random);
        await db.engine.close();
        db = await openDb(storage, TINY);
        await compare(db, states, random);
        const all = await db.rows('SELECT id, v, n, _seq_from, _seq_to FROM t FOR SYSTEM_TIME ALL');
        expect(all.map((cells) => cells.join(' ').replace(/ $/, ' null')).sort()).toEqual(versions(states));
        const status = db.engine.status();
        expect(status.cacheBytes).toBeLessThan(60_000);
        await db.engine.close();
      }
    },
  );
}

test('a DROP that is rolled back leaves the index in use', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, n int); CREATE INDEX t_n ON t (n); INSERT INTO t VALUES (1, 5)');
  await db.run('BEGIN; DROP INDEX t_n; ROLLBACK');
  await db.run('INSERT INTO t VALUES (2, 5)');
  expect(await db.rows('SELECT id FROM t WHERE n = 5 ORDER BY id')).toEqual([['1'], ['2']]);
});

test('a column whose transaction is rolled back is gone, and a checkpoint meanwhile does not keep it', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a')");
  await db.run("BEGIN; ALTER TABLE t ADD COLUMN x int DEFAULT 7; INSERT INTO t VALUES (2, 'b', 8)");
  await db.engine.checkpoint();
  await db.run("ROLLBACK; ALTER TABLE t ADD COLUMN y text DEFAULT 'q'; INSERT INTO t VALUES (3, 'c', 'r')");
  const expected = [
    ['1', 'a', 'q'],
    ['3', 'c', 'r'],
  ];
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual(expected);
  await db.engine.close();
  db = await openDb(storage);
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual(expected);
});

test('dropped tables and columns are read at the times when they existed, after a checkpoint and reopening', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run('CREATE TABLE gone (id int PRIMARY KEY, v text); CREATE TABLE t (id int PRIMARY KEY, old text)');
  await db.run("INSERT INTO gone VALUES (1, 'x'); INSERT INTO t VALUES (1, 'y')");
  const seq = db.engine.status().lastSeq;
  await db.run('DROP TABLE gone; ALTER TABLE t DROP COLUMN old; CREATE TABLE gone (other int)');
  for (let opening = 0; opening < 2; opening++) {
    expect(await db.rows(`SELECT * FROM gone FOR SYSTEM_TIME AS OF SEQ ${seq}`)).toEqual([['1', 'x']]);
    expect(await db.rows(`SELECT old FROM t FOR SYSTEM_TIME AS OF SEQ ${seq}`)).toEqual([['y']]);
    expect(await db.rows('SELECT * FROM t')).toEqual([['1']]);
    expect(await db.rows('SELECT * FROM gone')).toEqual([]);
    await db.engine.close();
    db = await openDb(storage);
  }
});

test('the log is recycled and packs without life are removed', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, TINY);
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v text)');
  for (let round = 0; round < 30; round++) {
    await db.run(`INSERT INTO t SELECT i, repeat('x', 50) || ${round} FROM generate_series(1, 40) i
      ON CONFLICT (id) DO UPDATE SET v = excluded.v`);
    await db.engine.checkpoint();
  }
  const names = storage.list();
  expect(names.filter((name) => name.startsWith('log-'))).toHaveLength(1);
  const bytes = names
    .filter((name) => name.startsWith('pack-'))
    .reduce((sum, name) => sum + storage.open(name).size(), 0);
  // 1,240 versions of some 60 bytes before encoding.
  expect(bytes).toBeLessThan(250_000);
  expect(await db.rows("SELECT count(*), count(DISTINCT v) FROM t WHERE v LIKE '%x29'")).toEqual([['40', '1']]);
});

test('zones: leaves and row groups in which nothing can match are passed over, on disk and in memory', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run('CREATE TABLE t (id int PRIMARY KEY, day date, n numeric(10, 2), note text)');
  await db.run(`INSERT INTO t SELECT i, date '2020-01-01' + i / 100, i / 4.0, CASE WHEN i > 99000 THEN 'x' END
    FROM generate_series(1, 100000) i`);
  await db.engine.close();
  db = await openDb(storage);
  const analyze = async (where: string): Promise<string> =>
    (await db.rows(`EXPLAIN (ANALYZE) SELECT count(*) FROM t WHERE ${where}`)).flat().join(' ');
  for (const where of [`day = '2020-03-01'`, 'n > 24999', 'n BETWEEN 3 AND 4', 'note IS NOT NULL']) {
    const skipped = /skipped[ =:]+(\d+)|(\d+) skipped/i.exec(await analyze(where));
    expect(Number(skipped?.[1] ?? skipped?.[2]), where).toBeGreaterThan(0);
  }
  expect(await db.rows("SELECT count(*) FROM t WHERE day = '2020-03-01'")).toEqual([['100']]);
  expect(await db.rows('SELECT count(*) FROM t WHERE n BETWEEN 3 AND 4')).toEqual([['5']]);
  expect(await db.rows('SELECT count(*) FROM t WHERE note IS NOT NULL')).toEqual([['1000']]);
  expect(await db.rows("UPDATE t SET day = '2030-01-01' WHERE id = 7 RETURNING id")).toEqual([['7']]);
  expect(await db.rows("SELECT id FROM t WHERE day > '2029-01-01'")).toEqual([['7']]);
});

test('keys that are no row ids survive a checkpoint: infinite, fractional, negative, great', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run('CREATE TABLE f (k double precision PRIMARY KEY); CREATE TABLE b (k bigint PRIMARY KEY)');
  await db.run("INSERT INTO f VALUES ('infinity'), ('-infinity'), ('nan'), (1.5), (-2), (1e300)");
  await db.run('INSERT INTO b VALUES (9223372036854775807), (-9223372036854775808), (9007199254740991), (0)');
  await db.run(
    "CREATE TABLE d (k timestamptz PRIMARY KEY); INSERT INTO d VALUES ('infinity'), ('-infinity'), ('epoch')",
  );
  const rows = async (): Promise<unknown> => [
    await db.rows('SELECT k FROM f ORDER BY k'),
    await db.rows('SELECT k FROM b ORDER BY k'),
    await db.rows('SELECT k FROM d ORDER BY k'),
  ];
  const before = await rows();
  await db.engine.close();
  db = await openDb(storage);
  expect(await rows()).toEqual(before);
  expect(await db.code("INSERT INTO f VALUES ('infinity')")).toBe('23505');
  expect(await db.code('INSERT INTO b VALUES (9223372036854775807)')).toBe('23505');
});
