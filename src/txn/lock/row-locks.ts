/**
 * Row locks: who may change, or has promised not to change, which row.
 *
 * What a transaction has written it has locked: its write set is asked, and a statement of millions of rows keeps
 * nothing besides. Kept here is only what has not been written: rows locked by SELECT … FOR, parents that foreign keys
 * rely on, and the rows of a statement between its look at them and its writing (claims). So in a table that one
 * transaction alone is at work in, a row costs nothing at all; the look at others begins where there are others.
 *
 * Invariant: a row's holders never conflict; who wants it otherwise waits before it writes or registers.
 */
import type { Keys } from '../../base/key-set.ts';
import type { Key } from '../../table/table.ts';
import { OP_NONE, OP_UPDATE } from '../../table/table.ts';
import type { TableWrites } from '../table-writes.ts';
import type { Transaction } from '../transaction.ts';
import { type Enrolled, Roll } from './roll.ts';
import { FOR_UPDATE, NO_KEY_UPDATE, rowConflicts } from './modes.ts';

/** Rows that a statement is about to write. */
export interface Claim {
  readonly owner: Transaction;
  keys: Keys;
  readonly mode: number;
}

/** One transaction's locks on one row. */
export interface RowHold {
  readonly owner: Transaction;
  mode: number;
}

/** A transaction that writes to the table. */
export interface Writer extends Enrolled {
  readonly owner: Transaction;
  readonly writes: TableWrites;
}

export class RowLocks {
  readonly writers: Roll<Writer> = new Roll();
  readonly claims: Set<Claim> = new Set();
  readonly held: Map<Key, RowHold[]> = new Map();
  /** How many rows each transaction has a lock on in `held`. */
  readonly #holders: Map<Transaction, number> = new Map();

  /** Whether anybody but the transaction has locks here. */
  isShared(self: Transaction): boolean {
    const { size } = this.writers;
    if (size > 1 || (size === 1 && this.writers.items[0]?.owner !== self)) return true;
    return this.held.size > 0 || this.claims.size > 0;
  }

  get isEmpty(): boolean {
    return this.writers.size === 0 && this.held.size === 0 && this.claims.size === 0;
  }

  /** Transactions whose locks on a row conflict with a mode. */
  inTheWay(self: Transaction, key: Key, mode: number): Transaction[] {
    const conflicts = rowConflicts(mode);
    const found: Transaction[] = [];
    for (const { owner, writes } of this.writers.items)
      if (owner !== self && (writtenMode(writes, key) & conflicts) !== 0) found.push(owner);
    for (const { owner, keys, mode: claimed } of this.claims)
      if (owner !== self && (claimed & conflicts) !== 0 && keys.has(key)) found.push(owner);
    const holds = this.held.get(key);
    if (holds !== undefined)
      for (const hold of holds) if (hold.owner !== self && (hold.mode & conflicts) !== 0) found.push(hold.owner);
    return found;
  }

  /** Transactions that have a row of this key which is not committed yet. */
  inserting(self: Transaction, key: Key): Transaction[] {
    const found: Transaction[] = [];
    for (const { owner, writes } of this.writers.items) {
      const entry = owner === self ? -1 : writes.latestEntry(key);
      if (entry >= 0 && writes.opAt(entry) !== OP_NONE) found.push(owner);
    }
    return found;
  }

  /** Registers a lock; true where the transaction had none of that mode on the row. REQUIRES: nobody in the way. */
  take(owner: Transaction, key: Key, mode: number): boolean {
    const holds = this.held.get(key);
    if (holds === undefined) {
      this.held.set(key, [{ owner, mode }]);
      this.#count(owner, 1);
      return true;
    }
    const own = holds.find((hold) => hold.owner === owner);
    if (own === undefined) {
      holds.push({ owner, mode });
      this.#count(owner, 1);
      return true;
    }
    if ((own.mode & mode) === mode) return false;
    own.mode |= mode;
    return true;
  }

  /** Takes bits of a lock back, or with all bits the whole of it. */
  release(owner: Transaction, key: Key, mode: number): void {
    const holds = this.held.get(key);
    if (holds === undefined) return;
    const at = holds.findIndex((hold) => hold.owner === owner);
    const own = holds[at];
    if (own === undefined) return;
    own.mode &= ~mode;
    if (own.mode !== 0) return;
    this.#count(owner, -1);
    if (holds.length === 1) this.held.delete(key);
    else holds.splice(at, 1);
  }

  /** Takes all locks of a transaction back, in one step where nobody else has any: it may have a million of them. */
  releaseAll(owner: Transaction): boolean {
    if (!this.#holders.has(owner)) return true;
    if (this.#holders.size > 1) return false;
    this.held.clear();
    this.#holders.clear();
    return true;
  }

  #count(owner: Transaction, by: number): void {
    const count = (this.#holders.get(owner) ?? 0) + by;
    if (count > 0) this.#holders.set(owner, count);
    else this.#holders.delete(owner);
  }
}

/** The lock that an own write stands for. */
function writtenMode(writes: TableWrites, key: Key): number {
  const entry = writes.latestEntry(key);
  if (entry < 0) return 0;
  const op = writes.opAt(entry);
  if (op === OP_NONE) return 0;
  return op === OP_UPDATE ? NO_KEY_UPDATE : FOR_UPDATE;
}
