/**
 * RowGuard: row locks as the statements of one transaction take them, and what has become of a row meanwhile.
 *
 * A statement finds its rows at its snapshot. Before it writes one it locks it, which may take until another
 * transaction ends; then `fateOf` says whether the row is still the one that was found. READ COMMITTED goes on with
 * the newest version (exec/modify/reevaluate.ts), the other levels give up (40001).
 */
import type { Keys } from '../../base/key-set.ts';
import { DriftError } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import { type Key, MISS, type RowRef, type VersionedTable, type VersionedIndex } from '../../table/table.ts';
import { takenOrder } from '../own-order.ts';
import { TableWrites } from '../table-writes.ts';
import type { Transaction } from '../transaction.ts';
import { type Blocked, claimRows, takeRows, waitForOwners, waitForRow } from './manager.ts';
import type { LockSpace } from './space.ts';

export interface GuardParts {
  readonly space: LockSpace;
  readonly host: Host;
  readonly transaction: Transaction;
  table(id: number): VersionedTable;
  /** The newest commit that readers see. */
  published(): number;
  /** Sees no conflicts: for tests. */
  readonly blind: boolean;
}

/** A table as errors name it. */
export interface Named {
  readonly id: number;
  readonly name: string;
}

/** `same`: as the snapshot has it (or the transaction's own); `changed`, `gone`: others have committed since. */
export type Fate = 'same' | 'changed' | 'gone';

export class RowGuard {
  readonly #parts: GuardParts;

  constructor(parts: GuardParts) {
    this.#parts = parts;
  }

  /** Whether a statement goes on with the newest version of a row that others have changed. */
  get readsCommitted(): boolean {
    return this.#parts.transaction.readsCommitted;
  }

  /** Whether other transactions have locks or uncommitted rows in a table. */
  isShared(tableId: number): boolean {
    return !this.#parts.blind && this.#parts.space.rows.get(tableId)?.isShared(this.#parts.transaction) === true;
  }

  /** As `isShared`, for keys that rows are about to take. */
  sharesKeys(tableId: number): boolean {
    return this.#parts.space.rows.get(tableId)?.isShared(this.#parts.transaction) === true;
  }

  /** Whether others have committed changes to a table since the snapshot. */
  isStale(tableId: number): boolean {
    return !this.#parts.blind && this.#parts.table(tableId).lastChange > this.#parts.transaction.snapshot;
  }

  /** Waits until nobody is in the way of locking a row; says whether it had to. Takes nothing. */
  *wait(table: Named, key: Key, mode: number): Task<boolean> {
    const { space, host, transaction } = this.#parts;
    if (!this.isBlocked(table.id, key, mode)) return false;
    yield* waitForRow(space, host, transaction, key, { tableId: table.id, name: table.name, mode, blocked: 'block' });
    return true;
  }

  /** As `wait`, with NOWAIT and SKIP LOCKED; false where the row is to be skipped. */
  waitOr(table: Named, key: Key, mode: number, blocked: Blocked): Task<boolean> {
    const { space, host, transaction } = this.#parts;
    return waitForRow(space, host, transaction, key, { tableId: table.id, name: table.name, mode, blocked });
  }

  isBlocked(tableId: number, key: Key, mode: number): boolean {
    const { space, transaction } = this.#parts;
    return (space.rows.get(tableId)?.inTheWay(transaction, key, mode).length ?? 0) > 0;
  }

  take(tableId: number, keys: readonly Key[], mode: number): void {
    takeRows(this.#parts.space, this.#parts.transaction, tableId, keys, mode);
  }

  /** Holds the rows of a set, to which more may be added, until they are written. */
  claim(tableId: number, keys: Keys, mode: number): { drop(): void } {
    return claimRows(this.#parts.space, this.#parts.transaction, tableId, keys, mode);
  }

  /** The other transactions that have an uncommitted row with a key, or with values of a unique index. */
  keyOwners(
    tableId: number,
    key: Key | null,
    values: readonly (readonly [VersionedIndex, readonly Value[]])[],
  ): readonly Transaction[] {
    const { space, transaction } = this.#parts;
    const locks = space.rows.get(tableId);
    if (locks === undefined) return [];
    const owners = new Set(key === null ? [] : locks.inserting(transaction, key));
    for (const [tree, wanted] of values) {
      const range = tree.prefixRange(wanted);
      for (const { owner, writes } of locks.writers.items) {
        if (owner === transaction || writes.count === 0) continue;
        if (takenOrder(writes, tree.id).holds(writes, range, tree, tree.sources)) owners.add(owner);
      }
    }
    return [...owners];
  }

  /** Transactions that had uncommitted rows when this one wrote rows with the same deferred keys. */
  get earlier(): ReadonlySet<Transaction> {
    return earlier.get(this.#parts.transaction) ?? NOBODY;
  }

  noteEarlier(owners: readonly Transaction[]): void {
    const { transaction } = this.#parts;
    let noted = earlier.get(transaction);
    if (noted === undefined && owners.length > 0) earlier.set(transaction, (noted = new Set()));
    for (const owner of owners) noted?.add(owner);
  }

  /**
   * A key that is taken (cells of all key columns), at SERIALIZABLE: throws 40001 where the one who took it has read it
   * as well as this transaction. So a program that looks before it inserts learns that it came too late, not that it erred.
   */
  checkTaken(tableId: number, cells: readonly Value[]): void {
    const { transaction } = this.#parts;
    if (transaction.serial === null) return;
    const table = this.#parts.table(tableId);
    const writes = new TableWrites(table.columns);
    const row = table.columns.map(
      (_, ordinal) => cells[table.key.findIndex(({ column }) => column === ordinal)] ?? null,
    );
    writes.put(table.encodeKey(cells), row, false, null);
    transaction.serial.check({ tableId, writes });
  }

  /** Throws 40001 where what a SERIALIZABLE transaction has written cannot be part of a serial order. */
  checkSerial(): void {
    this.#parts.transaction.serial?.check();
  }

  /** Waits until one of them lets go of something. */
  waitForOwners(table: Named, owners: readonly Transaction[]): Task<void> {
    const { space, host, transaction } = this.#parts;
    return waitForOwners(space, host, transaction, owners, { tableId: table.id, name: table.name });
  }

  /** The newest version of a row. */
  *newest(tableId: number, key: Key): Task<RowRef | null> {
    const table = this.#parts.table(tableId);
    for (;;) {
      const seq = this.#parts.published();
      const found = table.find(key, seq);
      if (found !== MISS) return found;
      yield* table.load(key, seq);
    }
  }

  /** What others have done to a row since the snapshot. REQUIRES: the row is locked, so that the answer stays. */
  *fateOf(tableId: number, key: Key): Task<Fate> {
    const { transaction } = this.#parts;
    const own = transaction.writes(tableId);
    if (own !== null && own.latestEntry(key) >= 0) return 'same';
    const found = yield* this.newest(tableId, key);
    if (found === null) return 'gone';
    return found.from > transaction.snapshot ? 'changed' : 'same';
  }
}

const earlier = new WeakMap<Transaction, Set<Transaction>>();
const NOBODY: ReadonlySet<Transaction> = new Set();

/** The error of a level that keeps its snapshot. */
export function concurrentChange(fate: Exclude<Fate, 'same'>): DriftError {
  return new DriftError(
    '40001',
    `could not serialize access due to concurrent ${fate === 'gone' ? 'delete' : 'update'}`,
    { hint: 'The transaction might succeed if retried.' },
  );
}
