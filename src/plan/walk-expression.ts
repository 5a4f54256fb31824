/**
 * Walking and rebuilding bound expressions: the one place that knows each kind's children.
 *
 * A subquery's plan belongs to its expression: `columnsOf` sees the ids it needs from outside, and rewriting reaches
 * into it through `mapPlanExpressions` (walk-plan.ts), so a condition with a correlated subquery moves like any other.
 */
import type { BoundExpression, ColumnId, SortKey, SubqueryExpression } from './expression.ts';
import type { PlanNode } from './plan.ts';

export type Rewrite = (expression: BoundExpression) => BoundExpression;

/** The direct subexpressions; those of a subquery's plan are not included (its test is). */
export function childrenOf(expression: BoundExpression): readonly BoundExpression[] {
  switch (expression.kind) {
    case 'const':
    case 'parameter':
    case 'column':
    case 'nextValue':
      return [];
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'setCall':
    case 'grouping':
      return expression.args;
    case 'cast':
    case 'not':
    case 'isNull':
    case 'booleanTest':
      return [expression.operand];
    case 'distinctFrom':
      return [expression.left, expression.right];
    case 'case': {
      const children: BoundExpression[] = [];
      for (const branch of expression.branches) children.push(branch.when, branch.then);
      if (expression.otherwise !== null) children.push(expression.otherwise);
      return children;
    }
    case 'nullIf':
      return [expression.result, expression.left, expression.right];
    case 'inList':
      return [expression.operand, ...expression.items];
    case 'quantified':
      return [expression.operand, expression.array];
    case 'subquery':
      return expression.test === null ? [] : [expression.test];
    case 'array':
      return expression.elements;
    case 'row':
      return expression.fields;
    case 'subscript': {
      const children: BoundExpression[] = [expression.operand];
      for (const { lower, upper } of expression.subscripts) {
        if (lower !== null) children.push(lower);
        if (upper !== null) children.push(upper);
      }
      return children;
    }
    case 'aggregate': {
      const { call } = expression;
      const children = [...call.args, ...call.order.map((key) => key.expression)];
      if (call.filter !== null) children.push(call.filter);
      return children;
    }
    case 'window': {
      const { call, window } = expression;
      const children = [...call.args, ...window.partition, ...window.order.map((key) => key.expression)];
      if (call.filter !== null) children.push(call.filter);
      for (const bound of [window.frame.start, window.frame.end]) {
        if (bound.kind === 'preceding' || bound.kind === 'following') children.push(bound.offset);
      }
      return children;
    }
  }
}

/** Returns the expression with each direct child replaced; the same object where none changes. */
export function mapChildren(expression: BoundExpression, rewrite: Rewrite): BoundExpression {
  switch (expression.kind) {
    case 'const':
    case 'parameter':
    case 'column':
    case 'nextValue':
      return expression;
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'setCall':
    case 'grouping': {
      const args = mapList(expression.args, rewrite);
      return args === expression.args ? expression : { ...expression, args };
    }
    case 'cast':
    case 'not':
    case 'isNull':
    case 'booleanTest': {
      const operand = rewrite(expression.operand);
      return operand === expression.operand ? expression : { ...expression, operand };
    }
    case 'distinctFrom': {
      const left = rewrite(expression.left);
      const right = rewrite(expression.right);
      return left === expression.left && right === expression.right ? expression : { ...expression, left, right };
    }
    case 'case': {
      const branches = expression.branches.map(({ when, then }) => ({ when: rewrite(when), then: rewrite(then) }));
      const otherwise = expression.otherwise === null ? null : rewrite(expression.otherwise);
      return { ...expression, branches, otherwise };
    }
    case 'nullIf':
      return {
        ...expression,
        result: rewrite(expression.result),
        left: rewrite(expression.left),
        right: rewrite(expression.right),
      };
    case 'inList': {
      const operand = rewrite(expression.operand);
      const items = mapList(expression.items, rewrite);
      return operand === expression.operand && items === expression.items
        ? expression
        : { ...expression, operand, items };
    }
    case 'quantified':
      return { ...expression, operand: rewrite(expression.operand), array: rewrite(expression.array) };
    case 'subquery':
      return expression.test === null ? expression : { ...expression, test: rewrite(expression.test) };
    case 'array': {
      const elements = mapList(expression.elements, rewrite);
      return elements === expression.elements ? expression : { ...expression, elements };
    }
    case 'row': {
      const fields = mapList(expression.fields, rewrite);
      return fields === expression.fields ? expression : { ...expression, fields };
    }
    case 'subscript':
      return {
        ...expression,
        operand: rewrite(expression.operand),
        subscripts: expression.subscripts.map(({ slice, lower, upper }) => ({
          slice,
          lower: lower === null ? null : rewrite(lower),
          upper: upper === null ? null : rewrite(upper),
        })),
      };
    case 'aggregate': {
      const { call } = expression;
      return {
        ...expression,
        call: {
          ...call,
          args: mapList(call.args, rewrite),
          order: mapSortKeys(call.order, rewrite),
          filter: call.filter === null ? null : rewrite(call.filter),
        },
      };
    }
    case 'window': {
      const { call, window } = expression;
      const { frame } = window;
      const bound = (side: typeof frame.start): typeof frame.start =>
        side.kind === 'preceding' || side.kind === 'following' ? { ...side, offset: rewrite(side.offset) } : side;
      return {
        ...expression,
        call: {
          ...call,
          args: mapList(call.args, rewrite),
          filter: call.filter === null ? null : rewrite(call.filter),
        },
        window: {
          partition: mapList(window.partition, rewrite),
          order: mapSortKeys(window.order, rewrite),
          frame: { ...frame, start: bound(frame.start), end: bound(frame.end) },
        },
      };
    }
  }
}

