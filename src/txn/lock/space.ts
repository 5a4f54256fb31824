/**
 * LockSpace: all locks of one database (what each kind does: row-locks.ts, heavy-locks.ts, waits.ts).
 *
 * What a lone session pays is here: a transaction notes the tables that its statements use, and the tables that it
 * writes to. `strong` counts the table locks that plain statements can conflict with, held or waited for; while it is
 * zero, nothing else is looked at.
 */
import type { Transaction } from '../transaction.ts';
import type { HeavyLock } from './heavy-locks.ts';
import { Roll } from './roll.ts';
import type { RowLocks } from './row-locks.ts';
import type { Waits } from './waits.ts';

/** Modes that statements take by running, as in modes.ts. */
export const ACCESS_SHARE = 1;
export const ROW_SHARE = 2;
export const ROW_EXCLUSIVE = 4;

export class LockSpace {
  /** Table locks beyond those that plain statements take. */
  strong = 0;
  readonly tables: Map<number, HeavyLock> = new Map();
  readonly advisory: Map<string, HeavyLock> = new Map();
  readonly rows: Map<number, RowLocks> = new Map();
  /** Transactions that have used a table. */
  readonly active: Roll<Transaction> = new Roll();
  waits: Waits | null = null;

  /** Notes that a transaction uses a table. REQUIRES: `strong` is zero, or nobody is in the way (manager.ts). */
  use(transaction: Transaction, tableId: number, mode: number): void {
    const { used } = transaction;
    if (this.active.add(transaction)) transaction.locks.push(() => this.active.remove(transaction));
    const before = used.get(tableId) ?? 0;
    used.set(tableId, before | mode);
  }
}
