/**
 * Expressions as PostgreSQL prints them from its catalogs (ruleutils.c): every conversion and every parenthesis written
 * out, `(balance >= (0)::numeric)`; pretty, without the parentheses that operators do not need, `balance >= 0::numeric`.
 */
import type { TableDef, TypeRef } from '../../catalog/schema.ts';
import { SQL_VALUES } from '../../sql/parser/special-words.ts';
import { bindTableExpression, type BindContext, type TableExpressionUse } from '../../plan/bind.ts';
import type { BoundExpression } from '../../plan/expression.ts';
import { printExpression } from '../../plan/explain/expressions.ts';
import { collationOfKey } from '../../sql/collations.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { typeText } from './types.ts';

/** What a table keeps as text, in PostgreSQL's words; the text itself where it can no longer be bound. */
export function deparseStored(
  text: string,
  table: TableDef,
  use: TableExpressionUse,
  { bind, pretty = false, columnIndex }: { bind: BindContext; pretty?: boolean; columnIndex?: number | undefined },
): string {
  const sequence = /^nextval\('((?:[^']|'')*)'::regclass\)$/.exec(text)?.[1];
  if (sequence !== undefined) return `nextval('${shortName(sequence.replaceAll("''", "'"), bind)}'::regclass)`;
  try {
    const bound = bindTableExpression(parseExpression(text), table, use, { ...bind, asWritten: true }, columnIndex);
    return new Deparser(bind, pretty).top(bound);
  } catch {
    return text;
  }
}

/** A sequence's name without its schema where it is found without. */
function shortName(written: string, { catalog }: BindContext): string {
  const [, schema, name] = /^("(?:[^"]|"")*"|[^".]+)\.("(?:[^"]|"")*"|[^".]+)$/.exec(written) ?? [];
  if (schema === undefined || name === undefined) return written;
  const plain = (part: string): string => (part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part);
  const found = catalog.relation(plain(schema), plain(name));
  return found !== undefined && catalog.relation(undefined, plain(name)) === found ? name : written;
}

const NUMBER = /^-?\d+(?:\.\d+)?$/;
const INT4 = 23;
const BOOL = 16;
const NUMERIC = new Set([1700]);

class Deparser {
  readonly #context: BindContext;
  readonly #pretty: boolean;

  constructor(context: BindContext, pretty: boolean) {
    this.#context = context;
    this.#pretty = pretty;
  }

  /** Outside of operators, conversions that nobody wrote are not shown. */
  top(expression: BoundExpression): string {
    return this.#print(withoutCast(expression));
  }

