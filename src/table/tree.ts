/**
 * Tree: a versioned tree, a sorted array of leaves that tile key × time (DESIGN §5).
 *
 *     time ▲   ┌───────────┬───────────┐   image: the leaf's newest tile, [startSeq, ∞)
 *          │   │  image A  │  image B  │
 *          │   ├───────────┴───────────┤   key split: the children share the tiles sealed before it
 *          │   │     sealed part 2     │   time split: every version that touches [start, end), live rows copied
 *          │   ├───────────────────────┤
 *          │   │     sealed part 1     │
 *          └───┴───────────────────────┴──▶ key
 *
 * Invariants: leaf lows ascend, the first is open; AS OF s reads exactly one tile a key: the image where startSeq <= s,
 * else the part with startSeq <= s < endSeq; a part is sorted by key, then from, and its `to` is Infinity for versions
 * that outlive it (the tile where they end, or the image, has the true end). Tiles and images may be on disk: see tile.ts.
 */
import { assert } from '../base/error.ts';
import { runSync, type Task } from '../base/task.ts';
import type { Value, Vector } from '../base/vector.ts';
import type { TreeEntry } from './directory.ts';
import { isRun, keyOrder } from './entry-order.ts';
import { constantVector, gatherVector, scatter } from './gather.ts';
import { KeyCodec } from './key.ts';
import { MOST_USES } from './eviction.ts';
import { requireKept, type Span } from './kept.ts';
import { LeafImage } from './leaf-image.ts';
import { reshaped } from './reshape.ts';
import { closeRows, copied, isUnchanged } from './seal.ts';
import { lookUp } from './look-up.ts';
import { lowerBound } from './search.ts';
import {
  type BatchSource,
  type Bound,
  type Key,
  type KeyColumn,
  type KeyRange,
  MISS,
  OP_DELETE,
  OP_INSERT,
  OP_NONE,
  OP_UPDATE,
  type RowChanges,
  type RowRef,
  type ScanOptions,
  type TakeRow,
  type TreeColumn,
  type VersionedTree,
  type VersionScanOptions,
} from './table.ts';
import { MutableRowRef } from './row-ref.ts';
import { keySplitIfDue, timeSplitIfDue } from './split.ts';
import type { DividedTree, SplitLimits } from './split-queue.ts';
import { loadPast } from './past.ts';
import {
  historiesOf,
  isInPast,
  type Leaf,
  type LeafChange,
  newLeaf,
  NO_PAST,
  release,
  type StoredPast,
  storedTile,
  type Tile,
} from './tile.ts';
import { bytesOf } from './tree-size.ts';
import { TreeScan } from './tree-scan.ts';
import { TreeVersionScan } from './tree-version-scan.ts';

export type TreeOptions = SplitLimits;

/** Closed rows passed over by reads of the past, in tables of that size, that make splitting twice as often worth it. */
const MUCH_READ = 16;

export class Tree implements VersionedTree, DividedTree {
  readonly id: number;
  readonly key: readonly KeyColumn[];
  readonly codec: KeyCodec;
  readonly options: TreeOptions;
  columns: readonly TreeColumn[];
  lastChange = 0;
  rowCount = 0;
  /** Closed rows that reads of the past have passed over lately. */
  pastRows = 0;
  /** States before this one are not there any more (kept.ts) … */
  historyFrom = 0;
  /** … but for these. */
  keptBefore: readonly Span[] = [];
  /** The tree ends here: no row is current from this sequence number on (a dropped table). */
  endSeq: number = Infinity;
  readonly leaves: Leaf[];
  /** The tiles that are described on disk only, which leaves have as lists; null: all are in memory. */
  past: StoredPast | null = null;
  /** The past that the newest checkpoint has written or kept; null: it must be written. */
  storedPast: StoredPast | null = null;
  takenPast: readonly (readonly Tile[])[] = [];
  /** What the last `find` that answered MISS lacked. */
  #missing: Leaf | Tile | 'past' | null = null;
  readonly #ref: MutableRowRef = new MutableRowRef();

