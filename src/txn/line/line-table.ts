/**
 * LineTable: a table that a branch has inherited, as the branch has it.
 *
 * Three versioned tables make it up: the parent's, read at the fork and before; `own`, with every row that the line has
 * inserted or changed, whole and under the same key; and `hidden`, the keys of inherited rows that are not the line's any
 * more, each with the commit that changed or removed it. The last two begin with the line's first change to the table.
 *
 *     parent at the fork   1 a   2 b   3 c          update of 2, deletion of 3, insertion of 4 on the line
 *     own                        2 B         4 d
 *     hidden                     2     3            → 1 a   2 B   4 d
 *
 * Invariants: a key of `hidden` is a key of the parent at the fork, and stays hidden; a key of `own` that the parent had
 * at the fork is hidden at least as long. So a key is in force on one side at most, and before the fork there is the
 * parent alone.
 */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import {
  type BatchSource,
  type Bound,
  type Key,
  type KeyColumn,
  type KeyRange,
  MISS,
  type RowRef,
  type ScanOptions,
  type TableSpec,
  type TreeColumn,
  type VersionedIndex,
  type VersionedTable,
  type VersionScanOptions,
} from '../../table/table.ts';
import { isKept, type Span, spanOf } from '../../table/kept.ts';
import { chained, InheritedScan, LAST, type LineTree, merged } from './line-scan.ts';
import { LineVersionScan, widened } from './line-versions.ts';

/** What a line has of an inherited table besides the parent's. */
export interface Part {
  readonly own: VersionedTable;
  readonly hidden: VersionedTable;
}

export class LineTable implements VersionedTable, LineTree {
  readonly id: number;
  readonly parent: VersionedTable;
  readonly fork: number;
  readonly width: number;
  readonly #inherited: readonly TreeColumn[];
  readonly #indexes = new Map<number, LineIndex>();
  /** Inherited entries of the indexes that the line has made (seed.ts). */
  readonly #seeds = new Map<number, VersionedIndex>();
  part: Part | null = null;

  /** `width`: the columns that the table had at the fork. */
  constructor(parent: VersionedTable, fork: number, width: number) {
    this.id = parent.id;
    this.parent = parent;
    this.fork = fork;
    this.width = width;
    this.#inherited = parent.columns.slice(0, width);
  }

  get own(): VersionedTable | null {
    return this.part?.own ?? null;
  }

  get hidden(): VersionedTable | null {
    const hidden = this.part?.hidden ?? null;
    return hidden === null || hidden.rowCount === 0 ? null : hidden;
  }

  get endSeq(): number {
    return this.own?.endSeq ?? Infinity;
  }

  get columns(): readonly TreeColumn[] {
    return this.own?.columns ?? this.#inherited;
  }

  get key(): readonly KeyColumn[] {
    return this.parent.key;
  }

  get rowKey(): readonly number[] {
    return this.parent.key.map(({ column }) => column);
  }

  get spec(): TableSpec {
    return this.own?.spec ?? this.parent.spec;
  }

  get lastChange(): number {
    return Math.max(Math.min(this.parent.lastChange, this.fork), this.part?.own.lastChange ?? 0, this.#lastHidden);
  }

  get #lastHidden(): number {
    return this.part?.hidden.lastChange ?? 0;
  }

  /** An estimate, for the parent may have changed since the fork; never 0. */
  get rowCount(): number {
    const inherited = this.parent.rowCount - (this.hidden?.rowCount ?? 0);
    return Math.max(inherited, 1) + (this.own?.rowCount ?? 0);
  }

  get sizeBytes(): number {
    return (this.part?.own.sizeBytes ?? 0) + (this.part?.hidden.sizeBytes ?? 0);
  }

  /** What the line itself has since the fork is always there. */
  get historyFrom(): number {
    const { parent, fork } = this;
    return parent.historyFrom > fork && isKept(parent, fork)
      ? (spanOf(parent, fork)?.start ?? fork)
      : parent.historyFrom;
  }

  get keptBefore(): readonly Span[] {
    return this.parent.keptBefore.filter(({ end }) => end < this.historyFrom);
  }

