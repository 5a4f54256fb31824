/** Arrays of every type: SqlArray, its text form `{1,2,{…}}`, and the array type made from an element type. */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import type { Value, ValueCodec } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { readArray } from './array-input.ts';
import { writeKey } from './key-bytes.ts';
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

function parseArray(text: string, element: SqlType, typmod: number, context: EvalContext): SqlArray {
  const parts = readArray(cleanText(text), (item) => element.input(item, typmod, context));
  return new SqlArray(parts.dimensions, parts.lowerBounds, parts.elements, element.oid);
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
  return boundsText(array) + level(0);
}

/** Written only where a dimension does not begin at 1. */
function boundsText({ dimensions, lowerBounds }: SqlArray): string {
  if (lowerBounds.every((bound) => bound === 1)) return '';
  const parts = dimensions.map((length, d) => {
    const low = lowerBounds[d] as number;
    return `[${low}:${low + length - 1}]`;
  });
  return `${parts.join('')}=`;
}

function printItem(value: Value, element: SqlType, context: EvalContext): string {
  if (value === null) return 'NULL';
  const text = element.output(value, context);
  const quote = text === '' || /[\s",\\{}]/.test(text) || text.toLowerCase() === 'null';
  return quote ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
}

/** Elements in turn, a null after all others; then the count of elements, the dimensions, their first indexes. */
function compareArrays(a: SqlArray, b: SqlArray, element: SqlType): number {
  const common = Math.min(a.elements.length, b.elements.length);
  for (let i = 0; i < common; i++) {
    const [p, q] = [a.elements[i] ?? null, b.elements[i] ?? null];
    if (p === null || q === null) {
      if (p !== q) return p === null ? 1 : -1;
      continue;
    }
    if (element.compare === undefined)
      throw new DriftError('42883', `could not identify a comparison function for type ${element.display}`);
    const order = element.compare(p, q);
    if (order !== 0) return order;
  }
  const rest = shapeOf(b);
  for (const [i, number] of shapeOf(a).entries()) {
    const other = rest[i] ?? 0;
    if (number !== other) return number - other;
  }
  return 0;
}

/** What tells arrays of the same elements apart: REQUIRES that those of fewer elements are prefixes. */
function shapeOf({ elements, dimensions, lowerBounds }: SqlArray): readonly number[] {
  return [elements.length, dimensions.length, ...dimensions, ...lowerBounds];
}

/** Markers before the elements of a key: no more elements, an element, a null. */
const END = 0;
const ELEMENT = 1;
const NULL = 2;

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
      const array = value as SqlArray;
      const writer = new ByteWriter();
      for (const item of array.elements) {
        writer.u8(item === null ? NULL : ELEMENT);
        if (item !== null) writeKey(writer, element, item);
      }
      writer.u8(END);
      const key = new DataView(new ArrayBuffer(4));
      for (const number of shapeOf(array).slice(1)) {
        key.setUint32(0, number + 0x80000000);
        writer.raw(new Uint8Array(key.buffer));
      }
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
    compare: (a, b) => compareArrays(a as SqlArray, b as SqlArray, element),
    hashKey(value) {
      const array = value as SqlArray;
      const items = array.elements.map((item) => {
        const key = item === null ? '' : String(element.hashKey(item));
        return item === null ? 'n' : `${key.length}:${key}`;
      });
      return `${shapeOf(array).join()};${items.join()}`;
    },
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