  constructor(id: number, columns: readonly TreeColumn[], key: readonly KeyColumn[], options: TreeOptions) {
    this.id = id;
    this.columns = columns;
    this.key = key;
    this.codec = new KeyCodec(key, columns);
    this.options = options;
    this.leaves = [newLeaf(undefined, 0, new LeafImage(columns), NO_PAST)];
  }

  get sizeBytes(): number {
    return bytesOf(this.leaves, this.past);
  }

  /** The factor c; half of it while the past is read much: its leaves then hold fewer closed versions. */
  get splitFactor(): number {
    const { timeSplitFactor } = this.options;
    return this.pastRows > MUCH_READ * this.rowCount ? timeSplitFactor / 2 : timeSplitFactor;
  }

  encodeKey(values: readonly Value[]): Key {
    return this.codec.encode(values);
  }

  prefixRange(values: readonly Value[]): KeyRange {
    return this.codec.prefixRange(values);
  }

  boundedRange(prefix: readonly Value[], low: Bound | null, high: Bound | null): KeyRange {
    return this.codec.boundedRange(prefix, low, high);
  }

  scan(options: ScanOptions): BatchSource {
    return new TreeScan(this, options);
  }

  scanVersions(options: VersionScanOptions): BatchSource {
    return new TreeVersionScan(this, options);
  }

  lookUp(range: KeyRange, seq: number, take: TakeRow): boolean {
    return lookUp(this, range, seq, take);
  }

  *load(key: Key, seq: number, withEnd?: boolean): Task<void> {
    const needed: (Leaf | Tile)[] = [];
    try {
      while (this.find(key, seq, withEnd, []) === MISS) yield* this.loadMissing(needed);
    } finally {
      needed.forEach(release);
    }
  }

  /** Loads what the last look lacked, to stay while it is in `needed`: the end of a version may be asked of several tiles. */
  *loadMissing(needed: (Leaf | Tile)[]): Task<void> {
    const missing = this.#missing;
    assert(missing !== null, 'a miss without a reason');
    if (missing === 'past') {
      yield* this.loadPast();
      return;
    }
    needed.push(missing);
    missing.holds++;
    if ('image' in missing) yield* this.options.cache.image(missing, this);
    else yield* this.options.cache.part(missing, this);
  }

  loadPast(leaf?: Leaf): Task<void> {
    return loadPast(this, leaf);
  }

  /** Brings the leaf that holds the key into memory. */
  *loadLeaf(key: Key): Task<Leaf> {
    for (;;) {
      const leaf = this.leaves[this.leafIndex(key)] as Leaf;
      if (leaf.image !== null) return leaf;
      yield* this.options.cache.image(leaf, this);
    }
  }

  /** Brings the leaves that changes touch into memory and holds them there, each noted in `held`. */
  *holdLeaves(changes: RowChanges, held: Leaf[]): Task<void> {
    let last: Leaf | null = null;
    for (let entry = 0; entry < changes.count; entry++) {
      if (changes.ops[entry] === OP_NONE) continue;
      const leaf: Leaf = yield* this.loadLeaf(changes.keys[entry] as Key);
      if (leaf === last) continue;
      last = leaf;
      leaf.image?.check();
      leaf.holds++;
      held.push(leaf);
    }
  }

  /** Takes the leaves and tiles that a directory describes; nothing is read before it is needed. */
  restore(entry: TreeEntry): void {
    const tiles = entry.tiles.map(({ startSeq, endSeq, ref }) => storedTile(startSeq, endSeq, ref));
    const leaves = entry.leaves.map(({ low, startSeq, ref, history }, i) => {
      const past = entry.past === null ? -1 : i;
      const leaf = newLeaf(low, startSeq, null, { history: history.map((at) => tiles[at] as Tile), past });
      leaf.stored = ref;
      return leaf;
    });
    this.leaves.splice(0, this.leaves.length, ...leaves);
    this.past = entry.past === null ? null : { entry: entry.past, histories: historiesOf(leaves) };
    this.storedPast = this.past;
    this.lastChange = entry.lastChange;
    this.rowCount = entry.rowCount;
  }

