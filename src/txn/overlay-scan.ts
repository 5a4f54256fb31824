/**
 * Scans that merge a transaction's own writes over a table's committed rows.
 *
 * Unordered scans pass committed batches through, with the rows that the transaction has overwritten deselected, and
 * end with the written rows themselves. Ordered scans and index scans work row by row: written rows are few, they are
 * sorted once and woven in. A statement without own writes on a table never comes here.
 */
import { PAUSE, type Task } from '../base/task.ts';
import { BATCH_ROWS, type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import { VectorBuilder } from '../base/vector-builder.ts';
import type { BatchSource, Key, KeyRange, ScanOptions, TreeColumn, VersionedTable } from '../table/table.ts';
import { ownOrder, TABLE_KEY } from './own-order.ts';
import type { OwnWrites } from './table-writes.ts';

/** Own writes looked at between two pauses. */
const SLICE_ENTRIES = 16_384;

/** A row scan's columns: those asked for, then the key's, so that overwritten rows can be told. */
export function overlayScan(table: VersionedTable, writes: OwnWrites, options: ScanOptions): BatchSource {
  const keyOrdinals = table.key.map((part) => part.column);
  const columns = [...options.columns, ...keyOrdinals];
  const base = table.scan({ ...options, columns, versionColumns: options.versionColumns });
  const keyAt = options.columns.length;
  const merged = options.order === undefined ? passThrough(base) : woven(base);
  return sliced({ next: () => merged.next(), close: () => base.close() });

  function passThrough(source: BatchSource): { next(): Task<Batch | null> } {
    let done = false;
    return {
      *next(): Task<Batch | null> {
        if (done) return null;
        for (;;) {
          const batch = yield* source.next();
          if (batch === null) break;
          const kept = withoutOverwritten(table, writes, batch, keyAt, keyOrdinals.length);
          if (kept !== null) return trimmed(kept, options, keyAt, keyOrdinals.length);
        }
        done = true;
        return yield* writtenBatch(writes, options);
      },
    };
  }

  function woven(source: BatchSource): { next(): Task<Batch | null> } {
    const own = sortedEntries(writes, options.range);
    if (options.order === 'desc') own.reverse();
    let at = 0;
    let finished = false;
    return {
      *next(): Task<Batch | null> {
        if (finished) return null;
        for (;;) {
          const batch = yield* source.next();
          if (batch === null) {
            finished = true;
            const rest = new RowGatherer(table.columns, options);
            for (; at < own.length; at++) rest.addWritten(writes, own[at] as number);
            return rest.batch();
          }
          const gathered = new RowGatherer(table.columns, options);
          for (let i = 0; i < batch.count; i++) {
            const row = batch.selection === null ? i : (batch.selection[i] as number);
            const key = keyOf(table, batch.columns, keyAt, keyOrdinals.length, row);
            while (at < own.length && precedes(writes.keyAt(own[at] as number), key, options.order === 'desc')) {
              gathered.addWritten(writes, own[at++] as number);
            }
            if (writes.latestEntry(key) < 0) gathered.addRow(batch.columns, row);
          }
          const out = gathered.batch();
          if (out !== null) return out;
        }
      },
    };
  }
}

/** No batch longer than others expect. */
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

/** Collects rows, cell by cell, under the options' columns (and version columns, null for own rows). */
export class RowGatherer {
  readonly #builders: VectorBuilder[];
  readonly #columns: readonly number[];
  readonly #versions: boolean;
  /** Counted here, because no column at all may be asked for. */
  #count = 0;

  constructor(treeColumns: readonly TreeColumn[], options: Pick<ScanOptions, 'columns' | 'versionColumns'>) {
    this.#columns = options.columns;
    this.#versions = options.versionColumns === true;
    this.#builders = options.columns.map((c) => new VectorBuilder((treeColumns[c] as TreeColumn).format));
    if (this.#versions) for (let i = 0; i < 2; i++) this.#builders.push(new VectorBuilder({ kind: 'f64' }));
  }

  /** Adds a row of a batch whose columns start with the options' columns (version columns last). */
  addRow(columns: readonly Vector[], row: number): void {
    const asked = this.#columns.length;
    this.#count++;
    for (let c = 0; c < asked; c++) (this.#builders[c] as VectorBuilder).append(valueAt(columns[c] as Vector, row));
    if (!this.#versions) return;
    for (let v = 0; v < 2; v++) {
      const vector = columns[columns.length - 2 + v] as Vector;
      (this.#builders[asked + v] as VectorBuilder).append(valueAt(vector, row));
    }
  }

  /** Adds a row given by all of the table's columns. */
  addTableRow(tableColumns: readonly Vector[], row: number, from: Value, to: Value): void {
    this.#count++;
    for (let c = 0; c < this.#columns.length; c++) {
      const vector = tableColumns[this.#columns[c] as number] as Vector;
      (this.#builders[c] as VectorBuilder).append(valueAt(vector, row));
    }
    if (!this.#versions) return;
    (this.#builders[this.#columns.length] as VectorBuilder).append(from);
    (this.#builders[this.#columns.length + 1] as VectorBuilder).append(to);
  }

  addWritten(writes: OwnWrites, entry: number): void {
    this.addTableRow(writes.rows(), entry, null, null);
  }

  batch(): Batch | null {
    const length = this.#count;
    if (length === 0) return null;
    return { columns: this.#builders.map((b) => b.view()), length, selection: null, count: length };
  }
}

/** Entries in force whose key is in the range, in key order. */
export function sortedEntries(writes: OwnWrites, range: KeyRange | undefined): number[] {
  return ownOrder(writes, TABLE_KEY)
    .range(writes, range, (entry) => writes.keyAt(entry))
    .map(({ entry }) => entry);
}

/** Key of a row whose key columns start at `keyAt`. */
export function keyOf(
  table: VersionedTable,
  columns: readonly Vector[],
  keyAt: number,
  parts: number,
  row: number,
): Key {
  const values: Value[] = [];
  for (let k = 0; k < parts; k++) values.push(valueAt(columns[keyAt + k] as Vector, row));
  return table.encodeKey(values);
}

function precedes(own: Key, key: Key, descending: boolean): boolean {
  return descending ? own > key : own < key;
}

function withoutOverwritten(
  table: VersionedTable,
  writes: OwnWrites,
  batch: Batch,
  keyAt: number,
  parts: number,
): Batch | null {
  const selection = new Int32Array(batch.count);
  const plain = parts === 1 ? plainKeys(table, batch.columns[keyAt] as Vector) : null;
  let count = 0;
  for (let i = 0; i < batch.count; i++) {
    const row = batch.selection === null ? i : (batch.selection[i] as number);
    const key = plain === null ? keyOf(table, batch.columns, keyAt, parts, row) : (plain[row] as Key);
    if (writes.latestEntry(key) < 0) selection[count++] = row;
  }
  if (count === 0) return null;
  if (count === batch.count) return batch;
  return { columns: batch.columns, length: batch.length, selection, count };
}

/** The data of a key column whose values are the comparable keys themselves. */
function plainKeys(table: VersionedTable, vector: Vector): ArrayLike<Key> | null {
  const part = table.key[0];
  if (part === undefined || part.descending) return null;
  const kind = table.columns[part.column]?.format.kind;
  const same =
    (kind === 'i32' && vector.kind === 'i32') ||
    (kind === 'int' && vector.kind === 'f64' && vector.scale === undefined) ||
    (kind === 'text' && vector.kind === 'text');
  return same ? (vector.data as ArrayLike<Key>) : null;
}

/** Takes the key columns that were only read to tell keys out of a batch again. */
function trimmed(batch: Batch, options: ScanOptions, keyAt: number, parts: number): Batch {
  const columns = [...batch.columns.slice(0, keyAt)];
  if (options.versionColumns === true) columns.push(...batch.columns.slice(keyAt + parts));
  return { ...batch, columns };
}

function* liveEntries(writes: OwnWrites): Task<Int32Array> {
  const entries = new Int32Array(writes.liveCount);
  let count = 0;
  for (let entry = 0; entry < writes.count; entry++) {
    if (writes.isLive(entry)) entries[count++] = entry;
    if (entry % SLICE_ENTRIES === SLICE_ENTRIES - 1) yield PAUSE;
  }
  return entries.subarray(0, count);
}

function* writtenBatch(writes: OwnWrites, options: ScanOptions): Task<Batch | null> {
  const selection =
    options.range === undefined ? yield* liveEntries(writes) : Int32Array.from(sortedEntries(writes, options.range));
  const count = selection.length;
  if (count === 0) return null;
  const rows = writes.rows();
  const columns = options.columns.map((ordinal) => rows[ordinal] as Vector);
  if (options.versionColumns === true) {
    const nulls = new Uint8Array(writes.count).fill(1);
    const none: Vector = { kind: 'f64', length: writes.count, nulls, data: new Float64Array(writes.count) };
    columns.push(none, none);
  }
  return { columns, length: writes.count, selection, count };
}

/** Cuts a batch of any size into batches of at most BATCH_ROWS counted rows. */
function* slices(batch: Batch): Generator<Batch> {
  if (batch.count <= BATCH_ROWS) {
    yield batch;
    return;
  }
  const selection = batch.selection ?? Int32Array.from({ length: batch.count }, (_, i) => i);
  for (let at = 0; at < batch.count; at += BATCH_ROWS) {
    const part = selection.subarray(at, Math.min(at + BATCH_ROWS, batch.count));
    yield { columns: batch.columns, length: batch.length, selection: part, count: part.length };
  }
}
