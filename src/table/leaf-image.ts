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
import type { Vector } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import { gatherVector, sliceVector } from './gather.ts';
import { lowerBound } from './search.ts';
import type { Key, TreeColumn } from './table.ts';

/** A growing column of sequence numbers. */
export class Sequences {
  data: Float64Array;
  length = 0;

  constructor(capacity = 16) {
    this.data = new Float64Array(capacity);
  }

  reserve(extra: number): void {
    if (this.length + extra <= this.data.length) return;
    const bigger = new Float64Array(Math.max(this.length + extra, this.data.length * 2));
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

export class LeafImage {
  readonly columns: VectorBuilder[];
  readonly from: Sequences = new Sequences();
  keys: Key[] = [];
  sorted = 0;
  tail: Map<Key, number> = new Map();
  holes: Uint8Array | null = null;
  holeCount = 0;
  /** Greatest `from` of any row ever put here: a scan at or above it needs no filter. */
  maxFrom = 0;
  readonly closed: VectorBuilder[];
  readonly closedFrom: Sequences = new Sequences(4);
  readonly closedTo: Sequences = new Sequences(4);
  closedKeys: Key[] = [];
  pins = 0;
  /** A scan has handed out slices of the columns: batches are immutable, and whoever got them may keep them for long. */
  lent = false;
  #views: Vector[] | null = null;
  #closedViews: Vector[] | null = null;
  /** Newest closed row of a key, and for each closed row the one before; extended when an older state is asked for. */
  #closedHead: Map<Key, number> | null = null;
  #closedPrior: number[] = [];

  constructor(columns: readonly TreeColumn[]) {
    this.columns = columns.map((column) => new VectorBuilder(column.format));
    this.closed = columns.map((column) => new VectorBuilder(column.format, 4));
  }

  get rows(): number {
    return this.from.length;
  }

  get live(): number {
    return this.from.length - this.holeCount;
  }

  get closedRows(): number {
    return this.closedFrom.length;
  }

  views(): readonly Vector[] {
    this.#views ??= this.columns.map((builder) => builder.view());
    return this.#views;
  }

  closedViews(): readonly Vector[] {
    this.#closedViews ??= this.closed.map((builder) => builder.view());
    return this.#closedViews;
  }

  /** Must follow every change of the builders. */
  changed(): void {
    this.#views = null;
    this.#closedViews = null;
  }

  isHole(row: number): boolean {
    return this.holes !== null && this.holes[row] === 1;
  }

  /** Row that holds the key, be it a hole; -1 where the key never was. */
  rowOf(key: Key): number {
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
    for (let c = 0; c < this.columns.length; c++) {
      (this.columns[c] as VectorBuilder).appendVector(columns[c] as Vector, null, start, end);
    }
    for (let row = start; row < end; row++) this.keys.push(keys[row] as Key);
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
    for (let c = 0; c < this.closed.length; c++) {
      (this.closed[c] as VectorBuilder).appendVector(columns[c] as Vector, null, 0, from.length);
    }
    for (const key of keys) this.closedKeys.push(key);
    this.closedFrom.append(from);
    this.closedTo.append(to);
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

  /**
   * Makes a new image of the same states: live rows [start, end) in key order without holes, and the closed versions
   * that `keepClosed` accepts. Also the copy made before a pinned image is overwritten.
   */
  rebuilt(
    columns: readonly TreeColumn[],
    start = 0,
    end: number = this.live,
    keepClosed?: (key: Key) => boolean,
  ): LeafImage {
    const image = new LeafImage(columns);
    const views = this.views();
    const straight = this.holeCount === 0 && this.sorted === this.rows;
    if (straight) {
      image.appendSorted(views, this.keys, this.from.data.subarray(0, this.rows), start, end);
    } else {
      const order = this.liveOrder().subarray(start, end);
      const keys = Array.from(order, (row) => this.keys[row] as Key);
      const from = new Float64Array(order.length);
      for (let i = 0; i < order.length; i++) from[i] = this.from.data[order[i] as number] as number;
      image.appendSorted(
        views.map((view) => gatherVector(view, order)),
        keys,
        from,
        0,
        order.length,
      );
    }
    if (this.closedRows === 0) return image;
    const rows: number[] = [];
    for (let row = 0; row < this.closedRows; row++) {
      if (keepClosed === undefined || keepClosed(this.closedKeys[row] as Key)) rows.push(row);
    }
    const order = Int32Array.from(rows);
    image.appendClosed(
      this.closedViews().map((view) => gatherVector(view, order)),
      rows.map((row) => this.closedKeys[row] as Key),
      Float64Array.from(rows, (row) => this.closedFrom.data[row] as number),
      Float64Array.from(rows, (row) => this.closedTo.data[row] as number),
    );
    return image;
  }

  /** Rough size in memory. */
  get bytes(): number {
    return (this.rows + this.closedRows) * (this.columns.length * 10 + 24) + 512;
  }
}

/** Slices every vector; see sliceVector. */
export function sliceAll(vectors: readonly Vector[], from: number, to: number): Vector[] {
  return vectors.map((vector) => sliceVector(vector, from, to));
}
