/**
 * Shape: what is left of a statement's text when its constants are taken out.
 *
 *     UPDATE t SET b = 58207 WHERE a = 2     and     UPDATE t SET b = -7 WHERE a = 12
 *
 * are one shape, `UPDATE t SET b = ⟨int4⟩ WHERE a = ⟨int4⟩`, with constants [58207, 2] and [-7, 12]. Programs that write
 * their values into their statements send few shapes and many texts; what is found out for a shape (a plan, see
 * database/shared-plans.ts) can serve all its texts, which then are only cut into tokens.
 *
 * A shape is the text between the constants as it stands, so two statements of one shape differ in nothing but the
 * constants, and these are of the same types. Not every constant may differ between statements that share something (a
 * type's length, a column's position in ORDER BY): which ones may is for `lifted` to say, on the syntax tree.
 */
import type { ColumnRef, Expression, Parameter } from './ast.ts';
import type { Delete, Insert, Update } from './ast-change.ts';
import type { Query } from './ast-query.ts';
import type { Statement } from './ast-statement.ts';
import { keywordCode } from './keywords.ts';
import {
  DECIMAL,
  END_OF_INPUT,
  ERROR,
  GREATER_EQUALS,
  INTEGER,
  LESS_EQUALS,
  type Lexer,
  NOT_EQUALS,
  STRING,
} from './lexer.ts';

/** A constant as it was written. */
interface Constant {
  /** The type it has by itself; 0: whatever its place gives it. */
  readonly oid: number;
  readonly value: number | string;
  /** As syntax trees count it. */
  readonly position: number;
}

export interface Shape {
  readonly text: string;
  readonly constants: readonly Constant[];
}

/** A statement with parameters in the place of its constants, as far as they may differ. */
export interface Lifted {
  readonly statement: Query | Insert | Update | Delete;
  /** Of each parameter: which constant it stands for, and its type (0: unknown). */
  readonly places: readonly number[];
  readonly types: readonly number[];
}

const MAX_TEXT = 2000;
const MAX_CONSTANTS = 64;

const OID = { int4: 23, int8: 20, numeric: 1700, unknown: 0 } as const;
const BEGINNINGS: ReadonlySet<number> = new Set(
  ['select', 'insert', 'update', 'delete'].map((word) => keywordCode(word, 0, word.length)),
);
const MINUS = 45;
const SEMICOLON = 59;
/** Tokens after which a minus before a number is its sign: ( , = < > <= >= <> */
const BEFORE_SIGN: ReadonlySet<number> = new Set([40, 44, 60, 61, 62, LESS_EQUALS, GREATER_EQUALS, NOT_EQUALS]);

/** The shape of the statement whose tokens have been read from the first; null where they are not all, or nothing is gained. */
export function shapeOf(lexer: Lexer): Shape | null {
  const { codes, starts, ends, count, text } = lexer;
  if (count === 0 || !BEGINNINGS.has(codes[0] as number)) return null;
  const begin = starts[0] as number;
  if ((ends[count - 1] as number) - begin > MAX_TEXT) return null;
  const constants: Constant[] = [];
  let shape = '';
  let from = begin;
  for (let i = 0; i < count; i++) {
    const code = codes[i] as number;
    if (code === ERROR) return null;
    if (code === SEMICOLON || code === END_OF_INPUT) return { text: shape + text.slice(from, starts[i]), constants };
    if (code !== INTEGER && code !== STRING && code !== DECIMAL) continue;
    const signed =
      code !== STRING && i > 1 && codes[i - 1] === MINUS && BEFORE_SIGN.has(codes[i - 2] as number) ? i - 1 : i;
    const start = starts[signed] as number;
    const constant = code === STRING ? textConstant(lexer, i) : numberConstant(text, code, start, ends[i] as number);
    if (constant === null || constants.length === MAX_CONSTANTS) return null;
    constants.push(constant);
    shape += text.slice(from, start) + String.fromCharCode(1, constant.oid);
    from = ends[i] as number;
  }
  return null;
}

function textConstant({ text, starts, ends, values }: Lexer, token: number): Constant {
  const start = starts[token] as number;
  const value = values.get(token) ?? text.slice(start + 1, (ends[token] as number) - 1);
  return { oid: OID.unknown, value, position: start + 1 };
}

