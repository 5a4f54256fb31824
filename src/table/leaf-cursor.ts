/** LeafCursor: the leaves that touch a range of keys, one after the other, while the tree may change in between. */
import { clipRange } from './search.ts';
import type { KeyRange } from './table.ts';
import type { Leaf, ScannedTree } from './tile.ts';

/** Walks the leaves that touch a range, by key, so that splits between two steps lose and repeat nothing. */
export class LeafCursor {
  readonly #tree: ScannedTree;
  readonly #descending: boolean;
  #rest: KeyRange;
  #done = false;
  /** The part of the scan's range inside the leaf last returned. */
  range: KeyRange = {};
  /** That part is all of the leaf. */
  isWhole = false;

  constructor(tree: ScannedTree, range: KeyRange, descending: boolean) {
    this.#tree = tree;
    this.#rest = range;
    this.#descending = descending;
  }

  next(): Leaf | null {
    if (this.#done) return null;
    const { leaves } = this.#tree;
    const bound = this.#descending ? this.#rest.high : this.#rest.low;
    let index = bound === undefined ? (this.#descending ? leaves.length - 1 : 0) : this.#tree.leafIndex(bound);
    if (this.#descending && index > 0 && this.#rest.highInclusive === false && leaves[index]?.low === bound) index--;
    const leaf = leaves[index] as Leaf;
    const high = leaves[index + 1]?.low;
    this.range = clipRange(this.#rest, leaf.low, high);
    if (this.#descending) {
      this.#done = leaf.low === undefined || (this.#rest.low !== undefined && leaf.low <= this.#rest.low);
      this.#rest = { ...this.#rest, high: leaf.low, highInclusive: false };
    } else {
      const { high: end, highInclusive } = this.#rest;
      // Ending where the next leaf begins, without its first key, is ending here.
      this.#done = high === undefined || (end !== undefined && (highInclusive === false ? high >= end : high > end));
      this.#rest = { ...this.#rest, low: high, lowInclusive: true };
    }
    // A whole leaf needs no key comparisons.
    this.isWhole =
      this.range.low === leaf.low &&
      this.range.lowInclusive !== false &&
      this.range.high === high &&
      this.range.highInclusive !== true;
    // A tile may have keys of other leaves as well.
    if (this.isWhole && leaf.history.length === 0 && leaf.past < 0) this.range = {};
    return leaf;
  }

  end(): void {
    this.#done = true;
  }
}
