/** Set-returning functions in FROM and in select lists, and virtual system tables. */
import type { Task } from '../../base/task.ts';
import { BATCH_ROWS, type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { FunctionScanNode, ProjectSetNode, SystemScanNode } from '../../plan/plan.ts';
import type { RoutineCall, SetFunction } from '../../sql/functions/function.ts';
import { Compiler } from '../compile.ts';
import { functionName } from '../function-name.ts';
import { makeRecord } from '../composite.ts';
import { type Evaluator, ONE_ROW } from '../evaluator.ts';
import { compilePredicate, type Predicate } from '../predicate.ts';
import { INT4, INT8 } from '../physical.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { take, vectorFromValues, wholeBatch } from '../vectors.ts';
import { BatchPieces } from './simple.ts';

type Rows = Iterator<readonly Value[]>;

export class FunctionScanOperator implements Operator {
  readonly #node: FunctionScanNode;
  readonly #run: ExecRun;
  readonly #compiler: Compiler;
  readonly #calls: readonly {
    readonly fn: SetFunction | null;
    readonly args: readonly Evaluator[];
    readonly columns: number;
  }[];
  #sources: (Rows | null)[] = [];
  #series: IntegerSeries | null = null;
  #started = false;
  #ordinal = 0;

  constructor(node: FunctionScanNode, run: ExecRun) {
    this.#node = node;
    this.#run = run;
    this.#compiler = new Compiler(new Map(), run);
    this.#calls = node.functions.map((call) =>
      call.kind === 'set'
        ? { fn: call.fn, args: this.#compiler.compileAll(call.args), columns: call.columns }
        : { fn: null, args: [this.#compiler.compile(call.expression)], columns: 1 },
    );
  }

  open(): void {
    this.close();
    this.#started = false;
  }

  close(): void {
    for (const source of this.#sources) source?.return?.();
    this.#sources = [];
    this.#series = null;
    this.#started = true;
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      this.#ordinal = 0;
      yield* this.#compiler.prepare(ONE_ROW);
      yield* this.#start();
    }
    if (this.#run.due()) yield* this.#run.pause();
    if (this.#series !== null) return this.#series.next();
    return this.#rows();
  }

  *#start(): Task<void> {
    const context = this.#run.context.eval;
    const sources: (Rows | null)[] = [];
    this.#sources = sources;
    for (const { fn, args } of this.#calls) {
      const values = args.map((arg) => oneValue(arg));
      if (fn === null) sources.push([values][Symbol.iterator]());
      else if (fn.strict && values.includes(null)) sources.push(null);
      else if (fn.routine !== undefined) sources.push(yield* routineRows(fn.routine, values, this.#run));
      else {
        if (this.#calls.length === 1 && !this.#node.ordinality) this.#series = integerSeries(fn, values);
        sources.push(this.#series === null ? fn.rows(context, ...values)[Symbol.iterator]() : null);
      }
    }
  }

  #rows(): Batch | null {
    const width = this.#node.outputs.length;
    const cells: Value[][] = Array.from({ length: width }, () => []);
    let count = 0;
    while (count < BATCH_ROWS) {
      let any = false;
      let at = 0;
      for (let c = 0; c < this.#calls.length; c++) {
        const { columns } = this.#calls[c] as { columns: number };
        const source = this.#sources[c];
        const step = source === null || source === undefined ? null : source.next();
        let row: readonly Value[] | null = null;
        if (step !== null && step.done !== true) row = step.value;
        else this.#sources[c] = null;
        if (row !== null) any = true;
        for (let i = 0; i < columns; i++) (cells[at++] as Value[])[count] = row === null ? null : (row[i] ?? null);
      }
      if (!any) break;
      if (this.#node.ordinality) (cells[at] as Value[])[count] = ++this.#ordinal;
      count++;
    }
    if (count === 0) return null;
    return wholeBatch(
      cells.map((values, c) => vectorFromValues(values.slice(0, count), this.#node.outputs[c]?.type.oid ?? 0)),
      count,
    );
  }
}

/** The rows that a user's function has given. */
function* routineRows(call: RoutineCall, values: readonly Value[], run: ExecRun): Task<Rows> {
  const { columns, length } = yield* run.context.callRoutineSet(call, values);
  function* each(): Rows {
    for (let row = 0; row < length; row++) yield columns.map((column) => valueAt(column, row));
  }
  return each();
}

function oneValue(evaluator: Evaluator): Value {
  return evaluator.fixed ? evaluator.value() : valueAt(evaluator.eval(ONE_ROW), 0);
}

/** generate_series over integers, without boxing. */
class IntegerSeries {
  readonly #oid: number;
  readonly #step: number;
  readonly #stop: number;
  #at: number;

  constructor(oid: number, start: number, stop: number, step: number) {
    this.#oid = oid;
    this.#at = start;
    this.#stop = stop;
    this.#step = step;
  }

  next(): Batch | null {
    const left = Math.floor((this.#stop - this.#at) / this.#step) + 1;
    const count = Math.min(BATCH_ROWS, left);
    if (!(count > 0)) return null;
    const data = this.#oid === INT4 ? new Int32Array(count) : new Float64Array(count);
    for (let i = 0; i < count; i++) data[i] = this.#at + i * this.#step;
    this.#at += count * this.#step;
    const vector = { kind: this.#oid === INT4 ? 'i32' : 'f64', data, length: count, nulls: null } as Vector;
    return wholeBatch([vector], count);
  }
}

function integerSeries(fn: SetFunction, values: readonly Value[]): IntegerSeries | null {
  const name = functionName(fn);
  if (name !== 'generate_series' || (fn.returns !== INT4 && fn.returns !== INT8)) return null;
  const [start, stop, step = 1] = values;
  if (typeof start !== 'number' || typeof stop !== 'number' || typeof step !== 'number' || step === 0) return null;
  return new IntegerSeries(fn.returns, start, stop, step);
}

export class ProjectSetOperator implements Operator {
  readonly #node: ProjectSetNode;
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #compiler: Compiler;
  readonly #args: readonly (readonly Evaluator[])[];
  #batch: Batch | null = null;
  #vectors: readonly (readonly Vector[])[] = [];
  #at = 0;
  #open: (Rows | null)[] | null = null;

  constructor(node: ProjectSetNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#run = run;
    this.#compiler = new Compiler(layoutOf(node.source.outputs), run);
    this.#args = node.calls.map((call) => this.#compiler.compileAll(call.args));
  }

  open(): void {
    this.#source.open();
    this.#batch = null;
    this.#open = null;
  }

  close(): void {
    this.#source.close();
    this.#batch = null;
    this.#open = null;
  }

  *next(): Task<Batch | null> {
    for (;;) {
      if (this.#batch === null) {
        const batch = yield* this.#source.next();
        if (batch === null) return null;
        yield* this.#compiler.prepare(batch);
        this.#batch = batch;
        this.#vectors = this.#args.map((args) => args.map((arg) => arg.eval(batch)));
        this.#at = 0;
      }
      if (this.#run.due()) yield* this.#run.pause();
      const result = yield* this.#expand(this.#batch);
      if (this.#at >= this.#batch.count) this.#batch = null;
      if (result !== null) return result;
    }
  }

  /** Expands source rows until a batch is full. */
  *#expand(batch: Batch): Task<Batch | null> {
    const rows: number[] = [];
    const cells: Value[][] = this.#node.calls.map(() => []);
    while (this.#at < batch.count && rows.length < BATCH_ROWS) {
      const row = batch.selection === null ? this.#at : (batch.selection[this.#at] as number);
      this.#open ??= yield* this.#start(row);
      let any = false;
      const found: Value[] = [];
      for (let c = 0; c < this.#open.length; c++) {
        const step = this.#open[c]?.next();
        if (step === undefined || step.done === true) {
          this.#open[c] = null;
          found.push(null);
        } else {
          any = true;
          found.push(rowValue(step.value, this.#node.calls[c]?.fn));
        }
      }
      if (!any) {
        this.#open = null;
        this.#at++;
        continue;
      }
      rows.push(row);
      for (let c = 0; c < found.length; c++) (cells[c] as Value[]).push(found[c] as Value);
    }
    if (rows.length === 0) return null;
    const taken = Int32Array.from(rows);
    const width = batch.columns.length;
    return wholeBatch(
      [
        ...batch.columns.map((column) => take(column, taken, rows.length)),
        ...cells.map((values, c) => vectorFromValues(values, this.#node.outputs[width + c]?.type.oid ?? 0)),
      ],
      rows.length,
    );
  }

  *#start(row: number): Task<(Rows | null)[]> {
    const context = this.#run.context.eval;
    const sources: (Rows | null)[] = [];
    for (const [c, { fn }] of this.#node.calls.entries()) {
      const values = (this.#vectors[c] as readonly Vector[]).map((vector) => valueAt(vector, row));
      if (fn.strict && values.includes(null)) sources.push(null);
      else if (fn.routine !== undefined) sources.push(yield* routineRows(fn.routine, values, this.#run));
      else sources.push(fn.rows(context, ...values)[Symbol.iterator]());
    }
    return sources;
  }
}

/** A function of one column gives its value; of several, a record. */
function rowValue(row: readonly Value[], fn: SetFunction | undefined): Value {
  if (row.length === 1 && fn?.routine?.row !== true) return row[0] as Value;
  const columns = fn?.columns ?? [];
  return makeRecord(
    row,
    columns.map(({ oid }) => oid),
    columns.map(({ name }) => name),
  );
}

export class SystemScanOperator implements Operator {
  readonly #node: SystemScanNode;
  readonly #run: ExecRun;
  readonly #compiler: Compiler;
  readonly #predicate: Predicate | null;
  readonly #pieces = new BatchPieces();
  #started = false;

  constructor(node: SystemScanNode, run: ExecRun) {
    this.#node = node;
    this.#run = run;
    this.#compiler = new Compiler(layoutOf(node.outputs), run);
    this.#predicate = node.filter === null ? null : compilePredicate(node.filter, this.#compiler);
  }

  open(): void {
    this.#started = false;
    this.#pieces.reset(null);
  }

  close(): void {
    this.#started = true;
    this.#pieces.reset(null);
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      const rows = yield* this.#run.context.systemRows(this.#node.systemTable, this.#node.seq);
      this.#pieces.reset(
        wholeBatch(
          this.#node.columns.map((column) => rows.columns[column] as Vector),
          rows.length,
        ),
      );
    }
    for (;;) {
      const batch = this.#pieces.next();
      if (batch === null || this.#predicate === null) return batch;
      yield* this.#compiler.prepare(batch);
      const passed = this.#predicate.select(batch);
      if (passed.count > 0) return passed;
    }
  }
}
