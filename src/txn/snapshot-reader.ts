/**
 * SnapshotReader: tables as one statement sees them.
 *
 * A class, not an object literal with a getter: V8 gives each such literal a hidden class of its own in the old
 * generation, which refers to the getter and so to all that the statement holds. Then nothing of a statement is
 * collected before the next full collection.
 */
import type { Task } from '../base/task.ts';
import type { TableStore } from '../table/store.ts';
import type { StatementReader, TableReader } from './api.ts';
import { SnapshotTableReader } from './table-reader.ts';
import type { OwnWrites } from './table-writes.ts';
import { OTHER_LINE, type TimeLine } from './time-line.ts';
import type { Transaction } from './transaction.ts';

export interface Seen {
  /** A moment to read instead of the snapshot, without the transaction's writes. */
  readonly asOf: number | null;
  /** The own writes to see, instead of all. */
  readonly frozen?: ReadonlyMap<number, OwnWrites> | undefined;
  /** The state to read at each look, instead of the snapshot. */
  readonly newest?: (() => number) | undefined;
}

export class SnapshotReader implements StatementReader {
  readonly #store: TableStore;
  readonly #timeLine: TimeLine;
  readonly #transaction: Transaction;
  readonly #asOf: number | null;
  readonly #at: number;
  readonly #frozen: ReadonlyMap<number, OwnWrites> | undefined;
  readonly #newest: (() => number) | undefined;

  constructor(store: TableStore, timeLine: TimeLine, transaction: Transaction, { asOf, frozen, newest }: Seen) {
    this.#store = store;
    this.#timeLine = timeLine;
    this.#transaction = transaction;
    this.#asOf = asOf;
    this.#at = asOf ?? transaction.snapshot;
    this.#frozen = frozen;
    this.#newest = newest;
  }

  get snapshot(): number {
    return this.#newest?.() ?? this.#at;
  }

  table(tableId: number, seq?: number): TableReader {
    const at = seq ?? this.snapshot;
    if (at >= OTHER_LINE) {
      const line = this.#timeLine.lines[Math.floor(at / OTHER_LINE) - 1] as TableStore;
      return new SnapshotTableReader(line.table(tableId), at % OTHER_LINE, null);
    }
    const own = seq === undefined && this.#asOf === null ? this.#ownWrites(tableId) : null;
    const plain = new SnapshotTableReader(this.#store.table(tableId), at, own);
    const { serial } = this.#transaction;
    return serial === null || at !== this.#transaction.snapshot || this.#newest !== undefined
      ? plain
      : serial.reader(tableId, plain);
  }

  seqAt(micros: number): Task<number> {
    return this.#timeLine.seqAt(micros);
  }

  timestampsOf(seqs: Float64Array, count: number): Task<Float64Array> {
    return this.#timeLine.timestampsOf(seqs, count);
  }

  #ownWrites(tableId: number): OwnWrites | null {
    return this.#frozen === undefined ? this.#transaction.writes(tableId) : (this.#frozen.get(tableId) ?? null);
  }
}
