/**
 * Cursor: where the parser is in the tokens, and the small questions that all grammar functions ask.
 *
 * Grammar functions take a cursor and return a node; they are grouped by what they parse (expression.ts, query.ts …).
 * Where two groups need each other (an expression holds a query, a query holds expressions) the lower one calls
 * through `grammar`, so that imports go one way.
 *
 * `word` is the text of the current keyword or punctuation, '' for names and constants: `p.at('select')` compares two
 * interned strings. `enter`/`leave` around every recursion keep parsing and the trees it makes within maxDepth: `depth`
 * counts open calls, `height` measures the tree made so far in the innermost open call, left-deep chains included.
 */
import { DriftError } from '../../base/error.ts';
import type { Expression, Identifier, QualifiedName } from '../ast.ts';
import type { Query } from '../ast-query.ts';
import type { PreparableStatement, Statement } from '../ast-statement.ts';
import {
  BARE_LABEL,
  CATEGORIES,
  CATEGORY_COLUMN_NAME,
  CATEGORY_RESERVED,
  CATEGORY_TYPE_OR_FUNCTION,
  CATEGORY_UNRESERVED,
  FIRST_KEYWORD,
  KEYWORDS,
} from '../keywords.ts';
import {
  COLON_EQUALS,
  DECIMAL,
  DOT_DOT,
  DOUBLE_COLON,
  END_OF_INPUT,
  EQUALS_GREATER,
  ERROR,
  GREATER_EQUALS,
  IDENTIFIER,
  INTEGER,
  LESS_EQUALS,
  Lexer,
  NOT_EQUALS,
  QUOTED_IDENTIFIER,
  STRING,
} from '../lexer.ts';

/** Grammar functions that lower groups call in higher ones. */
export interface Grammar {
  expression(p: Cursor): Expression;
  /** An expression whose first operand was parsed already, in parentheses. */
  expressionFrom(p: Cursor, first: Expression): Expression;
  /** An expression without AND, IS NULL, IN …: what may stand before such a word. */
  restrictedExpression(p: Cursor): Expression;
  query(p: Cursor): Query;
  /** A query whose first operand was parsed already, in parentheses. */
  queryFrom(p: Cursor, first: Query): Query;
  /** SELECT, INSERT, UPDATE, DELETE, MERGE. */
  preparable(p: Cursor): PreparableStatement;
  statement(p: Cursor): Statement;
}

export interface ParseOptions {
  /** Greatest depth of nesting, and of the tree. More is refused with 54001. Default 600. */
  readonly maxDepth?: number | undefined;
  /** The text's characters are known to be good. */
  readonly isChecked?: boolean | undefined;
}

/** Rows of a VALUES that were read beforehand: the first ones, or all. */
export interface ReadyRows {
  readonly rows: Expression[][];
  /** The token behind them. */
  readonly end: number;
  /** Of the highest tree among them. */
  readonly height: number;
}

const DEFAULT_MAX_DEPTH = 600;

/** Text by token code. */
const WORDS: string[] = [];
for (let code = 0; code < FIRST_KEYWORD; code++) WORDS.push(code < 32 ? '' : String.fromCharCode(code));
WORDS[DOT_DOT] = '..';
WORDS[COLON_EQUALS] = ':=';
WORDS[EQUALS_GREATER] = '=>';
WORDS[LESS_EQUALS] = '<=';
WORDS[GREATER_EQUALS] = '>=';
WORDS[NOT_EQUALS] = '<>';
WORDS[DOUBLE_COLON] = '::';
for (const word of KEYWORDS) WORDS.push(word);

const MAX_NAME_BYTES = 63;

export class Cursor {
  readonly text: string;
  readonly lexer: Lexer;
  readonly grammar: Grammar;
  readonly maxDepth: number;
  /** Index of the current token. */
  index = 0;
  code = 0;
  word = '';
  depth = 0;
  height = 0;
  /** By the token that they begin with; none but in long texts (long-text.ts). */
  ready: ReadonlyMap<number, ReadyRows> | null = null;

  constructor(text: string, grammar: Grammar, options: ParseOptions = {}) {
    this.text = text;
    this.grammar = grammar;
    this.maxDepth = options.maxDepth ?? DEFAULT_MAX_DEPTH;
    this.lexer = new Lexer(text, options.isChecked);
    this.#load();
  }

  // ---- moving

