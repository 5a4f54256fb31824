/**
 * Subquery unnesting: subqueries in expressions become joins (Kim 1982; Dayal 1987; Neumann and Kemper 2015 for why).
 *
 *     EXISTS (…), x IN (…)              as a conjunct of WHERE   → semi join
 *     NOT EXISTS (…)                    as a conjunct of WHERE   → anti join
 *     x NOT IN (…)                      as a conjunct of WHERE   → null-aware anti join
 *     (SELECT sum(…) … WHERE k = o.k)   anywhere                 → left join with the grouped subquery
 *     EXISTS (…), correlated            anywhere else            → mark join
 *
 * Uncorrelated scalar, EXISTS and IN subqueries elsewhere stay as they are: they run once. What cannot be freed of its
 * correlation stays too and runs once for each different combination of the outer values.
 */
import type { BoundExpression, ColumnId, SubqueryExpression } from '../expression.ts';
import type { AggregateNode, JoinNode, JoinType, PlanColumn, PlanNode } from '../plan.ts';
import { conjunction, conjuncts, hasSubquery, idsOf, isVolatile, mapChildren } from '../walk-expression.ts';
import { freeColumns, mapExpressions, mapInputs, mapSubqueries, substitute } from '../walk-plan.ts';
import { type Pulled, pullCorrelation, reference, throughProjection, withoutProjections } from './decorrelate.ts';
import { conditionOf, joinKeyOf } from './join-keys.ts';

const BOOL = { oid: 16, typmod: -1 } as const;

/** Gives new column ids. */
export type NextId = () => ColumnId;

export function unnest(plan: PlanNode, nextId: NextId): PlanNode {
  const node = mapSubqueries(
    mapInputs(plan, (input) => unnest(input, nextId)),
    (inner) => unnest(inner, nextId),
  );
  if (node.kind === 'filter') return unnestFilter(node.source, conjuncts(node.condition), nextId, node.outputs);
  if (node.kind === 'project' || node.kind === 'aggregate' || node.kind === 'sort')
    return unnestExpressions(node, nextId);
  if (node.kind === 'join' && node.algorithm === 'apply') return unnestApply(node);
  return node;
}

/** A lateral item that is correlated by its WHERE only is joined like any other. */
function unnestApply(join: JoinNode): PlanNode {
  if (join.type !== 'inner' && join.type !== 'left' && join.type !== 'single') return join;
  const pulled = pullCorrelation(join.right, idsOf(join.left));
  if (pulled === null) return join;
  const conditions = [...pulled.conditions, ...join.keys.map((key) => conditionOf(key)), ...conjuncts(join.residual)];
  return { ...makeJoin(join.type, join.left, pulled.plan, conditions), outputs: join.outputs };
}

function unnestFilter(
  source: PlanNode,
  conditions: readonly BoundExpression[],
  nextId: NextId,
  outputs: readonly PlanColumn[],
): PlanNode {
  let node = source;
  const plain: BoundExpression[] = [];
  for (const condition of conditions) if (!hasSubquery(condition)) plain.push(condition);
  const first = conjunction(plain);
  if (first !== null) node = { kind: 'filter', source: node, condition: first, outputs: node.outputs };
  const rest: BoundExpression[] = [];
  for (const condition of conditions) {
    if (!hasSubquery(condition)) continue;
    const joined = joinFor(node, condition);
    if (joined !== null) {
      node = joined;
      continue;
    }
    const lifted = liftAll(node, condition, nextId);
    node = lifted.source;
    rest.push(lifted.expression);
  }
  const last = conjunction(rest);
  if (last !== null) node = { kind: 'filter', source: node, condition: last, outputs: node.outputs };
  return restored(node, outputs);
}

/** A projection to the outputs that the parent expects, where joins have added columns. */
function restored(node: PlanNode, outputs: readonly PlanColumn[]): PlanNode {
  if (node.outputs.length === outputs.length) return node;
  return { kind: 'project', source: node, expressions: outputs.map((column) => reference(column)), outputs };
}

/** A semi or anti join for a conjunct that is a subquery test, or null. */
function joinFor(left: PlanNode, condition: BoundExpression): PlanNode | null {
  if (condition.kind === 'subquery') {
    if (condition.mode === 'exists') return existsJoin(left, condition, 'semi');
    if (condition.mode === 'any') return anyJoin(left, condition, false);
    return null;
  }
  if (condition.kind !== 'not' || condition.operand.kind !== 'subquery') return null;
  if (condition.operand.mode === 'exists') return existsJoin(left, condition.operand, 'anti');
  return condition.operand.mode === 'any' ? anyJoin(left, condition.operand, true) : null;
}

