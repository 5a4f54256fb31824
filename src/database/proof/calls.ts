/**
 * drift_enable_proofs() and what can be asked of proofs then: drift_digest(), drift_proof(seq), drift_verify().
 *
 * A digest is what to keep elsewhere: it stands for every commit up to it. A proof says that a commit, with its author,
 * message, time and the root over its changes, is among those that a digest stands for; docs/time-travel.md has the few
 * lines that check it.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import { TRANSACTIONS_TABLE_ID } from '../../catalog/system-objects.ts';
import type { ProofCall } from '../../sql/functions/function.ts';
import { canonicalJson } from '../../sql/types/json.ts';
import type { VersionedTable } from '../../table/table.ts';
import { findProofs } from '../../txn/proof/find-proofs.ts';
import { foldPeaks, pathTo, peaksOf } from '../../txn/proof/merkle.ts';
import { DIGEST_BYTES } from '../../base/sha256.ts';
import { headerText, hexOf, proofsTable } from '../../txn/proof/proof-row.ts';
import { nodeAt, proofAt } from '../../txn/proof/prover.ts';
import { mainOf } from '../branch/lines.ts';
import { define } from '../ddl/context.ts';
import { ddlContext } from '../definition.ts';
import { refuseWrites, type Scene } from '../statement.ts';
import { createStructure } from '../structure.ts';
import { type Digest, firstProof, headersIn, verifyHistory } from './verify.ts';

/** A void is empty, and not null. */
const VOID = '';

export function* callProof(scene: Scene, { proof }: ProofCall, args: readonly Value[]): Task<Value> {
  if (proof === 'enable') return enable(scene);
  const proofs = proofsOf(scene);
  switch (proof) {
    case 'digest':
      return json(yield* digestOf(proofs, scene.core.manager.published));
    case 'inclusion':
      return json(yield* inclusionOf(scene, proofs, Number(args[0])));
    case 'verify':
      return json(yield* verifyHistory(mainOf(scene.core), proofs, digestsIn(args[0])));
  }
}

function json(value: object): string {
  return canonicalJson(JSON.stringify(value));
}

/** Each commit after this one has a proof. Nothing where proofs are on. */
function enable(scene: Scene): Value {
  refuseWrites(scene);
  if (findProofs(scene.transaction.catalog) !== undefined) return VOID;
  if (scene.core.line !== undefined)
    throw new DriftError('0A000', 'proofs are switched on from the main line, for all lines at once', {
      hint: 'USE BRANCH main.',
    });
  const context = ddlContext(scene);
  const table = proofsTable(context.nextId());
  createStructure(context.store, table, context.eval);
  define(context, table, () => context.store.removeTable(table.id));
  return VOID;
}

function proofsOf({ core: given }: Scene): VersionedTable {
  const core = mainOf(given);
  const found = findProofs(core.manager.catalog);
  if (found !== undefined) return core.store.table(found.id);
  throw new DriftError('55000', 'this database has no proofs of its history', {
    hint: 'Switch them on with SELECT drift_enable_proofs(), or open a new database with the option proofs.',
  });
}

function* digestOf(proofs: VersionedTable, seq: number): Task<Digest & { readonly hash: string | null }> {
  const first = yield* firstProof(proofs);
  const count = first === null ? 0 : seq - first + 1;
  const peaks: Uint8Array[] = [];
  for (const place of peaksOf(count)) peaks.push(yield* nodeAt(proofs, first ?? 0, place));
  const root = count === 0 ? null : foldPeaks(peaks);
  const hash = count === 0 ? null : hexOf((yield* proofAt(proofs, seq)).hash);
  return { seq, count, hash, root: root === null ? '' : hexOf(root) };
}

/** That a commit is among those of the digest of now. Throws 22023 for one without a proof. */
function* inclusionOf(scene: Scene, proofs: VersionedTable, seq: number): Task<object> {
  const { manager, store } = mainOf(scene.core);
  const to = manager.published;
  const first = yield* firstProof(proofs);
  if (first === null || seq < first || seq > to)
    throw new DriftError('22023', `commit ${seq} has no proof`, {
      detail: first === null ? 'No commit has one yet.' : `Commits ${first} to ${to} have one.`,
    });
  const { changes, root } = yield* proofAt(proofs, seq);
  const header = (yield* headersIn(store.table(TRANSACTIONS_TABLE_ID), { from: seq, to: seq })).get(seq);
  if (header === undefined) throw new DriftError('XX001', `commit ${seq} is missing from drift.transactions`);
  const previous = seq === first ? new Uint8Array(DIGEST_BYTES) : (yield* proofAt(proofs, seq - 1)).hash;
  const count = to - first + 1;
  const path: string[] = [];
  for (const sibling of pathTo(seq - first, count)) {
    const peaks: Uint8Array[] = [];
    for (const place of sibling) peaks.push(yield* nodeAt(proofs, first, place));
    path.push(hexOf(foldPeaks(peaks)));
  }
  return {
    header: headerText({ ...header, changes, root }),
    previous: hexOf(previous),
    index: seq - first,
    path,
    digest: yield* digestOf(proofs, to),
  };
}

/** One digest or an array of them. Throws 22023. */
function digestsIn(value: Value | undefined): Digest[] {
  if (value === undefined || value === null) return [];
  const parsed = JSON.parse(value as string) as unknown;
  const list: unknown[] = Array.isArray(parsed) ? parsed : [parsed];
  return list.map((digest) => {
    const { seq, count, root } = (digest ?? {}) as Partial<Digest>;
    if (typeof seq === 'number' && typeof count === 'number' && typeof root === 'string') return { seq, count, root };
    throw new DriftError('22023', 'that is no digest of a history', {
      hint: 'A digest is what drift_digest() gave, or an array of such.',
    });
  });
}
