/**
 * Parts: runs of row versions that do not change any more, in memory or as a segment whose columns are decoded when they
 * are asked for.
 */
import type { Vector } from '../base/vector.ts';
import { GROUP_ROWS } from '../segment/constants.ts';
import type { SegmentRef } from '../segment/segment.ts';
import { SegmentReader } from '../segment/segment-reader.ts';
import { zoneMayMatch } from '../segment/zone.ts';
import { constantVector } from './gather.ts';
import type { KeyCodec } from './key.ts';
import { KeyWindows } from './key-windows.ts';
import type { ImageSource } from './leaf-image.ts';
import type { Key, TreeColumn, ZoneFilter } from './table.ts';

/** Row groups of a segment decoded by themselves; when more are asked for, whole columns are cheaper. */
const MAX_GROUPS = 2;
const NONE: Float64Array = new Float64Array(0);
const NO_BYTES: Uint8Array = new Uint8Array(0);
/** Greatest distance between two sequence numbers that Ages tells apart. */
const FAR = 2 ** 29;

/**
 * Intervals [from, to) as 32-bit integers, relative to a tile's first sequence number, so that a scan can test them without a
 * branch. A tile spans fewer than 2^29 commits; what lies before it or never ends is far away.
 */
export class Ages {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly #base: number;
  /** Rows found for the moment asked for last, by row group: a session reads many times at one moment. */
  #seq = -1;
  #found: Int32Array[] = [];

  constructor(from: Float64Array, to: Float64Array) {
    let base = Infinity;
    for (const end of to) if (end < base) base = end;
    this.#base = base === Infinity ? 0 : base;
    this.from = Int32Array.from(from, (seq) => this.moment(seq));
    this.to = Int32Array.from(to, (seq) => this.moment(seq));
  }

  /** Rows of [start, end), counted from `start`, whose versions are valid at `seq`. Ascending; not to be changed. */
  visible(start: number, end: number, seq: number): Int32Array {
    const group = start / GROUP_ROWS;
    const whole = Number.isInteger(group) && end === Math.min(start + GROUP_ROWS, this.from.length);
    if (!whole) return this.#select(start, end, seq);
    if (seq !== this.#seq) {
      this.#seq = seq;
      this.#found = [];
    }
    return (this.#found[group] ??= this.#select(start, end, seq));
  }

  #select(start: number, end: number, seq: number): Int32Array {
    const { from, to } = this;
    const moment = this.moment(seq);
    const rows = new Int32Array(end - start);
    let n = 0;
    for (let row = start; row < end; row++) {
      rows[n] = row - start;
      // Old and new versions of a key alternate, so a branch would be guessed wrong half of the time.
      n += (((from[row] as number) - moment - 1) & (moment - (to[row] as number))) >>> 31;
    }
    return rows.slice(0, n);
  }

  /** A sequence number in the terms of `from` and `to`. */
  moment(seq: number): number {
    return Math.max(-FAR, Math.min(FAR, seq - this.#base));
  }
}

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
  readonly ages: Ages;
  /** False if no row of the group can pass the filters. Groups count rows in steps of GROUP_ROWS. */
  mayMatch(group: number, filters: readonly ZoneFilter[]): boolean;
  /** False if no version of the group is valid at the sequence number. */
  mayBeVisible(group: number, seq: number): boolean;
  /** A part with all versions of the key; with fewer others, where it takes less than decoding all rows. */
  ofKey(key: Key): SealedPart;
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
  #ages: Ages | null = null;

  constructor(columns: readonly Vector[], keys: readonly Key[], from: Float64Array, to: Float64Array) {
    this.rows = keys.length;
    this.width = columns.length;
    this.columns = columns;
    this.keys = keys;
    this.from = from;
    this.to = to;
  }

  get ages(): Ages {
    this.#ages ??= new Ages(this.from, this.to);
    return this.#ages;
  }

  column(ordinal: number): Vector {
    return this.columns[ordinal] as Vector;
  }

  mayMatch(): boolean {
    return true;
  }

  mayBeVisible(): boolean {
    return true;
  }

  ofKey(): SealedPart {
    return this;
  }
}

/** The rows of a segment, with the columns that the tree has now: those added since hold their `missing` value. */
export class StoredRows implements SealedPart, ImageSource {
  readonly rows: number;
  readonly currentRows: number;
  readonly width: number;
  readonly #reader: SegmentReader;
  readonly #layout: RowLayout;
  readonly #columns: readonly TreeColumn[];
  readonly #all: readonly number[];
  readonly #keyColumns: readonly number[];
  /** Null when every column has been decoded. */
  #bytes: Uint8Array | null;
  readonly #decoded: (Vector | undefined)[] = [];
  #undecoded: number;
  /** Row groups decoded by themselves for look-ups of single rows. */
  readonly #groups = new Map<number, Vector[]>();
  #checked = false;
  #keys: Key[] | null = null;
  #from: Float64Array | null = null;
  #to: Float64Array | null = null;
  /** The `from` of the row group that was asked for last, by itself. */
  #fromGroup = -1;
  #fromOfGroup: Float64Array = NONE;
  #ages: Ages | null = null;
  #windows: KeyWindows | null = null;
  #window: MemoryPart | null = null;

