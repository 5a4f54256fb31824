/** Ranges (PostgreSQL's chapter 9.20): constructors, parts, containment, position, and the operators that combine them. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { type Bound, EMPTY, RangeKind, RANGES, SqlRange } from '../types/range.ts';
import { typeByOid } from '../types/registry.ts';
import { pure, T } from './define.ts';
import type { OperatorEntry, ScalarFunction } from './function.ts';

const KINDS: readonly RangeKind[] = RANGES.map((spec) => new RangeKind(spec, typeByOid(spec.subtype)));

export function containsElement(kind: RangeKind, { empty, lower, upper }: SqlRange, value: Value): boolean {
  if (empty) return false;
  const point = (isLower: boolean): Bound => ({ value, inclusive: true, isLower });
  return kind.compareBounds(lower, point(true)) <= 0 && kind.compareBounds(upper, point(false)) >= 0;
}

export function contains(kind: RangeKind, a: SqlRange, b: SqlRange): boolean {
  if (a.empty || b.empty) return b.empty;
  return kind.compareBounds(a.lower, b.lower) <= 0 && kind.compareBounds(a.upper, b.upper) >= 0;
}

export function overlaps(kind: RangeKind, a: SqlRange, b: SqlRange): boolean {
  if (a.empty || b.empty) return false;
  return kind.compareBounds(a.lower, b.upper) <= 0 && kind.compareBounds(b.lower, a.upper) <= 0;
}

/** No value lies between the two, and none in both. */
export function adjacent(kind: RangeKind, a: SqlRange, b: SqlRange): boolean {
  if (a.empty || b.empty) return false;
  const touch = (upper: Bound, lower: Bound): boolean =>
    kind.compareValues(upper, lower) === 0 && upper.inclusive !== lower.inclusive;
  return touch(a.upper, b.lower) || touch(b.upper, a.lower);
}

/** The range from the first bound of both to the last. */
export function merge(kind: RangeKind, a: SqlRange, b: SqlRange): SqlRange {
  if (a.empty || b.empty) return a.empty ? b : a;
  return kind.make(
    kind.compareBounds(a.lower, b.lower) <= 0 ? a.lower : b.lower,
    kind.compareBounds(a.upper, b.upper) >= 0 ? a.upper : b.upper,
  );
}

function union(kind: RangeKind, a: SqlRange, b: SqlRange): SqlRange {
  if (!a.empty && !b.empty && !overlaps(kind, a, b) && !adjacent(kind, a, b))
    throw new DriftError('22000', 'result of range union would not be contiguous');
  return merge(kind, a, b);
}

export function intersection(kind: RangeKind, a: SqlRange, b: SqlRange): SqlRange {
  if (!overlaps(kind, a, b)) return EMPTY;
  return kind.make(
    kind.compareBounds(a.lower, b.lower) >= 0 ? a.lower : b.lower,
    kind.compareBounds(a.upper, b.upper) <= 0 ? a.upper : b.upper,
  );
}

/** Where what lies beside a bound ends. */
export function flipped(bound: Bound): Bound {
  return { ...bound, inclusive: !bound.inclusive, isLower: !bound.isLower };
}

function difference(kind: RangeKind, a: SqlRange, b: SqlRange): SqlRange {
  if (a.empty || b.empty || !overlaps(kind, a, b)) return a;
  const before = kind.compareBounds(a.lower, b.lower) < 0;
  const after = kind.compareBounds(a.upper, b.upper) > 0;
  if (before && after) throw new DriftError('22000', 'result of range difference would not be contiguous');
  if (before) return kind.make(a.lower, flipped(b.lower));
  return after ? kind.make(flipped(b.upper), a.upper) : EMPTY;
}

/** `[]`, `[)`, `(]` or `()`. Throws 42601, 22000. */
function construct(kind: RangeKind, lower: Value, upper: Value, flags: Value = '[)'): SqlRange {
  if (flags === null) throw new DriftError('22000', 'range constructor flags argument must not be null');
  const match = /^([[(])([\])])$/.exec(flags as string);
  if (match === null)
    throw new DriftError('42601', 'invalid range bound flags', {
      hint: 'Valid values are "[]", "[)", "(]", and "()".',
    });
  return kind.make(
    { value: lower, inclusive: match[1] === '[', isLower: true },
    { value: upper, inclusive: match[2] === ']', isLower: false },
  );
}

type Test = (kind: RangeKind, a: SqlRange, b: SqlRange) => boolean;

