/**
 * Parts: runs of row versions that do not change any more, in memory or as a segment whose columns are decoded when they
 * are asked for.
 */
import type { Vector } from '../base/vector.ts';
import type { SegmentRef } from '../segment/segment.ts';
import { SegmentReader } from '../segment/segment-reader.ts';
import { zoneMayMatch } from '../segment/zone.ts';
import { constantVector } from './gather.ts';
import type { KeyCodec } from './key.ts';
import type { ImageSource } from './leaf-image.ts';
import type { Key, TreeColumn, ZoneFilter } from './table.ts';

/** A sealed tile's versions, sorted by key, then from. */
export interface SealedPart {
  readonly rows: number;
  /** Number of columns. */
  readonly width: number;
  readonly from: Float64Array;
  /** Infinity for versions that outlive the tile. */
  readonly to: Float64Array;
  readonly keys: readonly Key[];
  column(ordinal: number): Vector;
  /** All columns. */
  readonly columns: readonly Vector[];
  /** False if no row of the group can pass the filters. Groups count rows in steps of GROUP_ROWS. */
  mayMatch(group: number, filters: readonly ZoneFilter[]): boolean;
}

/** What a tree needs to know about its rows to read them. */
export interface RowLayout {
  readonly columns: readonly TreeColumn[];
  readonly codec: KeyCodec;
}

/** A part that is not on disk yet. */
export class MemoryPart implements SealedPart {
  readonly rows: number;
  readonly width: number;
  readonly columns: readonly Vector[];
  readonly keys: readonly Key[];
  readonly from: Float64Array;
  readonly to: Float64Array;

  constructor(columns: readonly Vector[], keys: readonly Key[], from: Float64Array, to: Float64Array) {
    this.rows = keys.length;
    this.width = columns.length;
    this.columns = columns;
    this.keys = keys;
    this.from = from;
    this.to = to;
  }

  column(ordinal: number): Vector {
    return this.columns[ordinal] as Vector;
  }

  mayMatch(): boolean {
    return true;
  }
}

/** The rows of a segment, with the columns that the tree has now: those added since hold their `missing` value. */
export class StoredRows implements SealedPart, ImageSource {
  readonly rows: number;
  readonly currentRows: number;
  readonly width: number;
  readonly from: Float64Array;
  readonly to: Float64Array;
  readonly #reader: SegmentReader;
  readonly #layout: RowLayout;
  readonly #columns: readonly TreeColumn[];
  /** Null when every column has been decoded. */
  #bytes: Uint8Array | null;
  readonly #decoded: (Vector | undefined)[] = [];
  #undecoded: number;
  #keys: Key[] | null = null;

  /** Throws XX001 when the bytes are not what the reference promises. */
  constructor(ref: SegmentRef, bytes: Uint8Array, layout: RowLayout) {
    this.#reader = SegmentReader.of(ref, bytes);
    this.#layout = layout;
    this.#columns = layout.columns;
    this.#bytes = bytes;
    this.rows = this.#reader.rows;
    this.currentRows = this.#reader.currentRows;
    this.width = layout.columns.length;
    this.#undecoded = this.width;
    this.from = this.#reader.from(bytes);
    this.to = this.#reader.to(bytes);
  }

  column(ordinal: number): Vector {
    const known = this.#decoded[ordinal];
    if (known !== undefined) return known;
    const { format, missing } = this.#columns[ordinal] as TreeColumn;
    const stored = this.#bytes !== null && ordinal < this.#reader.columnCount;
    const vector = stored
      ? this.#reader.column(this.#bytes as Uint8Array, ordinal, format)
      : constantVector(format, missing, this.rows);
    this.#decoded[ordinal] = vector;
    if (--this.#undecoded === 0) this.#bytes = null;
    return vector;
  }

  get columns(): readonly Vector[] {
    for (let c = 0; c < this.width; c++) this.column(c);
    return this.#decoded as Vector[];
  }

  get keys(): Key[] {
    if (this.#keys === null) {
      const { codec } = this.#layout;
      this.#keys = codec.ofRows(
        codec.key.map((part) => this.column(part.column)),
        0,
        this.rows,
      );
    }
    return this.#keys;
  }

  takeKeys(): Key[] {
    const keys = this.keys;
    this.#keys = null;
    return keys;
  }

  mayMatch(group: number, filters: readonly ZoneFilter[]): boolean {
    return groupMayMatch(this.#reader, group, filters);
  }
}

export function groupMayMatch(reader: SegmentReader, group: number, filters: readonly ZoneFilter[]): boolean {
  for (const { column, op, value } of filters) {
    const zone = reader.zone(column, group);
    if (zone !== null && !zoneMayMatch(zone, op, value)) return false;
  }
  return true;
}
