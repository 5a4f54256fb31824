/** Which aggregates are a query's own: one belongs to the innermost query whose columns it mentions. */
import type { AggregateExpression, BoundExpression, ColumnId } from '../expression.ts';
import { childrenOf, columnsOf } from '../walk-expression.ts';
import { somePlan, visitExpressions } from '../walk-plan.ts';

/** Whether an expression has an aggregate that belongs to the query whose FROM gives `own`; deep into subqueries. */
export function hasOwnAggregate(expression: BoundExpression, own: ReadonlySet<ColumnId>): boolean {
  if (expression.kind === 'aggregate' && isOwn(expression, own)) return true;
  if (expression.kind === 'grouping') return true;
  if (expression.kind === 'subquery') {
    const inPlan = somePlan(expression.plan, (node) => {
      let found = false;
      visitExpressions(node, (part) => {
        found ||= hasForeignAggregate(part, own);
      });
      return found;
    });
    if (inPlan) return true;
  }
  return childrenOf(expression).some((child) => hasOwnAggregate(child, own));
}

/** Inside a subquery only aggregates that mention the outer query's columns can be the outer query's. */
function hasForeignAggregate(expression: BoundExpression, own: ReadonlySet<ColumnId>): boolean {
  if (expression.kind === 'aggregate' && mentions(expression, own)) return true;
  return childrenOf(expression).some((child) => hasForeignAggregate(child, own));
}

export function mentions(expression: BoundExpression, own: ReadonlySet<ColumnId>): boolean {
  for (const id of columnsOf(expression)) if (own.has(id)) return true;
  return false;
}

/** An aggregate without columns, or with one of ours. */
export function isOwn(expression: AggregateExpression, own: ReadonlySet<ColumnId>): boolean {
  const columns = columnsOf(expression);
  return columns.size === 0 || mentions(expression, own);
}
