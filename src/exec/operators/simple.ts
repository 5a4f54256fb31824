/** Operators that only pass rows on: filter, project, limit, one row, none, values. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { BATCH_ROWS, type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { ColumnId } from '../../plan/expression.ts';
import type { FilterNode, LimitNode, ProjectNode, ValuesNode } from '../../plan/plan.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, ONE_ROW, withSelection } from '../evaluator.ts';
import { compilePredicate, type Predicate } from '../predicate.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { type SidewaysScan, sidewaysThrough } from '../sideways.ts';
import { sortRows } from '../sort-keys.ts';
import { concat, slice, take, vectorFromValues, wholeBatch } from '../vectors.ts';

export class FilterOperator implements Operator {
  readonly #node: FilterNode;
  readonly #source: Operator;
  readonly #compiler: Compiler;
  readonly #predicate: Predicate;

  constructor(node: FilterNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#compiler = new Compiler(layoutOf(node.source.outputs), run);
    this.#predicate = compilePredicate(node.condition, this.#compiler);
  }

  sideways(id: ColumnId): SidewaysScan | null {
    return sidewaysThrough(this.#node, this.#source, id);
  }

  open(): void {
    this.#source.open();
  }

  *next(): Task<Batch | null> {
    for (;;) {
      const batch = yield* this.#source.next();
      if (batch === null) return null;
      yield* this.#compiler.prepare(batch);
      const passed = this.#predicate.select(batch);
      if (passed.count > 0) return passed;
    }
  }

  close(): void {
    this.#source.close();
  }
}

export class ProjectOperator implements Operator {
  readonly #node: ProjectNode;
  readonly #source: Operator;
  readonly #compiler: Compiler;
  readonly #evaluators: readonly Evaluator[];

  constructor(node: ProjectNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#compiler = new Compiler(layoutOf(node.source.outputs), run);
    this.#evaluators = this.#compiler.compileAll(node.expressions);
  }

  sideways(id: ColumnId): SidewaysScan | null {
    return sidewaysThrough(this.#node, this.#source, id);
  }

  open(): void {
    this.#source.open();
  }

  *next(): Task<Batch | null> {
    const batch = yield* this.#source.next();
    if (batch === null) return null;
    yield* this.#compiler.prepare(batch);
    const columns = this.#evaluators.map((evaluator) => evaluator.eval(batch));
    return { columns, length: batch.length, selection: batch.selection, count: batch.count };
  }

  close(): void {
    this.#source.close();
  }
}

/** One row without columns, or none. */
export class OneRowOperator implements Operator {
  readonly #empty: boolean;
  #done = true;

  constructor(empty: boolean) {
    this.#empty = empty;
  }

  open(): void {
    this.#done = this.#empty;
  }

  *next(): Task<Batch | null> {
    if (this.#done) return null;
    this.#done = true;
    return ONE_ROW;
  }

  close(): void {
    this.#done = true;
  }
}

export class ValuesOperator implements Operator {
  readonly #node: ValuesNode;
  readonly #compiler: Compiler;
  readonly #rows: readonly (readonly Evaluator[])[];
  #at = 0;

  constructor(node: ValuesNode, run: ExecRun) {
    this.#node = node;
    this.#compiler = new Compiler(new Map(), run);
    this.#rows = node.rows.map((row) => this.#compiler.compileAll(row));
  }

  open(): void {
    this.#at = 0;
  }

