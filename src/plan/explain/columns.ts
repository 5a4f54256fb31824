/** What each column of a plan stands for, as EXPLAIN names it: worked out from the leaves up. */
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { PlanColumn, PlanNode } from '../plan.ts';
import { childrenOf } from '../walk-expression.ts';
import { inputsOf, visitExpressions } from '../walk-plan.ts';
import { type ColumnText, type PrintContext, Printer, quoted } from './expressions.ts';

/** Fills the texts of a whole statement's columns. */
export function nameColumns(
  root: PlanNode,
  context: PrintContext & { readonly columns: Map<ColumnId, ColumnText> },
  verbose: boolean,
): void {
  const qualified = verbose || countRelations(root) > 1;
  const visit = (node: PlanNode): void => {
    for (const input of inputsOf(node)) visit(input);
    for (const plan of subqueriesOf(node)) visit(plan);
    nameOutputs(node, context, qualified);
  };
  visit(root);
}

function nameOutputs(
  node: PlanNode,
  context: PrintContext & { readonly columns: Map<ColumnId, ColumnText> },
  qualified: boolean,
): void {
  const { columns } = context;
  const alias = aliasOf(node);
  if (alias !== null) {
    for (const { id, name } of node.outputs)
      columns.set(id, { text: qualified ? `${alias}.${quoted(name)}` : quoted(name), computed: false });
    return;
  }
  const set = (output: PlanColumn | undefined, text: () => string, computed: boolean): void => {
    if (output !== undefined && !columns.has(output.id)) columns.set(output.id, { text: text(), computed });
  };
  const own = new Printer(context, new Set(node.outputs.map(({ id }) => id)));
  switch (node.kind) {
    case 'project':
      node.expressions.forEach((expression, i) => {
        const simple = expression.kind === 'column' ? columns.get(expression.id)?.computed !== true : false;
        set(node.outputs[i], () => unwrapped(own, expression, columns), !simple);
      });
      break;
    case 'aggregate':
      node.groups.forEach((group, i) =>
        set(node.outputs[i], () => unwrapped(own, group, columns), group.kind !== 'column'),
      );
      node.aggregates.forEach((call, i) => {
        const text = (): string => `${node.step === 'partial' ? 'PARTIAL ' : ''}${own.aggregate(call)}`;
        set(node.outputs[node.groups.length + i], text, true);
      });
      break;
    case 'window':
      node.calls.forEach((call, i) => {
        const text = (): string => `${call.fn.name}(${call.args.length === 0 ? '' : own.list(call.args)}) OVER (?)`;
        set(node.outputs[node.source.outputs.length + i], text, true);
      });
      break;
    case 'setOperation':
    case 'recursiveUnion':
      for (const output of node.outputs) set(output, () => quoted(output.name), false);
      break;
    default:
      break;
  }
}

/** A column that stands for what another computes is printed without the other's parentheses. */
function unwrapped(own: Printer, expression: BoundExpression, columns: ReadonlyMap<ColumnId, ColumnText>): string {
  return expression.kind === 'column' ? (columns.get(expression.id)?.text ?? expression.name) : own.print(expression);
}

export function aliasOf(node: PlanNode): string | null {
  switch (node.kind) {
    case 'scan':
    case 'systemScan':
    case 'functionScan':
      return quoted(node.alias);
    case 'cteScan':
    case 'workScan':
      return quoted(node.name);
    case 'values':
      return '"*VALUES*"';
    default:
      return null;
  }
}

function countRelations(root: PlanNode): number {
  let count = 0;
  const visit = (node: PlanNode): void => {
    if (aliasOf(node) !== null) count++;
    for (const input of inputsOf(node)) visit(input);
    for (const plan of subqueriesOf(node)) visit(plan);
  };
  visit(root);
  return count;
}

/** Plans of the subqueries in a node's own expressions. */
export function subqueriesOf(node: PlanNode): PlanNode[] {
  return subqueryExpressions(node).map(({ plan }) => plan);
}

export function subqueryExpressions(node: PlanNode): (BoundExpression & { kind: 'subquery' })[] {
  const found: (BoundExpression & { kind: 'subquery' })[] = [];
  const visit = (expression: BoundExpression): void => {
    if (expression.kind === 'subquery' && !found.some(({ plan }) => plan === expression.plan)) found.push(expression);
    for (const child of childrenOf(expression)) visit(child);
  };
  visitExpressions(node, visit);
  return found;
}
