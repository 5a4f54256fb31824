/** LIMIT, OFFSET and FETCH: bigint expressions without columns of the query. */
import { DriftError } from '../../base/error.ts';
import type { Expression } from '../../sql/ast.ts';
import type { Query } from '../../sql/ast-query.ts';
import type { BoundExpression, SortKey } from '../expression.ts';
import type { PlanNode } from '../plan.ts';
import { columnsOf } from '../walk-expression.ts';
import { INT8, displayType, tryCoerce } from './coerce.ts';
import { CLAUSES, type Scope } from './scope.ts';

export function limited(plan: PlanNode, query: Query, scope: Scope, keys: readonly SortKey[]): PlanNode {
  if (query.limit === undefined && query.offset === undefined) return plan;
  if (query.withTies && keys.length === 0) {
    throw new DriftError('42601', 'WITH TIES cannot be specified without ORDER BY clause', {
      position: query.limit?.position,
    });
  }
  const count = query.limit === undefined ? null : limitValue(query.limit, 'LIMIT', scope);
  const offset = query.offset === undefined ? null : limitValue(query.offset, 'OFFSET', scope);
  return { kind: 'limit', source: plan, count, offset, ties: query.withTies ? keys : null, outputs: plan.outputs };
}

function limitValue(syntax: Expression, name: 'LIMIT' | 'OFFSET', scope: Scope): BoundExpression {
  const clause = name === 'LIMIT' ? CLAUSES.limit : CLAUSES.offset;
  const bound = scope.within(clause, () => scope.bind(syntax));
  const own = new Set(
    scope.items.flatMap((item) => item.columns).flatMap((column) => [...columnsOf(column.expression)]),
  );
  for (const id of columnsOf(bound)) {
    if (own.has(id))
      throw new DriftError('42P10', `argument of ${name} must not contain variables`, { position: syntax.position });
  }
  const coerced = tryCoerce(bound, INT8, 'assignment', scope.state);
  if (coerced !== null) return coerced;
  throw new DriftError('42804', `argument of ${name} must be type bigint, not type ${displayType(bound.type)}`, {
    position: syntax.position,
  });
}
