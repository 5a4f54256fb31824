/**
 * Walking and rebuilding plans: the one place that knows each node's inputs and expressions.
 *
 * Rules of the optimizer are functions of one node; `mapInputs` carries them down a tree, `mapExpressions` over a
 * node's own expressions and `mapPlanExpressions` over everything in a tree, subqueries included.
 */
import type { AggregateCall, BoundExpression, ColumnId, WindowCall, WindowSpec } from './expression.ts';
import type { ConflictClause, ModifyNode, PlanNode, Returning } from './plan.ts';
import type { AccessRange, BitmapPart, ScanAccess } from './scan-access.ts';
import { collectColumns, mapChildren, mapList, mapSortKeys, someExpression, type Rewrite } from './walk-expression.ts';

export function inputsOf(node: PlanNode): readonly PlanNode[] {
  switch (node.kind) {
    case 'scan':
    case 'systemScan':
    case 'functionScan':
    case 'values':
    case 'oneRow':
    case 'empty':
    case 'cteScan':
    case 'workScan':
      return [];
    case 'project':
    case 'projectSet':
    case 'filter':
    case 'aggregate':
    case 'gather':
    case 'window':
    case 'sort':
    case 'limit':
    case 'lockRows':
    case 'distinct':
    case 'distinctOn':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return [node.source];
    case 'join':
    case 'setOperation':
      return [node.left, node.right];
    case 'with':
      return [node.definition, node.body];
    case 'recursiveUnion':
      return [node.initial, node.step];
  }
}

/** Returns the node with each input replaced; the same object where none changes. Outputs are kept as they are. */
export function mapInputs(node: PlanNode, rewrite: (input: PlanNode) => PlanNode): PlanNode {
  switch (node.kind) {
    case 'scan':
    case 'systemScan':
    case 'functionScan':
    case 'values':
    case 'oneRow':
    case 'empty':
    case 'cteScan':
    case 'workScan':
      return node;
    case 'project':
    case 'projectSet':
    case 'filter':
    case 'aggregate':
    case 'gather':
    case 'window':
    case 'sort':
    case 'limit':
    case 'lockRows':
    case 'distinct':
    case 'distinctOn':
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge': {
      const source = rewrite(node.source);
      return source === node.source ? node : { ...node, source };
    }
    case 'join':
    case 'setOperation': {
      const left = rewrite(node.left);
      const right = rewrite(node.right);
      return left === node.left && right === node.right ? node : { ...node, left, right };
    }
    case 'with': {
      const definition = rewrite(node.definition);
      const body = rewrite(node.body);
      return definition === node.definition && body === node.body ? node : { ...node, definition, body };
    }
    case 'recursiveUnion': {
      const initial = rewrite(node.initial);
      const step = rewrite(node.step);
      return initial === node.initial && step === node.step ? node : { ...node, initial, step };
    }
  }
}

