/**
 * Ranges: all values of a type between two bounds, each inside or outside, or none at all (PostgreSQL's chapter 8.17).
 *
 * A missing bound is infinite. Ranges of integers and dates are brought to the form `[a,b)`, so that equal sets of
 * values are equal ranges. Invariants: an infinite bound is not inclusive; lower <= upper; an empty range has no bounds.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import type { Value, ValueCodec } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { makeType } from './basic.ts';
import { DATE_INFINITY, DATE_MINUS_INFINITY, plusDays } from './datetime.ts';
import { writeKey } from './key-bytes.ts';
import { readRange } from './range-input.ts';
import { cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

/** One end of a range; null is infinite. */
export interface Bound {
  readonly value: Value;
  readonly inclusive: boolean;
  readonly isLower: boolean;
}

export class SqlRange {
  readonly empty: boolean;
  readonly lower: Bound;
  readonly upper: Bound;

  constructor(empty: boolean, lower: Bound, upper: Bound) {
    this.empty = empty;
    this.lower = lower;
    this.upper = upper;
  }
}

const NO_LOWER: Bound = { value: null, inclusive: false, isLower: true };
const NO_UPPER: Bound = { value: null, inclusive: false, isLower: false };
export const EMPTY: SqlRange = new SqlRange(true, NO_LOWER, NO_UPPER);

export interface RangeSpec {
  readonly oid: number;
  readonly arrayOid: number;
  readonly name: string;
  readonly subtype: number;
  /** The value after one, null after an infinite one; undefined for types without steps. */
  readonly next?: ((value: Value) => Value) | undefined;
}

/** The ranges PostgreSQL has, by the types they are over. */
export const RANGES: readonly RangeSpec[] = [
  { oid: 3904, arrayOid: 3905, name: 'int4range', subtype: 23, next: (value) => nextInteger(value, 32) },
  { oid: 3906, arrayOid: 3907, name: 'numrange', subtype: 1700 },
  { oid: 3908, arrayOid: 3909, name: 'tsrange', subtype: 1114 },
  { oid: 3910, arrayOid: 3911, name: 'tstzrange', subtype: 1184 },
  { oid: 3912, arrayOid: 3913, name: 'daterange', subtype: 1082, next: nextDay },
  { oid: 3926, arrayOid: 3927, name: 'int8range', subtype: 20, next: (value) => nextInteger(value, 64) },
];

function nextInteger(value: Value, bits: 32 | 64): Value {
  const next = BigInt(value as number | bigint) + 1n;
  if (next >= 1n << BigInt(bits - 1))
    throw new DriftError('22003', `${bits === 32 ? 'integer' : 'bigint'} out of range`);
  return Number.isSafeInteger(Number(next)) ? Number(next) : next;
}

function nextDay(value: Value): Value {
  return value === DATE_INFINITY || value === DATE_MINUS_INFINITY ? null : plusDays(value as number, 1);
}

/** What functions of ranges need to know of a range type. */
export class RangeKind {
  readonly spec: RangeSpec;
  readonly subtype: SqlType;

  constructor(spec: RangeSpec, subtype: SqlType) {
    this.spec = spec;
    this.subtype = subtype;
  }

  /** Makes the range between two bounds. Throws 22000 where they are the wrong way round. */
  make(lower: Bound, upper: Bound): SqlRange {
    const { next } = this.spec;
    const range = this.#ordered(lower, upper);
    if (next === undefined || range.empty) return range;
    const step = (bound: Bound, inclusive: boolean): Bound => {
      if (bound.value === null || bound.inclusive === inclusive) return bound;
      const value = next(bound.value);
      return value === null ? bound : { ...bound, value, inclusive };
    };
    return this.#ordered(step(range.lower, true), step(range.upper, false));
  }

