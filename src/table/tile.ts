/**
 * Tiles and leaves: what lies in memory, what on disk, and the loader that brings the one to the other.
 *
 * A leaf's image or a sealed tile's rows are in memory (`image`, `part`), or on disk (`stored`), or both. What is on
 * disk and unchanged may leave memory at any time; what is dirty stays until a checkpoint has written it.
 */
import { assert } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { Packs } from '../segment/packs.ts';
import { decodeSegment, type SegmentRef, type SegmentRows } from '../segment/segment.ts';
import { constantVector, gatherDoubles, gatherVector } from './gather.ts';
import type { KeyCodec } from './key.ts';
import { LeafImage } from './leaf-image.ts';
import type { Key, TreeColumn } from './table.ts';

/** Versions sorted by key, then from. Immutable. */
export interface SealedPart extends SegmentRows {
  readonly keys: readonly Key[];
}

/** A sealed tile: all versions of its keys that touch [startSeq, endSeq). Shared by leaves split from one. */
export interface Tile {
  readonly startSeq: number;
  readonly endSeq: number;
  part: SealedPart | null;
  /** Null until a checkpoint has written it. */
  stored: SegmentRef | null;
  used: number;
}

export interface Leaf {
  readonly low: Key | undefined;
  startSeq: number;
  image: LeafImage | null;
  /** The segment that equals the image, or null while the leaf is dirty. An empty clean leaf has neither. */
  stored: SegmentRef | null;
  dirty: boolean;
  /** Raised by every change, so that a checkpoint knows whether what it wrote is still the newest. */
  revision: number;
  /** Oldest first. */
  history: readonly Tile[];
  used: number;
  /** Changes being prepared that need the image: while there are any it stays in memory. */
  holds: number;
  /** Bytes of the image counted as dirty. */
  dirtyBytes: number;
}

/** Makes a leaf whose rows, if any, are in memory only. */
export function newLeaf(
  low: Key | undefined,
  startSeq: number,
  image: LeafImage | null,
  history: readonly Tile[],
): Leaf {
  const dirty = image !== null;
  return { low, startSeq, image, stored: null, dirty, revision: 0, history, used: 0, holds: 0, dirtyBytes: 0 };
}

/** What a tree needs to know about its rows to read them. */
export interface RowLayout {
  readonly columns: readonly TreeColumn[];
  readonly codec: KeyCodec;
}

/** Loads tiles and images, counts what they hold, and lets the least recently used go when it is over the budget. */
export class TileCache {
  readonly #packs: Packs;
  readonly budgetBytes: number;
  readonly #loaded: Map<Leaf | Tile, number> = new Map();
  /** Bytes in memory that are on disk as well. */
  bytes = 0;
  /** Bytes that only a checkpoint can make evictable. */
  dirtyBytes = 0;
  #clock = 0;

  constructor(packs: Packs, budgetBytes: number) {
    this.#packs = packs;
    this.budgetBytes = budgetBytes;
  }

  touch(item: Leaf | Tile): void {
    item.used = ++this.#clock;
  }

  *image(leaf: Leaf, layout: RowLayout): Task<LeafImage> {
    while (leaf.image === null) {
      const ref = leaf.stored;
      assert(!leaf.dirty, 'a dirty leaf is not in memory');
      if (ref === null) {
        leaf.image = new LeafImage(layout.columns);
        break;
      }
      const part = yield* this.#read(ref, layout);
      // While this waited another task may have loaded the leaf, or a checkpoint moved its segment.
      if (leaf.image !== null || leaf.stored !== ref) continue;
      leaf.image = imageOf(part, layout.columns);
      this.keep(leaf, leaf.image.bytes);
    }
    this.touch(leaf);
    return leaf.image;
  }

  *part(tile: Tile, layout: RowLayout): Task<SealedPart> {
    if (tile.part === null) {
      assert(tile.stored !== null, 'a tile is neither in memory nor on disk');
      const part = yield* this.#read(tile.stored, layout);
      tile.part ??= part;
      this.keep(tile, partBytes(tile.part));
    }
    this.touch(tile);
    // Eviction may take it from the tile at once, never from whoever asked.
    return tile.part;
  }

  *#read(ref: SegmentRef, layout: RowLayout): Task<SealedPart> {
    const bytes = yield* this.#packs.read(ref);
    const rows = decodeSegment(
      bytes,
      ref,
      layout.columns.map((column) => column.format),
    );
    const count = rows.from.length;
    const columns = layout.columns.map(
      (column, c) => rows.columns[c] ?? constantVector(column.format, column.missing, count),
    );
    const keyColumns = layout.codec.key.map(
      (part) => columns[part.column] ?? constantVector({ kind: 'bool' }, null, count),
    );
    return { columns, from: rows.from, to: rows.to, keys: layout.codec.ofRows(keyColumns, 0, count) };
  }

  /** Counts a dirty leaf anew. */
  noteDirty(leaf: Leaf): void {
    this.forget(leaf);
    const bytes = leaf.image?.bytes ?? 0;
    this.dirtyBytes += bytes - leaf.dirtyBytes;
    leaf.dirtyBytes = bytes;
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
    this.keep(tile, bytes);
  }

  /** Notes that something clean is in memory. */
  keep(item: Leaf | Tile, bytes: number): void {
    this.forget(item);
    this.#loaded.set(item, bytes);
    this.bytes += bytes;
    this.touch(item);
    if (this.bytes > this.budgetBytes) this.#evict(item);
  }

  /** Notes that something has become dirty or is gone. */
  forget(item: Leaf | Tile): void {
    const bytes = this.#loaded.get(item);
    if (bytes === undefined) return;
    this.#loaded.delete(item);
    this.bytes -= bytes;
  }

  #evict(except: Leaf | Tile): void {
    const oldest = [...this.#loaded.keys()].sort((a, b) => a.used - b.used);
    for (const item of oldest) {
      if (this.bytes <= this.budgetBytes * 0.9) return;
      if (item === except || ('holds' in item && item.holds > 0)) continue;
      this.forget(item);
      if ('image' in item) {
        assert(!item.dirty, 'a dirty leaf may not leave memory');
        item.image = null;
      } else {
        item.part = null;
      }
    }
  }
}

export function partBytes(part: SealedPart): number {
  return part.keys.length * (part.columns.length * 10 + 32) + 256;
}

/** Splits stored versions into current rows and closed ones, these in the order in which they ended. */
function imageOf(part: SealedPart, columns: readonly TreeColumn[]): LeafImage {
  const image = new LeafImage(columns);
  const current: number[] = [];
  const closed: number[] = [];
  for (let row = 0; row < part.keys.length; row++) (part.to[row] === Infinity ? current : closed).push(row);
  fillImage(image, part, current, closed);
  return image;
}

function fillImage(image: LeafImage, part: SealedPart, current: number[], closed: number[]): void {
  if (closed.length === 0) {
    image.appendSorted(part.columns, part.keys, part.from, 0, part.keys.length);
    return;
  }
  const rows = Int32Array.from(current);
  image.appendSorted(
    part.columns.map((column) => gatherVector(column, rows)),
    current.map((row) => part.keys[row] as Key),
    gatherDoubles(part.from, rows),
    0,
    rows.length,
  );
  const ended = Int32Array.from(closed);
  ended.sort((a, b) => (part.to[a] as number) - (part.to[b] as number) || a - b);
  image.appendClosed(
    part.columns.map((column) => gatherVector(column, ended)),
    Array.from(ended, (row) => part.keys[row] as Key),
    gatherDoubles(part.from, ended),
    gatherDoubles(part.to, ended),
  );
}
