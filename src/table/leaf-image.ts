/**
 * LeafImage: the rows of one leaf in memory, newest versions and closed ones kept apart.
 *
 *     current   row 0 … sorted-1 in key order │ unsorted tail     one row a live key; `holes` marks deleted ones
 *     closed    versions that ended, in the order in which they ended, with their [from, to)
 *
 * An update overwrites the row in `current` and appends the old version to `closed`, so a scan of the newest state never
 * meets old versions; a scan at s adds the closed versions with from <= s < to and drops rows with from > s.
 *
 * Invariants: keys of the sorted part ascend strictly (a hole keeps its key); `tail` maps exactly the keys of rows
 * sorted … rows-1; while `pins > 0` or once `lent` nothing is overwritten (the tree clones the image first), appends are
 * harmless.
 */
import { PAUSE, runSync, type Task } from '../base/task.ts';
import type { Vector } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import { GROUP_ROWS } from '../segment/constants.ts';
import { gatherDoubles, gatherVector, sliceVector } from './gather.ts';
import type { MomentRows } from './moment-rows.ts';
import { repeated } from './repeated.ts';
import { lowerBound } from './search.ts';
import type { Key, TreeColumn, ZoneFilter } from './table.ts';

/** A growing column of sequence numbers. */
export class Sequences {
  data: Float64Array;
  length = 0;

  constructor(capacity = 16) {
    this.data = new Float64Array(capacity);
  }

  /** Takes values over. */
  static adopt(data: Float64Array): Sequences {
    const sequences = new Sequences(0);
    sequences.data = data;
    sequences.length = data.length;
    return sequences;
  }

  reserve(extra: number): void {
    if (this.length + extra <= this.data.length) return;
    const bigger = new Float64Array(Math.max(this.length + extra, this.data.length * 2, 16));
    bigger.set(this.data.subarray(0, this.length));
    this.data = bigger;
  }

  push(value: number): void {
    this.reserve(1);
    this.data[this.length++] = value;
  }

  fill(value: number, count: number): void {
    this.reserve(count);
    this.data.fill(value, this.length, this.length + count);
    this.length += count;
  }

  append(values: Float64Array): void {
    this.reserve(values.length);
    this.data.set(values, this.length);
    this.length += values.length;
  }
}

/** Stored rows, the current ones first, that an image decodes column by column when they are asked for. */
export interface ImageSource {
  readonly rows: number;
  readonly currentRows: number;
  readonly from: Float64Array;
  readonly to: Float64Array;
  /** No current row is newer. */
  readonly maxFrom: number;
  /** What it takes in memory beside the columns that it has given. */
  readonly bytes: number;
  /** The `from` of one row, where that is cheaper than decoding all. */
  fromOf(row: number): number;
  column(ordinal: number): Vector;
  /** Columns of one row group, all or those wanted, where that is cheaper than decoding them whole; else null. */
  groupColumns(group: number, wanted?: readonly number[]): readonly Vector[] | null;
  /** Current row with the key, -1 where there is none; null where only all keys can tell. */
  rowOfKey(key: Key): number | null;
  /** The keys of all rows; the caller may keep and change the array. */
  takeKeys(): Key[];
  /** False if no row of the group can pass the filters. Groups count all rows, in steps of GROUP_ROWS. */
  mayMatch(group: number, filters: readonly ZoneFilter[]): boolean;
  /** Throws XX001 unless everything that is not decoded yet can be. */
  check(): void;
}

