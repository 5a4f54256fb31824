/**
 * TreeScan: the rows of a versioned tree at one moment in batches, leaf by leaf.
 *
 * A scan at s reads one tile of each leaf: the image (current rows, and closed versions where s is older than the
 * leaf's newest change) or the sealed part that covers s. Where no row can be invisible the batches are plain slices
 * of the leaf's columns; else they carry a selection; where an order must be made up (tail rows, closed versions,
 * descending) rows are gathered.
 *
 * Snapshot safety: while a scan is inside an image it pins it, so that a writer clones it instead of overwriting, and an
 * image whose columns went out as slices stays `lent`, for results and sorts keep them after the scan; after a leaf the
 * scan goes on by key, so splits in between do not matter.
 */
import { PAUSE, type Task } from '../base/task.ts';
import { BATCH_ROWS, type Batch, type Vector } from '../base/vector.ts';
import { GROUP_ROWS } from '../segment/constants.ts';
import { doubles, gatherDoubles, gatherVector, sliceVector } from './gather.ts';
import { requireKept } from './kept.ts';
import { LeafCursor } from './leaf-cursor.ts';
import type { LeafImage } from './leaf-image.ts';
import { mergedRows } from './merged-rows.ts';
import { MomentRows } from './moment-rows.ts';
import { begunRows, inRange, rangeEnd, rangeStart } from './search.ts';
import type { BatchSource, Key, KeyRange, ScanOptions, ZoneFilter } from './table.ts';
import type { Ages, SealedPart } from './part.ts';
import { isInPast, type Leaf, type ScannedTree, type Tile } from './tile.ts';
import { versionEnds } from './version-ends.ts';

/** What a leaf contributes: rows [start, end) of columns behind a filter, or rows in a made-up order. */
interface Piece {
  /** The whole column; decoded when it is first asked for. */
  readonly column: (ordinal: number) => Vector;
  readonly from: Float64Array;
  /** Null: every row is current. */
  readonly to: Float64Array | null;
  readonly holes: Uint8Array | null;
  readonly start: number;
  readonly end: number;
  /** Row numbers to gather instead of the run. */
  readonly rows: Int32Array | null;
  /** For versions that may have ended: their intervals as small integers. */
  readonly ages: Ages | null;
  /** What is kept of such choices for the others. */
  readonly chosen?: MomentRows | undefined;
  /** Rows of the run may be invisible at the scan's sequence number. */
  readonly filtered: boolean;
  /** False if no row of a group of the run can pass the scan's zone filters. */
  readonly mayMatch: (group: number) => boolean;
}

/** For pieces whose rows need no look at when they began. */
const NO_TIMES: Float64Array = new Float64Array(0);

function always(): boolean {
  return true;
}

export class TreeScan implements BatchSource {
  readonly #tree: ScannedTree;
  readonly #options: ScanOptions;
  readonly #leaves: LeafCursor;
  readonly #zones: readonly ZoneFilter[];
  /** Bounded on both sides: what it reads counts as looked up. */
  readonly #isNarrow: boolean;
  #pinned: LeafImage | null = null;
  #pieces: Piece[] = [];
  #position = 0;

