/** What is in memory of a tree takes another list of columns; what is on disk is read with it. */
import { VectorBuilder } from '../base/vector-builder.ts';
import { constantVector } from './gather.ts';
import { copied, fitted } from './seal.ts';
import type { TreeColumn } from './table.ts';
import type { Leaf, Tile, TileCache } from './tile.ts';

const BLOCK_ROWS = 1024;

export function reshaped(leaves: readonly Leaf[], columns: readonly TreeColumn[], cache: TileCache): void {
  const tiles = new Set<Tile>();
  for (const leaf of leaves) {
    for (const tile of leaf.history) tiles.add(tile);
    if (leaf.image === null) continue;
    if (!leaf.dirty && leaf.holds === 0) cache.drop(leaf);
    else if (leaf.image.pins > 0) leaf.image = copied(leaf.image, columns);
    else {
      const added = columns.slice(leaf.image.width);
      const { rows, closedRows } = leaf.image;
      const of = (count: number): VectorBuilder[] => added.map((column) => repeated(column, count));
      leaf.image.reshape(columns, of(rows), of(closedRows));
    }
  }
  for (const tile of tiles) {
    if (tile.part === null) continue;
    if (tile.stored === null) cache.reseal(tile, fitted(tile.part, columns));
    else cache.drop(tile);
  }
}

/** A column of one value: a block of it made once, and copied. */
function repeated({ format, missing }: TreeColumn, count: number): VectorBuilder {
  const block = constantVector(format, missing, Math.min(count, BLOCK_ROWS));
  const builder = new VectorBuilder(format, count);
  for (let row = 0; row < count; row += BLOCK_ROWS)
    builder.appendVector(block, null, 0, Math.min(BLOCK_ROWS, count - row));
  return builder;
}
