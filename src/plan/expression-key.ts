/**
 * Structural equality of bound expressions, as text keys: GROUP BY a + 1 matches SELECT a + 1.
 *
 * Positions are left out; a subquery equals only itself.
 */
import type { BoundExpression, SortKey, WindowSpec } from './expression.ts';
import { childrenOf } from './walk-expression.ts';

const planIds = new WeakMap<object, number>();
let nextPlanId = 0;

export function expressionKey(expression: BoundExpression): string {
  const children = childrenOf(expression);
  let key = `${detail(expression)}:${expression.type.oid}`;
  if (children.length > 0) {
    key += '(';
    for (const child of children) key += `${expressionKey(child)},`;
    key += ')';
  }
  return key;
}

export function sortKeyText(key: SortKey): string {
  return `${expressionKey(key.expression)} ${key.descending ? 'desc' : 'asc'} ${key.nullsFirst ? 'first' : 'last'}`;
}

export function windowKey(window: WindowSpec): string {
  const partition = window.partition.map((item) => expressionKey(item)).join();
  const order = window.order.map((item) => sortKeyText(item)).join();
  const { mode, start, end, exclude } = window.frame;
  const bound = (side: typeof start): string =>
    'offset' in side ? `${side.kind} ${expressionKey(side.offset)}` : side.kind;
  return `${partition}|${order}|${mode} ${bound(start)} ${bound(end)} ${exclude}`;
}

function detail(expression: BoundExpression): string {
  switch (expression.kind) {
    case 'const':
      return `const ${typeof expression.value} ${String(expression.value)}`;
    case 'parameter':
      return `$${expression.index}`;
    case 'column':
      return `#${expression.id}`;
    case 'call':
      return `call ${expression.fn.id}`;
    case 'cast':
      return `cast ${expression.method} ${expression.fn?.id ?? ''} ${expression.type.typmod}${expression.collate ?? ''}`;
    case 'isNull':
    case 'inList':
    case 'distinctFrom':
      return `${expression.kind} ${String(expression.negated)}`;
    case 'booleanTest':
      return `is ${expression.test} ${String(expression.negated)}`;
    case 'case':
      return `case ${expression.branches.length} ${expression.otherwise === null ? '' : 'else'}`;
    case 'quantified':
      return `${expression.quantifier} ${expression.comparison.id}`;
    case 'subquery':
      return `subquery ${identity(expression.plan)}`;
    case 'subscript':
      return `subscript ${expression.subscripts.map((item) => `${item.slice}${item.lower === null}${item.upper === null}`).join()}`;
    case 'nextValue':
      return `nextval ${expression.sequenceId}`;
    case 'aggregate': {
      const { call } = expression;
      const order = call.order.map((item) => sortKeyText(item)).join();
      return `agg ${call.fn.id} ${call.args.length} ${String(call.distinct)} ${order} ${call.filter === null ? '' : 'filter'}`;
    }
    case 'window':
      return `window ${expression.call.fn.id} ${windowKey(expression.window)}`;
    case 'setCall':
      return `set ${expression.fn.id}`;
    default:
      return expression.kind;
  }
}

function identity(object: object): number {
  let id = planIds.get(object);
  if (id === undefined) planIds.set(object, (id = nextPlanId++));
  return id;
}