function existsJoin(left: PlanNode, subquery: SubqueryExpression, type: 'semi' | 'anti'): PlanNode | null {
  // Without correlation the answer is the same for all rows: the executor asks once.
  if (subquery.correlated.length === 0) return null;
  const outer = idsOf(left);
  const pulled = pullCorrelation(withoutProjections(subquery.plan), outer);
  if (pulled === null || pulled.conditions.length === 0) return null;
  return makeJoin(type, left, pulled.plan, pulled.conditions);
}

function anyJoin(left: PlanNode, subquery: SubqueryExpression, negated: boolean): PlanNode | null {
  if (subquery.test === null || isVolatile(subquery.test) || hasSubquery(subquery.test)) return null;
  const pulled = pullCorrelation(subquery.plan, idsOf(left));
  if (pulled === null) return null;
  if (!negated) {
    const tests = conjuncts(subquery.test);
    const inner = throughProjection({ plan: pulled.plan, conditions: [...pulled.conditions, ...tests] });
    return makeJoin('semi', left, inner.plan, inner.conditions);
  }
  if (pulled.conditions.length > 0) return openJoin('anti', left, pulled, subquery.test);
  const join = makeJoin('anti', left, pulled.plan, conjuncts(subquery.test));
  return { ...join, nullAware: true };
}

/**
 * A correlated NOT IN, or IN where it counts whether it is null: a hash join by the correlation, whose residual is the
 * test, by the rules of three-valued logic. Null where the correlation is no equality.
 */
function openJoin(type: 'anti' | 'mark', left: PlanNode, pulled: Pulled, test: BoundExpression): JoinNode | null {
  const join = makeJoin(type, left, pulled.plan, pulled.conditions);
  if (join.keys.length === 0 || join.residual !== null) return null;
  if (join.keys.some((key) => key.nullsEqual || key.left.type.oid !== key.right.type.oid)) return null;
  return { ...join, residual: test, nullAware: true, strictKeys: true };
}

function makeJoin(type: JoinType, left: PlanNode, right: PlanNode, conditions: readonly BoundExpression[]): JoinNode {
  const leftIds = idsOf(left);
  const rightIds = idsOf(right);
  const keys = [];
  const residual: BoundExpression[] = [];
  for (const condition of conditions) {
    const key = joinKeyOf(condition, leftIds, rightIds);
    if (key === null) residual.push(condition);
    else keys.push(key);
  }
  const both = type === 'inner' || type === 'left' || type === 'single';
  return {
    kind: 'join',
    type,
    left,
    right,
    keys,
    residual: conjunction(residual),
    mark: null,
    nullAware: false,
    algorithm: keys.length > 0 ? 'hash' : 'loop',
    correlated: [],
    outputs: both ? [...left.outputs, ...right.outputs] : left.outputs,
  };
}

function unnestExpressions(node: PlanNode & { readonly source: PlanNode }, nextId: NextId): PlanNode {
  let { source } = node;
  const rewritten = mapExpressions(node, (expression) => {
    if (!hasSubquery(expression)) return expression;
    const lifted = liftAll(source, expression, nextId);
    source = lifted.source;
    return lifted.expression;
  });
  if (source === node.source) return node;
  if (rewritten.kind === 'sort') return restored({ ...rewritten, source, outputs: source.outputs }, node.outputs);
  return { ...rewritten, source } as PlanNode;
}

interface Lifted {
  readonly source: PlanNode;
  readonly expression: BoundExpression;
}

/** Replaces each correlated subquery inside an expression by a column of a join under it, where that can be done. */
function liftAll(source: PlanNode, expression: BoundExpression, nextId: NextId): Lifted {
  let current = source;
  const visit = (part: BoundExpression): BoundExpression => {
    // A branch that may not be reached must not fail: subqueries under CASE and COALESCE stay where they are.
    if (part.kind === 'case' || part.kind === 'coalesce') return part;
    const inner = mapChildren(part, visit);
    if (inner.kind !== 'subquery' || inner.correlated.length === 0) return inner;
    const lifted = lift(current, inner, nextId);
    if (lifted === null) return inner;
    current = lifted.source;
    return lifted.expression;
  };
  const result = visit(expression);
  return { source: current, expression: result };
}

function lift(source: PlanNode, subquery: SubqueryExpression, nextId: NextId): Lifted | null {
  switch (subquery.mode) {
    case 'scalar':
      return liftAggregate(source, subquery) ?? liftScalar(source, subquery);
    case 'exists':
      return liftExists(source, subquery, nextId);
    case 'any':
    case 'all':
      return liftQuantified(source, subquery, nextId);
    case 'array':
      return null;
  }
}

