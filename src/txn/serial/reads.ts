/**
 * What a SERIALIZABLE transaction has read, as predicates: single keys, ranges of the key or of an index, or all of a
 * table. A write meets a read when the row was in what was read before it, or is in it afterwards; so phantoms count.
 */
import type { Task } from '../../base/task.ts';
import { valueAt, type Vector } from '../../base/vector.ts';
import {
  type BatchSource,
  type Key,
  type KeyRange,
  MISS,
  OP_NONE,
  type RowRef,
  type ScanOptions,
  type VersionedIndex,
  type VersionedTable,
  type VersionScanOptions,
} from '../../table/table.ts';
import type { IndexScanOptions, TableReader } from '../api.ts';
import type { TableWrites } from '../table-writes.ts';

/** More single reads or ranges than this count as the whole table. */
const MOST_KEYS = 16384;
const MOST_RANGES = 256;

export class TableReads {
  all = false;
  readonly keys: Set<Key> = new Set();
  /** Ranges of the table's key (null) and of indexes, by id. */
  readonly ranges: Map<number | null, KeyRange[]> = new Map();

  addKey(key: Key): void {
    if (this.all) return;
    this.keys.add(key);
    if (this.keys.size > MOST_KEYS) this.addAll();
  }

  addRange(index: number | null, range: KeyRange | undefined): void {
    if (range === undefined) this.addAll();
    if (this.all || range === undefined) return;
    const ranges = this.ranges.get(index);
    if (ranges === undefined) this.ranges.set(index, [range]);
    else if (ranges.length < MOST_RANGES) ranges.push(range);
    else this.addAll();
  }

  addAll(): void {
    this.all = true;
    this.keys.clear();
    this.ranges.clear();
  }
}

/** A reader that notes what is read. */
export class NotingReader implements TableReader {
  readonly #inner: TableReader;
  readonly #reads: TableReads;

  constructor(inner: TableReader, reads: TableReads) {
    this.#inner = inner;
    this.#reads = reads;
  }

  get table(): VersionedTable {
    return this.#inner.table;
  }

  get rowCount(): number {
    return this.#inner.rowCount;
  }

  find(key: Key, withEnd?: boolean, wanted?: readonly number[]): RowRef | null | typeof MISS {
    this.#reads.addKey(key);
    return this.#inner.find(key, withEnd, wanted);
  }

  load(key: Key, withEnd?: boolean): Task<void> {
    return this.#inner.load(key, withEnd);
  }

  findByIndex(): boolean {
    return false;
  }

  scan(options: Omit<ScanOptions, 'seq'>): BatchSource {
    this.#reads.addRange(null, options.range);
    return this.#inner.scan(options);
  }

  scanIndex(indexId: number, options: IndexScanOptions): BatchSource {
    this.#reads.addRange(indexId, options.range);
    return this.#inner.scanIndex(indexId, options);
  }

  scanVersions(options: VersionScanOptions): BatchSource {
    this.#reads.addRange(null, options.range);
    return this.#inner.scanVersions(options);
  }
}

/** Whether any write meets what was read. `before`: the state that the writes changed. */
export function meets(reads: TableReads, writes: TableWrites, table: VersionedTable, before: number): boolean {
  if (reads.all) return writes.count > 0;
  if (reads.ranges.size === 0 && reads.keys.size < writes.count) {
    for (const key of reads.keys) if (isWritten(writes, writes.latestEntry(key))) return true;
    return false;
  }
  for (let entry = 0; entry < writes.count; entry++) {
    if (!isWritten(writes, entry)) continue;
    const key = writes.keyAt(entry);
    if (reads.keys.has(key)) return true;
    for (const [indexId, ranges] of reads.ranges) {
      if (indexId === null) {
        if (ranges.some((range) => contains(range, key))) return true;
        continue;
      }
      const index = table.indexes.find(({ id }) => id === indexId);
      if (index === undefined || touchesIndex(ranges, index, writes, entry, table, before)) return true;
    }
  }
  return false;
}

function isWritten(writes: TableWrites, entry: number): boolean {
  return entry >= 0 && writes.opAt(entry) !== OP_NONE;
}

/** The row as it was, or as it is, lies in one of the ranges; what is not in memory is taken to. */
function touchesIndex(
  ranges: readonly KeyRange[],
  index: VersionedIndex,
  writes: TableWrites,
  entry: number,
  table: VersionedTable,
  before: number,
): boolean {
  const within = (columns: readonly Vector[], row: number): boolean => {
    const key = index.encodeKey(index.sources.map((ordinal) => valueAt(columns[ordinal] as Vector, row)));
    return ranges.some((range) => contains(range, key));
  };
  if (writes.isLive(entry) && within(writes.rows(), entry)) return true;
  const old = table.find(writes.keyAt(entry), before);
  return old === MISS || (old !== null && within(old.columns, old.row));
}

function contains({ low, high, lowInclusive, highInclusive }: KeyRange, key: Key): boolean {
  if (low !== undefined && (key < low || (lowInclusive === false && key === low))) return false;
  return high === undefined || key < high || (highInclusive !== false && key === high);
}