  #ordered(lower: Bound, upper: Bound): SqlRange {
    const low = lower.value === null ? NO_LOWER : lower;
    const high = upper.value === null ? NO_UPPER : upper;
    const order = this.compareValues(low, high);
    if (order > 0) throw new DriftError('22000', 'range lower bound must be less than or equal to range upper bound');
    return order === 0 && !(low.inclusive && high.inclusive) ? EMPTY : new SqlRange(false, low, high);
  }

  /** Order of two bounds by their values alone. */
  compareValues(a: Bound, b: Bound): number {
    if (a.value === null || b.value === null) {
      if (a.value === null && b.value === null) return a.isLower === b.isLower ? 0 : a.isLower ? -1 : 1;
      return a.value === null ? (a.isLower ? -1 : 1) : b.isLower ? 1 : -1;
    }
    return Math.sign(this.subtype.compare?.(a.value, b.value) ?? 0);
  }

  /** Order of two bounds: just above a value comes after it, just below before it. */
  compareBounds(a: Bound, b: Bound): number {
    const order = this.compareValues(a, b);
    if (order !== 0 || a.value === null) return order;
    return side(a) - side(b);
  }

  /** Empty ranges first, then by lower and upper bounds. */
  compare(a: SqlRange, b: SqlRange): number {
    if (a.empty || b.empty) return Number(b.empty) - Number(a.empty);
    return this.compareBounds(a.lower, b.lower) || this.compareBounds(a.upper, b.upper);
  }
}

/** Where an exclusive bound lies beside its value. */
function side(bound: Bound): number {
  return bound.inclusive ? 0 : bound.isLower ? 1 : -1;
}

function print(range: SqlRange, subtype: SqlType, context: EvalContext): string {
  if (range.empty) return 'empty';
  const bound = ({ value }: Bound): string => {
    if (value === null) return '';
    const text = subtype.output(value, context);
    return text === '' || /[\s"\\()[\],]/.test(text) ? `"${text.replace(/["\\]/g, (char) => char + char)}"` : text;
  };
  const { lower, upper } = range;
  return `${lower.inclusive ? '[' : '('}${bound(lower)},${bound(upper)}${upper.inclusive ? ']' : ')'}`;
}

/** The range type over a subtype. Ranges are stored as text, read back on use; `stored` is the context of that text. */
export function makeRangeType(spec: RangeSpec, subtype: SqlType, stored: EvalContext): SqlType {
  const kind = new RangeKind(spec, subtype);
  const read = (text: string, context: EvalContext): SqlRange => {
    const parts = readRange(cleanText(text));
    if (parts === undefined) return EMPTY;
    const value = (part: string | null): Value => (part === null ? null : subtype.input(part, -1, context));
    return kind.make(
      { value: value(parts.lower), inclusive: parts.lowerInclusive, isLower: true },
      { value: value(parts.upper), inclusive: parts.upperInclusive, isLower: false },
    );
  };
  const codec: ValueCodec = {
    name: spec.name,
    encode(value) {
      const writer = new ByteWriter();
      writer.string(print(value as SqlRange, subtype, stored));
      return writer.finish();
    },
    decode: (bytes) => read(new ByteReader(bytes, spec.name).string(), stored),
    encodeKey(value) {
      const range = value as SqlRange;
      const writer = new ByteWriter();
      writer.u8(range.empty ? 0 : 1);
      if (!range.empty) for (const bound of [range.lower, range.upper]) writeBound(writer, bound, subtype);
      return writer.finish();
    },
  };
  return makeType({
    oid: spec.oid,
    name: spec.name,
    display: spec.name,
    category: 'R',
    arrayOid: spec.arrayOid,
    length: -1,
    format: () => ({ kind: 'boxed', codec }),
    input: (text, _typmod, context) => read(text, context),
    output: (value, context) => print(value as SqlRange, subtype, context),
    compare: (a, b) => kind.compare(a as SqlRange, b as SqlRange),
    hashKey(value) {
      const { empty, lower, upper } = value as SqlRange;
      const part = (bound: Bound): string =>
        bound.value === null ? '' : `${side(bound)}:${String(subtype.hashKey(bound.value))}`;
      return empty ? 'empty' : `${part(lower)};${part(upper)}`;
    },
  });
}

/** An infinite lower bound, a value and its side, an infinite upper bound: in this order. */
function writeBound(writer: ByteWriter, bound: Bound, subtype: SqlType): void {
  writer.u8(bound.value !== null ? 1 : bound.isLower ? 0 : 2);
  if (bound.value === null) return;
  writeKey(writer, subtype, bound.value);
  writer.u8(side(bound) + 1);
}
