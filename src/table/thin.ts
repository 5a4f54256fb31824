/**
 * Thinning a leaf's past: what becomes of its sealed tiles when moments between kept ones go (kept.ts).
 *
 *     tiles      [ 0 ── 10 )[ 10 ── 20 )[ 20 ── 30 )[ 30 ── 40 )[ 40 ── 50 )[ image from 50
 *     kept                       14                                   44 ──────────────────▶
 *     becomes               [ 10 ──────────────────────── 40 )[ 40 ── 50 )[ image from 50
 *                             the versions in force at 14
 *
 * Tiles before the first kept moment leave. A tile without a kept moment is merged into the last one before it that has
 * some: of the versions there only those stay that a kept moment sees, each with its true end, which the tiles after know.
 * The tiles go on to join without gaps, so readers need not know of any of this. A version that begins where nothing is
 * kept appears in the first tile behind that.
 *
 * A tile whose last moment is kept stays as it is: thinning it would have to be done again with every step of the limit.
 */
import { assert } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import type { Vector } from '../base/vector.ts';
import { gatherDoubles, gatherVector } from './gather.ts';
import { isNeeded, isSameKept, type Kept, WHOLE } from './kept.ts';
import { MemoryPart, type SealedPart } from './part.ts';
import { lowerBound } from './search.ts';
import type { DividedTree } from './split-queue.ts';
import type { Key } from './table.ts';
import type { Leaf, Tile } from './tile.ts';

/** Versions looked at between two pauses. */
const AT_ONCE = 4096;

/** A tree whose past is thinned. */
export interface ThinnedTree extends DividedTree, Kept {}

/** What was kept when a tree was thinned last: tiles in which nothing has gone since are not looked at again. */
const thinned = new WeakMap<ThinnedTree, Kept>();

/** Notes that all leaves of a tree are thinned. */
export function noteThinned(tree: ThinnedTree, kept: Kept): void {
  thinned.set(tree, kept);
}

/** Tiles that become one. */
interface Group {
  readonly tiles: readonly Tile[];
  readonly isAsItWas: boolean;
}

/** Thins the tiles of the leaf at a position; false where the tree has changed meanwhile, and it is to be done again. */
export function* thinLeaf(tree: ThinnedTree, at: number, kept: Kept): Task<boolean> {
  const leaf = tree.leaves[at] as Leaf;
  const { history } = leaf;
  const { columns } = tree;
  const groups = groupsOf(history, kept, thinned.get(tree) ?? WHOLE);
  if (groups.length === history.length && groups.every(({ isAsItWas }) => isAsItWas)) return true;
  const range = { low: leaf.low, high: tree.leaves[at + 1]?.low };
  const tiles: Tile[] = [];
  for (const { tiles: merged, isAsItWas } of groups) {
    const first = merged[0] as Tile;
    const part = isAsItWas ? null : yield* mergedPart(tree, merged, kept, range);
    if (part === null) tiles.push(first);
    else {
      const { endSeq } = merged.at(-1) as Tile;
      tiles.push({ startSeq: first.startSeq, endSeq, part, stored: null, used: 0, holds: 0 });
    }
  }
  // Nothing waits from here on. A split by time may have added tiles behind.
  const isSame = tree.leaves[at] === leaf && history.every((tile, i) => leaf.history[i] === tile);
  if (!isSame || tree.columns !== columns) return false;
  leaf.history = [...tiles, ...leaf.history.slice(history.length)];
  for (const tile of tiles) if (!history.includes(tile) && tile.part !== null) tree.options.cache.noteSealed(tile.part);
  return true;
}

function groupsOf(history: readonly Tile[], kept: Kept, before: Kept): Group[] {
  const groups: Tile[][] = [];
  for (const tile of history) {
    if (isNeeded(kept, tile.startSeq, tile.endSeq)) groups.push([tile]);
    else groups.at(-1)?.push(tile);
  }
  return groups.map((tiles) => {
    const { startSeq, endSeq } = tiles[0] as Tile;
    const isThin =
      isNeeded(kept, endSeq - 1, endSeq) ||
      isSameKept(within(kept, startSeq, endSeq), within(before, startSeq, endSeq));
    return { tiles, isAsItWas: tiles.length === 1 && isThin };
  });
}

/** What is kept of the moments [start, end), as if there were no others. */
function within({ historyFrom, keptBefore }: Kept, start: number, end: number): Kept {
  const clip = (seq: number): number => Math.min(Math.max(seq, start), end);
  const spans = keptBefore.map((span) => ({ start: clip(span.start), end: clip(span.end) }));
  return { historyFrom: clip(historyFrom), keptBefore: spans.filter((span) => span.start < span.end) };
}

interface KeyBounds {
  readonly low: Key | undefined;
  readonly high: Key | undefined;
}

/** The versions of a group's first tile that a kept moment sees; null where that is all of them, and it is alone. */
function* mergedPart(
  tree: ThinnedTree,
  [first, ...later]: readonly Tile[],
  kept: Kept,
  { low, high }: KeyBounds,
): Task<SealedPart | null> {
  assert(first !== undefined, 'a group of tiles has a first one');
  const { cache } = tree.options;
  first.holds++;
  try {
    const part = yield* cache.part(first, tree, false);
    const { keys, from, to } = part;
    const isWanted = (row: number): boolean =>
      isNeeded(kept, from[row] as number, Math.min(to[row] as number, first.endSeq));
    const start = low === undefined ? 0 : lowerBound(keys, keys.length, low);
    const end = high === undefined ? keys.length : lowerBound(keys, keys.length, high);
    const wanted: number[] = [];
    let others = 0;
    for (let row = 0; row < part.rows; row++) {
      if (!isWanted(row)) others++;
      else if (row >= start && row < end) wanted.push(row);
      if (row % AT_ONCE === AT_ONCE - 1) yield PAUSE;
    }
    if (others === 0 && later.length === 0) return null;
    const rows = Int32Array.from(wanted);
    const columns: Vector[] = [];
    for (const column of part.columns) {
      columns.push(gatherVector(column, rows));
      yield PAUSE;
    }
    const thin = {
      keys: wanted.map((row) => keys[row] as Key),
      from: gatherDoubles(from, rows),
      to: gatherDoubles(to, rows),
    };
    for (const tile of later) {
      endIn(thin, yield* cache.part(tile, tree, false));
      yield PAUSE;
    }
    return new MemoryPart(columns, thin.keys, thin.from, thin.to);
  } finally {
    first.holds--;
  }
}

/** Versions that are open get the ends that a later tile has for them. Both are sorted by key, then from. */
function endIn(
  { keys, from, to }: { readonly keys: readonly Key[]; readonly from: Float64Array; readonly to: Float64Array },
  later: SealedPart,
): void {
  let at = 0;
  for (let row = 0; row < keys.length; row++) {
    if (to[row] !== Infinity) continue;
    const key = keys[row] as Key;
    while (at < later.rows && (later.keys[at] as Key) < key) at++;
    while (at < later.rows && later.keys[at] === key && (later.from[at] as number) < (from[row] as number)) at++;
    assert(later.keys[at] === key && later.from[at] === from[row], 'a version is missing from the next tile');
    to[row] = later.to[at] as number;
  }
}
