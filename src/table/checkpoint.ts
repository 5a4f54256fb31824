/**
 * Checkpoint: the state of all trees at one moment, written to packs and described as a directory.
 *
 * Taking the state (`capture`) touches no rows: it pins the images of dirty leaves, notes how many rows they have, and
 * from then on writers copy an image before they overwrite it; what they append lies beyond the noted counts. Writing
 * (`write`) goes leaf by leaf and lets others run in between. A leaf that has not changed since becomes clean: it may
 * leave memory. One that has stays dirty, and the next checkpoint writes it again.
 *
 * Invariants: the directory names only what was written and flushed; it describes exactly the commits applied before
 * `capture`; nothing that it names is overwritten or removed while it is in force.
 */
import { PAUSE, type Task } from '../base/task.ts';
import type { ColumnFormat } from '../base/vector.ts';
import type { Packs } from '../segment/packs.ts';
import { encodeSegment, type SegmentRef, type SegmentRows } from '../segment/segment.ts';
import { type Directory, type LeafEntry, type TableEntry, type TileEntry, type TreeEntry } from './directory.ts';
import type { LeafImage } from './leaf-image.ts';
import { encodePast, isPastOf, listAt, pastEntry, readPast } from './past.ts';
import { leafRows } from './seal.ts';
import type { CommittedStructures } from './store.ts';
import type { Key, TreeColumn } from './table.ts';
import { type Leaf, type StoredPast, type Tile, type TileCache } from './tile.ts';
import type { Tree } from './tree.ts';
import type { Table } from './versioned-table.ts';

/** Written bytes that are flushed together. */
const FLUSH_BYTES = 2 * 1024 * 1024;
/** Leaves whose tiles are gathered between two pauses. */
const LEAVES_AT_ONCE = 1024;

interface CapturedLeaf {
  readonly leaf: Leaf;
  readonly low: Key | undefined;
  readonly startSeq: number;
  readonly history: readonly Tile[];
  readonly past: number;
  readonly revision: number;
  /** Pinned; null for a leaf that is on disk as it is, or has been written. */
  image: LeafImage | null;
  readonly rows: number;
  readonly closedRows: number;
  ref: SegmentRef | null;
}

interface CapturedTree {
  readonly tree: Tree;
  /** The table that it is, or is an index of. */
  readonly tableId: number;
  /** Columns that the committed catalog knows. */
  readonly columns: readonly TreeColumn[];
  readonly lastChange: number;
  readonly rowCount: number;
  readonly leaves: readonly CapturedLeaf[];
  /** The tiles that come before those of the leaves. */
  readonly past: StoredPast | null;
  /** The past to be named in the directory, where it describes these leaves. */
  readonly storedPast: StoredPast | null;
  /** What the directory says of the tiles. */
  described: Pick<TreeEntry, 'tiles' | 'past'> & { readonly lists: readonly (readonly number[])[] };
}

interface CapturedTable {
  readonly table: Omit<TableEntry, 'tree' | 'indexes'>;
  readonly tree: CapturedTree;
  readonly indexes: readonly {
    readonly spec: TableEntry['indexes'][number]['spec'];
    droppedAt: number;
    tree: CapturedTree;
  }[];
}

export class Checkpoint {
  readonly #packs: Packs;
  readonly #cache: TileCache;
  readonly #tables: CapturedTable[] = [];
  readonly #inlineTiles: number;

  constructor(packs: Packs, cache: TileCache, inlineTiles: number) {
    this.#packs = packs;
    this.#inlineTiles = inlineTiles;
    this.#cache = cache;
  }

