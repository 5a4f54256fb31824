/** Functions, operators and aggregates of multiranges (PostgreSQL's chapter 9.20). */
import type { Value } from '../../base/vector.ts';
import { EMPTY, type RangeKind, type SqlRange } from '../types/range.ts';
import { kindOfRange, MULTIRANGES, type MultirangeSpec, normalized, SqlMultirange } from '../types/multirange.ts';
import { typeByOid } from '../types/registry.ts';
import { aggregate, pure, setFunction, T } from './define.ts';
import type { AggregateFunction, CastEntry, OperatorEntry, ScalarFunction, SetFunction } from './function.ts';
import { adjacent, contains, containsElement, flipped, intersection, merge, overlaps } from './ranges.ts';

export interface MultirangeKind {
  readonly spec: MultirangeSpec;
  readonly range: RangeKind;
  readonly subtype: number;
}

const KINDS: readonly MultirangeKind[] = MULTIRANGES.map((spec) => {
  const range = kindOfRange(spec.range, typeByOid);
  return { spec, range, subtype: range.spec.subtype };
});

/** A range as the multirange of it alone. */
function listOf(value: SqlRange | SqlMultirange): readonly SqlRange[] {
  if (value instanceof SqlMultirange) return value.ranges;
  return value.empty ? [] : [value];
}

function first(list: readonly SqlRange[]): SqlRange {
  return list[0] ?? EMPTY;
}

function last(list: readonly SqlRange[]): SqlRange {
  return list.at(-1) ?? EMPTY;
}

type Lists = (kind: RangeKind, a: readonly SqlRange[], b: readonly SqlRange[]) => boolean;

const within: Lists = (kind, a, b) => b.every((part) => a.some((whole) => contains(kind, whole, part)));
const both =
  (test: Lists): Lists =>
  (kind, a, b) =>
    a.length > 0 && b.length > 0 && test(kind, a, b);

/** Tests of two sets, each a range or a multirange: operator, names of the functions by what stands on each side. */
const TESTS: readonly (readonly [operator: string, stem: string, test: Lists])[] = [
  ['@>', 'contains', within],
  ['<@', 'contained_by', (kind, a, b) => within(kind, b, a)],
  ['&&', 'overlaps', (kind, a, b) => a.some((p) => b.some((q) => overlaps(kind, p, q)))],
  ['<<', 'before', both((kind, a, b) => kind.compareBounds(last(a).upper, first(b).lower) < 0)],
  ['>>', 'after', both((kind, a, b) => kind.compareBounds(first(a).lower, last(b).upper) > 0)],
  ['&<', 'overleft', both((kind, a, b) => kind.compareBounds(last(a).upper, last(b).upper) <= 0)],
  ['&>', 'overright', both((kind, a, b) => kind.compareBounds(first(a).lower, first(b).lower) >= 0)],
  ['-|-', 'adjacent', both((kind, a, b) => adjacent(kind, last(a), first(b)) || adjacent(kind, last(b), first(a)))],
];

function intersected(kind: RangeKind, a: SqlMultirange, b: SqlMultirange): SqlMultirange {
  return normalized(
    kind,
    a.ranges.flatMap((p) => b.ranges.map((q) => intersection(kind, p, q))),
  );
}

function without(kind: RangeKind, a: SqlMultirange, b: SqlMultirange): SqlMultirange {
  let left: SqlRange[] = [...a.ranges];
  for (const hole of b.ranges) left = left.flatMap((part) => rest(kind, part, hole));
  return normalized(kind, left);
}

/** What one range leaves of another: none, one or two parts. */
function rest(kind: RangeKind, part: SqlRange, hole: SqlRange): SqlRange[] {
  if (!overlaps(kind, part, hole)) return [part];
  const parts: SqlRange[] = [];
  if (kind.compareBounds(part.lower, hole.lower) < 0) parts.push(kind.make(part.lower, flipped(hole.lower)));
  if (kind.compareBounds(part.upper, hole.upper) > 0) parts.push(kind.make(flipped(hole.upper), part.upper));
  return parts;
}

