/**
 * DriftDB alone, from the page, for `npm run bench -- growth` and `-- soak`: a table that grows, what each kind of work costs
 * at its size, and a mixed load that lasts.
 */
import { open } from 'driftdb-web';
import { percentile } from './workload.ts';

type Database = Awaited<ReturnType<typeof open>>;

/** Milliseconds but where the name says otherwise. */
export type Figures = Readonly<Record<string, number>>;

const BATCH = 50_000;
const READS = 300;
const CHANGES = 1000;
const RANGE = 10_000;

let db: Database | undefined;
let name = '';
let options: { readonly cacheBudgetBytes?: number } = {};
let rows = 0;

function opened(): Database {
  if (db === undefined) throw new Error('not open');
  return db;
}

async function start(database: string, cacheBudgetBytes?: number): Promise<void> {
  name = database;
  options = cacheBudgetBytes === undefined ? {} : { cacheBudgetBytes };
  rows = 0;
  db = await open(`opfs://${name}`, { durability: 'full', ...options });
  await db.exec('CREATE TABLE t (id int PRIMARY KEY, k int NOT NULL, v double precision, name text)');
}

/** Grows the table to so many rows, and measures everything at that size. */
async function grow(to: number): Promise<Figures> {
  // A million rows at most are timed: the last ones.
  const inserts: number[] = [];
  while (rows < to) {
    const next = Math.min(to, rows + BATCH);
    const started = performance.now();
    await opened().query(
      `INSERT INTO t SELECT i, i % 1000, i / 4.0, 'name ' || (i % 5000) FROM generate_series($1::int, $2::int) i`,
      [rows, next - 1],
    );
    inserts.push(((performance.now() - started) / (next - rows)) * 1000);
    rows = next;
  }
  await opened().checkpoint();
  const insertUs = median(inserts.slice(-20));
  const openMs = await reopening();
  const spread = Array.from({ length: READS }, (_, i) => Math.floor((i * 0.6180339887 * rows) % rows));
  return {
    rows,
    'insert, µs a row': insertUs,
    'open and first row': openMs,
    'point read': await timesOf(spread, (id) => opened().query('SELECT v, name FROM t WHERE id = $1', [id])),
    'range of 10,000': await timesOf(spread.slice(0, 20), (id) =>
      opened().query('SELECT sum(v) FROM t WHERE id >= $1 AND id < $2', [id, id + RANGE]),
    ),
    'scan, ns a row':
      ((await timesOf([1, 2, 3], () => opened().query('SELECT count(*), sum(v) FROM t WHERE k < 500'))) / rows) * 1e6,
    'durable update': await timesOf(spread.slice(0, 100), (id) =>
      opened().query('UPDATE t SET v = v + 1 WHERE id = $1', [id]),
    ),
    'checkpoint after 1,000 changes in a row': await checkpointAfter((i) => Math.floor(rows / 3) + i),
    'checkpoint after 300 rows changed here and there': await checkpointAfter((i) => spread[i % READS] ?? 0),
    'storage, MB': (await opened().status()).storageBytes / 1e6,
  };
}

async function reopening(): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    await opened().close();
    const started = performance.now();
    db = await open(`opfs://${name}`, { durability: 'full', ...options });
    await db.query('SELECT v FROM t WHERE id = $1', [(i * 7919) % rows]);
    times.push(performance.now() - started);
  }
  return median(times);
}

async function checkpointAfter(key: (i: number) => number): Promise<number> {
  await opened().checkpoint();
  const keys = [...new Set(Array.from({ length: CHANGES }, (_, i) => key(i) % rows))];
  await opened().query('UPDATE t SET v = v + 1 WHERE id = ANY ($1::int[])', [keys]);
  const started = performance.now();
  await opened().checkpoint();
  return performance.now() - started;
}

/** The median time of a call for each key. */
async function timesOf(keys: readonly number[], call: (key: number) => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (const key of keys) {
    const started = performance.now();
    await call(key);
    times.push(performance.now() - started);
  }
  return median(times);
}

/** A mixed load for so long: 60 reads by key, 20 updates, 10 inserts, 5 deletes, 5 sums over a range, of a hundred. */
async function load(ms: number): Promise<Figures> {
  const until = performance.now() + ms;
  const reads: number[] = [];
  const writes: number[] = [];
  let n = 0;
  while (performance.now() < until) {
    const dice = (n * 61) % 100;
    const id = (n * 7919) % rows;
    const started = performance.now();
    if (dice < 60) await opened().query('SELECT v, name FROM t WHERE id = $1', [id]);
    else if (dice < 80) await opened().query('UPDATE t SET v = v + 1 WHERE id = $1', [id]);
    else if (dice < 90)
      await opened().query('INSERT INTO t VALUES ($1, 1, 1, $2) ON CONFLICT (id) DO NOTHING', [id + 1, `name ${n}`]);
    else if (dice < 95) await opened().query('DELETE FROM t WHERE id = $1', [id]);
    else await opened().query('SELECT sum(v) FROM t WHERE id >= $1 AND id < $2', [id, id + 1000]);
    (dice < 60 || dice >= 95 ? reads : writes).push(performance.now() - started);
    n++;
  }
  reads.sort((a, b) => a - b);
  writes.sort((a, b) => a - b);
  const { storageBytes, cacheBytes } = await opened().status();
  return {
    operations: n,
    'read p50': percentile(reads, 0.5),
    'read p99': percentile(reads, 0.99),
    'write p50': percentile(writes, 0.5),
    'write p99': percentile(writes, 0.99),
    'cache, MB': cacheBytes / 1e6,
    'storage, MB': storageBytes / 1e6,
  };
}

function median(values: readonly number[]): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    0.5,
  );
}

Object.assign(globalThis, {
  growth: { start, grow, load, close: () => opened().close() },
  bench: {
    spin: (ms: number) => {
      const until = performance.now() + ms;
      while (performance.now() < until);
    },
  },
});
