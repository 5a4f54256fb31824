/**
 * Tiles and leaves: what lies in memory, what on disk, and the loader that brings the one to the other.
 *
 * A leaf's image or a sealed tile's rows are in memory (`image`, `part`), or on disk (`stored`), or both. What is on
 * disk and unchanged may leave memory at any time; what is dirty stays until a checkpoint has written it.
 */
import { assert } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { Packs } from '../segment/packs.ts';
import type { SegmentRef } from '../segment/segment.ts';
import { SegmentReader } from '../segment/segment-reader.ts';
import type { PastEntry } from './directory.ts';
import { Eviction, MOST_USES } from './eviction.ts';
import type { Kept } from './kept.ts';
import { LeafImage } from './leaf-image.ts';
import { groupMayMatch, type RowLayout, type SealedPart, StoredRows } from './part.ts';
import type { Key, KeyRange, MISS, RowChanges, ZoneFilter } from './table.ts';

/** A sealed tile: all versions of its keys that touch [startSeq, endSeq). Shared by leaves split from one. */
export interface Tile {
  readonly startSeq: number;
  readonly endSeq: number;
  part: SealedPart | null;
  /** Null until a checkpoint has written it. */
  stored: SegmentRef | null;
  used: number;
  /** Who needs it to stay in memory, whatever the budget says. */
  holds: number;
}

export interface Leaf {
  /** Only erasing moves it (erase.ts). */
  low: Key | undefined;
  startSeq: number;
  image: LeafImage | null;
  /** The segment that equals the image, or null while the leaf is dirty. An empty clean leaf has neither. */
  stored: SegmentRef | null;
  dirty: boolean;
  /** Raised by every change, so that a checkpoint knows whether what it wrote is still the newest. */
  revision: number;
  /** Oldest first; those of the tree's past that are not in memory come before them. */
  history: readonly Tile[];
  /** Which list of the tree's past comes before `history`; -1: none, or it is in memory. */
  past: number;
  used: number;
  /** Changes being prepared that need the image: while there are any it stays in memory. */
  holds: number;
  /** Where the leaf was split: its children, and how many of its holds are theirs too. */
  heirs: readonly Leaf[];
  heirHolds: number;
  /** Bytes of the image counted as dirty. */
  dirtyBytes: number;
  /** What commits have changed since a key split has begun to work on it; null: none does. */
  changes: LeafChange[] | null;
}

/** What a commit changes of one leaf: some entries of its changes, in key order. */
export interface LeafChange {
  readonly seq: number;
  readonly changes: RowChanges;
  readonly entries: Int32Array;
}

/** A past that is on disk, and the histories that it describes. */
export interface StoredPast {
  readonly entry: PastEntry;
  /** By leaf; another leaf, or another history, and it must be written anew. */
  readonly histories: readonly { readonly leaf: Leaf; readonly history: readonly Tile[] }[];
}

export function historiesOf(leaves: readonly Leaf[]): StoredPast['histories'] {
  return leaves.map((leaf) => ({ leaf, history: leaf.history }));
}

/** Makes a tile that is on disk. */
export function storedTile(startSeq: number, endSeq: number, ref: SegmentRef): Tile {
  return { startSeq, endSeq, part: null, stored: ref, used: 0, holds: 0 };
}

/** For a leaf that begins. */
export const NO_PAST: Pick<Leaf, 'history' | 'past'> = { history: [], past: -1 };

/** Whether the tile that holds a moment is one of the tree's past that is not in memory. */
export function isInPast({ history, past, startSeq }: Leaf, seq: number): boolean {
  return past >= 0 && seq < (history[0]?.startSeq ?? startSeq);
}

/** Makes a leaf whose rows, if any, are in memory only. */
export function newLeaf(
  low: Key | undefined,
  startSeq: number,
  image: LeafImage | null,
  { history, past }: Pick<Leaf, 'history' | 'past'>,
): Leaf {
  const dirty = image !== null;
  const none = { stored: null, revision: 0, used: 0, holds: 0, heirs: [], heirHolds: 0, dirtyBytes: 0 };
  return { low, startSeq, image, dirty, history, past, changes: null, ...none };
}

/** Ends a hold, that of a leaf also of the children that it has been split into since. */
export function release(item: Leaf | Tile): void {
  item.holds--;
  if (!('heirs' in item) || item.heirHolds === 0) return;
  item.heirHolds--;
  for (const heir of item.heirs) release(heir);
}

/** Key ranges of the leaves, or of those only whose images are in memory. */
export function leafRanges(leaves: readonly Leaf[], resident: boolean): KeyRange[] {
  const ranges: KeyRange[] = [];
  leaves.forEach((leaf, i) => {
    if (resident && leaf.image === null) return;
    ranges.push({ low: leaf.low, lowInclusive: true, high: leaves[i + 1]?.low, highInclusive: false });
  });
  return ranges;
}

/** What scans need of a tree. */
export interface ScannedTree extends RowLayout, Kept {
  readonly leaves: readonly Leaf[];
  /** No row is current from this sequence number on. */
  readonly endSeq: number;
  /** The newest commit that changed it. */
  readonly lastChange: number;
  readonly options: { readonly cache: Pick<TileCache, 'touch' | 'image' | 'part' | 'mayMatch'> };
  /** Index of the leaf whose range holds the key. */
  leafIndex(key: Key): number;
  /** Counts closed rows that reads of the past pass over. */
  pastRows: number;
  /** Brings the tiles of the past into memory, those of a leaf, too, that has been split since. */
  loadPast(leaf: Leaf): Task<void>;
  /** End of a version that outlives a leaf's tile `index`; MISS where a later one is not in memory. */
  trueEnd(leaf: Leaf, index: number, key: Key, from: number): number | typeof MISS;
  /** Loads what the last look lacked, to stay while it is in `needed`. */
  loadMissing(needed: (Leaf | Tile)[]): Task<void>;
}

