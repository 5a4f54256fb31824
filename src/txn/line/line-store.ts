/**
 * LineStore: the tables of one line (a branch) as a table store.
 *
 * Tables that the line has made are the database's own under their ids. Those that it has inherited are LineTables over
 * the parent's store; with the first change to one, two tables of the database are made for it (its part). What belongs to
 * which line is in the table of lines (catalog/lines.ts), as definitions of those tables; they are written by the commit
 * that needs them, so the log and recovery know tables only.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { valueAt, type Vector } from '../../base/vector.ts';
import { LINES_TABLE_ID, type LineTableDef } from '../../catalog/lines.ts';
import type { TableDef } from '../../catalog/schema.ts';
import { CATALOG_TABLE_ID, parseDefinition, TRANSACTIONS_TABLE_ID } from '../../catalog/system-objects.ts';
import type { CheckContext } from '../../table/check-tree.ts';
import type {
  BulkTables,
  CheckedTree,
  CommittedStructures,
  PinnedPacks,
  PreparedChanges,
  StoreStatistics,
  TableStore,
  Trimmed,
} from '../../table/store.ts';
import {
  type IndexSpec,
  type Key,
  OP_DELETE,
  OP_NONE,
  type RowChanges,
  type TableSpec,
  type TreeColumn,
  type VersionedTable,
} from '../../table/table.ts';
import type { Kept } from '../../table/kept.ts';
import type { WorkKind, WorkLog } from '../../table/work-log.ts';
import { type Definitions, lineBulk, LinePrepared } from './line-bulk.ts';
import { hiddenDef, LineRows, ownDef } from './line-definitions.ts';
import { LineTable } from './line-table.ts';
import { fillSeed, LoggedOnly, type Seed, seedDef, SeedIndex } from './seed.ts';
import { splitChanges } from './split-changes.ts';

/** What a line's store is told by the database. */
export interface LineContext {
  readonly id: number;
  readonly main: TableStore;
  readonly parent: TableStore;
  readonly fork: number;
  /** Columns that a table had at the fork; undefined where it was not there. */
  readonly widthOf: (tableId: number) => number | undefined;
  /** A table's definition on the line, as committed. */
  readonly definitionOf: (tableId: number) => TableDef | undefined;
  readonly specOf: (def: TableDef) => TableSpec;
  readonly nextId: () => number;
  /** Whether the table of lines has a definition of the table now. */
  readonly isRecorded: (tableId: number) => boolean;
  /** Told of what a commit writes to the table of lines. */
  readonly noteLines: (seq: number, changes: RowChanges) => void;
}

/** The part of the line for an inherited table. */
interface PartOf {
  readonly own: number;
  readonly hidden: number;
  /** Whether a commit has written its definitions. */
  isRecorded: boolean;
}

export class LineStore implements TableStore {
  readonly context: LineContext;
  readonly #main: TableStore;
  readonly #inherited = new Map<number, LineTable>();
  readonly #parts = new Map<number, PartOf>();
  /** Of the indexes that the line has made for inherited tables, by table. */
  readonly #seeds = new Map<number, Seed[]>();
  /** Tables made on the line, dropped ones too; and those of its parts. */
  readonly #made = new Set<number>();
  readonly #physical = new Set<number>([TRANSACTIONS_TABLE_ID, LINES_TABLE_ID]);

  /** `known`: the newest definition of every table that the table of lines has for this line. */
  constructor(context: LineContext, known: Iterable<LineTableDef>) {
    this.context = context;
    this.#main = context.main;
    const hidden = new Map<number, number>();
    const own: LineTableDef[] = [];
    for (const def of known) {
      if (!this.#main.has(def.id)) continue;
      if (def.role === 'hidden') hidden.set(def.of, def.id);
      else if (def.role === 'own') own.push(def);
      else if (def.role === 'index') this.#addSeed(def.of, { tableId: def.id, indexId: def.index ?? 0, pending: null });
      else this.#made.add(def.id);
    }
    for (const { of, id } of own) {
      this.#parts.set(of, { own: id, hidden: hidden.get(of) as number, isRecorded: true });
      this.#physical.add(id).add(hidden.get(of) as number);
    }
  }

  // ---- tables ----------------------------------------------------------------------------------------------------

  table(id: number): VersionedTable {
    return this.#made.has(id) || this.#physical.has(id) ? this.#main.table(id) : this.inherited(id);
  }

  /** An inherited table, whether the line has changed it or not. */
  inherited(id: number): LineTable {
    let table = this.#inherited.get(id);
    if (table === undefined) {
      const { parent, fork, widthOf } = this.context;
      const source = parent.table(id);
      table = new LineTable(source, fork, widthOf(id) ?? source.columns.length);
      this.#inherited.set(id, table);
      const part = this.#parts.get(id);
      if (part !== undefined) this.#join(table, part);
      for (const seed of this.#seeds.get(id) ?? []) this.#joinSeed(table, seed);
    }
    return table;
  }

  #join(table: LineTable, { own, hidden }: PartOf): void {
    table.part = { own: this.#main.table(own), hidden: this.#main.table(hidden) };
  }

  #addSeed(tableId: number, seed: Seed): void {
    this.#seeds.set(tableId, [...(this.#seeds.get(tableId) ?? []), seed]);
    this.#physical.add(seed.tableId);
  }

  #joinSeed(table: LineTable, { tableId, indexId }: Seed): void {
    const seed = this.#main.table(tableId);
    // Its columns are those of the index, in the order of own's.
    const own = table.own?.indexes.find(({ id }) => id === indexId);
    if (own !== undefined) table.setSeed(indexId, new SeedIndex(indexId, seed, own.sources));
  }

