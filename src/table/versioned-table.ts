/**
 * Table: a versioned tree with its secondary indexes, kept in step by `applyChanges`.
 *
 * An index is a tree of the same kind whose rows are the index's columns followed by the table's key columns, all of
 * them its key; so it answers AS OF queries as the table does. An update touches an index only where the indexed
 * columns change.
 */
import { assert, DriftError } from '../base/error.ts';
import type { Vector } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import type { Task } from '../base/task.ts';
import {
  type IndexSpec,
  type KeyColumn,
  type KeyRange,
  OP_INSERT,
  type RowChanges,
  type TableSpec,
  type TreeColumn,
  type VersionedTable,
} from './table.ts';
import type { IndexEntry, TableEntry } from './directory.ts';
import { type Erasing, eraseVersions } from './erase.ts';
import { trimTable } from './history-limit.ts';
import type { Kept } from './kept.ts';
import { fillIndex } from './fill-index.ts';
import { indexChanges } from './index-changes.ts';
import type { PreparedChanges, Trimmed } from './store.ts';
import { settleTree } from './settle.ts';
import { type Leaf, leafRanges, release } from './tile.ts';
import { Tree, type TreeOptions } from './tree.ts';

/** Attempts to fill an index before the table stops changing meanwhile. */
const FILL_ATTEMPTS = 10;

export class IndexTree extends Tree {
  readonly spec: IndexSpec;
  /** Table ordinals of this tree's columns. */
  readonly sources: readonly number[];
  /** From here on the index is no longer maintained. */
  droppedAt: number = Infinity;

  /** An empty index, or one as the directory has it. */
  constructor(spec: IndexSpec, table: TableSpec, options: TreeOptions, entry?: IndexEntry) {
    const sources = [...spec.columns, ...table.key].map((part) => part.column);
    const columns = sources.map((ordinal) => table.columns[ordinal] as TreeColumn);
    const key: KeyColumn[] = [...spec.columns, ...table.key].map((part, column) => ({ ...part, column }));
    super(spec.id, columns, key, options);
    this.spec = spec;
    this.sources = sources;
    if (entry === undefined) return;
    this.droppedAt = entry.droppedAt;
    this.restore(entry.tree);
  }
}

/** Changes of one commit whose leaves are in memory, held there until `release`. */
class Prepared implements PreparedChanges {
  readonly tableId: number;
  readonly changes: RowChanges;
  readonly indexChanges: Map<IndexTree, RowChanges> = new Map();
  readonly held: Leaf[] = [];

  constructor(tableId: number, changes: RowChanges) {
    this.tableId = tableId;
    this.changes = changes;
  }

  release(): void {
    for (const leaf of this.held) release(leaf);
    this.held.length = 0;
  }
}

export class Table extends Tree implements VersionedTable {
  spec: TableSpec;
  readonly indexes: IndexTree[] = [];
  changeCount = 0;
  nextRowId = 1;

  /** An empty table, or one as the directory has it. */
  constructor(spec: TableSpec, options: TreeOptions, entry?: TableEntry) {
    super(spec.id, spec.columns, spec.key, options);
    this.spec = spec;
    if (entry === undefined) {
      for (const index of spec.indexes) this.indexes.push(new IndexTree(index, spec, options));
      return;
    }
    this.nextRowId = entry.nextRowId;
    this.restore(entry.tree);
    for (const index of entry.indexes) this.indexes.push(new IndexTree(index.spec, spec, options, index));
    this.#end(entry.endSeq);
  }

  leafRanges(resident: boolean): KeyRange[] {
    return leafRanges(this.leaves, resident);
  }

  /** Those that are maintained. */
  get liveIndexes(): IndexTree[] {
    return this.indexes.filter((index) => index.droppedAt === Infinity);
  }

  /** Works out what the changes mean for the indexes, and brings every leaf that they touch into memory, to stay. */
  *prepare(changes: RowChanges): Task<PreparedChanges> {
    const prepared = new Prepared(this.id, changes);
    try {
      yield* this.holdLeaves(changes, prepared.held);
      for (const index of this.liveIndexes) {
        const forIndex = this.#indexChanges(index, changes);
        prepared.indexChanges.set(index, forIndex);
        yield* index.holdLeaves(forIndex, prepared.held);
      }
      return prepared;
    } catch (error) {
      prepared.release();
      throw error;
    }
  }

  /**
   * Publishes the changes of commit `seq` to the rows and to every index. REQUIRES: no commit to this table since they
   * were prepared.
   */
  applyPrepared(seq: number, prepared: PreparedChanges): void {
    assert(prepared instanceof Prepared && prepared.tableId === this.id, 'changes prepared for another table');
    this.#apply(seq, prepared.changes, (index) => prepared.indexChanges.get(index));
  }

  /** Publishes changes that were not prepared. REQUIRES: the leaves they touch are in memory. */
  applyChanges(seq: number, changes: RowChanges): void {
    this.#apply(seq, changes, () => undefined);
  }

  #apply(seq: number, changes: RowChanges, known: (index: IndexTree) => RowChanges | undefined): void {
    assert(seq < this.endSeq, `table ${this.id} is dropped`);
    const live = this.liveIndexes;
    // Old rows are read before the table changes. An index made since the changes were prepared is not among them.
    const indexChanges = live.map((index) => known(index) ?? this.#indexChanges(index, changes));
    this.apply(seq, changes);
    this.changeCount += changes.count;
    for (let i = 0; i < live.length; i++) {
      const forIndex = indexChanges[i];
      if (forIndex !== undefined && forIndex.count > 0) (live[i] as IndexTree).apply(seq, forIndex);
    }
    if (this.codec.form === 'number') this.advanceRowId(changes, 0, changes.count);
  }

