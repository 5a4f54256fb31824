/**
 * Repacking: segments that lie in packs of which little is alive are copied to the newest pack, byte for byte, so that
 * those packs can go after the next checkpoint, whose directory names the copies. Until then both are there.
 */
import { PAUSE, type Task } from '../base/task.ts';
import type { Packs } from '../segment/packs.ts';
import type { SegmentRef } from '../segment/segment.ts';
import { SegmentReader } from '../segment/segment-reader.ts';
import type { Leaf, Tile } from './tile.ts';

/** A pack of which less than this share is alive is emptied. */
const SPARSE = 0.5;
/** Bytes copied before one checkpoint. */
const MAX_COPIED_BYTES: number = 32 * 1024 * 1024;

/** The leaves of a table or of one of its indexes. */
export interface StoredLeaves {
  readonly tableId: number;
  readonly leaves: readonly Leaf[];
}

/** Packs of which little is alive, and retired ones (packs.ts); not the newest. */
export function sparsePacks(packs: Packs, trees: Iterable<StoredLeaves>): Set<number> {
  const live = new Map<number, number>();
  for (const item of storedItems(trees)) {
    const { pack, length } = item.stored as SegmentRef;
    live.set(pack, (live.get(pack) ?? 0) + length);
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
export function* repack(packs: Packs, trees: readonly StoredLeaves[]): Task<boolean> {
  const sparse = sparsePacks(packs, trees);
  if (sparse.size === 0) return false;
  for (const tree of trees) {
    for (const item of [...storedItems([tree])]) {
      const ref = item.stored;
      if (ref === null || !sparse.has(ref.pack)) continue;
      const copy = yield* copied(packs, ref, tree.tableId);
      // What has been changed or written anew meanwhile has another segment, or none.
      if (item.stored === ref) item.stored = copy;
    }
  }
  return true;
}

function* storedItems(trees: Iterable<StoredLeaves>): Generator<Leaf | Tile> {
  for (const { leaves } of trees) {
    const tiles = new Set<Tile>();
    for (const leaf of leaves) {
      if (leaf.stored !== null) yield leaf;
      for (const tile of leaf.history) tiles.add(tile);
    }
    for (const tile of tiles) if (tile.stored !== null) yield tile;
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
