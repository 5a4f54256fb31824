/**
 * drift_verify(): computes every hash again from the history that is there.
 *
 * For each commit since proofs were switched on: its changes, their salts and the root over them; its header from
 * drift.transactions; the chain; the nodes of the tree over all commits. So whatever was altered, removed or put in is
 * found, unless all hashes after it were altered with it; that is found by whoever has kept a digest of some time after.
 *
 * Commits are taken some at a time, for the trees over their changes are in memory until history has been read through.
 * Where retention has removed states of some table, changes of commits before cannot be compared; their headers can.
 */
import { DIGEST_BYTES } from '../../base/sha256.ts';
import { PAUSE, type Task } from '../../base/task.ts';
import { TRANSACTION_COLUMNS as AT, TRANSACTIONS_TABLE_ID } from '../../catalog/system-objects.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { SqlArray } from '../../sql/types/array.ts';
import type { VersionedTable } from '../../table/table.ts';
import { MerkleTree } from '../../txn/proof/merkle.ts';
import { commitHash, type Header, headerText, hexOf, type ProofRow, readRow } from '../../txn/proof/proof-row.ts';
import type { Core } from '../core.ts';
import { commitTrees, isSame } from './commit-tree.ts';
import type { Range } from './history-changes.ts';

/** A moment after every commit. */
const NOW = Number.MAX_SAFE_INTEGER;
export const COMMITS_AT_ONCE = 20_000;
/** Problems told one by one. */
const MOST_PROBLEMS = 100;

export interface Digest {
  readonly seq: number;
  readonly count: number;
  /** In hexadecimal digits, of the tree over all commits. */
  readonly root: string;
}

export interface Verification {
  readonly ok: boolean;
  readonly commits: number;
  readonly from: number | null;
  readonly to: number | null;
  /** Commits of which only the header could be compared: some of their states are beyond retention. */
  readonly headersOnly: number;
  readonly problems: readonly { readonly seq: number; readonly problem: string }[];
}

/** `known`: digests of before, to be among what the chain gives. */
export function* verifyHistory(core: Core, proofs: VersionedTable, known: readonly Digest[]): Task<Verification> {
  const { store, manager } = core;
  const to = manager.published;
  const problems: { seq: number; problem: string }[] = [];
  const tell = (seq: number, problem: string): void => {
    if (problems.length < MOST_PROBLEMS) problems.push({ seq, problem });
  };
  const wanted = new Map(known.map((digest) => [digest.seq, digest]));
  const kept = Math.max(core.historyFrom, ...store.limits().map(([, { historyFrom }]) => historyFrom));
  const chain = { tree: new MerkleTree(), last: new Uint8Array(DIGEST_BYTES) };
  let first: number | null = null;
  let headersOnly = 0;
  for (let from = (yield* firstProof(proofs)) ?? to + 1; from <= to; from += COMMITS_AT_ONCE) {
    const range = { from, to: Math.min(to, from + COMMITS_AT_ONCE - 1) };
    first ??= from;
    const rows = yield* proofsIn(proofs, range);
    const headers = yield* headersIn(store.table(TRANSACTIONS_TABLE_ID), range);
    const trees = yield* commitTrees(store, proofs.id, range, rows, () => undefined);
    for (let seq = range.from; seq <= range.to; seq++) {
      const [row, header] = [rows.get(seq), headers.get(seq)];
      if (row === undefined || header === undefined) {
        tell(seq, row === undefined ? 'its proof is missing' : 'it is missing from drift.transactions');
        continue;
      }
      const { branch } = header;
      // What a branch has changed goes with it.
      const isGone = branch !== undefined && core.lines.state.byId(branch.id) === undefined;
      if (seq <= kept || isGone) headersOnly++;
      else if (trees.get(seq)?.isComplete() !== true) tell(seq, 'its changes are not what they were');
      link(chain, row, header, (problem) => tell(seq, problem));
      const digest = wanted.get(seq);
      if (digest !== undefined && (digest.count !== chain.tree.count || digest.root !== hexOf(chain.tree.root())))
        tell(seq, 'it is not the history that the digest is of');
      wanted.delete(seq);
    }
    yield PAUSE;
  }
  for (const { seq } of wanted.values()) tell(seq, 'the digest is of a commit that is not there');
  const commits = first === null ? 0 : to - first + 1;
  return { ok: problems.length === 0, commits, from: first, to: first === null ? null : to, headersOnly, problems };
}

interface Chain {
  readonly tree: MerkleTree;
  last: Uint8Array;
}

/** Goes on with the next commit. Its own hash is taken over, right or wrong, so that one altered commit is one problem. */
function link(
  chain: Chain,
  row: ProofRow,
  header: Omit<Header, 'changes' | 'root'>,
  tell: (problem: string) => void,
): void {
  const hash = commitHash(chain.last, headerText({ ...header, changes: row.changes, root: row.root }));
  if (!isSame(hash, row.hash)) tell('it is not the commit that was chained to the one before');
  const nodes = chain.tree.append(row.hash);
  const stored = nodes.every((node, i) => isSame(node, row.nodes.subarray(i * DIGEST_BYTES, (i + 1) * DIGEST_BYTES)));
  if (!stored || row.nodes.length !== nodes.length * DIGEST_BYTES)
    tell('nodes of the tree over all commits were altered');
  chain.last = row.hash;
}

/** The first commit that has a proof. */
export function* firstProof(proofs: VersionedTable): Task<number | null> {
  const source = proofs.scan({ seq: NOW, columns: [0], order: 'asc' });
  try {
    const batch = yield* source.next();
    if (batch === null || batch.count === 0) return null;
    return valueAt(batch.columns[0] as Vector, batch.selection?.[0] ?? 0) as number;
  } finally {
    source.close();
  }
}

/** The proofs of commits. */
export function* proofsIn(proofs: VersionedTable, range: Range): Task<Map<number, ProofRow>> {
  const rows = new Map<number, ProofRow>();
  yield* scanRange(proofs, range, (columns, row) => {
    const proof = readRow(columns, row);
    rows.set(proof.seq, proof);
  });
  return rows;
}

export function* headersIn(
  transactions: VersionedTable,
  range: Range,
): Task<Map<number, Omit<Header, 'changes' | 'root'>>> {
  const headers = new Map<number, Omit<Header, 'changes' | 'root'>>();
  yield* scanRange(transactions, range, (columns, row) => {
    const at = (ordinal: number): Value => valueAt(columns[ordinal] as Vector, row);
    const seq = at(AT.seq) as number;
    headers.set(seq, {
      seq,
      timestamp: at(AT.committedAt) as number,
      author: at(AT.author) as string | null,
      message: at(AT.message) as string | null,
      metadata: at(AT.metadata) as string | null,
      tables: (at(AT.tables) as SqlArray).elements as readonly string[],
      branch: at(AT.branchId) === null ? undefined : { id: Number(at(AT.branchId)), name: at(AT.branch) as string },
    });
  });
  return headers;
}

/** The current rows whose key, a commit, is in a range. */
function* scanRange(
  table: VersionedTable,
  { from, to }: Range,
  take: (columns: readonly Vector[], row: number) => void,
): Task<void> {
  const source = table.scan({
    seq: NOW,
    columns: table.columns.map((_, ordinal) => ordinal),
    range: { low: from, lowInclusive: true, high: to, highInclusive: true },
  });
  try {
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next())
      for (let i = 0; i < batch.count; i++)
        take(batch.columns, batch.selection === null ? i : (batch.selection[i] as number));
  } finally {
    source.close();
  }
}