/** Null for integers of so many digits that their type has to be thought about. */
function numberConstant(text: string, code: number, start: number, end: number): Constant | null {
  const written = text.slice(start, end);
  const position = start + 1;
  if (code === DECIMAL) return { oid: OID.numeric, value: written, position };
  if (/\s/.test(written) || written.length > 18) return null;
  // Not -0, which no constant is.
  const value = Number(written) + 0;
  if (value > 0x7fffffff || value < -0x7fffffff) return { oid: OID.int8, value: written, position };
  return { oid: OID.int4, value, position };
}

const COMPARISONS: ReadonlySet<string> = new Set(['=', '<', '>', '<=', '>=', '<>']);
const ARITHMETIC: ReadonlySet<string> = new Set(['+', '-', '*', '/', '%', '||']);

/** Puts parameters in the place of constants: values of INSERT and of assignments, and what columns are compared with. */
export function lifted(statement: Statement, { constants }: Shape): Lifted | null {
  const lifting = new Lifting(constants);
  const changed = lifting.statement(statement);
  if (changed === null) return null;
  return {
    statement: changed,
    places: lifting.places,
    types: lifting.places.map((at) => (constants[at] as Constant).oid),
  };
}

class Lifting {
  /** Index of the constant by its position. */
  readonly #at = new Map<number, number>();
  readonly places: number[] = [];

  constructor(constants: readonly Constant[]) {
    constants.forEach(({ position }, i) => this.#at.set(position, i));
  }

  statement(statement: Statement): Lifted['statement'] | null {
    switch (statement.kind) {
      case 'insert': {
        const { source } = statement;
        if (source === undefined || source.body.kind !== 'values') return statement;
        const rows = source.body.rows.map((cells) => cells.map((cell) => this.#value(cell)));
        return { ...statement, source: { ...source, body: { ...source.body, rows } } };
      }
      case 'update': {
        const set = statement.set.map((item) => ({ ...item, value: this.#value(item.value) }));
        return { ...statement, set, where: this.#optional(statement.where) };
      }
      case 'delete':
        return { ...statement, where: this.#optional(statement.where) };
      case 'query': {
        const { body } = statement;
        if (body.kind !== 'select') return null;
        return { ...statement, body: { ...body, where: this.#optional(body.where) } };
      }
      default:
        return null;
    }
  }

  /** A value that is computed for a column: a constant, or something with a column in it (`1 / 0` is refused early). */
  #value(syntax: Expression): Expression {
    if (syntax.kind !== 'binary' || syntax.operatorSchema !== undefined || !ARITHMETIC.has(syntax.operator))
      return this.#constant(syntax);
    const { left, right } = syntax;
    if (isColumn(left)) return { ...syntax, right: this.#constant(right) };
    return isColumn(right) ? { ...syntax, left: this.#constant(left) } : syntax;
  }

  #optional(syntax: Expression | undefined): Expression | undefined {
    return syntax === undefined ? undefined : this.#condition(syntax);
  }

  #condition(syntax: Expression): Expression {
    switch (syntax.kind) {
      case 'and':
      case 'or':
        return { ...syntax, operands: syntax.operands.map((operand) => this.#condition(operand)) };
      case 'not':
        return { ...syntax, operand: this.#condition(syntax.operand) };
      case 'binary': {
        const { left, right, operator, operatorSchema } = syntax;
        if (operatorSchema !== undefined || !COMPARISONS.has(operator)) return syntax;
        if (isColumn(left)) return { ...syntax, right: this.#constant(right) };
        return isColumn(right) ? { ...syntax, left: this.#constant(left) } : syntax;
      }
      default:
        return syntax;
    }
  }

  #constant(syntax: Expression): Expression {
    if (syntax.kind !== 'integer' && syntax.kind !== 'number' && syntax.kind !== 'string') return syntax;
    const at = this.#at.get(syntax.position);
    if (at === undefined) return syntax;
    const index = this.places.push(at);
    return { kind: 'parameter', index, position: syntax.position } satisfies Parameter;
  }
}

function isColumn(syntax: Expression): syntax is ColumnRef {
  return syntax.kind === 'column';
}
