/**
 * What small statements cost, by a yardstick: a loop over maps, arrays, texts, generators and promises that is run between
 * them, so that a slow machine is slow at both. The limits are twice what was measured when they were set (0.9, 7.5, 10, 9, 11);
 * who makes statements faster lowers them.
 */
import { expect, test } from 'vitest';
import type { SessionApi } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { computingClock } from './computing-clock.ts';
import { testHost } from './helper.ts';

/** Statements in one measurement, and measurements of each kind: the least counts. */
const CALLS = 1500;
const ROUNDS = 12;

/** Cost of a statement in passes of the yardstick, at most. */
const LIMITS: Readonly<Record<string, number>> = {
  'point read': 1.6,
  'insert by parameters': 16,
  'update by key': 20,
  'insert by constants': 20,
  'update by index': 26,
};

type Call = (session: SessionApi, n: number) => Promise<unknown>;

const CALLS_OF: Readonly<Record<string, Call>> = {
  'point read': (session, n) => session.execute('SELECT v, name FROM t WHERE id = $1', [(n * 7919) % 10_000]),
  'insert by parameters': (session, n) =>
    session.execute('INSERT INTO t VALUES ($1, $2, $3)', [100_000 + n, n, 'a name']),
  'update by key': (session, n) =>
    session.execute('UPDATE t SET v = $2 WHERE id = $1', [(n * 7919) % 10_000, n + 20_000]),
  'insert by constants': (session, n) => session.execute(`INSERT INTO t VALUES (${200_000 + n}, ${n}, 'a name')`),
  'update by index': (session, n) =>
    session.execute(`UPDATE u SET v = ${n} WHERE name = 'name ${(n * 7919) % 10_000}'`),
};

function* steps(count: number): Generator<number, number, number> {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += yield i;
  return sum;
}

/** One pass: some microseconds of what engines do. */
async function pass(map: Map<string, number>, data: Float64Array, n: number): Promise<number> {
  const key = `key ${n % 997}`;
  map.set(key, (map.get(key) ?? 0) + 1);
  const list = Array.from({ length: 16 }, (_, i) => ({ at: (n + i) & 1023, value: data[(n * 31 + i) & 1023] ?? 0 }));
  list.sort((a, b) => a.value - b.value);
  for (const { at, value } of list) data[at] = value + 1;
  const task = steps(24);
  let step = task.next(0);
  while (step.done !== true) step = task.next(step.value);
  await Promise.resolve();
  return step.value + key.length;
}

async function computed(round: () => Promise<void>): Promise<number> {
  const spent = computingClock();
  await round();
  return spent();
}

test('small statements cost what they did, by a yardstick', { timeout: 120_000 }, async () => {
  const engine = await openEngine({ storage: new MemoryStorage(), host: testHost() });
  const session = engine.session();
  await session.script(`CREATE TABLE t (id int PRIMARY KEY, v int, name text);
    INSERT INTO t SELECT i, i, 'name ' || i FROM generate_series(0, 9999) i;
    CREATE TABLE u AS TABLE t; CREATE INDEX ON u (name)`);
  const [map, data] = [new Map<string, number>(), new Float64Array(1024)];
  let n = 0;
  const yardstick = async (): Promise<void> => {
    for (let i = 0; i < CALLS; i++) await pass(map, data, n++);
  };
  const found: Record<string, number> = {};
  for (const [name, call] of Object.entries(CALLS_OF)) {
    const measure = async (): Promise<void> => {
      for (let i = 0; i < CALLS; i++) await call(session, n++);
    };
    await measure();
    let [own, other] = [Infinity, Infinity];
    for (let round = 0; round < ROUNDS; round++) {
      other = Math.min(other, await computed(yardstick));
      own = Math.min(own, await computed(measure));
    }
    found[name] = own / other;
    console.log(
      `${name}: ${((own / CALLS) * 1000).toFixed(1)} µs, ${(own / other).toFixed(2)} passes of ${((other / CALLS) * 1000).toFixed(1)} µs`,
    );
  }
  await engine.close();
  for (const [name, limit] of Object.entries(LIMITS))
    expect([name, (found[name] ?? Infinity) <= limit]).toEqual([name, true]);
});
