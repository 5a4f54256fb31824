/**
 * Selectivity: the share of rows for which a condition is true.
 *
 * With statistics of the column (column-statistics.ts):
 *
 *     c = 5                 the common value's share, or (1 − nulls − common) / (different values − common ones)
 *     c = $1                (1 − nulls) / different values
 *     c < 5                 common values below 5, plus the part of the histogram below 5
 *     c > 3 AND c < 5       what both leave: s(c < 5) + s(c > 3) − (1 − nulls)
 *     c LIKE 'ab%'          c >= 'ab' AND c < 'ac'
 *     c IN (…), c = ANY     the sum over the items
 *     c IS NULL             nulls
 *     a AND b, a OR b       independent: a·b, a + b − a·b
 *
 * Without them the constants of PostgreSQL's selfuncs.h, which go back to System R (Selinger et al. 1979, table 1).
 */
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import type { BoundExpression } from '../expression.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { type ColumnStatistics, distinctAt } from './column-statistics.ts';

/** What is known of the column behind an expression. */
export interface KnownColumn {
  readonly statistics: ColumnStatistics | undefined;
  /** Rows of the column's table. */
  readonly rows: number;
  /** Different values among `rows`. */
  readonly distinct: number;
}

/** Tells of the column that an expression is, relabelling casts apart; undefined where it is none. */
export type Lookup = (expression: BoundExpression) => KnownColumn | undefined;

export const EQUAL_SHARE = 0.005;
export const RANGE_SHARE: number = 1 / 3;
/** Both bounds of a range, of which nothing is known. */
const BETWEEN_SHARE = 0.005;
const MATCH_SHARE = 0.005;
const NULL_SHARE = 0.005;
const OTHER_SHARE = 1 / 3;
/** Shares below this say more about the sample than about the table. */
const LEAST_SHARE = 1e-6;

export function selectivity(condition: BoundExpression, lookup: Lookup): number {
  return Math.min(1, Math.max(LEAST_SHARE, share(condition, lookup)));
}

function share(condition: BoundExpression, lookup: Lookup): number {
  switch (condition.kind) {
    case 'and':
      return conjunctionShare(condition.args, lookup);
    case 'or':
      return condition.args.reduce((sum, arg) => {
        const other = selectivity(arg, lookup);
        return sum + other - sum * other;
      }, 0);
    case 'not':
      return notShare(condition.operand, lookup);
    case 'isNull': {
      const nulls = lookup(condition.operand)?.statistics?.nullFraction ?? NULL_SHARE;
      return condition.negated ? 1 - nulls : nulls;
    }
    case 'booleanTest':
      return testShare(condition.test, condition.negated, condition.operand, lookup);
    case 'const':
      return condition.value === true ? 1 : 0;
    case 'column':
      return truthShare(condition, lookup);
    case 'inList': {
      const sum = condition.items.reduce((total, item) => total + equalShare(condition.operand, item, lookup), 0);
      return condition.negated ? Math.max(0, 1 - nullsOf(condition.operand, lookup) - sum) : sum;
    }
    case 'quantified':
      return quantifiedShare(condition, lookup);
    case 'distinctFrom': {
      const equal = equalShare(condition.left, condition.right, lookup);
      return condition.negated ? equal : 1 - equal;
    }
    case 'call':
      return callShare(condition.operator, condition.args, lookup);
    default:
      return OTHER_SHARE;
  }
}

