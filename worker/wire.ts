/**
 * Columns and errors in the form that crosses from the engine's thread to the page's, both ways round: `packResult`
 * and `packError` in the worker, `unpackResult` and `unpackError` on the page (forms: protocol.ts).
 *
 * Data is copied into buffers of exact size before it is transferred: a vector may share its array with the block cache,
 * and a transferred array is gone. A copy of 100,000 doubles costs 0.1 ms.
 */
import { DriftError, FIELD_NAMES } from '../src/base/error.ts';
import type { DictVector, Kind, TextVector, Vector } from '../src/base/vector.ts';
import type { FieldDescription, ResultSet } from '../src/database/api.ts';
import type { WireColumn, WireError, WireResult } from './protocol.ts';

/** Up to so many rows, columns go as plain values. */
const FEW_ROWS = 64;
/** Texts and byte strings of a column are joined up to this length; engines end strings at some 500 million units. */
const MAX_JOINED = 2 ** 28;
/** Values a field in WireResult. */
const FIELD_PARTS = 5;

/** Packs a result whose columns went through `portable`; adds the buffers to hand over to `transfer`. */
export function packResult(result: ResultSet, transfer: ArrayBufferLike[]): WireResult {
  const { command, rowCount, affectedRows, notices } = result;
  const fields: (string | number)[] = [];
  for (const { name, dataTypeID, typeModifier, tableID, columnID } of result.fields)
    fields.push(name, dataTypeID, typeModifier, tableID, columnID);
  const columns = result.columns.map((vector) => {
    const column = rowCount <= FEW_ROWS ? packValues(vector, rowCount) : packColumn(vector, rowCount);
    for (const array of arraysOf(column)) transfer.push(array.buffer);
    return column;
  });
  const packed = { command, fields, columns, rowCount, affectedRows };
  return notices === undefined ? packed : { ...packed, notices };
}

export function unpackResult({ fields: parts, columns, ...rest }: WireResult): ResultSet {
  const fields: FieldDescription[] = [];
  for (let at = 0; at < parts.length; at += FIELD_PARTS) {
    const [name, dataTypeID, typeModifier, tableID, columnID] = parts.slice(at, at + FIELD_PARTS) as FieldParts;
    fields.push({ name, dataTypeID, typeModifier, tableID, columnID });
  }
  return { ...rest, fields, columns: columns.map((column) => unpackColumn(column, rest.rowCount)) };
}

type FieldParts = [string, number, number, number, number];

function packValues(vector: Vector, count: number): WireColumn {
  const { kind, nulls } = vector;
  const data: unknown[] = [];
  for (let row = 0; row < count; row++) {
    const value = kind === 'dict' ? vector.dictionary[vector.data[row] as number] : vector.data[row];
    if (nulls !== null && nulls[row] === 1) data.push(null);
    else data.push(value instanceof Uint8Array ? ownBytes(value) : value);
  }
  const scale = kind === 'f64' ? vector.scale : undefined;
  return { kind: 'values', form: kind === 'dict' ? 'text' : kind, data, scale };
}

/** Bytes in a buffer of their own: structured clone copies the whole buffer behind a view, be it a block of a megabyte. */
export function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

function unpackValues(form: Exclude<Kind, 'dict'>, data: readonly unknown[], scale: number | undefined): Vector {
  const { length } = data;
  const nulls = data.includes(null) ? Uint8Array.from(data, (value) => (value === null ? 1 : 0)) : null;
  switch (form) {
    case 'bool':
      return { kind: form, data: Uint8Array.from(data as number[]), nulls, length };
    case 'i32':
      return { kind: form, data: Int32Array.from(data as number[]), nulls, length };
    case 'f64':
      return { kind: form, data: Float64Array.from(data as number[]), scale, nulls, length };
    case 'i64':
      return { kind: form, data: BigInt64Array.from(data as bigint[], (value) => value ?? 0n), nulls, length };
    case 'text':
      return { kind: form, data: data as string[], nulls, length };
    case 'boxed':
      return { kind: form, data, nulls, length };
  }
}

function packColumn(vector: Vector, count: number): WireColumn {
  const nulls = vector.nulls === null ? null : vector.nulls.slice(0, count);
  switch (vector.kind) {
    case 'bool':
      return { kind: 'bool', data: vector.data.slice(0, count), nulls };
    case 'i32':
      return { kind: 'i32', data: vector.data.slice(0, count), nulls };
    case 'f64':
      return { kind: 'f64', data: vector.data.slice(0, count), scale: vector.scale, nulls };
    case 'i64':
      return { kind: 'i64', data: vector.data.slice(0, count), nulls };
    case 'text':
      return packTexts(vector.data, count, nulls) ?? packValues(vector, count);
    case 'dict': {
      if (vector.dictionary.length > count) return packColumn(plainText(vector, count), count);
      const dictionary = packTexts(vector.dictionary, vector.dictionary.length, nulls);
      if (dictionary === null) return packValues(vector, count);
      return { ...dictionary, kind: 'dict', data: vector.data.slice(0, count) };
    }
    case 'boxed':
      return packBytes(vector.data, count, nulls) ?? packValues(vector, count);
  }
}

