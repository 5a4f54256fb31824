/**
 * Prints expressions, with parentheses only where precedence asks for them.
 *
 * Every kind of node has a level, its precedence as in expression.ts; an operand whose level is below what its place
 * takes is put in parentheses. Queries inside are printed through the Printer handed down, so that this file does
 * not import print.ts, which imports it.
 */
import { unreachable } from '../../base/error.ts';
import type { Expression, FunctionCall } from '../ast.ts';
import type { FrameBound, Query, SortItem, WindowDefinition } from '../ast-query.ts';
import { printCallableName, printName, printQualifiedName, printString, printTypeName } from './print-name.ts';

export interface Printer {
  query(query: Query): string;
}

const OR = 1;
const AND = 2;
const NOT = 3;
const IS = 4;
const COMPARISON = 5;
const LIKE = 6;
const OTHER = 8;
const ADD = 9;
const MULTIPLY = 10;
const POWER = 11;
const AT = 12;
const COLLATE = 13;
const MINUS = 14;
const CAST = 17;
const PRIMARY = 20;

export function printExpressionWith(printer: Printer, e: Expression): string {
  return new ExpressionPrinter(printer).print(e);
}

/** Prints an expression for a place where AND, IN … would be ambiguous. */
export function printRestrictedWith(printer: Printer, e: Expression): string {
  return new ExpressionPrinter(printer).at(e, MINUS);
}

function operatorLevel(operator: string): number {
  switch (operator) {
    case '<':
    case '>':
    case '=':
    case '<=':
    case '>=':
    case '<>':
      return COMPARISON;
    case '+':
    case '-':
      return ADD;
    case '*':
    case '/':
    case '%':
      return MULTIPLY;
    case '^':
      return POWER;
    default:
      return OTHER;
  }
}

function levelOf(e: Expression): number {
  switch (e.kind) {
    case 'or':
      return OR;
    case 'and':
      return AND;
    case 'not':
      return NOT;
    case 'isNull':
    case 'isBoolean':
    case 'isDistinct':
      return IS;
    case 'like':
    case 'between':
    case 'inList':
    case 'inSubquery':
      return LIKE;
    case 'binary':
    case 'quantifiedArray':
    case 'quantifiedSubquery':
      return e.operatorSchema === undefined ? operatorLevel(e.operator) : OTHER;
    case 'unary':
      return e.operatorSchema === undefined && (e.operator === '-' || e.operator === '+') ? MINUS : OTHER;
    case 'integer':
      return e.value < 0 ? MINUS : PRIMARY;
    case 'number':
      return e.text.startsWith('-') ? MINUS : PRIMARY;
    case 'collate':
      return COLLATE;
    case 'cast':
      return e.style === 'colons' ? CAST : PRIMARY;
    case 'call':
      return callLevel(e);
    default:
      return PRIMARY;
  }
}

function callLevel(e: FunctionCall): number {
  switch (e.syntax) {
    case 'at time zone':
      return AT;
    case 'is normalized':
      return IS;
    case 'overlaps':
      return LIKE;
    default:
      return PRIMARY;
  }
}

class ExpressionPrinter {
  readonly #printer: Printer;

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  /** Prints with parentheses if the node binds less tightly than `level`. */
  at(e: Expression, level: number): string {
    return levelOf(e) < level ? `(${this.print(e)})` : this.print(e);
  }

  list(items: readonly Expression[]): string {
    return items.map((item) => this.print(item)).join(', ');
  }

