/** Comparison operators of every ordered type, all from the type's own btree order; and across the integer types. */
import type { Value } from '../../base/vector.ts';
import type { SqlArray } from '../types/array.ts';
import { MULTIRANGES } from '../types/multirange.ts';
import { RANGES } from '../types/range.ts';
import { typeByOid } from '../types/registry.ts';
import { pure, T } from './define.ts';
import type { OperatorEntry, ScalarFunction } from './function.ts';

interface Comparison {
  readonly operator: string;
  readonly suffix: string;
  readonly commutator: string;
  readonly negator: string;
  readonly test: (order: number) => boolean;
}

const COMPARISONS: readonly Comparison[] = [
  { operator: '=', suffix: 'eq', commutator: '=', negator: '<>', test: (order) => order === 0 },
  { operator: '<>', suffix: 'ne', commutator: '<>', negator: '=', test: (order) => order !== 0 },
  { operator: '<', suffix: 'lt', commutator: '>', negator: '>=', test: (order) => order < 0 },
  { operator: '<=', suffix: 'le', commutator: '>=', negator: '>', test: (order) => order <= 0 },
  { operator: '>', suffix: 'gt', commutator: '<', negator: '<=', test: (order) => order > 0 },
  { operator: '>=', suffix: 'ge', commutator: '<=', negator: '<', test: (order) => order >= 0 },
];

/** Types compared with themselves, and the stem of their functions' names. */
const SAME: readonly (readonly [number, string])[] = [
  [T.bool, 'bool'],
  [T.int2, 'int2'],
  [T.int4, 'int4'],
  [T.int8, 'int8'],
  [T.float4, 'float4'],
  [T.float8, 'float8'],
  [T.numeric, 'numeric_'],
  [T.text, 'text'],
  [T.bpchar, 'bpchar'],
  [T.char, 'char'],
  [T.name, 'name'],
  [T.date, 'date_'],
  [T.time, 'time_'],
  [T.timetz, 'timetz_'],
  [T.timestamp, 'timestamp_'],
  [T.timestamptz, 'timestamptz_'],
  [T.interval, 'interval_'],
  [T.uuid, 'uuid_'],
  [T.bytea, 'bytea'],
  [T.jsonb, 'jsonb_'],
  [T.oid, 'oid'],
  [27, 'tid'],
  [28, 'xid'],
  [29, 'cid'],
  [5069, 'xid8'],
  [3220, 'pg_lsn_'],
  [790, 'cash_'],
  [1560, 'bit'],
  [1562, 'varbit'],
  [869, 'network_'],
  [829, 'macaddr_'],
  [774, 'macaddr8_'],
  [T.anyarray, 'array_'],
  [T.anyenum, 'enum_'],
  [T.record, 'record_'],
  ...RANGES.map(({ oid }) => [oid, 'range_'] as const),
  ...MULTIRANGES.map(({ oid }) => [oid, 'multirange_'] as const),
];

/** Number types of different widths, compared as numbers: name stem by the pair. */
const MIXED: readonly (readonly [number, number, string])[] = [
  [T.int2, T.int4, 'int24'],
  [T.int4, T.int2, 'int42'],
  [T.int2, T.int8, 'int28'],
  [T.int8, T.int2, 'int82'],
  [T.int4, T.int8, 'int48'],
  [T.int8, T.int4, 'int84'],
  [T.float4, T.float8, 'float48'],
  [T.float8, T.float4, 'float84'],
];

export const comparisonOperators: readonly OperatorEntry[] = [
  ...SAME.flatMap(([oid, stem]) => entries(oid, oid, stem, (a, b) => compareAs(oid, a, b))),
  ...MIXED.flatMap(([left, right, stem]) =>
    entries(left, right, stem, (a, b) => compareAs(stem.startsWith('float') ? T.float8 : T.int8, a, b)),
  ),
];

/** The six comparisons of a type by its own order. */
export function comparisonsOf(oid: number, stem: string): readonly OperatorEntry[] {
  return entries(oid, oid, stem, (a, b) => compareAs(oid, a, b));
}

function entries(left: number, right: number, stem: string, compare: (a: Value, b: Value) => number): OperatorEntry[] {
  return COMPARISONS.map(({ operator, suffix, commutator, negator, test }) => ({
    name: operator,
    left,
    right,
    commutator,
    negator,
    fn: comparison(`${nameStem(stem, suffix)}${suffix}`, left, right, (a, b) => test(compare(a, b))),
  }));
}

/** PostgreSQL writes texteq but text_lt. */
function nameStem(stem: string, suffix: string): string {
  return stem === 'text' && suffix !== 'eq' && suffix !== 'ne' ? 'text_' : stem;
}

function comparison(name: string, left: number, right: number, call: (a: Value, b: Value) => boolean): ScalarFunction {
  return pure(name, [left, right], T.bool, call as (...args: never[]) => Value);
}

function compareAs(oid: number, a: Value, b: Value): number {
  if (oid === T.anyenum) return (a as number) - (b as number);
  const type = typeByOid(oid === T.anyarray ? typeByOid((a as SqlArray).elementOid).arrayOid : oid);
  return type.compare === undefined ? 0 : type.compare(a, b);
}
