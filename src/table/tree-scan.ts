/**
 * TreeScan and TreeVersionScan: batches of a versioned tree, leaf by leaf.
 *
 * A scan at s reads one tile of each leaf: the image (current rows, and closed versions where s is older than the
 * leaf's newest change) or the sealed part that covers s. Where no row can be invisible the batches are plain slices
 * of the leaf's columns; else they carry a selection; where an order must be made up (tail rows, closed versions,
 * descending) rows are gathered.
 *
 * Snapshot safety: while a scan is inside an image it pins it, so that a writer clones it instead of overwriting, and an
 * image whose columns went out as slices stays `lent`, for results and sorts keep them after the scan; after a leaf the
 * scan goes on by key, so splits in between do not matter.
 *
 * A version scan takes every version from the tile where it ends (or the image), because copies carried through time
 * splits have an open end there; so each comes once, with its true interval.
 */
import { PAUSE, type Task } from '../base/task.ts';
import { BATCH_ROWS, type Batch, type Vector } from '../base/vector.ts';
import { concatVectors, gatherDoubles, gatherVector, sliceVector } from './gather.ts';
import type { LeafImage } from './leaf-image.ts';
import { clipRange, inRange, rangeEnd, rangeStart } from './search.ts';
import type { BatchSource, Key, KeyRange, ScanOptions, TreeColumn, VersionScanOptions } from './table.ts';
import type { Leaf, SealedPart, Tile } from './tile.ts';
import type { Tree } from './tree.ts';

/** What a leaf contributes: rows [start, end) of columns behind a filter, or rows in a made-up order. */
interface Piece {
  readonly columns: readonly Vector[];
  readonly from: Float64Array;
  /** Null: every row is current. */
  readonly to: Float64Array | null;
  readonly holes: Uint8Array | null;
  readonly start: number;
  readonly end: number;
  /** Row numbers to gather instead of the run. */
  readonly rows: Int32Array | null;
  /** Rows of the run may be invisible at the scan's sequence number. */
  readonly filtered: boolean;
}

export class TreeScan implements BatchSource {
  readonly #tree: Tree;
  readonly #options: ScanOptions;
  readonly #leaves: LeafCursor;
  #pinned: LeafImage | null = null;
  #pieces: Piece[] = [];
  #position = 0;

  constructor(tree: Tree, options: ScanOptions) {
    this.#tree = tree;
    this.#options = options;
    this.#leaves = new LeafCursor(tree, options.range ?? {}, options.order === 'desc');
  }

