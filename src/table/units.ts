/**
 * Units: a table at one moment, cut into pieces that can be scanned apart, by workers that share no memory.
 *
 *     leaf A, leaf B │ leaf C │ leaf D        one unit a leaf; leaves that read one sealed tile at that moment are one unit,
 *     └── tile 7 ──┘   image    image         because the tile's rows are sorted by key, not by leaf
 *
 * A unit whose rows are one immutable segment (a clean leaf's image, a tile) can be read from the segment's bytes alone:
 * the segment holds every version of its keys that the moment can see. What is dirty has no segment yet; the owner of the
 * tree scans it by its key range.
 *
 * Invariants: the units' key ranges tile the key space in ascending order; scanning each by range, or each stored one from its
 * segment while `isCurrent`, gives what a scan of the whole gives, in the same order.
 */
import type { Task } from '../base/task.ts';
import type { SegmentRef } from '../segment/segment.ts';
import { requireKept } from './kept.ts';
import type { Key, KeyRange, VersionedTable } from './table.ts';
import { isInPast, type Leaf, type Tile } from './tile.ts';
import { Table } from './versioned-table.ts';

export interface Unit {
  /** Position among the table's units. */
  readonly number: number;
  readonly range: KeyRange;
  /** The segment that holds its rows; null where only memory does. */
  readonly ref: SegmentRef | null;
  /** The moments that the segment's rows are for: the tile's, or from when the leaf's image counts. */
  readonly startSeq: number;
  /** Infinity for an image. */
  readonly endSeq: number;
  /** The leaf, or the first of those that read the tile. */
  readonly leaf: Leaf;
  readonly tile: Tile | null;
}

/** Cuts a table; null for one that is not a plain tree (a branch's view of its parent). */
export function* unitsOf(table: VersionedTable, seq: number): Task<readonly Unit[] | null> {
  if (!(table instanceof Table)) return null;
  requireKept(table, seq);
  for (const leaf of table.leaves) if (isInPast(leaf, seq)) yield* table.loadPast(leaf);
  const { leaves } = table;
  const units: Unit[] = [];
  for (let at = 0; at < leaves.length;) {
    const leaf = leaves[at] as Leaf;
    const tile = tileAt(leaf, seq);
    let end = at + 1;
    while (tile !== null && end < leaves.length && tileAt(leaves[end] as Leaf, seq) === tile) end++;
    units.push({ number: units.length, ...unitOf(leaf, tile), range: between(leaf.low, leaves[end]?.low) });
    at = end;
  }
  return units;
}

function tileAt(leaf: Leaf, seq: number): Tile | null {
  if (seq >= leaf.startSeq) return null;
  return leaf.history.findLast((candidate) => candidate.startSeq <= seq) ?? null;
}

function unitOf(leaf: Leaf, tile: Tile | null): Omit<Unit, 'number' | 'range'> {
  if (tile !== null) return { leaf, tile, ref: tile.stored, startSeq: tile.startSeq, endSeq: tile.endSeq };
  return { leaf, tile, ref: leaf.dirty ? null : leaf.stored, startSeq: leaf.startSeq, endSeq: Infinity };
}

function between(low: Key | undefined, high: Key | undefined): KeyRange {
  return { low, lowInclusive: true, high, highInclusive: false };
}

/** Whether the unit's segment is still where it was and still all that the unit's keys have. */
export function isCurrent(table: VersionedTable, { ref, leaf, tile, startSeq }: Unit): boolean {
  if (ref === null || !(table instanceof Table)) return false;
  if (tile !== null) return tile.stored === ref && leaf.history.includes(tile);
  if (leaf.dirty || leaf.stored !== ref || leaf.startSeq !== startSeq) return false;
  return table.leaves[leaf.low === undefined ? 0 : table.leafIndex(leaf.low)] === leaf;
}

/** Reads the segment of a unit that is current. */
export function readUnit(table: VersionedTable, ref: SegmentRef): Task<Uint8Array> | null {
  return table instanceof Table ? table.options.cache.read(ref) : null;
}

/** What a scan of the table keeps in memory at most. */
export function cacheBudgetOf(table: VersionedTable): number {
  return table instanceof Table ? table.options.cache.budgetBytes : 0;
}
