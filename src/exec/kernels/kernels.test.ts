/** Every kernel gives what the same computation row by row gives, over all vector kinds, nulls and selections. */
import { describe, expect, test } from 'vitest';
import { Numeric } from '../../base/numeric.ts';
import { type Batch, type Vector, valueAt } from '../../base/vector.ts';
import { sortRows } from '../sort-keys.ts';
import { arithmeticKernel } from './arithmetic.ts';
import { compareVectors, rangeOf, selectRange } from './compare.ts';
import { likeTest } from './text.ts';

const LENGTH = 64;

/** A small generator of its own, so that a failure repeats. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

function ints(next: () => number, spread: number, withNulls: boolean): Vector {
  const data = Int32Array.from({ length: LENGTH }, () => Math.floor((next() - 0.5) * spread));
  return {
    kind: 'i32',
    data,
    length: LENGTH,
    nulls: withNulls ? Uint8Array.from(data, () => (next() < 0.2 ? 1 : 0)) : null,
  };
}

function doubles(next: () => number): Vector {
  const special = [NaN, Infinity, -Infinity, 0, -0, 1.5];
  const data = Float64Array.from({ length: LENGTH }, () =>
    next() < 0.4 ? (special[Math.floor(next() * 6)] as number) : Math.floor(next() * 4),
  );
  return { kind: 'f64', data, length: LENGTH, nulls: null };
}

function batchOf(next: () => number): Batch {
  if (next() < 0.5) return { columns: [], length: LENGTH, selection: null, count: LENGTH };
  const rows = Array.from({ length: LENGTH }, (_, i) => i).filter(() => next() < 0.5);
  return { columns: [], length: LENGTH, selection: Int32Array.from(rows), count: rows.length };
}

function rowsOf(batch: Batch): number[] {
  return batch.selection === null
    ? Array.from({ length: LENGTH }, (_, i) => i)
    : [...batch.selection.subarray(0, batch.count)];
}

/** PostgreSQL's order of floats: NaN last, and equal to itself. */
function order(a: number, b: number): number {
  if (a !== a || b !== b) return a === a ? -1 : b === b ? 1 : 0;
  return a < b ? -1 : a > b ? 1 : 0;
}

describe('comparison', () => {
  test('vector with vector, and with a constant', () => {
    const next = random(1);
    for (let round = 0; round < 200; round++) {
      const a = next() < 0.5 ? ints(next, 8, true) : doubles(next);
      const b = next() < 0.5 ? ints(next, 8, true) : doubles(next);
      const batch = batchOf(next);
      for (const mask of [1, 2, 3, 4, 5, 6]) {
        const result = compareVectors(mask, a, b, batch);
        expect(result).not.toBeNull();
        for (const row of rowsOf(batch)) {
          const x = valueAt(a, row);
          const y = valueAt(b, row);
          const expected =
            x === null || y === null ? null : ((mask >> (order(x as number, y as number) + 1)) & 1) === 1;
          expect(valueAt(result as Vector, row)).toBe(expected);
        }
        const constant = valueAt(b, 0);
        if (constant === null) continue;
        const range = rangeOf(mask, constant, a);
        if (range === null) continue;
        const out = new Int32Array(LENGTH + 1);
        const count = selectRange(a, range, batch, out);
        const expected = rowsOf(batch).filter((row) => {
          const x = valueAt(a, row);
          return x !== null && ((mask >> (order(x as number, constant as number) + 1)) & 1) === 1;
        });
        expect([...out.subarray(0, count)]).toEqual(expected);
      }
    }
  });

  test('a scaled decimal with a constant of a finer scale', () => {
    const data = Float64Array.from([122, 123, 124]);
    const vector: Vector = { kind: 'f64', data, scale: 2, length: 3, nulls: null };
    const range = rangeOf(1, new Numeric(1235n, 3), vector);
    expect(range).toMatchObject({ high: 123 });
    expect(rangeOf(4, new Numeric(-1235n, 3), vector)).toMatchObject({ low: -123 });
  });
});

test('arithmetic is exact or gives up', () => {
  const next = random(2);
  const names = ['int4pl', 'int4mi', 'int4mul', 'int4div', 'int4mod'] as const;
  const exact = [
    (x: bigint, y: bigint) => x + y,
    (x: bigint, y: bigint) => x - y,
    (x: bigint, y: bigint) => x * y,
    (x: bigint, y: bigint) => x / y,
    (x: bigint, y: bigint) => x % y,
  ];
  let gaveUp = 0;
  for (let round = 0; round < 300; round++) {
    const a = ints(next, next() < 0.5 ? 100 : 2 ** 18, true);
    const b = ints(next, next() < 0.5 ? 100 : 2 ** 18, true);
    const batch = batchOf(next);
    const n = round % names.length;
    const result = arithmeticKernel(names[n] as string, 23)?.(a, b, batch) ?? null;
    if (result === null) gaveUp++;
    for (const row of rowsOf(batch)) {
      const x = valueAt(a, row);
      const y = valueAt(b, row);
      if (result === null) continue;
      const expected =
        x === null || y === null
          ? null
          : Number((exact[n] as (typeof exact)[0])(BigInt(x as number), BigInt(y as number)));
      expect(valueAt(result, row)).toBe(expected);
    }
  }
  expect(gaveUp).toBeGreaterThan(0);
});

test('sorting agrees with a comparison sort', () => {
  const next = random(3);
  for (let round = 0; round < 100; round++) {
    const a = ints(next, 6, true);
    const b = doubles(next);
    const descending = next() < 0.5;
    const nullsFirst = next() < 0.5;
    const rows = sortRows(
      [a, b],
      [
        { oid: 23, descending, nullsFirst },
        { oid: 701, descending: !descending, nullsFirst: false },
      ],
      LENGTH,
    );
    const expected = Array.from({ length: LENGTH }, (_, i) => i).sort((i, j) => {
      const x = valueAt(a, i);
      const y = valueAt(a, j);
      if (x === null || y === null) {
        if (x !== y) return (x === null) === nullsFirst ? -1 : 1;
      } else if (x !== y) {
        return order(x as number, y as number) * (descending ? -1 : 1);
      }
      return order(valueAt(b, i) as number, valueAt(b, j) as number) * (descending ? 1 : -1) || i - j;
    });
    expect([...rows]).toEqual(expected);
  }
});

test('LIKE agrees with a regular expression', () => {
  const next = random(4);
  const pick = (letters: string, length: number): string =>
    Array.from({ length }, () => letters[Math.floor(next() * letters.length)] as string).join('');
  for (let round = 0; round < 2000; round++) {
    const pattern = pick('ab%', Math.floor(next() * 6));
    const text = pick('ab', Math.floor(next() * 7));
    const expected = new RegExp(`^${pattern.replaceAll('%', '.*')}$`).test(text);
    expect(likeTest(pattern)?.(text), `${text} LIKE ${pattern}`).toBe(expected);
  }
  expect(likeTest('a_')).toBeNull();
  expect(likeTest('100\\%')?.('100%')).toBe(true);
});
