/** Filters: a value that is there is found, and few that are not seem to be. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { runSync } from '../base/task.ts';
import type { Value, Vector } from '../base/vector.ts';
import { filterMayHold, filterOf, isWorth } from './filter.ts';
import { encodeSegment } from './segment.ts';
import { SegmentReader } from './segment-reader.ts';
import { zoneMayMatch } from './zone.ts';

function texts(data: string[], nulls: Uint8Array | null = null): Vector {
  return { kind: 'text', data, length: data.length, nulls };
}

function doubles(data: readonly number[]): Vector {
  return { kind: 'f64', data: Float64Array.from(data), length: data.length, nulls: null };
}

function mayHold(vector: Vector, value: Value): boolean {
  const filter = filterOf(vector, 0, vector.length);
  return filter === null || filterMayHold(filter, value);
}

describe('a filter', () => {
  test('has every value of its block', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 50 }), (data) => {
        for (const value of data) expect(mayHold(texts(data), value)).toBe(true);
      }),
    );
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 50 }), (data) => {
        for (const value of data) expect(mayHold(doubles(data), value)).toBe(true);
      }),
    );
    expect(mayHold(doubles([-0]), 0)).toBe(true);
  });

  test('answers alike for integers however they are held', () => {
    const ints: Vector = { kind: 'i32', data: Int32Array.of(5, -7), length: 2, nulls: null };
    expect(filterOf(ints, 0, 2)).toEqual(filterOf(doubles([5, -7]), 0, 2));
  });

  test('rules out most others', () => {
    const data = Array.from({ length: 4096 }, (_, i) => `token ${(i * 2654435761) % 2 ** 32}`);
    const filter = filterOf(texts(data), 0, data.length) as Uint8Array;
    expect(filter.length).toBe(4096);
    let wrong = 0;
    for (let i = 0; i < 10_000; i++) if (filterMayHold(filter, `other ${i}`)) wrong++;
    expect(wrong).toBeLessThan(500);
    const numbers = filterOf(doubles(data.map((_, i) => i * 977)), 0, 4096) as Uint8Array;
    wrong = 0;
    for (let i = 0; i < 10_000; i++) if (filterMayHold(numbers, i * 977 + 1)) wrong++;
    expect(wrong).toBeLessThan(500);
  });

  test('has no nulls, and kinds without one match everything', () => {
    expect(mayHold(texts(['x'], Uint8Array.of(1)), 'x')).toBe(false);
    expect(filterOf({ kind: 'bool', data: Uint8Array.of(1), length: 1, nulls: null }, 0, 1)).toBeNull();
  });

  test('is worth it where bounds overlap and values are long', () => {
    expect(isWorth(4096, 40_000, true)).toBe(true);
    expect(isWorth(4096, 40_000, false)).toBe(false);
    expect(isWorth(4096, 16_000, true)).toBe(false);
    expect(isWorth(100, 40_000, true)).toBe(false);
  });
});

describe('in a segment', () => {
  const rows = 3 * 4096;
  function segment(text: (i: number) => string): { reader: SegmentReader; data: string[] } {
    const data = Array.from({ length: rows }, (_, i) => text(i));
    const from = Float64Array.from({ length: rows }, (_, i) => 10 + Math.floor(i / 4096));
    const to = Float64Array.from(from, (seq) => seq + 1);
    const { bytes, tableLength, tableCrc } = runSync(
      encodeSegment({ columns: [texts(data)], from, to, currentRows: 0 }, [{ kind: 'text' }]),
    );
    return {
      reader: SegmentReader.of({ pack: 1, offset: 0, length: bytes.length, tableLength, tableCrc }, bytes),
      data,
    };
  }
  const scattered = (i: number): string =>
    `${(Math.imul(i + 1, 2654435761) >>> 0).toString(36)}-${(Math.imul(i + 7, 40503) >>> 0).toString(36)}`;

  test('scattered texts have filters, ascending ones and repeated ones do not', () => {
    const { reader, data } = segment(scattered);
    for (let group = 0; group < 3; group++) {
      const zone = reader.zone(0, group);
      expect(zone?.filter).not.toBeNull();
      if (zone === null) continue;
      for (let row = group * 4096; row < (group + 1) * 4096; row += 13)
        expect(zoneMayMatch(zone, '=', data[row] as string)).toBe(true);
    }
    const groups = [0, 1, 2].filter((group) => {
      const zone = reader.zone(0, group);
      return zone !== null && zoneMayMatch(zone, '=', data[5000] as string);
    });
    expect(groups).toEqual([1]);
    expect(segment((i) => `${String(i).padStart(8, '0')} and more of it`).reader.zone(0, 1)?.filter).toBeNull();
    expect(segment((i) => `name ${i % 100}`).reader.zone(0, 1)?.filter).toBeNull();
  });

  test('zones of the interval tell which groups a moment needs', () => {
    const { reader } = segment(scattered);
    const visible = (seq: number): number[] => [0, 1, 2].filter((group) => reader.mayBeVisible(group, seq));
    expect([9, 10, 11, 12, 13].map(visible)).toEqual([[], [0], [1], [2], []]);
  });
});