/** Returns the node with each of its own expressions rewritten (not those of its inputs). */
export function mapExpressions(node: PlanNode, rewrite: Rewrite): PlanNode {
  switch (node.kind) {
    case 'scan':
      return {
        ...node,
        filter: orNull(node.filter, rewrite),
        zones: node.zones.map((zone) => ({ ...zone, value: orNull(zone.value, rewrite) })),
        access: mapAccess(node.access, rewrite),
      };
    case 'systemScan':
      return { ...node, filter: orNull(node.filter, rewrite) };
    case 'functionScan':
      return {
        ...node,
        functions: node.functions.map((call) =>
          call.kind === 'set'
            ? { ...call, args: mapList(call.args, rewrite) }
            : { ...call, expression: rewrite(call.expression) },
        ),
      };
    case 'values':
      return { ...node, rows: node.rows.map((row) => mapList(row, rewrite)) };
    case 'oneRow':
    case 'empty':
    case 'cteScan':
    case 'workScan':
    case 'distinct':
    case 'gather':
    case 'setOperation':
    case 'with':
    case 'recursiveUnion':
      return node;
    case 'project':
      return { ...node, expressions: mapList(node.expressions, rewrite) };
    case 'projectSet':
      return { ...node, calls: node.calls.map((call) => ({ ...call, args: mapList(call.args, rewrite) })) };
    case 'filter':
      return { ...node, condition: rewrite(node.condition) };
    case 'join':
      return {
        ...node,
        keys: node.keys.map((key) => ({ ...key, left: rewrite(key.left), right: rewrite(key.right) })),
        residual: orNull(node.residual, rewrite),
      };
    case 'aggregate':
      return {
        ...node,
        groups: mapList(node.groups, rewrite),
        aggregates: node.aggregates.map((call) => mapAggregateCall(call, rewrite)),
      };
    case 'window':
      return {
        ...node,
        window: mapWindow(node.window, rewrite),
        calls: node.calls.map((call) => mapWindowCall(call, rewrite)),
      };
    case 'sort':
      return { ...node, keys: mapSortKeys(node.keys, rewrite) };
    case 'limit':
      return {
        ...node,
        count: orNull(node.count, rewrite),
        offset: orNull(node.offset, rewrite),
        ties: node.ties === null ? null : mapSortKeys(node.ties, rewrite),
      };
    case 'lockRows':
      return { ...node, locks: node.locks.map((lock) => ({ ...lock, key: mapList(lock.key, rewrite) })) };
    case 'distinctOn':
      return { ...node, on: mapList(node.on, rewrite) };
    case 'insert':
      return {
        ...node,
        values: node.values.map((value) => orNull(value, rewrite)),
        generated: node.generated.map((item) => ({ ...item, expression: rewrite(item.expression) })),
        checks: node.checks.map((check) => ({ ...check, condition: rewrite(check.condition) })),
        conflict: node.conflict === null ? null : mapConflict(node.conflict, rewrite),
        returning: mapReturning(node.returning, rewrite),
      };
    case 'update':
      return {
        ...node,
        assignments: node.assignments.map((item) => ({ ...item, expression: rewrite(item.expression) })),
        generated: node.generated.map((item) => ({ ...item, expression: rewrite(item.expression) })),
        checks: node.checks.map((check) => ({ ...check, condition: rewrite(check.condition) })),
        returning: mapReturning(node.returning, rewrite),
      };
    case 'delete':
      return { ...node, returning: mapReturning(node.returning, rewrite) };
    case 'merge':
      return {
        ...node,
        whens: node.whens.map((when) => ({
          ...when,
          condition: orNull(when.condition, rewrite),
          action: when.action === null ? null : mapAction(when.action, rewrite),
        })),
      };
  }
}

function mapAction<T extends PlanNode>(action: T, rewrite: Rewrite): T {
  return mapExpressions(action, rewrite) as T;
}

function orNull(expression: BoundExpression | null, rewrite: Rewrite): BoundExpression | null {
  return expression === null ? null : rewrite(expression);
}

function mapAccess(access: ScanAccess, rewrite: Rewrite): ScanAccess {
  switch (access.kind) {
    case 'full':
      return access;
    case 'key':
    case 'keys':
      return { ...access, values: mapList(access.values, rewrite) };
    case 'keyArray':
      return { ...access, array: rewrite(access.array) };
    case 'keyRange':
    case 'indexRange':
      return mapRange(access, rewrite);
    case 'bitmap':
      return { ...access, part: mapPart(access.part, rewrite) };
  }
}

function mapPart(part: BitmapPart, rewrite: Rewrite): BitmapPart {
  if (part.kind === 'range') return mapRange(part, rewrite);
  return { ...part, parts: part.parts.map((inner) => mapPart(inner, rewrite)) };
}

function mapRange<T extends AccessRange>(range: T, rewrite: Rewrite): T {
  return {
    ...range,
    prefix: mapList(range.prefix, rewrite),
    low: range.low === null ? null : { ...range.low, value: rewrite(range.low.value) },
    high: range.high === null ? null : { ...range.high, value: rewrite(range.high.value) },
  };
}