  /** Takes the state of the committed tables as it is now. */
  capture(tables: Iterable<Table>, committed: CommittedStructures): void {
    for (const table of tables) {
      const known = committed(table.id);
      if (known === undefined && table.endSeq === Infinity) continue;
      const { id, nextRowId, endSeq } = table;
      const indexes = table.indexes.filter(
        (index) => known?.indexes.has(index.id) === true || index.droppedAt < Infinity || endSeq < Infinity,
      );
      this.#tables.push({
        table: { id, nextRowId, endSeq },
        tree: captureTree(id, table, known?.columns ?? table.columns.length),
        indexes: indexes.map((index) => ({
          spec: index.spec,
          droppedAt: index.droppedAt,
          tree: captureTree(id, index, index.columns.length),
        })),
      });
    }
  }

  /** Writes what was captured and is not on disk, flushes it, and returns the directory. */
  *write(): Task<Directory> {
    try {
      for (const tree of this.#trees()) {
        const tiles = yield* tilesOf(tree);
        for (const tile of tiles) if (tile.stored === null) yield* this.#writeTile(tree, tile);
        for (const leaf of tree.leaves) if (leaf.image !== null) yield* this.#writeLeaf(tree, leaf, leaf.image);
        yield* this.#writePast(tree, tiles);
      }
      yield* this.#packs.flush();
      yield PAUSE;
    } finally {
      for (const tree of this.#trees()) for (const { image } of tree.leaves) if (image !== null) image.pins--;
    }
    return this.#directory();
  }

  *#trees(): Generator<CapturedTree, void, undefined> {
    for (const { tree, indexes } of this.#tables) {
      yield tree;
      for (const index of indexes) yield index.tree;
    }
  }

  *#writeLeaf({ tree, tableId, columns }: CapturedTree, captured: CapturedLeaf, image: LeafImage): Task<void> {
    const order = image.liveOrder();
    const { leaf, rows, closedRows } = captured;
    // What was appended since the capture lies behind its rows.
    const current = image.rows === rows ? order : order.filter((row) => row < rows);
    if (current.length + closedRows > 0) {
      const part = yield* leafRows(image, current, closedRows, columns);
      captured.ref = yield* this.#append(
        part,
        columns.map((column) => column.format),
        tableId,
      );
    }
    captured.image = null;
    image.pins--;
    if (leaf.revision === captured.revision && tree.leaves[tree.leafIndex(leaf.low as Key)] === leaf) {
      leaf.stored = captured.ref;
      leaf.dirty = false;
      this.#cache.noteClean(leaf);
      if (leaf.image !== null) this.#cache.keep(leaf, leaf.image.bytes, false);
    }
    yield PAUSE;
  }

  *#writeTile({ tableId, columns }: CapturedTree, tile: Tile): Task<void> {
    const { part } = tile;
    if (part === null) return;
    tile.stored = yield* this.#append(
      { columns: part.columns, from: part.from, to: part.to, currentRows: 0 },
      columns.map((column) => column.format),
      tableId,
    );
    this.#cache.noteStored(tile);
    yield PAUSE;
  }

  /** Describes the tiles: in the directory where they are few, else in a past, which is written where it has changed. */
  *#writePast(captured: CapturedTree, needed: ReadonlySet<Tile>): Task<void> {
    const { tree, leaves, past, storedPast } = captured;
    if (storedPast !== null && isPastOf(storedPast, leaves)) {
      captured.described = { tiles: [], past: storedPast.entry, lists: [] };
      return;
    }
    const before = past === null ? null : yield* readPast((ref) => this.#packs.read(ref), past.entry);
    // The packs that only the past in memory names go with this checkpoint.
    yield* tree.loadPast();
    const tiles: TileEntry[] = before === null ? [] : [...before.tiles];
    const numbers = new Map<Tile, number>();
    for (const tile of needed) {
      const { startSeq, endSeq, stored } = tile;
      numbers.set(tile, tiles.push({ startSeq, endSeq, ref: stored as SegmentRef }) - 1);
      if (tiles.length % LEAVES_AT_ONCE === 0) yield PAUSE;
    }
    const lists: number[][] = [];
    for (const { history, past: at } of leaves) {
      const earlier = before === null ? [] : listAt(before, at);
      const length = lists.push([...earlier, ...history.map((tile) => numbers.get(tile) as number)]);
      if (length % LEAVES_AT_ONCE === 0) yield PAUSE;
    }
    captured.described = { tiles, past: null, lists };
    tree.storedPast = null;
    if (tiles.length <= this.#inlineTiles) return;
    const encoded = yield* encodePast({ tiles, lists });
    const entry = pastEntry(yield* this.#packs.append(encoded, captured.tableId), tiles);
    captured.described = { tiles: [], past: entry, lists };
    yield PAUSE;
    // Each leaf is compared with its list by itself: one that changes afterwards has another history than is noted.
    const histories: { readonly leaf: Leaf; readonly history: readonly Tile[] }[] = [];
    for (const [i, { leaf }] of leaves.entries()) {
      if (leaf !== tree.leaves[i] || !describes(tiles, lists[i] ?? [], leaf)) return;
      if (histories.push({ leaf, history: leaf.history }) % LEAVES_AT_ONCE === 0) yield PAUSE;
    }
    tree.storedPast = { entry, histories };
  }

  /** Encodes and writes a segment. What was written is flushed in portions, because a flush of all would take long. */
  *#append(rows: SegmentRows, formats: readonly ColumnFormat[], tableId: number): Task<SegmentRef> {
    const ref = yield* this.#packs.append(yield* encodeSegment(rows, formats), tableId);
    if (this.#packs.unflushedBytes >= FLUSH_BYTES) {
      yield PAUSE;
      yield* this.#packs.flush();
    }
    return ref;
  }

  #directory(): Directory {
    return {
      currentPack: this.#packs.current,
      packs: new Map(this.#packs.sizes),
      tables: this.#tables.map(({ table, tree, indexes }) => ({
        ...table,
        tree: treeEntry(tree),
        indexes: indexes.map((index) => ({ ...index, tree: treeEntry(index.tree) })),
      })),
    };
  }
}

