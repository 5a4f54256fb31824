/**
 * TransactionManager: snapshots out, commits in. The commit pipeline of DESIGN §6.
 *
 *     validate  first committer wins; constraints again, if others committed since the snapshot (may wait)
 *     prepare   leaves that the changes touch come into memory and are held there (may wait)
 *     ───────── from here nothing waits: the order of commits is the order of these steps ─────────
 *     number    seq = last + 1, a strictly greater timestamp
 *     log       frames into the log's buffer
 *     apply     row versions into the tables, the transaction's row into drift.transactions
 *     ─────────
 *     sync      one write and one flush, shared by all who are waiting
 *     publish   new snapshots see the commit; the caller gets its answer
 *
 * Applied but unpublished commits are invisible (their `from` is beyond every snapshot) but do count for validation.
 *
 * Invariants: sequence numbers are dense and ascend in the log; `published <= applied`; timestamps ascend strictly with
 * sequence numbers and exceed every timestamp that an AS OF reader was served; after a failed flush nothing is
 * published any more and every later commit fails with 58030, while reads go on.
 */
import { assert, DriftError } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import { type MaybePromise, run, type Task, wait } from '../base/task.ts';
import type { Value, Vector } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import { CatalogState } from '../catalog/catalog.ts';
import { CATALOG_TABLE_ID, FIRST_USER_ID, TRANSACTIONS_TABLE_ID } from '../catalog/system-objects.ts';
import { definitionText } from '../catalog/user-types.ts';
import type { CommitLog } from '../log/commit-log.ts';
import type { LogFrame } from '../log/frame.ts';
import { commitBytes } from '../log/room.ts';
import {
  type Key,
  MISS,
  OP_DELETE,
  OP_INSERT,
  OP_UPDATE,
  type RowChanges,
  type TreeColumn,
  type VersionedTable,
} from '../table/table.ts';
import { sameCell } from '../table/gather.ts';
import type { PreparedChanges, TableStore } from '../table/store.ts';
import { refuseCatalogConflicts } from './catalog-conflicts.ts';
import type { StatementReader } from './api.ts';
import { encodeChanges, encodeSequence, type SequenceValue } from './change-codec.ts';
import { CatalogHistory } from './catalog-history.ts';
import { SnapshotTableReader } from './table-reader.ts';
import { FrozenWrites } from './frozen-writes.ts';
import { type OwnWrites, TableWrites } from './table-writes.ts';
import { TimeLine } from './time-line.ts';
import { type CommitInfo, NO_COMMIT_INFO, Transaction } from './transaction.ts';

export type Durability = 'full' | 'relaxed';

export interface ManagerParts {
  readonly store: TableStore;
  readonly log: CommitLog;
  readonly host: Host;
  readonly durability: Durability;
  /** Newest commit after recovery, and its timestamp in µs (0 and -Infinity for a new database: its first commit may be of any time). */
  readonly lastSeq: number;
  readonly lastTimestamp: number;
  /** Moments before this one are not there. */
  readonly historyFrom?: number | undefined;
  readonly catalog: CatalogState;
  /** Makes the boxed text[] of drift.transactions.tables. */
  readonly textArray: (names: readonly string[]) => Value;
  /** Ends the tables and indexes that commit `seq` has dropped. */
  readonly endStructures: (before: CatalogState, after: CatalogState, seq: number) => void;
}

/** Room in the log for the values of sequences: some 40 bytes each. */
const SEQUENCES_BYTES = 1024;

/** Verifies constraints of a transaction's writes against a newer state than its snapshot; throws their errors. */
export type Recheck = (reader: StatementReader) => Task<void>;

