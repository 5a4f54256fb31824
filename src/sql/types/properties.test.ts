/**
 * What holds for every type: what is printed reads back as an equal value, equal values have equal hash keys and
 * different ones different keys, the order is total, and bytes of keys order as values do.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteWriter } from '../../base/bytes.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { SqlArray } from './array.ts';
import { microsOf, TIME_INFINITY, TIME_MINUS_INFINITY } from './datetime.ts';
import { Interval } from './interval.ts';
import { writeKey } from './key-bytes.ts';
import { RangeKind, RANGES } from './range.ts';
import { typeByName, typeByOid } from './registry.ts';
import { TimeTz } from './time.ts';
import type { SqlType } from './type.ts';

const context = { timeZone: 'Asia/Kolkata', transactionTime: 0 } as unknown as EvalContext;
const DAY = 86_400_000_000;

const int64 = fc
  .bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })
  .map((value) => (Number.isSafeInteger(Number(value)) ? Number(value) : value));
const small = fc.integer({ min: -3, max: 3 });
const text = fc.string({ unit: 'grapheme', maxLength: 5 }).filter((value) => !value.includes('\u0000'));
const numeric = fc.oneof(
  fc.tuple(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), fc.nat(12)).map(([n, scale]) => new Numeric(n, scale)),
  fc.tuple(fc.bigInt({ min: -20n, max: 20n }), fc.nat(2)).map(([n, scale]) => new Numeric(n, scale)),
  fc.constantFrom(Numeric.NaN, Numeric.Infinity, Numeric.NegativeInfinity),
);
const timestamp = fc.oneof(
  fc.tuple(fc.integer({ min: -2440588, max: 106751900 }), fc.nat(DAY - 1)).map(([days, time]) => microsOf(days, time)),
  small,
  fc.constantFrom(TIME_INFINITY, TIME_MINUS_INFINITY),
);
const interval = fc
  .tuple(
    small,
    fc.integer({ min: -70, max: 70 }),
    fc.integer({ min: -2, max: 2 }).map((days) => days * DAY),
  )
  .map(([months, days, micros]) => new Interval(months, days, micros));
const hex = fc.uuid();

const VALUES: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  bool: fc.boolean(),
  int2: fc.integer({ min: -32768, max: 32767 }),
  int4: fc.oneof(small, fc.integer()),
  int8: fc.oneof(small, int64),
  float4: fc.float(),
  float8: fc.double(),
  numeric,
  text,
  varchar: text,
  bpchar: text.map((value) => value.trimEnd()),
  name: text,
  uuid: hex,
  bytea: fc.uint8Array({ maxLength: 4 }),
  oid: fc.integer({ min: 0, max: 4294967295 }),
  date: fc.oneof(fc.integer({ min: -2440588, max: 2145042905 }), fc.constantFrom(2147483647, -2147483648)),
  time: fc.integer({ min: 0, max: DAY }),
  timetz: fc
    .tuple(
      fc.oneof(
        fc.nat(3).map((hours) => hours * 3600e6),
        fc.integer({ min: 0, max: DAY }),
      ),
      small,
    )
    .map(([micros, hours]) => new TimeTz(micros, hours * 3600)),
  timestamp,
  timestamptz: timestamp,
  interval,
};

function named(name: string): SqlType {
  const type = typeByName(name);
  if (type === undefined) throw new Error(`no type ${name}`);
  return type;
}

function arrayOf(name: string, values: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  const { oid } = named(name);
  return fc
    .tuple(fc.array(fc.option(values, { freq: 5 }), { maxLength: 4 }), fc.integer({ min: 0, max: 2 }))
    .map(([items, low]) =>
      items.length === 0 ? SqlArray.of([], oid) : new SqlArray([items.length], [low], items, oid),
    );
}

function rangeOf(index: number, values: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  const spec = RANGES[index] as (typeof RANGES)[number];
  const kind = new RangeKind(spec, typeByOid(spec.subtype));
  const bound = fc.tuple(fc.option(values, { freq: 6 }), fc.boolean());
  return fc.tuple(bound, bound).map(([[a, aIncluded], [b, bIncluded]]) => {
    const swap = a !== null && b !== null && (kind.subtype.compare?.(a, b) ?? 0) > 0;
    return kind.make(
      { value: swap ? b : a, inclusive: aIncluded, isLower: true },
      { value: swap ? a : b, inclusive: bIncluded, isLower: false },
    );
  });
}

const RANGE_VALUES: Readonly<Record<string, fc.Arbitrary<Value>>> = {
  int4range: rangeOf(0, fc.integer({ min: -5, max: 5 })),
  numrange: rangeOf(1, numeric),
  tsrange: rangeOf(2, timestamp),
  daterange: rangeOf(4, fc.oneof(small, fc.constantFrom(2147483647, -2147483648))),
  int8range: rangeOf(
    5,
    int64.filter((value) => value !== 2n ** 63n - 1n),
  ),
};

const CASES: readonly (readonly [string, fc.Arbitrary<Value>])[] = Object.entries({
  ...VALUES,
  ...RANGE_VALUES,
}).flatMap(([name, values]) => [[name, values] as const, [named(`_${name}`).name, arrayOf(name, values)] as const]);

function key(type: SqlType, value: Value): string {
  const writer = new ByteWriter();
  writeKey(writer, type, value);
  return String.fromCharCode(...writer.finish());
}

describe.each(CASES)('%s', (name, values) => {
  const type = named(name);
  const compare = type.compare as (a: Value, b: Value) => number;

  test('is read as it was printed', () => {
    fc.assert(
      fc.property(values, (value) => {
        const again = type.input(type.output(value, context), -1, context);
        expect(compare(again, value)).toBe(0);
        expect(type.output(again, context)).toBe(type.output(value, context));
      }),
    );
  });

  test('compares, hashes and makes keys alike', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const order = Math.sign(compare(a, b)) + 0;
        expect(Math.sign(compare(b, a)) + 0).toBe(0 - order);
        expect(compare(a, a)).toBe(0);
        expect(Object.is(type.hashKey(a), type.hashKey(b))).toBe(order === 0);
        const [x, y] = [key(type, a), key(type, b)];
        expect(x < y ? -1 : x > y ? 1 : 0).toBe(order);
      }),
    );
  });
});