  print(e: Expression): string {
    switch (e.kind) {
      case 'null':
        return 'NULL';
      case 'boolean':
        return e.value ? 'true' : 'false';
      case 'integer':
        return String(e.value);
      case 'number':
        return e.text;
      case 'string':
        return printString(e.value);
      case 'bitString':
        return `${e.base === 'b' ? 'B' : 'X'}'${e.digits}'`;
      case 'parameter':
        return `$${e.index}`;
      case 'column':
        return e.names.map(printName).join('.');
      case 'star':
        if (e.operand !== undefined) return `${this.#composite(e.operand)}.*`;
        return [...e.qualifier.map(printName), '*'].join('.');
      case 'default':
        return 'DEFAULT';
      case 'case':
        return this.#case(e);
      case 'cast':
        return this.#cast(e);
      case 'call':
        return this.#call(e);
      case 'conditional':
        return `${e.name}(${this.list(e.args)})`;
      case 'grouping':
        return `GROUPING(${this.list(e.args)})`;
      case 'sqlValue':
        return e.name.toUpperCase() + (e.precision === undefined ? '' : `(${e.precision})`);
      case 'currentOf':
        return `CURRENT OF ${printName(e.cursor)}`;
      case 'exists':
        return `EXISTS (${this.#printer.query(e.query)})`;
      case 'subquery':
        return `(${this.#printer.query(e.query)})`;
      case 'arraySubquery':
        return `ARRAY(${this.#printer.query(e.query)})`;
      case 'array':
        return `ARRAY${this.#elements(e)}`;
      case 'row':
        return `${e.explicit ? 'ROW' : ''}(${this.list(e.fields)})`;
      case 'subscript':
        return (e.apart ? `(${this.print(e.operand)})` : this.#indirect(e.operand)) + this.#subscript(e);
      case 'field':
        return `${this.#composite(e.operand)}.${printName(e.name)}`;
      default:
        return this.#operator(e);
    }
  }

  #operator(
    e: Extract<
      Expression,
      {
        kind:
          | 'unary'
          | 'binary'
          | 'and'
          | 'or'
          | 'not'
          | 'isNull'
          | 'isBoolean'
          | 'isDistinct'
          | 'like'
          | 'between'
          | 'inList'
          | 'inSubquery'
          | 'quantifiedArray'
          | 'quantifiedSubquery'
          | 'collate';
      }
    >,
  ): string {
    const not = 'negated' in e && e.negated ? 'NOT ' : '';
    switch (e.kind) {
      case 'unary':
        return this.#unary(e);
      case 'binary': {
        const level = levelOf(e);
        const left = this.at(e.left, level === COMPARISON ? level + 1 : level);
        return `${left} ${symbol(e)} ${this.at(e.right, level + 1)}`;
      }
      case 'and':
        return e.operands.map((operand) => this.at(operand, AND + 1)).join(' AND ');
      case 'or':
        return e.operands.map((operand) => this.at(operand, OR + 1)).join(' OR ');
      case 'not':
        return `NOT ${this.at(e.operand, NOT)}`;
      case 'isNull':
        return `${this.at(e.operand, IS + 1)} IS ${not}NULL`;
      case 'isBoolean':
        return `${this.at(e.operand, IS + 1)} IS ${not}${e.value.toUpperCase()}`;
      case 'isDistinct':
        return `${this.at(e.left, IS + 1)} IS ${not}DISTINCT FROM ${this.at(e.right, IS + 1)}`;
      case 'like': {
        const word = e.operator === 'similar' ? 'SIMILAR TO' : e.operator.toUpperCase();
        const escape = e.escape === undefined ? '' : ` ESCAPE ${this.at(e.escape, LIKE + 1)}`;
        return `${this.at(e.operand, LIKE + 1)} ${not}${word} ${this.at(e.pattern, LIKE + 1)}${escape}`;
      }
      case 'between': {
        const symmetric = e.symmetric ? 'SYMMETRIC ' : '';
        const bounds = `${this.at(e.low, MINUS)} AND ${this.at(e.high, LIKE + 1)}`;
        return `${this.at(e.operand, LIKE + 1)} ${not}BETWEEN ${symmetric}${bounds}`;
      }
      case 'inList':
        return `${this.at(e.operand, LIKE + 1)} ${not}IN (${this.list(e.list)})`;
      case 'inSubquery':
        return `${this.at(e.operand, LIKE + 1)} ${not}IN (${this.#printer.query(e.query)})`;
      case 'quantifiedArray':
      case 'quantifiedSubquery': {
        const right = e.kind === 'quantifiedArray' ? this.print(e.array) : this.#printer.query(e.query);
        return `${this.at(e.operand, levelOf(e) + 1)} ${symbol(e)} ${e.quantifier.toUpperCase()} (${right})`;
      }
      case 'collate':
        return `${this.at(e.operand, COLLATE)} COLLATE ${printQualifiedName(e.collation)}`;
      default:
        return unreachable(e);
    }
  }

