/**
 * Look-ups of a narrow range of the newest state, at once: what a scan of it gives, without a scan's batches and waiting.
 *
 * Only what lies in memory and cannot have older versions in the range is answered here; a scan does the rest.
 */
import { MOST_USES } from './eviction.ts';
import type { LeafImage } from './leaf-image.ts';
import { inRange, rangeStart } from './search.ts';
import type { Key, KeyRange, TakeRow } from './table.ts';
import type { Leaf } from './tile.ts';

/** Rows that have come since a leaf was sorted are looked through one by one: no more than so many. */
const MAX_TAIL = 64;

interface LookedUp {
  readonly leaves: readonly Leaf[];
  readonly lastChange: number;
  readonly endSeq: number;
  leafIndex(key: Key): number;
}

/** See `VersionedTree.lookUp`. */
export function lookUp(tree: LookedUp, range: KeyRange, seq: number, take: TakeRow): boolean {
  const { low } = range;
  if (low === undefined || seq < tree.lastChange || seq >= tree.endSeq) return false;
  for (let at = tree.leafIndex(low); at < tree.leaves.length; at++) {
    const leaf = tree.leaves[at] as Leaf;
    if (leaf.low !== undefined && leaf.low > low && !inRange(leaf.low, range)) return true;
    const { image } = leaf;
    if (image === null || image.tail.size > MAX_TAIL) return false;
    if (leaf.used < MOST_USES) leaf.used++;
    if (!takeRows(image, range, take)) return true;
  }
  return true;
}

/** Gives the rows of one leaf; false where its sorted rows go beyond the range, so that later leaves have none. */
function takeRows(image: LeafImage, range: KeyRange, take: TakeRow): boolean {
  const { keys, sorted, rows } = image;
  let row = rangeStart(keys, sorted, range);
  for (; row < sorted && inRange(keys[row] as Key, range); row++) {
    if (image.isHole(row)) continue;
    const { columns, base } = image.cellsOf(row);
    take(columns, row - base);
  }
  for (let tail = sorted; tail < rows; tail++)
    if (!image.isHole(tail) && inRange(keys[tail] as Key, range)) take(image.views(), tail);
  return row === sorted;
}