  constructor(tree: ScannedTree, options: ScanOptions) {
    this.#tree = tree;
    this.#options = options;
    this.#leaves = new LeafCursor(tree, options.range ?? {}, options.order === 'desc');
    this.#zones = options.zones ?? [];
    this.#isNarrow = options.isPart !== true && options.range?.low !== undefined && options.range.high !== undefined;
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
    if (seq < tree.historyFrom) requireKept(tree, seq);
    this.#position = 0;
    if (counters !== undefined) counters.leaves++;
    // Loading may wait, and the leaf may be split by time meanwhile: then the state is in the new tile.
    let hit = true;
    while (seq >= leaf.startSeq) {
      if (leaf.image === null) {
        if (yield* this.#ruledOut(leaf)) return;
        yield* tree.options.cache.image(leaf, tree, this.#isNarrow);
        hit = false;
        continue;
      }
      const image = leaf.image;
      if (hit) tree.options.cache.touch(leaf);
      image.pins++;
      this.#pinned = image;
      if (seq < image.maxFrom) tree.pastRows += image.closedRows;
      const own = this.#leaves.isWhole ? {} : range;
      this.#pieces = order === undefined ? this.#unorderedPieces(image, own) : [this.#orderedPiece(image, own)];
      return;
    }
    if (isInPast(leaf, seq)) yield* tree.loadPast(leaf);
    const tile = leaf.history.findLast((candidate) => candidate.startSeq <= seq);
    if (seq < tree.historyFrom) requireKept(tree, seq);
    if (tile === undefined || seq >= tile.endSeq) return;
    if (counters !== undefined) counters.segments++;
    if (tile.part === null && (yield* this.#ruledOut(tile))) return;
    // Another may have taken its place meanwhile.
    if (!leaf.history.includes(tile)) return yield* this.#open(leaf, range);
    const part = yield* tree.options.cache.part(tile, tree, this.#isNarrow);
    this.#pieces = [yield* this.#sealedPiece(leaf, tile, part, range)];
  }

  /** True if the zones of something on disk say that none of its rows can pass the filters, and it is still the same. */
  *#ruledOut(item: Leaf | Tile): Task<boolean> {
    const { stored } = item;
    if (this.#zones.length === 0 || stored === null) return false;
    if (yield* this.#tree.options.cache.mayMatch(stored, this.#zones)) return false;
    const changed = 'image' in item && (item.stored !== stored || item.image !== null);
    if (!changed && this.#options.counters !== undefined) this.#options.counters.groupsSkipped++;
    return !changed;
  }

  *#sealedPiece(leaf: Leaf, tile: Tile, part: SealedPart, range: KeyRange): Task<Piece> {
    const open = range.low === undefined && range.high === undefined;
    const start = open ? 0 : rangeStart(part.keys, part.rows, range);
    const end = open ? part.rows : rangeEnd(part.keys, part.rows, range);
    const base = {
      column: (ordinal: number) => part.column(ordinal),
      from: part.from,
      to: part.to,
      holes: null,
      ages: part.ages,
      start,
      end,
      filtered: true,
      mayMatch: (group: number) => part.mayBeVisible(group, this.#options.seq) && part.mayMatch(group, this.#zones),
    };
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
    const to = yield* versionEnds(this.#tree, { leaf, tile, part, seq }, visible);
    return { ...base, to, rows: visible };
  }

  /** Nothing has ended, or begun, after the moment of the scan. */
  get #isNewest(): boolean {
    return this.#options.seq >= this.#tree.lastChange;
  }

  #unorderedPieces(image: LeafImage, range: KeyRange): Piece[] {
    const { seq } = this.#options;
    const open = range.low === undefined && range.high === undefined;
    const filtered = image.holes !== null || image.maxFrom > seq;
    const current = {
      column: (ordinal: number) => image.view(ordinal),
      from: filtered || this.#options.versionColumns === true || image.tail.size > 0 ? image.from.data : NO_TIMES,
      to: null,
      holes: image.holes,
      ages: null,
      chosen: image.maxFrom > seq ? (image.chosen ??= new MomentRows()) : undefined,
      mayMatch: (group: number) => image.mayMatch(group, this.#zones),
      filtered,
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
    if (this.#isNewest) return pieces;
    if (open && this.#options.versionColumns !== true) {
      const first = firstAfter(image.closedTo.data, image.closedRows, seq);
      if (first < image.closedRows)
        pieces.push({ ...closedBase(image), start: first, end: image.closedRows, rows: null, filtered: true });
      return pieces;
    }
    const closed = visibleClosed(image, seq, range);
    if (closed.length > 0) pieces.push({ ...closedBase(image), rows: Int32Array.from(closed) });
    return pieces;
  }

  #orderedPiece(image: LeafImage, range: KeyRange): Piece {
    const { seq, order } = this.#options;
    const current = {
      column: (ordinal: number) => image.view(ordinal),
      to: null,
      holes: image.holes,
      ages: null,
      chosen: image.maxFrom > seq ? (image.chosen ??= new MomentRows()) : undefined,
      mayMatch: (group: number) => image.mayMatch(group, this.#zones),
    };
    const start = rangeStart(image.keys, image.sorted, range);
    const end = rangeEnd(image.keys, image.sorted, range);
    const tail =
      image.tail.size === 0 ? [] : image.sortedTail().filter((row) => inRange(image.keys[row] as Key, range));
    const closed = this.#isNewest ? [] : visibleClosed(image, seq, range);
    closed.sort((a, b) => ((image.closedKeys[a] as Key) < (image.closedKeys[b] as Key) ? -1 : 1));
    if (order === 'asc' && tail.length === 0 && closed.length === 0) {
      const filtered = image.holes !== null || image.maxFrom > seq;
      const from = filtered || this.#options.versionColumns === true ? image.from.data : NO_TIMES;
      return { ...current, from, start, end, rows: null, filtered };
    }
    const from = image.from.data;
    const rows = new Int32Array(end - start + tail.length);
    let n = 0;
    let t = 0;
    for (let row = start; row < end; row++) {
      if (image.isHole(row) || (from[row] as number) > seq) continue;
      while (t < tail.length && (image.keys[tail[t] as number] as Key) < (image.keys[row] as Key)) {
        if ((from[tail[t] as number] as number) <= seq) rows[n++] = tail[t] as number;
        t++;
      }
      rows[n++] = row;
    }
    for (; t < tail.length; t++) if ((from[tail[t] as number] as number) <= seq) rows[n++] = tail[t] as number;
    const visible = rows.subarray(0, n);
    if (closed.length > 0) {
      const merged = mergedRows(image, visible, Int32Array.from(closed), this.#tree.columns, this.#options);
      return { ...current, ...merged, holes: null, start: 0, end: 0, filtered: false, mayMatch: always };
    }
    if (order === 'desc') visible.reverse();
    return { ...current, from, start: 0, end: 0, rows: visible, filtered: false };
  }

  #sliceBatch(piece: Piece): Batch | null {
    const from = piece.start + this.#position;
    if (from >= piece.end) return this.#endPiece();
    const group = Math.floor(from / GROUP_ROWS);
    const to = Math.min((group + 1) * GROUP_ROWS, piece.end);
    this.#position += to - from;
    const { counters } = this.#options;
    if (!piece.mayMatch(group)) {
      if (counters !== undefined) counters.groupsSkipped++;
      return null;
    }
    if (counters !== undefined) counters.groupsRead++;
    let selection: Int32Array | null = null;
    let count = to - from;
    if (piece.filtered) {
      const visible = select(piece, from, to, this.#options.seq);
      if (visible.length === 0) return null;
      count = visible.length;
      if (count < to - from) selection = visible;
    }
    const { form } = this.#options;
    const columns = this.#options.columns.map((column) => {
      const whole = piece.column(column);
      return form === undefined ? sliceVector(whole, from, to) : form(whole, from, to, column);
    });
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
    const columns = this.#options.columns.map((column) => gatherVector(piece.column(column), rows, from, to));
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

function closedBase(image: LeafImage): Omit<Piece, 'rows'> {
  return {
    column: (ordinal: number) => image.closedView(ordinal),
    mayMatch: always,
    from: image.closedFrom.data,
    to: image.closedTo.data,
    holes: null,
    ages: null,
    chosen: (image.chosenClosed ??= new MomentRows()),
    start: 0,
    end: 0,
    filtered: false,
  };
}

/** Closed versions in force at a moment, in the order in which they ended. */
function visibleClosed(image: LeafImage, seq: number, range: KeyRange): number[] {
  const open = range.low === undefined && range.high === undefined;
  const rows: number[] = [];
  const from = image.closedFrom.data;
  const count = image.closedRows;
  // Closed in commit order: ends ascend, so those that end after the moment are the last ones; none at the newest.
  for (let row = firstAfter(image.closedTo.data, count, seq); row < count; row++) {
    if ((from[row] as number) <= seq && (open || inRange(image.closedKeys[row] as Key, range))) rows.push(row);
  }
  return rows;
}

/** First of `count` ascending values that is greater. */
function firstAfter(values: Float64Array, count: number, value: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((values[middle] as number) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function select({ from, holes, ages, chosen }: Piece, start: number, end: number, seq: number): Int32Array {
  if (ages !== null) return ages.visible(start, end, seq);
  return chosen?.begun(from, holes, start, end, seq) ?? begunRows(from, holes, start, end, seq);
}
