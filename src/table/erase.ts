/**
 * Erasing rows from all states of a table: what ERASE does to trees.
 *
 * The rows are gone from the present already (a commit has deleted them); here their versions go, from sealed tiles, from
 * the closed versions of images, and from the holes that deletions leave. Indexes first, then the table: a reader of the
 * past that runs meanwhile finds nothing by an index, rather than an entry without a row. Tiles go before images, oldest
 * first, because the end of a version is looked up in later ones.
 *
 * A leaf begins at a key that some row once had. Where no row has it any more the bound moves to the first key that
 * is there, or right behind the last key before: bounds are written into the manifest, and may be what was to be erased.
 *
 * Nothing here touches the disk: changed leaves and tiles are written by the next checkpoint, beside the old ones.
 */
import { PAUSE, runSync, type Task } from '../base/task.ts';
import { type Value, type Vector, valueAt } from '../base/vector.ts';
import { gatherDoubles, gatherVector } from './gather.ts';
import { LeafImage } from './leaf-image.ts';
import { MemoryPart, type SealedPart } from './part.ts';
import { lowerBound } from './search.ts';
import type { DividedTree } from './split-queue.ts';
import type { Key, KeyColumn } from './table.ts';
import { type Leaf, release, type StoredPast, type Tile } from './tile.ts';

/** Versions looked at between two pauses. */
const AT_ONCE = 4096;
/** Attempts at a leaf that is being written, the last without pauses. */
const ATTEMPTS = 3;

interface ErasedTree extends DividedTree {
  rowCount: number;
  storedPast: StoredPast | null;
  loadPast(): Task<void>;
}

/** A table with its indexes, those that have ended too. */
interface ErasedTable extends ErasedTree {
  readonly key: readonly KeyColumn[];
  readonly indexes: readonly ErasedTree[];
  encodeKey(values: readonly Value[]): Key;
}

export interface Erasing {
  /** Keys of the rows, as the table has them. */
  readonly keys: ReadonlySet<Key>;
  /** Versions that begin before this commit go; a row that has come under the key since stays. */
  readonly before: number;
}

/** Whether a version is one of those to erase. */
type Test = (columns: readonly Vector[], keys: readonly Key[], row: number) => boolean;

/** Erases versions from a table and all its indexes, those that have ended too; returns how many the table had. */
export function* eraseVersions(table: ErasedTable, { keys, before }: Erasing): Task<number> {
  const width = table.key.length;
  for (const index of table.indexes) {
    yield* eraseFrom(index, before, (columns, _, row) => {
      const first = columns.length - width;
      const values: Value[] = [];
      for (let c = first; c < columns.length; c++) values.push(valueAt(columns[c] as Vector, row));
      return keys.has(table.encodeKey(values));
    });
  }
  return yield* eraseFrom(table, before, (_, own, row) => keys.has(own[row] as Key));
}

function* eraseFrom(tree: ErasedTree, before: number, test: Test): Task<number> {
  let erased = 0;
  yield* tree.loadPast();
  const tiles = new Set<Tile>();
  for (const { history } of tree.leaves) for (const tile of history) tiles.add(tile);
  for (const tile of [...tiles].toSorted((a, b) => a.startSeq - b.startSeq)) {
    erased += yield* eraseFromTile(tree, tile, before, test);
    yield PAUSE;
  }
  for (let at = 0; at < tree.leaves.length;) {
    const leaf = tree.leaves[at] as Leaf;
    leaf.holds++;
    try {
      yield* tree.options.cache.image(leaf, tree, false);
      // A leaf that was split meanwhile has its children in its place.
      if (tree.leaves[at] !== leaf || leaf.image === null) continue;
      if (tree.options.splits.underWay.has(leaf)) {
        // A commit in slices splits it, with versions that are to go.
        yield PAUSE;
        continue;
      }
      const gone = yield* eraseFromLeaf(tree, leaf, before, test);
      if (gone === null) continue;
      erased += gone;
      yield PAUSE;
    } finally {
      release(leaf);
    }
    at++;
  }
  yield* tightenBounds(tree);
  return erased;
}

function* eraseFromTile(tree: ErasedTree, tile: Tile, before: number, test: Test): Task<number> {
  const part = yield* tree.options.cache.part(tile, tree, false);
  const { columns, keys, from, to } = part;
  const kept: number[] = [];
  let ended = 0;
  for (let row = 0; row < part.rows; row++) {
    if ((from[row] as number) >= before || !test(columns, keys, row)) kept.push(row);
    // Each version is counted where it ends.
    else if (to[row] !== Infinity) ended++;
    if (row % AT_ONCE === AT_ONCE - 1) yield PAUSE;
  }
  if (kept.length === part.rows) return 0;
  // It says where the tile was.
  tree.storedPast = null;
  const rows = Int32Array.from(kept);
  const left: Vector[] = [];
  for (const column of columns) {
    left.push(gatherVector(column, rows));
    yield PAUSE;
  }
  const less: SealedPart = new MemoryPart(
    left,
    kept.map((row) => keys[row] as Key),
    gatherDoubles(from, rows),
    gatherDoubles(to, rows),
  );
  const { cache } = tree.options;
  if (tile.stored === null) cache.reseal(tile, less);
  else {
    cache.forget(tile);
    tile.stored = null;
    tile.part = less;
    cache.noteSealed(less);
  }
  return ended;
}

