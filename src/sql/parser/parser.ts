/**
 * Parser: SQL text to syntax trees, for the PostgreSQL 15 dialect and DriftDB's syntax for time.
 *
 *     parse('SELECT 1; SELECT 2')            two statements, or the first error
 *     for (const s of statements(script))    each as soon as it is read; an error comes when its statement's turn comes
 *
 * Recursive descent, one function a grammar rule, one token of look-ahead but where noted; expressions by precedence
 * (expression.ts). Linear time; depth is bounded (cursor.ts), length is not.
 *
 * Every error is a DriftError with a position: 42601 for syntax, 54001 for depth, 22021 and 22025 for bad characters.
 */
import { noteHints } from '../hints.ts';
import { DriftError } from '../../base/error.ts';
import { PAUSE } from '../../base/task.ts';
import type { Expression, TypeName } from '../ast.ts';
import type { Copy, Statement } from '../ast-statement.ts';
import { END_OF_INPUT, type Lexer } from '../lexer.ts';
import { parsePreparable } from './change.ts';
import { Cursor, type Grammar, type ParseOptions } from './cursor.ts';
import { parseExpression as parseExpressionAt, parseExpressionFrom, parseRestrictedExpression } from './expression.ts';
import { checkCharacters, readAhead } from './long-text.ts';
import { parseQuery, parseQueryFrom } from './query.ts';
import { parseRareStatement } from './rare-statement.ts';
import { parseReset, parseShow } from './setting.ts';
import { parseBegin, parseEnd, parseSavepoint, parseSet } from './transaction.ts';
import { parseTypeName as parseTypeNameAt } from './type-name.ts';

/** Characters from which on a text is read with pauses. */
const LONG_TEXT = 65_536;

/** For parsers of languages that have SQL inside (plpgsql/reader.ts). */
export const GRAMMAR: Grammar = {
  expression: parseExpressionAt,
  expressionFrom: parseExpressionFrom,
  restrictedExpression: parseRestrictedExpression,
  query: parseQuery,
  queryFrom: parseQueryFrom,
  preparable: parsePreparable,
  statement: parseStatement,
};

/** Parses a whole script. */
export function parse(sql: string, options?: ParseOptions): readonly Statement[] {
  return [...statements(sql, options)];
}

/** Parses exactly one statement, a semicolon at the end allowed. */
export function parseOne(sql: string, options?: ParseOptions): Statement {
  const all = parse(sql, options);
  const [first, second] = all;
  if (first === undefined) throw new DriftError('42601', 'syntax error at end of input', { position: sql.length + 1 });
  if (second !== undefined) {
    throw new DriftError('42601', 'cannot insert multiple commands into a prepared statement', {
      position: second.position,
    });
  }
  return first;
}

/** Parses the statements of a script one by one; nothing behind a statement is looked at before it was yielded. */
export function* statements(sql: string, options?: ParseOptions): Generator<Statement, void, undefined> {
  const script = new Script(sql, options);
  while (!script.isAtEnd) yield script.next();
}

/** The same, with pauses where the text is long. */
export function* statementsInSlices(sql: string): Generator<Statement | typeof PAUSE, void, undefined> {
  const script = yield* openScript(sql);
  while (!script.isAtEnd) {
    yield* script.readAhead();
    yield script.next();
  }
}

/** A script of any length; looks at its characters with pauses. Throws 22021. */
export function* openScript(sql: string): Generator<typeof PAUSE, Script, undefined> {
  const isLong = sql.length > LONG_TEXT;
  if (isLong) yield* checkCharacters(sql);
  return new Script(sql, isLong ? { isChecked: true } : undefined);
}

/** A script that is read statement by statement: ask `isAtEnd` before each. */
export class Script {
  readonly #sql: string;
  readonly #cursor: Cursor;
  readonly #isHinted: boolean;
  /** Where the next statement's text begins. */
  #from = 0;
  /** The cursor is not there yet: a mistake behind a statement must not show before its turn. */
  #isBehind = false;

  constructor(sql: string, options?: ParseOptions) {
    this.#sql = sql;
    this.#cursor = new Cursor(sql, GRAMMAR, options);
    this.#isHinted = sql.includes('/*+');
  }