export class LeafImage {
  #formats: readonly TreeColumn[];
  readonly #columns: (VectorBuilder | undefined)[];
  readonly #closed: (VectorBuilder | undefined)[];
  readonly #source: ImageSource | null;
  /** Columns that the rows came with. Those behind them hold their `missing` value, and are made when they are asked for. */
  #given: number;
  /** The source's zones hold for the rows here: nothing has changed since they were loaded. */
  #zoned: boolean;
  /** Null until it is asked for, as the next two: a read by key of the present needs one row's only. */
  #from: Sequences | null = null;
  #closedFrom: Sequences | null = null;
  #closedTo: Sequences | null = null;
  #keys: Key[] | null;
  #closedKeys: Key[] | null;
  sorted = 0;
  tail: Map<Key, number> = new Map();
  holes: Uint8Array | null = null;
  holeCount = 0;
  /** No row ever put here has a greater `from`: a scan at or above it needs no filter. */
  maxFrom = 0;
  pins = 0;
  /** A scan has handed out slices of the columns: batches are immutable, and whoever got them may keep them for long. */
  lent = false;
  /** Views made since the last change, by column. */
  #views: (Vector | undefined)[] = [];
  #closedViews: (Vector | undefined)[] = [];
  /** Newest closed row of a key, and for each closed row the one before; extended when an older state is asked for. */
  #closedHead: Map<Key, number> | null = null;
  #closedPrior: number[] = [];
  /** Rows in force at the moment read last, current and closed ones. */
  chosen: MomentRows | null = null;
  chosenClosed: MomentRows | null = null;

  constructor(columns: readonly TreeColumn[], source: ImageSource | null = null) {
    this.#formats = columns;
    this.#given = columns.length;
    this.#source = source;
    this.#zoned = source !== null;
    if (source === null) {
      this.#columns = columns.map((column) => new VectorBuilder(column.format));
      this.#closed = columns.map((column) => new VectorBuilder(column.format, 4));
      this.#keys = [];
      this.#closedKeys = [];
      this.#from = new Sequences();
      this.#closedFrom = new Sequences(4);
      this.#closedTo = new Sequences(4);
      return;
    }
    this.#columns = new Array<undefined>(columns.length);
    this.#closed = new Array<undefined>(columns.length);
    this.#keys = this.#closedKeys = null;
    this.sorted = source.currentRows;
    this.maxFrom = source.maxFrom;
  }

  /** Number of columns. */
  get width(): number {
    return this.#formats.length;
  }

  get from(): Sequences {
    return this.#from ?? this.#loadTimes().from;
  }

  get closedFrom(): Sequences {
    return this.#closedFrom ?? this.#loadTimes().closedFrom;
  }

  get closedTo(): Sequences {
    return this.#closedTo ?? this.#loadTimes().closedTo;
  }

  #loadTimes(): { readonly from: Sequences; readonly closedFrom: Sequences; readonly closedTo: Sequences } {
    const { currentRows, from, to } = this.#source as ImageSource;
    this.#from = Sequences.adopt(from.slice(0, currentRows));
    this.#closedFrom = Sequences.adopt(from.slice(currentRows));
    this.#closedTo = Sequences.adopt(to.slice(currentRows));
    return { from: this.#from, closedFrom: this.#closedFrom, closedTo: this.#closedTo };
  }

