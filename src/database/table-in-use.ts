/**
 * Tables that a definition may not change because its own transaction is not done with them: a cursor reads one, or checks
 * of its rows wait for the commit (PostgreSQL's CheckTableNotInUse).
 */
import { DriftError } from '../base/error.ts';
import type { Catalog, TableDef } from '../catalog/schema.ts';
import { OP_DELETE } from '../table/table.ts';
import type { TableWrites } from '../txn/table-writes.ts';
import type { Transaction } from '../txn/transaction.ts';
import type { Portals } from './portal.ts';

interface Scene {
  readonly transaction: Transaction;
  readonly portals: Portals;
}

/** Throws 55006. `what`: the definition as the error names it. */
export function refuseInUse({ transaction, portals }: Scene, what: string, table: TableDef): void {
  for (const { held, reads } of portals.values())
    if (!held && reads.has(table.id))
      throw new DriftError(
        '55006',
        `cannot ${what} "${table.name}" because it is being used by active queries in this session`,
      );
  if (transaction.deferred && hasPendingChecks(transaction, transaction.catalog, table))
    throw new DriftError('55006', `cannot ${what} "${table.name}" because it has pending trigger events`);
}

/** Whether foreign keys of rows that were written, or of those that refer to rows that went, are looked at later. */
function hasPendingChecks(transaction: Transaction, catalog: Catalog, table: TableDef): boolean {
  const writes = transaction.writes(table.id);
  if (writes === null || writes.count === 0) return false;
  if (table.foreignKeys.some((key) => transaction.defers(key) && refers(writes, key.columns))) return true;
  if (!someEntry(writes, (entry) => writes.opAt(entry) === OP_DELETE)) return false;
  for (const other of catalog.objects())
    if (
      other.kind === 'table' &&
      other.foreignKeys.some(
        (key) => key.foreignTableId === table.id && key.onDelete === 'no action' && transaction.defers(key),
      )
    )
      return true;
  return false;
}

function refers(writes: TableWrites, columns: readonly number[]): boolean {
  const rows = writes.rows();
  return someEntry(
    writes,
    (entry) => writes.isLive(entry) && columns.every((ordinal) => rows[ordinal]?.nulls?.[entry] !== 1),
  );
}

function someEntry(writes: TableWrites, is: (entry: number) => boolean): boolean {
  for (let entry = 0; entry < writes.count; entry++) if (is(entry)) return true;
  return false;
}
