/** Zones: never pass over a block that holds a match, and do pass over those whose bounds rule it out. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import type { Value, Vector } from '../base/vector.ts';
import { readZone, writeZone, type Zone, zoneMayMatch, zoneOf, type ZoneOp } from './zone.ts';

const OPS: readonly ZoneOp[] = ['=', '<', '<=', '>', '>='];

/** A zone as it comes back from its bytes. */
function stored(vector: Vector): Zone {
  const writer = new ByteWriter();
  writeZone(writer, zoneOf(vector, 0, vector.length));
  return readZone(new ByteReader(writer.finish(), 'test'));
}

function texts(data: readonly string[], nulls: Uint8Array | null = null): Vector {
  return { kind: 'text', data: [...data], length: data.length, nulls };
}

function holds<T extends string | number | bigint>(a: T, op: ZoneOp, b: T): boolean {
  switch (op) {
    case '=':
      return a === b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    default:
      return a >= b;
  }
}

describe('a block with a match is read', () => {
  test('texts', () => {
    const long = fc
      .constantFrom('a common beginning of ', 'a common beginnin', '')
      .chain((head) => fc.string({ unit: 'grapheme', maxLength: 4 }).map((tail) => head + tail));
    fc.assert(
      fc.property(fc.array(long, { minLength: 1, maxLength: 6 }), long, fc.constantFrom(...OPS), (data, value, op) => {
        if (data.some((text) => holds(text, op, value)))
          expect(zoneMayMatch(stored(texts(data)), op, value)).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  test('64-bit integers and booleans', () => {
    const big = fc.oneof(fc.integer(), fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(Number));
    fc.assert(
      fc.property(
        fc.array(big, { minLength: 1, maxLength: 6 }),
        fc.integer(),
        fc.constantFrom(...OPS),
        (all, value, op) => {
          const data = BigInt64Array.from(all, (number) => BigInt.asIntN(64, BigInt(number)));
          const zone = stored({ kind: 'i64', data, length: data.length, nulls: null });
          if ([...data].some((number) => holds(number, op, BigInt(value))))
            expect(zoneMayMatch(zone, op, value)).toBe(true);
        },
      ),
      { numRuns: 1000 },
    );
    const bools = stored({ kind: 'bool', data: Uint8Array.of(1, 1), length: 2, nulls: null });
    expect([zoneMayMatch(bools, '=', 1), zoneMayMatch(bools, '=', 0)]).toEqual([true, false]);
  });
});

describe('a block without a match is passed over', () => {
  const may = (zone: Zone, op: ZoneOp, value: Value): boolean => zoneMayMatch(zone, op, value);

  test('texts, also where their bounds are cut', () => {
    const zone = stored(texts(['Malta', 'Norway and some more of the name', 'Mexico']));
    expect([may(zone, '=', 'Albania'), may(zone, '=', 'Peru'), may(zone, '>', 'Norwich')]).toEqual([
      false,
      false,
      false,
    ]);
    expect([may(zone, '<', 'Malta'), may(zone, '<=', 'Malta')]).toEqual([false, true]);
    expect(may(zone, '>', 'Norway and some more of the world')).toBe(true);
  });

  test('nulls say nothing of a value, nor a lone surrogate of its place', () => {
    const zone = stored(texts(['', 'x'], Uint8Array.of(1, 0)));
    expect([may(zone, '=', ''), may(zone, '=', 'x'), may(zone, 'is null', null)]).toEqual([false, true, true]);
    expect(may(stored(texts(['\ud800', 'b'])), '=', 'z')).toBe(true);
  });

  test('64-bit integers that doubles hold', () => {
    const zone = stored({ kind: 'i64', data: BigInt64Array.of(5n, 9n), length: 2, nulls: null });
    expect([may(zone, '=', 4), may(zone, '=', 7), may(zone, '>', 9)]).toEqual([false, true, false]);
  });
});