/** Loads tiles and images, counts what they hold, and lets the least useful go when it is over the budget. */
export class TileCache {
  readonly #packs: Packs;
  readonly budgetBytes: number;
  readonly #loaded: Eviction<Leaf | Tile> = new Eviction();
  /** Bytes that only a checkpoint can make evictable. */
  dirtyBytes = 0;

  constructor(packs: Packs, budgetBytes: number) {
    this.#packs = packs;
    this.budgetBytes = budgetBytes;
  }

  /** Bytes in memory that are on disk as well. */
  get bytes(): number {
    return this.#loaded.bytes;
  }

  /** Notes a use, and what a leaf takes by now: columns are decoded when they are asked for. */
  touch(item: Leaf | Tile): void {
    if (item.used < MOST_USES) item.used++;
    if ('image' in item && item.image !== null) this.#loaded.resize(item, item.image.bytes);
    this.#evict(item);
  }

  /** `isLookUp`: it is wanted for its own sake, not by a scan over everything (eviction.ts). */
  *image(leaf: Leaf, layout: RowLayout, isLookUp = true): Task<LeafImage> {
    if (leaf.image !== null) this.touch(leaf);
    while (leaf.image === null) {
      const ref = leaf.stored;
      assert(!leaf.dirty, 'a dirty leaf is not in memory');
      if (ref === null) {
        leaf.image = new LeafImage(layout.columns);
        break;
      }
      const bytes = yield* this.#packs.read(ref);
      // While this waited another task may have loaded the leaf, or a checkpoint moved its segment.
      if (leaf.image !== null || leaf.stored !== ref) continue;
      leaf.image = new LeafImage(layout.columns, new StoredRows(ref, bytes, layout));
      this.keep(leaf, leaf.image.bytes, isLookUp);
    }
    return leaf.image;
  }

  /** Reads something of a pack that is not kept. */
  read(ref: SegmentRef): Task<Uint8Array> {
    return this.#packs.read(ref);
  }

  *part(tile: Tile, layout: RowLayout, isLookUp = true): Task<SealedPart> {
    if (tile.part !== null) this.touch(tile);
    while (tile.part === null) {
      const { stored } = tile;
      assert(stored !== null, 'a tile is neither in memory nor on disk');
      const bytes = yield* this.#packs.read(stored);
      // While this waited another task may have loaded the tile, moved its segment, or erased versions of it.
      if (tile.part !== null || tile.stored !== stored) continue;
      tile.part = new StoredRows(stored, bytes, layout);
      this.keep(tile, partBytes(tile.part), isLookUp);
    }
    return tile.part;
  }

  /** True unless the filters rule out every row of a segment; reads its block table only. */
  *mayMatch(ref: SegmentRef, filters: readonly ZoneFilter[]): Task<boolean> {
    const reader = new SegmentReader(ref, yield* this.#packs.readTable(ref));
    for (let group = 0; group < reader.groups; group++) if (groupMayMatch(reader, group, filters)) return true;
    return false;
  }

  /** Counts a dirty leaf anew. */
  noteDirty(leaf: Leaf): void {
    this.forget(leaf);
    const bytes = leaf.image?.bytes ?? 0;
    this.dirtyBytes += bytes - leaf.dirtyBytes;
    leaf.dirtyBytes = bytes;
  }

  /** Replaces a tile's versions that are not on disk yet. */
  reseal(tile: Tile, part: SealedPart): void {
    if (tile.part !== null) this.dirtyBytes -= partBytes(tile.part);
    tile.part = part;
    this.noteSealed(part);
  }

  /** Lets something clean go. */
  drop(item: Leaf | Tile): void {
    this.forget(item);
    if ('image' in item) {
      assert(!item.dirty, 'a dirty leaf may not leave memory');
      item.image = null;
    } else {
      assert(item.stored !== null, 'a tile that is not on disk may not leave memory');
      item.part = null;
    }
  }

  /** Counts a tile that was just sealed. */
  noteSealed(part: SealedPart): void {
    this.dirtyBytes += partBytes(part);
  }

  /** Notes that a leaf's image is on disk, or that the leaf has been replaced by others. */
  noteClean(leaf: Leaf): void {
    this.forget(leaf);
    this.dirtyBytes -= leaf.dirtyBytes;
    leaf.dirtyBytes = 0;
  }

  /** Notes that a sealed tile is on disk. */
  noteStored(tile: Tile): void {
    if (tile.part === null) return;
    const bytes = partBytes(tile.part);
    this.dirtyBytes -= bytes;
    this.keep(tile, bytes, false);
  }

  /** Notes that something clean is in memory. */
  keep(item: Leaf | Tile, bytes: number, isLookUp: boolean): void {
    item.used = 0;
    this.#loaded.add(item, bytes, isLookUp);
    this.#evict(item);
  }

  /** Notes that something has become dirty or is gone. */
  forget(item: Leaf | Tile): void {
    this.#loaded.remove(item);
  }

  #evict(except: Leaf | Tile): void {
    const mayGo = (item: Leaf | Tile): boolean => item !== except && item.holds === 0;
    while (this.bytes > this.budgetBytes) {
      const item = this.#loaded.next(this.budgetBytes, mayGo);
      if (item === null) return;
      this.drop(item);
    }
  }
}

export function partBytes(part: SealedPart): number {
  return part.rows * (part.width * 10 + 32) + 256;
}
