/** When versions that outlive a sealed tile have ended: later tiles say it, or the leaf's image. */
import type { Task } from '../base/task.ts';
import type { SealedPart } from './part.ts';
import { type Key, MISS } from './table.ts';
import { type Leaf, release, type ScannedTree, type Tile } from './tile.ts';

interface Sealed {
  readonly leaf: Leaf;
  readonly tile: Tile;
  readonly part: SealedPart;
}

/** The ends of all versions of a tile, the true ones for some rows of it. */
export function* versionEnds(tree: ScannedTree, { leaf, tile, part }: Sealed, rows: Int32Array): Task<Float64Array> {
  const ends = part.to.slice();
  const needed: (Leaf | Tile)[] = [];
  try {
    for (const row of rows) {
      while (ends[row] === Infinity) {
        const end = tree.trueEnd(leaf, leaf.history.indexOf(tile), part.keys[row] as Key, part.from[row] as number);
        if (end !== MISS) {
          ends[row] = end;
          break;
        }
        yield* tree.loadMissing(needed);
      }
    }
  } finally {
    needed.forEach(release);
  }
  return ends;
}