  get isAtEnd(): boolean {
    const p = this.#cursor;
    if (this.#isBehind) p.restart(this.#from);
    this.#isBehind = false;
    while (p.at(';')) p.restart(p.start + 1);
    return p.code === END_OF_INPUT;
  }

  /** The first tokens of the next statement, up to its semicolon if they are few; null where they do not tell all of it. */
  get tokens(): Lexer | null {
    return this.#isHinted ? null : this.#cursor.lexer;
  }

  /** Reads what of a long statement can be read with pauses, before `next`. */
  *readAhead(): Generator<typeof PAUSE, void, undefined> {
    if (this.#sql.length > LONG_TEXT) yield* readAhead(this.#cursor);
  }

  /** Parses the next statement. */
  next(): Statement {
    const p = this.#cursor;
    const statement = guarded(p, parseStatement);
    if (p.code !== END_OF_INPUT && !p.at(';')) p.fail();
    const end = p.start;
    if (this.#isHinted) noteHints(statement, this.#sql.slice(this.#from, end));
    if (statement.kind !== 'copy' || !readsData(statement) || p.code === END_OF_INPUT) {
      this.#goOn(end + 1);
      return statement;
    }
    const data = copyData(this.#sql, end + 1);
    this.#goOn(data.next);
    return { ...statement, data };
  }

  /** Passes over the next statement, all of whose tokens the caller knows. */
  skip(): void {
    const { lexer } = this.#cursor;
    this.#goOn((lexer.starts[lexer.count - 1] as number) + 1);
  }

  #goOn(from: number): void {
    this.#from = Math.min(from, this.#sql.length);
    this.#isBehind = true;
  }
}

function readsData(copy: Copy): boolean {
  return copy.direction === 'from' && copy.file === undefined && !copy.program;
}

/** Finds the lines behind COPY … FROM STDIN, up to a line `\.` or the end. */
function copyData(sql: string, from: number): { start: number; end: number; text: string; next: number } {
  const lineBreak = sql.indexOf('\n', from);
  const start = lineBreak < 0 ? sql.length : lineBreak + 1;
  const close = /^\\\.\r?$/m;
  close.lastIndex = start;
  const match = close.exec(sql.slice(start));
  if (match === null) return { start, end: sql.length, text: sql.slice(start), next: sql.length };
  const end = start + match.index;
  return { start, end, text: sql.slice(start, end), next: end + match[0].length };
}

/** Parses text that is one expression and nothing else. */
export function parseExpression(sql: string, options?: ParseOptions): Expression {
  return whole(sql, parseExpressionAt, options);
}

/** Parses text that is a type's name and nothing else. */
export function parseTypeName(sql: string, options?: ParseOptions): TypeName {
  return whole(sql, parseTypeNameAt, options);
}

function whole<T>(sql: string, rule: (p: Cursor) => T, options: ParseOptions | undefined): T {
  const p = new Cursor(sql, GRAMMAR, options);
  const result = guarded(p, rule);
  if (p.code !== END_OF_INPUT) p.fail();
  return result;
}

/** Where the host's stack is so small that it ends before maxDepth does, the answer is the same. */
function guarded<T>(p: Cursor, rule: (p: Cursor) => T): T {
  try {
    return rule(p);
  } catch (error) {
    if (error instanceof RangeError) p.tooDeep();
    throw error;
  }
}

/** Parses one statement, up to its semicolon. */
function parseStatement(p: Cursor): Statement {
  p.enter();
  const statement = parseByFirstWord(p);
  p.leave();
  return statement;
}

function parseByFirstWord(p: Cursor): Statement {
  switch (p.word) {
    case 'select':
    case 'values':
    case 'table':
    case '(':
      return parseQuery(p);
    case 'delete':
      return p.atName('history', 1) ? parseRareStatement(p) : parsePreparable(p);
    case 'merge':
      return p.atName('branch', 1) ? parseRareStatement(p) : parsePreparable(p);
    case 'insert':
    case 'update':
    case 'with':
      return parsePreparable(p);
    case 'begin':
    case 'start':
      return parseBegin(p);
    case 'commit':
    case 'end':
    case 'rollback':
    case 'abort':
      return parseEnd(p);
    case 'savepoint':
    case 'release':
      return parseSavepoint(p);
    case 'set':
      return parseSet(p);
    case 'reset':
      return parseReset(p);
    case 'show':
      return parseShow(p);
    default:
      return parseRareStatement(p);
  }
}