  /** The sequence number from which a row holds. */
  fromOf(row: number): number {
    return (this.#from === null ? (this.#source as ImageSource).fromOf(row) : this.#from.data[row]) as number;
  }

  get keys(): Key[] {
    if (this.#keys === null) this.#loadKeys();
    return this.#keys as Key[];
  }

  get closedKeys(): Key[] {
    if (this.#closedKeys === null) this.#loadKeys();
    return this.#closedKeys as Key[];
  }

  #loadKeys(): void {
    const source = this.#source as ImageSource;
    const keys = source.takeKeys();
    this.#closedKeys = keys.slice(source.currentRows);
    keys.length = source.currentRows;
    this.#keys = keys;
  }

  /** The builder of a column's current rows. */
  column(ordinal: number): VectorBuilder {
    return this.#columns[ordinal] ?? this.#load(ordinal)[0];
  }

  /** The builder of a column's closed rows. */
  closedColumn(ordinal: number): VectorBuilder {
    return this.#closed[ordinal] ?? this.#load(ordinal)[1];
  }

  /**
   * Columns are decoded when they are first asked for, and a damaged one is found only then: too late once a commit that
   * changes the image is in the log. Throws XX001.
   */
  check(): void {
    this.#source?.check();
  }

  #load(ordinal: number): readonly [VectorBuilder, VectorBuilder] {
    const { format, missing } = this.#formats[ordinal] as TreeColumn;
    let current: VectorBuilder;
    let closed: VectorBuilder;
    if (ordinal < this.#given) {
      const { currentRows, rows } = this.#source as ImageSource;
      const whole = (this.#source as ImageSource).column(ordinal);
      current = VectorBuilder.adopt(format, currentRows === rows ? whole : sliceVector(whole, 0, currentRows));
      closed =
        currentRows === rows
          ? new VectorBuilder(format, 4)
          : VectorBuilder.adopt(format, sliceVector(whole, currentRows, rows));
    } else {
      current = repeated(format, missing, this.rows);
      closed = repeated(format, missing, this.closedRows);
    }
    this.#columns[ordinal] = current;
    this.#closed[ordinal] = closed;
    return [current, closed];
  }

  /** False if no row of the group of rows can pass the filters. */
  mayMatch(group: number, filters: readonly ZoneFilter[]): boolean {
    return !this.#zoned || this.#source === null || this.#source.mayMatch(group, filters);
  }

  get rows(): number {
    return this.#from === null ? (this.#source as ImageSource).currentRows : this.#from.length;
  }

  get live(): number {
    return this.rows - this.holeCount;
  }

  get closedRows(): number {
    if (this.#closedFrom !== null) return this.#closedFrom.length;
    const { rows, currentRows } = this.#source as ImageSource;
    return rows - currentRows;
  }

  view(ordinal: number): Vector {
    return (this.#views[ordinal] ??= this.column(ordinal).view());
  }

  closedView(ordinal: number): Vector {
    return (this.#closedViews[ordinal] ??= this.closedColumn(ordinal).view());
  }

  /** Columns that hold a row, which is number `row - base` in them: all, or those wanted at least. */
  cellsOf(row: number, wanted?: readonly number[]): { readonly columns: readonly Vector[]; readonly base: number } {
    if (this.#zoned && this.#source !== null) {
      const group = Math.floor(row / GROUP_ROWS);
      const columns = this.#source.groupColumns(group, wanted);
      if (columns !== null) return { columns, base: group * GROUP_ROWS };
    }
    if (wanted === undefined) return { columns: this.views(), base: 0 };
    for (const c of wanted) this.view(c);
    return { columns: this.#views as Vector[], base: 0 };
  }

  views(): readonly Vector[] {
    for (let c = 0; c < this.#columns.length; c++) this.view(c);
    return this.#views as Vector[];
  }

  closedViews(): readonly Vector[] {
    for (let c = 0; c < this.#closed.length; c++) this.closedView(c);
    return this.#closedViews as Vector[];
  }

  /** Must follow every change of the builders. */
  changed(): void {
    this.#views = [];
    this.#closedViews = [];
    this.#zoned = false;
    this.chosen = this.chosenClosed = null;
  }

  isHole(row: number): boolean {
    return this.holes !== null && this.holes[row] === 1;
  }

  /** Row that holds the key, be it a hole; -1 where the key never was. */
  rowOf(key: Key): number {
    if (this.#keys === null && this.#zoned && this.#source !== null) {
      const found = this.#source.rowOfKey(key);
      if (found !== null) return found;
    }
    const row = lowerBound(this.keys, this.sorted, key);
    if (row < this.sorted && this.keys[row] === key) return row;
    return this.tail.size === 0 ? -1 : (this.tail.get(key) ?? -1);
  }

  setHole(row: number, hole: boolean): void {
    if (this.holes === null || this.holes.length <= row) {
      const bigger = new Uint8Array(this.from.data.length + 1);
      if (this.holes !== null) bigger.set(this.holes);
      this.holes = bigger;
    }
    if ((this.holes[row] === 1) === hole) return;
    this.holes[row] = hole ? 1 : 0;
    this.holeCount += hole ? 1 : -1;
    if (this.holeCount === 0) this.holes = null;
  }

  /** Closed row with the key valid at seq, or -1. */
  findClosed(key: Key, seq: number): number {
    this.#closedHead ??= new Map();
    for (let row = this.#closedPrior.length; row < this.closedFrom.length; row++) {
      const at = this.closedKeys[row] as Key;
      this.#closedPrior.push(this.#closedHead.get(at) ?? -1);
      this.#closedHead.set(at, row);
    }
    let row = this.#closedHead.get(key) ?? -1;
    while (row >= 0) {
      if ((this.closedTo.data[row] as number) <= seq) return -1;
      if ((this.closedFrom.data[row] as number) <= seq) return row;
      row = this.#closedPrior[row] as number;
    }
    return -1;
  }

  /** Adds rows `start` to `end` of the vectors, whose keys follow in order all keys here. */
  appendSorted(
    columns: readonly Vector[],
    keys: readonly Key[],
    from: Float64Array | number,
    start: number,
    end: number,
  ): void {
    for (let c = 0; c < this.#columns.length; c++) {
      this.column(c).appendVector(columns[c] as Vector, null, start, end);
    }
    const own = this.keys;
    for (let row = start; row < end; row++) own.push(keys[row] as Key);
    if (typeof from === 'number') {
      this.from.fill(from, end - start);
      if (from > this.maxFrom) this.maxFrom = from;
    } else {
      this.from.append(from.subarray(start, end));
      for (let row = start; row < end; row++)
        if ((from[row] as number) > this.maxFrom) this.maxFrom = from[row] as number;
    }
    this.sorted = this.from.length;
    this.changed();
  }

  appendClosed(columns: readonly Vector[], keys: readonly Key[], from: Float64Array, to: Float64Array): void {
    for (let c = 0; c < this.#closed.length; c++) {
      this.closedColumn(c).appendVector(columns[c] as Vector, null, 0, from.length);
    }
    const own = this.closedKeys;
    for (const key of keys) own.push(key);
    this.closedFrom.append(from);
    this.closedTo.append(to);
    this.changed();
  }

  /** Forgets the first `count` closed versions: a tile has them. REQUIRES: nobody has pinned the image. */
  dropClosed(count: number): void {
    const left = this.closedRows - count;
    for (let c = 0; c < this.#closed.length; c++) {
      const { format } = this.#formats[c] as TreeColumn;
      const builder = new VectorBuilder(format, Math.max(left, 4));
      if (left > 0) builder.appendVector(this.closedColumn(c).view(), null, count, count + left);
      else this.column(c);
      this.#closed[c] = builder;
    }
    this.#closedKeys = this.closedKeys.slice(count);
    this.#closedFrom = Sequences.adopt(this.closedFrom.data.slice(count, count + left));
    this.#closedTo = Sequences.adopt(this.closedTo.data.slice(count, count + left));
    this.#closedHead = null;
    this.#closedPrior = [];
    this.changed();
  }

  /** Row numbers of the live rows in key order. */
  liveOrder(): Int32Array {
    const order = new Int32Array(this.live);
    const tail = this.sortedTail();
    let n = 0;
    let t = 0;
    for (let row = 0; row < this.sorted; row++) {
      if (this.isHole(row)) continue;
      const key = this.keys[row] as Key;
      while (t < tail.length && (this.keys[tail[t] as number] as Key) < key) order[n++] = tail[t++] as number;
      order[n++] = row;
    }
    while (t < tail.length) order[n++] = tail[t++] as number;
    return order;
  }

  /** Live rows of the tail in key order. */
  sortedTail(): number[] {
    const tail: number[] = [];
    for (let row = this.sorted; row < this.rows; row++) if (!this.isHole(row)) tail.push(row);
    return tail.sort((a, b) => ((this.keys[a] as Key) < (this.keys[b] as Key) ? -1 : 1));
  }

  /** The same rows at the same places in memory of its own: what is made before a pinned image is overwritten. */
  copy(): LeafImage {
    const image = new LeafImage(this.#formats);
    for (let c = 0; c < this.#columns.length; c++) {
      image.#columns[c] = this.column(c).copy();
      image.#closed[c] = this.closedColumn(c).copy();
    }
    image.#keys = this.keys.slice();
    image.#closedKeys = this.closedKeys.slice();
    image.#from = Sequences.adopt(this.from.data.slice(0, this.from.length));
    image.#closedFrom = Sequences.adopt(this.closedFrom.data.slice(0, this.closedRows));
    image.#closedTo = Sequences.adopt(this.closedTo.data.slice(0, this.closedRows));
    image.maxFrom = this.maxFrom;
    image.sorted = this.sorted;
    image.tail = new Map(this.tail);
    image.holes = this.holes?.slice() ?? null;
    image.holeCount = this.holeCount;
    return image;
  }

  /** Takes a list of fewer columns, or of more, of which the rows here have the `missing` value. REQUIRES: nobody has pinned the image. */
  reshape(columns: readonly TreeColumn[]): void {
    this.#given = Math.min(this.#given, columns.length);
    for (const list of [this.#columns, this.#closed]) list.length = columns.length;
    this.#formats = columns;
    this.changed();
  }

  /** Makes a new image of the same states, in key order and without holes. */
  rebuilt(): LeafImage {
    return runSync(this.part(this.liveOrder(), allRows(this.closedRows)));
  }

  /**
   * Makes a new image of some rows, given in key order, and closed versions; with a pause after each column, so the image
   * must be pinned, or the task run without them.
   */
  *part(order: Int32Array, closed: Int32Array): Task<LeafImage> {
    const image = new LeafImage(this.#formats);
    for (const [c, { format }] of this.#formats.entries()) {
      image.#columns[c] = VectorBuilder.adopt(format, gatherVector(this.view(c), order));
      if (closed.length > 0) image.#closed[c] = VectorBuilder.adopt(format, gatherVector(this.closedView(c), closed));
      yield PAUSE;
    }
    const { keys, closedKeys } = this;
    image.#keys = Array.from(order, (row) => keys[row] as Key);
    image.#closedKeys = Array.from(closed, (row) => closedKeys[row] as Key);
    yield PAUSE;
    const from = gatherDoubles(this.from.data, order);
    for (const seq of from) if (seq > image.maxFrom) image.maxFrom = seq;
    image.#from = Sequences.adopt(from);
    image.#closedFrom = Sequences.adopt(gatherDoubles(this.closedFrom.data, closed));
    image.#closedTo = Sequences.adopt(gatherDoubles(this.closedTo.data, closed));
    image.sorted = order.length;
    return image;
  }

  /** So many rows out of order, or so many holes, that scans would feel it. */
  isWorn(tailLimit: number): boolean {
    return this.tail.size > tailLimit || this.holeCount > 64 + this.rows / 20;
  }

  /** Rough size in memory: stored bytes, and what has been decoded of them. */
  get bytes(): number {
    let width = this.#keys === null ? 8 : 24;
    for (const column of this.#columns) if (column !== undefined) width += 10;
    return (
      (this.rows + this.closedRows) * width +
      (this.#source?.bytes ?? 0) +
      (this.chosen?.bytes ?? 0) +
      (this.chosenClosed?.bytes ?? 0) +
      512
    );
  }
}

/** 0, 1, 2 … */
export function allRows(count: number): Int32Array {
  const rows = new Int32Array(count);
  for (let row = 0; row < count; row++) rows[row] = row;
  return rows;
}
