/**
 * The tables of one database: what the directory describes, loaded when it is needed, plus what commits have added.
 */
import { assert } from '../base/error.ts';
import { CATALOG_TABLE_ID } from '../catalog/system-objects.ts';
import type { Task } from '../base/task.ts';
import { Packs } from '../segment/packs.ts';
import type { Storage } from '../storage/storage.ts';
import { applyBulk, prepareBulk } from './bulk-changes.ts';
import { type CheckContext, checkTree } from './check-tree.ts';
import { Checkpoint } from './checkpoint.ts';
import { type EndedTables, NO_ENDED, openDirectory, type TableEntry } from './directory.ts';
import { type LateTables, withEnded } from './encode-directory.ts';
import { describeEnded } from './ended-tables.ts';
import type {
  BulkTables,
  CheckedTree,
  CommittedStructures,
  PinnedPacks,
  PreparedChanges,
  StoreStatistics,
  TableStore,
  Trimmed,
} from './store.ts';
import type { Kept } from './kept.ts';
import type { IndexSpec, Key, RowChanges, TableSpec, TreeColumn } from './table.ts';
import { repack, sparsePacks, type StoredTree } from './repack.ts';
import { divide } from './divide.ts';
import { SplitQueue } from './split-queue.ts';
import { TileCache } from './tile.ts';
import type { TreeOptions } from './tree.ts';
import { Table } from './versioned-table.ts';
import { type WorkKind, WorkLog } from './work-log.ts';

const SLICE_ENTRIES = 1024;

/** Definitions of before that the catalog keeps beside those in force: an opening decodes them together. */
const CATALOG_CLOSED_ROWS = 256;
/** Trees with more tiles have a past of their own; more tables that have ended are apart in the directory. */
const MOST_INLINE = 16;

export interface StoreOptions {
  /** Bytes of clean leaves and tiles kept in memory. */
  readonly cacheBudgetBytes: number;
  /** A pack file takes segments up to this size. */
  readonly packSizeBytes: number;
  /** Live rows beyond which a leaf splits by key. */
  readonly maxLeafRows: number;
  /** Closed versions below which a leaf does not split by time. */
  readonly minClosedRows: number;
  /** Cells of a leaf that a commit splits itself; bigger ones are split in the background. */
  readonly inlineSplitCells?: number | undefined;
  /** Entries of a commit of very many that are taken to a leaf at once. */
  readonly sliceEntries?: number | undefined;
  /** Tiles of a tree that the directory describes itself (past.ts), and tables that have ended (ended-tables.ts). */
  readonly inlineTiles?: number | undefined;
}

/** Opens the store; `directory` is the manifest's, null for a new database. */
export function openTableStore(storage: Storage, directory: Uint8Array | null, options: StoreOptions): TableStore {
  const known = directory === null ? NOTHING : openDirectory(directory);
  const { packs: sizes, currentPack, tables } = known.directory;
  const packs = Packs.of(storage, options.packSizeBytes, sizes, currentPack);
  return new SegmentStore(packs, tables, known.ended, options);
}

const NOTHING: ReturnType<typeof openDirectory> = {
  directory: { currentPack: 1, packs: new Map(), tables: [] },
  ended: NO_ENDED,
};

class SegmentStore implements TableStore {
  readonly #packs: Packs;
  readonly #cache: TileCache;
  readonly #options: StoreOptions;
  readonly #splits: SplitQueue;
  readonly work: WorkLog = new WorkLog();
  readonly bulk: BulkTables = {
    prepare: (id, changes) => prepareBulk(this.table(id), changes),
    apply: (seq, prepared) => applyBulk(this.table(prepared.tableId), seq, prepared),
  };
  readonly #tables = new Map<number, Table>();
  /** Those that are not described yet. */
  readonly #late: LateTables;
  describer: TableStore['describer'] = null;
  /** Packs that the directory in force, or one about to be, needs. */
  #needed: ReadonlyMap<number, number> = new Map();

