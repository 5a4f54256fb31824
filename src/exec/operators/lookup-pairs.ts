/**
 * Look-up joins by whole key, a left batch at a time: the keys of all its rows are computed as columns, each is found
 * in the table's tree, and the rows found are gathered leaf by leaf. Opening a scan for each left row, as an apply
 * does, would cost more than the look-up itself.
 *
 * Only scans that ask for nothing of the left row but the key come here; the rest stays with ApplyPairs.
 */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { BoundExpression } from '../../plan/expression.ts';
import type { NodeCounters } from '../../plan/counters.ts';
import type { JoinNode, ScanNode } from '../../plan/plan.ts';
import { columnsOf, idsOf } from '../../plan/walk-expression.ts';
import { MISS } from '../../table/table.ts';
import type { TableReader } from '../../txn/api.ts';
import { Compiler } from '../compile.ts';
import type { Evaluator } from '../evaluator.ts';
import { compilePredicate, type Predicate } from '../predicate.ts';
import { type ExecRun, layoutOf } from '../run.ts';
import { concat, emptyVector, take, wholeBatch } from '../vectors.ts';
import type { PairChunk, PairSource } from './pair-source.ts';

/** The scan that a look-up join can do in batches, or null. */
export function batchedLookup(node: JoinNode): ScanNode | null {
  const { right } = node;
  if (node.algorithm !== 'lookup' || right.kind !== 'scan' || right.access.kind !== 'key') return null;
  if (right.version !== null || (right.time.kind !== 'now' && right.time.kind !== 'asOf')) return null;
  if (right.filter === null) return right;
  const left = idsOf(node.left);
  for (const id of columnsOf(right.filter)) if (left.has(id)) return null;
  return right;
}

/** Rows found in one leaf: their numbers there, in the order of the look-ups. */
interface Found {
  readonly columns: readonly Vector[];
  readonly rows: number[];
}

const CHUNK_ROWS = 4096;

export class LookupPairs implements PairSource {
  readonly #scan: ScanNode;
  readonly #ordinals: readonly number[];
  readonly #run: ExecRun;
  readonly #compiler: Compiler;
  readonly #values: readonly Evaluator[];
  readonly #filterCompiler: Compiler;
  readonly #filter: Predicate | null;
  #left: Batch | null = null;
  #keys: readonly Vector[] = [];
  #at = 0;
  readonly right: Batch | null = null;

  constructor(node: JoinNode, scan: ScanNode, run: ExecRun) {
    this.#scan = scan;
    this.#ordinals = scan.columns.map(({ ordinal }) => ordinal);
    this.#run = run;
    this.#compiler = new Compiler(layoutOf(node.left.outputs), run);
    this.#values = this.#compiler.compileAll(keyValues(scan));
    this.#filterCompiler = new Compiler(layoutOf(scan.outputs), run);
    this.#filter = scan.filter === null ? null : compilePredicate(scan.filter, this.#filterCompiler);
  }

  open(): void {
    this.close();
  }

  close(): void {
    this.#left = null;
    this.#keys = [];
  }

  *start(): Task<void> {}

  *begin(left: Batch): Task<void> {
    yield* this.#compiler.prepare(left);
    this.#left = left;
    this.#keys = this.#values.map((value) => value.eval(left));
    this.#at = 0;
  }

  *nextChunk(): Task<PairChunk | null> {
    const left = this.#left;
    if (left === null || this.#at >= left.count) return null;
    if (this.#run.due()) yield* this.#run.pause();
    const start = this.#run.context.monotonicMs();
    const reader = this.#run.readerOf(this.#scan);
    const first = this.#at;
    const chunk = yield* this.#lookUp(left, reader);
    const passed = yield* this.#filtered(chunk);
    this.#count({
      loops: this.#at - first,
      rows: passed.count,
      found: chunk.count,
      ms: this.#run.context.monotonicMs() - start,
    });
    return passed;
  }