/**
 * Puts an image without the versions in place of a leaf's. Commits go on meanwhile: what they change is looked at again. Null
 * where the leaf was split, or is being split.
 */
function* eraseFromLeaf(tree: ErasedTree, leaf: Leaf, before: number, test: Test): Task<number | null> {
  for (let attempt = 1; ; attempt++) {
    const { image } = leaf;
    if (image === null) return null;
    image.check();
    const { rows, closedRows } = image;
    const task = withoutVersions(image, before, test);
    // Where commits follow each other without end, the last attempt does not let them.
    let less: Less | null;
    image.pins++;
    try {
      less = attempt < ATTEMPTS ? yield* task : runSync(task);
    } finally {
      image.pins--;
    }
    if (tree.options.splits.underWay.has(leaf) || leaf.image === null) return null;
    if (leaf.image !== image || image.rows !== rows || image.closedRows !== closedRows) continue;
    if (less === null) return 0;
    // A table that has ended counts no rows.
    tree.rowCount = Math.max(0, tree.rowCount - less.gone);
    leaf.image = less.image;
    tree.noteChange(leaf);
    tree.options.cache.noteDirty(leaf);
    return less.erased;
  }
}

interface Less {
  readonly image: LeafImage;
  /** Closed versions that it is without. */
  readonly erased: number;
  /** And present rows. */
  readonly gone: number;
}

/** An image without the versions to erase; null where it has none. REQUIRES: the image is pinned. */
function* withoutVersions(image: LeafImage, before: number, test: Test): Task<Less | null> {
  const [views, closed] = [image.views(), image.closedViews()];
  yield PAUSE;
  const { data: from } = image.from;
  const { data: closedFrom } = image.closedFrom;
  const { closedRows, holeCount } = image;
  const live = image.liveOrder();
  // Only an index that is not kept any more has entries of rows that are gone.
  const present: number[] = [];
  for (const [i, row] of live.entries()) {
    if ((from[row] as number) >= before || !test(views, image.keys, row)) present.push(row);
    if (i % AT_ONCE === AT_ONCE - 1) yield PAUSE;
  }
  const past: number[] = [];
  for (let row = 0; row < closedRows; row++) {
    if ((closedFrom[row] as number) >= before || !test(closed, image.closedKeys, row)) past.push(row);
    if (row % AT_ONCE === AT_ONCE - 1) yield PAUSE;
  }
  const erased = closedRows - past.length;
  // A hole is a row that was deleted: its values are still there.
  if (erased === 0 && holeCount === 0 && present.length === live.length) return null;
  const less = yield* image.part(Int32Array.from(present), Int32Array.from(past));
  return { image: less, erased, gone: live.length - present.length };
}

// ---- bounds --------------------------------------------------------------------------------------------------------

function* tightenBounds(tree: ErasedTree): Task<void> {
  let last: Key | undefined;
  for (let at = 0; at < tree.leaves.length;) {
    const leaf = tree.leaves[at] as Leaf;
    const parts: SealedPart[] = [];
    leaf.holds++;
    try {
      for (const tile of leaf.history) parts.push(yield* tree.options.cache.part(tile, tree, false));
      yield* tree.options.cache.image(leaf, tree, false);
      if (tree.leaves[at] !== leaf || leaf.image === null) continue;
      const found = boundsOf(leaf.image, parts, leaf.low, tree.leaves[at + 1]?.low);
      if (leaf.low !== undefined && found.least !== leaf.low) leaf.low = found.least ?? behind(last, tree.codec.form);
      last = found.greatest ?? leaf.low ?? last;
      yield PAUSE;
    } finally {
      release(leaf);
    }
    at++;
  }
}

interface Bounds {
  least: Key | undefined;
  greatest: Key | undefined;
}

/** The least and greatest key of all versions in a leaf's range. */
function boundsOf(image: LeafImage, parts: readonly SealedPart[], low: Key | undefined, high: Key | undefined): Bounds {
  const found: Bounds = { least: undefined, greatest: undefined };
  const see = (key: Key | undefined): void => {
    if (key === undefined) return;
    if (found.least === undefined || key < found.least) found.least = key;
    if (found.greatest === undefined || key > found.greatest) found.greatest = key;
  };
  for (let row = 0; row < image.rows; row++) if (!image.isHole(row)) see(image.keys[row]);
  for (const key of image.closedKeys) see(key);
  for (const { keys } of parts) {
    const start = low === undefined ? 0 : lowerBound(keys, keys.length, low);
    const end = high === undefined ? keys.length : lowerBound(keys, keys.length, high);
    if (start < end) {
      see(keys[start]);
      see(keys[end - 1]);
    }
  }
  return found;
}

/** The least key behind another, or the least of all. */
function behind(key: Key | undefined, form: 'number' | 'text' | 'bytes'): Key {
  if (typeof key === 'string') return `${key}\u0000`;
  if (typeof key === 'bigint') return key + 1n;
  if (typeof key === 'number') return Math.abs(key) < Number.MAX_SAFE_INTEGER ? key + 1 : BigInt(key) + 1n;
  return form === 'number' ? -(2n ** 63n) : '';
}
