/**
 * What all parts of the PL/pgSQL parser share: the tokens of SQL, words that only PL/pgSQL knows, and cutting out the
 * text of an expression or a statement of SQL, which ends where a word or sign of PL/pgSQL follows outside of parentheses.
 */
import { DriftError } from '../../base/error.ts';
import type { TypeName } from '../ast.ts';
import type { Statement } from '../ast-statement.ts';
import { END_OF_INPUT } from '../lexer.ts';
import { Cursor } from '../parser/cursor.ts';
import { GRAMMAR, parseOne } from '../parser/parser.ts';
import { parseTypeName } from '../parser/type-name.ts';
import type { Assignable, Datum, PlExpression, PlQuery, PlStatementText } from './ast.ts';
import { NameSpace } from './ast.ts';

export class Reader {
  readonly p: Cursor;
  readonly datums: Datum[] = [];
  /** Where the parser is: the innermost block. */
  names: NameSpace;
  conflict: 'error' | 'column' | 'variable' = 'error';
  #hidden = 0;

  constructor(text: string, label: string | undefined) {
    this.p = new Cursor(text, GRAMMAR);
    this.names = new NameSpace(null, label);
  }

  get line(): number {
    const { text, start } = this.p;
    let line = 1;
    for (let i = 0; i < start; i++) if (text.charCodeAt(i) === 10) line++;
    return line;
  }

  /** Whether the current token is this word, keyword of SQL or not. */
  at(word: string, n = 0): boolean {
    return (n === 0 ? this.p.word : this.p.peekWord(n)) === word || this.p.atName(word, n);
  }

  accept(word: string): boolean {
    if (!this.at(word)) return false;
    this.p.advance();
    return true;
  }

  expect(word: string): void {
    if (!this.accept(word)) this.p.fail();
  }

  get ended(): boolean {
    return this.p.code === END_OF_INPUT;
  }

  // ---- variables

  declare(name: string, parts: Partial<Datum> = {}): number {
    if (this.names.names.has(name))
      throw new DriftError('42601', `duplicate declaration at or near "${name}"`, { position: this.p.position });
    const index = this.datum(name, parts);
    this.names.names.set(name, index);
    return index;
  }

  /** A variable without a name that code could use. */
  datum(name: string, parts: Partial<Datum> = {}): number {
    const { line } = this;
    return (
      this.datums.push({
        name,
        type: undefined,
        rowType: false,
        constant: false,
        notNull: false,
        default: undefined,
        cursor: undefined,
        line,
        ...parts,
      }) - 1
    );
  }

  /** [NO] SCROLL. */
  scroll(): boolean | undefined {
    const none = this.accept('no');
    if (!this.accept('scroll')) return undefined;
    return !none;
  }

  hiddenName(what: string): string {
    return `__${what}_${++this.#hidden}__`;
  }

  within<T>(label: string | undefined, read: () => T): T {
    this.names = new NameSpace(this.names, label);
    try {
      return read();
    } finally {
      this.names = this.names.parent as NameSpace;
    }
  }

  /** A known variable by name, `label.name` included; undefined where the word is none. */
  knownVariable(): Assignable | undefined {
    if (!this.p.isLabel()) return undefined;
    const save = this.p.index;
    const found = this.#variable();
    if (found === undefined) this.p.back(save);
    return found;
  }

  variable(): Assignable {
    const { p } = this;
    const name = p.tokenText();
    const { position } = p;
    const found = this.knownVariable();
    if (found === undefined) throw new DriftError('42601', `"${name}" is not a known variable`, { position });
    return found;
  }

