/** All definitions that ever were, read from the catalog's own table: for questions about the past, not for opening. */
import type { Task } from '../base/task.ts';
import { valueAt, type Vector } from '../base/vector.ts';
import { CatalogState } from '../catalog/catalog.ts';
import { LINES_TABLE_ID } from '../catalog/lines.ts';
import type { TableDef } from '../catalog/schema.ts';
import { CATALOG_TABLE_ID, parseDefinition } from '../catalog/system-objects.ts';
import { type EndedTable, type TableStore } from '../table/store.ts';
import { MISS } from '../table/table.ts';
import { readCatalog } from './read-catalog.ts';

/** Sequence numbers at which the catalog changed, ascending. */
export function* ddlCommits(store: TableStore, tableId: number = CATALOG_TABLE_ID): Task<number[]> {
  const seqs = new Set<number>();
  const source = store.table(tableId).scanVersions({ fromSeq: 0, toSeq: Infinity, columns: [0], versionColumns: true });
  for (;;) {
    const batch = yield* source.next();
    if (batch === null) break;
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      for (const column of [1, 2]) {
        const seq = valueAt(batch.columns[column] as Vector, row) as number;
        if (Number.isFinite(seq)) seqs.add(seq);
      }
    }
  }
  source.close();
  return [...seqs].sort((a, b) => a - b);
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

/** The newest of these commits up to a moment; 0 where there is none. */
export function newestOf(ddl: readonly number[], seq: number): number {
  let newest = 0;
  for (const commit of ddl) if (commit <= seq && commit > newest) newest = commit;
  return newest;
}

/** Reads the catalog as of a sequence number; its version is that of the newest definition or end of one in it. */
export function* readCatalogAt(store: TableStore, seq: number, tableId: number = CATALOG_TABLE_ID): Task<CatalogState> {
  return yield* readCatalog(store, seq, newestOf(yield* ddlCommits(store, tableId), seq), tableId);
}

/** Reads the table of lines, which is there from the first branch on. */
export function* readLines(store: TableStore, seq: number): Task<CatalogState> {
  return store.has(LINES_TABLE_ID) ? yield* readCatalogAt(store, seq, LINES_TABLE_ID) : new CatalogState(0, new Map());
}

/** The last definitions of tables that have ended. */
export function* lastDefinitions(store: TableStore, tables: readonly EndedTable[]): Task<TableDef[]> {
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
