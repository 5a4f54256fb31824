/**
 * KeyCodec: makes the comparable key of a row from its key columns.
 *
 * Keys of one tree compare with `<` alone, so that searches need no comparator. Three forms:
 *
 *     one integer or date column, ascending    the number itself (bigint beyond 2^53)
 *     one text column, ascending               the string itself
 *     everything else                          a memcomparable string: the columns' encodings, one after the other
 *
 * A column's encoding is a null marker (0 null first, 1 a value, 2 null last) and, for a value:
 *
 *     bool            one byte
 *     i32, int        4 or 8 bytes, big endian, sign flipped (±infinity as the limits of int64)
 *     f64             8 bytes of the double, flipped so that they order; NaN is greatest, -0 equals 0
 *     text            its UTF-16 units, 0 written as 0 1, ended by 0 0
 *     decimal, boxed  the codec's own order-preserving, prefix-free bytes
 *
 * DESC inverts the value part (bytes as 255 - b, text units as 65535 - u). Text is kept in UTF-16 units rather than in
 * UTF-8 so that single-column and composite keys order strings alike, as JavaScript's `<` does.
 *
 * Invariants: no encoding of a column is a proper prefix of another of the same column (text ends itself, the others
 * have fixed or prefix-free lengths); markers are below 3, so `prefix + '\u0003'` is above every key with that prefix.
 */
import { assert } from '../base/error.ts';
import { Numeric } from '../base/numeric.ts';
import { type ColumnFormat, type Value, type Vector, valueAt } from '../base/vector.ts';
import type { Bound, Key, KeyColumn, KeyRange, TreeColumn } from './table.ts';

const NULL_FIRST = '\u0000';
const NOT_NULL = '\u0001';
const NULL_LAST = '\u0002';
/** Above every marker: ends the keys that share a prefix. */
const AFTER = '\u0003';

const INT64_MAX = 2n ** 63n - 1n;
const INT64_MIN = -(2n ** 63n);

export type KeyForm = 'number' | 'text' | 'bytes';

export class KeyCodec {
  readonly form: KeyForm;
  readonly key: readonly KeyColumn[];
  readonly #formats: readonly ColumnFormat[];

  constructor(key: readonly KeyColumn[], columns: readonly TreeColumn[]) {
    assert(key.length > 0, 'a tree needs a key');
    this.key = key;
    this.#formats = key.map((part) => {
      const column = columns[part.column];
      assert(column !== undefined, 'key column out of range');
      return column.format;
    });
    const only = key.length === 1 ? this.#formats[0] : undefined;
    const ascending = key[0]?.descending === false;
    if (only !== undefined && ascending && (only.kind === 'i32' || only.kind === 'int')) this.form = 'number';
    else if (only !== undefined && ascending && only.kind === 'text') this.form = 'text';
    else this.form = 'bytes';
  }

  /** Makes the key from the key columns' values, in key order. */
  encode(values: readonly Value[]): Key {
    if (this.form !== 'bytes') return single(values[0]);
    let key = '';
    for (let part = 0; part < this.key.length; part++) key += this.#part(part, values[part] ?? null);
    return key;
  }

  /** Makes the key of one row of a tree's columns. */
  ofRow(columns: readonly Vector[], row: number): Key {
    if (this.form !== 'bytes') return single(valueAt(columns[(this.key[0] as KeyColumn).column] as Vector, row));
    let key = '';
    for (let part = 0; part < this.key.length; part++) {
      key += this.#part(part, valueAt(columns[(this.key[part] as KeyColumn).column] as Vector, row));
    }
    return key;
  }

  /** Makes the keys of rows `from` to `to`; `columns[p]` is the vector of key part p. */
  ofRows(columns: readonly Vector[], from: number, to: number): Key[] {
    const keys: Key[] = new Array<Key>(to - from);
    for (let row = from; row < to; row++) {
      if (this.form === 'bytes') {
        let key = '';
        for (let part = 0; part < this.key.length; part++)
          key += this.#part(part, valueAt(columns[part] as Vector, row));
        keys[row - from] = key;
      } else {
        keys[row - from] = single(valueAt(columns[0] as Vector, row));
      }
    }
    return keys;
  }

  /** Range of all keys whose first columns equal `values`. */
  prefixRange(values: readonly Value[]): KeyRange {
    if (values.length === 0) return {};
    if (values.length === this.key.length) {
      const key = this.encode(values);
      return { low: key, lowInclusive: true, high: key, highInclusive: true };
    }
    const prefix = this.#prefix(values);
    return { low: prefix, lowInclusive: true, high: prefix + AFTER, highInclusive: false };
  }

  /** See `VersionedTree.boundedRange`. */
  boundedRange(prefix: readonly Value[], low: Bound | null, high: Bound | null): KeyRange {
    if (low === null && high === null) return this.prefixRange(prefix);
    if (this.form !== 'bytes') {
      return {
        low: low === null ? undefined : single(low.value),
        lowInclusive: low?.inclusive,
        high: high === null ? undefined : single(high.value),
        highInclusive: high?.inclusive,
      };
    }
    const start = this.#prefix(prefix);
    const part = prefix.length;
    const descending = (this.key[part] as KeyColumn).descending;
    const first = descending ? high : low;
    const last = descending ? low : high;
    const lowKey =
      first === null ? start + NOT_NULL : start + this.#part(part, first.value) + (first.inclusive ? '' : AFTER);
    const highKey =
      last === null ? start + NULL_LAST : start + this.#part(part, last.value) + (last.inclusive ? AFTER : '');
    return { low: lowKey, lowInclusive: true, high: highKey, highInclusive: false };
  }

  #prefix(values: readonly Value[]): string {
    let key = '';
    for (let part = 0; part < values.length; part++) key += this.#part(part, values[part] ?? null);
    return key;
  }

  #part(part: number, value: Value): string {
    const { descending, nullsFirst } = this.key[part] as KeyColumn;
    if (value === null) return nullsFirst ? NULL_FIRST : NULL_LAST;
    const format = this.#formats[part] as ColumnFormat;
    switch (format.kind) {
      case 'bool':
        return NOT_NULL + ((value === true) !== descending ? '\u0001' : '\u0000');
      case 'i32':
        return NOT_NULL + int32Bytes(descending ? ~(value as number) : (value as number));
      case 'int':
        return NOT_NULL + intBytes(value as number | bigint, descending);
      case 'f64':
        return NOT_NULL + doubleBytes(value as number, descending);
      case 'text':
        return NOT_NULL + textUnits(value as string, descending);
      case 'decimal':
      case 'boxed':
        return NOT_NULL + codecBytes(format, value, descending);
    }
  }
}

