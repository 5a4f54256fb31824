/**
 * Bitmap scans: the keys of rows that lie in several ranges of indexes are collected first, joined (OR) or intersected
 * (AND), and the rows are then fetched in key order, each once.
 */
import type { Task } from '../../base/task.ts';
import { BATCH_ROWS, type Batch, type Value, valueAt, type Vector } from '../../base/vector.ts';
import type { BitmapPart } from '../../plan/scan-access.ts';
import { type BatchSource, type Key, type KeyRange, MISS, type ScanCounters } from '../../table/table.ts';
import { SqlArray } from '../../sql/types/array.ts';
import type { TableReader } from '../../txn/api.ts';
import type { Evaluator } from '../evaluator.ts';
import { RowGatherer } from '../../txn/overlay-scan.ts';

type RangePart = BitmapPart & { readonly kind: 'range' };

interface BitmapKeys {
  readonly part: BitmapPart;
  /** The keys that a part's conditions span; null where a null value lets nothing match, undefined for all. */
  readonly rangeOf: (part: RangePart) => KeyRange | null | undefined;
}

export interface BitmapOptions {
  /** The rows' keys, or where to collect them. */
  readonly keys: readonly Key[] | BitmapKeys;
  readonly columns: readonly number[];
  readonly versionColumns: boolean;
  readonly counters: ScanCounters;
}

export class BitmapSource implements BatchSource {
  readonly #reader: TableReader;
  readonly #options: BitmapOptions;
  #keys: readonly Key[] | null = null;
  #at = 0;

  constructor(reader: TableReader, options: BitmapOptions) {
    this.#reader = reader;
    this.#options = options;
  }

  *next(): Task<Batch | null> {
    this.#keys ??= yield* this.#keysOf(this.#options.keys);
    while (this.#at < this.#keys.length) {
      const { versionColumns, columns } = this.#options;
      const rows = new RowGatherer(this.#reader.table.columns, this.#options);
      const end = Math.min(this.#keys.length, this.#at + BATCH_ROWS);
      for (; this.#at < end; this.#at++) {
        const key = this.#keys[this.#at] as Key;
        let found = this.#reader.find(key, versionColumns, columns);
        while (found === MISS) {
          yield* this.#reader.load(key, versionColumns);
          found = this.#reader.find(key, versionColumns, columns);
        }
        if (found !== null) rows.addTableRow(found.columns, found.row, found.from, found.to);
      }
      const batch = rows.batch();
      if (batch !== null) return batch;
    }
    return null;
  }

  close(): void {
    this.#keys = [];
  }

  *#keysOf(keys: BitmapOptions['keys']): Task<readonly Key[]> {
    if (!('part' in keys)) return keys;
    return [...(yield* this.#collect(keys.part, keys.rangeOf))].sort(byKey);
  }

  *#collect(part: BitmapPart, rangeOf: BitmapKeys['rangeOf']): Task<Set<Key>> {
    if (part.kind === 'range') return yield* this.#range(part, rangeOf(part));
    const [first, ...rest] = part.parts;
    let all = first === undefined ? new Set<Key>() : yield* this.#collect(first, rangeOf);
    for (const inner of rest) {
      if (part.kind === 'and' && all.size === 0) break;
      const found = yield* this.#collect(inner, rangeOf);
      if (part.kind === 'or') for (const key of found) all.add(key);
      else all = new Set([...all].filter((key) => found.has(key)));
    }
    return all;
  }

  *#range(part: RangePart, range: KeyRange | null | undefined): Task<Set<Key>> {
    const keys = new Set<Key>();
    if (range === null) return keys;
    const { table } = this.#reader;
    const options = { columns: table.key.map(({ column }) => column), range, counters: this.#options.counters };
    const source =
      part.indexId === null
        ? this.#reader.scan(options)
        : this.#reader.scanIndex(part.indexId, { ...options, only: true });
    const values: Value[] = [];
    try {
      for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
        for (let i = 0; i < batch.count; i++) {
          const row = batch.selection === null ? i : (batch.selection[i] as number);
          for (let c = 0; c < batch.columns.length; c++) values[c] = valueAt(batch.columns[c] as Vector, row);
          keys.add(table.encodeKey(values));
        }
      }
    } finally {
      source.close();
    }
    return keys;
  }
}

function byKey(a: Key, b: Key): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The different keys of a look-up by several, in order: by each value, or by each element of the one that is an array. */
export function keysAmong(reader: TableReader, values: readonly Evaluator[], isArray: boolean): Key[] {
  const list = isArray ? elementsOf(values[0]?.value() ?? null) : values.map((value) => value.value());
  const keys = new Set<Key>();
  for (const value of list) if (value !== null) keys.add(reader.table.encodeKey([value]));
  return [...keys].sort(byKey);
}

function elementsOf(value: Value): readonly Value[] {
  return value instanceof SqlArray ? value.elements : [];
}
