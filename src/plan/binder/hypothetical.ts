/**
 * Hypothetical-set aggregates: rank, dense_rank, percent_rank and cume_dist WITHIN GROUP (PostgreSQL's table 9.64).
 *
 * `rank(v …) WITHIN GROUP (ORDER BY k …)` is the rank that a row with keys v would have among the group's. The direct
 * arguments take the keys' types, as in a comparison; the aggregate is made for the sort directions of the call.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { FunctionCall } from '../../sql/ast.ts';
import type { AggregateFunction } from '../../sql/functions/function.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { BoundExpression, SortKey } from '../expression.ts';
import { displayType, unify } from './coerce.ts';
import type { Scope } from './scope.ts';

const INT8 = 20;
const FLOAT8 = 701;

/** What the counts of a group say; `before` and `upTo` count rows that precede, and precede or equal, the new row. */
interface Counts {
  before: number;
  distinctBefore: number;
  upTo: number;
  rows: number;
  last: readonly Value[] | null;
}

const RESULTS: Readonly<Record<string, { oid: number; of: (counts: Counts) => number }>> = {
  rank: { oid: INT8, of: (counts) => counts.before + 1 },
  dense_rank: { oid: INT8, of: (counts) => counts.distinctBefore + 1 },
  percent_rank: { oid: FLOAT8, of: ({ before, rows }) => (rows === 0 ? 0 : before / rows) },
  cume_dist: { oid: FLOAT8, of: ({ upTo, rows }) => (upTo + 1) / (rows + 1) },
};

/** Throws 42809 for a call with arguments that names no order: without arguments it is the window function's. */
export function isHypothetical(syntax: FunctionCall, name: string): boolean {
  const { position } = syntax;
  if (RESULTS[name] !== undefined && syntax.args.length > 0 && !syntax.over && !syntax.withinGroup)
    throw new DriftError('42809', `WITHIN GROUP is required for ordered-set aggregate ${name}`, { position });
  return syntax.withinGroup !== undefined && RESULTS[name] !== undefined;
}

export interface HypotheticalCall {
  readonly fn: AggregateFunction;
  readonly args: readonly BoundExpression[];
  readonly direct: readonly SortKey[];
}

/** Gives the direct arguments and the keys their common types. Throws 42883 where their numbers differ. */
export function bindHypothetical(
  name: string,
  args: readonly BoundExpression[],
  keys: readonly SortKey[],
  { scope, position }: { scope: Scope; position: number },
): HypotheticalCall {
  if (args.length !== keys.length) {
    const types = [...args, ...keys.map((key) => key.expression)].map((part) => displayType(part.type)).join(', ');
    const counts = `the number of hypothetical direct arguments (here ${args.length}) must match the number of ordering columns (here ${keys.length})`;
    throw new DriftError('42883', `function ${name}(${types}) does not exist`, {
      position,
      hint: `To use the hypothetical-set aggregate ${name}, ${counts}.`,
    });
  }
  const pairs = args.map((arg, i) => {
    const key = keys[i] as SortKey;
    const { items } = unify([key.expression, arg], 'WITHIN GROUP', scope.state);
    return { key: { ...key, expression: items[0] as BoundExpression }, arg: items[1] as BoundExpression };
  });
  const direct = pairs.map(({ key }) => key);
  return { fn: hypothetical(name, direct), args: pairs.map(({ arg }) => arg), direct };
}

/** The aggregate for keys of these types and directions. Its rows are the direct arguments, then the keys, in order. */
function hypothetical(name: string, keys: readonly SortKey[]): AggregateFunction {
  const result = RESULTS[name];
  assert(result !== undefined, `${name} is no hypothetical-set aggregate`);
  const oids = keys.map((key) => key.expression.type.oid);
  const directions = keys.map((key) => `${key.descending ? 'desc' : 'asc'}${key.nullsFirst ? ' nulls first' : ''}`);
  const compare = keys.map((key) => comparer(key));
  const width = keys.length;
  const order = (a: readonly Value[], b: readonly Value[]): number => {
    for (let i = 0; i < width; i++) {
      const found = compare[i]?.(a[i] ?? null, b[i] ?? null) ?? 0;
      if (found !== 0) return found;
    }
    return 0;
  };
  return {
    kind: 'aggregate',
    id: `${name}(${oids.map((oid, i) => `${oid} ${directions[i] ?? ''}`).join(',')})`,
    name,
    args: [...oids, ...oids],
    returns: result.oid,
    variadic: false,
    optional: 0,
    strict: false,
    orderedSet: true,
    init: (): Counts => ({ before: 0, distinctBefore: 0, upTo: 0, rows: 0, last: null }),
    step(state, values) {
      const counts = state as Counts;
      const row = values.slice(width);
      const found = order(row, values);
      counts.rows++;
      if (found <= 0) counts.upTo++;
      if (found < 0) {
        counts.before++;
        if (counts.last === null || order(counts.last, row) !== 0) counts.distinctBefore++;
        counts.last = row;
      }
      return counts;
    },
    final: (state) => result.of(state as Counts),
  };
}

function comparer({ expression, descending, nullsFirst }: SortKey): (a: Value, b: Value) => number {
  const { compare } = typeByOid(expression.type.oid);
  assert(compare !== undefined, 'a sort key of a type without an order');
  return (a, b) => {
    if (a === null || b === null) return a === b ? 0 : (a === null) === nullsFirst ? -1 : 1;
    return descending ? compare(b, a) : compare(a, b);
  };
}