/** Conditions that hold together; two bounds of one column are taken as one range. */
export function conjunctionShare(conditions: readonly BoundExpression[], lookup: Lookup): number {
  let result = 1;
  const bounds = new Map<number, { low: number | null; high: number | null; nulls: number; known: boolean }>();
  for (const condition of conditions) {
    const bound = boundOf(condition);
    if (bound === null) {
      result *= selectivity(condition, lookup);
      continue;
    }
    const part = selectivity(condition, lookup);
    const known = lookup(bound.column)?.statistics;
    let range = bounds.get(bound.id);
    if (range === undefined) {
      range = { low: null, high: null, nulls: known?.nullFraction ?? 0, known: (known?.histogram.length ?? 0) > 0 };
      bounds.set(bound.id, range);
    }
    range[bound.side] = Math.min(range[bound.side] ?? 1, part);
  }
  for (const { low, high, nulls, known } of bounds.values()) {
    if (low === null || high === null) result *= low ?? high ?? 1;
    else if (known) result *= Math.max(LEAST_SHARE, low + high - (1 - nulls));
    else result *= Math.min(BETWEEN_SHARE, low, high);
  }
  return result;
}

const LOW = new Set(['>', '>=']);
const HIGH = new Set(['<', '<=']);

function boundOf(
  condition: BoundExpression,
): { readonly id: number; readonly side: 'low' | 'high'; readonly column: BoundExpression } | null {
  if (condition.kind !== 'call' || condition.operator === undefined || condition.args.length !== 2) return null;
  const { operator } = condition;
  if (!LOW.has(operator) && !HIGH.has(operator)) return null;
  const [left, right] = condition.args.map((arg) => unlabelled(arg));
  if (left?.kind === 'column' && right?.kind !== 'column')
    return { id: left.id, side: LOW.has(operator) ? 'low' : 'high', column: left };
  if (right?.kind === 'column' && left?.kind !== 'column')
    return { id: right.id, side: LOW.has(operator) ? 'high' : 'low', column: right };
  return null;
}

function unlabelled(expression: BoundExpression): BoundExpression {
  return expression.kind === 'cast' && expression.method === 'relabel' ? unlabelled(expression.operand) : expression;
}

function nullsOf(expression: BoundExpression, lookup: Lookup): number {
  return lookup(expression)?.statistics?.nullFraction ?? 0;
}

/** NOT x is true where x is false, not where it is null. */
function notShare(operand: BoundExpression, lookup: Lookup): number {
  if (operand.kind === 'column') return truthShare(operand, lookup, false);
  return 1 - selectivity(operand, lookup);
}

function truthShare(column: BoundExpression, lookup: Lookup, wanted = true): number {
  const statistics = lookup(column)?.statistics;
  if (statistics === undefined) return 0.5;
  const at = statistics.commonValues.indexOf(wanted);
  return at < 0 ? 0 : (statistics.commonShares[at] as number);
}

function testShare(
  test: 'true' | 'false' | 'unknown',
  negated: boolean,
  operand: BoundExpression,
  lookup: Lookup,
): number {
  let result: number;
  if (test === 'unknown') result = nullsOf(operand, lookup);
  else result = test === 'true' ? selectivity(operand, lookup) : notShare(operand, lookup);
  return negated ? 1 - result : result;
}

/** Elements of an array that nothing is known of. */
const ARRAY_ITEMS = 10;

function quantifiedShare(condition: BoundExpression & { kind: 'quantified' }, lookup: Lookup): number {
  if (condition.operator !== undefined && condition.operator !== '=') return OTHER_SHARE;
  const { array } = condition;
  const items = array.kind === 'array' ? array.elements.length : ARRAY_ITEMS;
  const one = equalShare(condition.operand, null, lookup);
  return condition.quantifier === 'any' ? Math.min(1, items * one) : one ** items;
}

