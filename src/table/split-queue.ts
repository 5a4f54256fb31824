/**
 * Splits that wait for the background (divide.ts does them), and when they are due (split.ts).
 */
import type { LeafImage } from './leaf-image.ts';
import type { RowLayout } from './part.ts';
import type { Key } from './table.ts';
import type { Leaf, LeafChange, TileCache } from './tile.ts';

/** Cells up to which a commit splits a leaf at once: about two milliseconds. */
const INLINE_CELLS = 65536;
/** Commits wait for the background where a leaf is so many times too big. */
const PATIENCE = 2;

export interface SplitLimits {
  readonly maxLeafRows: number;
  readonly minClosedRows: number;
  readonly timeSplitFactor: number;
  /** Entries of a commit of very many that are taken to a leaf at once (bulk-changes.ts). */
  readonly sliceEntries: number;
  readonly cache: TileCache;
  readonly splits: SplitQueue;
}

export interface DividedTree extends RowLayout {
  readonly id: number;
  readonly options: SplitLimits;
  readonly leaves: Leaf[];
  /** Closed versions a live row that are due to be sealed now: the factor c, or less where the past is read much. */
  readonly splitFactor: number;
  /** Closed rows that reads of the past have passed over lately. */
  pastRows: number;
  leafIndex(key: Key): number;
  /** Notes that a leaf differs from what is on disk. */
  noteChange(leaf: Leaf): void;
  /** Makes changes of a leaf in the children that were made of it. */
  replay(made: readonly Leaf[], change: LeafChange): void;
}

export type SplitKind = 'time split' | 'key split';

export interface DueSplit {
  readonly kind: SplitKind;
  readonly tree: DividedTree;
  readonly leaf: Leaf;
}

/** Splits that wait for the background. */
export class SplitQueue {
  readonly #due: Map<Leaf, DueSplit> = new Map();
  /** Leaves that are being split: in the background, or by a commit in slices. */
  readonly underWay: Set<Leaf> = new Set();
  /** Cells up to which a split is done by the commit that makes it due. */
  readonly inlineCells: number;
  /** A leaf is much too big: commits should wait. */
  isOverdue = false;

  constructor(inlineCells: number = INLINE_CELLS) {
    this.inlineCells = inlineCells;
  }

  get size(): number {
    return this.#due.size;
  }

  /** Notes a split of a leaf that is `excess` times too big. */
  add(split: DueSplit, excess: number): void {
    if (excess >= PATIENCE) this.isOverdue = true;
    if (!this.#due.has(split.leaf)) this.#due.set(split.leaf, split);
  }

  take(): DueSplit | null {
    for (const [leaf, split] of this.#due) {
      this.#due.delete(leaf);
      return split;
    }
    this.isOverdue = false;
    return null;
  }

  /** Whether a leaf is too big to be split by a commit. */
  mustWait(image: LeafImage, columns: number): boolean {
    return (image.rows + image.closedRows) * (columns + 2) > this.inlineCells;
  }
}

/** Closed versions that make a leaf's split by time due. */
export function closedLimit(tree: DividedTree, image: LeafImage): number {
  return Math.max(tree.options.minClosedRows, tree.splitFactor * image.live);
}
