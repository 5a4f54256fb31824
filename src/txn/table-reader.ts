/**
 * TableReaders: one table at one moment, for one statement (see api.ts for the contract).
 *
 * Two kinds share the code: a *past* or clean reader asks the versioned table at a sequence number and is done; a
 * reader with own writes merges them over it. Index scans come here too: an index gives keys, rows are fetched by key.
 */
import type { Task } from '../base/task.ts';
import { assert } from '../base/error.ts';
import { BATCH_ROWS, type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import {
  type BatchSource,
  type Key,
  MISS,
  type RowRef,
  type ScanOptions,
  type VersionedTable,
  type VersionedIndex,
  type VersionScanOptions,
} from '../table/table.ts';
import type { IndexScanOptions, TableReader } from './api.ts';
import { overlayScan, RowGatherer, slices } from './overlay-scan.ts';
import { type OwnRow, ownOrder } from './own-order.ts';
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

  find(key: Key, withEnd?: boolean): RowRef | null | typeof MISS {
    const writes = this.#writes;
    if (writes !== null) {
      const entry = writes.latestEntry(key);
      if (entry >= 0) {
        if (!writes.isLive(entry)) return null;
        return { columns: writes.rows(), row: entry, from: Number.NaN, to: Infinity };
      }
    }
    return this.table.find(key, this.#seq, withEnd);
  }

  load(key: Key, withEnd?: boolean): Task<void> {
    return this.table.load(key, this.#seq, withEnd);
  }

  scan(options: Omit<ScanOptions, 'seq'>): BatchSource {
    const full = { ...options, seq: this.#seq };
    if (this.#writes === null) return this.table.scan(full);
    return sliced(overlayScan(this.table, this.#writes, full));
  }

  scanIndex(indexId: number, options: IndexScanOptions): BatchSource {
    const index = this.table.indexes.find((candidate) => candidate.id === indexId);
    assert(index !== undefined, `index ${indexId} of table ${this.table.id} is unknown`);
    if (options.only === true && this.#writes === null) {
      const places = index.sources;
      return index.scan({
        ...options,
        seq: this.#seq,
        columns: options.columns.map((column) => places.indexOf(column)),
      });
    }
    return new IndexScan(this, index, this.#seq, this.#writes, options);
  }

  scanVersions(options: VersionScanOptions): BatchSource {
    return this.table.scanVersions(options);
  }
}

/**
 * Reads an index range and fetches the rows. Index trees hold their columns followed by the table's key, so the key of
 * the row is in the entry. Own rows in the range are woven in by index key; overwritten ones are left out.
 */
class IndexScan implements BatchSource {
  readonly #reader: SnapshotTableReader;
  readonly #index: VersionedIndex;
  readonly #source: BatchSource;
  readonly #writes: OwnWrites | null;
  readonly #options: Omit<ScanOptions, 'seq' | 'zones'>;
  readonly #own: readonly OwnRow[];
  #ownAt = 0;
  #done = false;

  constructor(
    reader: SnapshotTableReader,
    index: VersionedIndex,
    seq: number,
    writes: OwnWrites | null,
    options: Omit<ScanOptions, 'seq' | 'zones'>,
  ) {
    this.#reader = reader;
    this.#index = index;
    this.#writes = writes;
    this.#options = options;
    this.#source = index.scan({
      seq,
      columns: index.columns.map((_, ordinal) => ordinal),
      range: options.range,
      order: options.order,
      counters: options.counters,
    });
    this.#own = writes === null ? [] : this.#ownEntries(writes);
  }

  *next(): Task<Batch | null> {
    while (!this.#done) {
      const entries = yield* this.#source.next();
      const rows = new RowGatherer(this.#reader.table.columns, this.#options);
      if (entries === null) {
        this.#done = true;
        this.#takeOwn(rows, undefined);
      } else {
        for (let i = 0; i < entries.count; i++) {
          const row = entries.selection === null ? i : (entries.selection[i] as number);
          yield* this.#fetch(rows, entries.columns, row);
        }
      }
      const batch = rows.batch();
      if (batch !== null) return batch;
    }
    return null;
  }

  close(): void {
    this.#source.close();
    this.#done = true;
  }

  *#fetch(rows: RowGatherer, columns: readonly Vector[], row: number): Task<void> {
    const table = this.#reader.table;
    const keyAt = columns.length - table.key.length;
    const values: Value[] = [];
    for (let c = keyAt; c < columns.length; c++) values.push(valueAt(columns[c] as Vector, row));
    const key = table.encodeKey(values);
    if (this.#writes !== null) {
      if (this.#own.length > this.#ownAt && this.#options.order !== undefined) {
        const all: Value[] = [];
        for (let c = 0; c < columns.length; c++) all.push(valueAt(columns[c] as Vector, row));
        this.#takeOwn(rows, this.#index.encodeKey(all));
      }
      if (this.#writes.latestEntry(key) >= 0) return;
    }
    const { versionColumns } = this.#options;
    let found = this.#reader.find(key, versionColumns);
    while (found === MISS) {
      yield* this.#reader.load(key, versionColumns);
      found = this.#reader.find(key, versionColumns);
    }
    assert(found !== null, `index ${this.#index.id} names a row that its table does not have`);
    rows.addTableRow(found.columns, found.row, found.from, found.to);
  }

  /** Adds own rows that come before an index key, or all that are left. */
  #takeOwn(rows: RowGatherer, before: Key | undefined): void {
    const descending = this.#options.order === 'desc';
    while (this.#ownAt < this.#own.length) {
      const own = this.#own[this.#ownAt] as OwnRow;
      if (before !== undefined && (descending ? own.key <= before : own.key >= before)) return;
      rows.addWritten(this.#writes as OwnWrites, own.entry);
      this.#ownAt++;
    }
  }

  #ownEntries(writes: OwnWrites): OwnRow[] {
    const ordinals = this.#index.sources;
    const rows = writes.rows();
    const keyOf = (entry: number): Key =>
      this.#index.encodeKey(ordinals.map((ordinal) => valueAt(rows[ordinal] as Vector, entry)));
    const own = ownOrder(writes, this.#index.id).range(writes, this.#options.range, keyOf);
    if (this.#options.order === 'desc') own.reverse();
    return own;
  }
}

function sliced(source: BatchSource): BatchSource {
  let pending: Iterator<Batch> | null = null;
  return {
    *next(): Task<Batch | null> {
      for (;;) {
        if (pending !== null) {
          const step = pending.next();
          if (!step.done) return step.value;
          pending = null;
        }
        const batch = yield* source.next();
        if (batch === null || batch.count <= BATCH_ROWS) return batch;
        pending = slices(batch);
      }
    },
    close: () => source.close(),
  };
}