  /** Makes the token at `index` the current one. */
  #load(): void {
    const { lexer } = this;
    if (this.index >= lexer.count) lexer.readRun();
    const code = lexer.codes[this.index] as number;
    if (code === ERROR) throw lexer.errors.get(this.index);
    this.code = code;
    this.word = WORDS[code] as string;
  }

  advance(): void {
    if (this.code === END_OF_INPUT) return;
    this.index++;
    this.#load();
  }

  /** Goes back to a token of the same run of look-ahead. */
  back(index: number): void {
    this.index = index;
    this.#load();
  }

  /** Forgets the tokens before the current one; the current one is read anew, from `offset` if given. */
  restart(offset: number = this.start): void {
    this.lexer.restart(offset);
    this.index = 0;
    this.depth = 0;
    this.height = 0;
    this.#load();
  }

  /** Offset of the current token, from 0. */
  get start(): number {
    return this.lexer.starts[this.index] as number;
  }

  /** Position of the current token, from 1. */
  get position(): number {
    return (this.lexer.starts[this.index] as number) + 1;
  }

  /** Position after the token before the current one. */
  get lastEnd(): number {
    return this.index === 0 ? 1 : (this.lexer.ends[this.index - 1] as number) + 1;
  }

  tokenText(): string {
    return this.text.slice(this.lexer.starts[this.index], this.lexer.ends[this.index]);
  }

  // ---- looking

  at(word: string): boolean {
    return this.word === word;
  }

  /** Code of the token n places ahead; an error token counts as the end of input. */
  peekCode(n = 1): number {
    const { lexer } = this;
    const index = this.index + n;
    while (index >= lexer.count) {
      const last = lexer.codes[lexer.count - 1];
      if (last === END_OF_INPUT || last === ERROR) return END_OF_INPUT;
      lexer.readRun();
    }
    const code = lexer.codes[index] as number;
    return code === ERROR ? END_OF_INPUT : code;
  }

  peekWord(n = 1): string {
    return WORDS[this.peekCode(n)] as string;
  }

  /** Whether the next token stands behind the current one without space between them. */
  adjacent(n = 0): boolean {
    this.peekCode(n + 1);
    return this.lexer.ends[this.index + n] === this.lexer.starts[this.index + n + 1];
  }

  /** Whether a constant stands here with a comma or parenthesis behind it: no operator needs to be looked for. */
  atLoneConstant(): boolean {
    const { code, lexer } = this;
    if (code !== INTEGER && code !== STRING && code !== DECIMAL && this.word !== 'null') return false;
    const index = this.index + 1;
    if (index >= lexer.count) return false;
    const next = lexer.codes[index] as number;
    return next === 44 || next === 41;
  }

  /** Whether the current token is this word, which is not a keyword of PostgreSQL's. */
  atName(name: string, n = 0): boolean {
    if (this.peekCode(n) !== IDENTIFIER) return false;
    const start = this.lexer.starts[this.index + n] as number;
    return (
      this.lexer.ends[this.index + n] === start + name.length &&
      this.text.slice(start, start + name.length).toLowerCase() === name
    );
  }

  // ---- taking

  accept(word: string): boolean {
    if (this.word !== word) return false;
    this.advance();
    return true;
  }

  acceptAll(first: string, second: string): boolean {
    if (this.word !== first || this.peekWord() !== second) return false;
    this.advance();
    this.advance();
    return true;
  }

  acceptName(name: string): boolean {
    if (!this.atName(name)) return false;
    this.advance();
    return true;
  }

  expect(word: string): void {
    if (this.word !== word) this.fail();
    this.advance();
  }

  /** Takes `[IF NOT EXISTS]`. */
  acceptIfNotExists(): boolean {
    if (!this.at('if') || this.peekWord() !== 'not') return false;
    this.advance();
    this.advance();
    this.expect('exists');
    return true;
  }

  acceptIfExists(): boolean {
    return this.acceptAll('if', 'exists');
  }

  /** Takes `[CASCADE | RESTRICT]`; true for CASCADE. */
  acceptCascade(): boolean {
    if (this.accept('cascade')) return true;
    this.accept('restrict');
    return false;
  }

  // ---- names

  #category(code: number): number {
    if (code === IDENTIFIER || code === QUOTED_IDENTIFIER) return CATEGORY_UNRESERVED;
    return code >= FIRST_KEYWORD ? (CATEGORIES[code - FIRST_KEYWORD] as number) : CATEGORY_RESERVED;
  }

  /** ColId: may name a column or table. */
  isColumnName(n = 0): boolean {
    return this.#category(n === 0 ? this.code : this.peekCode(n)) <= CATEGORY_COLUMN_NAME;
  }

  /** type_function_name. */
  isTypeOrFunctionName(n = 0): boolean {
    const category = this.#category(n === 0 ? this.code : this.peekCode(n));
    return category === CATEGORY_UNRESERVED || category === CATEGORY_TYPE_OR_FUNCTION;
  }

  /** ColLabel: any word. */
  isLabel(n = 0): boolean {
    const code = n === 0 ? this.code : this.peekCode(n);
    return code === IDENTIFIER || code === QUOTED_IDENTIFIER || code >= FIRST_KEYWORD;
  }

  /** A label that needs no AS. */
  isBareLabel(): boolean {
    const { code } = this;
    if (code >= FIRST_KEYWORD) return BARE_LABEL[code - FIRST_KEYWORD] === 1;
    return code === IDENTIFIER || code === QUOTED_IDENTIFIER;
  }

  /** Takes any word as a name. */
  label(): string {
    const { code } = this;
    let name: string;
    if (code >= FIRST_KEYWORD) {
      name = this.word;
    } else if (code === IDENTIFIER) {
      name = truncate(fold(this.tokenText()));
    } else if (code === QUOTED_IDENTIFIER) {
      name = truncate(this.lexer.values.get(this.index) ?? this.tokenText().slice(1, -1));
    } else {
      this.fail();
    }
    this.advance();
    return name;
  }

  columnName(): string {
    if (!this.isColumnName()) this.fail();
    return this.label();
  }

  /** Any word that is not reserved. */
  nonReservedWord(): string {
    if (this.#category(this.code) === CATEGORY_RESERVED) this.fail();
    return this.label();
  }

  identifier(): Identifier {
    const { position } = this;
    return { name: this.columnName(), position };
  }

  /** `[[catalog.]schema.]name`. */
  qualifiedName(): QualifiedName {
    const { position } = this;
    const first = this.columnName();
    if (this.word !== '.') return { catalog: undefined, schema: undefined, name: first, position };
    return this.restOfName(first, position);
  }

  restOfName(first: string, position: number): QualifiedName {
    const names = [first];
    while (this.accept('.')) names.push(this.label());
    if (names.length > 3) {
      throw new DriftError('42601', `improper qualified name (too many dotted names): ${names.join('.')}`, {
        position,
      });
    }
    const name = names.pop() as string;
    const schema = names.pop();
    return { catalog: names.pop(), schema, name, position };
  }

  /** `(a, b, …)`. */
  parenthesisedNames(): string[] {
    return this.parenthesised(() => this.columnName());
  }

  parenthesisedIdentifiers(): Identifier[] {
    return this.parenthesised(() => this.identifier());
  }

  parenthesised<T>(item: () => T): T[] {
    this.expect('(');
    const items = this.list(item);
    this.expect(')');
    return items;
  }

  /** One or more, separated by commas. */
  list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.accept(',')) items.push(item());
    return items;
  }

  // ---- constants

  string(): string {
    if (this.code !== STRING) this.fail();
    const value = this.stringValue();
    this.advance();
    return value;
  }

  /** Value of the current string token. */
  stringValue(): string {
    const { values } = this.lexer;
    const value = values.size === 0 ? undefined : values.get(this.index);
    if (value !== undefined) return value;
    const end = this.lexer.ends[this.index] as number;
    return this.text.slice((this.lexer.starts[this.index] as number) + 1, end - 1);
  }

  /** A non-negative integer constant that fits 32 bits. */
  integer(): number {
    if (this.code !== INTEGER) this.fail();
    const value = Number(this.tokenText());
    if (value > 0x7fffffff) this.fail();
    this.advance();
    return value;
  }

  // ---- depth

  enter(): void {
    if (++this.depth > this.maxDepth) this.tooDeep();
  }

  leave(): void {
    this.depth--;
  }

  /** Counts one more level on top of the tree made so far. */
  wrap(): void {
    if (++this.height > this.maxDepth) this.tooDeep();
  }

  tooDeep(): never {
    throw new DriftError('54001', `statement is too complex: nesting is deeper than ${this.maxDepth} levels`, {
      hint: 'Split the statement, or raise the limit on expression depth.',
      position: this.position,
    });
  }

  // ---- errors

  /** Syntax error at the current token. */
  fail(): never {
    if (this.code === END_OF_INPUT) this.refuse('syntax error at end of input');
    throw new DriftError('42601', `syntax error at or near "${shorten(this.tokenText())}"`, {
      position: this.position,
    });
  }

  /** A syntax error that is not about an unexpected token. */
  refuse(message: string, position: number = this.position, code = '42601'): never {
    throw new DriftError(code, message, { position });
  }
}

/** Folds ASCII letters to lower case, as PostgreSQL does in UTF-8 databases. */
function fold(name: string): string {
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (c > 127) return name.replace(/[A-Z]+/g, (upper) => upper.toLowerCase());
  }
  return name.toLowerCase();
}

/** Names are cut at 63 bytes, between characters. */
function truncate(name: string): string {
  if (name.length * 3 <= MAX_NAME_BYTES) return name;
  let bytes = 0;
  let length = 0;
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes > MAX_NAME_BYTES) break;
    length += character.length;
  }
  return name.slice(0, length);
}

function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
