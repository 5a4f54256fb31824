/** Brings the table store's structures in line with table definitions: at DDL, and again when the log is replayed. */
import type { Task } from '../base/task.ts';
import type { CatalogChange, CatalogState } from '../catalog/catalog.ts';
import { LINES_TABLE, LINES_TABLE_ID } from '../catalog/lines.ts';
import type { TableDef } from '../catalog/schema.ts';
import { CATALOG_TABLE, CATALOG_TABLE_ID } from '../catalog/system-objects.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { CommittedStructure, TableStore } from '../table/store.ts';
import type { TreeColumn } from '../table/table.ts';
import { indexSpecOf, specOf } from './specs.ts';

/** Makes the table or the columns that `def` has and the store has not. Indexes wait for `fillIndexes`. */
export function createStructure(store: TableStore, def: TableDef, context: EvalContext): void {
  const spec = specOf(def, context);
  if (!store.has(def.id)) {
    store.createTable({ ...spec, indexes: [] });
    return;
  }
  const table = store.table(def.id);
  for (let ordinal = table.columns.length; ordinal < spec.columns.length; ordinal++) {
    store.addColumn(def.id, spec.columns[ordinal] as TreeColumn);
  }
}

/** Makes and fills the indexes that `def` has and the store has not. */
export function* fillIndexes(store: TableStore, def: TableDef): Task<void> {
  const table = store.table(def.id);
  for (const index of def.indexes) {
    if (!table.indexes.some((tree) => tree.id === index.id)) yield* store.createIndex(def.id, indexSpecOf(index), def);
  }
}

/** Ends the tables and indexes that a commit's catalog no longer has. */
export function endStructures(store: TableStore, before: CatalogState, after: CatalogState, seq: number): void {
  for (const object of before.objects()) {
    if (object.kind !== 'table' || after.byId(object.id) === object || !store.has(object.id)) continue;
    const now = after.byId(object.id);
    if (now?.kind !== 'table') {
      store.endTable(object.id, seq);
      continue;
    }
    for (const { id } of object.indexes) {
      if (!now.indexes.some((index) => index.id === id)) store.endIndex(object.id, id, seq);
    }
  }
}

/** Lets dropped tables go on that a commit brings back. REQUIRES: they are settled. */
export function reopenStructures(store: TableStore, before: CatalogState, changes: Iterable<CatalogChange>): void {
  for (const { id, object } of changes)
    if (object?.kind === 'table' && before.byId(id) === undefined && store.has(id)) store.reopenTable(id);
}

/** What a committed catalog says of a table's structure. */
export function structureIn(catalog: CatalogState, tableId: number): CommittedStructure | undefined {
  const def =
    tableId === CATALOG_TABLE_ID ? CATALOG_TABLE : tableId === LINES_TABLE_ID ? LINES_TABLE : catalog.byId(tableId);
  if (def?.kind !== 'table') return undefined;
  return { columns: def.nextColumnId, indexes: new Set(def.indexes.map((index) => index.id)) };
}
