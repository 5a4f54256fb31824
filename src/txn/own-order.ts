/**
 * OwnOrder: a transaction's own rows of one table in the order of its key or of one index.
 *
 * Kept with the write set and brought up to date when it is asked for, so that a transaction of many statements does
 * not sort all of its writes for each of them. Rows overtaken since stay in the list, are passed over, and go when they
 * are the greater part; when entries were cut (a savepoint, a failed statement) the list begins anew.
 */
import { valueAt, type Vector } from '../base/vector.ts';
import type { Key, KeyRange, VersionedTree } from '../table/table.ts';
import type { OwnWrites } from './table-writes.ts';

export interface OwnRow {
  readonly key: Key;
  readonly entry: number;
}

/** New entries up to which inserting each at its place beats sorting. */
const FEW = 64;

export class OwnOrder {
  #rows: OwnRow[] = [];
  #seen = 0;
  #rollbacks = 0;
  /** Rows that were overtaken count as well: a savepoint may bring them back. */
  readonly #withPast: boolean;

  constructor(withPast = false) {
    this.#withPast = withPast;
  }

  /** Rows in force whose key is in the range, in order. `keyOf` gives the key of an entry. */
  range(writes: OwnWrites, range: KeyRange | undefined, keyOf: (entry: number) => Key): OwnRow[] {
    this.#catchUp(writes, keyOf);
    const rows = this.#rows;
    const found: OwnRow[] = [];
    let at = range?.low === undefined ? 0 : lowerBound(rows, range.low, range.lowInclusive === false);
    const end = range?.high === undefined ? rows.length : lowerBound(rows, range.high, range.highInclusive !== false);
    for (; at < end; at++) {
      const row = rows[at] as OwnRow;
      if (this.#counts(writes, row.entry)) found.push(row);
    }
    return found;
  }

  #counts(writes: OwnWrites, entry: number): boolean {
    return this.#withPast || writes.isLive(entry);
  }

  /** Whether a row lies in a range of an index, whose columns come from the table's `sources`. */
  holds(
    writes: OwnWrites,
    range: KeyRange,
    index: Pick<VersionedTree, 'encodeKey'>,
    sources: readonly number[],
  ): boolean {
    const rows = writes.rows();
    const keyOf = (entry: number): Key =>
      index.encodeKey(sources.map((ordinal) => valueAt(rows[ordinal] as Vector, entry)));
    return this.range(writes, range, keyOf).length > 0;
  }

  #catchUp(writes: OwnWrites, keyOf: (entry: number) => Key): void {
    if (this.#rollbacks !== writes.rollbacks) {
      this.#rows = [];
      this.#seen = 0;
      this.#rollbacks = writes.rollbacks;
    }
    const fresh: OwnRow[] = [];
    for (let entry = this.#seen; entry < writes.count; entry++) {
      if (this.#counts(writes, entry)) fresh.push({ key: keyOf(entry), entry });
    }
    this.#seen = writes.count;
    if (fresh.length === 0) return;
    if (!this.#withPast && this.#rows.length > 2 * writes.liveCount + FEW)
      this.#rows = this.#rows.filter(({ entry }) => writes.isLive(entry));
    if (fresh.length <= FEW) {
      for (const row of fresh) this.#rows.splice(lowerBound(this.#rows, row.key, true), 0, row);
    } else {
      this.#rows = [...this.#rows, ...fresh].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    }
  }
}

/** First row whose key is >= `key`, or > `key` with `after`. */
function lowerBound(rows: readonly OwnRow[], key: Key, after: boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const at = (rows[middle] as OwnRow).key;
    if (at < key || (after && at === key)) low = middle + 1;
    else high = middle;
  }
  return low;
}

const orders = new WeakMap<OwnWrites, Map<number, OwnOrder>>();

/** The own order of an index of a write set, or of the table's key (index 0). */
export function ownOrder(writes: OwnWrites, indexId: number): OwnOrder {
  return orderOf(writes, indexId, false);
}

/** The same with rows that the transaction has overtaken since: whose values nobody else may take yet. */
export function takenOrder(writes: OwnWrites, indexId: number): OwnOrder {
  return orderOf(writes, indexId, true);
}

function orderOf(writes: OwnWrites, indexId: number, withPast: boolean): OwnOrder {
  let known = orders.get(writes);
  if (known === undefined) orders.set(writes, (known = new Map()));
  const place = withPast ? -1 - indexId : indexId;
  let order = known.get(place);
  if (order === undefined) known.set(place, (order = new OwnOrder(withPast)));
  return order;
}

/** Stands for the table's key where an index id is asked for; indexes have ids from 1. */
export const TABLE_KEY = 0;