  has(id: number): boolean {
    return this.#made.has(id) || this.#physical.has(id) || this.context.parent.has(id);
  }

  /** Whether the line itself has made a table. */
  isOwn(id: number): boolean {
    return this.#made.has(id);
  }

  /** Ids of the inherited tables that the line has changed. */
  changed(): Iterable<number> {
    return this.#parts.keys();
  }

  made(): Iterable<number> {
    return this.#made.keys();
  }

  ids(): Iterable<number> {
    return this.#main.ids();
  }

  createTable(spec: TableSpec): void {
    this.#main.createTable(spec);
    this.#made.add(spec.id);
  }

  removeTable(id: number): void {
    this.#main.removeTable(id);
    this.#made.delete(id);
  }

  addColumn(tableId: number, column: TreeColumn): void {
    this.#main.addColumn(this.physicalOf(tableId), column);
  }

  removeColumns(tableId: number, count: number): void {
    this.#main.removeColumns(this.physicalOf(tableId), count);
  }

  *createIndex(tableId: number, index: IndexSpec, def: TableDef | undefined): Task<void> {
    yield* this.#main.createIndex(this.physicalOf(tableId), index);
    if (this.#made.has(tableId) || this.#physical.has(tableId) || def === undefined) return;
    const { nextId, specOf, id } = this.context;
    const made = seedDef(def, index, nextId(), id);
    this.#main.createTable(specOf(made));
    try {
      const table = this.inherited(tableId);
      const rows = yield* fillSeed(this.#main, table, index, made.id);
      const seed: Seed = { tableId: made.id, indexId: index.id, pending: { def: made, rows } };
      this.#addSeed(tableId, seed);
      this.#joinSeed(table, seed);
    } catch (error) {
      this.#main.removeTable(made.id);
      this.#main.removeIndex(this.physicalOf(tableId), index.id);
      throw error;
    }
  }

  removeIndex(tableId: number, indexId: number): void {
    const physical = this.physicalOf(tableId);
    this.#main.removeIndex(physical, indexId);
    const seeds = this.#seeds.get(tableId) ?? [];
    const seed = seeds.find((candidate) => candidate.indexId === indexId);
    if (seed === undefined) return;
    this.#seeds.set(
      tableId,
      seeds.filter((other) => other !== seed),
    );
    this.inherited(tableId).setSeed(indexId, null);
    this.#physical.delete(seed.tableId);
    this.#main.removeTable(seed.tableId);
  }

  endIndex(tableId: number, indexId: number, seq: number): void {
    this.#main.endIndex(this.physicalOf(tableId), indexId, seq);
  }

  endTable(tableId: number, seq: number): void {
    const part = this.#parts.get(tableId);
    if (this.#made.has(tableId)) this.#main.endTable(tableId, seq);
    else if (part?.isRecorded === true) this.#main.endTable(part.own, seq);
  }

  *settleTable(tableId: number): Task<void> {
    assert(this.#made.has(tableId), 'an inherited table comes back as a new one');
    yield* this.#main.settleTable(tableId);
  }

  isInherited(tableId: number): boolean {
    return !this.#made.has(tableId);
  }

  reopenTable(tableId: number): void {
    this.#main.reopenTable(tableId);
  }

  /** The table of the database that holds what the line changes of a table; made where there is none yet. */
  physicalOf(tableId: number): number {
    return this.#made.has(tableId) || this.#physical.has(tableId) ? tableId : this.#partOf(tableId).own;
  }

  #partOf(tableId: number): PartOf {
    let part = this.#parts.get(tableId);
    if (part !== undefined) return part;
    const { nextId, specOf } = this.context;
    part = { own: nextId(), hidden: nextId(), isRecorded: false };
    const def = this.#definition(tableId);
    this.#main.createTable(specOf(ownDef(def, part, this.context.id)));
    this.#main.createTable(specOf(hiddenDef(def, part, this.context.id)));
    this.#parts.set(tableId, part);
    this.#physical.add(part.own).add(part.hidden);
    this.#join(this.inherited(tableId), part);
    return part;
  }

  #definition(tableId: number): TableDef {
    const def = this.context.definitionOf(tableId);
    if (def === undefined) throw new DriftError('40001', `table ${tableId} was dropped`);
    return def;
  }

  // ---- commits ---------------------------------------------------------------------------------------------------

  *prepare(tableId: number, changes: RowChanges, earlier: readonly PreparedChanges[] = []): Task<PreparedChanges> {
    if (this.#physical.has(tableId)) return yield* this.#main.prepare(tableId, changes);
    const prepared = new LinePrepared(tableId, changes);
    try {
      const { rows, seeds } = this.#definitions(prepared, earlier);
      if (rows !== null) prepared.pieces.push(yield* this.#main.prepare(LINES_TABLE_ID, rows));
      yield* this.#rows(prepared, this.#main);
      prepared.pieces.push(...seeds);
      return prepared;
    } catch (error) {
      prepared.release();
      throw error;
    }
  }

  get bulk(): BulkTables | undefined {
    const { bulk } = this.#main;
    if (bulk === undefined) return undefined;
    const pending = [...this.#seeds.values()].flat();
    return lineBulk({
      bulk,
      isPhysical: (id) => this.#physical.has(id),
      rows: (prepared) => this.#rows(prepared, bulk),
      definitions: (prepared, earlier) => this.#definitions(prepared, earlier),
      noteApplied: (seq, prepared) => this.#noteApplied(seq, prepared),
      extraRows: pending.reduce((sum, seed) => sum + (seed.pending?.rows.count ?? 0), 0),
    });
  }

  /** The changes of rows, as those of the tables that hold them. */
  *#rows(prepared: LinePrepared, tables: Pick<TableStore, 'prepare'>): Task<void> {
    const { tableId, changes, pieces } = prepared;
    if (this.#made.has(tableId)) {
      pieces.push(yield* tables.prepare(tableId, changes));
      return;
    }
    const part = this.#partOf(tableId);
    const table = this.inherited(tableId);
    const { own, hidden } = yield* splitChanges(table, table.part as NonNullable<LineTable['part']>, changes);
    if (own !== null) pieces.push(yield* tables.prepare(part.own, own));
    if (hidden !== null) pieces.push(yield* tables.prepare(part.hidden, hidden));
  }

  /** What changes of a table mean for the table of lines, and the entries of new seeds. */
  #definitions(prepared: LinePrepared, earlier: readonly PreparedChanges[]): Definitions {
    const { tableId, changes, defines } = prepared;
    const defined = new Set(earlier.flatMap((other) => (other instanceof LinePrepared ? [...other.defines] : [])));
    const lines = new LineRows(this.#main.table(LINES_TABLE_ID), defines, defined);
    const seeds = tableId === CATALOG_TABLE_ID ? this.#define(changes, lines) : [];
    const part = this.#made.has(tableId) ? null : this.#partOf(tableId);
    if (part !== null && !part.isRecorded) {
      const def = this.#definition(tableId);
      lines.put(ownDef(def, part, this.context.id), false);
      lines.put(hiddenDef(def, part, this.context.id), false);
    }
    return { rows: lines.changes(), seeds };
  }

  /** What definitions of tables on the line mean for the tables of the database; gives the entries of new seeds. */
  #define(changes: RowChanges, lines: LineRows): PreparedChanges[] {
    const entries: PreparedChanges[] = [];
    for (let entry = 0; entry < changes.count; entry++) {
      const op = changes.ops[entry] as number;
      const id = Number(changes.keys[entry]);
      if (op === OP_NONE) continue;
      const part = this.#parts.get(id);
      if (op === OP_DELETE) {
        if (this.#made.has(id) && this.context.isRecorded(id)) lines.remove(id);
        else if (part?.isRecorded === true) lines.remove(part.own);
        continue;
      }
      const def = parseDefinition(valueAt(changes.rows[1] as Vector, entry) as string);
      if (def.kind !== 'table' || id === TRANSACTIONS_TABLE_ID) continue;
      // One that was dropped and comes back is not there.
      const isRecorded = this.#made.has(id) ? this.context.isRecorded(id) : undefined;
      if (isRecorded !== undefined) lines.put({ ...def, line: this.context.id, of: id, role: 'table' }, isRecorded);
      else {
        const made = part ?? this.#partOf(id);
        lines.put(ownDef(def, made, this.context.id), made.isRecorded);
        if (!made.isRecorded) lines.put(hiddenDef(def, made, this.context.id), false);
        for (const { indexId, pending } of this.#seeds.get(id) ?? []) {
          if (pending === null || !def.indexes.some((index) => index.id === indexId)) continue;
          lines.put(pending.def, false);
          if (pending.rows.count > 0) entries.push(new LoggedOnly(pending.def.id, pending.rows));
        }
      }
    }
    return entries;
  }

  apply(seq: number, prepared: PreparedChanges): void {
    if (!(prepared instanceof LinePrepared)) {
      this.#main.apply(seq, prepared);
      return;
    }
    for (const piece of prepared.pieces) if (!(piece instanceof LoggedOnly)) this.#main.apply(seq, piece);
    this.#noteApplied(seq, prepared);
  }

  #noteApplied(seq: number, prepared: LinePrepared): void {
    for (const { tableId, changes } of prepared.pieces)
      if (tableId === LINES_TABLE_ID) this.context.noteLines(seq, changes);
    for (const part of this.#parts.values()) if (prepared.defines.has(part.own)) part.isRecorded = true;
    for (const seeds of this.#seeds.values())
      for (const seed of seeds) if (prepared.defines.has(seed.tableId)) seed.pending = null;
  }

  append(tableId: number, seq: number, row: RowChanges): void {
    this.#main.append(tableId, seq, row);
  }

  loadEnd(tableId: number): Task<void> {
    return this.#main.loadEnd(tableId);
  }

  // ---- history ---------------------------------------------------------------------------------------------------

  keepHistory(tableId: number, kept: Kept): void {
    this.#requireMade(tableId, 'retention of a table that it has inherited');
    this.#main.keepHistory(tableId, kept);
  }

  limits(): readonly (readonly [number, Kept])[] {
    return this.#main.limits();
  }

  *trimHistory(tableId: number): Task<Trimmed> {
    this.#requireMade(tableId, 'retention of a table that it has inherited');
    return yield* this.#main.trimHistory(tableId);
  }

  *erase(tableId: number, keys: ReadonlySet<Key>, before: number): Task<number> {
    return yield* this.#main.erase(this.physicalOf(tableId), keys, before);
  }

  #requireMade(tableId: number, what: string): void {
    if (!this.#made.has(tableId)) throw unsupported(what);
  }

  // ---- the database as a whole -----------------------------------------------------------------------------------

  check(id: number, context: CheckContext): Task<readonly CheckedTree[]> {
    return this.#main.check(id, context);
  }

  setSpecs(specs: Iterable<TableSpec>): void {
    this.#main.setSpecs(specs);
  }

  describe(ids: Iterable<number> | null): Task<void> {
    return this.#main.describe(ids);
  }

  get describer(): TableStore['describer'] {
    return this.#main.describer;
  }

  get dirtyBytes(): number {
    return this.#main.dirtyBytes;
  }

  checkpoint(committed: CommittedStructures): Task<Uint8Array> {
    return this.#main.checkpoint(committed);
  }

  beginPack(atLeast: number): number {
    return this.#main.beginPack(atLeast);
  }

  hasPacksBelow(pack: number): boolean {
    return this.#main.hasPacksBelow(pack);
  }

  leftovers(): Task<readonly string[]> {
    return this.#main.leftovers();
  }

  get dueSplits(): number {
    return this.#main.dueSplits;
  }

  get isOverdue(): boolean {
    return this.#main.isOverdue;
  }

  takeSplit(): { readonly kind: WorkKind; readonly treeId: number; task(): Task<boolean> } | null {
    return this.#main.takeSplit();
  }

  hasSparsePacks(): Task<boolean> {
    return this.#main.hasSparsePacks();
  }

  repack(): Task<boolean> {
    return this.#main.repack();
  }

  traffic(): { readonly readBytes: number; readonly writtenBytes: number } {
    return this.#main.traffic();
  }

  get work(): WorkLog {
    return this.#main.work;
  }

  pin(): PinnedPacks {
    return this.#main.pin();
  }

  get isPinned(): boolean {
    return this.#main.isPinned;
  }

  checkpointDone(): Task<void> {
    return this.#main.checkpointDone();
  }

  statistics(): StoreStatistics {
    return this.#main.statistics();
  }
}

function unsupported(what: string): DriftError {
  return new DriftError('0A000', `a branch does not support ${what} yet`);
}
