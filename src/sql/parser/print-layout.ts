/**
 * Queries laid out over lines as PostgreSQL shows the ones of views (ruleutils.c): a clause begins a line, a target and a
 * joined table too.
 *
 *      SELECT t.a,
 *         count(*) AS count
 *        FROM t
 *          JOIN u ON u.id = t.id
 *       WHERE t.a > 1
 *       GROUP BY t.a;
 *
 * Columns are written with their table where the query reads a single one; conditions are as they were written.
 */
import type { Expression, QualifiedName } from '../ast.ts';
import type { Query, QueryBody, Select, SortItem, TableReference } from '../ast-query.ts';
import { printExpression, printGrouping, printSort, printTable } from './print.ts';
import { printName, printQualifiedName } from './print-name.ts';

/** The visible columns of a relation; null where there is none of that name. */
export type ColumnsOf = (name: QualifiedName) => readonly string[] | null;

/** `names`: what the query's columns are called. Null for a query whose form is none of those above. */
export function layoutQuery(query: Query, names: readonly string[], columnsOf: ColumnsOf): string | null {
  if (query.with !== undefined || query.locking.length > 0 || query.withTies) return null;
  const body = layoutBody(query.body, names, columnsOf);
  if (body === null) return null;
  const qualify = query.body.kind === 'select' ? qualifier(query.body, columnsOf) : same;
  const targets = query.body.kind === 'select' ? query.body.targets.map(({ expression }) => expression) : [];
  const lines = [body];
  if (query.orderBy.length > 0) {
    // Names and numbers of columns stand for what they are.
    const meant = (item: SortItem): Expression => targets[placeOf(item.expression, names)] ?? item.expression;
    const items = query.orderBy.map((item) => ({ ...item, expression: qualify(meant(item)) }));
    lines.push(`  ORDER BY ${printSort(items)}`);
  }
  if (query.offset !== undefined) lines.push(` OFFSET ${printExpression(query.offset)}`);
  if (query.limit !== undefined) lines.push(` LIMIT ${printExpression(query.limit)}`);
  return lines.join('\n');
}

function placeOf(expression: Expression, names: readonly string[]): number {
  if (expression.kind === 'integer') return expression.value - 1;
  return expression.kind === 'column' && expression.names.length === 1 ? names.indexOf(expression.names[0] ?? '') : -1;
}

function layoutBody(body: QueryBody, names: readonly string[], columnsOf: ColumnsOf): string | null {
  if (body.kind === 'select') return layoutSelect(body, names, columnsOf);
  if (body.kind !== 'setOperation' || body.right.kind !== 'select') return null;
  const left = layoutBody(body.left, names, columnsOf);
  const right = layoutBody(body.right, names, columnsOf);
  return left === null || right === null
    ? null
    : `${left}\n${body.operator.toUpperCase()}${body.all ? ' ALL' : ''}\n${right}`;
}

function layoutSelect(select: Select, names: readonly string[], columnsOf: ColumnsOf): string | null {
  if (select.into !== undefined || select.windows.length > 0 || select.targets.length === 0) return null;
  const qualify = qualifier(select, columnsOf);
  const targets = select.targets.map(({ expression }, i) => {
    const name = names[i] ?? '';
    const same = expression.kind === 'column' && expression.names.at(-1) === name;
    return `${printExpression(qualify(expression))}${same ? '' : ` AS ${printName(name)}`}`;
  });
  const { distinct } = select;
  const head =
    distinct === undefined ? '' : distinct.length === 0 ? 'DISTINCT ' : `DISTINCT ON (${list(distinct, qualify)}) `;
  const lines = [` SELECT ${head}${targets.join(',\n    ')}`];
  if (select.from.length > 0) lines.push(`   FROM ${select.from.map(layoutTable).join(',\n    ')}`);
  if (select.where !== undefined) lines.push(`  WHERE ${printExpression(qualify(select.where))}`);
  if (select.groupBy.length > 0) {
    const groups = select.groupBy.map((element) => {
      if (element.kind !== 'expression') return printGrouping(element);
      const place = element.expression.kind === 'integer' ? element.expression.value - 1 : -1;
      return printExpression(qualify(select.targets[place]?.expression ?? element.expression));
    });
    lines.push(`  GROUP BY ${select.groupByDistinct ? 'DISTINCT ' : ''}${groups.join(', ')}`);
  }
  if (select.having !== undefined) lines.push(` HAVING ${printExpression(qualify(select.having))}`);
  return lines.join('\n');
}

function list(items: readonly Expression[], qualify: (expression: Expression) => Expression): string {
  return items.map((item) => printExpression(qualify(item))).join(', ');
}

function layoutTable(reference: TableReference): string {
  if (reference.kind === 'join' && reference.alias === undefined && reference.right.kind !== 'join') {
    const { natural, type, on, using, right } = reference;
    const word = `${natural ? 'NATURAL ' : ''}${type === 'inner' ? '' : `${type.toUpperCase()} `}JOIN`;
    const condition = on === undefined ? '' : ` ON ${printExpression(on)}`;
    const columns = using === undefined ? '' : ` USING (${using.map(({ name }) => printName(name)).join(', ')})`;
    return `${layoutTable(reference.left)}\n     ${word} ${layoutTable(right)}${condition}${columns}`;
  }
  const plain =
    reference.kind === 'table' && (reference.systemTime ?? reference.validTime ?? reference.sample) === undefined;
  if (!plain || reference.only || reference.columnAliases.length > 0) return printTable(reference);
  return `${printQualifiedName(reference.name)}${reference.alias === undefined ? '' : ` ${printName(reference.alias)}`}`;
}

const same = (expression: Expression): Expression => expression;

/** Writes bare columns with the one table that the query reads; queries inside are left as they are. */
function qualifier({ from }: Select, columnsOf: ColumnsOf): (expression: Expression) => Expression {
  const [only] = from;
  if (from.length !== 1 || only?.kind !== 'table' || only.columnAliases.length > 0) return same;
  const columns = columnsOf(only.name);
  if (columns === null) return same;
  const table = only.alias ?? only.name.name;
  return (expression) => qualified(expression, table, columns) as Expression;
}

function qualified(tree: unknown, table: string, columns: readonly string[]): unknown {
  if (Array.isArray(tree)) return tree.map((item) => qualified(item, table, columns));
  if (typeof tree !== 'object' || tree === null) return tree;
  const node = tree as Readonly<Record<string, unknown>>;
  if (node['kind'] === 'query') return tree;
  const names = node['names'];
  if (node['kind'] === 'column' && Array.isArray(names) && names.length === 1 && columns.includes(String(names[0])))
    return { ...node, names: [table, ...(names as readonly unknown[])] };
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, qualified(value, table, columns)]));
}