/** Null where the values are no byte strings but arrays and the like, or too long together. */
function packBytes(data: readonly unknown[], count: number, nulls: Uint8Array | null): WireColumn | null {
  const ends = new Int32Array(count);
  let length = 0;
  for (let row = 0; row < count; row++) {
    const value = data[row];
    if (nulls === null || nulls[row] === 0) {
      if (!(value instanceof Uint8Array)) return null;
      length += value.length;
    }
    ends[row] = length;
  }
  if (length > MAX_JOINED) return null;
  const joined = new Uint8Array(length);
  for (let row = 0, start = 0; row < count; row++) {
    const end = ends[row] as number;
    if (end > start) joined.set(data[row] as Uint8Array, start);
    start = end;
  }
  return { kind: 'bytes', joined, ends, nulls };
}

interface JoinedTexts {
  readonly kind: 'text';
  readonly joined: string;
  readonly ends: Int32Array;
  readonly nulls: Uint8Array | null;
}

/** Null where the texts are too long together. */
function packTexts(texts: readonly string[], count: number, nulls: Uint8Array | null): JoinedTexts | null {
  const ends = new Int32Array(count);
  let length = 0;
  for (let row = 0; row < count; row++) {
    length += (texts[row] as string).length;
    ends[row] = length;
  }
  if (length > MAX_JOINED) return null;
  return { kind: 'text', joined: (texts.length === count ? texts : texts.slice(0, count)).join(''), ends, nulls };
}

function plainText(vector: DictVector, count: number): TextVector {
  const { nulls } = vector;
  const data: string[] = [];
  for (let row = 0; row < count; row++) {
    const isNull = nulls !== null && nulls[row] === 1;
    data.push(isNull ? '' : (vector.dictionary[vector.data[row] as number] as string));
  }
  return { kind: 'text', data, nulls, length: count };
}

function arraysOf(column: WireColumn): { readonly buffer: ArrayBufferLike }[] {
  if (column.kind === 'values') return [];
  const arrays = column.nulls === null ? [] : [column.nulls as { readonly buffer: ArrayBufferLike }];
  if (column.kind === 'text' || column.kind === 'dict' || column.kind === 'bytes') arrays.push(column.ends);
  if (column.kind === 'bytes') arrays.push(column.joined);
  else if (column.kind !== 'text') arrays.push(column.data);
  return arrays;
}

function unpackColumn(column: WireColumn, length: number): Vector {
  if (column.kind === 'values') return unpackValues(column.form, column.data, column.scale);
  const { nulls } = column;
  switch (column.kind) {
    case 'bool':
      return { kind: 'bool', data: column.data, nulls, length };
    case 'i32':
      return { kind: 'i32', data: column.data, nulls, length };
    case 'f64':
      return { kind: 'f64', data: column.data, nulls, length, scale: column.scale };
    case 'i64':
      return { kind: 'i64', data: column.data, nulls, length };
    case 'text':
      return new JoinedText(column.joined, column.ends, nulls);
    case 'dict':
      return { kind: 'dict', data: column.data, dictionary: split(column.joined, column.ends), nulls, length };
    case 'bytes': {
      const data: Uint8Array[] = [];
      let start = 0;
      for (const end of column.ends) {
        data.push(column.joined.subarray(start, end));
        start = end;
      }
      return { kind: 'boxed', data, nulls, length };
    }
  }
}

/** A text vector that is cut into strings when somebody looks. */
class JoinedText implements TextVector {
  readonly kind = 'text';
  readonly length: number;
  readonly nulls: Uint8Array | null;
  readonly #joined: string;
  readonly #ends: Int32Array;
  #data: readonly string[] | null = null;

  constructor(joined: string, ends: Int32Array, nulls: Uint8Array | null) {
    this.#joined = joined;
    this.#ends = ends;
    this.length = ends.length;
    this.nulls = nulls;
  }

  get data(): readonly string[] {
    this.#data ??= split(this.#joined, this.#ends);
    return this.#data;
  }
}

function split(joined: string, ends: Int32Array): string[] {
  const texts: string[] = [];
  let start = 0;
  for (let i = 0; i < ends.length; i++) {
    const end = ends[i] as number;
    texts.push(joined.slice(start, end));
    start = end;
  }
  return texts;
}

/** An error as data: a DriftError with all of its fields, anything else as an internal error that names it. */
export function packError(error: unknown): WireError {
  if (!(error instanceof DriftError)) {
    const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return { code: 'XX000', message: `internal error: ${text}`, fields: stackOf(error) };
  }
  const fields: Record<string, string | number> = {};
  for (const name of FIELD_NAMES) {
    const value = error[name];
    if (value !== undefined) fields[name] = value;
  }
  return { code: error.code, message: error.message, fields };
}

function stackOf(error: unknown): Readonly<Record<string, string>> {
  return error instanceof Error && error.stack !== undefined ? { detail: error.stack } : {};
}

export function unpackError({ code, message, fields }: WireError): DriftError {
  return new DriftError(code, message, fields);
}
