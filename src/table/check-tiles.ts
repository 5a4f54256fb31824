/**
 * Whether the tiles of a leaf join without gaps: the versions that outlive a tile are those that the next one (or, behind
 * the last, the leaf's image) has from before its beginning. A version that is missing there would end without anybody
 * having ended it; one too many would have begun without anybody having made it. Changes nothing.
 */
import type { Packs } from '../segment/packs.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { type ImageSource, LeafImage } from './leaf-image.ts';
import { type RowLayout, type SealedPart, StoredRows } from './part.ts';
import { inRange } from './search.ts';
import type { Key, KeyRange } from './table.ts';
import type { Leaf, Tile } from './tile.ts';

/** What is wrong between the tiles of one leaf, whose keys are in `range`. REQUIRES: its segments are sound. */
export function* checkJoins(leaf: Leaf, range: KeyRange, layout: RowLayout, packs: Packs): Task<string[]> {
  const { history, startSeq } = leaf;
  const problems: string[] = [];
  for (const [i, tile] of history.entries()) {
    const open = outliving(yield* partOf(tile, layout, packs), range);
    const next = history[i + 1];
    if (next === undefined) {
      const image = yield* imageOf(leaf, layout, packs);
      // The leaf was divided meanwhile: another check looks at what came of it.
      if (image === null || leaf.startSeq !== startSeq) break;
      for (const [keys, from] of [
        [image.keys, image.from.data],
        [image.closedKeys, image.closedFrom.data],
      ] as const)
        strike(open, { keys, from }, { range, before: startSeq, holes: keys === image.keys ? image.holes : null });
    } else strike(open, yield* partOf(next, layout, packs), { range, before: next.startSeq, holes: null });
    problems.push(...toldOf(open, tile.endSeq));
    yield PAUSE;
  }
  return problems;
}

function* partOf(tile: Tile, layout: RowLayout, packs: Packs): Task<SealedPart> {
  if (tile.part !== null) return tile.part;
  const ref = tile.stored as NonNullable<Tile['stored']>;
  return new StoredRows(ref, yield* packs.read(ref), layout);
}

function* imageOf(leaf: Leaf, layout: RowLayout, packs: Packs): Task<LeafImage | null> {
  if (leaf.image !== null) return leaf.image;
  const ref = leaf.stored;
  // Replaced by others, which are looked at as well.
  if (leaf.dirty) return null;
  if (ref === null) return new LeafImage(layout.columns);
  const source: ImageSource = new StoredRows(ref, yield* packs.read(ref), layout);
  return leaf.image ?? (leaf.stored === ref ? new LeafImage(layout.columns, source) : null);
}

/** Versions that are open, by key and `from`: 1 for each side that has it; what both have is struck out. */
type Open = Map<string, { readonly key: Key; readonly from: number; readonly isMissing: boolean }>;

function outliving({ keys, from, to, rows }: SealedPart, range: KeyRange): Open {
  const open: Open = new Map();
  for (let row = 0; row < rows; row++) {
    const key = keys[row] as Key;
    if (to[row] === Infinity && inRange(key, range))
      open.set(`${from[row]} ${String(key)}`, { key, from: from[row] as number, isMissing: true });
  }
  return open;
}

interface Strike {
  readonly range: KeyRange;
  readonly before: number;
  readonly holes: Uint8Array | null;
}

function strike(open: Open, { keys, from }: Pick<SealedPart, 'keys' | 'from'>, { range, before, holes }: Strike): void {
  keys.forEach((key, row) => {
    const begin = from[row] as number;
    if (begin >= before || holes?.[row] === 1 || !inRange(key, range)) return;
    const id = `${begin} ${String(key)}`;
    if (!open.delete(id)) open.set(id, { key, from: begin, isMissing: false });
  });
}

function* toldOf(open: Open, seq: number): Generator<string> {
  for (const { key, from, isMissing } of open.values())
    yield isMissing
      ? `the version of ${String(key)} from ${from} on is in the tile up to ${seq}, and not behind it`
      : `the version of ${String(key)} from ${from} on is not in the tile up to ${seq}, but behind it`;
}
