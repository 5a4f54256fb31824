/**
 * TreeVersionScan: all versions that touch an interval of sequence numbers, ordered by key, then from, leaf by leaf.
 *
 * Every version is taken from the tile where it ends (or the image), because copies carried through time splits have an
 * open end there; so each comes once, with its true interval.
 */
import { assert } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { BATCH_ROWS, type Batch, type Vector } from '../base/vector.ts';
import { concatVectors, doubles, gatherVector, sliceVector } from './gather.ts';
import { firstKept, goneError, isNeeded, type Kept, requirePeriod, takesWhatIsLeft } from './kept.ts';
import { LeafCursor } from './leaf-cursor.ts';
import { allRows, type LeafImage } from './leaf-image.ts';
import type { SealedPart } from './part.ts';
import { sortedInSlices } from './sliced-order.ts';
import { inRange, rangeEnd, rangeStart } from './search.ts';
import type { BatchSource, Key, KeyRange, TreeColumn, VersionScanOptions } from './table.ts';
import { isInPast, type Leaf, release, type ScannedTree } from './tile.ts';

/** More versions than this are put in order, and into columns, with pauses. */
const AT_ONCE = 4096;

export class TreeVersionScan implements BatchSource {
  readonly #tree: ScannedTree;
  readonly #options: VersionScanOptions;
  readonly #leaves: LeafCursor;
  /** What was kept when the scan began. */
  readonly #kept: Kept;
  #batches: Batch[] = [];