  #unary(e: Extract<Expression, { kind: 'unary' }>): string {
    const level = levelOf(e);
    // The space keeps two signs from becoming a comment or another operator.
    const operand = this.at(e.operand, level + 1);
    const plain =
      e.operatorSchema === undefined && (e.operator === '-' || e.operator === '+') && /^["\w(]/.test(operand);
    return `${symbol(e)}${plain ? '' : ' '}${operand}`;
  }

  /** Prints an operand of `[…]` or `.field`. */
  #indirect(e: Expression): string {
    const bare = e.kind === 'column' || e.kind === 'parameter' || e.kind === 'subscript' || e.kind === 'field';
    return bare || e.kind === 'subquery' ? this.print(e) : `(${this.print(e)})`;
  }

  /** Prints an operand of `.field`: a column without parentheses would be read as a table. */
  #composite(e: Expression): string {
    return e.kind === 'column' ? `(${this.print(e)})` : this.#indirect(e);
  }

  #subscript(e: Extract<Expression, { kind: 'subscript' }>): string {
    const lower = e.lower === undefined ? '' : this.print(e.lower);
    const upper = e.upper === undefined ? '' : this.print(e.upper);
    // A space, so that `:` and a cast's `::` keep apart.
    return e.slice ? `[${lower} : ${upper}]` : `[${upper}]`;
  }

  #elements(e: Extract<Expression, { kind: 'array' }>): string {
    const nested = e.elements.length > 0 && e.elements.every((element) => element.kind === 'array');
    const texts = e.elements.map((item) => (nested && item.kind === 'array' ? this.#elements(item) : this.print(item)));
    return `[${texts.join(', ')}]`;
  }

  #case(e: Extract<Expression, { kind: 'case' }>): string {
    const operand = e.operand === undefined ? '' : ` ${this.print(e.operand)}`;
    const whens = e.whens.map((w) => ` WHEN ${this.print(w.when)} THEN ${this.print(w.then)}`).join('');
    const otherwise = e.otherwise === undefined ? '' : ` ELSE ${this.print(e.otherwise)}`;
    return `CASE${operand}${whens}${otherwise} END`;
  }

  #cast(e: Extract<Expression, { kind: 'cast' }>): string {
    const type = printTypeName(e.type, (x) => this.print(x));
    if (e.style === 'colons') return `${this.at(e.operand, CAST)}::${type}`;
    if (e.style === 'cast') return `CAST(${this.print(e.operand)} AS ${type})`;
    if (e.type.intervalFields === undefined) return `${type} ${this.print(e.operand)}`;
    return `interval ${this.print(e.operand)}${type.slice('interval'.length)}`;
  }

  // ---- calls

  #call(e: FunctionCall): string {
    const text = e.syntax === undefined ? this.#plainCall(e) : this.#specialCall(e);
    const filter = e.filter === undefined ? '' : ` FILTER (WHERE ${this.print(e.filter)})`;
    const over = e.over === undefined ? '' : ` OVER ${this.window(e.over)}`;
    return text + filter + over;
  }

  #plainCall(e: FunctionCall): string {
    const args = e.args.map((arg, i) => {
      const name = e.argNames?.[i];
      const variadic = e.variadic && i === e.args.length - 1 ? 'VARIADIC ' : '';
      return `${variadic}${name === undefined ? '' : `${printName(name)} => `}${this.print(arg)}`;
    });
    const distinct = e.distinct ? 'DISTINCT ' : '';
    const order = e.orderBy.length === 0 ? '' : ` ORDER BY ${this.sort(e.orderBy)}`;
    const within = e.withinGroup === undefined ? '' : ` WITHIN GROUP (ORDER BY ${this.sort(e.withinGroup)})`;
    return `${printCallableName(e.name)}(${distinct}${e.star ? '*' : args.join(', ')}${order})${within}`;
  }

  #specialCall(e: FunctionCall): string {
    const arg = (i: number): string => this.print(e.args[i] ?? { kind: 'null', position: 0 });
    const level = (i: number, n: number): string => this.at(e.args[i] ?? { kind: 'null', position: 0 }, n);
    const first = e.args[0];
    switch (e.syntax) {
      case 'extract':
        return `EXTRACT(${first?.kind === 'string' ? extractField(first.value) : arg(0)} FROM ${arg(1)})`;
      case 'substring from':
        return `SUBSTRING(${arg(0)} FROM ${arg(1)}${e.args.length > 2 ? ` FOR ${arg(2)}` : ''})`;
      case 'substring similar':
        return `SUBSTRING(${arg(0)} SIMILAR ${arg(1)} ESCAPE ${arg(2)})`;
      case 'position':
        return `POSITION(${level(1, MINUS)} IN ${level(0, MINUS)})`;
      case 'overlay':
        return `OVERLAY(${arg(0)} PLACING ${arg(1)} FROM ${arg(2)}${e.args.length > 3 ? ` FOR ${arg(3)}` : ''})`;
      case 'trim': {
        const side = e.name.name === 'ltrim' ? 'LEADING ' : e.name.name === 'rtrim' ? 'TRAILING ' : '';
        return `TRIM(${side}FROM ${this.list(e.args)})`;
      }
      case 'normalize':
        return `NORMALIZE(${arg(0)}${e.args[1]?.kind === 'string' ? `, ${e.args[1].value}` : ''})`;
      case 'is normalized':
        return `${level(0, IS + 1)} IS ${e.args[1]?.kind === 'string' ? `${e.args[1].value} ` : ''}NORMALIZED`;
      case 'collation for':
        return `COLLATION FOR (${arg(0)})`;
      case 'at time zone':
        return `${level(1, AT)} AT TIME ZONE ${level(0, AT + 1)}`;
      default:
        return `(${arg(0)}, ${arg(1)}) OVERLAPS (${arg(2)}, ${arg(3)})`;
    }
  }

  sort(items: readonly SortItem[]): string {
    return items
      .map((item) => {
        const using = item.using === undefined ? '' : ` USING ${item.using}`;
        const nulls = item.nullsFirst === undefined ? '' : ` NULLS ${item.nullsFirst ? 'FIRST' : 'LAST'}`;
        return `${this.print(item.expression)}${using}${item.descending ? ' DESC' : ''}${nulls}`;
      })
      .join(', ');
  }

  window(w: WindowDefinition): string {
    if (w.bare) return printName(w.base ?? '');
    const parts: string[] = [];
    if (w.base !== undefined) parts.push(printName(w.base));
    if (w.partitionBy.length > 0) parts.push(`PARTITION BY ${this.list(w.partitionBy)}`);
    if (w.orderBy.length > 0) parts.push(`ORDER BY ${this.sort(w.orderBy)}`);
    if (w.frame !== undefined) {
      const { unit, start, end, exclude } = w.frame;
      const range = end === undefined ? this.#bound(start) : `BETWEEN ${this.#bound(start)} AND ${this.#bound(end)}`;
      parts.push(`${unit.toUpperCase()} ${range}${exclude === undefined ? '' : ` EXCLUDE ${exclude.toUpperCase()}`}`);
    }
    return `(${parts.join(' ')})`;
  }

  #bound(bound: FrameBound): string {
    const offset = bound.offset === undefined ? '' : `${this.at(bound.offset, MINUS)} `;
    return offset + bound.kind.toUpperCase();
  }
}

export function printSortWith(printer: Printer, items: readonly SortItem[]): string {
  return new ExpressionPrinter(printer).sort(items);
}

export function printWindowWith(printer: Printer, window: WindowDefinition): string {
  return new ExpressionPrinter(printer).window(window);
}

function symbol(e: { readonly operator: string; readonly operatorSchema: string | undefined }): string {
  return e.operatorSchema === undefined ? e.operator : `OPERATOR(${printName(e.operatorSchema)}.${e.operator})`;
}

function extractField(field: string): string {
  return /^[a-z_]+$/.test(field) && printName(field) === field ? field : printString(field);
}
