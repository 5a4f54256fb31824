/**
 * Scans of a line's table or index: what it inherits, without the rows that the line has hidden, merged with its own.
 *
 * Inherited rows are those of the parent at the fork. The keys that the line has hidden among them (changed or removed)
 * come from its table of hidden keys: for a scan of the table those of the scan's range are read once, an index asks for
 * each row by its key. Without an order the own rows follow the inherited ones; with one the two are woven by key, and
 * batches that lie wholly before the other side's next row pass through as they are.
 */
import type { Task } from '../../base/task.ts';
import { BATCH_ROWS, type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import { constantVector, doubles } from '../../table/gather.ts';
import {
  type BatchSource,
  type Key,
  MISS,
  type ScanOptions,
  type TreeColumn,
  type VersionedTable,
  type VersionedTree,
} from '../../table/table.ts';
import { RowGatherer } from '../overlay-scan.ts';

/** Beyond every commit: what the trees of one line have at last. */
export const LAST: number = Number.MAX_SAFE_INTEGER;

/** A tree of a line as its scans see it. */
export interface LineTree {
  /** The same tree of the parent line. */
  readonly parent: VersionedTree;
  /** Inherited columns: the parent's further ones were added after the fork. */
  readonly width: number;
  readonly columns: readonly TreeColumn[];
  readonly fork: number;
  readonly endSeq: number;
  readonly hidden: VersionedTable | null;
  /** Ordinals of the table's key in this tree, and what makes the key of their values. */
  readonly rowKey: readonly number[];
  readonly keyOfRow: (values: readonly Value[]) => Key;
}

/** The inherited rows that are visible at the scan's moment, under the line's columns. */
export class InheritedScan implements BatchSource {
  readonly #tree: LineTree;
  readonly #options: ScanOptions;
  readonly #source: BatchSource;
  /** Asked columns that the parent has, by place; the others are constant. */
  readonly #inherited: readonly number[];
  readonly #byRange: boolean;
  #ends: Map<Key, number> | null = null;
  /** Their keys, in order. */
  #sorted: Key[] | null = null;

  /** `byRange`: the scan's range is one of row keys. */
  constructor(tree: LineTree, options: ScanOptions, byRange: boolean) {
    this.#tree = tree;
    this.#options = options;
    this.#byRange = byRange;
    this.#inherited = options.columns.filter((column) => column < tree.width);
    this.#source = tree.parent.scan({
      ...options,
      seq: Math.min(options.seq, tree.fork),
      columns: [...this.#inherited, ...tree.rowKey],
      zones: options.zones?.filter(({ column }) => column < tree.width),
    });
  }

  *next(): Task<Batch | null> {
    const { hidden } = this.#tree;
    if (this.#ends === null && this.#byRange && hidden !== null)
      this.#ends = yield* hiddenKeys(hidden, this.#tree.keyOfRow, this.#options.range);
    for (;;) {
      const batch = yield* this.#source.next();
      if (batch === null) return null;
      const kept = yield* this.#visible(batch);
      if (kept !== null) return kept;
    }
  }

  close(): void {
    this.#source.close();
  }

  *#visible(batch: Batch): Task<Batch | null> {
    const { seq, versionColumns } = this.#options;
    const { fork, endSeq, rowKey, hidden } = this.#tree;
    const keyAt = this.#inherited.length;
    const given = versionColumns === true ? (batch.columns[batch.columns.length - 1] as Vector) : null;
    const to = given === null ? null : Float64Array.from(given.data as Float64Array);
    const isUntouched = hidden === null || (this.#ends !== null && this.#ends.size === 0);
    if (isUntouched && to === null) return this.#shaped(batch, null);
    if (to === null && this.#ends !== null && rowKey.length === 1) {
      const ascending = ascendingKeys(this.#tree, batch, keyAt);
      if (ascending !== null) return this.#without(batch, ascending);
    }
    const selection = new Int32Array(batch.count);
    let count = 0;
    for (let i = 0; i < batch.count; i++) {
      const row = batch.selection === null ? i : (batch.selection[i] as number);
      let end = Infinity;
      if (!isUntouched) {
        const values: Value[] = [];
        for (let k = 0; k < rowKey.length; k++) values.push(valueAt(batch.columns[keyAt + k] as Vector, row));
        const key = this.#tree.keyOfRow(values);
        end = this.#ends === null ? yield* hiddenFrom(hidden, key) : (this.#ends.get(key) ?? Infinity);
      }
      if (end <= seq) continue;
      if (to !== null && (to[row] as number) > fork) to[row] = Math.min(end, endSeq);
      selection[count++] = row;
    }
    if (count === 0) return null;
    const whole = count === batch.count;
    return this.#shaped(whole ? batch : { ...batch, selection: selection.subarray(0, count), count }, to);
  }

  /** Takes hidden rows out of a batch whose keys ascend: looks for those that lie in its range. */
  #without(batch: Batch, keys: ArrayLike<Key>): Batch | null {
    const { seq } = this.#options;
    const ends = this.#ends as Map<Key, number>;
    const sorted = (this.#sorted ??= [...ends.keys()].sort((a, b) => (a < b ? -1 : 1)));
    const gone: number[] = [];
    const last = keys[batch.length - 1] as Key;
    for (let at = firstAtLeast(sorted, sorted.length, keys[0] as Key); at < sorted.length; at++) {
      const key = sorted[at] as Key;
      if (key > last) break;
      if ((ends.get(key) as number) > seq) continue;
      const row = firstAtLeast(keys, batch.length, key);
      if (keys[row] === key) gone.push(row);
    }
    if (gone.length === 0) return this.#shaped(batch, null);
    const selection = new Int32Array(batch.length - gone.length);
    if (selection.length === 0) return null;
    let from = 0;
    let count = 0;
    for (const row of [...gone, batch.length]) {
      for (let r = from; r < row; r++) selection[count++] = r;
      from = row + 1;
    }
    return this.#shaped({ ...batch, selection, count }, null);
  }

  #shaped(batch: Batch, to: Float64Array | null): Batch {
    const { columns: asked } = this.#options;
    const { width, columns: described } = this.#tree;
    let at = 0;
    const columns: Vector[] = asked.map((ordinal) => {
      if (ordinal < width) return batch.columns[at++] as Vector;
      const { format, missing } = described[ordinal] as TreeColumn;
      return constantVector(format, missing, batch.length);
    });
    if (to !== null) columns.push(batch.columns[batch.columns.length - 2] as Vector, doubles(to));
    return { ...batch, columns };
  }
}

/** As `lowerBound` of table/search.ts, which sees arrays of keys only and shall stay so. */
function firstAtLeast(keys: ArrayLike<Key>, count: number, key: Key): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] as Key) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The keys of a batch without a selection where they are values of its one key column, without nulls, and ascend. */
function ascendingKeys({ parent, rowKey }: LineTree, batch: Batch, keyAt: number): ArrayLike<Key> | null {
  const column = rowKey[0] as number;
  const vector = batch.columns[keyAt] as Vector;
  if (batch.selection !== null || batch.length === 0 || parent.key[0]?.descending !== false) return null;
  const kind = parent.columns[column]?.format.kind;
  const isPlain =
    (kind === 'i32' && vector.kind === 'i32') ||
    (kind === 'int' && vector.kind === 'f64' && vector.scale === undefined) ||
    (kind === 'text' && vector.kind === 'text');
  if (!isPlain) return null;
  const data = vector.data as ArrayLike<Key>;
  for (let row = 1; row < batch.length; row++) if ((data[row - 1] as Key) >= (data[row] as Key)) return null;
  return data;
}

