/** DISTINCT, DISTINCT ON, and UNION, INTERSECT, EXCEPT with and without ALL. */
import type { Task } from '../../base/task.ts';
import { type Batch, type Vector, valueAt } from '../../base/vector.ts';
import type { DistinctNode, DistinctOnNode, SetOperationNode } from '../../plan/plan.ts';
import { oidsOf } from '../collector.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, withSelection } from '../evaluator.ts';
import { KeyTable } from '../key-table.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { typeByOid } from '../../sql/types/registry.ts';

/** Lets each distinct row pass once. Rows without columns are all equal. */
export class DistinctRows {
  readonly #oids: readonly number[];
  readonly #run: ExecRun;
  #table: KeyTable;
  #seen = 0;
  #bytes = 0;

  constructor(oids: readonly number[], run: ExecRun) {
    this.#oids = oids;
    this.#run = run;
    this.#table = this.#newTable();
  }

  #newTable(): KeyTable {
    return new KeyTable(
      this.#oids,
      this.#oids.map(() => true),
    );
  }

  reset(): void {
    this.#table = this.#newTable();
    this.#seen = 0;
    this.#run.memory.give(this.#bytes);
    this.#bytes = 0;
  }

  /** The batch with only the rows that have not been seen before. */
  pass(batch: Batch): Batch {
    if (batch.count === 0) return batch;
    const rows = new Int32Array(batch.count);
    let n = 0;
    if (this.#oids.length === 0) {
      if (this.#seen++ > 0) return withSelection(batch, rows, 0);
      rows[0] = batch.selection === null ? 0 : (batch.selection[0] as number);
      return withSelection(batch, rows, 1);
    }
    const ids = this.#table.assign(batch.columns, batch);
    for (let k = 0; k < batch.count; k++) {
      if ((ids[k] as number) < this.#seen) continue;
      this.#seen = (ids[k] as number) + 1;
      rows[n++] = batch.selection === null ? k : (batch.selection[k] as number);
    }
    const { bytes } = this.#table;
    if (bytes > this.#bytes) {
      this.#run.memory.take(bytes - this.#bytes);
      this.#bytes = bytes;
    }
    return withSelection(batch, rows, n);
  }
}

export class DistinctOperator implements Operator {
  readonly #source: Operator;
  readonly #rows: DistinctRows;

  constructor(node: DistinctNode, source: Operator, run: ExecRun) {
    this.#source = source;
    this.#rows = new DistinctRows(oidsOf(node.outputs), run);
  }

  open(): void {
    this.#source.open();
    this.#rows.reset();
  }

  *next(): Task<Batch | null> {
    for (;;) {
      const batch = yield* this.#source.next();
      if (batch === null) return null;
      const passed = this.#rows.pass(batch);
      if (passed.count > 0) return passed;
    }
  }

  close(): void {
    this.#source.close();
    this.#rows.reset();
  }
}

export class DistinctOnOperator implements Operator {
  readonly #source: Operator;
  readonly #compiler: Compiler;
  readonly #on: readonly Evaluator[];
  #last: readonly unknown[] | null = null;

  constructor(node: DistinctOnNode, source: Operator, run: ExecRun) {
    this.#source = source;
    this.#compiler = new Compiler(layoutOf(node.source.outputs), run);
    this.#on = this.#compiler.compileAll(node.on);
  }

  open(): void {
    this.#source.open();
    this.#last = null;
  }

  *next(): Task<Batch | null> {
    for (;;) {
      const batch = yield* this.#source.next();
      if (batch === null) return null;
      yield* this.#compiler.prepare(batch);
      const keys = this.#on.map((key) => key.eval(batch));
      const rows = new Int32Array(batch.count);
      let n = 0;
      for (let k = 0; k < batch.count; k++) {
        const row = batch.selection === null ? k : (batch.selection[k] as number);
        const values = keys.map((key, i) => hashOf(key, row, (this.#on[i] as Evaluator).oid));
        const last: readonly unknown[] | null = this.#last;
        if (last !== null && values.every((value, i) => Object.is(value, last[i]))) continue;
        this.#last = values;
        rows[n++] = row;
      }
      if (n > 0) return withSelection(batch, rows, n);
    }
  }

  close(): void {
    this.#source.close();
  }
}

function hashOf(vector: Vector, row: number, oid: number): unknown {
  const value = valueAt(vector, row);
  if (value === null) return null;
  const type = typeByOid(oid);
  return type === undefined ? value : type.hashKey(value);
}

export class SetOperationOperator implements Operator {
  readonly #node: SetOperationNode;
  readonly #left: Operator;
  readonly #right: Operator;
  readonly #run: ExecRun;
  readonly #distinct: DistinctRows;
  #table: KeyTable;
  /** Occurrences on the right by key number, still to be matched. */
  #counts: Float64Array = new Float64Array(0);
  #phase: 'start' | 'left' | 'right' | 'end' = 'end';

  constructor(node: SetOperationNode, left: Operator, right: Operator, run: ExecRun) {
    this.#node = node;
    this.#left = left;
    this.#right = right;
    this.#run = run;
    this.#distinct = new DistinctRows(oidsOf(node.outputs), run);
    this.#table = this.#newTable();
  }

  #newTable(): KeyTable {
    const oids = oidsOf(this.#node.outputs);
    return new KeyTable(
      oids,
      oids.map(() => true),
    );
  }

  open(): void {
    this.#left.open();
    this.#right.open();
    this.#distinct.reset();
    this.#phase = 'start';
  }

  close(): void {
    this.#left.close();
    this.#right.close();
    this.#distinct.reset();
    this.#phase = 'end';
  }

  *next(): Task<Batch | null> {
    const { operation, all } = this.#node;
    if (this.#phase === 'start') {
      if (operation !== 'union') yield* this.#countRight();
      this.#phase = 'left';
    }
    for (;;) {
      if (this.#phase === 'end') return null;
      const batch = yield* (this.#phase === 'left' ? this.#left : this.#right).next();
      if (batch === null) {
        this.#phase = this.#phase === 'left' && operation === 'union' ? 'right' : 'end';
        continue;
      }
      if (this.#run.due()) yield* this.#run.pause();
      let passed = batch;
      if (operation !== 'union') passed = this.#match(batch);
      if (!all) passed = this.#distinct.pass(passed);
      if (passed.count > 0) return passed;
    }
  }

  *#countRight(): Task<void> {
    this.#table = this.#newTable();
    let counts = new Float64Array(1024);
    const width = this.#node.outputs.length;
    for (;;) {
      const batch = yield* this.#right.next();
      if (batch === null) break;
      if (this.#run.due()) yield* this.#run.pause();
      if (width === 0) {
        counts[0] = (counts[0] as number) + batch.count;
        continue;
      }
      if (batch.count === 0) continue;
      const ids = this.#table.assign(batch.columns, batch);
      if (this.#table.count > counts.length) {
        const bigger = new Float64Array(this.#table.count * 2);
        bigger.set(counts);
        counts = bigger;
      }
      for (let k = 0; k < batch.count; k++) counts[ids[k] as number] = (counts[ids[k] as number] as number) + 1;
    }
    this.#counts = counts;
    this.#right.close();
  }

  /** INTERSECT keeps left rows with a partner on the right, EXCEPT those without; with ALL each partner serves once. */
  #match(batch: Batch): Batch {
    const { operation, all } = this.#node;
    const ids = this.#node.outputs.length === 0 ? new Int32Array(batch.count) : this.#table.find(batch.columns, batch);
    const rows = new Int32Array(batch.count);
    const counts = this.#counts;
    let n = 0;
    for (let k = 0; k < batch.count; k++) {
      const id = ids[k] as number;
      const partner = id >= 0 && (counts[id] as number) > 0;
      if (partner && all) counts[id] = (counts[id] as number) - 1;
      if (partner === (operation === 'intersect'))
        rows[n++] = batch.selection === null ? k : (batch.selection[k] as number);
    }
    return withSelection(batch, rows, n);
  }
}
