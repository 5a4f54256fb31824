/**
 * What is in memory of a tree takes another list of columns; what is on disk is read with it. A commit or a rollback does
 * this in one go, so it costs nothing for each row: an image makes a column that was added when it is asked for it, and
 * parts of the past that are not on disk yet share one column of the value.
 */
import type { Vector } from '../base/vector.ts';
import { sliceVector } from './gather.ts';
import { repeated } from './repeated.ts';
import { copied, fitted } from './seal.ts';
import type { TreeColumn } from './table.ts';
import type { Leaf, Tile, TileCache } from './tile.ts';

export function reshaped(leaves: readonly Leaf[], columns: readonly TreeColumn[], cache: TileCache): void {
  const tiles = new Set<Tile>();
  for (const leaf of leaves) {
    for (const tile of leaf.history) tiles.add(tile);
    if (leaf.image === null) continue;
    if (!leaf.dirty && leaf.holds === 0) cache.drop(leaf);
    else if (leaf.image.pins > 0) leaf.image = copied(leaf.image, columns);
    else leaf.image.reshape(columns);
  }
  const unsaved = [...tiles].flatMap(({ part, stored }) => (part !== null && stored === null ? [part.rows] : []));
  const longest = unsaved.reduce((most, rows) => Math.max(most, rows), 0);
  const made = new Map<TreeColumn, Vector>();
  const constant = (column: TreeColumn, length: number): Vector => {
    let whole = made.get(column);
    if (whole === undefined) made.set(column, (whole = repeated(column.format, column.missing, longest).view()));
    return sliceVector(whole, 0, length);
  };
  for (const tile of tiles) {
    if (tile.part === null) continue;
    if (tile.stored === null) cache.reseal(tile, fitted(tile.part, columns, constant));
    else cache.drop(tile);
  }
}
