/** Joined in slices is joined at once, for each physical kind and mixtures of them. */
import { expect, test } from 'vitest';
import { PAUSE } from '../base/task.ts';
import { Random } from '../base/random.ts';
import { type Vector, valueAt } from '../base/vector.ts';
import { concatInSlices, takeInSlices } from './concat-slices.ts';
import type { Pacer } from './pacer.ts';
import { concat, take } from './vectors.ts';

const IMPATIENT: Pacer = {
  due: () => true,
  *pause() {
    yield PAUSE;
  },
};

const random = new Random(5);

function chunk(kind: Vector['kind'] | 'shared' | 'scaled', length: number): Vector {
  const nulls = random.next() < 0.3 ? Uint8Array.from({ length }, () => (random.next() < 0.2 ? 1 : 0)) : null;
  const numbers = Float64Array.from({ length }, () => Math.floor(random.next() * 1000));
  const texts = Array.from(numbers, (number) => `t${number}`);
  switch (kind) {
    case 'bool':
      return { kind, data: Uint8Array.from(numbers, (number) => number & 1), length, nulls };
    case 'i32':
      return { kind, data: Int32Array.from(numbers), length, nulls };
    case 'f64':
      return { kind, data: numbers, length, nulls };
    case 'scaled':
      return { kind: 'f64', data: numbers, scale: 2, length, nulls };
    case 'i64':
      return { kind, data: BigInt64Array.from([...numbers].map((number) => BigInt(number) << 40n)), length, nulls };
    case 'text':
      return { kind, data: texts, length, nulls };
    case 'dict':
      return { kind, data: Int32Array.from({ length }, (_, i) => i % 7), dictionary: texts.slice(0, 7), length, nulls };
    case 'shared':
      return { kind: 'dict', data: Int32Array.from({ length }, (_, i) => i % 3), dictionary: SHARED, length, nulls };
    case 'boxed':
      return { kind, data: texts.map((text) => [text]), length, nulls };
  }
}

const SHARED = ['x', 'y', 'z'];

test.each([
  [['bool']],
  [['i32']],
  [['f64']],
  [['scaled']],
  [['i64']],
  [['text']],
  [['dict']],
  [['shared']],
  [['boxed']],
  [['dict', 'text']],
  [['shared', 'dict']],
  [['i32', 'f64']],
  [['f64', 'scaled']],
  [['i32', 'i64']],
] as const)('%s', (kinds) => {
  const chunks: Vector[] = [];
  for (let i = 0; i < 8; i++)
    chunks.push(chunk(kinds[i % kinds.length] ?? 'i32', 1000 + Math.floor(random.next() * 20_000)));
  const task = concatInSlices(chunks, 0, IMPATIENT);
  let pauses = 0;
  let step = task.next();
  for (; !step.done; step = task.next()) pauses++;
  const sliced = step.value;
  const whole = concat(chunks, 0);
  expect([sliced.kind, sliced.length]).toEqual([whole.kind, whole.length]);
  const values = (vector: Vector): unknown[] => Array.from({ length: vector.length }, (_, i) => valueAt(vector, i));
  expect(values(sliced)).toEqual(values(whole));
  if (kinds.length === 1) expect(pauses).toBeGreaterThan(4);
});

test.each(['bool', 'i32', 'f64', 'scaled', 'i64', 'text', 'dict', 'boxed'] as const)(
  'rows of a column of %s are taken in slices as they are at once',
  (kind) => {
    const vector = chunk(kind, 40_000);
    const rows = Int32Array.from({ length: 30_000 }, () => Math.floor(random.next() * 40_000));
    const task = takeInSlices(vector, rows, 30_000, { oid: 25, pacer: IMPATIENT });
    let pauses = 0;
    let step = task.next();
    for (; step.done !== true; step = task.next()) pauses++;
    expect(pauses).toBeGreaterThan(5);
    const at = [0, 1, 4095, 4096, 16_384, 29_999];
    const valuesOf = (taken: Vector): unknown[] => at.map((row) => valueAt(taken, row));
    expect([step.value.length, ...valuesOf(step.value)]).toEqual([30_000, ...valuesOf(take(vector, rows, 30_000))]);
  },
);
