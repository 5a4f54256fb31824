/**
 * The segments that a helper holds, decoded as far as statements have asked, as trees of one leaf.
 *
 * A unit becomes a tree with one leaf, or one leaf whose past is one tile; so TreeScan reads it as it reads the engine's own
 * trees: closed versions, intervals, zones and all. The least recently used go when the budget is exceeded.
 */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { WHOLE } from '../../table/kept.ts';
import { LeafImage } from '../../table/leaf-image.ts';
import { type SealedPart, StoredRows } from '../../table/part.ts';
import { KeyCodec } from '../../table/key.ts';
import type { TreeColumn } from '../../table/table.ts';
import { type Leaf, newLeaf, NO_PAST, partBytes, type ScannedTree, type Tile } from '../../table/tile.ts';
import type { PostedUnit } from '../../exec/helpers/messages.ts';

export class HeldSegments {
  /** In the order of their last use. */
  readonly #leaves = new Map<string, Leaf>();
  readonly #bytes = new Map<string, number>();
  /** Units that wait for a segment. */
  readonly #holds = new Map<string, number>();
  #total = 0;

  /** Keeps a segment for a unit that came without its bytes; false where it is not there. */
  hold(name: string): boolean {
    if (!this.#leaves.has(name)) return false;
    this.#holds.set(name, (this.#holds.get(name) ?? 0) + 1);
    return true;
  }

  /** Ends the unit's hold, where it has one. */
  release({ name, bytes }: PostedUnit): void {
    if (bytes !== null) return;
    const left = (this.#holds.get(name) ?? 1) - 1;
    if (left === 0) this.#holds.delete(name);
    else this.#holds.set(name, left);
  }

  /** Takes a unit's segment, where its bytes have come with it. */
  add({ name, ref, bytes, startSeq, endSeq }: PostedUnit, columns: readonly TreeColumn[]): void {
    if (bytes === null || this.#leaves.has(name)) return;
    const rows = new StoredRows(ref, new Uint8Array(bytes), { columns, codec: codecOf(columns) });
    if (endSeq === Infinity) {
      const leaf = newLeaf(undefined, startSeq, new LeafImage(columns, rows), NO_PAST);
      this.#leaves.set(name, leaf);
      return;
    }
    const tile: Tile = { startSeq, endSeq, part: rows, stored: ref, used: 0, holds: 0 };
    this.#leaves.set(name, newLeaf(undefined, endSeq, null, { history: [tile], past: -1 }));
  }

  /** The tree of a segment that is there. */
  tree(name: string, lastChange: number, columns: readonly TreeColumn[]): ScannedTree {
    const leaf = this.#leaves.get(name);
    assert(leaf !== undefined, 'a unit whose segment is there');
    this.#leaves.delete(name);
    this.#leaves.set(name, leaf);
    return {
      columns,
      codec: codecOf(columns),
      leaves: [leaf],
      endSeq: Infinity,
      ...WHOLE,
      lastChange,
      options: { cache: RESIDENT },
      pastRows: 0,
      leafIndex: () => 0,
      *loadPast() {},
      trueEnd: () => Infinity,
      *loadMissing() {},
    };
  }

  /** Counts anew what a unit's segment takes after a scan of it, and lets others go. */
  settle(unit: PostedUnit, budgetBytes: number): void {
    this.release(unit);
    const { name } = unit;
    const leaf = this.#leaves.get(name);
    if (leaf === undefined) return;
    const part = leaf.history[0]?.part;
    const bytes = leaf.image?.bytes ?? (part === null || part === undefined ? 0 : partBytes(part));
    this.#total += bytes - (this.#bytes.get(name) ?? 0);
    this.#bytes.set(name, bytes);
    for (const oldest of this.#leaves.keys()) {
      if (this.#total <= budgetBytes) return;
      if (oldest === name || this.#holds.has(oldest)) continue;
      this.#total -= this.#bytes.get(oldest) ?? 0;
      this.#bytes.delete(oldest);
      this.#leaves.delete(oldest);
    }
  }
}

/** In place of a cache: everything is in memory. */
const RESIDENT: ScannedTree['options']['cache'] = {
  touch: () => undefined,
  *image(leaf: Leaf): Task<LeafImage> {
    assert(leaf.image !== null, 'a leaf of a helper has an image');
    return leaf.image;
  },
  *part(tile: Tile): Task<SealedPart> {
    assert(tile.part !== null, 'a tile of a helper is in memory');
    return tile.part;
  },
  *mayMatch() {
    return true;
  },
};

/** Trees have a key; nothing is looked up here. */
function codecOf(columns: readonly TreeColumn[]): KeyCodec {
  return new KeyCodec([{ column: 0, descending: false, nullsFirst: false }], columns);
}