  constructor(tree: ScannedTree, options: VersionScanOptions) {
    this.#tree = tree;
    this.#kept = { historyFrom: tree.historyFrom, keptBefore: tree.keptBefore };
    requirePeriod(tree, options);
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
      this.#requireSame();
    }
  }

  /** Throws 72000 where what the scan gives has begun to go. */
  #requireSame(): void {
    const { keptBefore, historyFrom } = this.#tree;
    if (keptBefore === this.#kept.keptBefore && historyFrom === this.#kept.historyFrom) return;
    if (takesWhatIsLeft(this.#options)) throw goneError(this.#tree, this.#options.fromSeq);
    requirePeriod(this.#tree, this.#options);
  }

  close(): void {
    this.#batches = [];
    this.#leaves.end();
  }

  *#leafVersions(leaf: Leaf, range: KeyRange): Task<Batch[]> {
    const { counters } = this.#options;
    if (counters !== undefined) counters.leaves++;
    const { image, parts } = yield* this.#tilesOf(leaf);
    image.pins++;
    try {
      return yield* this.#collect(parts, image, range);
    } finally {
      image.pins--;
    }
  }

  /** The versions of a leaf, as it was when its image was pinned. */
  *#collect(parts: readonly SealedPart[], image: LeafImage, range: KeyRange): Task<Batch[]> {
    const { fromSeq, toSeq, begunAfter = -1, endedBy = Infinity, counters } = this.#options;
    const { endSeq } = this.#tree;
    const isCut = this.#kept.historyFrom > 0 && takesWhatIsLeft(this.#options);
    const wanted = (from: number, closed: number): boolean => {
      const to = Math.min(closed, endSeq);
      const isAsked = from <= toSeq && to > fromSeq && from > begunAfter && to <= endedBy;
      return isAsked && (!isCut || isNeeded(this.#kept, from, to));
    };
    const found: Found = { sources: [], rows: [], keys: [], from: [], to: [] };
    const { rows: imageRows, closedRows, sorted } = image;
    // One row's past.
    const only = range.low !== undefined && range.low === range.high ? range.low : null;
    for (const whole of parts) {
      if (counters !== undefined) counters.segments++;
      const part = only === null ? whole : whole.ofKey(only);
      const end = rangeEnd(part.keys, part.keys.length, range);
      const rows: number[] = [];
      for (let row = rangeStart(part.keys, part.keys.length, range); row < end; row++) {
        const to = part.to[row] as number;
        if (to !== Infinity && wanted(part.from[row] as number, to)) rows.push(row);
      }
      take(found, (c) => part.column(c), rows, part.keys, part.from, part.to);
      yield PAUSE;
    }
    const closed: number[] = [];
    for (let row = 0; row < closedRows; row++) {
      if (
        wanted(image.closedFrom.data[row] as number, image.closedTo.data[row] as number) &&
        inRange(image.closedKeys[row] as Key, range)
      )
        closed.push(row);
    }
    take(found, (c) => image.closedView(c), closed, image.closedKeys, image.closedFrom.data, image.closedTo.data);
    yield PAUSE;
    const current: number[] = [];
    const visit = (row: number): void => {
      if (wanted(image.from.data[row] as number, Infinity) && !image.isHole(row)) current.push(row);
    };
    const end = rangeEnd(image.keys, sorted, range);
    for (let row = rangeStart(image.keys, sorted, range); row < end; row++) visit(row);
    for (let row = sorted; row < imageRows; row++) if (inRange(image.keys[row] as Key, range)) visit(row);
    take(found, (c) => image.view(c), current, image.keys, image.from.data, null);
    yield PAUSE;
    return yield* this.#toBatches(found);
  }

  /**
   * A leaf's tiles that touch the interval, and its image, of one moment: nothing waits after the last look at its history.
   * The leaf is kept in memory meanwhile: an image that had left it might be older than the tiles are.
   */
  *#tilesOf(leaf: Leaf): Task<{ readonly image: LeafImage; readonly parts: readonly SealedPart[] }> {
    const { cache } = this.#tree.options;
    const fromSeq = Math.max(this.#options.fromSeq, firstKept(this.#kept));
    leaf.holds++;
    try {
      yield* cache.image(leaf, this.#tree, false);
      if (isInPast(leaf, fromSeq)) yield* this.#tree.loadPast(leaf);
      let parts: readonly SealedPart[] | null = null;
      while (parts === null) parts = yield* this.#partsOf(leaf, fromSeq);
      const { image } = leaf;
      assert(image !== null, 'a leaf that is held has left memory');
      return { image, parts };
    } finally {
      release(leaf);
    }
  }

  /** The tiles that touch the time from a moment on; null where they were thinned meanwhile. */
  *#partsOf(leaf: Leaf, fromSeq: number): Task<readonly SealedPart[] | null> {
    const parts: SealedPart[] = [];
    // A version that touches the interval ends after its beginning, so tiles that end before it hold none that ends here.
    let at = leaf.history.findIndex(({ endSeq }) => endSeq > fromSeq);
    for (let tile = leaf.history[at]; at >= 0 && tile !== undefined; tile = leaf.history[++at]) {
      parts.push(yield* this.#tree.options.cache.part(tile, this.#tree, false));
      this.#requireSame();
      // Others may be added meanwhile, at the end and (of the past) before.
      at = leaf.history.indexOf(tile);
      if (at < 0) return null;
    }
    return parts;
  }

  *#toBatches(found: Found): Task<Batch[]> {
    const { columns: wanted, versionColumns } = this.#options;
    const { keys, from, to } = found;
    const total = keys.length;
    if (total === 0) return [];
    const order = total <= AT_ONCE ? inOrder(found) : yield* sortedInSlices(allRows(total), keys);
    const columns: Vector[] = [];
    for (const column of wanted) {
      const { format } = this.#tree.columns[column] as TreeColumn;
      const pieces = found.sources.map((source, i) => gatherVector(source(column), found.rows[i] as Int32Array));
      if (total > AT_ONCE) yield PAUSE;
      columns.push(gatherVector(concatVectors(format, pieces), order));
      if (total > AT_ONCE) yield PAUSE;
    }
    if (versionColumns === true) {
      columns.push(doubles(timesInOrder(from, order, Infinity)));
      if (total > AT_ONCE) yield PAUSE;
      columns.push(doubles(timesInOrder(to, order, this.#tree.endSeq)));
      if (total > AT_ONCE) yield PAUSE;
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

function timesInOrder(times: readonly number[], order: Int32Array, most: number): Float64Array {
  const ordered = new Float64Array(order.length);
  for (let i = 0; i < ordered.length; i++) ordered[i] = Math.min(times[order[i] as number] as number, most);
  return ordered;
}

function inOrder({ keys, from }: Found): Int32Array {
  return allRows(keys.length).sort((a, b) => {
    const left = keys[a] as Key;
    const right = keys[b] as Key;
    return left === right ? (from[a] as number) - (from[b] as number) : left < right ? -1 : 1;
  });
}

/** Versions found, those of one key in the order of their time: in the tiles of one leaf, still in their sources. */
interface Found {
  readonly sources: ((ordinal: number) => Vector)[];
  readonly rows: Int32Array[];
  readonly keys: Key[];
  readonly from: number[];
  readonly to: number[];
}

function take(
  found: Found,
  source: (ordinal: number) => Vector,
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
