/**
 * Pulling correlated predicates out of a subquery's plan, so that it no longer depends on the enclosing query.
 *
 *     SELECT … FROM part p WHERE EXISTS (SELECT 1 FROM supply s WHERE s.part = p.id AND s.free)
 *
 * The filter `s.part = p.id` mentions the outer column p.id; taken out it becomes the condition of a semi join, and
 * what is left (`filter s.free over supply`) runs on its own. Works through projections, filters, sorts, inner joins
 * and DISTINCT; anything else that is correlated stays a subquery that is evaluated for each (different) outer row.
 */
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { PlanColumn, PlanNode } from '../plan.ts';
import { collectColumns, conjunction, conjuncts, idsOf, isVolatile } from '../walk-expression.ts';
import { freeColumns, substitute } from '../walk-plan.ts';
import { conditionOf } from './join-keys.ts';

export interface Pulled {
  /** Free of the outer columns; outputs at least all columns that the conditions mention. */
  readonly plan: PlanNode;
  /** What was taken out: mentions outer columns and outputs of the plan. */
  readonly conditions: readonly BoundExpression[];
}

/** Frees a plan from the given outer columns, or returns null where that cannot be done. */
export function pullCorrelation(plan: PlanNode, outer: ReadonlySet<ColumnId>): Pulled | null {
  const pulled = pull(plan, outer);
  if (pulled === null) return null;
  for (const id of freeColumns(pulled.plan)) if (outer.has(id)) return null;
  return pulled;
}

function pull(node: PlanNode, outer: ReadonlySet<ColumnId>): Pulled | null {
  if (!mentions(freeColumns(node), outer)) return { plan: node, conditions: [] };
  switch (node.kind) {
    case 'filter': {
      const inner = pull(node.source, outer);
      if (inner === null) return null;
      const { kept, taken } = divide(conjuncts(node.condition), outer);
      const condition = conjunction(kept);
      const plan: PlanNode =
        condition === null ? inner.plan : { ...node, source: inner.plan, condition, outputs: inner.plan.outputs };
      return { plan, conditions: [...inner.conditions, ...taken] };
    }
    case 'project': {
      const inner = pull(node.source, outer);
      if (inner === null) return null;
      if (node.expressions.some((expression) => isVolatile(expression))) return null;
      const extra = missing(inner.conditions, inner.plan, node.outputs);
      const expressions = [...node.expressions, ...extra.map((column) => reference(column))];
      return {
        plan: { ...node, source: inner.plan, expressions, outputs: [...node.outputs, ...extra] },
        conditions: inner.conditions,
      };
    }
    case 'sort':
      return node.limit === null ? pull(node.source, outer) : null;
    case 'join': {
      if (node.type !== 'inner' || node.correlated.length > 0) return null;
      const left = pull(node.left, outer);
      const right = pull(node.right, outer);
      if (left === null || right === null) return null;
      const on = divide([...node.keys.map((key) => conditionOf(key)), ...conjuncts(node.residual)], outer);
      return {
        plan: {
          ...node,
          left: left.plan,
          right: right.plan,
          keys: [],
          residual: conjunction(on.kept),
          algorithm: 'loop',
          outputs: [...left.plan.outputs, ...right.plan.outputs],
        },
        conditions: [...left.conditions, ...right.conditions, ...on.taken],
      };
    }
    default:
      return null;
  }
}

function mentions(ids: Iterable<ColumnId>, outer: ReadonlySet<ColumnId>): boolean {
  for (const id of ids) if (outer.has(id)) return true;
  return false;
}

function divide(
  conditions: readonly BoundExpression[],
  outer: ReadonlySet<ColumnId>,
): { kept: BoundExpression[]; taken: BoundExpression[] } {
  const kept: BoundExpression[] = [];
  const taken: BoundExpression[] = [];
  for (const condition of conditions) {
    const ids = new Set<ColumnId>();
    collectColumns(condition, ids);
    (mentions(ids, outer) ? taken : kept).push(condition);
  }
  return { kept, taken };
}

/** Columns of the source that conditions mention and the outputs lack. */
function missing(
  conditions: readonly BoundExpression[],
  source: PlanNode,
  outputs: readonly PlanColumn[],
): PlanColumn[] {
  const wanted = new Set<ColumnId>();
  for (const condition of conditions) collectColumns(condition, wanted);
  const present = new Set(outputs.map((output) => output.id));
  return source.outputs.filter((output) => wanted.has(output.id) && !present.has(output.id));
}

export function reference(column: PlanColumn): BoundExpression {
  return { kind: 'column', id: column.id, name: column.name, type: column.type };
}

/** Replaces a project's output ids by its expressions in conditions and drops the project: for EXISTS. */
export function withoutProjections(plan: PlanNode): PlanNode {
  if (plan.kind === 'project' || plan.kind === 'distinct' || (plan.kind === 'sort' && plan.limit === null)) {
    return withoutProjections(plan.source);
  }
  return plan;
}

/** Moves computed columns of a top projection into the conditions that mention them, where that is safe. */
export function throughProjection(pulled: Pulled): Pulled {
  const { plan, conditions } = pulled;
  if (plan.kind !== 'project' || plan.expressions.some((expression) => isVolatile(expression))) return pulled;
  const replacements = new Map<ColumnId, BoundExpression>();
  const source = idsOf(plan.source);
  plan.outputs.forEach((output, index) => {
    const expression = plan.expressions[index];
    if (expression !== undefined && !source.has(output.id)) replacements.set(output.id, expression);
  });
  return { plan: plan.source, conditions: conditions.map((condition) => substitute(condition, replacements)) };
}