export function operatorsOfMultirange({ spec, range, subtype }: MultirangeKind): readonly OperatorEntry[] {
  const sides = [
    [spec.oid, spec.oid, 'multirange', 'multirange'],
    [spec.oid, spec.range, 'multirange', 'range'],
    [spec.range, spec.oid, 'range', 'multirange'],
  ] as const;
  const pair = (
    name: string,
    types: readonly [number, number],
    returns: number,
    id: string,
    call: (...args: never[]) => Value,
  ): OperatorEntry => ({ name, left: types[0], right: types[1], fn: pure(id, types, returns, call) });
  const inside = (a: SqlMultirange, b: Value): boolean => a.ranges.some((part) => containsElement(range, part, b));
  const own = [spec.oid, spec.oid] as const;
  return [
    ...TESTS.flatMap(([name, stem, test]) =>
      sides.map(([left, right, a, b]) =>
        pair(name, [left, right], T.bool, `${a}_${stem}_${b}`, (p: SqlRange, q: SqlRange) =>
          test(range, listOf(p), listOf(q)),
        ),
      ),
    ),
    pair('@>', [spec.oid, subtype], T.bool, 'multirange_contains_elem', inside),
    pair('<@', [subtype, spec.oid], T.bool, 'elem_contained_by_multirange', (a: Value, b: SqlMultirange) =>
      inside(b, a),
    ),
    pair('+', own, spec.oid, 'multirange_union', (a: SqlMultirange, b: SqlMultirange) =>
      normalized(range, [...a.ranges, ...b.ranges]),
    ),
    pair('*', own, spec.oid, 'multirange_intersect', (a: SqlMultirange, b: SqlMultirange) => intersected(range, a, b)),
    pair('-', own, spec.oid, 'multirange_minus', (a: SqlMultirange, b: SqlMultirange) => without(range, a, b)),
  ];
}

export function functionsOfMultirange({ spec, range, subtype }: MultirangeKind): readonly ScalarFunction[] {
  const { oid, name } = spec;
  const make = (...ranges: SqlRange[]): SqlMultirange => normalized(range, ranges);
  const is = (id: string, test: (ranges: readonly SqlRange[]) => boolean): ScalarFunction =>
    pure(id, [oid], T.bool, ({ ranges }: SqlMultirange) => test(ranges));
  return [
    pure(name, [], oid, make),
    pure(name, [spec.range], oid, make, { variadic: true }),
    pure('multirange', [spec.range], oid, make),
    pure('lower', [oid], subtype, ({ ranges }: SqlMultirange) => first(ranges).lower.value),
    pure('upper', [oid], subtype, ({ ranges }: SqlMultirange) => last(ranges).upper.value),
    is('isempty', (ranges) => ranges.length === 0),
    is('lower_inc', (ranges) => first(ranges).lower.inclusive),
    is('upper_inc', (ranges) => last(ranges).upper.inclusive),
    is('lower_inf', (ranges) => ranges.length > 0 && first(ranges).lower.value === null),
    is('upper_inf', (ranges) => ranges.length > 0 && last(ranges).upper.value === null),
    pure('range_merge', [oid], spec.range, ({ ranges }: SqlMultirange) => merge(range, first(ranges), last(ranges))),
  ];
}

export function unnestOfMultirange({ spec }: MultirangeKind): SetFunction {
  return setFunction('unnest', [spec.oid], [{ name: 'unnest', oid: spec.range }], (_context, value) =>
    (value as SqlMultirange).ranges.map((range) => [range]),
  );
}

export function aggregatesOfRange({ spec, range }: MultirangeKind): readonly AggregateFunction[] {
  const collect = (from: number): AggregateFunction =>
    aggregate<SqlRange[] | null>('range_agg', [from], spec.oid, {
      init: () => null,
      step: (state, [value]) => [...(state ?? []), ...listOf(value as SqlRange)],
      final: (state) => (state === null ? null : normalized(range, state)),
    });
  return [
    collect(spec.range),
    collect(spec.oid),
    aggregate<SqlRange | null>('range_intersect_agg', [spec.range], spec.range, {
      init: () => null,
      step: (state, [value]) => (state === null ? (value as SqlRange) : intersection(range, state, value as SqlRange)),
      final: (state) => state,
    }),
    aggregate<SqlMultirange | null>('range_intersect_agg', [spec.oid], spec.oid, {
      init: () => null,
      step: (state, [value]) =>
        state === null ? (value as SqlMultirange) : intersected(range, state, value as SqlMultirange),
      final: (state) => state,
    }),
  ];
}

export const multirangeCasts: readonly CastEntry[] = KINDS.map(({ spec, range }) => ({
  from: spec.range,
  to: spec.oid,
  context: 'explicit',
  fn: pure('multirange', [spec.range], spec.oid, (value: SqlRange) => normalized(range, [value])),
}));

export const multirangeOperators: readonly OperatorEntry[] = KINDS.flatMap(operatorsOfMultirange);
export const multirangeFunctions: readonly ScalarFunction[] = KINDS.flatMap(functionsOfMultirange);
export const multirangeSets: readonly SetFunction[] = KINDS.map(unnestOfMultirange);
export const rangeAggregates: readonly AggregateFunction[] = KINDS.flatMap(aggregatesOfRange);
