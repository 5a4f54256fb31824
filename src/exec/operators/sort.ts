/**
 * ORDER BY, whole or the first N rows only.
 *
 * Top-N keeps at most a few thousand candidates: when they are too many they are sorted and cut, and from then on a row
 * whose first key lies beyond that of the N-th is not even gathered.
 */
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { SortNode } from '../../plan/plan.ts';
import { Collector, oidsOf } from '../collector.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, ONE_ROW, withSelection } from '../evaluator.ts';
import { selectRange } from '../kernels/compare.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { type OrderOf, sortRows } from '../sort-keys.ts';
import { compact, wholeBatch } from '../vectors.ts';
import { BatchPieces } from './simple.ts';

const CANDIDATES = 8192;

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
  /** The greatest first key among the best rows so far (numbers without nulls only). */
  #bound: number | null = null;
  #lastKeys: readonly Vector[] = [];

  constructor(node: SortNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#run = run;
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
    );
  }

  open(): void {
    this.#source.open();
    this.#rows.release();
    this.#rows = this.#newCollector();
    this.#pieces.reset(null);
    this.#bound = null;
    this.#started = false;
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      const limit = yield* this.#limit();
      yield* this.#collect(limit);
      this.#source.close();
      this.#pieces.reset(this.#sorted(limit));
    }
    return this.#pieces.next();
  }

  close(): void {
    this.#source.close();
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
      let batch = yield* this.#source.next();
      if (batch === null) return;
      if (this.#run.due()) yield* this.#run.pause();
      yield* this.#compiler.prepare(batch);
      if (this.#bound !== null && limit < Infinity) batch = this.#withinBound(batch);
      if (batch.count === 0) continue;
      const rows = batch;
      const columns = [...rows.columns, ...this.#keys.map((key) => key.eval(rows))].map((column) =>
        compact(column, rows),
      );
      this.#rows.addColumns(columns, rows.count);
      if (this.#rows.length > enough) this.#cut(limit);
    }
  }

  #withinBound(batch: Batch): Batch {
    const key = this.#keys[0] as Evaluator;
    const order = this.#orders[0] as OrderOf;
    const vector = key.eval(batch);
    if ((vector.kind !== 'i32' && (vector.kind !== 'f64' || vector.scale !== undefined)) || vector.nulls !== null)
      return batch;
    const bound = this.#bound as number;
    const out = new Int32Array(batch.count + 1);
    const range = order.descending
      ? { low: bound, high: Infinity, not: false, nan: true }
      : { low: -Infinity, high: bound, not: false, nan: false };
    return withSelection(batch, out, selectRange(vector, range, batch, out));
  }

  #cut(limit: number): void {
    const best = this.#sorted(limit);
    const width = this.#node.source.outputs.length;
    this.#rows.release();
    this.#rows = this.#newCollector();
    const selection = best.selection as Int32Array;
    const full = best.columns;
    const batch = withSelection({ ...best, columns: full }, selection, best.count);
    const columns = [...full, ...this.#lastKeys].map((column) => compact(column, batch));
    this.#rows.addColumns(columns, best.count);
    const first = columns[width] as Vector;
    this.#bound = null;
    if (
      best.count === limit &&
      limit > 0 &&
      (first.kind === 'i32' || (first.kind === 'f64' && first.scale === undefined)) &&
      first.nulls === null
    ) {
      const last = first.data[limit - 1] as number;
      if (last === last) this.#bound = last;
    }
  }

  /** All rows (or the first `limit`) in order: a selection over the collected columns. */
  #sorted(limit: number): Batch {
    const all = this.#rows.batch();
    const width = this.#node.source.outputs.length;
    this.#lastKeys = all.columns.slice(width);
    const rows = sortRows(this.#lastKeys, this.#orders, all.length);
    const count = Math.min(limit, all.length);
    return withSelection(wholeBatch(all.columns.slice(0, width), all.length), rows, count);
  }
}