export function mapList(list: readonly BoundExpression[], rewrite: Rewrite): readonly BoundExpression[] {
  let changed = false;
  const result: BoundExpression[] = [];
  for (const item of list) {
    const mapped = rewrite(item);
    if (mapped !== item) changed = true;
    result.push(mapped);
  }
  return changed ? result : list;
}

export function mapSortKeys(keys: readonly SortKey[], rewrite: Rewrite): readonly SortKey[] {
  let changed = false;
  const result: SortKey[] = [];
  for (const key of keys) {
    const expression = rewrite(key.expression);
    if (expression !== key.expression) changed = true;
    result.push(expression === key.expression ? key : { ...key, expression });
  }
  return changed ? result : keys;
}

/** Whether `test` holds for the expression or any part of it (not inside subqueries' plans). */
export function someExpression(expression: BoundExpression, test: (part: BoundExpression) => boolean): boolean {
  if (test(expression)) return true;
  for (const child of childrenOf(expression)) if (someExpression(child, test)) return true;
  return false;
}

/** Adds the ids of all columns that the expression needs from outside; a subquery's own columns are not among them. */
export function collectColumns(expression: BoundExpression, into: Set<ColumnId>): void {
  if (expression.kind === 'column') {
    into.add(expression.id);
    return;
  }
  if (expression.kind === 'subquery') {
    for (const id of expression.correlated) into.add(id);
    if (expression.test !== null) collectTest(expression, expression.test, into);
    return;
  }
  for (const child of childrenOf(expression)) collectColumns(child, into);
}

function collectTest(subquery: SubqueryExpression, test: BoundExpression, into: Set<ColumnId>): void {
  const inTest = new Set<ColumnId>();
  collectColumns(test, inTest);
  for (const output of subquery.plan.outputs) inTest.delete(output.id);
  for (const id of inTest) into.add(id);
}

export function columnsOf(expression: BoundExpression): Set<ColumnId> {
  const columns = new Set<ColumnId>();
  collectColumns(expression, columns);
  return columns;
}

/** Whether all columns that the expression mentions satisfy `known`. */
export function dependsOnly(expression: BoundExpression, known: (id: ColumnId) => boolean): boolean {
  for (const id of columnsOf(expression)) if (!known(id)) return false;
  return true;
}

export function idsOf(node: PlanNode): Set<ColumnId> {
  const ids = new Set<ColumnId>();
  for (const output of node.outputs) ids.add(output.id);
  return ids;
}

/** The conjuncts of a condition, nested ANDs flattened. */
export function conjuncts(condition: BoundExpression | null): BoundExpression[] {
  if (condition === null) return [];
  if (condition.kind !== 'and') return [condition];
  return condition.args.flatMap((arg) => conjuncts(arg));
}

/** The conjunction of conditions; null for none. */
export function conjunction(conditions: readonly BoundExpression[]): BoundExpression | null {
  const [first] = conditions;
  if (first === undefined) return null;
  if (conditions.length === 1) return first;
  return { kind: 'and', args: conditions, type: first.type };
}

export function isVolatile(expression: BoundExpression): boolean {
  return someExpression(
    expression,
    (part) => part.kind === 'nextValue' || (part.kind === 'call' && part.fn.volatility === 'volatile'),
  );
}

/** Whether evaluating may have to wait: for a subquery, or for what a user's function does. */
export function hasSubquery(expression: BoundExpression): boolean {
  return someExpression(
    expression,
    (part) =>
      part.kind === 'subquery' ||
      (part.kind === 'call' && (part.fn.routine !== undefined || part.fn.waits !== undefined)),
  );
}
