/**
 * Prover: gives each commit its proof (proof-row.ts), in the steps of a commit that do not wait.
 *
 * It knows the hash of the last commit and the peaks of the tree over all of them; after an opening both come from
 * the rows of drift.proofs. What is hashed is what will be in the history: updates that change nothing are left out, as
 * `apply` leaves them out, and so is drift.proofs itself, which ERASE changes.
 */
import type { Host } from '../../base/host.ts';
import { assert } from '../../base/error.ts';
import { DIGEST_BYTES, sha256 } from '../../base/sha256.ts';
import { PAUSE, type Task } from '../../base/task.ts';
import type { Vector } from '../../base/vector.ts';
import type { Catalog } from '../../catalog/schema.ts';
import type { LogFrame } from '../../log/frame.ts';
import { BulkChanges } from '../../table/bulk-changes.ts';
import { sameCell } from '../../table/gather.ts';
import type { PreparedChanges, TableStore } from '../../table/store.ts';
import {
  type Key,
  MISS,
  OP_DELETE,
  OP_INSERT,
  OP_UPDATE,
  type RowChanges,
  type VersionedTable,
} from '../../table/table.ts';
import { encodeChanges } from '../change-codec.ts';
import { transactionRow } from '../transaction-row.ts';
import { encodeGone, encodeRow } from './change.ts';
import { lastLeafOf, MerkleTree, type Place, peaksOf, TAG } from './merkle.ts';
import { commitHash, headerText, type Header, type ProofRow, readRow, rowValues } from './proof-row.ts';
import { Salts } from './salts.ts';

/** A moment after every commit. */
const NOW = Number.MAX_SAFE_INTEGER;

/** Entries looked at, and changes hashed, between two pauses. */
const SLICE_ENTRIES = 1024;
const SLICE_HASHES = 128;

/** A tree over the changes of a commit. */
export interface HashedChanges {
  readonly salts: Salts;
  readonly tree: MerkleTree;
}

/** A commit that is about to be logged. */
export interface Proving extends Omit<Header, 'changes' | 'root'> {
  readonly changed: readonly PreparedChanges[];
  /** With the commit's own definitions. */
  readonly catalog: Catalog;
  /** The newest commit before it. */
  readonly applied: number;
}

export interface Proof {
  readonly row: RowChanges;
  readonly frames: readonly LogFrame[];
  /** Where the chain stands with it. */
  readonly next: Chain;
}

interface Chain {
  readonly tree: MerkleTree;
  /** Hash of the last commit. */
  readonly last: Uint8Array;
}

export class Prover {
  readonly tableId: number;
  readonly #store: TableStore;
  readonly #host: Host;
  #chain: Chain | null = null;

  constructor(store: TableStore, tableId: number, host: Host) {
    this.tableId = tableId;
    this.#store = store;
    this.#host = host;
  }

  /** Readies the next proof: `prove` waits for nothing as long as nobody commits in between. `applied`: the newest commit. */
  *prepare(applied: number): Task<void> {
    yield* this.#store.loadEnd(this.tableId);
    this.#chain ??= yield* chainOf(this.#store.table(this.tableId), applied);
  }

  /** The proof of a commit. REQUIRES: `prepare` just before. `hashed`: its changes, where they have been hashed before. */
  prove(commit: Proving, hashed: HashedChanges = atOnce(this.hash(commit))): Proof {
    const chain = this.#chain;
    assert(chain !== null, 'a prover that was not prepared');
    const { salts, tree: changes } = hashed;
    const root = changes.root();
    const hash = commitHash(chain.last, headerText({ ...commit, changes: changes.count, root }));
    const tree = new MerkleTree(chain.tree.count, chain.tree.peaks);
    const nodes = joined(tree.append(hash));
    const table = this.#store.table(this.tableId);
    const proof = { seq: commit.seq, changes: changes.count, root, hash, nodes, salts: salts.encode() };
    const row = transactionRow(table, rowValues(proof));
    return { row, frames: encodeChanges(this.tableId, row, table.columns), next: { tree, last: hash } };
  }

  /** The commit is in the log: the next one is chained to it. */
  publish(seq: number, { row, next }: Proof): void {
    this.#store.append(this.tableId, seq, row);
    this.#chain = next;
  }

