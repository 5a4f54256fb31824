/**
 * Reads an index range and fetches the rows. Index trees hold their columns followed by the table's key, so the key of
 * the row is in the entry. Own rows in the range are woven in by index key; overwritten ones are left out.
 */
import { assert } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import {
  type BatchSource,
  type Key,
  type KeyRange,
  MISS,
  type ScanOptions,
  type TakeRow,
  type VersionedIndex,
} from '../table/table.ts';
import type { TableReader } from './api.ts';
import { keyOf, RowGatherer } from './overlay-scan.ts';
import { type OwnRow, ownOrder } from './own-order.ts';
import type { OwnWrites } from './table-writes.ts';

/** See `TableReader.findByIndex`. */
export function findByIndex(
  { reader: { table }, index, seq, writes }: Read,
  prefix: readonly Value[],
  take: TakeRow,
): boolean {
  const parts = table.key.length;
  const range = index.prefixRange(prefix);
  let complete = true;
  const known = index.lookUp(range, seq, (columns, row) => {
    const key = keyOf(table, columns, columns.length - parts, parts, row);
    if (writes !== null && writes.latestEntry(key) >= 0) return;
    const found = table.find(key, seq);
    if (found === MISS || found === null) complete = false;
    else take(found.columns, found.row);
  });
  if (!known || !complete) return false;
  if (writes !== null) for (const { entry } of ownEntries(writes, index, range)) take(writes.rows(), entry);
  return true;
}

interface Read {
  readonly reader: TableReader;
  readonly index: VersionedIndex;
  readonly seq: number;
  readonly writes: OwnWrites | null;
}

export class IndexScan implements BatchSource {
  readonly #reader: TableReader;
  readonly #index: VersionedIndex;
  readonly #source: BatchSource;
  readonly #writes: OwnWrites | null;
  readonly #options: Omit<ScanOptions, 'seq' | 'zones'>;
  readonly #own: OwnRow[];
  #ownAt = 0;
  #done = false;

  constructor({ reader, index, seq, writes }: Read, options: Omit<ScanOptions, 'seq' | 'zones'>) {
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
    this.#own = writes === null ? [] : ownEntries(writes, index, options.range);
    if (options.order === 'desc') this.#own.reverse();
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
    const key = keyOf(table, columns, columns.length - table.key.length, table.key.length, row);
    if (this.#writes !== null) {
      if (this.#own.length > this.#ownAt && this.#options.order !== undefined) {
        const all: Value[] = [];
        for (let c = 0; c < columns.length; c++) all.push(valueAt(columns[c] as Vector, row));
        this.#takeOwn(rows, this.#index.encodeKey(all));
      }
      if (this.#writes.latestEntry(key) >= 0) return;
    }
    const { versionColumns, columns: wanted } = this.#options;
    let found = this.#reader.find(key, versionColumns, wanted);
    while (found === MISS) {
      yield* this.#reader.load(key, versionColumns);
      found = this.#reader.find(key, versionColumns, wanted);
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
}

/** Own rows in a range of an index, by its keys. */
function ownEntries(writes: OwnWrites, index: VersionedIndex, range: KeyRange | undefined): OwnRow[] {
  const rows = writes.rows();
  const keyOf = (entry: number): Key =>
    index.encodeKey(index.sources.map((ordinal) => valueAt(rows[ordinal] as Vector, entry)));
  return ownOrder(writes, index.id).range(writes, range, keyOf);
}
