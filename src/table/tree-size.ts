/** How big a tree is. */
import type { Leaf, StoredPast, Tile } from './tile.ts';

/** Bytes of the leaves' segments, of shared tiles once, and of what only memory has yet. */
export function bytesOf(leaves: readonly Leaf[], past: StoredPast | null): number {
  const tiles = new Set<Tile>();
  let size = 0;
  for (const leaf of leaves) {
    size += leaf.dirty ? leaf.dirtyBytes : (leaf.stored?.length ?? 0);
    for (const tile of leaf.history) tiles.add(tile);
  }
  for (const tile of tiles) size += tile.stored?.length ?? 0;
  if (past !== null) for (const bytes of past.entry.bytes.values()) size += bytes;
  return size;
}