  /** Sees to it that row ids go on behind those of some entries. */
  advanceRowId(changes: RowChanges, start: number, end: number): void {
    for (let entry = start; entry < end; entry++) {
      const key = changes.keys[entry];
      // A number may be any column's key: row ids are integers, and the one after must be exact.
      if (changes.ops[entry] !== OP_INSERT || !Number.isInteger(key) || (key as number) >= Number.MAX_SAFE_INTEGER)
        continue;
      this.nextRowId = Math.max(this.nextRowId, (key as number) + 1);
    }
  }

  #indexChanges(index: IndexTree, changes: RowChanges): RowChanges {
    if (isBulkInsert(changes)) {
      const rows = index.sources.map((ordinal) => this.newColumn(changes, ordinal));
      return { ...changes, rows, keys: index.codec.ofRows(rows, 0, changes.count) };
    }
    return indexChanges(this, index, changes, (ordinal) => this.newColumn(changes, ordinal));
  }

  /** A column of the rows after changes. */
  newColumn(changes: RowChanges, ordinal: number): Vector {
    const given = changes.rows[ordinal];
    if (given !== undefined) return given;
    const { format, missing } = this.columns[ordinal] as TreeColumn;
    const builder = new VectorBuilder(format, changes.count);
    for (let row = 0; row < changes.count; row++) builder.append(missing);
    return builder.view();
  }

  /**
   * Adds an index filled with the current rows. Its entries begin at the table's last change, so that every snapshot
   * that may use the index sees them. Throws 40001 when the table does not stop changing.
   */
  *addIndex(spec: IndexSpec): Task<void> {
    for (let attempt = 0; attempt < FILL_ATTEMPTS; attempt++) {
      const seq = this.lastChange;
      const index = new IndexTree(spec, this.spec, this.options);
      // Nothing has changed between the last change and a limit behind it, but only the later state can be read.
      if (!(yield* fillIndex(this, index, seq, Math.max(seq, this.historyFrom)))) continue;
      this.indexes.push(index);
      this.spec = { ...this.spec, indexes: [...this.spec.indexes.filter((known) => known.id !== spec.id), spec] };
      return;
    }
    throw new DriftError('40001', 'could not fill the index: the table kept changing', {
      hint: 'Try again while fewer transactions write to the table.',
    });
  }

  /** Ends an index: from `seq` on it is no longer maintained. */
  endIndex(indexId: number, seq: number): void {
    const index = this.indexes.find((candidate) => candidate.id === indexId);
    assert(index !== undefined, `no index ${indexId} on table ${this.id}`);
    if (index.droppedAt === Infinity) index.droppedAt = seq;
    this.spec = { ...this.spec, indexes: this.spec.indexes.filter((known) => known.id !== indexId) };
  }

  /** Takes back `addIndex` of an index that no committed catalog names. */
  removeIndex(indexId: number): void {
    const at = this.indexes.findIndex((candidate) => candidate.id === indexId);
    if (at < 0) return;
    this.indexes[at]?.discard();
    this.indexes.splice(at, 1);
    this.spec = { ...this.spec, indexes: this.spec.indexes.filter((known) => known.id !== indexId) };
  }

  /** Ends the table: no row is current from `seq` on. */
  end(seq: number): void {
    if (this.endSeq !== Infinity) return;
    this.#end(seq);
  }

  /** Gives up states: from here on none can be read but these, which the table has. */
  keepHistory({ historyFrom, keptBefore }: Kept): void {
    for (const tree of [this, ...this.indexes]) Object.assign(tree, { historyFrom, keptBefore });
  }

  /** Removes what only states need that were given up. */
  trimHistory(): Task<Trimmed> {
    return trimTable(this);
  }

  /** Erases rows from all states, as far as memory goes (erase.ts). */
  erase(erasing: Erasing): Task<number> {
    return eraseVersions(this, erasing);
  }

  /** Readies a table that has ended to go on: its open rows are closed at its end (settle.ts). */
  *settle(): Task<void> {
    if (this.endSeq === Infinity) return;
    for (const tree of [this, ...this.liveIndexes]) yield* settleTree(tree);
  }

  /** Takes the end away. REQUIRES: settled. */
  reopen(): void {
    if (this.endSeq === Infinity) return;
    assert(this.rowCount === 0, `table ${this.id} is not settled`);
    this.#end(Infinity);
  }

  #end(seq: number): void {
    this.endSeq = seq;
    for (const index of this.indexes) index.endSeq = seq;
    if (seq !== Infinity) this.rowCount = 0;
  }

  /** Forgets the newest columns, which no row has: their transaction was rolled back. */
  removeColumns(count: number): void {
    const columns = this.spec.columns.slice(0, count);
    this.reshape(columns);
    this.spec = { ...this.spec, columns };
  }

  appendColumn(column: TreeColumn): void {
    this.adopt({ ...this.spec, columns: [...this.spec.columns, column] });
  }

  /** Takes a newer description of the same table: columns may have been appended. */
  adopt(spec: TableSpec): void {
    assert(spec.columns.length >= this.columns.length, `table ${this.id} lost a column`);
    this.reshape(spec.columns);
    this.spec = spec;
  }
}

/** Whether all entries are new rows. */
export function isBulkInsert(changes: RowChanges): boolean {
  for (let entry = 0; entry < changes.count; entry++) if (changes.ops[entry] !== OP_INSERT) return false;
  return true;
}
