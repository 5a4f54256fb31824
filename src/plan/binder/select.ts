/**
 * One SELECT, step by step in the order in which SQL defines it:
 *
 *     FROM       bindFrom          joined rows
 *     WHERE      filter            (no aggregates here)
 *     targets    bindTargets       expressions, `*` spread out; ORDER BY's and DISTINCT ON's own join them unseen
 *     GROUP BY   Grouper           rows to groups; targets and HAVING rewritten over them
 *     windows    liftWindows       over groups, if there are any
 *     sets       liftSets          set-returning functions multiply rows
 *     project                      the targets
 *     DISTINCT, ORDER BY, LIMIT    over the projected rows; unseen columns dropped at last
 */
import { DriftError } from '../../base/error.ts';
import type { Expression } from '../../sql/ast.ts';
import type { Query, Select, SelectTarget, SortItem } from '../../sql/ast-query.ts';
import type { BoundExpression, ColumnId, SortKey } from '../expression.ts';
import { expressionKey } from '../expression-key.ts';
import type { PlanColumn, PlanNode } from '../plan.ts';
import { idsOf, someExpression } from '../walk-expression.ts';
import { sortKeyOf } from './calls.ts';
import { asBoolean, decided } from './coerce.ts';
import { expandedRow } from './composite-fields.ts';
import { bindFrom } from './from.ts';
import { Grouper, bindGrouping, type Grouping } from './grouping.ts';
import { hasOwnAggregate } from './own-aggregate.ts';
import { liftSets, liftWindows } from './lift.ts';
import { columnName } from './names.ts';
import { limited } from './limit.ts';
import { lockRows } from './lock-rows.ts';
import { CLAUSES, columnOf, type QueryOptions, type Scope } from './scope.ts';

const UNGROUPED: Grouping = { expressions: [], sets: null };

interface Target {
  readonly name: string;
  readonly expression: BoundExpression;
}

interface SortTarget {
  /** Position among the targets. */
  readonly index: number;
  readonly item: SortItem;
}

export function bindSelect(select: Select, query: Query, scope: Scope, options: QueryOptions): PlanNode {
  if (select.into !== undefined)
    throw new DriftError('0A000', 'SELECT INTO is not allowed here', { position: select.position });
  let plan = scope.within(CLAUSES.fromItems, () => bindFrom(select.from, scope));
  bindWindowNames(select, scope);
  if (select.where !== undefined) plan = bindWhere(plan, select.where, scope);
  const targets = bindTargets(select.targets, scope, options.keepUnknown === true);
  const shown = targets.length;
  const order = bindOrder(query.orderBy, targets, shown, scope);
  const on = select.distinct === undefined ? [] : bindOn(select.distinct, targets, shown, scope);
  const isDistinct = select.distinct !== undefined;
  if (isDistinct && on.length === 0) checkDistinctOrder(order, shown);
  const grouping =
    select.groupBy.length === 0
      ? UNGROUPED
      : bindGrouping(select, (syntax) => bindGroupItem(syntax, targets, shown, scope));
  const having =
    select.having === undefined
      ? null
      : scope.within(CLAUSES.having, () => asBoolean(scope.bind(select.having as Expression), 'HAVING', scope.state));
  let expressions: readonly BoundExpression[] = targets.map((target) => target.expression);
  const grouped = groupRows(plan, { grouping, having, explicit: select.groupBy.length > 0, expressions }, scope);
  if (grouped !== null) ({ plan, expressions } = grouped);
  if (scope.hasWindows) ({ plan, expressions } = liftWindows(plan, expressions, scope.state));
  if (scope.hasSets) ({ plan, expressions } = liftSets(plan, expressions, scope.state));
  plan = project(plan, targets, expressions, scope);
  return finish(plan, { query, scope, order, on, isDistinct, shown });
}

function bindWindowNames(select: Select, scope: Scope): void {
  for (const window of select.windows) {
    const name = window.name as string;
    if (scope.windows.has(name))
      throw new DriftError('42P20', `window "${name}" is already defined`, { position: window.position });
    scope.windows.set(name, window);
  }
}

function bindWhere(plan: PlanNode, where: Expression, scope: Scope): PlanNode {
  const condition = scope.within(CLAUSES.where, () => asBoolean(scope.bind(where), 'WHERE', scope.state));
  return { kind: 'filter', source: plan, condition, outputs: plan.outputs };
}

// ---- targets -----------------------------------------------------------------------------------------------------

export function bindTargets(syntax: readonly SelectTarget[], scope: Scope, keepUnknown: boolean): Target[] {
  const targets: Target[] = [];
  for (const target of syntax) {
    const { expression } = target;
    if (expression.kind === 'star') {
      targets.push(...expandStar(expression, scope));
      continue;
    }
    const bound = scope.bind(expression);
    targets.push({
      name: target.alias ?? columnName(expression, bound),
      expression: keepUnknown ? bound : decided(bound, scope.state),
    });
  }
  return targets;
}

