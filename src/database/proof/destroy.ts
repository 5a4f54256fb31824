/**
 * What ERASE does to proofs: the salts of the erased rows' changes go, so that nobody can try out what their hashes are of.
 *
 * The hashes stay in their place, so that the roots, and with them the chain, remain as they are. It is a commit of its
 * own that writes the proofs concerned again; their older versions, which have the salts, are erased as the rows are.
 */
import type { Task } from '../../base/task.ts';
import type { Key } from '../../table/table.ts';
import { findProofs } from '../../txn/proof/find-proofs.ts';
import { rowValues } from '../../txn/proof/proof-row.ts';
import { proofAt } from '../../txn/proof/prover.ts';
import { Salts } from '../../txn/proof/salts.ts';
import { NO_COMMIT_INFO } from '../../txn/transaction.ts';
import type { Core } from '../core.ts';
import { commitTrees } from './commit-tree.ts';
import { COMMITS_AT_ONCE, firstProof, proofsIn } from './verify.ts';

/** Destroys the salts of all changes of these rows of a table. REQUIRES: the rows are deleted, their history is there. */
export function* destroySalts(core: Core, tableId: number, keys: ReadonlySet<Key>): Task<void> {
  const { manager, store } = core;
  const found = findProofs(manager.catalog);
  if (found === undefined || keys.size === 0) return;
  const proofs = store.table(found.id);
  const to = manager.published;
  const destroyed = new Map<number, Map<number, Uint8Array>>();
  for (let from = (yield* firstProof(proofs)) ?? to + 1; from <= to; from += COMMITS_AT_ONCE) {
    const range = { from, to: Math.min(to, from + COMMITS_AT_ONCE - 1) };
    const rows = yield* proofsIn(proofs, range);
    yield* commitTrees(store, proofs.id, range, rows, (seq, position, hash, table, key) => {
      if (table !== tableId || !keys.has(key)) return;
      const list = destroyed.get(seq) ?? new Map<number, Uint8Array>();
      destroyed.set(seq, list.set(position, hash));
    });
  }
  if (destroyed.size === 0) return;
  const transaction = manager.begin({
    info: { ...NO_COMMIT_INFO, message: `erase from proofs of ${destroyed.size} commits` },
  });
  const writes = transaction.writesFor(proofs.id, proofs.columns);
  for (const [seq, hashes] of destroyed) {
    const row = yield* proofAt(proofs, seq);
    const salts = Salts.decode(row.salts).without(hashes).encode();
    writes.put(seq, rowValues({ ...row, salts }), true, null);
  }
  const written = yield* manager.commit(transaction);
  if (written !== null) yield* store.erase(proofs.id, new Set<Key>(destroyed.keys()), written);
}
