/**
 * Reads the text form of arrays: `{1,2,NULL}`, `{{a,"b c"},{d,e}}`, `[0:2]={1,2,3}`.
 *
 * Items stand between commas, quoted or not; a backslash takes the next character as it is; NULL in any case, unquoted,
 * is null. All sub-arrays of a level have the same length, and all items the same depth.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';

const MAX_DIMENSIONS = 6;
const PLAIN = /[^\s,{}"\\]+/y;

/** What was read: lengths and first indexes of the dimensions (none for the empty array), and the items in order. */
export interface ArrayParts {
  readonly dimensions: readonly number[];
  readonly lowerBounds: readonly number[];
  readonly elements: readonly Value[];
}

/** Reads an array; `input` reads an item. Throws 22P02, 2202E, 54000 and what `input` throws. */
export function readArray(text: string, input: (item: string) => Value): ArrayParts {
  return new ArrayReader(text, input).read();
}

class ArrayReader {
  readonly #text: string;
  readonly #input: (item: string) => Value;
  #at = 0;
  readonly #elements: Value[] = [];
  readonly #dimensions: number[] = [];
  /** How deep items lie, once the first is seen. */
  #depth = 0;

  constructor(text: string, input: (item: string) => Value) {
    this.#text = text;
    this.#input = input;
  }

  read(): ArrayParts {
    const bounds = this.#readBounds();
    this.#space();
    if (this.#peek() !== '{') {
      throw this.#malformed(
        bounds.length > 0
          ? 'Array contents must start with "{".'
          : 'Array value must start with "{" or dimension information.',
      );
    }
    this.#level(1);
    this.#space();
    if (this.#at < this.#text.length) throw this.#malformed('Junk after closing right brace.');
    if (this.#elements.length === 0) {
      if (this.#dimensions.length > 1) throw this.#malformed('Unexpected "}" character.');
      if (bounds.length > 0) throw this.#malformed('Specified array dimensions do not match array contents.');
      return { dimensions: [], lowerBounds: [], elements: [] };
    }
    if (bounds.length > 0 && bounds.map(([low, high]) => high - low + 1).join() !== this.#dimensions.join())
      throw this.#malformed('Specified array dimensions do not match array contents.');
    const lowerBounds = this.#dimensions.map((_, d) => bounds[d]?.[0] ?? 1);
    return { dimensions: this.#dimensions, lowerBounds, elements: this.#elements };
  }

  /** `[l:u][l:u]=` before the braces; `[u]` counts from 1. */
  #readBounds(): (readonly [number, number])[] {
    const bounds: (readonly [number, number])[] = [];
    const part = /\s*\[\s*(?:([+-]?\d+)\s*:\s*)?([+-]?\d+)\s*\]/y;
    for (;;) {
      part.lastIndex = this.#at;
      const match = part.exec(this.#text);
      if (match === null) break;
      if (bounds.length === MAX_DIMENSIONS) throw tooDeep(bounds.length + 1);
      this.#at = part.lastIndex;
      const [low, high] = [Number(match[1] ?? 1), Number(match[2])];
      if (Math.max(Math.abs(low), Math.abs(high)) > 2147483647)
        throw new DriftError('22003', 'array bound is out of integer range');
      if (high < low) throw new DriftError('2202E', 'upper bound cannot be less than lower bound');
      bounds.push([low, high]);
    }
    this.#space();
    if (this.#peek() === '[') throw this.#malformed('"[" must introduce explicitly-specified array dimensions.');
    if (bounds.length > 0 && this.#text.charAt(this.#at++) !== '=')
      throw this.#malformed('Missing "=" after array dimensions.');
    return bounds;
  }

  #level(depth: number): void {
    if (depth > MAX_DIMENSIONS) throw tooDeep(depth);
    this.#at++;
    let count = 0;
    this.#space();
    if (this.#peek() === '}') {
      this.#at++;
      if (this.#elements.length > 0 && this.#depth >= depth) throw this.#ragged();
    } else
      for (;;) {
        this.#space();
        if (this.#peek() === '{') {
          if (this.#depth !== 0 && depth >= this.#depth) throw this.#malformed('Unexpected "{" character.');
          this.#level(depth + 1);
        } else this.#item(depth);
        count++;
        this.#space();
        const next = this.#peek();
        if (next === '') throw this.#malformed('Unexpected end of input.');
        this.#at++;
        if (next === '}') break;
        if (next !== ',') throw this.#malformed('Unexpected array element.');
      }
    const known = this.#dimensions[depth - 1];
    if (known === undefined) this.#dimensions[depth - 1] = count;
    else if (known !== count) throw this.#ragged();
  }

  #item(depth: number): void {
    if (this.#depth === 0) this.#depth = depth;
    else if (this.#depth !== depth) throw this.#ragged();
    this.#elements.push(this.#peek() === '"' ? this.#quoted() : this.#plain());
  }

  #quoted(): Value {
    let value = '';
    this.#at++;
    for (;;) {
      const char = this.#text.charAt(this.#at++);
      if (char === '"') return this.#input(value);
      if (this.#at >= this.#text.length) throw this.#malformed('Unexpected end of input.');
      value += char === '\\' ? this.#text.charAt(this.#at++) : char;
    }
  }

  /** Spaces inside an item belong to it, those around it do not. */
  #plain(): Value {
    let value = '';
    let escaped = false;
    let spaces = '';
    for (;;) {
      PLAIN.lastIndex = this.#at;
      const run = PLAIN.exec(this.#text)?.[0] ?? '';
      if (run !== '') {
        value += spaces + run;
        spaces = '';
        this.#at += run.length;
      }
      const char = this.#peek();
      if (char === '\\') {
        value += spaces + this.#text.charAt(this.#at + 1);
        spaces = '';
        escaped = true;
        this.#at += 2;
      } else if (char !== '' && /\s/.test(char)) {
        spaces += char;
        this.#at++;
      } else if (char === ',' || char === '}') {
        if (value === '') throw this.#malformed(`Unexpected "${char}" character.`);
        return !escaped && value.toLowerCase() === 'null' ? null : this.#input(value);
      } else throw this.#malformed(char === '' ? 'Unexpected end of input.' : 'Unexpected array element.');
    }
  }

  #peek(): string {
    return this.#text.charAt(this.#at);
  }

  #space(): void {
    while (/\s/.test(this.#peek())) this.#at++;
  }

  #malformed(detail: string): DriftError {
    return new DriftError('22P02', `malformed array literal: "${this.#text}"`, { detail });
  }

  #ragged(): DriftError {
    return this.#malformed('Multidimensional arrays must have sub-arrays with matching dimensions.');
  }
}

function tooDeep(depth: number): DriftError {
  return new DriftError(
    '54000',
    `number of array dimensions (${depth}) exceeds the maximum allowed (${MAX_DIMENSIONS})`,
  );
}
