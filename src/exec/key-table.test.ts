/** KeyTable: codes against a Map, for dense, sparse, negative and mixed keys. */
import { expect, test } from 'vitest';
import { Random } from '../base/random.ts';
import { PAUSE } from '../base/task.ts';
import type { Batch, Vector } from '../base/vector.ts';
import { KeyTable } from './key-table.ts';
import type { Pacer } from './pacer.ts';
import { wholeBatch } from './vectors.ts';

const INT4 = 23;
const INT8 = 20;

function ints(values: readonly (number | null)[]): Batch {
  const nulls = Uint8Array.from(values, (value) => (value === null ? 1 : 0));
  const data = Int32Array.from(values, (value) => value ?? 0);
  return wholeBatch([{ kind: 'i32', data, length: values.length, nulls }], values.length);
}

function doubles(values: readonly number[]): Batch {
  const vector: Vector = { kind: 'f64', data: Float64Array.from(values), length: values.length, nulls: null };
  return wholeBatch([vector], values.length);
}

test('numbers are those of a Map, whatever the keys look like', () => {
  const random = new Random(11);
  const shapes: ((i: number) => number)[] = [
    (i) => i,
    (i) => -i,
    () => Math.floor(random.next() * 1000) - 500,
    () => Math.floor(random.next() * 4294967296) - 2147483648,
    (i) => (i < 3000 ? i % 50 : i * 100_000),
    (i) => (i % 2 === 0 ? -2147483648 + i : 2147483647 - i),
  ];
  for (const shape of shapes) {
    const table = new KeyTable([INT4], [true]);
    const known = new Map<number | null, number>();
    for (let round = 0; round < 12; round++) {
      const size = 1 + Math.floor(random.next() * 900);
      const keys = Array.from({ length: size }, (_, i) => (random.next() < 0.02 ? null : shape(round * 900 + i)));
      const found = [...table.find(ints(keys).columns, ints(keys))];
      expect(found).toEqual(keys.map((key) => known.get(key) ?? -1));
      const given = [...table.assign(ints(keys).columns, ints(keys))];
      for (const key of keys) if (!known.has(key)) known.set(key, known.size);
      expect(given).toEqual(keys.map((key) => known.get(key)));
      expect(table.count).toBe(known.size);
    }
  }
});

test('integers in doubles find those given as integers', () => {
  const table = new KeyTable([INT8], [false]);
  table.assign(ints([5, 6, null, 7]).columns, ints([5, 6, null, 7]));
  const probe = doubles([7, 6.5, 5, 1e12, Number.NaN]);
  expect([...table.find(probe.columns, probe)]).toEqual([2, -1, 0, -1, -1]);
  expect([...table.assign(probe.columns, probe)].slice(0, 3)).toEqual([2, 3, 0]);
  expect([...table.find(ints([6]).columns, ints([6]))]).toEqual([1]);
});

test('tables that grow in slices give the same numbers', () => {
  const impatient: Pacer = {
    due: () => true,
    *pause() {
      yield PAUSE;
    },
  };
  const random = new Random(3);
  const shapes: ((round: number, i: number) => number)[] = [
    (round, i) => round * 4096 + i,
    // Close together at first, then far apart: dense codes go to the hash table.
    (round, i) => (round < 12 ? round * 4096 + i : i * 500_000 + round),
    () => Math.floor(random.next() * 4294967296) - 2147483648,
    // Grows on both sides.
    (round, i) => (round % 2 === 0 ? -1 : 1) * (round * 4096 + i),
  ];
  for (const shape of shapes) {
    const [atOnce, sliced] = [new KeyTable([INT4, INT8], [true, true]), new KeyTable([INT4, INT8], [true, true])];
    let pauses = 0;
    for (let round = 0; round < 25; round++) {
      const first = ints(Array.from({ length: 4096 }, (_, i) => (random.next() < 0.01 ? null : shape(round, i))));
      const second = doubles(Array.from({ length: 4096 }, (_, i) => shape(round, i) / 8));
      const batch = wholeBatch([...first.columns, ...second.columns], 4096);
      const task = sliced.assignInSlices(batch.columns, batch, impatient);
      let step = task.next();
      for (; !step.done; step = task.next()) pauses++;
      expect(step.value).toEqual(atOnce.assign(batch.columns, batch));
    }
    expect(sliced.count).toBe(atOnce.count);
    expect(pauses).toBeGreaterThan(8);
  }
});
