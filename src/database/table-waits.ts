/** Plain statements wait for those who have locked one of their tables against them. */
import type { Task } from '../base/task.ts';
import { type TableRequest, waitForTable, wouldWait } from '../txn/lock/manager.ts';
import type { Transaction } from '../txn/transaction.ts';
import { Again } from './again.ts';
import type { Core } from './core.ts';

/** Ids of tables with the modes (txn/lock/modes.ts) in which a statement locks them. */
export type TablesUsed = ReadonlyMap<number, number>;

/** Throws Again where somebody is in the way: under the lock the tables may have become others. */
export function waitForTables({ manager, host }: Core, transaction: Transaction, tables: TablesUsed): void {
  const { locks } = manager;
  const requests: TableRequest[] = [];
  for (const [tableId, mode] of tables) {
    const table = transaction.catalog.byId(tableId);
    requests.push({ tableId, name: table?.kind === 'table' ? table.name : '', mode });
  }
  if (!requests.some((request) => wouldWait(locks, transaction, request))) return;
  throw new Again(function* (): Task<void> {
    for (const request of requests) yield* waitForTable(locks, host, transaction, request);
  });
}
