/** Describing the tables that have ended to the store, so that their segments can be read. */
import type { Task } from '../base/task.ts';
import { valueAt, type Vector } from '../base/vector.ts';
import { CatalogState } from '../catalog/catalog.ts';
import { LINES_TABLE_ID } from '../catalog/lines.ts';
import { CATALOG_TABLE_ID, parseDefinition } from '../catalog/system-objects.ts';
import type { TableDef } from '../catalog/schema.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { EndedTable, TableStore } from '../table/store.ts';
import { MISS, type TableSpec } from '../table/table.ts';
import { ddlCommits, newestOf } from '../txn/catalog-changes.ts';
import { readCatalog } from '../txn/read-catalog.ts';
import { specOf } from './specs.ts';

/** What tables were like when they ended. */
export function* lastSpecs(
  store: TableStore,
  context: EvalContext,
  ended: readonly EndedTable[],
): Task<readonly TableSpec[]> {
  return (yield* lastDefinitions(store, ended)).map((def) => specOf(def, context));
}

/** Describes all tables that ever were, those of branches as well. */
export function* describeTables(store: TableStore, context: EvalContext): Task<void> {
  yield* store.describe(null);
  for (const id of [CATALOG_TABLE_ID, LINES_TABLE_ID])
    if (store.has(id)) store.setSpecs([...(yield* definedTables(store, id))].map((def) => specOf(def, context)));
}

/** The newest definition of every table that a catalog ever had. */
export function* definedTables(store: TableStore, catalogId: number): Task<Iterable<TableDef>> {
  const newest = new Map<number, { readonly from: number; readonly def: TableDef }>();
  const source = store
    .table(catalogId)
    .scanVersions({ fromSeq: 0, toSeq: Infinity, columns: [1], versionColumns: true });
  for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      const object = parseDefinition(valueAt(batch.columns[0] as Vector, row) as string);
      const from = valueAt(batch.columns[1] as Vector, row) as number;
      if (object.kind === 'table' && from >= (newest.get(object.id)?.from ?? 0))
        newest.set(object.id, { from, def: object });
    }
  }
  source.close();
  return [...newest.values()].map(({ def }) => def);
}

/** The last definitions of tables that have ended. */
function* lastDefinitions(store: TableStore, tables: readonly EndedTable[]): Task<TableDef[]> {
  const catalog = store.table(CATALOG_TABLE_ID);
  const definitions: TableDef[] = [];
  for (const { id, endSeq } of tables) {
    let found = catalog.find(id, endSeq - 1);
    for (; found === MISS; found = catalog.find(id, endSeq - 1)) yield* catalog.load(id, endSeq - 1);
    const object = found === null ? null : parseDefinition(valueAt(found.columns[1] as Vector, found.row) as string);
    if (object?.kind === 'table') definitions.push(object);
  }
  return definitions;
}

/** Reads the catalog as of a sequence number; its version is that of the newest definition or end of one in it. */
export function* readCatalogAt(store: TableStore, seq: number, tableId: number = CATALOG_TABLE_ID): Task<CatalogState> {
  return yield* readCatalog(store, seq, newestOf(yield* ddlCommits(store, tableId), seq), tableId);
}

/** Reads the table of lines, which is there from the first branch on. */
export function* readLines(store: TableStore, seq: number): Task<CatalogState> {
  return store.has(LINES_TABLE_ID) ? yield* readCatalogAt(store, seq, LINES_TABLE_ID) : new CatalogState(0, new Map());
}
