/**
 * TimeLine: from timestamps to sequence numbers and back, by drift.transactions.
 *
 * Commit timestamps ascend with sequence numbers, so the state at a time t is the last commit at or before t: a binary
 * search by key. A time later than the last commit is answered with the newest state and remembered, so that no later
 * commit takes a timestamp at or before it: an answer never changes afterwards.
 */
import { assert, DriftError } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import type { Task } from '../base/task.ts';
import { valueAt, type Vector } from '../base/vector.ts';
import { TRANSACTION_COLUMNS, TRANSACTIONS_TABLE_ID } from '../catalog/system-objects.ts';
import { MISS } from '../table/table.ts';
import type { TableStore } from '../table/store.ts';
import { noHistory } from './no-history.ts';

/** The newest commit that readers see; the newest timestamp of any, and the first of those that readers do not see yet. */
export interface Newest {
  readonly seq: number;
  readonly timestamp: number;
  readonly unsettledFrom: number;
}

/** Moments of other lines are multiples of it, and the sequence number (database/branch/moment.ts). */
export const OTHER_LINE: number = 2 ** 40;

export class TimeLine {
  /** Other lines that statements have read. */
  readonly lines: TableStore[] = [];
  readonly #store: TableStore;
  readonly #host: Host;
  readonly #newest: () => Newest;
  readonly #first: number;
  #served = -Infinity;

  /** Moments before `first` are not there. */
  constructor(store: TableStore, host: Host, newest: () => Newest, first = 0) {
    this.#store = store;
    this.#host = host;
    this.#newest = newest;
    this.#first = first;
  }

  /** Greatest timestamp (µs) that an AS OF reader was answered for. */
  get served(): number {
    return this.#served;
  }

  /** No commit takes a timestamp up to this one any more. */
  noteServed(micros: number): void {
    if (micros > this.#served) this.#served = micros;
  }

  /** Checks an explicit sequence number; 0 is the empty database before the first commit. */
  checkSeq(seq: number): number {
    const { seq: last } = this.#newest();
    if (!Number.isInteger(seq) || seq < 0) throw new DriftError('22023', `sequence number ${seq} is not valid`);
    if (seq > last) {
      throw new DriftError('22023', `sequence number ${seq} is in the future`, {
        detail: `The newest commit is ${last}.`,
      });
    }
    return this.#there(seq);
  }

  #there(seq: number): number {
    if (seq >= this.#first) return seq;
    throw noHistory(seq, this.#first);
  }

  /** Returns the last sequence number committed at or before a time in µs. */
  *seqAt(micros: number): Task<number> {
    if (Number.isNaN(micros)) throw new DriftError('22023', 'the time to read must not be null');
    if (micros > this.#host.now()) throw new DriftError('22023', 'the time to read is in the future');
    // A commit that has its timestamp and is not published yet belongs to the answer.
    while (micros >= this.#newest().unsettledFrom) yield this.#host.yieldToOthers();
    const { seq, timestamp } = this.#newest();
    if (seq === 0 || micros >= timestamp) {
      this.noteServed(micros);
      return seq;
    }
    let low = 1;
    let high = seq;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((yield* this.timestampOf(middle)) <= micros) low = middle;
      else high = middle - 1;
    }
    const first = yield* this.timestampOf(low);
    if (first > micros) throw new DriftError('3D000', 'the time to read is before the database existed');
    return this.#there(low);
  }

  /** Commit timestamp (µs) of a sequence number; that of 0 is -Infinity, of Infinity is Infinity. */
  *timestampOf(seq: number): Task<number> {
    if (seq <= 0) return -Infinity;
    if (seq === Infinity) return Infinity;
    const table = this.#store.table(TRANSACTIONS_TABLE_ID);
    for (;;) {
      const found = table.find(seq, seq);
      if (found === MISS) {
        yield* table.load(seq, seq);
        continue;
      }
      assert(found !== null, `transaction ${seq} is not in drift.transactions`);
      return Number(valueAt(found.columns[TRANSACTION_COLUMNS.committedAt] as Vector, found.row));
    }
  }

  *timestampsOf(seqs: Float64Array, count: number): Task<Float64Array> {
    const known = new Map<number, number>();
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      const seq = seqs[i] as number;
      let at = known.get(seq);
      if (at === undefined) {
        at = Number.isNaN(seq) ? Number.NaN : yield* this.timestampOf(seq);
        known.set(seq, at);
      }
      out[i] = at;
    }
    return out;
  }
}
