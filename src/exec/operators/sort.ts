/**
 * ORDER BY, whole or the first N rows only.
 *
 * Top-N keeps at most a few thousand candidates: when they are too many they are sorted and cut, and from then on a row
 * that lies beyond the N-th (sort-bound.ts) is not even gathered.
 *
 * What does not fit into the memory is sorted in runs, which go to the temporary file and are merged (external-sort.ts).
 */
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { SortNode } from '../../plan/plan.ts';
import { Collector, oidsOf } from '../collector.ts';
import { codedSlice } from '../coded-column.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, ONE_ROW, withSelection } from '../evaluator.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { SortBound } from '../sort-bound.ts';
import { type OrderOf, sortInSlices } from '../sort-keys.ts';
import { ExternalSort } from '../spill/external-sort.ts';
import { noteSpill } from '../spill/note.ts';
import { temporaryOf } from '../spill/temp-space.ts';
import { compact, vectorBytes, wholeBatch } from '../vectors.ts';
import { BatchPieces, cutBatch } from './simple.ts';

const CANDIDATES = 4096;

export class SortOperator implements Operator {
  readonly #node: SortNode;
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #compiler: Compiler;
  readonly #keys: readonly Evaluator[];
  readonly #fixed: Compiler;
  readonly #limits: readonly Evaluator[];
  readonly #orders: readonly OrderOf[];
  readonly #pieces = new BatchPieces();
  #rows: Collector;
  #started = false;
  #bound: SortBound | null = null;
  #lastKeys: readonly Vector[] = [];
  #external: ExternalSort | null = null;
  #left = Infinity;

  constructor(node: SortNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#run = run;
    run.form = codedSlice;
    this.#compiler = new Compiler(layoutOf(node.source.outputs), run);
    this.#keys = this.#compiler.compileAll(node.keys.map((key) => key.expression));
    this.#orders = node.keys.map(({ expression, descending, nullsFirst }) => ({
      oid: expression.type.oid,
      descending,
      nullsFirst,
    }));
    this.#fixed = new Compiler(new Map(), run);
    const limit = node.limit;
    this.#limits =
      limit === null ? [] : this.#fixed.compileAll(limit.offset === null ? [limit.count] : [limit.count, limit.offset]);
    this.#rows = this.#newCollector();
  }

  #newCollector(): Collector {
    return new Collector(
      [...oidsOf(this.#node.source.outputs), ...this.#orders.map(({ oid }) => oid)],
      this.#run.memory,
      true,
    );
  }

  open(): void {
    this.#source.open();
    this.#rows.release();
    this.#rows = this.#newCollector();
    this.#pieces.reset(null);
    this.#bound = null;
    this.#external?.close();
    this.#external = null;
    this.#started = false;
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      const limit = yield* this.#limit();
      this.#left = limit;
      yield* this.#collect(limit);
      this.#source.close();
      noteSpill(this.#run, this.#node, { memoryBytes: this.#rows.bytes });
      if (this.#external === null) this.#pieces.reset(yield* this.#sorted(limit));
      else yield* this.#writeRun(this.#external, limit);
    }
    return this.#external === null ? this.#pieces.next() : yield* this.#merged(this.#external);
  }

  /** The next rows of the merge, as many as are asked for. */
  *#merged(external: ExternalSort): Task<Batch | null> {
    if (this.#left <= 0) return null;
    const batch = yield* external.next();
    if (batch === null) return null;
    const count = Math.min(batch.count, this.#left);
    this.#left -= count;
    return count === batch.count ? batch : cutBatch(batch, 0, count);
  }

  /** Sorts what has been collected and writes it as a run; a run needs no more rows than anybody will ask for. */
  *#writeRun(external: ExternalSort, limit: number): Task<void> {
    if (this.#rows.length === 0) return;
    const sorted = yield* this.#sorted(limit);
    const temporary = temporaryOf(this.#run);
    const before = temporary.writtenBytes;
    yield* external.addRun({ ...sorted, columns: [...sorted.columns, ...this.#lastKeys] });
    noteSpill(this.#run, this.#node, { spilledBytes: temporary.writtenBytes - before });
    this.#rows.release();
    this.#rows = this.#newCollector();
  }

  close(): void {
    this.#source.close();
    this.#external?.close();
    this.#external = null;
    this.#rows.release();
    this.#pieces.reset(null);
    this.#started = true;
  }

  /** How many rows anybody will ask for. */
  *#limit(): Task<number> {
    if (this.#limits.length === 0) return Infinity;
    yield* this.#fixed.prepare(ONE_ROW);
    let total = 0;
    for (const limit of this.#limits) {
      const value = limit.value();
      if (value === null) {
        if (limit === this.#limits[0]) return Infinity;
        continue;
      }
      total += Number(value);
    }
    return total >= 0 ? total : Infinity;
  }

  *#collect(limit: number): Task<void> {
    const enough = Math.max(CANDIDATES, limit * 2);
    for (;;) {
      const batch = yield* this.#source.next();
      if (batch === null) return;
      if (this.#run.due()) yield* this.#run.pause();
      if (batch.count === 0) continue;
      yield* this.#compiler.prepare(batch);
      const keys = this.#keys.map((key) => key.eval(batch));
      const rows = this.#bound === null ? batch : this.#bound.within(batch, keys);
      if (rows.count === 0) continue;
      const columns = [...rows.columns, ...keys].map((column) => compact(column, rows));
      if (this.#isFull(columns, rows.count)) yield* this.#writeRun((this.#external ??= this.#newExternal()), limit);
      this.#rows.addColumns(columns, rows.count);
      if (this.#rows.length >= enough && limit < Infinity && this.#external === null) yield* this.#cut(limit);
    }
  }

  /** Whether the rows so far had better be written before these are added. */
  #isFull(columns: readonly Vector[], count: number): boolean {
    const more = columns.reduce((sum, column) => sum + vectorBytes(column), 0) + this.#workBytes(count);
    return this.#run.memory.isScarce(
      this.#rows.bytes + this.#workBytes(this.#rows.length),
      more + this.#workBytes(this.#rows.length),
    );
  }

  /** What sorting takes besides the rows. */
  #workBytes(rows: number): number {
    return rows * (8 + 8 * this.#orders.length);
  }

  #newExternal(): ExternalSort {
    return new ExternalSort(this.#run, oidsOf(this.#node.source.outputs), this.#orders);
  }

  /** Forgets all rows but the best. */
  *#cut(limit: number): Task<void> {
    const best = yield* this.#sorted(limit);
    this.#rows.release();
    this.#rows = this.#newCollector();
    const columns = [...best.columns, ...this.#lastKeys].map((column) => compact(column, best));
    this.#rows.addColumns(columns, best.count);
    if (best.count === limit && limit > 0)
      this.#bound = SortBound.of(columns.slice(best.columns.length), this.#orders, limit - 1);
  }

  /** All rows (or the first `limit`) in order: a selection over the collected columns. */
  *#sorted(limit: number): Task<Batch> {
    const all = yield* this.#rows.whole(this.#run);
    const width = this.#node.source.outputs.length;
    this.#lastKeys = all.columns.slice(width);
    const workBytes = this.#workBytes(all.length);
    this.#run.memory.hold(workBytes);
    const rows = yield* sortInSlices(this.#lastKeys, this.#orders, all.length, this.#run);
    this.#run.memory.give(workBytes);
    const count = Math.min(limit, all.length);
    return withSelection(wholeBatch(all.columns.slice(0, width), all.length), rows, count);
  }
}
