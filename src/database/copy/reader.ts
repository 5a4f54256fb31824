/**
 * CopyReader: text in COPY's formats to fields, chunk by chunk.
 *
 * What a chunk leaves unfinished waits for the next. Lines without a backslash (text) or a quote (CSV), the usual ones,
 * are cut by searching for delimiters; others are read character by character, once their end is known. PostgreSQL's
 * manual describes both formats under COPY, "File Formats".
 */
import { DriftError } from '../../base/error.ts';
import type { CopyFormat } from './options.ts';

/** Takes the fields of rows, in order; throws what a field's text deserves. */
export interface FieldSink {
  /** Names of the columns to fill. */
  readonly names: readonly string[];
  field(column: number, text: string | null): void;
}

export class CopyReader {
  readonly #format: CopyFormat;
  readonly #sink: FieldSink;
  readonly #forceNull: readonly boolean[];
  readonly #forceNotNull: readonly boolean[];
  #text = '';
  #at = 0;
  /** Where the next backslash or quote is, as far as has been looked. */
  #special = -1;
  #line = 0;
  #ended = false;
  /** Of the first line; undefined before it. */
  #eol: '\n' | '\r' | undefined;
  /** The header's fields while it is read. */
  #header: (string | null)[] | null;

  constructor(format: CopyFormat, sink: FieldSink) {
    this.#format = format;
    this.#sink = sink;
    this.#header = format.header === 'none' ? null : [];
    this.#forceNull = sink.names.map((name) => format.forceNull.includes(name));
    this.#forceNotNull = sink.names.map((name) => format.forceNotNull.includes(name));
  }

  /** Number of the line that was read last. */
  get line(): number {
    return this.#line;
  }

  push(chunk: string): void {
    this.#text = this.#at === this.#text.length ? chunk : this.#text.slice(this.#at) + chunk;
    this.#at = 0;
    this.#special = -1;
  }