function expandStar(star: Expression & { kind: 'star' }, scope: Scope): Target[] {
  const { position } = star;
  if (star.operand !== undefined) {
    const row = scope.bind(star.operand);
    const fields = expandedRow(row);
    if (fields === null)
      throw new DriftError('42809', 'type of the expanded expression is not composite', { position });
    return fields;
  }
  const name = star.qualifier[star.qualifier.length - 1];
  if (name === undefined) {
    if (scope.items.length === 0)
      throw new DriftError('42601', 'SELECT * with no tables specified is not valid', { position });
    return scope.allColumns().map((column) => ({ name: column.name, expression: { ...column.expression, position } }));
  }
  const relation = scope.relation(star.qualifier[star.qualifier.length - 2], name, position);
  if (relation === undefined)
    throw new DriftError('42P01', `missing FROM-clause entry for table "${name}"`, { position });
  return relation.columns.map((column) => ({ name: column.name, expression: { ...column.expression, position } }));
}

/** The target that ORDER BY, GROUP BY or DISTINCT ON means by a number or a bare output name; undefined: none. */
function namedTarget(
  syntax: Expression,
  clause: string,
  targets: readonly Target[],
  shown: number,
): number | undefined {
  if (syntax.kind === 'integer') {
    if (syntax.value >= 1 && syntax.value <= shown) return syntax.value - 1;
    throw new DriftError('42P10', `${clause} position ${syntax.value} is not in select list`, {
      position: syntax.position,
    });
  }
  if (syntax.kind === 'null' || syntax.kind === 'string' || syntax.kind === 'number' || syntax.kind === 'boolean') {
    throw new DriftError('42601', `non-integer constant in ${clause}`, { position: syntax.position });
  }
  if (syntax.kind !== 'column' || syntax.names.length !== 1) return undefined;
  let found: number | undefined;
  for (let i = 0; i < shown; i++) {
    const target = targets[i] as Target;
    if (target.name !== syntax.names[0]) continue;
    if (
      found !== undefined &&
      expressionKey(target.expression) !== expressionKey((targets[found] as Target).expression)
    ) {
      throw new DriftError('42702', `${clause} "${target.name}" is ambiguous`, { position: syntax.position });
    }
    found ??= i;
  }
  return found;
}

/** Finds the expression among the targets or adds it as one that is not shown. */
function placeExpression(expression: BoundExpression, targets: Target[]): number {
  const key = expressionKey(expression);
  const index = targets.findIndex((target) => expressionKey(target.expression) === key);
  if (index >= 0) return index;
  targets.push({ name: '?column?', expression });
  return targets.length - 1;
}

function bindOrder(items: readonly SortItem[], targets: Target[], shown: number, scope: Scope): SortTarget[] {
  return items.map((item) => {
    const named = namedTarget(item.expression, 'ORDER BY', targets, shown);
    if (named !== undefined) return { index: named, item };
    const expression = scope.within(CLAUSES.orderBy, () => decided(scope.bind(item.expression), scope.state));
    return { index: placeExpression(expression, targets), item };
  });
}

function bindOn(expressions: readonly Expression[], targets: Target[], shown: number, scope: Scope): number[] {
  return expressions.map((syntax) => {
    const named = namedTarget(syntax, 'DISTINCT ON', targets, shown);
    if (named !== undefined) return named;
    return placeExpression(decided(scope.bind(syntax), scope.state), targets);
  });
}

function checkDistinctOrder(order: readonly SortTarget[], shown: number): void {
  for (const { index, item } of order) {
    if (index >= shown) {
      throw new DriftError('42P10', 'for SELECT DISTINCT, ORDER BY expressions must appear in select list', {
        position: item.expression.position,
      });
    }
  }
}

// ---- grouping ----------------------------------------------------------------------------------------------------

/** GROUP BY prefers an input column to an output name of the same spelling. */
function bindGroupItem(syntax: Expression, targets: readonly Target[], shown: number, scope: Scope): BoundExpression {
  const isInput =
    syntax.kind === 'column' && syntax.names.length === 1 && isInputColumn(syntax.names[0] as string, scope);
  if (!isInput) {
    const named = namedTarget(syntax, 'GROUP BY', targets, shown);
    if (named !== undefined) {
      const { expression } = targets[named] as Target;
      rejectInGroupBy(expression, scope);
      return expression;
    }
  }
  return scope.within(CLAUSES.groupBy, () => decided(scope.bind(syntax), scope.state));
}

function isInputColumn(name: string, scope: Scope): boolean {
  return scope.items.some((item) => item.columns.some((column) => column.name === name));
}

