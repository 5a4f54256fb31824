/**
 * SERIALIZABLE: snapshots whose read/write dependencies are watched (Cahill, Röhm, Fekete 2008; Ports and Grittner 2012).
 *
 * T depends on U by rw when T has read something of before a write of U that runs beside it: T must come before U in a
 * serial order. Every anomaly of snapshots has two such edges in a row, T1 → T2 → T3, where T3 is the first of the three
 * to commit. So a transaction fails (40001) when it would complete such a row:
 *
 *     as T2   someone beside it has read what it wrote, and it has read what a committed T3 wrote
 *     as T1   it has read what a committed T2 wrote, which had read what an earlier T3 wrote
 *
 * The first of them to commit never fails. Nothing is noted at a write: write sets and reads (reads.ts) are compared
 * when a transaction commits, and after each statement of it, so that it learns early. A T1 that has only read matters
 * only if T3 had committed before its snapshot; a read-only transaction that starts while no writer runs is not watched.
 *
 * What it needs is kept until the last transaction that ran beside it has ended.
 */
import { DriftError } from '../../base/error.ts';
import type { TableStore } from '../../table/store.ts';
import type { TableReader } from '../api.ts';
import type { TableWrites } from '../table-writes.ts';
import type { Transaction, Unwritten, Watched } from '../transaction.ts';
import { meets, NotingReader, TableReads } from './reads.ts';

export class SerialSpace {
  readonly store: TableStore;
  readonly active: Set<Serial> = new Set();
  /** Those that have committed and that an active one runs beside, in order. */
  committed: Serial[] = [];
  /** Transactions that failed here, for measuring. */
  failures = 0;
  /** Tests switch parts off to see that they are needed. */
  readonly ignore: string | null;

  constructor(store: TableStore, ignore: string | null = null) {
    this.store = store;
    this.ignore = ignore;
  }

  /** Watches a transaction from its first statement on; null where that is not needed. */
  join(transaction: Transaction): Serial | null {
    if (transaction.readOnly && ![...this.active].some((other) => !other.transaction.readOnly)) return null;
    return new Serial(this, transaction);
  }

  /** Forgets what no active transaction runs beside. */
  prune(): void {
    let oldest = Infinity;
    for (const { snapshot } of this.active) oldest = Math.min(oldest, snapshot);
    if (this.committed.length > 0) this.committed = this.committed.filter(({ end }) => end > oldest);
  }
}

export class Serial implements Watched {
  readonly transaction: Transaction;
  readonly snapshot: number;
  readonly reads: Map<number, TableReads> = new Map();
  readonly #space: SerialSpace;
  /** When it committed: its sequence number, or half a number behind the newest for one that wrote nothing. */
  end: number = Infinity;
  hasWritten = false;
  /** The earliest commit that it depends on by rw. */
  #earliestOut = Infinity;

  constructor(space: SerialSpace, transaction: Transaction) {
    this.#space = space;
    this.transaction = transaction;
    this.snapshot = transaction.snapshot;
    space.active.add(this);
    transaction.endings.push(() => {
      space.active.delete(this);
      space.prune();
    });
  }

  /** The reader, noting what is read. */
  reader(tableId: number, inner: TableReader): TableReader {
    let reads = this.reads.get(tableId);
    if (reads === undefined) this.reads.set(tableId, (reads = new TableReads()));
    if (this.#space.ignore === 'predicates') {
      // Keys count, ranges do not.
      const keysOnly = new TableReads();
      keysOnly.addKey = (key) => reads.addKey(key);
      keysOnly.addRange = () => undefined;
      return new NotingReader(inner, keysOnly);
    }
    return new NotingReader(inner, reads);
  }

  /**
   * Throws 40001 where the transaction completes a dangerous structure with what has committed. `also`: rows that it
   * would have written besides.
   */
  check(also?: Unwritten): void {
    if (this.#space.ignore === 'dependencies') return;
    const writes = also !== undefined || this.transaction.hasChanges;
    let out = Infinity;
    let fails = false;
    for (const other of this.#space.committed) {
      if (other.end <= this.snapshot || !other.hasWritten || !dependsOn(this, other, this.#space.store)) continue;
      out = Math.min(out, other.end);
      // As T1: `other` is the pivot, with a T3 that committed before it.
      const third = other.#earliestOut;
      if (third < other.end && (writes || third <= this.snapshot)) fails = true;
    }
    this.#earliestOut = out;
    if (!fails && out < Infinity && writes) fails = this.#isPivot(out, also);
    if (!fails) return;
    this.#space.failures++;
    throw new DriftError('40001', 'could not serialize access due to read/write dependencies among transactions', {
      detail: 'Reason code: Canceled on identification as a pivot.',
      hint: 'The transaction might succeed if retried.',
    });
  }

  /** Whether one beside it has read what it wrote and does not come before the commit at `out`. */
  #isPivot(out: number, also: Unwritten | undefined): boolean {
    const { store, active, committed } = this.#space;
    for (const first of [...active, ...committed]) {
      if (first === this || first.end <= this.snapshot) continue;
      // T3 must be the first to commit of the three; for a T1 that only reads, before its snapshot.
      if (first.end < out) continue;
      const readsOnly = first.end < Infinity ? !first.hasWritten : first.transaction.readOnly;
      if (readsOnly && out > first.snapshot) continue;
      if (dependsOn(first, this, store)) return true;
      const reads = also === undefined ? undefined : first.reads.get(also.tableId);
      if (also !== undefined && reads !== undefined && meets(reads, also.writes, store.table(also.tableId), out))
        return true;
    }
    return false;
  }

  /** Notes the commit, after which others are checked against it. */
  commit(end: number, hasWritten: boolean): void {
    this.end = end;
    this.hasWritten = hasWritten;
    this.#space.active.delete(this);
    this.#space.committed.push(this);
  }

  retract(): void {
    this.end = Infinity;
    this.#space.committed = this.#space.committed.filter((other) => other !== this);
  }
}

/** Whether a transaction has read something of before a write of another. */
function dependsOn(reader: Serial, writer: Serial, store: TableStore): boolean {
  for (const [tableId, reads] of reader.reads) {
    const writes: TableWrites | null = writer.transaction.writes(tableId);
    if (writes === null || writes.count === 0) continue;
    const before = writer.end < Infinity ? writer.end - 1 : writer.snapshot;
    if (meets(reads, writes, store.table(tableId), before)) return true;
  }
  return false;
}
