/** What is in memory of a tree takes another list of columns; what is on disk is read with it. */
import { copied, fitted } from './seal.ts';
import type { TreeColumn } from './table.ts';
import type { Leaf, Tile, TileCache } from './tile.ts';

export function reshaped(leaves: readonly Leaf[], columns: readonly TreeColumn[], cache: TileCache): void {
  const tiles = new Set<Tile>();
  for (const leaf of leaves) {
    for (const tile of leaf.history) tiles.add(tile);
    if (leaf.image === null) continue;
    if (!leaf.dirty && leaf.holds === 0) cache.drop(leaf);
    else leaf.image = leaf.image.pins > 0 ? copied(leaf.image, columns) : leaf.image.reshaped(columns);
  }
  for (const tile of tiles) {
    if (tile.part === null) continue;
    if (tile.stored === null) cache.reseal(tile, fitted(tile.part, columns));
    else cache.drop(tile);
  }
}
