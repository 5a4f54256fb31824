/**
 * CatalogHistory: the catalog at any sequence number, read from the catalog's own versioned table and kept by the DDL
 * commit that made it, so that all moments between two DDL commits share one.
 */
import type { Task } from '../base/task.ts';
import { valueAt, type Vector } from '../base/vector.ts';
import { CatalogState } from '../catalog/catalog.ts';
import { LINES_TABLE_ID } from '../catalog/lines.ts';
import { CATALOG_TABLE_ID, parseDefinition, systemObjects } from '../catalog/system-objects.ts';
import type { TableDef } from '../catalog/schema.ts';
import { onOtherLine } from './no-history.ts';
import { OTHER_LINE } from './time-line.ts';
import type { TableStore } from '../table/store.ts';

/** Catalogs kept; the least recently made goes first. */
const KEPT = 64;

export class CatalogHistory {
  readonly #store: TableStore;
  readonly #current: () => CatalogState;
  readonly #byVersion = new Map<number, CatalogState>();
  /** Sequence numbers of commits with DDL, ascending; null until first asked for. */
  #ddl: number[] | null = null;

  constructor(store: TableStore, current: () => CatalogState) {
    this.#store = store;
    this.#current = current;
  }

  noteDdl(seq: number): void {
    this.#ddl?.push(seq);
  }

  /** The first commit after `seq` that changed the catalog; Infinity where there is none. */
  *nextDefinition(seq: number): Task<number> {
    this.#ddl ??= yield* ddlCommits(this.#store);
    return this.#ddl.find((ddl) => ddl > seq) ?? Infinity;
  }

  *at(seq: number): Task<CatalogState> {
    if (seq >= OTHER_LINE) throw onOtherLine();
    const current = this.#current();
    if (seq >= current.version && current.version >= 0) return current;
    this.#ddl ??= yield* ddlCommits(this.#store);
    let version = 0;
    for (const ddl of this.#ddl) if (ddl <= seq && ddl > version) version = ddl;
    const known = this.#byVersion.get(version);
    if (known !== undefined) return known;
    const made = yield* readCatalog(this.#store, version);
    if (this.#byVersion.size >= KEPT) this.#byVersion.delete(this.#byVersion.keys().next().value as number);
    this.#byVersion.set(version, made);
    return made;
  }
}

/** Reads the catalog as of a sequence number; its version is that of the newest object in it. */
export function* readCatalog(store: TableStore, seq: number, tableId: number = CATALOG_TABLE_ID): Task<CatalogState> {
  const objects = systemObjects();
  let version = 0;
  const source = store.table(tableId).scan({ seq, columns: [1], versionColumns: true });
  for (;;) {
    const batch = yield* source.next();
    if (batch === null) break;
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      const object = parseDefinition(valueAt(batch.columns[0] as Vector, row) as string);
      objects.set(object.id, object);
    }
  }
  source.close();
  for (const ddl of yield* ddlCommits(store, tableId)) if (ddl <= seq && ddl > version) version = ddl;
  return new CatalogState(version, objects);
}

/** Reads the table of lines, which is there from the first branch on. */
export function* readLines(store: TableStore, seq: number): Task<CatalogState> {
  return store.has(LINES_TABLE_ID) ? yield* readCatalog(store, seq, LINES_TABLE_ID) : new CatalogState(0, new Map());
}

/** Sequence numbers at which the catalog changed, ascending. */
function* ddlCommits(store: TableStore, tableId = CATALOG_TABLE_ID): Task<number[]> {
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
