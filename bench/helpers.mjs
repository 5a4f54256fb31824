/**
 * `npm run bench -- helpers [--rows 5000000]`: what a helper worker gains on big scans, on Node.
 *
 * Each statement runs with and without one helper, in turns, and beside it the machine's own limit: the same sum over typed arrays by
 * one thread and by two. On a machine that does other things as well, wall-clock times of two threads say little; so the
 * processor time of each thread is told too (Linux): the work of the engine's thread alone, divided by that of the busier of the
 * two when there is a helper, is what two free processors would gain.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';

const QUERIES = {
  'filter + sum': 'SELECT sum(x), count(*) FROM t WHERE x > 500',
  'three filters + sum': 'SELECT sum(n), count(*) FROM t WHERE x BETWEEN 100 AND 700 AND g < 5 AND f > 1000',
  'group by, 10 groups': 'SELECT g, count(*), sum(x), avg(n), min(id), max(f) FROM t GROUP BY g ORDER BY g',
  'group by text, 1000 groups': 'SELECT s, count(*) FROM t GROUP BY s ORDER BY s LIMIT 3',
  'LIKE %x%': "SELECT count(*) FROM t WHERE s LIKE '%99%'",
  'join with 50,000 + group by': 'SELECT c, count(*), sum(x) FROM t JOIN u ON u.k = t.m GROUP BY c ORDER BY c',
};
const ROUNDS = 9;
const WARM = 3;

/** The machine's limit: so many passes over an array of integers, half of them in another thread. */
const NUMBERS = 4_000_000;
const PASSES = 20;

if (!isMainThread)
  parentPort?.on('message', () => {
    passes();
    parentPort?.postMessage('done');
  });

let array;
function passes() {
  array ??= Int32Array.from({ length: NUMBERS }, (_, i) => (i * 31) % 1000);
  let sum = 0;
  for (let pass = 0; pass < PASSES; pass++) for (let i = 0; i < NUMBERS; i++) if (array[i] > 500) sum += array[i];
  return sum;
}

async function limit() {
  const other = new Worker(new URL(import.meta.url));
  const there = () =>
    new Promise((resolve) => {
      other.once('message', resolve);
      other.postMessage('go');
    });
  await there();
  passes();
  const ratios = [];
  for (let round = 0; round < ROUNDS; round++) {
    const one = await timed(async () => [passes(), passes()]);
    const two = await timed(async () => {
      const done = there();
      passes();
      await done;
    });
    ratios.push(one / two);
  }
  await other.terminate();
  return median(ratios);
}

export async function helpers({ rows = 5_000_000 } = {}) {
  const { open } = await import(new URL('../dist/node.js', import.meta.url).href);
  const folder = await mkdtemp(join(tmpdir(), 'drift-helpers-'));
  const db = await open(`file://${folder}`, { helpers: 1, cacheBudgetBytes: 1 << 30, queryMemoryBytes: 2 ** 32 });
  try {
    await fill(db, rows);
    const table = {};
    for (const [name, sql] of Object.entries(QUERIES)) table[name] = await compared(db, sql);
    console.log(`${rows} rows; two threads of this machine do ${(await limit()).toFixed(2)} times the work of one`);
    console.table(table);
  } finally {
    await db.close();
    await rm(folder, { recursive: true });
  }
}

async function fill(db, rows) {
  await db.exec(`CREATE TABLE t (id int PRIMARY KEY, g int, m int, x int, n numeric(12,2), f float8, s text);
    CREATE TABLE u (k int PRIMARY KEY, c int); INSERT INTO u SELECT i, i % 25 FROM generate_series(0, 49999) i`);
  for (let from = 1; from <= rows; from += 250_000)
    await db.query(
      `INSERT INTO t SELECT i, i % 10, (i::int8 * 104729) % 50000, (i::int8 * 31) % 1000, i % 100000 / 100.0, i / 8.0,
        'row ' || i % 1000 FROM generate_series($1::int, $2::int) i`,
      [from, Math.min(rows, from + 249_999)],
    );
  await db.exec('CHECKPOINT; ANALYZE');
}

async function compared(db, sql) {
  const runs = { alone: [], helped: [] };
  for (let round = 0; round < ROUNDS + WARM; round++)
    for (const [kind, workers] of [
      ['alone', 0],
      ['helped', 1],
    ]) {
      await db.exec(`SET max_parallel_workers_per_gather = ${workers}`);
      const before = processorMs();
      const ms = await timed(() => db.query(sql));
      const spent = processorMs();
      const own = spent.get(process.pid) - before.get(process.pid);
      let other = 0;
      for (const [thread, total] of spent)
        if (thread !== process.pid) other = Math.max(other, total - (before.get(thread) ?? 0));
      if (round >= WARM) runs[kind].push({ ms, own, other });
    }
  const [alone, helped] = [runs.alone, runs.helped].map((list) => ({
    ms: median(list.map(({ ms }) => ms)),
    own: median(list.map(({ own }) => own)),
    other: median(list.map(({ other }) => other)),
  }));
  return {
    'alone, ms': round(alone.ms),
    'helped, ms': round(helped.ms),
    ratio: round(alone.ms / helped.ms),
    'processor: alone': round(alone.own),
    engine: round(helped.own),
    helper: round(helped.other),
    'on free processors': round(alone.own / Math.max(helped.own, helped.other)),
  };
}

/** Processor time of each thread, ms; threads that have ended are not there. */
function processorMs() {
  const times = new Map();
  for (const thread of readdirSync('/proc/self/task'))
    try {
      times.set(
        Number(thread),
        Number(readFileSync(`/proc/self/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
      );
    } catch {
      // It has just ended.
    }
  return times;
}

async function timed(work) {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

function round(value) {
  return Math.round(value * 100) / 100;
}