  /** Reads rows that are whole, at most `limit`; returns how many. `last`: nothing more will come. */
  read(limit: number, last: boolean): number {
    let rows = 0;
    while (rows < limit && !this.#ended) {
      const header = this.#header !== null;
      if (!this.#record(last)) break;
      if (!header && !this.#ended) rows++;
    }
    return rows;
  }

  #record(last: boolean): boolean {
    const [text, start] = [this.#text, this.#at];
    if (start >= text.length || (this.#eol === undefined && !this.#findEol(last))) return false;
    if (this.#special < start) {
      const found = text.indexOf(this.#format.csv ? this.#format.quote : '\\', start);
      this.#special = found < 0 ? Infinity : found;
    }
    const found = text.indexOf(this.#eol ?? '\n', start);
    if (found < 0 && !last) return false;
    const plain = this.#special >= (found < 0 ? text.length : found);
    const stop = plain ? found : this.#format.csv ? this.#quotedEnd(start, last) : this.#escapedEnd(start);
    if (stop < 0 && !last) return false;
    this.#line++;
    this.#at = stop < 0 ? text.length : stop + 1;
    this.#cut(start, stop < 0 ? text.length : stop, plain);
    return true;
  }

  /** Hands the fields of one record on. */
  #cut(start: number, lineEnd: number, plain: boolean): void {
    const text = this.#text;
    const end = lineEnd > start && this.#eol === '\n' && text[lineEnd - 1] === '\r' ? lineEnd - 1 : lineEnd;
    if (end - start === 2 && text.startsWith('\\.', start)) {
      this.#ended = true;
      return;
    }
    const count = plain
      ? this.#plainFields(start, end)
      : this.#format.csv
        ? this.#quotedFields(start, end)
        : this.#escapedFields(start, end);
    const { names } = this.#sink;
    if (this.#header !== null) this.#checkHeader(this.#header);
    else if (count < names.length) throw malformed(`missing data for column "${names[count] ?? ''}"`);
  }

  #plainFields(start: number, end: number): number {
    const text = this.#text;
    const { delimiter, nullText } = this.#format;
    for (let at = start, column = 0; ; column++) {
      const found = text.indexOf(delimiter, at);
      const stop = found < 0 || found > end ? end : found;
      const field = text.slice(at, stop);
      this.#take(column, field === nullText && this.#forceNotNull[column] !== true ? null : field);
      if (stop === end) return column + 1;
      at = stop + 1;
    }
  }

  /** The line break that no backslash precedes, or -1. */
  #escapedEnd(start: number): number {
    const text = this.#text;
    for (let at = text.indexOf(this.#eol ?? '\n', start); at >= 0; at = text.indexOf(this.#eol ?? '\n', at + 1)) {
      let backslashes = 0;
      while (at - backslashes > start && text[at - backslashes - 1] === '\\') backslashes++;
      if (backslashes % 2 === 0) return at;
    }
    return -1;
  }

  #escapedFields(start: number, end: number): number {
    const text = this.#text;
    const { delimiter, nullText } = this.#format;
    let column = 0;
    let begin = start;
    let escaped = false;
    for (let at = start; ; at++) {
      if (at >= end || text[at] === delimiter) {
        const raw = text.slice(begin, Math.min(at, end));
        this.#take(column++, raw === nullText ? null : escaped ? unescaped(raw) : raw);
        if (at >= end) return column;
        begin = at + 1;
        escaped = false;
      } else if (text[at] === '\\') {
        escaped = true;
        at++;
      }
    }
  }

  /** The line break outside of quotes, or -1. Throws 22P04 where the quotes stay open. */
  #quotedEnd(start: number, last: boolean): number {
    const text = this.#text;
    const { quote, escape } = this.#format;
    let inside = false;
    for (let at = start; at < text.length; at++) {
      const character = text[at];
      if (inside && character === escape && (text[at + 1] === quote || text[at + 1] === escape)) at++;
      else if (character === quote) inside = !inside;
      else if (character === this.#eol && !inside) return at;
    }
    if (inside && last) throw malformed('unterminated CSV quoted field');
    return -1;
  }

  #quotedFields(start: number, end: number): number {
    const text = this.#text;
    const { quote, escape, delimiter, nullText } = this.#format;
    let column = 0;
    let value = '';
    let begin = start;
    let inside = false;
    let quoted = false;
    for (let at = start; ; at++) {
      const character = at >= end && !inside ? delimiter : text[at];
      if (inside) {
        if (character === '\n') this.#line++;
        if (character === escape && (text[at + 1] === quote || text[at + 1] === escape)) {
          value += text.slice(begin, at) + (text[at + 1] ?? '');
          at++;
          begin = at + 1;
        } else if (character === quote) {
          value += text.slice(begin, at);
          begin = at + 1;
          inside = false;
        }
      } else if (character === quote) {
        value += text.slice(begin, at);
        begin = at + 1;
        inside = true;
        quoted = true;
      } else if (character === delimiter) {
        value += text.slice(begin, Math.min(at, end));
        const isNull =
          value === nullText && (quoted ? this.#forceNull[column] === true : this.#forceNotNull[column] !== true);
        this.#take(column++, isNull ? null : value);
        if (at >= end) return column;
        value = '';
        begin = at + 1;
        quoted = false;
      }
    }
  }

  #take(column: number, field: string | null): void {
    if (this.#header !== null) this.#header.push(field);
    else if (column >= this.#sink.names.length) throw malformed('extra data after last expected column');
    else this.#sink.field(column, field);
  }

  #checkHeader(fields: readonly (string | null)[]): void {
    this.#header = null;
    if (this.#format.header !== 'match') return;
    const { names } = this.#sink;
    if (fields.length !== names.length)
      throw malformed(`wrong number of fields in header line: got ${fields.length}, expected ${names.length}`);
    fields.forEach((field, i) => {
      if (field === names[i]) return;
      const got = field === null ? `null value ("${this.#format.nullText}")` : `"${field}"`;
      throw malformed(`column name mismatch in header line field ${i + 1}: got ${got}, expected "${names[i] ?? ''}"`);
    });
  }

  /** The first line says how lines end; a carriage return at the end of a chunk may be half of it. */
  #findEol(last: boolean): boolean {
    const found = /[\r\n]/.exec(this.#text);
    if (found === null && !last) return false;
    const alone = found !== null && found[0] === '\r' && this.#text[found.index + 1] !== '\n';
    if (alone && found.index + 1 === this.#text.length && !last) return false;
    this.#eol = alone ? '\r' : '\n';
    return true;
  }
}

function malformed(message: string): DriftError {
  return new DriftError('22P04', message);
}

const ESCAPES: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** Resolves the backslash sequences of the text format. Octal and hexadecimal ones are bytes of UTF-8. */
function unescaped(raw: string): string {
  return raw.replace(/(?:\\[0-7]{1,3}|\\x[0-9a-fA-F]{1,2})+|\\([^])/g, (sequence, character: string | undefined) => {
    if (character !== undefined) return ESCAPES[character] ?? character;
    const codes = sequence.split('\\').slice(1);
    const bytes = codes.map((code) => (code.startsWith('x') ? parseInt(code.slice(1), 16) : parseInt(code, 8) & 255));
    try {
      return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes));
    } catch {
      throw new DriftError('22021', 'invalid byte sequence for encoding "UTF8"');
    }
  });
}
