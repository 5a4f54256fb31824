/**
 * Expressions as PostgreSQL's EXPLAIN prints them: `((a = 1) AND (c ~~ 'x%'::text))`.
 *
 * A column is printed as what it stands for: `orders.total` of a table (without the table's name where the statement has
 * only one), `sum(total)` of an aggregate, in parentheses where a node above refers to it.
 */
import type { Value } from '../../base/vector.ts';
import { SqlArray } from '../../sql/types/array.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import { isCollatedType } from '../../sql/types/collation.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { Numeric } from '../../base/numeric.ts';
import type { AggregateCall, BoundExpression, ColumnId, SortKey } from '../expression.ts';
import type { PlanNode } from '../plan.ts';

/** What a column stands for; `computed`: by the node that first has it. */
export interface ColumnText {
  readonly text: string;
  readonly computed: boolean;
}

export interface PrintContext {
  readonly columns: ReadonlyMap<ColumnId, ColumnText>;
  /** How a subquery is called: `$0`, `SubPlan 1`. */
  readonly subqueryName: (plan: PlanNode) => string;
  /** Prints values under the session's settings; without it dates come as ISO 8601. */
  readonly eval?: EvalContext | undefined;
}

/** An expression by itself, with columns under their own names. */
export function printExpression(expression: BoundExpression): string {
  return new Printer({ columns: new Map(), subqueryName: () => 'SubPlan' }).print(expression);
}

const NO_IDS: ReadonlySet<ColumnId> = new Set();

/** Prints expressions for one node, whose `own` columns need no parentheses. */
export class Printer {
  readonly #context: PrintContext;
  readonly #own: ReadonlySet<ColumnId>;

  constructor(context: PrintContext, own: ReadonlySet<ColumnId> = NO_IDS) {
    this.#context = context;
    this.#own = own;
  }

  list(expressions: readonly BoundExpression[]): string {
    return expressions.map((expression) => this.print(expression)).join(', ');
  }

  print(expression: BoundExpression): string {
    switch (expression.kind) {
      case 'const':
        return this.#constant(expression.value, expression.type.oid);
      case 'parameter':
        return `$${expression.index + 1}`;
      case 'column':
        return this.#column(expression.id, expression.name);
      case 'call':
        return this.#call(expression);
      case 'cast':
        if (isCollatedType(expression.type.oid))
          return `${this.print(expression.operand)} COLLATE "${typeByOid(expression.type.oid).display}"`;
        return `(${this.print(expression.operand)})::${typeByOid(expression.type.oid).display}`;
      case 'and':
      case 'or':
        return `(${expression.args.map((arg) => this.print(arg)).join(` ${expression.kind.toUpperCase()} `)})`;
      case 'not':
        return `(NOT ${this.print(expression.operand)})`;
      case 'isNull':
        return `(${this.print(expression.operand)} IS ${expression.negated ? 'NOT ' : ''}NULL)`;
      case 'booleanTest':
        return `(${this.print(expression.operand)} IS ${expression.negated ? 'NOT ' : ''}${expression.test.toUpperCase()})`;
      case 'distinctFrom':
        return expression.negated
          ? `(NOT (${this.print(expression.left)} IS DISTINCT FROM ${this.print(expression.right)}))`
          : `(${this.print(expression.left)} IS DISTINCT FROM ${this.print(expression.right)})`;
      case 'case': {
        const branches = expression.branches.map(
          ({ when, then }) => `WHEN ${this.print(when)} THEN ${this.print(then)}`,
        );
        const otherwise = expression.otherwise === null ? 'NULL' : this.print(expression.otherwise);
        return `CASE ${branches.join(' ')} ELSE ${otherwise} END`;
      }
      case 'coalesce':
      case 'greatest':
      case 'least':
        return `${expression.kind.toUpperCase()}(${this.list(expression.args)})`;
      case 'nullIf':
        return `NULLIF(${this.print(expression.left)}, ${this.print(expression.right)})`;
      case 'inList': {
        const how = expression.negated ? '<> ALL' : '= ANY';
        return `(${this.print(expression.operand)} ${how} (${this.items(expression.items)}))`;
      }
      case 'quantified':
        return `(${this.print(expression.operand)} ${expression.operator ?? '='} ${expression.quantifier.toUpperCase()} (${this.print(expression.array)}))`;
      case 'subquery':
        return this.#subquery(expression);
      case 'array':
        return `ARRAY[${this.list(expression.elements)}]`;
      case 'row':
        return `ROW(${this.list(expression.fields)})`;
      case 'subscript': {
        const parts = expression.subscripts.map(({ slice, lower, upper }) => {
          const to = upper === null ? '' : this.print(upper);
          return `[${slice ? `${lower === null ? '' : this.print(lower)}:${to}` : to}]`;
        });
        return `${this.print(expression.operand)}${parts.join('')}`;
      }
      case 'nextValue':
        return 'nextval()';
      case 'aggregate':
        return this.aggregate(expression.call);
      case 'window':
        return `${expression.call.fn.name}(${this.list(expression.call.args)}) OVER (?)`;
      case 'setCall':
        return `${expression.fn.name}(${this.list(expression.args)})`;
      case 'grouping':
        return `GROUPING(${this.list(expression.args)})`;
    }
  }

