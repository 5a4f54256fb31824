/**
 * Hash trees that grow at their end (RFC 9162, section 2.1): one over the changes of a commit, one over all commits.
 *
 * A tree is kept as its peaks: the complete subtrees that make it up, the largest first, as many as its count has bits.
 * `append` gives the nodes that the new leaf completes; who stores them with the leaf can find any node again, and so
 * the path from a leaf to the root (`pathTo`), with as many reads as the tree is high.
 */
import { sha256 } from '../../base/sha256.ts';

/** What is hashed begins with what it is: none can be taken for another. */
export const TAG: Readonly<Record<'change' | 'node' | 'commit' | 'left' | 'right', Uint8Array>> = {
  change: Uint8Array.of(0),
  node: Uint8Array.of(1),
  commit: Uint8Array.of(2),
  left: Uint8Array.of(3),
  right: Uint8Array.of(4),
};

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(TAG.node, left, right);
}

export class MerkleTree {
  count: number;
  readonly peaks: Uint8Array[];

  constructor(count = 0, peaks: readonly Uint8Array[] = []) {
    this.count = count;
    this.peaks = [...peaks];
  }

  /** The nodes that the leaf completes: of height 1 first. */
  append(leaf: Uint8Array): Uint8Array[] {
    const nodes: Uint8Array[] = [];
    let node = leaf;
    for (let rest = this.count; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      node = nodeHash(this.peaks.pop() as Uint8Array, node);
      nodes.push(node);
    }
    this.peaks.push(node);
    this.count++;
    return nodes;
  }

  root(): Uint8Array {
    const { peaks } = this;
    if (peaks.length === 0) return sha256();
    return peaks.reduceRight((right, left) => nodeHash(left, right));
  }
}

/** A complete subtree: its height (0: a leaf) and its place among those of its height. */
export interface Place {
  readonly height: number;
  readonly index: number;
}

/** The leaf whose arrival completed a subtree. */
export function lastLeafOf({ height, index }: Place): number {
  return (index + 1) * 2 ** height - 1;
}

/** The peaks of a tree of `count` leaves. */
export function peaksOf(count: number): Place[] {
  const places: Place[] = [];
  let start = 0;
  for (let height = 52; height >= 0; height--) {
    const size = 2 ** height;
    if (count - start < size) continue;
    places.push({ height, index: start / size });
    start += size;
  }
  return places;
}

/** For each node on the way from a leaf to the root the subtrees that its sibling consists of, from the leaf up. */
export function pathTo(leaf: number, count: number): Place[][] {
  return pathIn(leaf, 0, count);
}

function pathIn(leaf: number, start: number, count: number): Place[][] {
  if (count <= 1) return [];
  let left = 1;
  while (left * 2 < count) left *= 2;
  if (leaf < left) return [...pathIn(leaf, start, left), subtreesOf(start + left, count - left)];
  return [...pathIn(leaf - left, start + left, count - left), subtreesOf(start, left)];
}

/** The complete subtrees of `count` leaves that begin at one whose place is a multiple of what they span. */
function subtreesOf(start: number, count: number): Place[] {
  return peaksOf(count).map(({ height, index }) => ({ height, index: start / 2 ** height + index }));
}

/** The root of a tree that consists of these complete subtrees, the largest first. */
export function foldPeaks(hashes: readonly Uint8Array[]): Uint8Array {
  return hashes.reduceRight((right, left) => nodeHash(left, right));
}