/** Where one range lies to another; nothing is said of empty ones. */
const POSITIONS: readonly (readonly [operator: string, id: string, test: Test])[] = [
  ['<<', 'range_before', (kind, a, b) => kind.compareBounds(a.upper, b.lower) < 0],
  ['>>', 'range_after', (kind, a, b) => kind.compareBounds(a.lower, b.upper) > 0],
  ['&<', 'range_overleft', (kind, a, b) => kind.compareBounds(a.upper, b.upper) <= 0],
  ['&>', 'range_overright', (kind, a, b) => kind.compareBounds(a.lower, b.lower) >= 0],
];

const TESTS: readonly (readonly [operator: string, id: string, test: Test])[] = [
  ['@>', 'range_contains', contains],
  ['<@', 'range_contained_by', (kind, a, b) => contains(kind, b, a)],
  ['&&', 'range_overlaps', overlaps],
  ['-|-', 'range_adjacent', adjacent],
  ...POSITIONS.map(
    ([operator, id, test]) =>
      [operator, id, ((kind, a, b) => !a.empty && !b.empty && test(kind, a, b)) as Test] as const,
  ),
];

const COMBINATIONS = [
  ['+', 'range_union', union],
  ['*', 'range_intersect', intersection],
  ['-', 'range_minus', difference],
] as const;

/** The operators of one range type. */
export function operatorsOfRange(kind: RangeKind): readonly OperatorEntry[] {
  const { oid, subtype } = kind.spec;
  const entry = (
    name: string,
    types: readonly [number, number],
    returns: number,
    id: string,
    call: (a: never, b: never) => Value,
  ): OperatorEntry => ({ name, left: types[0], right: types[1], fn: pure(id, types, returns, call) });
  return [
    ...TESTS.map(([name, id, test]) =>
      entry(name, [oid, oid], T.bool, id, (a: SqlRange, b: SqlRange) => test(kind, a, b)),
    ),
    ...COMBINATIONS.map(([name, id, combine]) =>
      entry(name, [oid, oid], oid, id, (a: SqlRange, b: SqlRange) => combine(kind, a, b)),
    ),
    entry('@>', [oid, subtype], T.bool, 'range_contains_elem', (a: SqlRange, b: Value) => containsElement(kind, a, b)),
    entry('<@', [subtype, oid], T.bool, 'elem_contained_by_range', (a: Value, b: SqlRange) =>
      containsElement(kind, b, a),
    ),
  ];
}

/** The functions of one range type, the one that makes its values by the type's name among them. */
export function functionsOfRange(kind: RangeKind): readonly ScalarFunction[] {
  const { oid, name, subtype } = kind.spec;
  const lenient = { strict: false };
  const is = (id: string, test: (range: SqlRange) => boolean): ScalarFunction => pure(id, [oid], T.bool, test);
  return [
    pure(name, [subtype, subtype], oid, (lower: Value, upper: Value) => construct(kind, lower, upper), lenient),
    pure(
      name,
      [subtype, subtype, T.text],
      oid,
      (lower: Value, upper: Value, flags: Value) => construct(kind, lower, upper, flags),
      lenient,
    ),
    pure('lower', [oid], subtype, ({ lower }: SqlRange) => lower.value),
    pure('upper', [oid], subtype, ({ upper }: SqlRange) => upper.value),
    is('isempty', ({ empty }) => empty),
    is('lower_inc', ({ lower }) => lower.inclusive),
    is('upper_inc', ({ upper }) => upper.inclusive),
    is('lower_inf', ({ empty, lower }) => !empty && lower.value === null),
    is('upper_inf', ({ empty, upper }) => !empty && upper.value === null),
    pure('range_merge', [oid, oid], oid, (a: SqlRange, b: SqlRange) => merge(kind, a, b)),
  ];
}

export const rangeOperators: readonly OperatorEntry[] = KINDS.flatMap(operatorsOfRange);
/** PERIOD (from, to), DriftDB's own: the range between two bounds of a type, whatever its range's name. */
const periods: readonly ScalarFunction[] = KINDS.map((kind) => {
  const { oid, subtype } = kind.spec;
  return pure('period', [subtype, subtype], oid, (lower: Value, upper: Value) => construct(kind, lower, upper), {
    strict: false,
  });
});

export const rangeFunctions: readonly ScalarFunction[] = [...KINDS.flatMap(functionsOfRange), ...periods];

/** What makes a range of two bounds, the lower one inside, the upper one outside. */
export function rangeMaker(kind: RangeKind): ScalarFunction {
  const builtIn = periods[KINDS.findIndex(({ spec }) => spec.oid === kind.spec.oid)];
  return builtIn ?? (functionsOfRange(kind)[0] as ScalarFunction);
}
