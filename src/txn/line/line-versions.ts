/**
 * All versions of a line's table that touch an interval of commits: the line's own, and the inherited ones as they end
 * for the line.
 *
 * An inherited version that was in force at the fork ends when the line hides its key (or drops the table), whatever the
 * parent does with it later. So versions that ended by the fork are the parent's affair, those in force then are read at
 * the fork, and where only ended ones are asked for (changes, differences) through the hidden keys alone: what a branch
 * has not touched is not read.
 */
import { PAUSE, type Task } from '../../base/task.ts';
import { BATCH_ROWS, type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import { VectorBuilder } from '../../base/vector-builder.ts';
import { gatherVector } from '../../table/gather.ts';
import { takesWhatIsLeft } from '../../table/kept.ts';
import { sortedInSlices } from '../../table/sliced-order.ts';
import {
  type BatchSource,
  type Key,
  MISS,
  type TreeColumn,
  type VersionedTree,
  type VersionScanOptions,
} from '../../table/table.ts';
import { RowGatherer } from '../overlay-scan.ts';
import { hiddenFrom, type LineTree } from './line-scan.ts';

/** Rows looked at between two pauses. */
const SLICE_ROWS = 1024;

interface VersionTrees {
  readonly tree: LineTree;
  readonly own: VersionedTree | null;
  /** Ordinals of this tree's own key, and what makes it. */
  readonly order: readonly number[];
  readonly keyOf: (values: readonly Value[]) => Key;
}

export class LineVersionScan implements BatchSource {
  readonly #trees: VersionTrees;
  readonly #options: VersionScanOptions;
  #batches: Batch[] | null = null;

  constructor(trees: VersionTrees, options: VersionScanOptions) {
    this.#trees = trees;
    this.#options = options;
  }

  *next(): Task<Batch | null> {
    this.#batches ??= yield* this.#collect();
    const batch = this.#batches.shift() ?? null;
    if (batch !== null && this.#options.counters !== undefined) this.#options.counters.rows += batch.count;
    return batch;
  }

  close(): void {
    this.#batches = [];
  }

  *#collect(): Task<Batch[]> {
    const { tree, own, order, keyOf } = this.#trees;
    const found = new Versions(tree, this.#options, order, keyOf);
    // Of one key in the order of time, each source by itself too.
    yield* this.#endedByFork(found);
    yield* this.#inForceAtFork(found);
    if (own !== null) yield* found.takeAll(own, this.#options, tree.columns.length);
    return yield* found.batches();
  }

  *#endedByFork(found: Versions): Task<void> {
    const { tree } = this.#trees;
    const { fromSeq, toSeq, endedBy = Infinity } = this.#options;
    if (fromSeq >= tree.fork) return;
    const whatIsLeft = takesWhatIsLeft(this.#options);
    const bounds = { toSeq: Math.min(toSeq, tree.fork), endedBy: Math.min(endedBy, tree.fork), whatIsLeft };
    yield* found.takeAll(tree.parent, { ...this.#options, ...bounds }, tree.width);
  }

  *#inForceAtFork(found: Versions): Task<void> {
    const { tree } = this.#trees;
    const { begunAfter = -1, endedBy = Infinity } = this.#options;
    if (begunAfter >= tree.fork || endedBy <= tree.fork) return;
    if (endedBy < tree.endSeq && this.#isTable) yield* this.#hiddenBy(found, endedBy);
    else yield* found.takeInForce();
  }

  get #isTable(): boolean {
    const { tree, order } = this.#trees;
    return order.length === tree.rowKey.length && order.every((ordinal, k) => ordinal === tree.rowKey[k]);
  }

  /** Inherited rows whose keys the line has hidden by a commit, each found by its key. */
  *#hiddenBy(found: Versions, endedBy: number): Task<void> {
    const { parent, hidden, fork, keyOfRow } = this.#trees.tree;
    if (hidden === null) return;
    const columns = hidden.key.map(({ column }) => column);
    const source = hidden.scan({ seq: endedBy, columns, range: this.#options.range, versionColumns: true });
    try {
      for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
        for (let i = 0; i < batch.count; i++) {
          const row = batch.selection === null ? i : (batch.selection[i] as number);
          const key = keyOfRow(columns.map((_, k) => valueAt(batch?.columns[k] as Vector, row)));
          let old = parent.find(key, fork);
          while (old === MISS) {
            yield* parent.load(key, fork);
            old = parent.find(key, fork);
          }
          const end = valueAt(batch.columns[columns.length] as Vector, row) as number;
          if (old !== null) found.add(old.columns, old.row, this.#trees.tree.width, old.from, end);
          if (i % SLICE_ROWS === SLICE_ROWS - 1) yield PAUSE;
        }
      }
    } finally {
      source.close();
    }
  }
}

/** Versions collected row by row, with their intervals. */
class Versions {
  readonly #tree: LineTree;
  readonly #options: VersionScanOptions;
  readonly #order: readonly number[];
  readonly #keyOf: (values: readonly Value[]) => Key;
  readonly #rows: RowGatherer;
  readonly #keys: Key[] = [];

  constructor(
    tree: LineTree,
    options: VersionScanOptions,
    order: readonly number[],
    keyOf: (values: readonly Value[]) => Key,
  ) {
    this.#tree = tree;
    this.#options = options;
    this.#order = order;
    this.#keyOf = keyOf;
    this.#rows = new RowGatherer(tree.columns, options);
  }

  /** Takes all versions that a tree gives; it has the first `width` of the line's columns. */
  *takeAll(from: VersionedTree, options: VersionScanOptions, width: number): Task<void> {
    yield* this.#take(from.scanVersions({ ...options, columns: ordinals(width), versionColumns: true }), width, false);
  }

  /** Takes the inherited rows in force at the fork, as they end for the line. */
  *takeInForce(): Task<void> {
    const { parent, fork, width } = this.#tree;
    const { range } = this.#options;
    yield* this.#take(parent.scan({ seq: fork, columns: ordinals(width), versionColumns: true, range }), width, true);
  }

  *#take(source: BatchSource, width: number, endsOnLine: boolean): Task<void> {
    const { hidden, rowKey, keyOfRow, endSeq } = this.#tree;
    try {
      for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
        const { columns } = batch;
        for (let i = 0; i < batch.count; i++) {
          const row = batch.selection === null ? i : (batch.selection[i] as number);
          let end = valueAt(columns[width + 1] as Vector, row) as number;
          if (endsOnLine) {
            const key = keyOfRow(rowKey.map((ordinal) => valueAt(columns[ordinal] as Vector, row)));
            end = Math.min(yield* hiddenFrom(hidden, key), endSeq);
          }
          this.add(columns, row, width, valueAt(columns[width] as Vector, row) as number, end);
          if (i % SLICE_ROWS === SLICE_ROWS - 1) yield PAUSE;
        }
      }
    } finally {
      source.close();
    }
  }

  add(columns: readonly Vector[], row: number, width: number, from: number, end: number): void {
    const { fromSeq, toSeq, begunAfter = -1, endedBy = Infinity } = this.#options;
    if (from > toSeq || end <= fromSeq || from <= begunAfter || end > endedBy) return;
    const whole = widened(columns, row, width, this.#tree.columns);
    this.#keys.push(this.#keyOf(this.#order.map((ordinal) => valueAt(columns[ordinal] as Vector, row))));
    this.#rows.addTableRow(whole.columns, whole.row, from, end);
  }

  /** What was collected, ordered by key, then from. */
  *batches(): Task<Batch[]> {
    const all = this.#rows.batch();
    if (all === null) return [];
    const positions = new Int32Array(all.count);
    for (let at = 0; at < positions.length; at++) positions[at] = at;
    const order = yield* sortedInSlices(positions, this.#keys);
    const batches: Batch[] = [];
    for (let start = 0; start < order.length; start += BATCH_ROWS) {
      const part = order.subarray(start, start + BATCH_ROWS);
      const columns = all.columns.map((column) => gatherVector(column, part));
      batches.push({ columns, length: part.length, selection: null, count: part.length });
      yield PAUSE;
    }
    return batches;
  }
}

/** A row under the line's columns: those beyond `width` hold what rows from before them have. */
export function widened(
  columns: readonly Vector[],
  row: number,
  width: number,
  line: readonly TreeColumn[],
): { readonly columns: readonly Vector[]; readonly row: number } {
  if (line.length <= width) return { columns, row };
  const rows = Int32Array.of(row);
  const inherited = columns.slice(0, width).map((column) => gatherVector(column, rows));
  return { columns: [...inherited, ...missingCells(line, width)], row: 0 };
}

const cells = new WeakMap<readonly TreeColumn[], readonly Vector[]>();

function missingCells(line: readonly TreeColumn[], width: number): readonly Vector[] {
  let made = cells.get(line);
  if (made === undefined) {
    const rest = line.slice(width);
    made = rest.map(({ format, missing }) => {
      const builder = new VectorBuilder(format, 1);
      builder.append(missing);
      return builder.view();
    });
    cells.set(line, made);
  }
  return made;
}

function ordinals(count: number): number[] {
  return Array.from({ length: count }, (_, ordinal) => ordinal);
}
