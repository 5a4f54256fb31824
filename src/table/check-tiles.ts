/**
 * Whether the tiles of a leaf join without gaps: the versions that outlive a tile are those that the next one (or, behind
 * the last, the leaf's image) has from before its beginning. A version that is missing there would end without anybody
 * having ended it; one too many would have begun without anybody having made it. Changes nothing.
 */
import type { Packs } from '../segment/packs.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { checkedRows, type CheckedRows, ROWS_AT_ONCE } from './check-rows.ts';
import { isNeeded, type Kept } from './kept.ts';
import type { RowLayout } from './part.ts';
import type { Key, KeyRange } from './table.ts';
import type { Leaf, Tile } from './tile.ts';

/** What is wrong between the tiles of one leaf, whose keys are in `range`. REQUIRES: its segments are sound. */
export function* checkJoins(leaf: Leaf, range: KeyRange, layout: RowLayout & Kept, packs: Packs): Task<string[]> {
  const { history, startSeq } = leaf;
  const problems: string[] = [];
  const kept = { historyFrom: layout.historyFrom, keptBefore: layout.keptBefore };
  for (const [i, tile] of history.entries()) {
    const open = yield* outliving(yield* partOf(tile, layout, packs), range);
    const next = history[i + 1];
    const before = next?.startSeq ?? startSeq;
    if (next !== undefined) yield* strike(open, yield* partOf(next, layout, packs), range, before);
    else if (!(yield* strikeImage(open, leaf, { range, startSeq, layout, packs }))) break;
    problems.push(...toldOf(open, tile.endSeq, kept));
    yield PAUSE;
  }
  return problems;
}

function* partOf(tile: Tile, layout: RowLayout, packs: Packs): Task<Omit<CheckedRows, 'currentRows'>> {
  if (tile.part !== null) return tile.part;
  const ref = tile.stored as NonNullable<Tile['stored']>;
  return yield* checkedRows(ref, yield* packs.read(ref), layout);
}

interface Scene {
  readonly range: KeyRange;
  readonly startSeq: number;
  readonly layout: RowLayout;
  readonly packs: Packs;
}

/**
 * Strikes out the versions of a leaf, in memory or stored. False where it was divided meanwhile: another check looks at
 * what came of it. An image is pinned, so that what has been looked at stays as it was.
 */
function* strikeImage(open: Open, leaf: Leaf, { range, startSeq, layout, packs }: Scene): Task<boolean> {
  const ref = leaf.stored;
  let stored: Rows | null = null;
  if (leaf.image === null && !leaf.dirty && ref !== null) {
    stored = yield* checkedRows(ref, yield* packs.read(ref), layout);
    if (leaf.image === null && leaf.stored !== ref) return false;
  }
  if (leaf.startSeq !== startSeq || (leaf.image === null && leaf.dirty)) return false;
  const { image } = leaf;
  if (image === null) {
    if (stored !== null) yield* strike(open, stored, range, startSeq);
    return true;
  }
  image.pins++;
  try {
    const { keys, from, holes, rows, closedKeys, closedFrom, closedRows } = image;
    const closed = { keys: closedKeys, from: closedFrom.data, rows: closedRows };
    yield* strike(open, { keys, from: from.data, holes, rows }, range, startSeq);
    yield* strike(open, closed, range, startSeq);
    return true;
  } finally {
    image.pins--;
  }
}

interface Rows extends Pick<CheckedRows, 'keys' | 'from' | 'rows'> {
  readonly holes?: Uint8Array | null;
}

/** Versions that are open, by key and `from`: 1 for each side that has it; what both have is struck out. */
type Open = Map<string, { readonly key: Key; readonly from: number; readonly isMissing: boolean }>;

function* outliving({ keys, from, to, rows }: Omit<CheckedRows, 'currentRows'>, range: KeyRange): Task<Open> {
  const open: Open = new Map();
  for (let row = 0; row < rows; row++) {
    if (row % ROWS_AT_ONCE === 0) yield PAUSE;
    const key = keys[row] as Key;
    if (to[row] === Infinity && isIn(key, range))
      open.set(`${from[row]} ${String(key)}`, { key, from: from[row] as number, isMissing: true });
  }
  return open;
}

function* strike(open: Open, { keys, from, holes, rows }: Rows, range: KeyRange, before: number): Task<void> {
  for (let row = 0; row < rows; row++) {
    if (row % ROWS_AT_ONCE === 0) yield PAUSE;
    const key = keys[row] as Key;
    const begin = from[row] as number;
    if (begin >= before || holes?.[row] === 1 || !isIn(key, range)) continue;
    const id = `${begin} ${String(key)}`;
    if (!open.delete(id)) open.set(id, { key, from: begin, isMissing: false });
  }
}

/** Leaves hold their low bound and not their high one. */
function isIn(key: Key, { low, high }: KeyRange): boolean {
  return (low === undefined || key >= low) && (high === undefined || key < high);
}

function* toldOf(open: Open, seq: number, kept: Kept): Generator<string> {
  for (const { key, from, isMissing } of open.values()) {
    // What begins where nothing is kept is in the tiles behind, and may still be in those before (thin.ts).
    if (!isNeeded(kept, from, seq)) continue;
    yield isMissing
      ? `the version of ${String(key)} from ${from} on is in the tile up to ${seq}, and not behind it`
      : `the version of ${String(key)} from ${from} on is not in the tile up to ${seq}, but behind it`;
  }
}
