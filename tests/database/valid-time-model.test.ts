/** Valid time against a model that knows the value of each key on each day, at every sequence number. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { openDb } from './helper.ts';

const KEYS = 3;
const DAYS = 24;
const STEPS = 60;
/** The value of a key on a day, or null. */
type Model = (number | null)[][];

test.each([1, 2, 3, 4])('random changes of portions, seed %i', async (seed) => {
  const db = await openDb();
  const random = new Random(seed);
  const below = (n: number): number => random.uint32() % n;
  const day = (n: number): string => `DATE '2024-01-01' + ${n}`;
  const ranged = seed % 2 === 0;
  await db.run(
    ranged
      ? 'CREATE TABLE t (id int, v int, p daterange, PRIMARY KEY (id, p WITHOUT OVERLAPS))'
      : 'CREATE TABLE t (id int, v int, a date, b date, PERIOD FOR p (a, b), PRIMARY KEY (id, p WITHOUT OVERLAPS))',
  );
  let model: Model = Array.from({ length: KEYS }, () => Array.from({ length: DAYS }, () => null));
  const states: (readonly [seq: string, state: Model])[] = [];
  for (let step = 0; step < STEPS; step++) {
    const [from, length, key, value] = [below(DAYS - 1), 1 + below(8), below(KEYS), below(100)];
    const to = Math.min(DAYS, from + length);
    const next = model.map((days) => [...days]);
    const days = next[key] ?? [];
    const portion = `FOR PORTION OF p FROM ${day(from)} TO ${day(to)}`;
    let sql: string;
    let fails = false;
    switch (below(4)) {
      case 0: {
        sql = ranged
          ? `INSERT INTO t VALUES (${key}, ${value}, daterange(${day(from)}, ${day(to)}))`
          : `INSERT INTO t VALUES (${key}, ${value}, ${day(from)}, ${day(to)})`;
        fails = days.slice(from, to).some((held) => held !== null);
        days.fill(value, from, to);
        break;
      }
      case 1:
        sql = `DELETE FROM t ${portion} WHERE id = ${key}`;
        days.fill(null, from, to);
        break;
      case 2:
        sql = `UPDATE t ${portion} SET v = v + 1`;
        for (const all of next)
          for (let d = from; d < to; d++) {
            const held = all[d] ?? null;
            all[d] = held === null ? null : held + 1;
          }
        break;
      default:
        // Into the key of another: refused where both hold on a day that moves.
        sql = `UPDATE t ${portion} SET id = ${(key + 1) % KEYS} WHERE id = ${key}`;
        for (let d = from; d < to; d++) {
          const other = next[(key + 1) % KEYS] ?? [];
          if (days[d] === null) continue;
          if (other[d] !== null) fails = true;
          other[d] = days[d] ?? null;
          days[d] = null;
        }
    }
    if (fails) expect(await db.code(sql), sql).toBe('23P01');
    else {
      await db.run(sql);
      model = next;
    }
    const [seq] = await db.rows('SELECT max(seq) FROM drift.transactions');
    states.push([seq?.[0] ?? '', model]);
    expect(await read(''), sql).toEqual(model);
  }
  for (const [seq, state] of states) expect(await read(`FOR SYSTEM_TIME AS OF SEQ ${seq}`), seq).toEqual(state);

  async function read(time: string): Promise<Model> {
    const rows = await db.rows(
      `SELECT d, id, v FROM generate_series(0, ${DAYS - 1}) d JOIN t ${time} ON p CONTAINS (DATE '2024-01-01' + d)`,
    );
    const found: Model = Array.from({ length: KEYS }, () => Array.from({ length: DAYS }, () => null));
    for (const [d, id, v] of rows) {
      const all = found[Number(id)];
      if (all !== undefined) all[Number(d)] = Number(v);
    }
    return found;
  }
});
