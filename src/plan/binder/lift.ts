/**
 * Lifting window calls and set-returning functions out of select lists into plan nodes of their own.
 */
import type { BoundExpression, WindowCall, WindowExpression, WindowSpec } from '../expression.ts';
import { expressionKey, windowKey } from '../expression-key.ts';
import type { PlanColumn, PlanNode, ProjectSetNode } from '../plan.ts';
import { childrenOf, mapChildren, someExpression } from '../walk-expression.ts';
import type { BindState } from './context.ts';
import { columnOf } from './scope.ts';

export interface Lifted {
  readonly plan: PlanNode;
  readonly expressions: readonly BoundExpression[];
}

/** One window node for each different window, in the order in which they appear. */
export function liftWindows(source: PlanNode, expressions: readonly BoundExpression[], state: BindState): Lifted {
  const found = new Map<string, { window: WindowSpec; calls: Map<string, { call: WindowCall; column: PlanColumn }> }>();
  const collect = (expression: BoundExpression): void => {
    if (expression.kind === 'window') {
      add(expression);
      return;
    }
    for (const child of childrenOf(expression)) collect(child);
  };
  const add = (expression: WindowExpression): void => {
    const key = windowKey(expression.window);
    let entry = found.get(key);
    if (entry === undefined) found.set(key, (entry = { window: expression.window, calls: new Map() }));
    const callKey = expressionKey(expression);
    if (entry.calls.has(callKey)) return;
    const column: PlanColumn = { id: state.nextId(), name: expression.call.fn.name, type: expression.type };
    entry.calls.set(callKey, { call: expression.call, column });
  };
  for (const expression of expressions) collect(expression);
  let plan = source;
  for (const { window, calls } of found.values()) {
    const items = [...calls.values()];
    const outputs = [...plan.outputs, ...items.map((item) => item.column)];
    plan = { kind: 'window', source: plan, window, calls: items.map((item) => item.call), outputs };
  }
  const replace = (expression: BoundExpression): BoundExpression => {
    if (expression.kind !== 'window') return mapChildren(expression, replace);
    const column = found.get(windowKey(expression.window))?.calls.get(expressionKey(expression))?.column;
    return column === undefined ? expression : columnOf(column.id, column.name, column.type);
  };
  return { plan, expressions: expressions.map((expression) => replace(expression)) };
}

/** Set-returning functions run side by side; one inside another's arguments runs below it. */
export function liftSets(source: PlanNode, expressions: readonly BoundExpression[], state: BindState): Lifted {
  let plan = source;
  let current = expressions;
  while (current.some((expression) => someExpression(expression, (part) => part.kind === 'setCall'))) {
    const calls: ProjectSetNode['calls'][number][] = [];
    const columns: PlanColumn[] = [];
    const known = new Map<string, PlanColumn>();
    const replace = (expression: BoundExpression): BoundExpression => {
      const inner = expression.kind === 'setCall';
      const nested = inner && expression.args.some((arg) => someExpression(arg, (part) => part.kind === 'setCall'));
      if (!inner || nested) return mapChildren(expression, replace);
      const key = expressionKey(expression);
      let column = known.get(key);
      if (column === undefined) {
        column = { id: state.nextId(), name: expression.fn.name, type: expression.type };
        known.set(key, column);
        columns.push(column);
        calls.push({ fn: expression.fn, args: expression.args });
      }
      return { ...columnOf(column.id, column.name, column.type), position: expression.position };
    };
    current = current.map((expression) => replace(expression));
    plan = { kind: 'projectSet', source: plan, calls, outputs: [...plan.outputs, ...columns] };
  }
  return { plan, expressions: current };
}