  *next(): Task<Batch | null> {
    for (;;) {
      const piece = this.#pieces[0];
      if (piece !== undefined) {
        const batch = piece.rows === null ? this.#sliceBatch(piece) : this.#gatherBatch(piece, piece.rows);
        if (batch === null) continue;
        if (this.#options.counters !== undefined) this.#options.counters.rows += batch.count;
        return batch;
      }
      this.#unpin();
      if (this.#options.seq >= this.#tree.endSeq) return null;
      const leaf = this.#leaves.next();
      if (leaf === null) return null;
      yield PAUSE;
      yield* this.#open(leaf, this.#leaves.range);
    }
  }

  close(): void {
    this.#unpin();
    this.#pieces = [];
    this.#leaves.end();
  }

  #unpin(): void {
    if (this.#pinned !== null) this.#pinned.pins--;
    this.#pinned = null;
  }

  *#open(leaf: Leaf, range: KeyRange): Task<void> {
    const { seq, order, counters } = this.#options;
    const tree = this.#tree;
    this.#position = 0;
    if (counters !== undefined) counters.leaves++;
    // Loading may wait, and the leaf may be split by time meanwhile: then the state is in the new tile.
    while (seq >= leaf.startSeq) {
      if (leaf.image === null) {
        yield* tree.options.cache.image(leaf, tree);
        continue;
      }
      const image = leaf.image;
      tree.options.cache.touch(leaf);
      image.pins++;
      this.#pinned = image;
      this.#pieces = order === undefined ? this.#unorderedPieces(image, range) : [this.#orderedPiece(image, range)];
      return;
    }
    const tile = leaf.history.findLast((candidate) => candidate.startSeq <= seq);
    if (tile === undefined || seq >= tile.endSeq) return;
    if (counters !== undefined) counters.segments++;
    const part = yield* tree.options.cache.part(tile, tree);
    this.#pieces = [yield* this.#sealedPiece(leaf, tile, part, range)];
  }

  *#sealedPiece(leaf: Leaf, tile: Tile, part: SealedPart, range: KeyRange): Task<Piece> {
    const start = rangeStart(part.keys, part.keys.length, range);
    const end = rangeEnd(part.keys, part.keys.length, range);
    const base = { columns: part.columns, from: part.from, to: part.to, holes: null, start, end, filtered: true };
    if (this.#options.order !== 'desc' && this.#options.versionColumns !== true) return { ...base, rows: null };
    const { seq } = this.#options;
    const rows = new Int32Array(end - start);
    let n = 0;
    for (let row = start; row < end; row++) {
      if ((part.from[row] as number) <= seq && seq < (part.to[row] as number)) rows[n++] = row;
    }
    const visible = rows.subarray(0, n);
    if (this.#options.order === 'desc') visible.reverse();
    if (this.#options.versionColumns !== true) return { ...base, rows: visible };
    const to = yield* this.#tree.versionEnds(leaf, tile, part, visible);
    return { ...base, to, rows: visible };
  }

  #unorderedPieces(image: LeafImage, range: KeyRange): Piece[] {
    const { seq } = this.#options;
    const open = range.low === undefined && range.high === undefined;
    const current = {
      columns: image.views(),
      from: image.from.data,
      to: null,
      holes: image.holes,
      filtered: image.holes !== null || image.maxFrom > seq,
    };
    const start = open ? 0 : rangeStart(image.keys, image.sorted, range);
    const end = open ? image.rows : rangeEnd(image.keys, image.sorted, range);
    const pieces: Piece[] = [{ ...current, start, end, rows: null }];
    if (!open && image.tail.size > 0) {
      const tail: number[] = [];
      for (let row = image.sorted; row < image.rows; row++) {
        if (!image.isHole(row) && (image.from.data[row] as number) <= seq && inRange(image.keys[row] as Key, range))
          tail.push(row);
      }
      if (tail.length > 0) pieces.push({ ...current, start: 0, end: 0, rows: Int32Array.from(tail) });
    }
    const closed = visibleClosed(image, seq, range, open);
    if (closed.length > 0) pieces.push({ ...closedBase(image), rows: Int32Array.from(closed) });
    return pieces;
  }

  #orderedPiece(image: LeafImage, range: KeyRange): Piece {
    const { seq, order } = this.#options;
    const current = { columns: image.views(), from: image.from.data, to: null, holes: image.holes };
    const start = rangeStart(image.keys, image.sorted, range);
    const end = rangeEnd(image.keys, image.sorted, range);
    const tail =
      image.tail.size === 0 ? [] : image.sortedTail().filter((row) => inRange(image.keys[row] as Key, range));
    const closed = visibleClosed(image, seq, range, false);
    if (order === 'asc' && tail.length === 0 && closed.length === 0) {
      return { ...current, start, end, rows: null, filtered: image.holes !== null || image.maxFrom > seq };
    }
    const rows = new Int32Array(end - start + tail.length);
    let n = 0;
    let t = 0;
    for (let row = start; row < end; row++) {
      if (image.isHole(row) || (image.from.data[row] as number) > seq) continue;
      while (t < tail.length && (image.keys[tail[t] as number] as Key) < (image.keys[row] as Key)) {
        if ((image.from.data[tail[t] as number] as number) <= seq) rows[n++] = tail[t] as number;
        t++;
      }
      rows[n++] = row;
    }
    for (; t < tail.length; t++)
      if ((image.from.data[tail[t] as number] as number) <= seq) rows[n++] = tail[t] as number;
    const visible = rows.subarray(0, n);
    if (closed.length > 0) return this.#mergedPiece(image, visible, closed);
    if (order === 'desc') visible.reverse();
    return { ...current, start: 0, end: 0, rows: visible, filtered: false };
  }

  /** Current and closed rows side by side in one set of vectors, in key order. */
  #mergedPiece(image: LeafImage, current: Int32Array, closed: number[]): Piece {
    const closedRows = Int32Array.from(closed);
    const total = current.length + closed.length;
    const keyAt = (at: number): Key =>
      (at < current.length
        ? image.keys[current[at] as number]
        : image.closedKeys[closed[at - current.length] as number]) as Key;
    const rows = Int32Array.from({ length: total }, (_, at) => at).sort((a, b) => (keyAt(a) < keyAt(b) ? -1 : 1));
    if (this.#options.order === 'desc') rows.reverse();
    const views = image.views();
    const closedViews = image.closedViews();
    const columns: Vector[] = [...views];
    for (const column of new Set(this.#options.columns)) {
      const { format } = this.#tree.columns[column] as TreeColumn;
      columns[column] = concatVectors(format, [
        gatherVector(views[column] as Vector, current),
        gatherVector(closedViews[column] as Vector, closedRows),
      ]);
    }
    const from = new Float64Array(total);
    const to = new Float64Array(total).fill(Infinity);
    from.set(gatherDoubles(image.from.data, current));
    from.set(gatherDoubles(image.closedFrom.data, closedRows), current.length);
    to.set(gatherDoubles(image.closedTo.data, closedRows), current.length);
    return { columns, from, to, holes: null, start: 0, end: 0, rows, filtered: false };
  }

  #sliceBatch(piece: Piece): Batch | null {
    const from = piece.start + this.#position;
    if (from >= piece.end) return this.#endPiece();
    const to = Math.min(from + BATCH_ROWS, piece.end);
    this.#position += to - from;
    const { counters } = this.#options;
    if (counters !== undefined) counters.groupsRead++;
    let selection: Int32Array | null = null;
    let count = to - from;
    if (piece.filtered) {
      const visible = select(piece, from, to, this.#options.seq);
      if (visible.length === 0) return null;
      count = visible.length;
      if (count < to - from) selection = visible;
    }
    const columns = this.#options.columns.map((column) => sliceVector(piece.columns[column] as Vector, from, to));
    if (this.#pinned !== null && (columns.length > 0 || this.#options.versionColumns === true))
      this.#pinned.lent = true;
    if (this.#options.versionColumns === true) {
      columns.push(doubles(piece.from.subarray(from, to)));
      columns.push(
        doubles(piece.to === null ? new Float64Array(to - from).fill(this.#tree.endSeq) : piece.to.subarray(from, to)),
      );
    }
    return { columns, length: to - from, selection, count };
  }

  #gatherBatch(piece: Piece, rows: Int32Array): Batch | null {
    const from = this.#position;
    if (from >= rows.length) return this.#endPiece();
    const to = Math.min(from + BATCH_ROWS, rows.length);
    this.#position = to;
    const columns = this.#options.columns.map((column) =>
      gatherVector(piece.columns[column] as Vector, rows, from, to),
    );
    if (this.#options.versionColumns === true) {
      columns.push(doubles(gatherDoubles(piece.from, rows, from, to)));
      const ends =
        piece.to === null ? new Float64Array(to - from).fill(Infinity) : gatherDoubles(piece.to, rows, from, to);
      for (let i = 0; i < ends.length; i++) ends[i] = Math.min(ends[i] as number, this.#tree.endSeq);
      columns.push(doubles(ends));
    }
    return { columns, length: to - from, selection: null, count: to - from };
  }

  #endPiece(): null {
    this.#pieces.shift();
    this.#position = 0;
    return null;
  }
}

export class TreeVersionScan implements BatchSource {
  readonly #tree: Tree;
  readonly #options: VersionScanOptions;
  readonly #leaves: LeafCursor;
  #batches: Batch[] = [];

  constructor(tree: Tree, options: VersionScanOptions) {
    this.#tree = tree;
    this.#options = options;
    this.#leaves = new LeafCursor(tree, options.range ?? {}, false);
  }

  *next(): Task<Batch | null> {
    for (;;) {
      const batch = this.#batches.shift();
      if (batch !== undefined) {
        if (this.#options.counters !== undefined) this.#options.counters.rows += batch.count;
        return batch;
      }
      const leaf = this.#leaves.next();
      if (leaf === null) return null;
      yield PAUSE;
      this.#batches = yield* this.#leafVersions(leaf, this.#leaves.range);
    }
  }

  close(): void {
    this.#batches = [];
    this.#leaves.end();
  }

  *#leafVersions(leaf: Leaf, range: KeyRange): Task<Batch[]> {
    const { fromSeq, toSeq, counters } = this.#options;
    const { endSeq } = this.#tree;
    const found: Found = { sources: [], rows: [], keys: [], from: [], to: [] };
    if (counters !== undefined) counters.leaves++;
    const { cache } = this.#tree.options;
    let image = yield* cache.image(leaf, this.#tree);
    // Tiles and image must be of one moment: from here on nothing of the leaf is read after a wait but sealed tiles.
    const parts: SealedPart[] = [];
    for (let p = 0; p < leaf.history.length; p++) {
      const tile = leaf.history[p] as Tile;
      // A version that touches the interval ends after fromSeq, so tiles that end before it hold none that ends here.
      if (tile.endSeq > fromSeq) parts.push(yield* cache.part(tile, this.#tree));
    }
    if (leaf.image !== null) image = leaf.image;
    for (const part of parts) {
      if (counters !== undefined) counters.segments++;
      const end = rangeEnd(part.keys, part.keys.length, range);
      const rows: number[] = [];
      for (let row = rangeStart(part.keys, part.keys.length, range); row < end; row++) {
        const to = part.to[row] as number;
        if (to !== Infinity && to > fromSeq && (part.from[row] as number) <= toSeq) rows.push(row);
      }
      take(found, part.columns, rows, part.keys, part.from, part.to);
    }
    const closed: number[] = [];
    for (let row = 0; row < image.closedRows; row++) {
      const touches = (image.closedFrom.data[row] as number) <= toSeq && (image.closedTo.data[row] as number) > fromSeq;
      if (touches && inRange(image.closedKeys[row] as Key, range)) closed.push(row);
    }
    take(found, image.closedViews(), closed, image.closedKeys, image.closedFrom.data, image.closedTo.data);
    const current: number[] = [];
    const visit = (row: number): void => {
      if (!image.isHole(row) && (image.from.data[row] as number) <= toSeq && endSeq > fromSeq) current.push(row);
    };
    const end = rangeEnd(image.keys, image.sorted, range);
    for (let row = rangeStart(image.keys, image.sorted, range); row < end; row++) visit(row);
    for (let row = image.sorted; row < image.rows; row++) if (inRange(image.keys[row] as Key, range)) visit(row);
    take(found, image.views(), current, image.keys, image.from.data, null);
    return this.#toBatches(found);
  }

  #toBatches(found: Found): Batch[] {
    const { columns: wanted, versionColumns } = this.#options;
    const { keys, from, to } = found;
    const total = keys.length;
    if (total === 0) return [];
    const order = Int32Array.from({ length: total }, (_, at) => at);
    order.sort((a, b) => {
      const left = keys[a] as Key;
      const right = keys[b] as Key;
      return left === right ? (from[a] as number) - (from[b] as number) : left < right ? -1 : 1;
    });
    const columns = wanted.map((column) => {
      const { format } = this.#tree.columns[column] as TreeColumn;
      const pieces = found.sources.map((source, i) =>
        gatherVector(source[column] as Vector, found.rows[i] as Int32Array),
      );
      return gatherVector(concatVectors(format, pieces), order);
    });
    if (versionColumns === true) {
      columns.push(doubles(Float64Array.from(order, (at) => from[at] as number)));
      columns.push(doubles(Float64Array.from(order, (at) => Math.min(to[at] as number, this.#tree.endSeq))));
    }
    const batches: Batch[] = [];
    for (let start = 0; start < total; start += BATCH_ROWS) {
      const end = Math.min(start + BATCH_ROWS, total);
      const slices = columns.map((column) => sliceVector(column, start, end));
      batches.push({ columns: slices, length: end - start, selection: null, count: end - start });
    }
    return batches;
  }
}

/** Versions found in the tiles of one leaf, still in their sources. */
interface Found {
  readonly sources: (readonly Vector[])[];
  readonly rows: Int32Array[];
  readonly keys: Key[];
  readonly from: number[];
  readonly to: number[];
}

function take(
  found: Found,
  source: readonly Vector[],
  rows: number[],
  keys: readonly Key[],
  from: Float64Array,
  to: Float64Array | null,
): void {
  if (rows.length === 0) return;
  found.sources.push(source);
  found.rows.push(Int32Array.from(rows));
  for (const row of rows) {
    found.keys.push(keys[row] as Key);
    found.from.push(from[row] as number);
    found.to.push(to === null ? Infinity : (to[row] as number));
  }
}

/** Walks the leaves that touch a range, by key, so that splits between two steps lose and repeat nothing. */
class LeafCursor {
  readonly #tree: Tree;
  readonly #descending: boolean;
  #rest: KeyRange;
  #done = false;
  /** The part of the scan's range inside the leaf last returned. */
  range: KeyRange = {};

  constructor(tree: Tree, range: KeyRange, descending: boolean) {
    this.#tree = tree;
    this.#rest = range;
    this.#descending = descending;
  }

  next(): Leaf | null {
    if (this.#done) return null;
    const { leaves } = this.#tree;
    const bound = this.#descending ? this.#rest.high : this.#rest.low;
    let index = bound === undefined ? (this.#descending ? leaves.length - 1 : 0) : this.#tree.leafIndex(bound);
    if (this.#descending && index > 0 && this.#rest.highInclusive === false && leaves[index]?.low === bound) index--;
    const leaf = leaves[index] as Leaf;
    const high = leaves[index + 1]?.low;
    this.range = clipRange(this.#rest, leaf.low, high);
    if (this.#descending) {
      this.#done = leaf.low === undefined || (this.#rest.low !== undefined && leaf.low <= this.#rest.low);
      this.#rest = { ...this.#rest, high: leaf.low, highInclusive: false };
    } else {
      this.#done = high === undefined || (this.#rest.high !== undefined && high > this.#rest.high);
      this.#rest = { ...this.#rest, low: high, lowInclusive: true };
    }
    // A whole leaf needs no key comparisons.
    if (
      this.range.low === leaf.low &&
      this.range.lowInclusive !== false &&
      this.range.high === high &&
      this.range.highInclusive !== true
    ) {
      if (leaf.history.length === 0) this.range = {};
    }
    return leaf;
  }

  end(): void {
    this.#done = true;
  }
}

function closedBase(image: LeafImage): Omit<Piece, 'rows'> {
  return {
    columns: image.closedViews(),
    from: image.closedFrom.data,
    to: image.closedTo.data,
    holes: null,
    start: 0,
    end: 0,
    filtered: false,
  };
}

function visibleClosed(image: LeafImage, seq: number, range: KeyRange, open: boolean): number[] {
  const rows: number[] = [];
  const from = image.closedFrom.data;
  const to = image.closedTo.data;
  const count = image.closedRows;
  // Closed in commit order: ends ascend, so the newest state is recognised by the last end alone.
  if (count === 0 || (to[count - 1] as number) <= seq) return rows;
  for (let row = 0; row < count; row++) {
    if (
      (from[row] as number) <= seq &&
      seq < (to[row] as number) &&
      (open || inRange(image.closedKeys[row] as Key, range))
    )
      rows.push(row);
  }
  if (open) return rows;
  return rows.sort((a, b) => ((image.closedKeys[a] as Key) < (image.closedKeys[b] as Key) ? -1 : 1));
}

function select(piece: Piece, start: number, end: number, seq: number): Int32Array {
  const { from, to, holes } = piece;
  const rows = new Int32Array(end - start);
  let n = 0;
  if (to !== null) {
    for (let row = start; row < end; row++) {
      rows[n] = row - start;
      if ((from[row] as number) <= seq && seq < (to[row] as number)) n++;
    }
  } else {
    for (let row = start; row < end; row++) {
      rows[n] = row - start;
      if ((from[row] as number) <= seq && (holes === null || holes[row] !== 1)) n++;
    }
  }
  return rows.subarray(0, n);
}

function doubles(data: Float64Array): Vector {
  return { kind: 'f64', data, length: data.length, nulls: null };
}
