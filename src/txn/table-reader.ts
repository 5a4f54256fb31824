/**
 * TableReaders: one table at one moment, for one statement (see api.ts for the contract).
 *
 * Two kinds share the code: a *past* or clean reader asks the versioned table at a sequence number and is done; a
 * reader with own writes merges them over it (overlay-scan.ts, index-scan.ts).
 */
import type { Task } from '../base/task.ts';
import { assert } from '../base/error.ts';
import type { Value } from '../base/vector.ts';
import type {
  BatchSource,
  Key,
  MISS,
  RowRef,
  ScanOptions,
  TakeRow,
  VersionedIndex,
  VersionedTable,
  VersionScanOptions,
} from '../table/table.ts';
import type { IndexScanOptions, TableReader } from './api.ts';
import { findByIndex, IndexScan } from './index-scan.ts';
import { overlayScan } from './overlay-scan.ts';
import type { OwnWrites } from './table-writes.ts';

export class SnapshotTableReader implements TableReader {
  readonly table: VersionedTable;
  readonly #seq: number;
  readonly #writes: OwnWrites | null;

  constructor(table: VersionedTable, seq: number, writes: OwnWrites | null) {
    this.table = table;
    this.#seq = seq;
    this.#writes = writes !== null && writes.count > 0 ? writes : null;
  }

  get rowCount(): number {
    return this.table.rowCount + (this.#writes?.liveCount ?? 0);
  }

  get moment(): number | null {
    return this.#writes === null ? this.#seq : null;
  }

  find(key: Key, withEnd?: boolean, wanted?: readonly number[]): RowRef | null | typeof MISS {
    const writes = this.#writes;
    if (writes !== null) {
      const entry = writes.latestEntry(key);
      if (entry >= 0) {
        if (!writes.isLive(entry)) return null;
        return { columns: writes.rows(), row: entry, from: Number.NaN, to: Infinity };
      }
    }
    return this.table.find(key, this.#seq, withEnd, wanted);
  }

  load(key: Key, withEnd?: boolean): Task<void> {
    return this.table.load(key, this.#seq, withEnd);
  }

  findByIndex(indexId: number, prefix: readonly Value[], take: TakeRow): boolean {
    const read = { reader: this, index: this.#index(indexId), seq: this.#seq, writes: this.#writes };
    return findByIndex(read, prefix, take);
  }

  scan(options: Omit<ScanOptions, 'seq'>): BatchSource {
    const full = { ...options, seq: this.#seq };
    return this.#writes === null ? this.table.scan(full) : overlayScan(this.table, this.#writes, full);
  }

  scanIndex(indexId: number, options: IndexScanOptions): BatchSource {
    const index = this.#index(indexId);
    if (options.only === true && this.#writes === null) {
      const places = index.sources;
      return index.scan({
        ...options,
        seq: this.#seq,
        columns: options.columns.map((column) => places.indexOf(column)),
      });
    }
    return new IndexScan({ reader: this, index, seq: this.#seq, writes: this.#writes }, options);
  }

  scanVersions(options: VersionScanOptions): BatchSource {
    return this.table.scanVersions(options);
  }

  #index(indexId: number): VersionedIndex {
    const index = this.table.indexes.find((candidate) => candidate.id === indexId);
    assert(index !== undefined, `index ${indexId} of table ${this.table.id} is unknown`);
    return index;
  }
}