  *next(): Task<Batch | null> {
    const from = this.#at;
    const { constants } = this.#node;
    if (constants !== undefined) {
      const to = Math.min(constants.rowCount, from + BATCH_ROWS);
      if (from >= to) return null;
      this.#at = to;
      return wholeBatch(
        constants.columns.map((column) => slice(column, from, to)),
        to - from,
      );
    }
    if (from >= this.#rows.length) return null;
    if (from === 0) yield* this.#compiler.prepare(ONE_ROW);
    const to = Math.min(this.#rows.length, from + BATCH_ROWS);
    this.#at = to;
    const columns = this.#node.outputs.map((output, c) => {
      const values: Value[] = [];
      for (let r = from; r < to; r++) values.push(rowValue((this.#rows[r] as readonly Evaluator[])[c] as Evaluator));
      return vectorFromValues(values, output.type.oid);
    });
    return wholeBatch(columns, to - from);
  }

  close(): void {
    this.#at = Infinity;
  }
}

function rowValue(evaluator: Evaluator): Value {
  if (evaluator.fixed) return evaluator.value();
  return valueAt(evaluator.eval(ONE_ROW), 0);
}

/** LIMIT and OFFSET, WITH TIES. */
export class LimitOperator implements Operator {
  readonly #source: Operator;
  readonly #compiler: Compiler;
  readonly #count: Evaluator | null;
  readonly #offset: Evaluator | null;
  readonly #ties: { readonly keys: readonly Evaluator[]; readonly node: LimitNode } | null;
  readonly #tieCompiler: Compiler;
  #started = false;
  #skip = 0;
  #left = Infinity;
  #lastKeys: readonly Vector[] | null = null;

  constructor(node: LimitNode, source: Operator, run: ExecRun) {
    this.#source = source;
    this.#compiler = new Compiler(new Map(), run);
    this.#count = node.count === null ? null : this.#compiler.compile(node.count);
    this.#offset = node.offset === null ? null : this.#compiler.compile(node.offset);
    this.#tieCompiler = new Compiler(layoutOf(node.source.outputs), run);
    this.#ties =
      node.ties === null ? null : { keys: this.#tieCompiler.compileAll(node.ties.map((key) => key.expression)), node };
  }

  open(): void {
    this.#source.open();
    this.#started = false;
    this.#lastKeys = null;
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      yield* this.#compiler.prepare(ONE_ROW);
      this.#left = rowLimit(this.#count, '2201W', 'LIMIT') ?? Infinity;
      this.#skip = rowLimit(this.#offset, '2201X', 'OFFSET') ?? 0;
      this.#started = true;
    }
    while (this.#left > 0) {
      const batch = yield* this.#source.next();
      if (batch === null) return null;
      if (this.#skip >= batch.count) {
        this.#skip -= batch.count;
        continue;
      }
      const from = this.#skip;
      this.#skip = 0;
      const to = Math.min(batch.count, from + this.#left);
      this.#left -= to - from;
      const cut = cutBatch(batch, from, to);
      if (this.#left > 0 || this.#ties === null) return cut;
      return yield* this.#withTies(batch, from, to);
    }
    return this.#ties === null || this.#lastKeys === null ? null : yield* this.#moreTies();
  }

  *#withTies(batch: Batch, from: number, to: number): Task<Batch | null> {
    yield* this.#tieCompiler.prepare(batch);
    const keys = (this.#ties?.keys ?? []).map((key) => key.eval(batch));
    const last = new Int32Array([rowAt(batch, to - 1)]);
    this.#lastKeys = keys.map((key) => take(key, last, 1));
    let end = to;
    while (end < batch.count && this.#tiesWithLast(keys, rowAt(batch, end))) end++;
    if (end < batch.count) this.#lastKeys = null;
    return cutBatch(batch, from, end);
  }

  *#moreTies(): Task<Batch | null> {
    const batch = yield* this.#source.next();
    if (batch === null) return null;
    yield* this.#tieCompiler.prepare(batch);
    const keys = (this.#ties?.keys ?? []).map((key) => key.eval(batch));
    let end = 0;
    while (end < batch.count && this.#tiesWithLast(keys, rowAt(batch, end))) end++;
    if (end < batch.count) this.#lastKeys = null;
    return end === 0 ? null : cutBatch(batch, 0, end);
  }

  /** Whether a row's keys sort together with those of the last row. */
  #tiesWithLast(keys: readonly Vector[], row: number): boolean {
    const last = this.#lastKeys;
    const node = this.#ties?.node;
    if (last === null || node === undefined) return false;
    const rows = new Int32Array([row]);
    for (let k = 0; k < keys.length; k++) {
      const order = { oid: node.ties?.[k]?.expression.type.oid ?? 0, descending: false, nullsFirst: false };
      const ascending = concat([last[k] as Vector, take(keys[k] as Vector, rows, 1)], order.oid);
      if (sortRows([ascending], [order], 2)[0] !== 0) return false;
      if (sortRows([ascending], [{ ...order, descending: true, nullsFirst: true }], 2)[0] !== 0) return false;
    }
    return true;
  }

  close(): void {
    this.#source.close();
    this.#left = 0;
    this.#started = true;
  }
}

function rowLimit(evaluator: Evaluator | null, code: string, what: string): number | null {
  const value = evaluator === null ? null : evaluator.value();
  if (value === null) return null;
  if ((value as number | bigint) < 0) throw new DriftError(code, `${what} must not be negative`);
  return Number(value);
}

function rowAt(batch: Batch, position: number): number {
  return batch.selection === null ? position : (batch.selection[position] as number);
}

/** Counting rows `from` to `to` of a batch. */
export function cutBatch(batch: Batch, from: number, to: number): Batch {
  if (from === 0 && to === batch.count) return batch;
  if (batch.selection !== null) return withSelection(batch, batch.selection.subarray(from, to), to - from);
  return wholeBatch(
    batch.columns.map((column) => slice(column, from, to)),
    to - from,
  );
}

/** Hands out a big batch in pieces of BATCH_ROWS. */
export class BatchPieces {
  #batch: Batch | null = null;
  #at = 0;

  reset(batch: Batch | null): void {
    this.#batch = batch;
    this.#at = 0;
  }

  next(): Batch | null {
    const batch = this.#batch;
    if (batch === null || this.#at >= batch.count) return null;
    const from = this.#at;
    this.#at = Math.min(batch.count, from + BATCH_ROWS);
    return cutBatch(batch, from, this.#at);
  }
}
