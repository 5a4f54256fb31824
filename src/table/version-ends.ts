/** When versions that outlive a sealed tile have ended: later tiles say it, or the leaf's image. */
import type { Task } from '../base/task.ts';
import { requireKept } from './kept.ts';
import type { SealedPart } from './part.ts';
import { type Key, MISS } from './table.ts';
import { type Leaf, release, type ScannedTree, type Tile } from './tile.ts';

interface Sealed {
  readonly leaf: Leaf;
  readonly tile: Tile;
  readonly part: SealedPart;
  /** The moment that is read. */
  readonly seq: number;
}

/** The ends of all versions of a tile, the true ones for some rows of it, which are in force at the moment. */
export function* versionEnds(
  tree: ScannedTree,
  { leaf, tile, part, seq }: Sealed,
  rows: Int32Array,
): Task<Float64Array> {
  const ends = part.to.slice();
  const needed: (Leaf | Tile)[] = [];
  try {
    for (const row of rows) {
      while (ends[row] === Infinity) {
        requireKept(tree, seq);
        const end = tree.trueEnd(leaf, placeOf(tile, leaf, seq), part.keys[row] as Key, part.from[row] as number);
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

/** Where a tile is in the leaf's history; of one that has been merged with others, the place before that one. */
function placeOf(tile: Tile, { history }: Leaf, seq: number): number {
  const at = history.indexOf(tile);
  return at >= 0 ? at : history.findLastIndex(({ startSeq }) => startSeq <= seq) - 1;
}
