/**
 * The tables of one database in memory. What they hold is rebuilt from the commit log at opening.
 */
import { assert } from '../base/error.ts';
import type { Host } from '../base/host.ts';
import type { Task } from '../base/task.ts';
import type { Storage } from '../storage/storage.ts';
import type { StoreStatistics, TableStore } from './store.ts';
import type { IndexSpec, RowChanges, TableSpec, TreeColumn } from './table.ts';
import { Packs } from '../segment/packs.ts';
import { TileCache } from './tile.ts';
import { Table } from './versioned-table.ts';

export interface StoreOptions {
  readonly cacheBudgetBytes?: number | undefined;
  readonly maxLeafRows?: number | undefined;
  readonly minClosedRows?: number | undefined;
}

export function* openTableStore(
  storage: Storage,
  _host: Host,
  directory: Uint8Array | null,
  options: StoreOptions,
): Task<TableStore> {
  assert(directory === null, 'a store in memory has no directory');
  const packs = yield* Packs.open(storage, 16 * 1024 * 1024, new Map(), 1);
  return new LogBackedStore(options, new TileCache(packs, options.cacheBudgetBytes ?? 256 * 1024 * 1024));
}

class LogBackedStore implements TableStore {
  readonly #tables = new Map<number, Table>();
  readonly #options: StoreOptions;
  readonly #cache: TileCache;
  readonly persistent: boolean = false;

  constructor(options: StoreOptions, cache: TileCache) {
    this.#options = options;
    this.#cache = cache;
  }

  get dirtyBytes(): number {
    return 0;
  }

  table(id: number): Table {
    const table = this.#tables.get(id);
    assert(table !== undefined, `no table ${id}`);
    return table;
  }

  has(id: number): boolean {
    return this.#tables.has(id);
  }

  createTable(spec: TableSpec): void {
    const { maxLeafRows = 32768, minClosedRows = 4096 } = this.#options;
    this.#tables.set(
      spec.id,
      new Table(spec, { maxLeafRows, minClosedRows, timeSplitFactor: spec.timeSplitFactor, cache: this.#cache }),
    );
  }

  addColumn(tableId: number, column: TreeColumn): void {
    this.table(tableId).appendColumn(column);
  }

  removeColumn(tableId: number, ordinal: number): void {
    assert(this.table(tableId).columns.length - 1 === ordinal, 'only the newest column can be taken back');
  }

  *createIndex(tableId: number, index: IndexSpec, seq: number): Task<void> {
    yield* this.table(tableId).addIndex(index, seq);
  }

  dropIndex(tableId: number, indexId: number, seq: number): void {
    this.table(tableId).removeIndex(indexId, seq);
  }

  *dropTable(): Task<void> {}

  *prepare(): Task<void> {}

  apply(tableId: number, seq: number, changes: RowChanges): void {
    this.table(tableId).applyChanges(seq, changes);
  }

  setSpecs(specs: Iterable<TableSpec>): void {
    for (const spec of specs) if (this.has(spec.id)) this.table(spec.id).adopt(spec);
  }

  *maintain(): Task<boolean> {
    return false;
  }

  *checkpoint(): Task<Uint8Array> {
    return new Uint8Array(0);
  }

  *checkpointDone(): Task<void> {}

  statistics(): StoreStatistics {
    let leaves = 0;
    for (const table of this.#tables.values()) leaves += table.leaves.length;
    return { diskBytes: 0, cacheBytes: 0, cacheBudgetBytes: 0, dirtyBytes: 0, leaves, segments: 0, packs: 0 };
  }
}