  /** Looks up from where it stands until the chunk is full, or a leaf that is not in memory ends it. */
  *#lookUp(left: Batch, reader: TableReader): Task<PairChunk> {
    const leaves = new Map<readonly Vector[], Found>();
    const leftRows = new Int32Array(Math.min(CHUNK_ROWS, left.count - this.#at));
    const leafOf: Found[] = [];
    const placeOf: number[] = [];
    const values: Value[] = new Array<Value>(this.#keys.length).fill(null);
    let n = 0;
    for (; this.#at < left.count && n < CHUNK_ROWS; this.#at++) {
      const row = left.selection === null ? this.#at : (left.selection[this.#at] as number);
      if (!readKey(this.#keys, row, values)) continue;
      const key = reader.table.encodeKey(values);
      let found = reader.find(key, false, this.#ordinals);
      if (found === MISS && n > 0) break;
      while (found === MISS) {
        yield* reader.load(key);
        found = reader.find(key, false, this.#ordinals);
      }
      if (found === null) continue;
      let leaf = leaves.get(found.columns);
      if (leaf === undefined) leaves.set(found.columns, (leaf = { columns: found.columns, rows: [] }));
      placeOf.push(leaf.rows.length);
      leafOf.push(leaf);
      leaf.rows.push(found.row);
      leftRows[n++] = row;
    }
    return this.#gathered([...leaves.values()], leftRows.subarray(0, n), leafOf, placeOf);
  }

  #gathered(
    leaves: readonly Found[],
    leftRows: Int32Array,
    leafOf: readonly Found[],
    placeOf: readonly number[],
  ): PairChunk {
    const firstOf = new Map<Found, number>();
    let count = 0;
    for (const leaf of leaves) {
      firstOf.set(leaf, count);
      count += leaf.rows.length;
    }
    const rows = leaves.map((leaf) => Int32Array.from(leaf.rows));
    const columns = this.#scan.columns.map(({ ordinal }, c) => {
      const { oid } = (this.#scan.outputs[c] as ScanNode['outputs'][number]).type;
      if (count === 0) return emptyVector(oid);
      return concat(
        leaves.map((leaf, i) => take(leaf.columns[ordinal] as Vector, rows[i] as Int32Array, leaf.rows.length)),
        oid,
      );
    });
    const rightRows = new Int32Array(leftRows.length);
    for (let i = 0; i < rightRows.length; i++)
      rightRows[i] = (firstOf.get(leafOf[i] as Found) as number) + (placeOf[i] as number);
    return { leftRows, rightRows, count: leftRows.length, right: wholeBatch(columns, count) };
  }

  *#filtered(chunk: PairChunk): Task<PairChunk> {
    if (this.#filter === null || chunk.count === 0) return chunk;
    yield* this.#filterCompiler.prepare(chunk.right);
    const { selection, count } = this.#filter.select(chunk.right);
    if (selection === null) return chunk;
    const passes = new Uint8Array(chunk.right.length);
    for (let k = 0; k < count; k++) passes[selection[k] as number] = 1;
    const leftRows = new Int32Array(chunk.count);
    const rightRows = new Int32Array(chunk.count);
    let n = 0;
    for (let i = 0; i < chunk.count; i++) {
      if (passes[chunk.rightRows[i] as number] === 0) continue;
      leftRows[n] = chunk.leftRows[i] as number;
      rightRows[n++] = chunk.rightRows[i] as number;
    }
    return { leftRows, rightRows, count: n, right: chunk.right };
  }

  /** For EXPLAIN ANALYZE: the scan's own operator never runs. */
  #count(done: { readonly loops: number; readonly rows: number; readonly found: number; readonly ms: number }): void {
    const counters: NodeCounters | undefined = this.#run.context.counters?.get(this.#scan);
    if (counters === undefined) return;
    counters.loops += done.loops;
    counters.rows += done.rows;
    counters.scanned += done.found;
    counters.timeMs += done.ms;
  }
}

function keyValues(scan: ScanNode): readonly BoundExpression[] {
  assert(scan.access.kind === 'key', 'a look-up by key');
  return scan.access.values;
}

/** Reads a row's key values; false where one is null and nothing can match. */
function readKey(keys: readonly Vector[], row: number, values: Value[]): boolean {
  for (let k = 0; k < keys.length; k++) {
    const value = valueAt(keys[k] as Vector, row);
    if (value === null) return false;
    values[k] = value;
  }
  return true;
}