function callShare(operator: string | undefined, args: readonly BoundExpression[], lookup: Lookup): number {
  const [left, right] = args;
  if (left === undefined || right === undefined) return OTHER_SHARE;
  switch (operator) {
    case '=':
      return equalShare(left, right, lookup);
    case '<>': {
      const nulls = Math.max(nullsOf(left, lookup), nullsOf(right, lookup));
      return Math.max(0, 1 - nulls - equalShare(left, right, lookup));
    }
    case '<':
    case '<=':
      return rangeShare(left, right, operator, lookup) ?? 1 - (rangeShare(right, left, '>', lookup) ?? 1 - RANGE_SHARE);
    case '>':
    case '>=':
      return rangeShare(left, right, operator, lookup) ?? 1 - (rangeShare(right, left, '<', lookup) ?? 1 - RANGE_SHARE);
    case '~~':
      return likeShare(left, right, lookup);
    case '!~~':
      return 1 - likeShare(left, right, lookup);
    case '~~*':
    case '~':
    case '~*':
      return MATCH_SHARE * 10;
    case '!~~*':
    case '!~':
    case '!~*':
      return 1 - MATCH_SHARE * 10;
    default:
      return OTHER_SHARE;
  }
}

/** Share of rows whose `left` equals `right` (null: some value). */
export function equalShare(left: BoundExpression, right: BoundExpression | null, lookup: Lookup): number {
  const column = lookup(left);
  const other = right === null ? undefined : lookup(right);
  if (column !== undefined && other !== undefined) return 1 / Math.max(column.distinct, other.distinct, 1);
  const known = column ?? other;
  if (known === undefined) return EQUAL_SHARE;
  const against = column === undefined ? left : right;
  const { statistics } = known;
  if (statistics === undefined) return 1 / Math.max(known.distinct, 1);
  const value = against === null ? undefined : constantOf(against);
  if (value === null) return 0;
  const rest = 1 - statistics.nullFraction;
  if (value === undefined) return rest / Math.max(known.distinct, 1);
  const compare = comparison(column === undefined ? right : left, against);
  if (compare !== null) {
    const at = statistics.commonValues.findIndex((common) => compare(common, value) === 0);
    if (at >= 0) return statistics.commonShares[at] as number;
  }
  const common = statistics.commonShares.reduce((sum, item) => sum + item, 0);
  const others = distinctAt(statistics, known.rows) - statistics.commonValues.length;
  // All values are common: this one is new, or was too rare for the sample.
  if (others < 1) return Math.max(rest - common, Math.min(...statistics.commonShares, rest) / 10);
  return Math.max(rest - common, 0) / others;
}

function constantOf(expression: BoundExpression): Value | undefined {
  const inner = unlabelled(expression);
  return inner.kind === 'const' ? inner.value : undefined;
}

/** The order of a column's type, where the other side has values of the same form. */
function comparison(
  column: BoundExpression | null,
  other: BoundExpression | null,
): ((a: Value, b: Value) => number) | null {
  if (column === null || other === null) return null;
  const type = typeByOid(unlabelled(column).type.oid);
  const sample = constantOf(other);
  if (sample === undefined || sample === null || type?.compare === undefined) return null;
  const same = unlabelled(other).type.oid === type.oid;
  return same || typeof sample !== 'object' ? type.compare : null;
}

/** Share of rows with `column operator value`; null where `column` is none that anything is known of. */
function rangeShare(
  column: BoundExpression,
  bound: BoundExpression,
  operator: '<' | '<=' | '>' | '>=',
  lookup: Lookup,
): number | null {
  const known = lookup(column);
  const statistics = known?.statistics;
  if (statistics === undefined) return known === undefined ? null : RANGE_SHARE;
  const value = constantOf(bound);
  const rest = 1 - statistics.nullFraction;
  if (value === null) return 0;
  const compare = value === undefined ? null : comparison(column, bound);
  if (value === undefined || compare === null) return RANGE_SHARE * rest;
  const wanted = (order: number): boolean => {
    if (operator === '<') return order < 0;
    if (operator === '<=') return order <= 0;
    return operator === '>' ? order > 0 : order >= 0;
  };
  let result = 0;
  let common = 0;
  statistics.commonValues.forEach((item, i) => {
    common += statistics.commonShares[i] as number;
    if (wanted(compare(item, value))) result += statistics.commonShares[i] as number;
  });
  if (statistics.histogram.length < 2) return Math.min(rest, result + Math.max(0, rest - common) * RANGE_SHARE);
  const below = belowShare(statistics.histogram, value, compare);
  return result + Math.max(0, rest - common) * (operator === '<' || operator === '<=' ? below : 1 - below);
}