  #variable(): Assignable | undefined {
    const { p } = this;
    const parts = [p.label()];
    while (p.at('.')) {
      p.advance();
      if (!p.isLabel()) return undefined;
      parts.push(p.label());
    }
    const first = parts[0] as string;
    let datum = this.names.find(first);
    let fields = parts.slice(1);
    if (datum === undefined && fields.length > 0) {
      datum = this.names.labelled(first)?.names.get(fields[0] as string);
      fields = fields.slice(1);
    }
    if (datum === undefined) return undefined;
    const subscripts: PlExpression[] = [];
    while (p.at('[')) {
      p.advance();
      subscripts.push(this.expression([']']));
      p.expect(']');
    }
    return { datum, fields, subscripts };
  }

  /** A type: also `table%ROWTYPE`, which has `rowType`. */
  type(): Pick<Datum, 'type' | 'rowType'> {
    const { p } = this;
    const save = p.index;
    if (p.isLabel()) {
      const { position } = p;
      const names = [p.label()];
      while (p.at('.') && p.isLabel(1)) {
        p.advance();
        names.push(p.label());
      }
      if (p.at('%') && this.at('rowtype', 1)) {
        p.advance();
        p.advance();
        return { type: plainType(names, position), rowType: true };
      }
      if (p.at('%') && this.at('type', 1)) {
        const own = names.length === 1 ? this.names.find(names[0] as string) : undefined;
        if (own !== undefined) {
          p.advance();
          p.advance();
          const { type, rowType } = this.datums[own] as Datum;
          return { type, rowType };
        }
      }
      if (names.length === 1 && names[0] === 'record') return { type: undefined, rowType: false };
      this.p.back(save);
    }
    return { type: parseTypeName(p), rowType: false };
  }

  // ---- SQL

  /** Text up to one of the words at the same depth; the word stays. */
  textUntil(ends: readonly string[]): string {
    const { p } = this;
    const { start } = p;
    let depth = 0;
    for (;;) {
      if (this.ended && ends.includes(';'))
        throw new DriftError('42601', 'syntax error at end of input', { position: p.position });
      if (this.ended) throw missing(ends, p.position);
      if (depth === 0 && ends.some((word) => this.at(word))) break;
      if (p.at(';')) throw missing(ends, p.position);
      if (p.at('(') || p.at('[')) depth++;
      else if (p.at(')') || p.at(']')) depth--;
      p.advance();
    }
    return p.text.slice(start, p.start).trim();
  }

  expression(ends: readonly string[]): PlExpression {
    const { position } = this.p;
    return this.expressionOf(this.textUntil(ends), position);
  }

  expressionOf(text: string, position: number): PlExpression {
    if (text === '') throw new DriftError('42601', 'missing expression', { position });
    const statement = sqlOf(`SELECT ${text}`, position - 7);
    if (statement.kind !== 'query') throw new DriftError('42601', `syntax error at or near "${text}"`, { position });
    return { text, query: statement, names: this.names };
  }

  /** Expressions separated by commas. */
  expressions(ends: readonly string[]): PlExpression[] {
    const list = [this.expression([',', ...ends])];
    while (this.accept(',')) list.push(this.expression([',', ...ends]));
    return list;
  }

  statement(text: string, position: number): PlStatementText {
    return { text, statement: sqlOf(text, position), names: this.names };
  }

  /** `query` or `EXECUTE text [USING …]`, up to one of the words. */
  query(ends: readonly string[]): PlQuery {
    const { position } = this.p;
    if (this.accept('execute')) {
      const text = this.expression(['using', ...ends]);
      return { kind: 'dynamic', text, using: this.accept('using') ? this.expressions(ends) : [] };
    }
    return { kind: 'static', sql: this.statement(this.textUntil(ends), position) };
  }
}

function missing(ends: readonly string[], position: number): DriftError {
  const word = ends[ends.length - 1] as string;
  return new DriftError('42601', `missing "${word.toUpperCase()}" at end of SQL expression`, { position });
}

/** Parses SQL cut out of a body; positions of errors are those in the body. */
function sqlOf(text: string, position: number): Statement {
  try {
    return parseOne(text);
  } catch (error) {
    if (!(error instanceof DriftError) || error.position === undefined) throw error;
    throw new DriftError(error.code, error.message, { hint: error.hint, position: position + error.position - 1 });
  }
}

function plainType(names: readonly string[], position: number): TypeName {
  return {
    kind: 'typeName',
    schema: names.length > 1 ? names[names.length - 2] : undefined,
    name: names[names.length - 1] as string,
    modifiers: [],
    intervalFields: undefined,
    arrayBounds: [],
    setOf: false,
    percentType: false,
    position,
  };
}
