/**
 * ORDER BY, whole or the first N rows only.
 *
 * Top-N keeps at most a few thousand candidates: when they are too many they are sorted and cut, and from then on a row
 * that lies beyond the N-th (sort-bound.ts) is not even gathered.
 */
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { SortNode } from '../../plan/plan.ts';
import { Collector, oidsOf } from '../collector.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, ONE_ROW, withSelection } from '../evaluator.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { SortBound } from '../sort-bound.ts';
import { type OrderOf, sortInSlices } from '../sort-keys.ts';
import { compact, wholeBatch } from '../vectors.ts';
import { BatchPieces } from './simple.ts';

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
      this.#pieces.reset(yield* this.#sorted(limit));
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
      const batch = yield* this.#source.next();
      if (batch === null) return;
      if (this.#run.due()) yield* this.#run.pause();
      if (batch.count === 0) continue;
      yield* this.#compiler.prepare(batch);
      const keys = this.#keys.map((key) => key.eval(batch));
      const rows = this.#bound === null ? batch : this.#bound.within(batch, keys);
      if (rows.count === 0) continue;
      const columns = [...rows.columns, ...keys].map((column) => compact(column, rows));
      this.#rows.addColumns(columns, rows.count);
      if (this.#rows.length >= enough && limit < Infinity) yield* this.#cut(limit);
    }
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
    const workBytes = all.length * (8 + 8 * this.#orders.length);
    this.#run.memory.take(workBytes);
    const rows = yield* sortInSlices(this.#lastKeys, this.#orders, all.length, this.#run);
    this.#run.memory.give(workBytes);
    const count = Math.min(limit, all.length);
    return withSelection(wholeBatch(all.columns.slice(0, width), all.length), rows, count);
  }
}
