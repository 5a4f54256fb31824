/**
 * Multiranges: sets of values as lists of ranges (PostgreSQL's chapter 8.17.9).
 *
 * Invariant: the ranges are not empty, ascend, and neither overlap nor touch, so equal sets are equal lists. The text form
 * is `{[1,3),[5,7)}`; it is also the stored one.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { assert, DriftError } from '../../base/error.ts';
import type { Value, ValueCodec } from '../../base/vector.ts';
import { userType } from '../../catalog/user-types.ts';
import type { EvalContext } from '../eval-context.ts';
import { makeType } from './basic.ts';
import { RangeKind, RANGES, type RangeSpec, SqlRange } from './range.ts';
import { cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

export class SqlMultirange {
  readonly ranges: readonly SqlRange[];

  constructor(ranges: readonly SqlRange[]) {
    this.ranges = ranges;
  }
}

export interface MultirangeSpec {
  readonly oid: number;
  readonly arrayOid: number;
  readonly name: string;
  /** OID of the range type. */
  readonly range: number;
}

export const MULTIRANGES: readonly MultirangeSpec[] = [
  { oid: 4451, arrayOid: 6150, name: 'int4multirange', range: 3904 },
  { oid: 4532, arrayOid: 6151, name: 'nummultirange', range: 3906 },
  { oid: 4533, arrayOid: 6152, name: 'tsmultirange', range: 3908 },
  { oid: 4534, arrayOid: 6153, name: 'tstzmultirange', range: 3910 },
  { oid: 4535, arrayOid: 6155, name: 'datemultirange', range: 3912 },
  { oid: 4536, arrayOid: 6157, name: 'int8multirange', range: 3926 },
];

export function kindOfRange(range: number, typeOf: (oid: number) => SqlType): RangeKind {
  const spec = RANGES.find(({ oid }) => oid === range) ?? ownSpec(range);
  return new RangeKind(spec, typeOf(spec.subtype));
}

/** Of a range type that CREATE TYPE made. */
function ownSpec(oid: number): RangeSpec {
  const type = userType(oid);
  assert(type?.definition.form === 'range', `type ${oid} is a range type`);
  return { oid, arrayOid: oid + 1, name: type.name, subtype: type.definition.subtype.oid };
}

/** The set of values that are in any of the ranges. */
export function normalized(kind: RangeKind, ranges: readonly SqlRange[]): SqlMultirange {
  const sorted = ranges.filter(({ empty }) => !empty).sort((a, b) => kind.compare(a, b));
  const merged: SqlRange[] = [];
  for (const range of sorted) {
    const last = merged.at(-1);
    if (last === undefined || !joins(kind, last, range)) merged.push(range);
    else if (kind.compareBounds(range.upper, last.upper) > 0)
      merged[merged.length - 1] = kind.make(last.lower, range.upper);
  }
  return new SqlMultirange(merged);
}

/** REQUIRES: `b` begins at or after the beginning of `a`. */
function joins(kind: RangeKind, a: SqlRange, b: SqlRange): boolean {
  if (kind.compareBounds(b.lower, a.upper) <= 0) return true;
  return kind.compareValues(a.upper, b.lower) === 0 && a.upper.inclusive !== b.lower.inclusive;
}

/** Texts of the ranges in `{…}`. */
function parts(text: string): string[] {
  const malformed = (detail: string): DriftError =>
    new DriftError('22P02', `malformed multirange literal: "${text}"`, { detail });
  const match = /^\s*\{(.*)\}\s*$/s.exec(text);
  if (match === null)
    throw malformed(text.trimStart().startsWith('{') ? 'Unexpected end of input.' : 'Missing left brace.');
  const inner = match[1] as string;
  const found: string[] = [];
  const pattern = /\s*((?:[[(](?:"(?:[^"\\]|\\.|"")*"|\\.|[^"\\\])])*[\])])|empty)\s*(,|$)/iy;
  let comma = false;
  while (pattern.lastIndex < inner.length) {
    const part = pattern.exec(inner);
    if (part === null) {
      if (inner.trim() === '') return [];
      throw malformed('Expected range start.');
    }
    found.push(part[1] as string);
    comma = part[2] === ',';
    if (pattern.lastIndex === 0) break;
  }
  if (comma) throw malformed('Expected range start.');
  return found;
}

export function makeMultirangeType(
  spec: MultirangeSpec,
  typeOf: (oid: number) => SqlType,
  stored: EvalContext,
): SqlType {
  const range = typeOf(spec.range);
  const kind = kindOfRange(spec.range, typeOf);
  const read = (text: string, context: EvalContext): SqlMultirange =>
    normalized(
      kind,
      parts(cleanText(text)).map((part) => range.input(part, -1, context) as SqlRange),
    );
  const print = (value: Value, context: EvalContext): string =>
    `{${(value as SqlMultirange).ranges.map((part) => range.output(part, context)).join(',')}}`;
  const codec: ValueCodec = {
    name: spec.name,
    encode(value) {
      const writer = new ByteWriter();
      writer.string(print(value, stored));
      return writer.finish();
    },
    decode: (bytes) => read(new ByteReader(bytes, spec.name).string(), stored),
    encodeKey(value) {
      const writer = new ByteWriter();
      for (const part of (value as SqlMultirange).ranges) {
        writer.u8(1);
        writer.raw(range.format(-1).codec?.encodeKey(part) ?? new Uint8Array());
      }
      writer.u8(0);
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
    output: print,
    compare(a, b) {
      const [p, q] = [(a as SqlMultirange).ranges, (b as SqlMultirange).ranges];
      for (let i = 0; i < Math.min(p.length, q.length); i++) {
        const order = kind.compare(p[i] as SqlRange, q[i] as SqlRange);
        if (order !== 0) return order;
      }
      return p.length - q.length;
    },
    hashKey: (value) => (value as SqlMultirange).ranges.map((part) => String(range.hashKey(part))).join('|'),
  });
}