/** (SELECT e FROM … WHERE inner = outer …): a join that finds at most one row. */
function liftScalar(source: PlanNode, subquery: SubqueryExpression): Lifted | null {
  const pulled = pullCorrelation(subquery.plan, idsOf(source));
  const [value] = subquery.plan.outputs;
  if (pulled === null || value === undefined || pulled.conditions.length === 0) return null;
  const join = makeJoin('single', source, pulled.plan, pulled.conditions);
  // Without an equality each row would be compared with all: the subquery at least remembers its answers.
  return join.keys.length === 0 ? null : { source: join, expression: reference(value) };
}

/** x IN (…), x = ANY (…): a mark. For ALL the mark says whether the test is false of some row. */
function liftQuantified(source: PlanNode, subquery: SubqueryExpression, nextId: NextId): Lifted | null {
  const { test, mode } = subquery;
  if (test === null || isVolatile(test) || hasSubquery(test)) return null;
  const pulled = pullCorrelation(subquery.plan, idsOf(source));
  if (pulled === null || pulled.conditions.length === 0) return null;
  const wanted: BoundExpression = mode === 'any' ? test : { kind: 'not', operand: test, type: BOOL };
  const join = openJoin('mark', source, pulled, wanted);
  if (join === null) return null;
  const mark: PlanColumn = { id: nextId(), name: mode, type: BOOL };
  const found = reference(mark);
  return {
    source: { ...join, mark: mark.id, outputs: [...source.outputs, mark] },
    expression: mode === 'any' ? found : { kind: 'not', operand: found, type: BOOL },
  };
}

function liftExists(source: PlanNode, subquery: SubqueryExpression, nextId: NextId): Lifted | null {
  const outer = idsOf(source);
  const pulled = pullCorrelation(withoutProjections(subquery.plan), outer);
  if (pulled === null || pulled.conditions.length === 0) return null;
  const join = makeJoin('mark', source, pulled.plan, pulled.conditions);
  if (join.keys.length === 0) return null;
  const mark: PlanColumn = { id: nextId(), name: 'exists', type: BOOL };
  return { source: { ...join, mark: mark.id, outputs: [...source.outputs, mark] }, expression: reference(mark) };
}

/**
 * (SELECT e(agg…) FROM … WHERE inner = outer …): the subquery grouped by the inner sides of its correlated equalities,
 * left-joined on them. A group that does not exist gives what the aggregate gives for no rows: 0 for count, else null.
 */
function liftAggregate(source: PlanNode, subquery: SubqueryExpression): Lifted | null {
  const { plan } = subquery;
  const [project, aggregate] = plan.kind === 'project' ? [plan, plan.source] : [null, plan];
  if (aggregate.kind !== 'aggregate' || aggregate.groups.length > 0 || aggregate.sets !== null) return null;
  // What a user's aggregate gives for no rows only it can tell.
  if (aggregate.aggregates.some(({ fn }) => fn.defined !== undefined)) return null;
  const outer = idsOf(source);
  const pulled = pullCorrelation(aggregate.source, outer);
  if (pulled === null || pulled.conditions.length === 0) return null;
  const inner = idsOf(pulled.plan);
  const keys: { outer: BoundExpression; condition: BoundExpression; column: PlanColumn }[] = [];
  for (const condition of pulled.conditions) {
    const key = joinKeyOf(condition, outer, inner);
    if (key === null || key.right.kind !== 'column' || key.nullsEqual) return null;
    const { id } = key.right;
    const column = pulled.plan.outputs.find((output) => output.id === id);
    if (column === undefined) return null;
    keys.push({ outer: key.left, condition, column });
  }
  const groups = [...new Map(keys.map((key) => [key.column.id, key.column])).values()];
  const grouped: AggregateNode = {
    ...aggregate,
    source: pulled.plan,
    groups: groups.map((column) => reference(column)),
    outputs: [...groups, ...aggregate.outputs],
  };
  // The aggregates' own arguments may mention the outer row as well; then grouping cannot free them.
  if (freeColumns(grouped).some((id) => outer.has(id))) return null;
  const join = makeJoin(
    'left',
    source,
    grouped,
    keys.map((key) => key.condition),
  );
  const replacements = new Map<ColumnId, BoundExpression>();
  aggregate.outputs.forEach((output, index) => {
    const empty = emptyValue(aggregate.aggregates[index]?.fn.name, reference(output));
    replacements.set(output.id, empty);
  });
  const [value] = project === null ? [reference(aggregate.outputs[0] as PlanColumn)] : project.expressions;
  if (value === undefined || hasSubquery(value)) return null;
  return { source: join, expression: substitute(value, replacements) };
}

/** What an aggregate's column stands for where the group does not exist. */
function emptyValue(name: string | undefined, column: BoundExpression): BoundExpression {
  if (name !== 'count' && name !== 'regr_count') return column;
  const zero: BoundExpression = { kind: 'const', value: 0, type: column.type };
  return { kind: 'coalesce', args: [column, zero], type: column.type };
}