  /** Lets go of everything the cache counts: the tree is taken back. */
  discard(): void {
    for (const leaf of this.leaves) this.options.cache.noteClean(leaf);
  }

  #imageForWriting(leaf: Leaf): LeafImage {
    return leaf.image ?? runSync(this.options.cache.image(leaf, this));
  }

  /** Index of the leaf whose range holds the key. */
  leafIndex(key: Key): number {
    let low = 0;
    let high = this.leaves.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (((this.leaves[middle] as Leaf).low as Key) <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  find(key: Key, seq: number, withEnd?: boolean, wanted?: readonly number[]): RowRef | null | typeof MISS {
    if (seq < this.historyFrom) requireKept(this, seq);
    if (seq >= this.endSeq) return null;
    const leaf = this.leaves[this.leafIndex(key)] as Leaf;
    if (seq < leaf.startSeq) return this.#findSealed(leaf, key, seq, withEnd);
    const image = leaf.image;
    if (image === null) return this.#miss(leaf);
    if (leaf.used < MOST_USES) leaf.used++;
    const row = image.rowOf(key);
    if (row >= 0 && !image.isHole(row)) {
      const from = image.fromOf(row);
      if (from <= seq) {
        const { columns, base } = image.cellsOf(row, wanted);
        return this.#at(columns, row - base, from, this.endSeq);
      }
    }
    if (image.closedRows === 0 || seq >= this.lastChange) return null;
    const old = image.findClosed(key, seq);
    if (old < 0) return null;
    return this.#at(image.closedViews(), old, image.closedFrom.data[old] as number, image.closedTo.data[old] as number);
  }

  #miss(item: Leaf | Tile | 'past'): typeof MISS {
    this.#missing = item;
    return MISS;
  }

  #findSealed(leaf: Leaf, key: Key, seq: number, withEnd?: boolean): RowRef | null | typeof MISS {
    if (isInPast(leaf, seq)) return this.#miss('past');
    for (let p = leaf.history.length - 1; p >= 0; p--) {
      const tile = leaf.history[p] as Tile;
      if (seq < tile.startSeq) continue;
      if (tile.part === null) return this.#miss(tile);
      if (tile.used < MOST_USES) tile.used++;
      const part = tile.part.ofKey(key);
      for (let row = lowerBound(part.keys, part.keys.length, key); part.keys[row] === key; row++) {
        const from = part.from[row] as number;
        if (from > seq) return null;
        if ((part.to[row] as number) <= seq) continue;
        const end = part.to[row] as number;
        const to = withEnd && end === Infinity ? this.trueEnd(leaf, p, key, from) : end;
        return to === MISS ? MISS : this.#at(part.columns, row, from, to);
      }
      return null;
    }
    return null;
  }

  /** End of a version that outlives tile `index`: looked up in the tiles above it. */
  trueEnd(leaf: Leaf, index: number, key: Key, from: number): number | typeof MISS {
    for (let p = index + 1; p < leaf.history.length; p++) {
      const tile = leaf.history[p] as Tile;
      if (tile.part === null) return this.#miss(tile);
      const next = tile.part.ofKey(key);
      let at = lowerBound(next.keys, next.keys.length, key);
      while (next.keys[at] === key && (next.from[at] as number) < from) at++;
      assert(next.keys[at] === key && next.from[at] === from, 'a version is missing from the next tile');
      if (next.to[at] !== Infinity) return next.to[at] as number;
    }
    const image = leaf.image;
    if (image === null) return this.#miss(leaf);
    const closed = image.closedRows === 0 ? -1 : image.findClosed(key, from);
    return closed >= 0 && image.closedFrom.data[closed] === from
      ? (image.closedTo.data[closed] as number)
      : this.endSeq;
  }

  #at(columns: readonly Vector[], row: number, from: number, to: number): RowRef {
    const ref = this.#ref;
    ref.columns = columns;
    ref.row = row;
    ref.from = from;
    ref.to = to;
    return ref;
  }

  /** Takes another list of columns: with some more at the end, whose rows hold the `missing` value, or with fewer. */
  reshape(columns: readonly TreeColumn[]): void {
    if (columns.length === this.columns.length) return;
    this.columns = columns;
    reshaped(this.leaves, columns, this.options.cache);
  }

  /** Publishes changes of commit `seq`. Entries are taken in key order, leaf by leaf. */
  apply(seq: number, changes: RowChanges): void {
    const order = keyOrder(changes);
    let at = 0;
    while (at < order.length) {
      const index = this.leafIndex(changes.keys[order[at] as number] as Key);
      const high = this.leaves[index + 1]?.low;
      let end = at + 1;
      while (end < order.length && (high === undefined || (changes.keys[order[end] as number] as Key) < high)) end++;
      const leaf = this.leaves[index] as Leaf;
      const entries = at === 0 && end === order.length ? order : order.subarray(at, end);
      leaf.changes?.push({ seq, changes, entries });
      this.#takeToLeaf(leaf, seq, changes, entries);
      if (!keySplitIfDue(this, index) && leaf.dirty) this.options.cache.noteDirty(leaf);
      at = end;
    }
  }

  /** Makes changes of a leaf, which the tree has counted, in the children that a split has made of it. */
  replay(made: readonly Leaf[], { seq, changes, entries }: LeafChange): void {
    const { rowCount } = this;
    let at = 0;
    for (const [child, leaf] of made.entries()) {
      const high = made[child + 1]?.low;
      const start = at;
      while (at < entries.length && (high === undefined || (changes.keys[entries[at] as number] as Key) < high)) at++;
      if (at > start) this.#takeToLeaf(leaf, seq, changes, entries.subarray(start, at));
    }
    this.rowCount = rowCount;
  }

  #takeToLeaf(leaf: Leaf, seq: number, changes: RowChanges, entries: Int32Array): void {
    if (!this.applyToLeaf(leaf, seq, changes, entries)) return;
    const { image } = leaf;
    if (image?.isWorn(Math.max(256, image.sorted >> 6)) === true) leaf.image = image.rebuilt();
    timeSplitIfDue(this, leaf);
  }

  /**
   * Publishes entries of commit `seq`, in key order, that all belong to one leaf, and neither tidies nor splits it. False
   * where they were appended behind all rows, or changed nothing: then there is nothing to tidy.
   */
  applyToLeaf(leaf: Leaf, seq: number, changes: RowChanges, entries: Int32Array): boolean {
    const first = changes.keys[entries[0] as number] as Key;
    const present = this.#imageForWriting(leaf);
    const last = present.keys[present.sorted - 1];
    let onlyInserts = present.tail.size === 0 && (present.sorted === 0 || (last as Key) < first);
    for (let i = 0; onlyInserts && i < entries.length; i++)
      onlyInserts = changes.ops[entries[i] as number] === OP_INSERT;
    if (onlyInserts) {
      this.#appendToEnd(leaf, present, seq, changes, entries);
      return false;
    }
    const closing: number[] = [];
    const targets: number[] = [];
    const sources: number[] = [];
    const inserts: number[] = [];
    const deleted: number[] = [];
    const views = present.views();
    for (const entry of entries) {
      const op = changes.ops[entry];
      const row = present.rowOf(changes.keys[entry] as Key);
      const live = row >= 0 && !present.isHole(row);
      if (op === OP_INSERT) {
        assert(!live, `insert of a key that exists in tree ${this.id}`);
        if (row < 0) inserts.push(entry);
        else {
          targets.push(row);
          sources.push(entry);
        }
        continue;
      }
      assert(live, `change of a key that does not exist in tree ${this.id}`);
      if (op === OP_UPDATE && isUnchanged(this.columns, { views, row }, changes, entry)) continue;
      // A version that was born in this very commit leaves no history.
      if ((present.from.data[row] as number) < seq) closing.push(row);
      if (op === OP_DELETE) deleted.push(row);
      else {
        targets.push(row);
        sources.push(entry);
      }
    }
    if (closing.length + targets.length + inserts.length + deleted.length === 0) return false;
    // Readers keep the old image; row numbers stay the same because a clone keeps holes and tail.
    const image = present.pins > 0 || (present.lent && targets.length > 0) ? copied(present, this.columns) : present;
    leaf.image = image;
    this.noteChange(leaf);
    if (closing.length > 0) closeRows(image, Int32Array.from(closing), seq);
    if (targets.length > 0) this.#overwrite(image, seq, changes, targets, sources);
    for (const row of deleted) image.setHole(row, true);
    this.rowCount -= deleted.length;
    if (inserts.length > 0) this.#insertIntoTail(image, seq, changes, Int32Array.from(inserts));
    this.lastChange = Math.max(this.lastChange, seq);
    image.changed();
    return true;
  }

  /**
   * Rows behind all of a leaf. Where they would make it too long they begin leaves of their own: ascending loads fill one
   * leaf after the other and never split.
   */
  #appendToEnd(leaf: Leaf, image: LeafImage, seq: number, changes: RowChanges, entries: Int32Array): void {
    const { maxLeafRows, cache } = this.options;
    // What a split works on keeps its range until it is done.
    const isSplittable = image.closedRows === 0 && leaf.changes === null;
    let end = isSplittable ? Math.min(Math.max(maxLeafRows - image.rows, 0), entries.length) : entries.length;
    if (end > 0) {
      this.#appendRows(image, seq, changes, end === entries.length ? entries : entries.subarray(0, end));
      this.noteChange(leaf);
    }
    let after = this.leaves.indexOf(leaf);
    for (; end < entries.length; end += maxLeafRows) {
      const rows = entries.subarray(end, end + maxLeafRows);
      const next = newLeaf(changes.keys[rows[0] as number] as Key, leaf.startSeq, new LeafImage(this.columns), leaf);
      this.#appendRows(next.image as LeafImage, seq, changes, rows);
      this.leaves.splice(++after, 0, next);
      cache.noteDirty(next);
    }
  }

  noteChange(leaf: Leaf): void {
    leaf.revision++;
    leaf.dirty = true;
    leaf.stored = null;
  }

  #overwrite(image: LeafImage, seq: number, changes: RowChanges, targets: number[], sources: number[]): void {
    const rows = Int32Array.from(targets);
    const entries = Int32Array.from(sources);
    for (let c = 0; c < this.columns.length; c++) {
      scatter(image.column(c), rows, this.#source(changes, c), entries);
    }
    for (const row of rows) {
      image.from.data[row] = seq;
      if (image.isHole(row)) {
        image.setHole(row, false);
        this.rowCount++;
      }
    }
    image.maxFrom = Math.max(image.maxFrom, seq);
  }

  #insertIntoTail(image: LeafImage, seq: number, changes: RowChanges, entries: Int32Array): void {
    const sorted = image.sorted;
    const before = image.rows;
    this.#appendRows(image, seq, changes, entries);
    // Appended in key order; the sorted part grows only where they follow all keys here.
    const lastKey = sorted === 0 ? undefined : (image.keys[sorted - 1] as Key);
    if (before === sorted && (lastKey === undefined || lastKey < (image.keys[before] as Key))) return;
    image.sorted = sorted;
    for (let row = before; row < image.rows; row++) image.tail.set(image.keys[row] as Key, row);
  }

  #appendRows(image: LeafImage, seq: number, changes: RowChanges, entries: Int32Array): void {
    const count = entries.length;
    const start = entries[0] as number;
    const dense = (entries[count - 1] as number) - start === count - 1 && isRun(entries);
    const sources = this.columns.map((_, c) => this.#source(changes, c));
    if (dense) {
      image.appendSorted(sources, changes.keys, seq, start, start + count);
    } else {
      const keys = Array.from(entries, (entry) => changes.keys[entry] as Key);
      image.appendSorted(
        sources.map((source) => gatherVector(source, entries)),
        keys,
        seq,
        0,
        count,
      );
    }
    this.rowCount += count;
    this.lastChange = Math.max(this.lastChange, seq);
  }

  #source(changes: RowChanges, column: number): Vector {
    const { format, missing } = this.columns[column] as TreeColumn;
    return changes.rows[column] ?? constantVector(format, missing, changes.count);
  }
}