  /** Hashes changes that are not applied yet. REQUIRES: nobody else changes their tables meanwhile. */
  *hash({ changed, catalog, applied }: Pick<Proving, 'changed' | 'catalog' | 'applied'>): Hashing {
    const kept: { readonly tableId: number; readonly changes: RowChanges; readonly entries: readonly number[] }[] = [];
    for (const one of changed.flatMap((change) => change.pieces ?? [change])) {
      if (one.tableId === this.tableId || one.isDerived === true) continue;
      kept.push({ ...one, entries: yield* effective(this.#store.table(one.tableId), one, applied) });
    }
    kept.sort((a, b) => a.tableId - b.tableId);
    const count = kept.reduce((sum, { entries }) => sum + entries.length, 0);
    const seed = new Uint8Array(DIGEST_BYTES);
    this.#host.randomBytes(seed);
    const salts = Salts.from(seed, count);
    const tree = new MerkleTree();
    for (const { tableId, changes, entries } of kept) {
      const table = this.#store.table(tableId);
      const object = catalog.byId(tableId);
      const width = object?.kind === 'table' ? object.nextColumnId : table.columns.length;
      const { columns } = table;
      for (const row of entries) {
        const key = changes.keys[row] as Key;
        const change =
          changes.ops[row] === OP_DELETE
            ? encodeGone(tableId, key)
            : encodeRow(tableId, key, { columns, vectors: changes.rows, row, width });
        tree.append(sha256(TAG.change, salts.at(tree.count) as Uint8Array, change));
        if (tree.count % SLICE_HASHES === 0) yield PAUSE;
      }
    }
    return { salts, tree };
  }
}

/** A task that has nothing to wait for. */
type Hashing = Generator<typeof PAUSE, HashedChanges, unknown>;

/** The same without pauses. */
function atOnce(hashing: Hashing): HashedChanges {
  for (;;) {
    const step = hashing.next();
    if (step.done === true) return step.value;
  }
}

/** Entries that make a version or end one, by key. */
function* effective(
  table: VersionedTable,
  prepared: PreparedChanges,
  applied: number,
): Generator<typeof PAUSE, readonly number[], unknown> {
  const { changes } = prepared;
  const order = prepared instanceof BulkChanges ? prepared.order : null;
  const entries: number[] = [];
  for (let at = 0; at < (order?.length ?? changes.count); at++) {
    const entry = order === null ? at : (order[at] as number);
    const op = changes.ops[entry];
    if (op === OP_INSERT || op === OP_DELETE || (op === OP_UPDATE && differs(table, changes, entry, applied)))
      entries.push(entry);
    if (at % SLICE_ENTRIES === SLICE_ENTRIES - 1) yield PAUSE;
  }
  if (order !== null) return entries;
  const { keys } = changes;
  const isSorted = entries.every(
    (entry, i) => i === 0 || (keys[entries[i - 1] as number] as Key) < (keys[entry] as Key),
  );
  if (!isSorted) entries.sort((a, b) => ((keys[a] as Key) < (keys[b] as Key) ? -1 : 1));
  return entries;
}

function differs(table: VersionedTable, changes: RowChanges, entry: number, applied: number): boolean {
  const found = table.find(changes.keys[entry] as Key, applied);
  assert(found !== MISS, 'the leaf of a prepared change is in memory');
  if (found === null) return true;
  return table.columns.some(
    ({ format }, c) => !sameCell(found.columns[c] as Vector, found.row, changes.rows[c] as Vector, entry, format),
  );
}

/** What the rows that are there say of the commits so far. */
function* chainOf(table: VersionedTable, last: number): Task<{ readonly tree: MerkleTree; last: Uint8Array }> {
  const count = table.rowCount;
  if (count === 0) return { tree: new MerkleTree(), last: new Uint8Array(DIGEST_BYTES) };
  const first = last - count + 1;
  const peaks: Uint8Array[] = [];
  for (const place of peaksOf(count)) peaks.push(yield* nodeAt(table, first, place));
  return { tree: new MerkleTree(count, peaks), last: (yield* proofAt(table, last)).hash };
}

/** A node of the tree over all commits; `first`: the commit that is its first leaf. */
export function* nodeAt(table: VersionedTable, first: number, place: Place): Task<Uint8Array> {
  const { hash, nodes } = yield* proofAt(table, first + lastLeafOf(place));
  if (place.height === 0) return hash;
  return nodes.slice((place.height - 1) * DIGEST_BYTES, place.height * DIGEST_BYTES);
}

/** The proof of a commit, as it is now. */
export function* proofAt(table: VersionedTable, seq: number): Task<ProofRow> {
  for (;;) {
    const found = table.find(seq, NOW);
    assert(found !== null, 'each commit has a proof');
    if (found !== MISS) return readRow(found.columns, found.row);
    yield* table.load(seq, NOW);
  }
}

function joined(nodes: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(nodes.length * DIGEST_BYTES);
  nodes.forEach((node, i) => bytes.set(node, i * DIGEST_BYTES));
  return bytes;
}