  get changeCount(): number {
    return (this.own?.changeCount ?? 0) + (this.part?.hidden.changeCount ?? 0);
  }

  get nextRowId(): number {
    return Math.max(this.parent.nextRowId, this.own?.nextRowId ?? 1);
  }

  get indexes(): readonly VersionedIndex[] {
    const { indexes } = this.parent;
    return (this.#seeds.size === 0 ? indexes : [...indexes, ...this.#seeds.values()]).map((inherited) => {
      let index = this.#indexes.get(inherited.id);
      if (index === undefined) this.#indexes.set(inherited.id, (index = new LineIndex(this, inherited)));
      return index;
    });
  }

  /** Takes in an index that the line has made: its inherited entries; null takes it away. */
  setSeed(indexId: number, seed: VersionedIndex | null): void {
    this.#indexes.delete(indexId);
    if (seed === null) this.#seeds.delete(indexId);
    else this.#seeds.set(indexId, seed);
  }

  readonly keyOfRow = (values: readonly Value[]): Key => this.parent.encodeKey(values);

  encodeKey(values: readonly Value[]): Key {
    return this.parent.encodeKey(values);
  }

  prefixRange(values: readonly Value[]): KeyRange {
    return this.parent.prefixRange(values);
  }

  boundedRange(prefix: readonly Value[], low: Bound | null, high: Bound | null): KeyRange {
    return this.parent.boundedRange(prefix, low, high);
  }

  leafRanges(resident: boolean): KeyRange[] {
    return this.parent.leafRanges(resident);
  }

  find(key: Key, seq: number, withEnd?: boolean): RowRef | null | typeof MISS {
    const { own, hidden, endSeq, fork, width } = this;
    if (seq >= endSeq) return null;
    if (own !== null && seq > fork) {
      const found = own.find(key, seq, withEnd);
      if (found !== null) return found;
    }
    const end = hidden === null ? null : hidden.find(key, LAST);
    if (end === MISS) return MISS;
    if (end !== null && end.from <= seq) return null;
    const found = this.parent.find(key, Math.min(seq, fork), withEnd);
    if (found === null || found === MISS) return found;
    const to = found.to > fork ? Math.min(end?.from ?? Infinity, endSeq) : found.to;
    return { ...widened(found.columns, found.row, width, this.columns), from: found.from, to };
  }

  *load(key: Key, seq: number, withEnd?: boolean): Task<void> {
    const { own, hidden, fork } = this;
    if (own !== null && seq > fork) yield* own.load(key, seq, withEnd);
    if (hidden !== null) yield* hidden.load(key, LAST);
    yield* this.parent.load(key, Math.min(seq, fork), withEnd);
  }

  lookUp(): boolean {
    return false;
  }

  scan(options: ScanOptions): BatchSource {
    const { own, columns, fork } = this;
    if (options.seq >= this.endSeq) return NOTHING;
    const inherited = (given: ScanOptions): BatchSource => new InheritedScan(this, given, true);
    if (own === null || options.seq <= fork) return inherited(options);
    if (options.order === undefined) return chained(inherited(options), own.scan(options));
    const sides = [inherited, (given: ScanOptions) => own.scan(given)] as const;
    return merged({ columns, options, order: this.rowKey, keyOf: this.keyOfRow, sides });
  }

  scanVersions(options: VersionScanOptions): BatchSource {
    const trees = { tree: this, own: this.own, order: this.rowKey, keyOf: this.keyOfRow };
    return new LineVersionScan(trees, options);
  }
}

/** An index of an inherited table: the parent's at the fork without hidden rows, and that of the line's own rows. */
class LineIndex implements VersionedIndex, LineTree {
  readonly #table: LineTable;
  readonly parent: VersionedIndex;

  constructor(table: LineTable, parent: VersionedIndex) {
    this.#table = table;
    this.parent = parent;
  }

  get id(): number {
    return this.parent.id;
  }