  constructor(packs: Packs, tables: readonly TableEntry[], ended: EndedTables, options: StoreOptions) {
    this.#packs = packs;
    this.#cache = new TileCache(packs, options.cacheBudgetBytes);
    this.#options = options;
    this.#splits = new SplitQueue(options.inlineSplitCells);
    this.#late = { ended, undescribed: new Map(tables.map((entry) => [entry.id, entry])) };
  }

  get dirtyBytes(): number {
    return this.#cache.dirtyBytes;
  }

  table(id: number): Table {
    const table = this.#tables.get(id);
    assert(table !== undefined, `no table ${id}`);
    return table;
  }

  has(id: number): boolean {
    return this.#tables.has(id);
  }

  ids(): Iterable<number> {
    return this.#tables.keys();
  }

  *check(id: number, context: CheckContext): Task<readonly CheckedTree[]> {
    const table = this.table(id);
    const checked: CheckedTree[] = [{ indexId: null, found: yield* checkTree(table, this.#packs, context) }];
    for (const index of table.indexes)
      checked.push({ indexId: index.id, found: yield* checkTree(index, this.#packs, context) });
    return checked;
  }

  createTable(spec: TableSpec): void {
    assert(!this.has(spec.id), `table ${spec.id} exists`);
    this.#tables.set(spec.id, new Table(spec, this.#treeOptions(spec)));
  }

  removeTable(id: number): void {
    this.#tables.get(id)?.discard();
    this.#tables.delete(id);
  }

  addColumn(tableId: number, column: TreeColumn): void {
    this.table(tableId).appendColumn(column);
  }

  removeColumns(tableId: number, count: number): void {
    this.table(tableId).removeColumns(count);
  }

  createIndex(tableId: number, index: IndexSpec): Task<void> {
    return this.table(tableId).addIndex(index);
  }

  removeIndex(tableId: number, indexId: number): void {
    this.table(tableId).removeIndex(indexId);
  }

  endIndex(tableId: number, indexId: number, seq: number): void {
    this.table(tableId).endIndex(indexId, seq);
  }

  endTable(tableId: number, seq: number): void {
    this.table(tableId).end(seq);
  }

  settleTable(tableId: number): Task<void> {
    return this.table(tableId).settle();
  }

  reopenTable(tableId: number): void {
    this.table(tableId).reopen();
  }

  keepHistory(tableId: number, kept: Kept): void {
    this.table(tableId).keepHistory(kept);
  }

  erase(tableId: number, keys: ReadonlySet<Key>, before: number): Task<number> {
    return this.table(tableId).erase({ keys, before });
  }

  limits(): readonly (readonly [number, Kept])[] {
    return [...this.#tables.values()]
      .filter((table) => table.historyFrom > 0)
      .map(({ id, historyFrom, keptBefore }) => [id, { historyFrom, keptBefore }]);
  }

  trimHistory(tableId: number): Task<Trimmed> {
    return this.table(tableId).trimHistory();
  }

  prepare(tableId: number, changes: RowChanges): Task<PreparedChanges> {
    return this.table(tableId).prepare(changes);
  }

  apply(seq: number, prepared: PreparedChanges): void {
    this.table(prepared.tableId).applyPrepared(seq, prepared);
  }

  append(tableId: number, seq: number, row: RowChanges): void {
    this.table(tableId).applyChanges(seq, row);
  }

  *loadEnd(tableId: number): Task<void> {
    const { leaves, options } = this.table(tableId);
    const last = leaves[leaves.length - 1];
    if (last?.image === null) yield* options.cache.image(last, this.table(tableId));
    last?.image?.check();
  }

  setSpecs(specs: Iterable<TableSpec>): void {
    for (const spec of specs) {
      const entry = this.#late.undescribed.get(spec.id);
      if (entry !== undefined) {
        this.#tables.set(spec.id, new Table(spec, this.#treeOptions(spec), entry));
        this.#late.undescribed.delete(spec.id);
      } else if (this.has(spec.id)) {
        this.table(spec.id).adopt(spec);
      }
    }
  }

  *describe(ids: Iterable<number> | null): Task<void> {
    const { ended, undescribed } = this.#late;
    if (ended.bytes.length + undescribed.size > 0) yield* describeEnded(this, this.#late, ids);
  }

  *checkpoint(committed: CommittedStructures): Task<Uint8Array> {
    const inline = this.#options.inlineTiles ?? MOST_INLINE;
    const checkpoint = new Checkpoint(this.#packs, this.#cache, inline);
    checkpoint.capture(this.#tables.values(), committed);
    const finish = withEnded(this.#late, inline);
    const { packs, bytes } = yield* finish(yield* checkpoint.write());
    this.#needed = packs;
    return bytes;
  }

  beginPack(atLeast: number): number {
    return this.#packs.begin(atLeast);
  }

  hasPacksBelow(pack: number): boolean {
    for (const number of this.#packs.sizes.keys()) if (number < pack) return true;
    return false;
  }

  leftovers(): Task<readonly string[]> {
    return this.#packs.leftovers();
  }

  get dueSplits(): number {
    return this.#splits.size;
  }

  get isOverdue(): boolean {
    return this.#splits.isOverdue;
  }

  takeSplit(): { readonly kind: WorkKind; readonly treeId: number; task(): Task<boolean> } | null {
    const due = this.#splits.take();
    return due === null ? null : { kind: due.kind, treeId: due.tree.id, task: () => divide(due) };
  }

  *hasSparsePacks(): Task<boolean> {
    return (yield* sparsePacks(this.#packs, this.#stored(), this.#late.ended.packs)).size > 0;
  }

  *repack(): Task<boolean> {
    const sparse = yield* sparsePacks(this.#packs, this.#stored(), this.#late.ended.packs);
    for (const pack of this.#late.ended.packs.keys()) if (sparse.has(pack)) yield* this.describe(null);
    return yield* repack(this.#packs, [...this.#stored()], sparse);
  }

  traffic(): { readonly readBytes: number; readonly writtenBytes: number } {
    const { readBytes, writtenBytes } = this.#packs;
    return { readBytes, writtenBytes };
  }

  *#stored(): Generator<StoredTree> {
    for (const table of this.#tables.values()) {
      yield { tableId: table.id, tree: table };
      for (const index of table.indexes) yield { tableId: table.id, tree: index };
    }
  }

  pin(): PinnedPacks {
    return { read: (ref) => this.#packs.read(ref), release: this.#packs.pin() };
  }

  get isPinned(): boolean {
    return this.#packs.isPinned;
  }

  *checkpointDone(): Task<void> {
    yield* this.#packs.removeOthers(this.#needed);
  }

  statistics(): StoreStatistics {
    let leaves = 0;
    let segments = 0;
    for (const { tree } of this.#stored()) {
      leaves += tree.leaves.length;
      for (const leaf of tree.leaves) if (leaf.stored !== null) segments++;
    }
    return {
      diskBytes: this.#packs.diskBytes,
      cacheBytes: this.#cache.bytes,
      cacheBudgetBytes: this.#cache.budgetBytes,
      dirtyBytes: this.#cache.dirtyBytes,
      leaves,
      segments,
      packs: this.#packs.sizes.size,
    };
  }

  #treeOptions(spec: TableSpec): TreeOptions {
    const { maxLeafRows, minClosedRows, sliceEntries = SLICE_ENTRIES } = this.#options;
    return {
      sliceEntries,
      maxLeafRows,
      minClosedRows: spec.id === CATALOG_TABLE_ID ? Math.min(minClosedRows, CATALOG_CLOSED_ROWS) : minClosedRows,
      timeSplitFactor: spec.timeSplitFactor,
      cache: this.#cache,
      splits: this.#splits,
    };
  }
}