/** Keys that a line has hidden, with the commits that did. */
function* hiddenKeys(
  hidden: VersionedTable,
  keyOfRow: LineTree['keyOfRow'],
  range: ScanOptions['range'],
): Task<Map<Key, number>> {
  const ends = new Map<Key, number>();
  const width = hidden.key.length;
  const columns = hidden.key.map(({ column }) => column);
  const source = hidden.scan({ seq: LAST, columns, range, versionColumns: true });
  try {
    for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
      for (let i = 0; i < batch.count; i++) {
        const row = batch.selection === null ? i : (batch.selection[i] as number);
        const values = columns.map((_, k) => valueAt(batch?.columns[k] as Vector, row));
        ends.set(keyOfRow(values), valueAt(batch.columns[width] as Vector, row) as number);
      }
    }
  } finally {
    source.close();
  }
  return ends;
}

/** The commit of the line that hid an inherited row; Infinity where none did. */
export function* hiddenFrom(hidden: VersionedTable | null, key: Key): Task<number> {
  if (hidden === null) return Infinity;
  for (;;) {
    const found = hidden.find(key, LAST);
    if (found !== MISS) return found?.from ?? Infinity;
    yield* hidden.load(key, LAST);
  }
}

/** Two sources one after the other. */
export function chained(first: BatchSource, second: BatchSource): BatchSource {
  let isFirst = true;
  return {
    *next(): Task<Batch | null> {
      if (isFirst) {
        const batch = yield* first.next();
        if (batch !== null) return batch;
        isFirst = false;
      }
      return yield* second.next();
    },
    close() {
      first.close();
      second.close();
    },
  };
}