function mapAggregateCall(call: AggregateCall, rewrite: Rewrite): AggregateCall {
  return {
    ...call,
    args: mapList(call.args, rewrite),
    filter: orNull(call.filter, rewrite),
    order: mapSortKeys(call.order, rewrite),
  };
}

function mapWindowCall(call: WindowCall, rewrite: Rewrite): WindowCall {
  return { ...call, args: mapList(call.args, rewrite), filter: orNull(call.filter, rewrite) };
}

function mapWindow(window: WindowSpec, rewrite: Rewrite): WindowSpec {
  const bound = (side: WindowSpec['frame']['start']): WindowSpec['frame']['start'] =>
    side.kind === 'preceding' || side.kind === 'following' ? { ...side, offset: rewrite(side.offset) } : side;
  return {
    partition: mapList(window.partition, rewrite),
    order: mapSortKeys(window.order, rewrite),
    frame: { ...window.frame, start: bound(window.frame.start), end: bound(window.frame.end) },
  };
}

function mapReturning(returning: Returning | null, rewrite: Rewrite): Returning | null {
  return returning === null ? null : { expressions: mapList(returning.expressions, rewrite) };
}

function mapConflict(conflict: ConflictClause, rewrite: Rewrite): ConflictClause {
  const { update } = conflict;
  if (update === null) return conflict;
  return {
    ...conflict,
    update: {
      ...update,
      assignments: update.assignments.map((item) => ({ ...item, expression: rewrite(item.expression) })),
      where: orNull(update.where, rewrite),
      generated: update.generated.map((item) => ({ ...item, expression: rewrite(item.expression) })),
      checks: update.checks.map((check) => ({ ...check, condition: rewrite(check.condition) })),
      returning: mapReturning(update.returning, rewrite),
    },
  };
}

/** Calls `visit` with each of the node's own expressions (not those of its inputs). */
export function visitExpressions(node: PlanNode, visit: (expression: BoundExpression) => void): void {
  mapExpressions(node, (expression) => {
    visit(expression);
    return expression;
  });
}

/** Rewrites an expression bottom-up, the plans of its subqueries included. */
export function rewriteDeep(expression: BoundExpression, rewrite: Rewrite): BoundExpression {
  let inner = mapChildren(expression, (child) => rewriteDeep(child, rewrite));
  if (inner.kind === 'subquery') {
    const plan = mapPlanExpressions(inner.plan, rewrite);
    inner = { ...inner, plan, correlated: freeColumns(plan) };
  }
  return rewrite(inner);
}

/** Rewrites every expression of a tree bottom-up, those of subqueries included. */
export function mapPlanExpressions(plan: PlanNode, rewrite: Rewrite): PlanNode {
  const inputs = mapInputs(plan, (input) => mapPlanExpressions(input, rewrite));
  const node = mapExpressions(inputs, (expression) => rewriteDeep(expression, rewrite));
  return node.kind === 'join' && node.correlated.length > 0
    ? { ...node, correlated: correlationOf(node.left, node.right) }
    : node;
}

/** Replaces columns by expressions, also where subqueries mention them. */
export function substitute(
  expression: BoundExpression,
  replacements: ReadonlyMap<ColumnId, BoundExpression>,
): BoundExpression {
  if (replacements.size === 0) return expression;
  return rewriteDeep(expression, (part) => (part.kind === 'column' ? (replacements.get(part.id) ?? part) : part));
}

/** Ids that a plan mentions without producing them: what it needs from enclosing queries. */
export function freeColumns(plan: PlanNode): ColumnId[] {
  const used = new Set<ColumnId>();
  const produced = new Set<ColumnId>();
  collectPlanColumns(plan, used, produced);
  return [...used].filter((id) => !produced.has(id));
}

/** Ids of the left input that the right one mentions. */
export function correlationOf(left: PlanNode, right: PlanNode): ColumnId[] {
  const free = new Set(freeColumns(right));
  return left.outputs.filter((output) => free.has(output.id)).map((output) => output.id);
}

