/**
 * Seeds: the inherited entries of an index that a branch has made itself.
 *
 * The parent has no such index, and what a branch inherits of a table does not change: so its entries, made once, are a
 * table of the database, with the columns and the key of an index tree. Those of rows that the branch changes later stay in it
 * and are passed over by the hidden keys, as in an inherited index. Entries of the branch's own rows are in the index of
 * `own`.
 *
 *     CREATE INDEX ON a (n)     seed    (10, 1) (20, 2) (30, 3)        parent at the fork
 *     UPDATE a … id = 2         own's   (21, 2)          hidden 2      → (10, 1) (21, 2) (30, 3)
 *
 * A seed is filled when the index is made, as other indexes are, and is logged with the commit that defines it: how its
 * entries came about is nothing that replay, which knows tables only, could do again.
 */
import type { Task } from '../../base/task.ts';
import type { LineTableDef } from '../../catalog/lines.ts';
import type { TableDef } from '../../catalog/schema.ts';
import { entriesOf } from '../../table/index-changes.ts';
import { KeyCodec } from '../../table/key.ts';
import type { PreparedChanges, TableStore } from '../../table/store.ts';
import type {
  BatchSource,
  IndexSpec,
  Key,
  RowChanges,
  ScanOptions,
  VersionedIndex,
  VersionedTable,
} from '../../table/table.ts';
import { InheritedScan, LAST } from './line-scan.ts';
import type { LineTable } from './line-table.ts';

/** A seed as its line knows it. */
export interface Seed {
  readonly tableId: number;
  readonly indexId: number;
  /** Its entries, until a commit has logged them. */
  pending: { readonly def: LineTableDef; readonly rows: RowChanges } | null;
}

/** The definition of a seed as a table. */
export function seedDef(def: TableDef, index: IndexSpec, id: number, line: number): LineTableDef {
  const parts = [...index.columns, ...def.key.map((column) => ({ column, descending: false, nullsFirst: false }))];
  const all = [...def.columns, ...def.dropped];
  const columns = parts.map(({ column }, ordinal) => {
    const type = all.find((candidate) => candidate.id === column)?.type ?? { oid: 20, typmod: -1 };
    return { id: ordinal, name: `part_${ordinal}`, type, notNull: false };
  });
  return {
    kind: 'table',
    line,
    of: def.id,
    role: 'index',
    index: index.id,
    order: parts.map(({ descending, nullsFirst }, column) => ({ column, descending, nullsFirst })),
    schema: def.schema,
    name: def.name,
    id,
    columns,
    nextColumnId: columns.length,
    key: columns.map((column) => column.id),
    indexes: [],
    checks: [],
    foreignKeys: [],
    dropped: [],
  };
}

/** Fills a seed that was just made with the inherited rows of a table; returns what the log is to get. */
export function* fillSeed(store: TableStore, table: LineTable, index: IndexSpec, seedId: number): Task<RowChanges> {
  const seed = store.table(seedId);
  const sources = [...index.columns, ...table.key].map(({ column }) => column);
  const rows = {
    id: table.id,
    find: () => null,
    scan: (options: ScanOptions) => new InheritedScan(table, { ...options, seq: LAST }, true),
  };
  const codec = new KeyCodec(seed.key, seed.columns);
  const entries = yield* entriesOf(rows, { columns: seed.columns, sources, codec }, LAST);
  const prepared = yield* (store.bulk ?? store).prepare(seedId, entries);
  // Nobody else knows the table yet, so there is no commit to mix with.
  if (store.bulk === undefined) store.apply(table.fork, prepared);
  else yield* store.bulk.apply(table.fork, prepared);
  prepared.release();
  return entries;
}

/** A seed as the parent's part of an index: the same at every moment. */
export class SeedIndex implements VersionedIndex {
  readonly id: number;
  readonly sources: readonly number[];
  readonly #seed: VersionedTable;

  constructor(indexId: number, seed: VersionedTable, sources: readonly number[]) {
    this.id = indexId;
    this.#seed = seed;
    this.sources = sources;
  }

  get lastChange(): number {
    return this.#seed.lastChange;
  }

  get rowCount(): number {
    return this.#seed.rowCount;
  }

  get sizeBytes(): number {
    return this.#seed.sizeBytes;
  }

  get columns(): VersionedIndex['columns'] {
    return this.#seed.columns;
  }

  get key(): VersionedIndex['key'] {
    return this.#seed.key;
  }

  encodeKey(...given: Parameters<VersionedIndex['encodeKey']>): Key {
    return this.#seed.encodeKey(...given);
  }

  prefixRange(...given: Parameters<VersionedIndex['prefixRange']>): ReturnType<VersionedIndex['prefixRange']> {
    return this.#seed.prefixRange(...given);
  }

  boundedRange(...given: Parameters<VersionedIndex['boundedRange']>): ReturnType<VersionedIndex['boundedRange']> {
    return this.#seed.boundedRange(...given);
  }

  find(key: Key): ReturnType<VersionedIndex['find']> {
    return this.#seed.find(key, LAST);
  }

  load(key: Key): Task<void> {
    return this.#seed.load(key, LAST);
  }

  lookUp(): boolean {
    return false;
  }

  scan(options: ScanOptions): BatchSource {
    return this.#seed.scan({ ...options, seq: LAST });
  }

  scanVersions(options: Parameters<VersionedIndex['scanVersions']>[0]): BatchSource {
    return this.#seed.scanVersions({ ...options, fromSeq: LAST, toSeq: Infinity });
  }
}

/** Changes that are in the trees already: the log gets them with a commit. */
export class LoggedOnly implements PreparedChanges {
  readonly tableId: number;
  readonly changes: RowChanges;
  readonly isDerived = true;

  constructor(tableId: number, changes: RowChanges) {
    this.tableId = tableId;
    this.changes = changes;
  }

  release(): void {
    // Holds no leaves.
  }
}