/** One side of a merge: its batch under way, and where it is in it. */
class Side {
  readonly #source: BatchSource;
  readonly #keyOf: (batch: Batch, row: number) => Key;
  batch: Batch | null = null;
  at = 0;
  #isOver = false;

  constructor(source: BatchSource, keyOf: (batch: Batch, row: number) => Key) {
    this.#source = source;
    this.#keyOf = keyOf;
  }

  /** False when there are no more rows. */
  *fill(): Task<boolean> {
    while (!this.#isOver && (this.batch === null || this.at >= this.batch.count)) {
      this.batch = yield* this.#source.next();
      this.at = 0;
      if (this.batch === null) this.#isOver = true;
    }
    return !this.#isOver;
  }

  rowAt(at: number): number {
    const selection = this.batch?.selection ?? null;
    return selection === null ? at : (selection[at] as number);
  }

  keyAt(at: number): Key {
    return this.#keyOf(this.batch as Batch, this.rowAt(at));
  }

  /** What is left of the batch. */
  rest(): Batch {
    const batch = this.batch as Batch;
    const from = this.at;
    this.at = batch.count;
    if (from === 0) return batch;
    const selection = Int32Array.from({ length: batch.count - from }, (_, i) => this.#row(batch, from + i));
    return { ...batch, selection, count: selection.length };
  }

  #row(batch: Batch, at: number): number {
    return batch.selection === null ? at : (batch.selection[at] as number);
  }
}

export interface MergeOptions {
  readonly columns: readonly TreeColumn[];
  readonly options: ScanOptions;
  /** Ordinals that make up the order, and what makes the key of their values. */
  readonly order: readonly number[];
  readonly keyOf: (values: readonly Value[]) => Key;
  /** Makes a side that reads the given options. */
  readonly sides: readonly [(options: ScanOptions) => BatchSource, (options: ScanOptions) => BatchSource];
}

/** Weaves two sources by key; no key is on both sides. */
export function merged({ columns, options, order, keyOf, sides }: MergeOptions): BatchSource {
  const keyAt = options.columns.length;
  const asked: ScanOptions = { ...options, columns: [...options.columns, ...order] };
  const rowKey = (batch: Batch, row: number): Key =>
    keyOf(order.map((_, k) => valueAt(batch.columns[keyAt + k] as Vector, row)));
  const sources = [sides[0](asked), sides[1](asked)] as const;
  const [left, right] = [new Side(sources[0], rowKey), new Side(sources[1], rowKey)];
  const isDescending = options.order === 'desc';
  const precedes = (a: Key, b: Key): boolean => (isDescending ? a > b : a < b);
  const trimmed = (batch: Batch): Batch => {
    const kept = batch.columns.slice(0, keyAt);
    if (options.versionColumns === true) kept.push(...batch.columns.slice(keyAt + order.length));
    return { ...batch, columns: kept };
  };

  return {
    *next(): Task<Batch | null> {
      const [hasLeft, hasRight] = [yield* left.fill(), yield* right.fill()];
      if (!hasLeft && !hasRight) return null;
      if (!hasLeft) return trimmed(right.rest());
      if (!hasRight) return trimmed(left.rest());
      for (const [one, other] of [
        [left, right],
        [right, left],
      ] as const)
        if (precedes(one.keyAt((one.batch as Batch).count - 1), other.keyAt(other.at))) return trimmed(one.rest());
      const rows = new RowGatherer(columns, options);
      for (let n = 0; n < BATCH_ROWS; n++) {
        // A side whose batch is at its end may have a smaller key in the next.
        if (left.at >= (left.batch as Batch).count || right.at >= (right.batch as Batch).count) break;
        const side = precedes(left.keyAt(left.at), right.keyAt(right.at)) ? left : right;
        rows.addRow((side.batch as Batch).columns, side.rowAt(side.at++));
      }
      return rows.batch();
    },
    close() {
      for (const source of sources) source.close();
    },
  };
}
