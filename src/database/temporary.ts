/**
 * Temporary objects: tables, views and sequences of one session, in a schema of its own that bare names find first.
 *
 * They are kept like all others, so that transactions, constraints and indexes hold for them without a second engine,
 * and go when the session ends; what a crash leaves behind goes when the database is opened.
 */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { TableDef } from '../catalog/schema.ts';
import { removeRows } from './bulk.ts';
import type { DdlContext } from './ddl/context.ts';
import { dropRelations, dropSchema } from './ddl/drop.ts';

const SCHEMA = /^pg_temp_\d+$/;

/** What ON COMMIT asks for. */
export function* applyOnCommit(context: DdlContext): Task<void> {
  const { catalog } = context.transaction;
  const tables = [...catalog.objects()].filter(
    (object): object is TableDef => object.kind === 'table' && object.schema === catalog.temp,
  );
  for (const table of tables) if (table.onCommit === 'delete') refuseKeptChildren(table, tables);
  for (const table of tables) if (table.onCommit === 'delete') yield* removeRows(context, table);
  const ending = tables.filter((table) => table.onCommit === 'drop');
  if (ending.length > 0) dropRelations(context, ending, true);
}

/** Rows that refer to others cannot outlive them. */
function refuseKeptChildren(parent: TableDef, tables: readonly TableDef[]): void {
  for (const { name, foreignKeys, onCommit } of tables) {
    if (onCommit === 'delete' || !foreignKeys.some((key) => key.foreignTableId === parent.id)) continue;
    throw new DriftError('0A000', 'unsupported ON COMMIT and foreign key combination', {
      detail: `Table "${name}" references "${parent.name}", but they do not have the same ON COMMIT setting.`,
    });
  }
}

/** Drops all temporary objects: of one session, or of all where the database is being opened. */
export function dropTemporary(context: DdlContext, schema: string | null): void {
  for (const object of [...context.transaction.catalog.objects()]) {
    if (object.kind === 'schema' && SCHEMA.test(object.name) && (schema === null || schema === object.name))
      dropSchema(context, object.name, { ifExists: true, cascade: true });
  }
}
