/** Blocks: every value comes back, in few bytes; altered bytes are refused or give other values, never more. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DriftError } from '../base/error.ts';
import type { ColumnFormat, Vector } from '../base/vector.ts';
import { decodeBlock } from './decode-block.ts';
import { encodeBlock } from './encode-block.ts';
import { compress, decompress } from './lz.ts';

const ROWS = 4096;

function blockOf(vector: Vector, format: ColumnFormat): Uint8Array {
  return encodeBlock(vector, 0, vector.length, format);
}

function doubles(values: readonly number[]): Vector {
  return { kind: 'f64', data: Float64Array.from(values), length: values.length, nulls: null };
}

/** What comes back from a block's bytes. */
function roundTrip(vector: Vector, format: ColumnFormat): Vector {
  return decodeBlock(blockOf(vector, format), vector.length, format, 'test');
}

function bytesOf(values: readonly number[]): number {
  return blockOf(doubles(values), { kind: 'f64' }).length;
}

const F64: ColumnFormat = { kind: 'f64' };

describe('what goes in comes out', () => {
  const whole = fc.oneof(
    fc.integer({ min: -5, max: 5 }),
    fc.integer({ min: -70_000, max: 70_000 }),
    fc.maxSafeInteger(),
  );
  const number = fc.oneof(
    whole,
    whole.map((value) => value / 100),
    fc.double(),
    fc.constantFrom(NaN, -0, 0, Infinity, -Infinity, 2 ** 53, Number.MIN_VALUE, 0.1 + 0.2),
  );
  /** Sequences with runs, slopes and noise, as columns have them. */
  const column = fc
    .array(fc.tuple(number, fc.nat(40), fc.constantFrom(0, 0, 1, 60_000_000, -0.5)), { maxLength: 40 })
    .map((parts) => parts.flatMap(([value, count, step]) => Array.from({ length: count }, (_, i) => value + i * step)));

  test('doubles', () => {
    fc.assert(
      fc.property(column, (values) => {
        const back = roundTrip(doubles(values), F64);
        expect([...(back.data as Float64Array)]).toEqual([...Float64Array.from(values)]);
      }),
      { numRuns: 500 },
    );
  });

  test('integers of 32 and 64 bits', () => {
    fc.assert(
      fc.property(column, fc.boolean(), (values, isWide) => {
        const safe = values.map((value) => (Number.isFinite(value) ? Math.trunc(value) : 0));
        if (isWide) {
          const data = BigInt64Array.from(safe, BigInt);
          const back = roundTrip({ kind: 'i64', data, length: data.length, nulls: null }, { kind: 'int' });
          expect(back.data).toEqual(data);
        } else {
          const data = Int32Array.from(safe);
          const back = roundTrip({ kind: 'i32', data, length: data.length, nulls: null }, { kind: 'i32' });
          expect(back.data).toEqual(data);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('64-bit integers at their ends', () => {
    const data = BigInt64Array.from([2n ** 63n - 1n, -(2n ** 63n), -1n, 0n, 2n ** 53n, -(2n ** 53n)]);
    expect(roundTrip({ kind: 'i64', data, length: 6, nulls: null }, { kind: 'int' }).data).toEqual(data);
  });

  test('text with any code unit, booleans, nulls', () => {
    const unit = fc.string({ unit: 'binary', maxLength: 30 });
    const lone = fc.constantFrom('\ud800', 'a\udc00b', '\0');
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.oneof(unit, lone, fc.constantFrom('open', 'paid'))), { maxLength: 100 }),
        (all) => {
          const nulls = Uint8Array.from(all, (text) => (text === null ? 1 : 0));
          const data = all.map((text) => text ?? '');
          const back = roundTrip({ kind: 'text', data, length: data.length, nulls }, { kind: 'text' });
          const texts = back.kind === 'dict' ? Array.from(back.data, (code) => back.dictionary[code]) : back.data;
          expect(texts).toEqual(data);
          expect([...(back.nulls ?? new Uint8Array(data.length))]).toEqual([...nulls]);
          const flags = Uint8Array.from(data, (text) => text.length & 1);
          expect(
            roundTrip({ kind: 'bool', data: flags, length: flags.length, nulls: null }, { kind: 'bool' }).data,
          ).toEqual(flags);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('compressed bytes', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(600).map((n) => new Uint8Array(n).fill(n)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const bytes = Uint8Array.from(pieces.flatMap((part) => [...part, ...part]));
        const short = compress(bytes, bytes.length + 64);
        if (short !== null) expect(decompress(short, bytes.length, 'test')).toEqual(bytes);
      }),
      { numRuns: 300 },
    );
  });
});

describe('the smallest encoding is taken', () => {
  const of = (value: (i: number) => number): number => bytesOf(Array.from({ length: ROWS }, (_, i) => value(i)));

  test('constants, steps, frames of any width, runs, decimals', () => {
    expect(of(() => 1e300)).toBeLessThan(20);
    expect(of((i) => 1_600_000_000_000_000 + i * 60_000_000)).toBeLessThan(40);
    // 9 bits a row instead of 64.
    expect(of((i) => (i * 7919) % 500)).toBeLessThan((ROWS * 9) / 8 + 40);
    // 41 bits: the low 32 and 9 more.
    expect(of((i) => ((i * 7919) % 500) * 2 ** 32 + ((i * 48_271) % 2 ** 31))).toBeLessThan((ROWS * 41) / 8 + 60);
    expect(of((i) => Math.floor(i / 100) * 1e9)).toBeLessThan(200);
    // Degrees with two decimal places from -10 to 30: 12 bits.
    expect(of((i) => Math.round(-1000 + ((i * 7919) % 4000)) / 100)).toBeLessThan((ROWS * 12) / 8 + 40);
  });

  test('words that repeat, and text that does not', () => {
    const words = Array.from({ length: ROWS }, (_, i) => ['open', 'paid', 'sent', 'lost'][(i * 7919) % 4] as string);
    const block = (data: string[]): number =>
      blockOf({ kind: 'text', data, length: data.length, nulls: null }, { kind: 'text' }).length;
    expect(block(words)).toBeLessThan(ROWS / 4 + 100);
    const paths = Array.from({ length: ROWS }, (_, i) => `https://example.org/orders/${i * 7919}/items?page=1`);
    expect(block(paths)).toBeLessThan(paths.join('').length / 3);
  });
});

test('altered bytes are an error or other values, and end', () => {
  const vectors: Vector[] = [
    doubles(Array.from({ length: 500 }, (_, i) => i / 4)),
    doubles(Array.from({ length: 500 }, (_, i) => Math.floor(i / 50))),
    { kind: 'i64', data: BigInt64Array.from({ length: 300 }, (_, i) => BigInt(i) ** 5n), length: 300, nulls: null },
    { kind: 'text', data: Array.from({ length: 300 }, (_, i) => `name ${i % 7}`), length: 300, nulls: null },
    { kind: 'text', data: Array.from({ length: 300 }, (_, i) => `street number ${i}`), length: 300, nulls: null },
  ];
  let refused = 0;
  for (const vector of vectors) {
    const { kind } = vector;
    const format: ColumnFormat = { kind: kind === 'dict' ? 'text' : kind === 'i64' ? 'int' : kind };
    const bytes = blockOf(vector, format);
    for (let at = 0; at < bytes.length; at++) {
      for (const flip of [0x01, 0x80, 0xff]) {
        const altered = bytes.slice();
        altered[at] = (altered[at] as number) ^ flip;
        try {
          expect(decodeBlock(altered, vector.length, format, 'test').length).toBe(vector.length);
        } catch (error) {
          expect(error).toBeInstanceOf(DriftError);
          expect((error as DriftError).code).toBe('XX001');
          refused++;
        }
      }
    }
  }
  expect(refused).toBeGreaterThan(100);
});