function collectPlanColumns(node: PlanNode, used: Set<ColumnId>, produced: Set<ColumnId>): void {
  for (const input of inputsOf(node)) collectPlanColumns(input, used, produced);
  for (const output of node.outputs) produced.add(output.id);
  if (node.kind === 'insert' || node.kind === 'update') for (const id of node.newRow) produced.add(id);
  if (node.kind === 'insert' && node.conflict !== null && node.conflict.update !== null) {
    for (const id of node.conflict.update.oldRow) produced.add(id);
    for (const id of node.conflict.update.updatedRow) produced.add(id);
  }
  if (node.kind === 'scan') for (const column of node.columns) produced.add(column.id);
  if (node.kind === 'merge')
    for (const { action } of node.whens)
      if (action !== null && action.kind !== 'delete') for (const id of action.newRow) produced.add(id);
  visitExpressions(node, (expression) => collectColumns(expression, used));
}

export function isModify(node: PlanNode): node is ModifyNode {
  return node.kind === 'insert' || node.kind === 'update' || node.kind === 'delete' || node.kind === 'merge';
}

/** The statement's data changes: its own and those of WITH, which stand at the top only. */
export function modifiesOf(node: PlanNode): ModifyNode[] {
  if (node.kind === 'with') return [...modifiesOf(node.definition), ...modifiesOf(node.body)];
  if (isModify(node)) return [node];
  return 'source' in node ? modifiesOf(node.source) : [];
}

/** Whether any node of the tree, subqueries included, satisfies `test`. */
export function somePlan(plan: PlanNode, test: (node: PlanNode) => boolean): boolean {
  if (test(plan)) return true;
  for (const input of inputsOf(plan)) if (somePlan(input, test)) return true;
  let found = false;
  visitExpressions(plan, (expression) => {
    found ||= someExpression(expression, (part) => part.kind === 'subquery' && somePlan(part.plan, test));
  });
  return found;
}

/** Maps the plans of all subqueries in a node's own expressions. */
export function mapSubqueries(node: PlanNode, rewrite: (plan: PlanNode) => PlanNode): PlanNode {
  let any = false;
  visitExpressions(node, (expression) => {
    any ||= someExpression(expression, (part) => part.kind === 'subquery');
  });
  if (!any) return node;
  const inside = (expression: BoundExpression): BoundExpression => {
    const inner = mapChildren(expression, inside);
    return inner.kind === 'subquery' ? { ...inner, plan: rewrite(inner.plan) } : inner;
  };
  return mapExpressions(node, inside);
}

/** Applies `rewrite` once to each expression of each node of a tree (it recurses into expressions itself). */
export function mapRoots(plan: PlanNode, rewrite: Rewrite): PlanNode {
  const inputs = mapInputs(plan, (input) => mapRoots(input, rewrite));
  const node = mapExpressions(inputs, rewrite);
  return node.kind === 'join' && node.correlated.length > 0
    ? { ...node, correlated: correlationOf(node.left, node.right) }
    : node;
}

/** Replaces nodes bottom-up, also in the plans of subqueries, whose correlation is worked out anew. */
export function mapNodes(plan: PlanNode, replace: (node: PlanNode) => PlanNode): PlanNode {
  const inputs = mapInputs(plan, (input) => mapNodes(input, replace));
  const inside = (expression: BoundExpression): BoundExpression => {
    const inner = mapChildren(expression, inside);
    if (inner.kind !== 'subquery') return inner;
    const replaced = mapNodes(inner.plan, replace);
    return replaced === inner.plan ? inner : { ...inner, plan: replaced, correlated: freeColumns(replaced) };
  };
  let any = false;
  visitExpressions(inputs, (expression) => {
    any ||= someExpression(expression, (part) => part.kind === 'subquery');
  });
  const node = any ? mapExpressions(inputs, inside) : inputs;
  return replace(node);
}
