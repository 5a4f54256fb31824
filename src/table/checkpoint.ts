/**
 * Checkpoint: the state of all trees at one moment, written to packs and described as a directory.
 *
 * Taking the state (`capture`) touches no rows: it pins the images of dirty leaves, notes how many rows they have, and
 * from then on writers copy an image before they overwrite it; what they append lies beyond the noted counts. Writing
 * (`write`) goes leaf by leaf and lets others run in between. A leaf that has not changed since becomes clean: it may
 * leave memory. One that has stays dirty, and the next checkpoint writes it again.
 *
 * Segments that lie in packs of which little is alive are copied along, byte for byte, so that those packs can go.
 *
 * Invariants: the directory names only what was written and flushed; it describes exactly the commits applied before
 * `capture`; nothing that it names is overwritten or removed while it is in force.
 */
import { PAUSE, type Task } from '../base/task.ts';
import type { Packs } from '../segment/packs.ts';
import { encodeSegment, type SegmentRef } from '../segment/segment.ts';
import { SegmentReader } from '../segment/segment-reader.ts';
import type { Directory, LeafEntry, TableEntry, TreeEntry } from './directory.ts';
import type { LeafImage } from './leaf-image.ts';
import { leafRows } from './seal.ts';
import type { CommittedStructures } from './store.ts';
import type { Key, TreeColumn } from './table.ts';
import type { Leaf, Tile, TileCache } from './tile.ts';
import type { Tree } from './tree.ts';
import type { Table } from './versioned-table.ts';

/** A pack of which less than this share is alive is emptied. */
const SPARSE = 0.5;
/** Bytes copied out of sparse packs by one checkpoint. */
const MAX_COPIED_BYTES: number = 32 * 1024 * 1024;

interface CapturedLeaf {
  readonly leaf: Leaf;
  readonly low: Key | undefined;
  readonly startSeq: number;
  readonly history: readonly Tile[];
  readonly revision: number;
  /** Pinned; null for a leaf that is on disk as it is. */
  readonly image: LeafImage | null;
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
  readonly tiles: readonly Tile[];
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

  constructor(packs: Packs, cache: TileCache) {
    this.#packs = packs;
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
      yield* this.#emptySparsePacks();
      for (const tree of this.#trees()) {
        for (const tile of tree.tiles) if (tile.stored === null) yield* this.#writeTile(tree, tile);
        for (const leaf of tree.leaves) if (leaf.image !== null) yield* this.#writeLeaf(tree, leaf, leaf.image);
      }
      yield* this.#packs.flush();
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
      const part = leafRows(image, current, closedRows, columns);
      captured.ref = yield* this.#packs.append(
        encodeSegment(
          part,
          columns.map((column) => column.format),
        ),
        tableId,
      );
    }
    if (leaf.revision === captured.revision && tree.leaves[tree.leafIndex(leaf.low as Key)] === leaf) {
      leaf.stored = captured.ref;
      leaf.dirty = false;
      this.#cache.noteClean(leaf);
      if (leaf.image !== null) this.#cache.keep(leaf, leaf.image.bytes);
    }
    yield PAUSE;
  }

  *#writeTile({ tableId, columns }: CapturedTree, tile: Tile): Task<void> {
    const { part } = tile;
    if (part === null) return;
    tile.stored = yield* this.#packs.append(
      encodeSegment(
        { columns: part.columns, from: part.from, to: part.to, currentRows: 0 },
        columns.map((column) => column.format),
      ),
      tableId,
    );
    this.#cache.noteStored(tile);
    yield PAUSE;
  }

  /** Copies live segments out of packs that hold little else. */
  *#emptySparsePacks(): Task<void> {
    const live = new Map<number, number>();
    const count = (ref: SegmentRef): void => void live.set(ref.pack, (live.get(ref.pack) ?? 0) + ref.length);
    for (const tree of this.#trees()) {
      for (const { ref } of tree.leaves) if (ref !== null) count(ref);
      for (const { stored } of tree.tiles) if (stored !== null) count(stored);
    }
    const sparse = new Set<number>();
    let copied = 0;
    for (const [pack, size] of this.#packs.sizes) {
      const alive = live.get(pack) ?? 0;
      if (pack === this.#packs.current || alive === 0 || (copied > 0 && copied + alive > MAX_COPIED_BYTES)) continue;
      if (alive > size * SPARSE && !this.#packs.isRetired(pack)) continue;
      sparse.add(pack);
      copied += alive;
    }
    if (sparse.size === 0) return;
    for (const tree of this.#trees()) {
      for (const captured of tree.leaves) {
        const { leaf, ref } = captured;
        if (ref === null || !sparse.has(ref.pack)) continue;
        captured.ref = yield* this.#copy(ref, tree.tableId);
        if (leaf.stored === ref) leaf.stored = captured.ref;
      }
      for (const tile of tree.tiles) {
        if (tile.stored !== null && sparse.has(tile.stored.pack))
          tile.stored = yield* this.#copy(tile.stored, tree.tableId);
      }
    }
  }

  *#copy(ref: SegmentRef, tableId: number): Task<SegmentRef> {
    const bytes = yield* this.#packs.read(ref);
    SegmentReader.of(ref, bytes).verify(bytes);
    yield PAUSE;
    return yield* this.#packs.append({ bytes, tableLength: ref.tableLength, tableCrc: ref.tableCrc }, tableId);
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

/** Packs that a directory's segments lie in. */
export function packsOf(directory: Directory): Set<number> {
  const packs = new Set<number>();
  for (const { tree, indexes } of directory.tables) {
    for (const entry of [tree, ...indexes.map((index) => index.tree)]) {
      for (const { ref } of entry.leaves) if (ref !== null) packs.add(ref.pack);
      for (const { ref } of entry.tiles) packs.add(ref.pack);
    }
  }
  return packs;
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
      revision: leaf.revision,
      image,
      rows: image?.rows ?? 0,
      closedRows: image?.closedRows ?? 0,
      ref: leaf.stored,
    };
  });
  const tiles = new Set<Tile>();
  for (const { history } of leaves) for (const tile of history) tiles.add(tile);
  const { lastChange, rowCount } = tree;
  return {
    tree,
    tableId,
    columns: tree.columns.slice(0, columnCount),
    lastChange,
    rowCount,
    leaves,
    tiles: [...tiles],
  };
}

function treeEntry({ lastChange, rowCount, leaves, tiles }: CapturedTree): TreeEntry {
  const numbers = new Map(tiles.map((tile, at) => [tile, at]));
  return {
    lastChange,
    rowCount,
    tiles: tiles.map(({ startSeq, endSeq, stored }) => ({ startSeq, endSeq, ref: stored as SegmentRef })),
    leaves: leaves.map(({ low, startSeq, ref, history }): LeafEntry => ({
      low,
      startSeq,
      ref,
      history: history.map((tile) => numbers.get(tile) as number),
    })),
  };
}