function rejectInGroupBy(expression: BoundExpression, scope: Scope): void {
  const own = new Set<ColumnId>();
  for (const item of scope.items)
    for (const column of item.columns) if (column.expression.kind === 'column') own.add(column.expression.id);
  if (hasOwnAggregate(expression, own)) {
    throw new DriftError('42803', 'aggregate functions are not allowed in GROUP BY', { position: expression.position });
  }
  if (someExpression(expression, (part) => part.kind === 'window')) {
    throw new DriftError('42P20', 'window functions are not allowed in GROUP BY', { position: expression.position });
  }
}

interface Ungrouped {
  readonly grouping: Grouping;
  readonly having: BoundExpression | null;
  /** GROUP BY was written, if only `GROUP BY ()`. */
  readonly explicit: boolean;
  readonly expressions: readonly BoundExpression[];
}

function groupRows(
  plan: PlanNode,
  parts: Ungrouped,
  scope: Scope,
): { plan: PlanNode; expressions: readonly BoundExpression[] } | null {
  const own = idsOf(plan);
  const needed =
    parts.explicit || parts.having !== null || parts.expressions.some((expression) => hasOwnAggregate(expression, own));
  if (!needed) return null;
  const grouper = new Grouper(parts.grouping, plan, scope);
  const expressions = parts.expressions.map((expression) => grouper.rewrite(expression));
  const having = parts.having === null ? null : grouper.rewrite(parts.having);
  const node = grouper.node();
  const filtered: PlanNode =
    having === null ? node : { kind: 'filter', source: node, condition: having, outputs: node.outputs };
  return { plan: filtered, expressions };
}

// ---- the end of the pipeline -------------------------------------------------------------------------------------

function project(
  source: PlanNode,
  targets: readonly Target[],
  expressions: readonly BoundExpression[],
  scope: Scope,
): PlanNode {
  const origins = new Map(source.outputs.map((output) => [output.id, output]));
  const used = new Set<ColumnId>();
  const outputs = expressions.map((expression, i): PlanColumn => {
    const { name } = targets[i] as Target;
    if (expression.kind !== 'column') return { id: scope.state.nextId(), name, type: expression.type };
    const origin = origins.get(expression.id);
    // A column keeps its id, unless it is listed twice or comes from outside.
    const keeps = origin !== undefined && !used.has(expression.id);
    used.add(expression.id);
    const id = keeps ? expression.id : scope.state.nextId();
    return { id, name, type: expression.type, tableId: origin?.tableId, columnId: origin?.columnId };
  });
  return { kind: 'project', source, expressions, outputs };
}

interface Finish {
  readonly query: Query;
  readonly scope: Scope;
  readonly order: readonly SortTarget[];
  readonly on: readonly number[];
  readonly isDistinct: boolean;
  readonly shown: number;
}

function finish(projected: PlanNode, parts: Finish): PlanNode {
  const { query, scope, order, on, isDistinct, shown } = parts;
  const column = (index: number): BoundExpression => {
    const output = projected.outputs[index] as PlanColumn;
    return columnOf(output.id, output.name, output.type);
  };
  let plan = projected;
  let keys: SortKey[] = order.map(({ index, item }) => sortKeyOf(column(index), item));
  if (isDistinct && on.length === 0) plan = { kind: 'distinct', source: plan, outputs: plan.outputs };
  if (on.length > 0) keys = onKeys(order, on, keys, column);
  if (keys.length > 0) plan = { kind: 'sort', source: plan, keys, limit: null, outputs: plan.outputs };
  if (on.length > 0)
    plan = { kind: 'distinctOn', source: plan, on: on.map((index) => column(index)), outputs: plan.outputs };
  if (query.locking.length > 0) plan = lockRows(plan, query);
  plan = limited(plan, query, scope, keys);
  if (shown === projected.outputs.length) return plan;
  const outputs = projected.outputs.slice(0, shown);
  return {
    kind: 'project',
    source: plan,
    expressions: outputs.map((output) => columnOf(output.id, output.name, output.type)),
    outputs,
  };
}

/** DISTINCT ON needs its expressions first in the order; ORDER BY must begin with them, in any order. */
function onKeys(
  order: readonly SortTarget[],
  on: readonly number[],
  keys: readonly SortKey[],
  column: (index: number) => BoundExpression,
): SortKey[] {
  const remaining = new Set(on);
  for (const { index, item } of order) {
    if (remaining.size === 0) break;
    if (!on.includes(index)) {
      throw new DriftError('42P10', 'SELECT DISTINCT ON expressions must match initial ORDER BY expressions', {
        position: item.expression.position,
      });
    }
    remaining.delete(index);
  }
  const rest = [...remaining].map((index): SortKey => ({
    expression: column(index),
    descending: false,
    nullsFirst: false,
  }));
  return [...keys, ...rest];
}