/** Whether tiles of a list are those of a leaf, where they are now. */
function describes(tiles: readonly TileEntry[], list: readonly number[], { history }: Leaf): boolean {
  return (
    history.length === list.length &&
    history.every(({ startSeq, stored }, i) => {
      const tile = tiles[list[i] as number];
      return tile?.startSeq === startSeq && tile.ref.pack === stored?.pack && tile.ref.offset === stored.offset;
    })
  );
}

function captureTree(tableId: number, tree: Tree, columnCount: number): CapturedTree {
  const leaves = tree.leaves.map((leaf): CapturedLeaf => {
    const image = leaf.dirty ? leaf.image : null;
    if (image !== null) image.pins++;
    return {
      leaf,
      low: leaf.low,
      startSeq: leaf.startSeq,
      history: leaf.history,
      past: leaf.past,
      revision: leaf.revision,
      image,
      rows: image?.rows ?? 0,
      closedRows: image?.closedRows ?? 0,
      ref: leaf.stored,
    };
  });
  const { lastChange, rowCount, past, storedPast } = tree;
  return {
    tree,
    past,
    storedPast,
    described: { tiles: [], past: null, lists: [] },
    tableId,
    columns: tree.columns.slice(0, columnCount),
    lastChange,
    rowCount,
    leaves,
  };
}

/** The tiles of the captured leaves. */
function* tilesOf({ leaves }: CapturedTree): Task<Set<Tile>> {
  const tiles = new Set<Tile>();
  let seen = 0;
  for (const { history } of leaves) {
    for (const tile of history) tiles.add(tile);
    if (++seen % LEAVES_AT_ONCE === 0) yield PAUSE;
  }
  return tiles;
}

function treeEntry({ lastChange, rowCount, leaves, described }: CapturedTree): TreeEntry {
  const { tiles, past, lists } = described;
  return {
    lastChange,
    rowCount,
    tiles,
    past,
    leaves: leaves.map(({ low, startSeq, ref }, i): LeafEntry => ({
      low,
      startSeq,
      ref,
      history: past === null ? (lists[i] ?? []) : [],
    })),
  };
}