  get #own(): VersionedIndex | null {
    const { own } = this.#table;
    if (own === null) return null;
    const index = own.indexes.find(({ id }) => id === this.id);
    return index ?? null;
  }

  get sources(): readonly number[] {
    return this.parent.sources;
  }

  get columns(): readonly TreeColumn[] {
    return this.parent.columns;
  }

  get key(): readonly KeyColumn[] {
    return this.parent.key;
  }

  get width(): number {
    return this.parent.columns.length;
  }

  get fork(): number {
    return this.#table.fork;
  }

  get endSeq(): number {
    return this.#table.endSeq;
  }

  get hidden(): VersionedTable | null {
    return this.#table.hidden;
  }

  get rowKey(): readonly number[] {
    const first = this.width - this.#table.key.length;
    return this.#table.key.map((_, k) => first + k);
  }

  get keyOfRow(): (values: readonly Value[]) => Key {
    return this.#table.keyOfRow;
  }

  get lastChange(): number {
    return Math.max(Math.min(this.parent.lastChange, this.fork), this.#own?.lastChange ?? 0);
  }

  get rowCount(): number {
    return Math.max(this.parent.rowCount - (this.hidden?.rowCount ?? 0), 1) + (this.#own?.rowCount ?? 0);
  }

  get sizeBytes(): number {
    return this.#own?.sizeBytes ?? 0;
  }

  encodeKey(values: readonly Value[]): Key {
    return this.parent.encodeKey(values);
  }

  prefixRange(values: readonly Value[]): KeyRange {
    return this.parent.prefixRange(values);
  }

  boundedRange(prefix: readonly Value[], low: Bound | null, high: Bound | null): KeyRange {
    return this.parent.boundedRange(prefix, low, high);
  }

  find(key: Key, seq: number, withEnd?: boolean): RowRef | null | typeof MISS {
    if (seq >= this.endSeq) return null;
    const own = seq > this.fork ? (this.#own?.find(key, seq, withEnd) ?? null) : null;
    if (own !== null) return own;
    const found = this.parent.find(key, Math.min(seq, this.fork), withEnd);
    if (found === null || found === MISS) return found;
    const end = this.hidden?.find(this.#rowKeyOf(found), LAST) ?? null;
    if (end === MISS) return MISS;
    if (end !== null && end.from <= seq) return null;
    return { ...found, to: found.to > this.fork ? (end?.from ?? this.endSeq) : found.to };
  }

  *load(key: Key, seq: number, withEnd?: boolean): Task<void> {
    if (seq > this.fork) yield* this.#own?.load(key, seq, withEnd) ?? none();
    const at = Math.min(seq, this.fork);
    yield* this.parent.load(key, at, withEnd);
    const found = this.parent.find(key, at, withEnd);
    if (found !== null && found !== MISS && this.hidden !== null) yield* this.hidden.load(this.#rowKeyOf(found), LAST);
  }

  #rowKeyOf(found: RowRef): Key {
    return this.keyOfRow(this.rowKey.map((ordinal) => valueAt(found.columns[ordinal] as Vector, found.row)));
  }

  lookUp(): boolean {
    return false;
  }

  scan(options: ScanOptions): BatchSource {
    const own = this.#own;
    if (options.seq >= this.endSeq) return NOTHING;
    const inherited = (given: ScanOptions): BatchSource => new InheritedScan(this, given, false);
    if (options.seq <= this.fork || this.#table.own === null) return inherited(options);
    assert(own !== null, `index ${this.id} of table ${this.#table.id} is unknown to its line`);
    if (options.order === undefined) return chained(inherited(options), own.scan(options));
    const { columns } = this;
    const order = this.key.map(({ column }) => column);
    const keyOf = (values: readonly Value[]): Key => this.parent.encodeKey(values);
    const sides = [inherited, (given: ScanOptions) => own.scan(given)] as const;
    return merged({ columns, options, order, keyOf, sides });
  }

  scanVersions(options: VersionScanOptions): BatchSource {
    const keyOf = (values: readonly Value[]): Key => this.parent.encodeKey(values);
    const order = this.key.map(({ column }) => column);
    return new LineVersionScan({ tree: this, own: this.#own, order, keyOf }, options);
  }
}

function* none(): Task<void> {
  // Nothing to load.
}

const NOTHING: BatchSource = {
  *next() {
    return null;
  },
  close() {
    // Nothing to release.
  },
};