/** Part of the histogram's values that lie below a value. */
function belowShare(bounds: readonly Value[], value: Value, compare: (a: Value, b: Value) => number): number {
  const buckets = bounds.length - 1;
  if (compare(value, bounds[0] as Value) <= 0) return 0;
  if (compare(value, bounds[buckets] as Value) >= 0) return 1;
  let low = 0;
  let high = buckets;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (compare(bounds[middle] as Value, value) <= 0) low = middle;
    else high = middle;
  }
  return (low + within(bounds[low] as Value, bounds[high] as Value, value)) / buckets;
}

/** Where a value lies between two bounds, as far as it can be told. */
function within(low: Value, high: Value, value: Value): number {
  const [from, to, at] = typeof low === 'string' ? textScales(low, high, value) : [low, high, value].map(scaleOf);
  if (from === undefined || to === undefined || at === undefined || !(to > from)) return 0.5;
  return Math.min(1, Math.max(0, (at - from) / (to - from)));
}

function scaleOf(value: Value): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value === 'bigint') return Number(value);
  return value instanceof Numeric ? value.toNumber() : undefined;
}

/** Texts as numbers by their first characters after what both bounds share. */
function textScales(low: Value, high: Value, value: Value): (number | undefined)[] {
  if (typeof low !== 'string' || typeof high !== 'string' || typeof value !== 'string') return [];
  let shared = 0;
  while (shared < low.length && low[shared] === high[shared]) shared++;
  return [low, high, value].map((text) => {
    let scale = 0;
    for (let i = 0; i < 6; i++) scale = scale * 256 + Math.min(255, text.charCodeAt(shared + i) || 0);
    return scale;
  });
}

function likeShare(text: BoundExpression, pattern: BoundExpression, lookup: Lookup): number {
  const value = constantOf(pattern);
  const statistics = lookup(text)?.statistics;
  if (typeof value !== 'string') return MATCH_SHARE;
  const prefix = likePrefix(value);
  if (prefix.length === value.length) return equalShare(text, pattern, lookup);
  // Each further literal character makes a match rarer, each % undoes a bit of that (as like_selectivity does).
  const literals = value.slice(prefix.length).replaceAll(/[%_]/g, '').length;
  const rest = Math.max(LEAST_SHARE, 0.2 ** Math.min(literals, 4));
  if (statistics === undefined)
    return prefix.length > 0 ? Math.min(MATCH_SHARE * 2, rest) : Math.max(MATCH_SHARE, rest);
  const common = statistics.commonShares.reduce((sum, item) => sum + item, 0);
  let matching = 0;
  statistics.commonValues.forEach((item, i) => {
    if (typeof item === 'string' && item.startsWith(prefix)) matching += statistics.commonShares[i] as number;
  });
  const others = Math.max(0, 1 - statistics.nullFraction - common);
  if (prefix.length === 0 || statistics.histogram.length < 2) return (matching + others) * Math.max(MATCH_SHARE, rest);
  const order = (a: Value, b: Value): number => ((a as string) < (b as string) ? -1 : a === b ? 0 : 1);
  const from = belowShare(statistics.histogram, prefix, order);
  const to = belowShare(statistics.histogram, `${prefix}\u{10ffff}`, order);
  return (matching + others * Math.max(to - from, 1e-4)) * Math.max(rest, literals === 0 ? 1 : MATCH_SHARE);
}

/** What a LIKE pattern's matches begin with. */
export function likePrefix(pattern: string): string {
  const end = pattern.search(/[%_\\]/);
  return end < 0 ? pattern : pattern.slice(0, end);
}