  /** A list of values as the array that PostgreSQL makes of it, if all are constants. */
  items(items: readonly BoundExpression[]): string {
    const [first] = items;
    if (first === undefined || !items.every((item) => item.kind === 'const')) return `ARRAY[${this.list(items)}]`;
    const texts = items.map((item) => {
      if (item.value === null) return 'NULL';
      const text = this.#output(item.value, item.type.oid);
      return /^[^\s"{},\\]+$/.test(text) && !/^null$/i.test(text)
        ? text
        : `"${text.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
    });
    return `'{${texts.join(',').replaceAll("'", "''")}}'::${typeByOid(first.type.oid).display}[]`;
  }

  aggregate({ written, ...step }: AggregateCall): string {
    const call = written ?? step;
    const args = call.args.length === 0 ? '*' : this.list(call.args);
    const order = call.order.length === 0 ? '' : ` ORDER BY ${call.order.map((key) => this.sortKey(key)).join(', ')}`;
    const filter = call.filter === null ? '' : ` FILTER (WHERE ${this.print(call.filter)})`;
    return `${call.fn.name}(${call.distinct ? 'DISTINCT ' : ''}${args}${order})${filter}`;
  }

  sortKey(key: SortKey): string {
    const direction = key.descending ? ' DESC' : '';
    const nulls = key.nullsFirst === key.descending ? '' : key.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
    return `${this.print(key.expression)}${direction}${nulls}`;
  }

  #column(id: ColumnId, name: string): string {
    const known = this.#context.columns.get(id);
    if (known === undefined) return quoted(name);
    return known.computed && !this.#own.has(id) ? `(${known.text})` : known.text;
  }

  #call(expression: BoundExpression & { kind: 'call' }): string {
    const [left, right] = expression.args;
    const { operator = expression.fn.sign } = expression;
    if (operator === undefined || left === undefined) return `${expression.fn.name}(${this.list(expression.args)})`;
    if (right === undefined) return `(${operator} ${this.print(left)})`;
    return `(${this.print(left)} ${operator} ${this.print(right)})`;
  }

  #subquery(expression: BoundExpression & { kind: 'subquery' }): string {
    const name = this.#context.subqueryName(expression.plan);
    if (name.startsWith('$')) return name;
    const hashed = expression.mode === 'any' && expression.correlated.length === 0;
    return `(${hashed ? 'hashed ' : ''}${name})`;
  }

  #constant(value: Value, oid: number): string {
    const type = typeByOid(oid);
    if (value === null) return `NULL::${type.display}`;
    if (typeof value === 'boolean') return String(value);
    const text = this.#output(value, oid);
    if ((oid === INT4 || oid === NUMERIC) && !text.startsWith('-') && /^\d/.test(text)) return text;
    return `'${text.replaceAll("'", "''")}'::${type.display}`;
  }

  #output(value: Exclude<Value, null>, oid: number): string {
    if (this.#context.eval !== undefined) return typeByOid(oid).output(value, this.#context.eval);
    if (value instanceof SqlArray) return `{${value.elements.map((item) => String(item)).join(',')}}`;
    if (typeof value === 'number' && oid === DATE) return new Date(value * 86_400_000).toISOString().slice(0, 10);
    if (typeof value === 'number' && (oid === TIMESTAMP || oid === TIMESTAMPTZ))
      return new Date(value / 1000).toISOString();
    return value instanceof Numeric || typeof value !== 'object' ? String(value) : '…';
  }
}

const INT4 = 23;
const NUMERIC = 1700;
const DATE = 1082;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;

export function quoted(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}
