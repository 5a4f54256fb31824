/** Bound expressions as SQL-like text, for EXPLAIN and for messages of tests. */
import type { BoundExpression, SortKey } from './expression.ts';
import { typeByOid } from '../sql/types/registry.ts';
import { Numeric } from '../base/numeric.ts';
import type { Value } from '../base/vector.ts';

/** Gives a column its qualified name; falls back to the bare one. */
export type NameOf = (id: number, name: string) => string;

export function printExpression(expression: BoundExpression, nameOf: NameOf = (_, name) => name): string {
  const print = (part: BoundExpression): string => printExpression(part, nameOf);
  const list = (parts: readonly BoundExpression[]): string => parts.map((part) => print(part)).join(', ');
  switch (expression.kind) {
    case 'const':
      return printValue(expression.value, expression.type.oid);
    case 'parameter':
      return `$${expression.index + 1}`;
    case 'column':
      return nameOf(expression.id, expression.name);
    case 'call': {
      const [left, right] = expression.args;
      if (expression.operator === undefined || left === undefined)
        return `${expression.fn.name}(${list(expression.args)})`;
      if (right === undefined) return `(${expression.operator} ${print(left)})`;
      return `(${print(left)} ${expression.operator} ${print(right)})`;
    }
    case 'cast':
      return expression.method === 'relabel'
        ? print(expression.operand)
        : `${print(expression.operand)}::${typeByOid(expression.type.oid).display}`;
    case 'and':
    case 'or':
      return `(${expression.args.map((arg) => print(arg)).join(expression.kind === 'and' ? ' AND ' : ' OR ')})`;
    case 'not':
      return `(NOT ${print(expression.operand)})`;
    case 'isNull':
      return `(${print(expression.operand)} IS ${expression.negated ? 'NOT ' : ''}NULL)`;
    case 'booleanTest':
      return `(${print(expression.operand)} IS ${expression.negated ? 'NOT ' : ''}${expression.test.toUpperCase()})`;
    case 'distinctFrom':
      return `(${print(expression.left)} IS ${expression.negated ? 'NOT ' : ''}DISTINCT FROM ${print(expression.right)})`;
    case 'case': {
      const branches = expression.branches.map(({ when, then }) => `WHEN ${print(when)} THEN ${print(then)}`).join(' ');
      return `CASE ${branches}${expression.otherwise === null ? '' : ` ELSE ${print(expression.otherwise)}`} END`;
    }
    case 'coalesce':
    case 'greatest':
    case 'least':
      return `${expression.kind.toUpperCase()}(${list(expression.args)})`;
    case 'nullIf':
      return `NULLIF(${print(expression.left)}, ${print(expression.right)})`;
    case 'inList':
      return `(${print(expression.operand)} ${expression.negated ? 'NOT ' : ''}IN (${shortened(expression.items, print)}))`;
    case 'quantified':
      return `(${print(expression.operand)} ${expression.operator ?? '='} ${expression.quantifier.toUpperCase()} (${print(expression.array)}))`;
    case 'subquery':
      return expression.mode === 'exists'
        ? 'EXISTS(SubPlan)'
        : expression.test === null
          ? '(SubPlan)'
          : `(SubPlan ${expression.mode} ${print(expression.test)})`;
    case 'array':
      return `ARRAY[${list(expression.elements)}]`;
    case 'row':
      return `ROW(${list(expression.fields)})`;
    case 'subscript':
      return `${print(expression.operand)}[${expression.subscripts.map((item) => (item.upper === null ? ':' : print(item.upper))).join('][')}]`;
    case 'nextValue':
      return `nextval(${expression.sequenceId})`;
    case 'aggregate':
      return `${expression.call.fn.name}(${list(expression.call.args) || '*'})`;
    case 'window':
      return `${expression.call.fn.name}(${list(expression.call.args)}) OVER (?)`;
    case 'setCall':
      return `${expression.fn.name}(${list(expression.args)})`;
    case 'grouping':
      return `GROUPING(${list(expression.args)})`;
  }
}

const LONG_LIST = 10;

function shortened(items: readonly BoundExpression[], print: (part: BoundExpression) => string): string {
  const shown = items.slice(0, LONG_LIST).map((item) => print(item));
  if (items.length > LONG_LIST) shown.push(`… ${items.length - LONG_LIST} more`);
  return shown.join(', ');
}

export function printSortKey(key: SortKey, nameOf?: NameOf): string {
  const text = printExpression(key.expression, nameOf);
  const direction = key.descending ? ' DESC' : '';
  return `${text}${direction}${key.nullsFirst === key.descending ? '' : key.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST'}`;
}

function printValue(value: Value, oid: number): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === 'number' && (oid === 1114 || oid === 1184 || oid === 1082)) return `'${isoText(value, oid)}'`;
  if (value instanceof Numeric || typeof value !== 'object') return String(value);
  return `'${typeByOid(oid).display}'`;
}

function isoText(value: number, oid: number): string {
  const millis = oid === 1082 ? value * 86_400_000 : value / 1000;
  const date = new Date(millis);
  if (Number.isNaN(date.getTime())) return String(value);
  return oid === 1082 ? date.toISOString().slice(0, 10) : date.toISOString();
}
