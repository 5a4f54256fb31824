/**
 * What an OR implies: conditions that all of its branches share, and what it says about some of its columns alone.
 *
 *     (a = b AND x) OR (a = b AND y)        →  a = b AND (x OR y)         then a = b can be a join's key
 *     (l.q < 5 AND p.s = 1) OR (l.q > 9 AND p.s = 2)
 *                                           implies  p.s = 1 OR p.s = 2   which the scan of p can check already
 *
 * Both hold with nulls as well: AND distributes over OR in three-valued logic, and a row that passes a branch passes
 * each of its parts.
 */
import { expressionKey } from '../expression-key.ts';
import type { BoundExpression, ColumnId, LogicExpression } from '../expression.ts';
import { columnsOf, conjunction, conjuncts, hasSubquery, isVolatile } from '../walk-expression.ts';

/** Takes the conditions that all branches share out of an OR. */
export function factorOr(or: LogicExpression): BoundExpression {
  const [first, ...others] = or.args.map((arg) => conjuncts(arg));
  if (first === undefined || others.length === 0) return or;
  const keysOf = others.map((branch) => new Set(branch.map((item) => expressionKey(item))));
  const common = new Map<string, BoundExpression>();
  for (const item of first) {
    const key = expressionKey(item);
    if (!isMovable(item) || !keysOf.every((keys) => keys.has(key))) continue;
    common.set(key, item);
  }
  if (common.size === 0) return or;
  const rests = [first, ...others].map((branch) => branch.filter((item) => !common.has(expressionKey(item))));
  const parts = [...common.values()];
  // A branch that says nothing else is true wherever the common part is.
  if (rests.every((rest) => rest.length > 0))
    parts.push({ ...or, args: rests.map((rest) => conjunction(rest) as BoundExpression) });
  return conjunction(parts) as BoundExpression;
}

/** What an OR says about the columns of one side only; null where a branch says nothing about it. */
export function impliedBy(condition: BoundExpression, side: ReadonlySet<ColumnId>): BoundExpression | null {
  if (condition.kind !== 'or') return null;
  const branches: BoundExpression[] = [];
  for (const arg of condition.args) {
    const about = conjuncts(arg).filter((item) => isMovable(item) && isAbout(item, side));
    if (about.length === 0) return null;
    branches.push(conjunction(about) as BoundExpression);
  }
  return { ...condition, args: branches };
}

function isAbout(condition: BoundExpression, side: ReadonlySet<ColumnId>): boolean {
  const columns = columnsOf(condition);
  if (columns.size === 0) return false;
  for (const id of columns) if (!side.has(id)) return false;
  return true;
}

function isMovable(condition: BoundExpression): boolean {
  return !isVolatile(condition) && !hasSubquery(condition);
}