function single(value: Value | undefined): Key {
  assert(
    typeof value === 'number' || typeof value === 'string' || typeof value === 'bigint',
    'a key column holds null',
  );
  return value;
}

function int32Bytes(value: number): string {
  const v = value ^ 0x80000000;
  return String.fromCharCode(v >>> 24, (v >>> 16) & 255, (v >>> 8) & 255, v & 255);
}

function wordBytes(high: number, low: number): string {
  return String.fromCharCode(
    (high >>> 24) & 255,
    (high >>> 16) & 255,
    (high >>> 8) & 255,
    high & 255,
    (low >>> 24) & 255,
    (low >>> 16) & 255,
    (low >>> 8) & 255,
    low & 255,
  );
}

function intBytes(value: number | bigint, descending: boolean): string {
  let high: number;
  let low: number;
  if (typeof value === 'number' && Number.isSafeInteger(value)) {
    high = Math.floor(value / 4294967296);
    low = value - high * 4294967296;
  } else {
    let big: bigint;
    if (value === Infinity) big = INT64_MAX;
    else if (value === -Infinity) big = INT64_MIN;
    else big = BigInt(value);
    high = Number(big >> 32n);
    low = Number(big & 0xffffffffn);
  }
  high = (high ^ 0x80000000) >>> 0;
  return descending ? wordBytes(~high, ~low) : wordBytes(high, low);
}

const scratch = new DataView(new ArrayBuffer(8));

function doubleBytes(value: number, descending: boolean): string {
  scratch.setFloat64(0, Number.isNaN(value) ? NaN : value + 0 === 0 ? 0 : value);
  let high = scratch.getUint32(0);
  let low = scratch.getUint32(4);
  if (high >= 0x80000000) {
    // NaN has no sign: a host may hold it with the sign bit set, so it is normalised before this point.
    high = ~high;
    low = ~low;
  } else {
    high ^= 0x80000000;
  }
  if (Number.isNaN(value)) high = low = 0xffffffff;
  return descending ? wordBytes(~high, ~low) : wordBytes(high, low);
}

function textUnits(text: string, descending: boolean): string {
  const ended = `${text.includes('\u0000') ? text.replaceAll('\u0000', '\u0000\u0001') : text}\u0000\u0000`;
  if (!descending) return ended;
  let inverted = '';
  for (let i = 0; i < ended.length; i++) inverted += String.fromCharCode(0xffff - ended.charCodeAt(i));
  return inverted;
}

function codecBytes(format: ColumnFormat, value: Value, descending: boolean): string {
  const object = typeof value === 'number' ? Numeric.fromScaled(value, 0) : value;
  assert(
    format.codec !== undefined && typeof object === 'object' && object !== null,
    'a boxed key column needs its codec',
  );
  const bytes = format.codec.encodeKey(object);
  let text = '';
  for (let i = 0; i < bytes.length; i++)
    text += String.fromCharCode(descending ? 255 - (bytes[i] as number) : (bytes[i] as number));
  return text;
}
