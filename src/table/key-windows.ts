/**
 * KeyWindows: a few adjacent row groups of a sealed tile, decoded by themselves for those who look for one key.
 *
 * A tile holds tens of thousands of versions, and who asks for one row's past asks every tile of its leaf: decoding whole
 * columns for it would cost what all rows of the leaf cost.
 */
import type { Vector } from '../base/vector.ts';
import { GROUP_ROWS } from '../segment/constants.ts';
import type { SegmentReader } from '../segment/segment-reader.ts';
import { zoneMayMatch } from '../segment/zone.ts';
import { concatVectors, constantVector } from './gather.ts';
import type { KeyCodec } from './key.ts';
import type { Key, TreeColumn } from './table.ts';

/** Row groups of a window; where a key has more versions, whole columns are cheaper. */
const MOST_GROUPS = 2;

export interface KeyWindow {
  readonly columns: readonly Vector[];
  readonly keys: readonly Key[];
  readonly from: Float64Array;
  readonly to: Float64Array;
}

export class KeyWindows {
  readonly #reader: SegmentReader;
  readonly #bytes: Uint8Array;
  readonly #columns: readonly TreeColumn[];
  readonly #codec: KeyCodec;
  #last: { readonly first: number; readonly end: number; readonly window: KeyWindow } | null = null;
  #decodedGroups = 0;

  constructor(reader: SegmentReader, bytes: Uint8Array, columns: readonly TreeColumn[], codec: KeyCodec) {
    this.#reader = reader;
    this.#bytes = bytes;
    this.#columns = columns;
    this.#codec = codec;
  }

  /** Rows with all versions of the key among them; null where decoding all rows is cheaper. */
  of(key: Key): KeyWindow | null {
    const reader = this.#reader;
    const column = this.#codec.key[0]?.column;
    // Who has asked for as many groups as there are will ask for more.
    if (this.#decodedGroups >= reader.groups || this.#codec.form === 'bytes' || column === undefined) return null;
    const mayHold = (group: number): boolean => {
      const zone = reader.zone(column, group);
      return zone === null || (zoneMayMatch(zone, '<=', key) && zoneMayMatch(zone, '>=', key));
    };
    let first = 0;
    // Rows are sorted by key.
    while (first < reader.groups && !mayHold(first)) first++;
    let end = first;
    while (end < reader.groups && mayHold(end)) end++;
    if (end - first > MOST_GROUPS) return null;
    if (this.#last?.first !== first || this.#last.end !== end) {
      this.#decodedGroups += end - first;
      this.#last = { first, end, window: this.#decode(first, end) };
    }
    return this.#last.window;
  }

  #decode(first: number, end: number): KeyWindow {
    const reader = this.#reader;
    const bytes = this.#bytes;
    const rows = Math.max(Math.min(end * GROUP_ROWS, reader.rows) - first * GROUP_ROWS, 0);
    const times = (one: (group: number) => Float64Array): Float64Array => {
      const all = new Float64Array(rows);
      for (let group = first; group < end; group++) all.set(one(group), (group - first) * GROUP_ROWS);
      return all;
    };
    const columns = this.#columns.map(({ format, missing }, c) => {
      if (c >= reader.columnCount) return constantVector(format, missing, rows);
      const pieces = Array.from({ length: end - first }, (_, i) => reader.groupColumn(bytes, c, first + i, format));
      return concatVectors(format, pieces);
    });
    const parts = this.#codec.key.map((part) => columns[part.column] as Vector);
    return {
      columns,
      keys: this.#codec.ofRows(parts, 0, rows),
      from: times((group) => reader.fromOfGroup(bytes, group)),
      to: times((group) => reader.toOfGroup(bytes, group)),
    };
  }
}