  #print(expression: BoundExpression): string {
    switch (expression.kind) {
      case 'const':
        return this.#constant(expression.value, expression.type);
      case 'column':
        return quoteIdent(expression.name);
      case 'cast':
        return this.#cast(expression);
      case 'call':
        return this.#call(expression);
      case 'and':
      case 'or':
        return this.#parenthesised(
          expression.args
            .map((arg) => this.#inside(arg, expression))
            .join(expression.kind === 'and' ? ' AND ' : ' OR '),
        );
      case 'not':
        return this.#parenthesised(`NOT ${this.#inside(expression.operand, expression)}`);
      case 'isNull':
        return this.#parenthesised(
          `${this.#inside(expression.operand, expression)} IS ${expression.negated ? 'NOT ' : ''}NULL`,
        );
      case 'booleanTest':
        return this.#parenthesised(
          `${this.#inside(expression.operand, expression)} IS ${expression.negated ? 'NOT ' : ''}${expression.test.toUpperCase()}`,
        );
      case 'distinctFrom':
        return this.#parenthesised(
          `${this.#inside(expression.left, expression)} IS ${expression.negated ? 'NOT ' : ''}DISTINCT FROM ${this.#inside(expression.right, expression)}`,
        );
      case 'case':
        return this.#case(expression);
      case 'coalesce':
      case 'greatest':
      case 'least':
        return `${expression.kind.toUpperCase()}(${this.#list(expression.args)})`;
      case 'nullIf':
        return `NULLIF(${this.#print(expression.left)}, ${this.#print(expression.right)})`;
      case 'inList': {
        const test = expression.negated ? '<> ALL' : '= ANY';
        return this.#parenthesised(
          `${this.#inside(expression.operand, expression)} ${test} (ARRAY[${this.#list(expression.items)}])`,
        );
      }
      case 'quantified':
        return this.#parenthesised(
          `${this.#inside(expression.operand, expression)} ${expression.operator ?? '='} ${expression.quantifier.toUpperCase()} (${this.#print(expression.array)})`,
        );
      case 'array':
        return `ARRAY[${this.#list(expression.elements)}]`;
      case 'row':
        return `ROW(${this.#list(expression.fields)})`;
      default:
        return printExpression(expression);
    }
  }

  #list(parts: readonly BoundExpression[]): string {
    return parts.map((part) => this.#print(part)).join(', ');
  }

  #parenthesised(text: string): string {
    return this.#pretty ? text : `(${text})`;
  }

  /** A part of `parent`, in parentheses where it would be read otherwise (pretty only; else each has its own). */
  #inside(part: BoundExpression, parent: BoundExpression): string {
    const text = this.#print(part);
    return this.#pretty && !isSimple(part, parent) ? `(${text})` : text;
  }

  #constant(value: unknown, type: TypeRef): string {
    const named = (text: string): string => `${text}::${typeText({ oid: type.oid, typmod: -1 })}`;
    if (value === null) return named('NULL');
    if (type.oid === BOOL) return value === true ? 'true' : 'false';
    const text = typeByOid(type.oid).output(value as never, this.#context.eval);
    const bare = type.oid === INT4 || (NUMERIC.has(type.oid) && text.includes('.'));
    if (bare && NUMBER.test(text) && !text.startsWith('-')) return text;
    const literal = `'${text.replaceAll("'", "''")}'`;
    return named(text.includes('\\') ? `E${literal.replaceAll('\\', '\\\\')}` : literal);
  }

  #cast(expression: Extract<BoundExpression, { kind: 'cast' }>): string {
    const { operand, type, collate } = expression;
    if (collate !== undefined) {
      const name = collationOfKey(this.#context.catalog, collate)?.name ?? collate;
      return this.#parenthesised(`${this.#inside(operand, expression)} COLLATE ${quoteIdent(name)}`);
    }
    // A literal that was read as another type is a constant of that type.
    if (operand.kind === 'const' && operand.type.oid === type.oid) return this.#constant(operand.value, type);
    if (operand.kind === 'const' && (operand.type.oid === 705 || expression.method === 'io'))
      return this.#literalOf(operand, type);
    const inner = this.#pretty ? this.#inside(operand, expression) : `(${this.#print(operand)})`;
    return `${inner}::${typeText(type)}`;
  }

  #literalOf(operand: Extract<BoundExpression, { kind: 'const' }>, type: TypeRef): string {
    if (operand.value === null) return `NULL::${typeText(type)}`;
    const text = typeByOid(operand.type.oid === 705 ? 25 : operand.type.oid).output(operand.value, this.#context.eval);
    return `'${text.replaceAll("'", "''")}'::${typeText(type)}`;
  }

  #call(expression: Extract<BoundExpression, { kind: 'call' }>): string {
    const { args, fn, operator } = expression;
    const [left, right] = args;
    if (operator !== undefined && left !== undefined) {
      if (right === undefined) return this.#parenthesised(`${operator} ${this.#inside(left, expression)}`);
      return this.#parenthesised(`${this.#inside(left, expression)} ${operator} ${this.#inside(right, expression)}`);
    }
    if (args.length === 0 && SQL_VALUES.has(fn.name)) return fn.name.toUpperCase();
    if (fn.name === 'like_escape') return `like_escape(${this.#list(args)})`;
    return `${quoteIdent(fn.name)}(${this.#list(args)})`;
  }

  #case({ branches, otherwise }: Extract<BoundExpression, { kind: 'case' }>): string {
    const [gap, end] = this.#pretty ? ['\n    ', '\n'] : ['\n    ', '\n'];
    const parts = branches.map(({ when, then }) => `${gap}WHEN ${this.#print(when)} THEN ${this.#print(then)}`);
    const last = otherwise === null ? 'NULL' : this.#print(otherwise);
    return `CASE${parts.join('')}${gap}ELSE ${last}${end}END`;
  }
}

function withoutCast(expression: BoundExpression): BoundExpression {
  if (expression.kind !== 'cast' || expression.explicit) return expression;
  const { operand } = expression;
  // Also a literal is shown as of the column's type, without its length.
  if (operand.kind === 'const' && operand.type.oid === 705)
    return { ...expression, type: { oid: expression.type.oid, typmod: -1 } };
  return withoutCast(operand);
}

/** Whether a part needs no parentheses inside its parent. */
function isSimple(part: BoundExpression, parent: BoundExpression): boolean {
  switch (part.kind) {
    case 'call':
      if (part.operator === undefined) return true;
      return parent.kind === 'call' && parent.operator !== undefined
        ? bindsTighter(part, parent, part.operator, parent.operator)
        : parent.kind !== 'cast' &&
            parent.kind !== 'isNull' &&
            parent.kind !== 'inList' &&
            parent.kind !== 'quantified';
    case 'cast':
      return true;
    case 'and':
      return parent.kind === 'or' || parent.kind === 'and';
    case 'or':
      return parent.kind === 'or';
    case 'not':
    case 'isNull':
    case 'booleanTest':
    case 'distinctFrom':
    case 'inList':
    case 'quantified':
      return parent.kind === 'and' || parent.kind === 'or' || parent.kind === 'not';
    default:
      return true;
  }
}

function bindsTighter(part: BoundExpression, parent: BoundExpression, inner: string, outer: string): boolean {
  const [low, high] = ['+-', '*/%'];
  const isLow = (operator: string): boolean => operator.length === 1 && low.includes(operator);
  const isHigh = (operator: string): boolean => operator.length === 1 && high.includes(operator);
  if (isHigh(inner) && isLow(outer)) return true;
  const same = (isLow(inner) && isLow(outer)) || (isHigh(inner) && isHigh(outer));
  return same && parent.kind === 'call' && parent.args[0] === part;
}
