/**
 * The trees over the changes of commits, computed again from history.
 *
 * Changes that were erased are not there any more; their hashes are among the salts, in their places. Between the commit
 * that destroys salts and the moment when history has lost the rows (a crash may lie there) they are there still: the
 * hashes that were kept stand for them then, too. Which of the two it is the number of changes that are there tells.
 */
import { sha256 } from '../../base/sha256.ts';
import type { Task } from '../../base/task.ts';
import type { TableStore } from '../../table/store.ts';
import type { Key } from '../../table/table.ts';
import { MerkleTree, TAG } from '../../txn/proof/merkle.ts';
import type { ProofRow } from '../../txn/proof/proof-row.ts';
import { Salts } from '../../txn/proof/salts.ts';
import { changesOfHistory, type Range } from './history-changes.ts';

const NOTHING = new Uint8Array(0);

class CommitTree {
  readonly #proof: ProofRow;
  readonly #salts: Salts | null;
  readonly #tree = new MerkleTree();
  /** Erased changes are still in the history. */
  readonly #isWhole: boolean;

  /** `present`: how many of its changes the history has. */
  constructor(proof: ProofRow, salts: Salts | null, present: number) {
    this.#proof = proof;
    this.#salts = salts;
    this.#isWhole = present === proof.changes;
  }

  /** The next change that is there; returns its position and its hash. */
  take(change: Uint8Array): { readonly position: number; readonly hash: Uint8Array } {
    if (!this.#isWhole) this.#passErased();
    const position = this.#tree.count;
    const hash =
      this.#salts?.destroyed.get(position) ?? sha256(TAG.change, this.#salts?.at(position) ?? NOTHING, change);
    this.#tree.append(hash);
    return { position, hash };
  }

  /** Whether all changes were taken and are those that the proof is of. */
  isComplete(): boolean {
    if (!this.#isWhole) this.#passErased();
    const { changes, root } = this.#proof;
    return this.#salts !== null && this.#tree.count === changes && isSame(this.#tree.root(), root);
  }

  #passErased(): void {
    for (;;) {
      const erased = this.#salts?.destroyed.get(this.#tree.count);
      if (erased === undefined) return;
      this.#tree.append(erased);
    }
  }
}

/** Called for each change: its commit, position and hash, and whose row it is. */
export type TakeHash = (seq: number, position: number, hash: Uint8Array, tableId: number, key: Key) => void;

/** The trees of the commits in a range; `proofs`: theirs. */
export function* commitTrees(
  store: TableStore,
  proofsId: number,
  range: Range,
  proofs: ReadonlyMap<number, ProofRow>,
  take: TakeHash,
): Task<ReadonlyMap<number, CommitTree>> {
  const salts = new Map([...proofs].map(([seq, proof]) => [seq, saltsOf(proof)]));
  const present = new Map<number, number>();
  if ([...salts.values()].some((some) => some !== null && some.destroyed.size > 0))
    yield* changesOfHistory(store, proofsId, range, (seq) => present.set(seq, (present.get(seq) ?? 0) + 1));
  const trees = new Map<number, CommitTree>();
  for (const [seq, proof] of proofs)
    trees.set(seq, new CommitTree(proof, salts.get(seq) ?? null, present.get(seq) ?? 0));
  yield* changesOfHistory(store, proofsId, range, (seq, change, tableId, key) => {
    const taken = trees.get(seq)?.take(change());
    if (taken !== undefined) take(seq, taken.position, taken.hash, tableId, key);
  });
  return trees;
}

/** Null where they were altered: no tree comes out right then. */
function saltsOf({ salts }: ProofRow): Salts | null {
  try {
    return Salts.decode(salts);
  } catch {
    return null;
  }
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