  /** Throws XX001 when the bytes are not what the reference promises. */
  constructor(ref: SegmentRef, bytes: Uint8Array, layout: RowLayout) {
    this.#reader = SegmentReader.of(ref, bytes);
    this.#layout = layout;
    this.#columns = layout.columns;
    this.#all = layout.columns.map((_, c) => c);
    this.#keyColumns = layout.codec.key.map((part) => part.column);
    this.#bytes = bytes;
    this.rows = this.#reader.rows;
    this.currentRows = this.#reader.currentRows;
    this.width = layout.columns.length;
    this.#undecoded = this.width;
  }

  get from(): Float64Array {
    return (this.#from ??= this.#reader.from(this.#bytes ?? NO_BYTES));
  }

  get to(): Float64Array {
    return (this.#to ??= this.#reader.to(this.#bytes ?? NO_BYTES));
  }

  get maxFrom(): number {
    return this.#reader.maxFrom(this.currentRows) ?? greatest(this.from, this.currentRows);
  }

  get bytes(): number {
    return (this.#bytes?.length ?? 0) + Math.min(this.#groups.size * GROUP_ROWS, this.rows) * this.width * 10;
  }

  fromOf(row: number): number {
    if (this.#from !== null || this.#bytes === null) return this.from[row] as number;
    const group = Math.floor(row / GROUP_ROWS);
    if (group !== this.#fromGroup) {
      this.#fromOfGroup = this.#reader.fromOfGroup(this.#bytes, group);
      this.#fromGroup = group;
    }
    return this.#fromOfGroup[row - group * GROUP_ROWS] as number;
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
    if (--this.#undecoded === 0) this.#letGo();
    return vector;
  }

  /** Everything is decoded, so that the bytes may go. */
  #letGo(): void {
    this.#from = this.from;
    this.#to = this.to;
    this.#bytes = null;
    this.#windows = this.#window = null;
    this.#fromOfGroup = NONE;
  }

  check(): void {
    if (this.#checked || this.#bytes === null) return;
    this.#reader.verify(this.#bytes);
    this.#checked = true;
  }

  groupColumns(group: number, wanted: readonly number[] = this.#all): readonly Vector[] | null {
    const bytes = this.#bytes;
    if (bytes === null || this.#groups.size >= MAX_GROUPS) return null;
    let columns = this.#groups.get(group);
    if (columns === undefined) this.#groups.set(group, (columns = new Array<Vector>(this.width)));
    for (const c of wanted) columns[c] ??= this.#ofGroup(bytes, group, c);
    return columns;
  }

  #ofGroup(bytes: Uint8Array, group: number, column: number): Vector {
    const { format, missing } = this.#columns[column] as TreeColumn;
    return column < this.#reader.columnCount
      ? this.#reader.groupColumn(bytes, column, group, format)
      : constantVector(format, missing, Math.min(GROUP_ROWS, this.rows - group * GROUP_ROWS));
  }

  rowOfKey(key: Key): number | null {
    const { codec } = this.#layout;
    const column = codec.key[0]?.column;
    if (codec.form !== 'number' || typeof key !== 'number' || column === undefined) return null;
    const lastGroup = Math.ceil(this.currentRows / GROUP_ROWS) - 1;
    for (let group = 0; group <= lastGroup; group++) {
      const bounds = this.#reader.zone(column, group)?.bounds;
      if (bounds === undefined || bounds === null) return null;
      if (key < bounds.min || key > bounds.max) continue;
      // Current rows are sorted by key: no other group can have it.
      const vector = this.groupColumns(group, this.#keyColumns)?.[column];
      if (vector?.kind !== 'i32' && vector?.kind !== 'f64') return null;
      const start = group * GROUP_ROWS;
      const row = indexOf(vector.data, Math.min(GROUP_ROWS, this.currentRows - start), key);
      return row < 0 ? -1 : start + row;
    }
    return -1;
  }

  get columns(): readonly Vector[] {
    for (let c = 0; c < this.width; c++) this.column(c);
    return this.#decoded as Vector[];
  }

  get ages(): Ages {
    this.#ages ??= new Ages(this.from, this.to);
    return this.#ages;
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

  mayBeVisible(group: number, seq: number): boolean {
    return this.#reader.mayBeVisible(group, seq);
  }

  ofKey(key: Key): SealedPart {
    const bytes = this.#bytes;
    if (this.#keys !== null || bytes === null) return this;
    this.#windows ??= new KeyWindows(this.#reader, bytes, this.#columns, this.#layout.codec);
    const window = this.#windows.of(key);
    if (window === null) return this;
    if (window.from !== this.#window?.from)
      this.#window = new MemoryPart(window.columns, window.keys, window.from, window.to);
    return this.#window;
  }
}

function greatest(values: Float64Array, count: number): number {
  let most = 0;
  for (let row = 0; row < count; row++) if ((values[row] as number) > most) most = values[row] as number;
  return most;
}

/** Position of a value among the first `count` ascending ones, or -1. */
function indexOf(values: Int32Array | Float64Array, count: number, value: number): number {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const at = values[middle] as number;
    if (at === value) return middle;
    if (at < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

export function groupMayMatch(reader: SegmentReader, group: number, filters: readonly ZoneFilter[]): boolean {
  for (const { column, op, value } of filters) {
    const zone = reader.zone(column, group);
    if (zone !== null && !zoneMayMatch(zone, op, value)) return false;
  }
  return true;
}
