/** Arrays of every type: SqlArray, its text form `{1,2,{…}}`, and the array type made from an element type. */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import type { Value, ValueCodec } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

export class SqlArray {
  /** Length of each dimension; empty for the empty array. */
  readonly dimensions: readonly number[];
  readonly lowerBounds: readonly number[];
  /** Elements of all dimensions, the last varying fastest. */
  readonly elements: readonly Value[];
  readonly elementOid: number;

  constructor(
    dimensions: readonly number[],
    lowerBounds: readonly number[],
    elements: readonly Value[],
    elementOid: number,
  ) {
    this.dimensions = dimensions;
    this.lowerBounds = lowerBounds;
    this.elements = elements;
    this.elementOid = elementOid;
  }

  /** A one-dimensional array from 1. */
  static of(elements: readonly Value[], elementOid: number): SqlArray {
    return elements.length === 0
      ? new SqlArray([], [], [], elementOid)
      : new SqlArray([elements.length], [1], elements, elementOid);
  }
}

const MAX_DIMENSIONS = 6;

function malformed(text: string, detail: string): DriftError {
  return new DriftError('22P02', `malformed array literal: "${text}"`, { detail });
}

function parseArray(text: string, element: SqlType, typmod: number, context: EvalContext): SqlArray {
  const source = cleanText(text)
    .trim()
    .replace(/^(\[[^\]]*\])+=/, '');
  let at = 0;
  const elements: Value[] = [];
  const dimensions: number[] = [];
  const level = (depth: number): void => {
    if (depth >= MAX_DIMENSIONS)
      throw new DriftError('54000', `number of array dimensions exceeds the maximum allowed (${MAX_DIMENSIONS})`);
    if (source.charAt(at) !== '{') throw malformed(text, 'Array value must start with "{" or dimension information.');
    at++;
    let count = 0;
    const space = (): void => {
      while (source.charAt(at) === ' ') at++;
    };
    space();
    if (source.charAt(at) === '}') at++;
    else
      for (;;) {
        space();
        if (source.charAt(at) === '{') level(depth + 1);
        else elements.push(item());
        count++;
        space();
        const next = source.charAt(at++);
        if (next === '}') break;
        if (next !== ',') throw malformed(text, 'Unexpected array element.');
      }
    const known = dimensions[depth];
    if (known === undefined) dimensions[depth] = count;
    else if (known !== count)
      throw malformed(text, 'Multidimensional arrays must have sub-arrays with matching dimensions.');
  };
  const item = (): Value => {
    if (source.charAt(at) === '"') {
      let value = '';
      at++;
      while (source.charAt(at) !== '"') {
        if (at >= source.length) throw malformed(text, 'Unexpected end of input.');
        if (source.charAt(at) === '\\') at++;
        value += source.charAt(at++);
      }
      at++;
      return element.input(value, typmod, context);
    }
    const match = /[^,{}"]+/y;
    match.lastIndex = at;
    const found = match.exec(source);
    if (found === null) throw malformed(text, 'Unexpected array element.');
    at += found[0].length;
    const word = found[0].trim().replaceAll('\\', '');
    return word.toLowerCase() === 'null' ? null : element.input(word, typmod, context);
  };
  level(0);
  if (at < source.length) throw malformed(text, 'Junk after closing right brace.');
  return elements.length === 0
    ? new SqlArray([], [], [], element.oid)
    : new SqlArray(
        dimensions,
        dimensions.map(() => 1),
        elements,
        element.oid,
      );
}

function printArray(array: SqlArray, element: SqlType, context: EvalContext): string {
  let at = 0;
  const level = (depth: number): string => {
    const items: string[] = [];
    for (let i = 0; i < (array.dimensions[depth] ?? 0); i++) {
      items.push(
        depth + 1 < array.dimensions.length
          ? level(depth + 1)
          : printItem(array.elements[at++] ?? null, element, context),
      );
    }
    return `{${items.join(',')}}`;
  };
  return level(0);
}

function printItem(value: Value, element: SqlType, context: EvalContext): string {
  if (value === null) return 'NULL';
  const text = element.output(value, context);
  const quote = text === '' || /[\s",\\{}]/.test(text) || text.toLowerCase() === 'null';
  return quote ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
}

/** The array type over an element type. Elements are stored as text: exact for every type, read back on use. */
export function arrayTypeOf(element: SqlType, context: EvalContext): SqlType {
  const codec: ValueCodec = {
    name: `array of ${element.name}`,
    encode(value) {
      const writer = new ByteWriter();
      writer.string(printArray(value as SqlArray, element, context));
      return writer.finish();
    },
    decode: (bytes) => parseArray(new ByteReader(bytes, 'array').string(), element, -1, context),
    encodeKey(value) {
      const writer = new ByteWriter();
      for (const item of (value as SqlArray).elements) {
        writer.u8(1);
        for (const char of String(item === null ? '' : element.hashKey(item)))
          writer.raw(new TextEncoder().encode(char === '\u0000' ? ' ' : char));
        writer.u8(0);
      }
      writer.u8(0);
      return writer.finish();
    },
  };
  return {
    oid: element.arrayOid,
    name: `_${element.name}`,
    display: `${element.display}[]`,
    category: 'A',
    preferred: false,
    elementOid: element.oid,
    arrayOid: 0,
    length: -1,
    format: () => ({ kind: 'boxed', codec }),
    input: (text, typmod, own) => parseArray(text, element, typmod, own),
    output: (value, own) => printArray(value as SqlArray, element, own),
    compare(a, b) {
      const [x, y] = [(a as SqlArray).elements, (b as SqlArray).elements];
      for (let i = 0; i < Math.min(x.length, y.length); i++) {
        const [p, q] = [x[i] ?? null, y[i] ?? null];
        if (p === null || q === null) {
          if (p !== q) return p === null ? 1 : -1;
          continue;
        }
        const order = element.compare?.(p, q) ?? 0;
        if (order !== 0) return order;
      }
      return x.length - y.length;
    },
    hashKey: (value) =>
      (value as SqlArray).elements
        .map((item) => (item === null ? 'n' : `v${String(element.hashKey(item))}`))
        .join('\u0001'),
    applyTypmod(value, typmod, explicit) {
      const array = value as SqlArray;
      const elements = array.elements.map((item) =>
        item === null ? null : element.applyTypmod(item, typmod, explicit),
      );
      return new SqlArray(array.dimensions, array.lowerBounds, elements, array.elementOid);
    },
    typmodText: (typmod) => element.typmodText(typmod),
  };
}
