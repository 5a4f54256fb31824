/**
 * Repacking: segments that lie in packs of which little is alive are copied to the newest pack, byte for byte, so that
 * those packs can go after the next checkpoint, whose directory names the copies. Until then both are there.
 */
import { PAUSE, type Task } from '../base/task.ts';
import type { Packs } from '../segment/packs.ts';
import type { SegmentRef } from '../segment/segment.ts';
import { SegmentReader } from '../segment/segment-reader.ts';
import type { Leaf, StoredPast, Tile } from './tile.ts';

/** A pack of which less than this share is alive is emptied. */
const SPARSE = 0.5;
/** Segments looked at between two pauses. */
const COUNTED_AT_ONCE = 4096;
/** Bytes copied before one checkpoint. */
const MAX_COPIED_BYTES: number = 32 * 1024 * 1024;

/** The tree of a table or of one of its indexes. */
export interface StoredTree {
  readonly tableId: number;
  readonly tree: {
    readonly leaves: readonly Leaf[];
    readonly past: StoredPast | null;
    storedPast: StoredPast | null;
    loadPast(): Task<void>;
  };
}

/** Packs of which little is alive, and retired ones (packs.ts); not the newest. `others`: bytes that no tree counts, by pack. */
export function* sparsePacks(
  packs: Packs,
  trees: Iterable<StoredTree>,
  others: ReadonlyMap<number, number>,
): Task<Set<number>> {
  const live = new Map(others);
  const count = (pack: number, bytes: number): void => void live.set(pack, (live.get(pack) ?? 0) + bytes);
  let counted = 0;
  for (const { tree } of trees) {
    for (const { stored } of storedItems(tree.leaves)) {
      if (stored !== null) count(stored.pack, stored.length);
      if (++counted % COUNTED_AT_ONCE === 0) yield PAUSE;
    }
    if (tree.past !== null) for (const [pack, bytes] of tree.past.entry.bytes) count(pack, bytes);
    const described = (tree.past ?? tree.storedPast)?.entry.ref;
    if (described !== undefined) count(described.pack, described.length);
  }
  const sparse = new Set<number>();
  let copied = 0;
  for (const [pack, size] of packs.sizes) {
    const alive = live.get(pack) ?? 0;
    if (pack === packs.current || alive === 0 || (copied > 0 && copied + alive > MAX_COPIED_BYTES)) continue;
    if (alive > size * SPARSE && !packs.isRetired(pack)) continue;
    sparse.add(pack);
    copied += alive;
  }
  return sparse;
}

/** Copies what is alive in sparse packs; false where there are none. */
export function* repack(packs: Packs, trees: readonly StoredTree[], sparse: ReadonlySet<number>): Task<boolean> {
  if (sparse.size === 0) return false;
  for (const { tableId, tree } of trees) {
    if (needs(tree.past ?? tree.storedPast, sparse)) {
      yield* tree.loadPast();
      // The checkpoint that follows writes it anew.
      tree.storedPast = null;
    }
    let looked = 0;
    // Leaves that splits make meanwhile share the tiles of those that are here, and are dirty themselves.
    for (const item of storedItems([...tree.leaves])) {
      if (++looked % COUNTED_AT_ONCE === 0) yield PAUSE;
      const ref = item.stored;
      if (ref === null || !sparse.has(ref.pack)) continue;
      const copy = yield* copied(packs, ref, tableId);
      // What has been changed or written anew meanwhile has another segment, or none.
      if (item.stored === ref) item.stored = copy;
    }
  }
  return true;
}

/** Whether a past, or a tile that it describes, lies in one of the packs. */
function needs(past: StoredPast | null, packs: ReadonlySet<number>): boolean {
  if (past === null) return false;
  if (packs.has(past.entry.ref.pack)) return true;
  for (const pack of past.entry.bytes.keys()) if (packs.has(pack)) return true;
  return false;
}

function* storedItems(leaves: readonly Leaf[]): Generator<Leaf | Tile> {
  const tiles = new Set<Tile>();
  for (const leaf of leaves) {
    if (leaf.stored !== null) yield leaf;
    for (const tile of leaf.history) {
      if (tile.stored === null || tiles.has(tile)) continue;
      tiles.add(tile);
      yield tile;
    }
  }
}

function* copied(packs: Packs, ref: SegmentRef, tableId: number): Task<SegmentRef> {
  const bytes = yield* packs.read(ref);
  SegmentReader.of(ref, bytes).verify(bytes);
  yield PAUSE;
  const copy = yield* packs.append({ bytes, tableLength: ref.tableLength, tableCrc: ref.tableCrc }, tableId);
  yield PAUSE;
  return copy;
}
