/**
 * Another key for a table: its rows move to a table of the new definition under a new id, which takes the old one's name
 * and place; the old one stays readable at the times when it was in force.
 */
import type { Task } from '../../base/task.ts';
import type { TableDef } from '../../catalog/schema.ts';
import { checked } from '../../txn/checked.ts';
import { createStructure, fillIndexes } from '../structure.ts';
import { type DdlContext, define, droppedColumn } from './context.ts';
import { columnText, quoted, tableText } from './names.ts';

/** `added`: the new definition under the old id. `values`: SQL of what a column gets, where that is not its old value. */
export function* rekey(
  context: DdlContext,
  old: TableDef,
  added: TableDef,
  values: ReadonlyMap<number, string> = new Map(),
): Task<void> {
  const { columns } = added;
  const ids = [...columns, ...old.columns, ...old.dropped].map((column) => column.id);
  const kept = new Set(columns.map((column) => column.id));
  const moved: TableDef = {
    ...added,
    id: context.nextId(),
    former: [...(old.former ?? []), old.id],
    sharesRowIds: undefined,
    nextColumnId: Math.max(-1, ...ids) + 1,
    dropped: [...old.dropped, ...old.columns.filter((column) => !kept.has(column.id)).map(droppedColumn)],
    indexes: added.indexes.map((index) => ({ ...index, id: context.nextId() })),
  };
  const next: TableDef = {
    ...moved,
    foreignKeys: moved.foreignKeys.map((key) =>
      key.foreignTableId === old.id ? { ...key, foreignTableId: moved.id } : key,
    ),
  };
  const aside: TableDef = { ...old, name: `${old.name}\u0001${next.id}`, indexes: [], foreignKeys: [], checks: [] };
  createStructure(context.store, next, context.eval);
  context.transaction.changeCatalog([
    { id: old.id, object: aside },
    { id: next.id, object: { ...next, indexes: [], foreignKeys: [] } },
  ]);
  const copied = columns.filter((column) => column.generated === undefined && column.hidden !== true);
  const names = copied.map((column) => quoted(column.name)).join(', ');
  const sources = copied.map((column) => values.get(column.id) ?? columnText(old, column.id)).join(', ');
  if (copied.length > 0)
    yield* context.query(
      `INSERT INTO ${tableText(old)} (${names}) OVERRIDING SYSTEM VALUE SELECT ${sources} FROM ${tableText(aside)}`,
    );
  yield* checked(fillIndexes(context.store, next), context.eval.cancellation);
  define(context, next);
  repoint(context, old.id, next.id);
  context.transaction.forget(old.id);
  context.transaction.changeCatalog([{ id: old.id, object: null }]);
}

/** What refers to the table refers to the new one: foreign keys of others, sequences of its columns. */
function repoint(context: DdlContext, from: number, to: number): void {
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind === 'sequence' && object.ownedBy?.tableId === from)
      define(context, { ...object, ownedBy: { ...object.ownedBy, tableId: to } });
    if (object.kind !== 'table' || !object.foreignKeys.some((key) => key.foreignTableId === from)) continue;
    define(context, {
      ...object,
      foreignKeys: object.foreignKeys.map((key) =>
        key.foreignTableId === from ? { ...key, foreignTableId: to } : key,
      ),
    });
  }
}