export class TransactionManager {
  readonly store: TableStore;
  readonly timeLine: TimeLine;
  readonly catalogs: CatalogHistory;
  readonly #log: CommitLog;
  readonly #host: Host;
  readonly #durability: Durability;
  readonly #parts: ManagerParts;
  #applied: number;
  #published: number;
  #lastTimestamp: number;
  #appliedCatalog: CatalogState;
  #catalog: CatalogState;
  #syncing: Promise<void> | null = null;
  #lastNames: { readonly names: readonly string[]; readonly array: Value } = { names: ['?'], array: null };
  /** Called after each publication: live queries, change feeds, the checkpoint trigger. */
  onPublish: ((seq: number) => void) | undefined;
  /** What a commit waits for when commits have followed each other for long: others get a turn. Null mostly. */
  turn: (() => Promise<void> | null) | undefined;

  constructor(parts: ManagerParts) {
    this.store = parts.store;
    this.#log = parts.log;
    this.#host = parts.host;
    this.#durability = parts.durability;
    this.#parts = parts;
    this.#applied = parts.lastSeq;
    this.#published = parts.lastSeq;
    this.#lastTimestamp = parts.lastTimestamp;
    this.#appliedCatalog = parts.catalog;
    this.#catalog = parts.catalog;
    const newest = (): { seq: number; timestamp: number } => ({ seq: this.#published, timestamp: this.#lastTimestamp });
    this.timeLine = new TimeLine(parts.store, parts.host, newest, parts.historyFrom);
    this.catalogs = new CatalogHistory(parts.store, () => this.#catalog);
  }

  /** Newest sequence number that readers see. */
  get published(): number {
    return this.#published;
  }

  get appliedSeq(): number {
    return this.#applied;
  }

  /** Why no commit is taken any more, if so. */
  get failed(): DriftError | undefined {
    return this.#log.failed;
  }

  get lastTimestamp(): number {
    return this.#lastTimestamp;
  }

  /** The catalog as of `appliedSeq`. */
  get appliedCatalog(): CatalogState {
    return this.#appliedCatalog;
  }

  get catalog(): CatalogState {
    return this.#catalog;
  }

  /** `temp`: schema of the session's temporary objects. */
  begin(
    options: { readonly readOnly?: boolean; readonly info?: CommitInfo; readonly temp?: string | null } = {},
  ): Transaction {
    const { temp = null } = options;
    return new Transaction(this.#published, temp === null ? this.#catalog : this.#catalog.forSession(temp), {
      readOnly: options.readOnly === true,
      startedAt: this.#host.now(),
      info: options.info ?? NO_COMMIT_INFO,
    });
  }

  /**
   * Tables as a statement sees them: the transaction's snapshot with its own writes, or a past moment without.
   * `frozen`: the own writes to see, instead of all.
   */
  reader(transaction: Transaction, asOf: number | null, frozen?: ReadonlyMap<number, OwnWrites>): StatementReader {
    const snapshot = asOf ?? transaction.snapshot;
    const timeLine = this.timeLine;
    const store = this.store;
    const ownWrites = (tableId: number): OwnWrites | null =>
      frozen === undefined ? transaction.writes(tableId) : (frozen.get(tableId) ?? null);
    return {
      snapshot,
      table(tableId: number, seq?: number): SnapshotTableReader {
        const at = seq ?? snapshot;
        const own = seq === undefined && asOf === null ? ownWrites(tableId) : null;
        return new SnapshotTableReader(store.table(tableId), at, own);
      },
      seqAt: (micros) => timeLine.seqAt(micros),
      timestampsOf: (seqs, count) => timeLine.timestampsOf(seqs, count),
    };
  }

  /** A reader of the transaction's state of now, whatever the statement that reads goes on to write. */
  frozenReader(transaction: Transaction): StatementReader {
    const frozen = new Map(transaction.written().map(([id, writes]) => [id, new FrozenWrites(writes)]));
    return this.reader(transaction, null, frozen);
  }

  /** Commits; returns the sequence number, or null when there was nothing to commit. */
  *commit(
    transaction: Transaction,
    options: {
      readonly recheck?: Recheck;
      /** Gives the sequence values to log; asked only if there is a commit. */
      readonly sequences?: () => readonly SequenceValue[];
      readonly durability?: Durability;
    } = {},
  ): Task<number | null> {
    if (!transaction.hasChanges) return null;
    if (this.#log.failed !== undefined) throw this.#log.failed;
    const all = yield* this.#changesOf(transaction);
    const prepared: PreparedChanges[] = [];
    let seq: number;
    try {
      let frames: LogFrame[];
      let changes: PreparedChanges[];
      for (;;) {
        yield* this.#prepare(transaction, all, prepared, options.recheck);
        changes = prepared.filter((change) => this.#hasEffect(change));
        if (changes.length === 0) return null;
        frames = changes.flatMap(({ tableId, changes: rows }) =>
          encodeChanges(tableId, rows, this.store.table(tableId).columns),
        );
        const { author, message, metadata, clientId } = transaction.info;
        const bytes = commitBytes(frames, [author, message, metadata, clientId]) + SEQUENCES_BYTES;
        if (this.#log.hasRoom(bytes)) break;
        // Others may commit while this waits. A full medium ends the commit here, before it has changed anything.
        yield* this.#log.reserve(bytes);
      }
      for (const value of options.sequences?.() ?? []) frames.push(encodeSequence(value));
      seq = this.#append(transaction, changes, frames);
    } finally {
      for (const part of prepared) part.release();
    }
    yield* wait(this.sync(options.durability ?? this.#durability));
    this.#publish(seq);
    const turn = this.turn?.() ?? null;
    if (turn !== null) yield turn;
    return seq;
  }

  rollback(transaction: Transaction): void {
    transaction.rollback();
  }

  /** Shares one write and flush among all commits appended in the same turn. */
  sync(durability: Durability): MaybePromise<void> {
    if (durability === 'relaxed') return run(this.#log.sync('relaxed'));
    this.#syncing ??= Promise.resolve().then(() => {
      this.#syncing = null;
      return run(this.#log.sync('full'));
    });
    return this.#syncing;
  }

  /** Validates and prepares until nobody has committed in between; then the rest can go without waiting. */
  *#prepare(
    transaction: Transaction,
    changes: readonly TableChanges[],
    prepared: PreparedChanges[],
    recheck: Recheck | undefined,
  ): Task<void> {
    let seen: number;
    do {
      seen = this.#applied;
      for (const part of prepared) part.release();
      prepared.length = 0;
      if (seen > transaction.snapshot) {
        for (const change of changes) yield* this.#firstCommitterWins(transaction, change);
        this.#checkCatalogConflict(transaction);
        if (recheck !== undefined) {
          const latest = this.#latestReader(transaction, seen);
          yield* recheck(latest);
        }
      }
      for (const { tableId, changes: rows } of changes) prepared.push(yield* this.store.prepare(tableId, rows));
      yield* this.store.loadEnd(TRANSACTIONS_TABLE_ID);
    } while (this.#applied !== seen);
  }

  /** False where every row is afterwards as it was: such a change makes no version and no commit. */
  #hasEffect({ tableId, changes }: TableChanges): boolean {
    const table = this.store.table(tableId);
    for (let entry = 0; entry < changes.count; entry++) {
      const op = changes.ops[entry];
      if (op === OP_INSERT || op === OP_DELETE) return true;
      if (op !== OP_UPDATE) continue;
      const found = table.find(changes.keys[entry] as Key, this.#applied);
      if (found === MISS || found === null) return true;
      for (let c = 0; c < table.columns.length; c++) {
        const [before, after] = [found.columns[c] as Vector, changes.rows[c] as Vector];
        if (!sameCell(before, found.row, after, entry, (table.columns[c] as TreeColumn).format)) return true;
      }
    }
    return false;
  }

  #latestReader(transaction: Transaction, seq: number): StatementReader {
    const store = this.store;
    const reader = this.reader(transaction, null);
    return {
      ...reader,
      snapshot: seq,
      table: (tableId, at) => new SnapshotTableReader(store.table(tableId), at ?? seq, transaction.writes(tableId)),
    };
  }

  /** A key that somebody else changed after the snapshot makes the transaction fail (40001). */
  *#firstCommitterWins(transaction: Transaction, { tableId, changes }: TableChanges): Task<void> {
    const table = this.store.table(tableId);
    if (table.lastChange <= transaction.snapshot) return;
    for (let entry = 0; entry < changes.count; entry++) {
      const op = changes.ops[entry];
      if (op !== OP_INSERT && op !== OP_UPDATE && op !== OP_DELETE) continue;
      const key = changes.keys[entry] as Key;
      const found = yield* findLoaded(table, key, this.#applied);
      if (op === OP_INSERT && found !== null) {
        throw new DriftError('23505', 'duplicate key value: a concurrent transaction inserted the same key', {
          detail: `Key ${String(key)}.`,
        });
      }
      if (op !== OP_INSERT && (found === null || found.from > transaction.snapshot)) throw serializationFailure();
    }
  }

  #checkCatalogConflict(transaction: Transaction): void {
    if (transaction.hasDdl) {
      refuseCatalogConflicts({
        changes: transaction.catalogChanges(),
        applied: this.#appliedCatalog,
        snapshot: transaction.snapshot,
        lastChange: (id) => this.store.table(id).lastChange,
        writes: (id) => transaction.writes(id) !== null,
      });
    }
    if (this.#appliedCatalog.version <= transaction.snapshot) return;
    for (const { id } of transaction.catalogChanges()) {
      if (this.#appliedCatalog.byId(id) !== undefined && this.#changedSince(id, transaction.snapshot))
        throw serializationFailure();
    }
    for (const [tableId] of transaction.written()) {
      const before = transaction.catalog.byId(tableId);
      const now = this.#appliedCatalog.byId(tableId);
      if (
        now === undefined &&
        before !== undefined &&
        tableId > TRANSACTIONS_TABLE_ID &&
        !this.#isOwn(transaction, tableId)
      ) {
        throw serializationFailure();
      }
      if (now !== undefined && !this.#isOwn(transaction, tableId) && JSON.stringify(now) !== JSON.stringify(before))
        throw serializationFailure();
    }
  }

  #isOwn(transaction: Transaction, id: number): boolean {
    return transaction.catalogChanges().some((change) => change.id === id);
  }

  #changedSince(id: number, snapshot: number): boolean {
    const found = this.store.table(CATALOG_TABLE_ID).find(id, this.#applied);
    return found === MISS || (found !== null && found.from > snapshot);
  }

  *#changesOf(transaction: Transaction): Task<TableChanges[]> {
    const list: TableChanges[] = transaction
      .written()
      .map(([tableId, writes]) => ({ tableId, changes: writes.changes() }));
    const catalog = transaction.catalogChanges();
    if (catalog.length > 0) {
      const table = this.store.table(CATALOG_TABLE_ID);
      const writes = new TableWrites(table.columns);
      for (const { id, object } of catalog) {
        const old = this.#catalog.byId(id);
        const existed = id < FIRST_USER_ID ? (yield* findLoaded(table, id, this.#applied)) !== null : old !== undefined;
        if (object !== null) writes.put(id, [id, definitionText(object)], existed, null);
        else if (old?.kind === 'schema' && id < FIRST_USER_ID)
          writes.put(id, [id, definitionText({ ...old, dropped: true })], existed, null);
        else if (existed) writes.delete(id, true);
      }
      list.unshift({ tableId: CATALOG_TABLE_ID, changes: writes.changes() });
    }
    return list;
  }

  /** The steps that do not wait. */
  #append(transaction: Transaction, changes: readonly PreparedChanges[], frames: readonly LogFrame[]): number {
    const timestamp = this.#timestamp(transaction.info);
    const seq = this.#applied + 1;
    const { author, message, metadata, clientId } = transaction.info;
    this.#log.append({ seq, timestamp, author, message, metadata, clientId, frames });
    for (const change of changes) this.store.apply(seq, change);
    const names = touchedTables(
      [...changes.map(({ tableId }) => tableId), ...transaction.catalogChanges().map(({ id }) => id)],
      transaction.catalog,
      this.#appliedCatalog,
    );
    const row = transactionRow(this.store.table(TRANSACTIONS_TABLE_ID), [
      seq,
      timestamp,
      author,
      message,
      metadata,
      this.#textArray(names),
    ]);
    this.store.append(TRANSACTIONS_TABLE_ID, seq, row);
    this.#applied = seq;
    this.#lastTimestamp = timestamp;
    if (transaction.hasDdl) {
      const before = this.#appliedCatalog;
      this.#appliedCatalog = before.apply(seq, transaction.catalogChanges());
      this.#parts.endStructures(before, this.#appliedCatalog, seq);
      this.catalogs.noteDdl(seq);
    }
    return seq;
  }

  /** Commits of one kind follow each other: the last array of names is mostly the next one too. */
  #textArray(names: readonly string[]): Value {
    const last = this.#lastNames;
    if (names.length !== last.names.length || names.some((name, i) => name !== last.names[i]))
      this.#lastNames = { names, array: this.#parts.textArray(names) };
    return this.#lastNames.array;
  }

  #timestamp(info: CommitInfo): number {
    const floor = Math.max(this.#lastTimestamp, this.timeLine.served) + 1;
    if (info.timestamp === null) return Math.max(this.#host.now(), floor);
    if (!Number.isSafeInteger(info.timestamp))
      throw new DriftError('22023', `commit timestamp ${info.timestamp} is not a number of microseconds`);
    if (info.timestamp < floor) {
      throw new DriftError('22023', 'commit timestamp must be later than the last commit and every time already read', {
        detail: `Given ${info.timestamp} µs, the earliest possible is ${floor} µs since 1970-01-01 UTC.`,
      });
    }
    if (info.timestamp > this.#host.now()) throw new DriftError('22023', 'commit timestamp must not be in the future');
    return info.timestamp;
  }

  #publish(seq: number): void {
    assert(seq <= this.#applied, 'publishing a commit that was not applied');
    if (seq > this.#published) this.#published = seq;
    if (this.#appliedCatalog !== this.#catalog && this.#appliedCatalog.version <= this.#published)
      this.#catalog = this.#appliedCatalog;
    this.onPublish?.(this.#published);
  }
}

interface TableChanges {
  readonly tableId: number;
  readonly changes: RowChanges;
}

/** Finds a key, loading what is not in memory. */
export function* findLoaded(table: VersionedTable, key: Key, seq: number): Task<{ readonly from: number } | null> {
  for (;;) {
    const found = table.find(key, seq);
    if (found !== MISS) return found;
    yield* table.load(key, seq);
  }
}

/** Names of the tables among the objects that a commit touched, the catalog's own aside, sorted; dropped ones by their last name. */
export function touchedTables(ids: readonly number[], catalog: CatalogState, before: CatalogState): string[] {
  const names = new Set<string>();
  for (const id of ids) {
    const object = catalog.byId(id) ?? before.byId(id);
    if (object?.kind === 'table' && id !== CATALOG_TABLE_ID) names.add(object.name);
  }
  return [...names].sort();
}

/** One row for drift.transactions as a change set. */
export function transactionRow(table: VersionedTable, values: readonly Value[]): RowChanges {
  const rows: Vector[] = values.map((value, c) => {
    const column = table.columns[c];
    assert(column !== undefined, 'drift.transactions has fewer columns than its row');
    const builder = new VectorBuilder(column.format, 1);
    builder.append(value);
    return builder.view();
  });
  return { count: 1, ops: new Uint8Array([OP_INSERT]), keys: [values[0] as number], rows, assigned: [null] };
}

function serializationFailure(): DriftError {
  return new DriftError('40001', 'could not serialize access due to concurrent update', {
    hint: 'The transaction might succeed if retried.',
  });
}
