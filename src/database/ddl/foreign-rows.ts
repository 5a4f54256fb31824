/** Whether the rows that are there keep a foreign key: asked when one is added, or its columns change. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { ForeignKeyDef, TableDef } from '../../catalog/schema.ts';
import type { DdlContext } from './context.ts';
import { columnText, tableText } from './names.ts';
import { refuseUncovered } from './period.ts';

/** Throws 23503 where a row refers to nothing. */
export function* refuseOrphanRows(context: DdlContext, table: TableDef, key: ForeignKeyDef): Task<void> {
  const parent = context.transaction.catalog.byId(key.foreignTableId);
  if (parent?.kind !== 'table') return;
  if (key.period !== undefined) {
    yield* refuseUncovered(context, table, parent, key);
    return;
  }
  const own = key.columns.map((id) => `c.${columnText(table, id)}`);
  const matches = own.map((name, i) => `p.${columnText(parent, key.foreignColumns[i] as number)} = ${name}`);
  const present = own.map((name) => `${name} IS NOT NULL`).join(' AND ');
  const orphans = yield* context.query(
    `SELECT 1 FROM ${tableText(table)} c WHERE ${present} AND NOT EXISTS (SELECT 1 FROM ${tableText(parent)} p WHERE ${matches.join(' AND ')}) LIMIT 1`,
  );
  if (orphans.length === 0) return;
  throw new DriftError(
    '23503',
    `insert or update on table "${table.name}" violates foreign key constraint "${key.name}"`,
    {
      table: table.name,
      constraint: key.name,
    },
  );
}
