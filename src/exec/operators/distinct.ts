/**
 * DISTINCT, DISTINCT ON, and UNION, INTERSECT, EXCEPT with and without ALL.
 *
 * Rows that are seen first when the memory is used up go to partitions in the temporary file, where each partition is
 * worked on by itself; rows known before are decided about at once.
 */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, type Vector, valueAt } from '../../base/vector.ts';
import type { DistinctNode, DistinctOnNode, PlanNode, SetOperationNode } from '../../plan/plan.ts';
import { oidsOf } from '../collector.ts';
import { codedSlice } from '../coded-column.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, withSelection } from '../evaluator.ts';
import { KeyTable } from '../key-table.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { hashRows } from '../spill/hash-rows.ts';
import { noteSpill } from '../spill/note.ts';
import { MAX_LEVEL, Partitions } from '../spill/partitions.ts';
import type { SpilledRows } from '../spill/spilled-rows.ts';
import { typeByOid } from '../../sql/types/registry.ts';

/** Lets each distinct row pass once. Rows without columns are all equal. */
export class DistinctRows {
  readonly #oids: readonly number[];
  readonly #run: ExecRun;
  /** Whose rows they are, where what does not fit may be kept for later. */
  readonly #node: PlanNode | null;
  readonly #level: number;
  #table: KeyTable;
  #seen = 0;
  #bytes = 0;
  #late: Partitions | null = null;
  /** Parts of `#late` that are still to be read, and the one that is. */
  #rest: SpilledRows[] = [];
  #part: { readonly source: Operator; readonly rows: DistinctRows } | null = null;

  constructor(oids: readonly number[], run: ExecRun, node: PlanNode | null = null, level = 0) {
    this.#oids = oids;
    this.#run = run;
    run.form = codedSlice;
    this.#node = node;
    this.#level = level;
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
    this.#part?.source.close();
    this.#part?.rows.reset();
    this.#part = null;
    this.#late?.clear();
    this.#late = null;
    for (const rows of this.#rest) rows.clear();
    this.#rest = [];
  }

  /** The batch with only the rows that have not been seen before, but for those that are kept for later (`rest`). */
  *pass(batch: Batch): Task<Batch> {
    if (batch.count === 0) return batch;
    const rows = new Int32Array(batch.count);
    let n = 0;
    if (this.#oids.length === 0) {
      if (this.#seen++ > 0) return withSelection(batch, rows, 0);
      rows[0] = batch.selection === null ? 0 : (batch.selection[0] as number);
      return withSelection(batch, rows, 1);
    }
    if (this.#late !== null) {
      this.#keep(batch, this.#late);
      return withSelection(batch, rows, 0);
    }
    const ids = yield* this.#table.assignInSlices(batch.columns, batch, this.#run);
    for (let k = 0; k < batch.count; k++) {
      if ((ids[k] as number) < this.#seen) continue;
      this.#seen = (ids[k] as number) + 1;
      rows[n++] = batch.selection === null ? k : (batch.selection[k] as number);
    }
    this.#count();
    return withSelection(batch, rows, n);
  }

  /** What its table takes. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The batch with only the rows that have not been seen, which are not noted as seen. */
  unknown(batch: Batch): Batch {
    const ids = this.#table.find(batch.columns, batch);
    const rows = new Int32Array(batch.count);
    let n = 0;
    for (let k = 0; k < batch.count; k++)
      if ((ids[k] as number) < 0) rows[n++] = batch.selection === null ? k : (batch.selection[k] as number);
    return withSelection(batch, rows, n);
  }

  #keep(batch: Batch, late: Partitions): void {
    const unknown = this.unknown(batch);
    if (unknown.count > 0) late.add(unknown, hashRows(batch.columns, this.#oids, unknown, this.#level));
  }

  #count(): void {
    const { bytes } = this.#table;
    const { memory } = this.#run;
    if (bytes <= this.#bytes) return;
    if (this.#node !== null && this.#level <= MAX_LEVEL && memory.isScarce(this.#bytes, bytes - this.#bytes)) {
      this.#late = new Partitions(this.#run, this.#oids, this.#level);
      memory.hold(bytes - this.#bytes);
    } else memory.take(bytes - this.#bytes);
    this.#bytes = bytes;
    if (this.#node !== null) noteSpill(this.#run, this.#node, { memoryBytes: bytes, batches: 0 });
  }

  /** Writes what is kept for later. */
  *settle(): Task<void> {
    if (this.#late !== null) yield* this.#late.settle();
  }

  /** After the last batch: distinct rows of what was kept; null at the end. */
  *rest(): Task<Batch | null> {
    this.#endInput();
    for (;;) {
      if (this.#part === null) {
        const next = this.#rest.shift();
        if (next === undefined) return null;
        const source = next.reader(true);
        source.open();
        this.#part = { source, rows: new DistinctRows(this.#oids, this.#run, this.#node, this.#level + 1) };
      }
      const { source, rows } = this.#part;
      const batch = yield* source.next();
      if (this.#run.due()) yield* this.#run.pause();
      const passed = batch === null ? yield* rows.rest() : yield* rows.pass(batch);
      yield* rows.settle();
      if (passed !== null && passed.count > 0) return passed;
      if (passed === null) {
        source.close();
        rows.reset();
        this.#part = null;
      }
    }
  }

  #endInput(): void {
    const late = this.#late;
    if (late === null) return;
    this.#late = null;
    this.#rest = late.parts.filter(({ rowCount }) => rowCount > 0);
    assert(this.#node !== null, 'rows that are kept for later belong to an operator');
    noteSpill(this.#run, this.#node, { batches: this.#rest.length + 1, spilledBytes: late.writtenBytes });
    this.#run.memory.give(this.#bytes);
    this.#bytes = 0;
    this.#table = this.#newTable();
  }
}

export class DistinctOperator implements Operator {
  readonly #source: Operator;
  readonly #rows: DistinctRows;
  #ended = false;

  constructor(node: DistinctNode, source: Operator, run: ExecRun) {
    this.#source = source;
    this.#rows = new DistinctRows(oidsOf(node.outputs), run, node);
  }

  open(): void {
    this.#source.open();
    this.#rows.reset();
    this.#ended = false;
  }

  *next(): Task<Batch | null> {
    while (!this.#ended) {
      const batch = yield* this.#source.next();
      this.#ended = batch === null;
      if (batch === null) break;
      const passed = yield* this.#rows.pass(batch);
      yield* this.#rows.settle();
      if (passed.count > 0) return passed;
    }
    return yield* this.#rows.rest();
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
  #countBytes = 0;
  #phase: 'start' | 'left' | 'right' | 'rest' | 'end' = 'end';
  readonly #level: number;
  /** INTERSECT and EXCEPT: rows of both sides whose keys had no room among those of the right. */
  #late: { readonly left: Partitions; readonly right: Partitions } | null = null;
  #pairs: { readonly left: SpilledRows; readonly right: SpilledRows }[] = [];
  #inner: SetOperationOperator | null = null;

  constructor(node: SetOperationNode, left: Operator, right: Operator, run: ExecRun, level = 0) {
    this.#node = node;
    this.#level = level;
    this.#left = left;
    this.#right = right;
    this.#run = run;
    this.#distinct = new DistinctRows(oidsOf(node.outputs), run, node);
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
    this.#reset();
    this.#phase = 'start';
  }

  close(): void {
    this.#left.close();
    this.#right.close();
    this.#reset();
    this.#phase = 'end';
  }

  #reset(): void {
    this.#distinct.reset();
    this.#run.memory.give(this.#countBytes);
    this.#countBytes = 0;
    this.#inner?.close();
    this.#inner = null;
    this.#late?.left.clear();
    this.#late?.right.clear();
    this.#late = null;
    for (const { left, right } of this.#pairs) {
      left.clear();
      right.clear();
    }
    this.#pairs = [];
  }

  *next(): Task<Batch | null> {
    const { operation, all } = this.#node;
    if (this.#phase === 'start') {
      if (operation !== 'union') yield* this.#countRight();
      this.#phase = 'left';
    }
    for (;;) {
      if (this.#phase === 'end') return yield* this.#nextOfPairs();
      if (this.#phase === 'rest') {
        const rest = yield* this.#distinct.rest();
        if (rest !== null) return rest;
        this.#endLeft();
        continue;
      }
      const batch = yield* (this.#phase === 'left' ? this.#left : this.#right).next();
      if (batch === null) {
        this.#phase = this.#phase === 'left' && operation === 'union' ? 'right' : 'rest';
        continue;
      }
      if (this.#run.due()) yield* this.#run.pause();
      let passed = batch;
      if (operation !== 'union') passed = this.#match(batch);
      if (!all) passed = yield* this.#distinct.pass(passed);
      yield* this.#distinct.settle();
      if (this.#late !== null) yield* this.#late.left.settle();
      if (passed.count > 0) return passed;
    }
  }

  /** What was put aside is worked on next, pair by pair of partitions. */
  #endLeft(): void {
    this.#phase = 'end';
    const late = this.#late;
    this.#late = null;
    this.#run.memory.give(this.#countBytes);
    this.#countBytes = 0;
    if (late === null) return;
    this.#table = this.#newTable();
    this.#pairs = late.left.parts.map((left, i) => ({ left, right: late.right.parts[i] as SpilledRows }));
    const spilledBytes = late.left.writtenBytes + late.right.writtenBytes;
    noteSpill(this.#run, this.#node, { batches: this.#pairs.length + 1, spilledBytes });
  }

  *#nextOfPairs(): Task<Batch | null> {
    for (;;) {
      if (this.#inner === null) {
        const pair = this.#pairs.shift();
        if (pair === undefined) return null;
        const [left, right] = [pair.left.reader(true), pair.right.reader(true)];
        this.#inner = new SetOperationOperator(this.#node, left, right, this.#run, this.#level + 1);
        this.#inner.open();
      }
      const batch = yield* this.#inner.next();
      if (batch !== null) return batch;
      this.#inner.close();
      this.#inner = null;
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
      const ids =
        this.#late === null
          ? yield* this.#table.assignInSlices(batch.columns, batch, this.#run)
          : this.#table.find(batch.columns, batch);
      if (this.#late !== null) {
        this.#putAside(this.#late.right, batch, ids);
        yield* this.#late.right.settle();
      }
      if (this.#table.count > counts.length) {
        const bigger = new Float64Array(this.#table.count * 2);
        bigger.set(counts);
        counts = bigger;
      }
      for (let k = 0; k < batch.count; k++) {
        const id = ids[k] as number;
        if (id >= 0) counts[id] = (counts[id] as number) + 1;
      }
      this.#countMemory(counts.length * 8);
    }
    this.#counts = counts;
    this.#right.close();
  }

  /** Where the table of the right side is too big, keys that are not in it go to partitions. */
  #countMemory(countBytes: number): void {
    const { memory } = this.#run;
    const more = this.#table.bytes + countBytes - this.#countBytes;
    if (more <= 0) return;
    if (this.#late === null && this.#level <= MAX_LEVEL && memory.isScarce(this.#countBytes, more)) {
      const oids = oidsOf(this.#node.outputs);
      const aside = (): Partitions => new Partitions(this.#run, oids, this.#level);
      this.#late = { left: aside(), right: aside() };
      memory.hold(more);
    } else memory.take(more);
    this.#countBytes += more;
  }

  /** Puts the rows without a number aside. */
  #putAside(into: Partitions, batch: Batch, ids: Int32Array): void {
    const rows = new Int32Array(batch.count);
    let n = 0;
    for (let k = 0; k < batch.count; k++)
      if ((ids[k] as number) < 0) rows[n++] = batch.selection === null ? k : (batch.selection[k] as number);
    if (n === 0) return;
    const others = withSelection(batch, rows, n);
    into.add(others, hashRows(batch.columns, oidsOf(this.#node.outputs), others, this.#level));
  }

  /** INTERSECT keeps left rows with a partner on the right, EXCEPT those without; with ALL each partner serves once. */
  #match(batch: Batch): Batch {
    const { operation, all } = this.#node;
    const ids = this.#node.outputs.length === 0 ? new Int32Array(batch.count) : this.#table.find(batch.columns, batch);
    const rows = new Int32Array(batch.count);
    const counts = this.#counts;
    if (this.#late !== null) this.#putAside(this.#late.left, batch, ids);
    let n = 0;
    for (let k = 0; k < batch.count; k++) {
      const id = ids[k] as number;
      if (id < 0 && this.#late !== null) continue;
      const partner = id >= 0 && (counts[id] as number) > 0;
      if (partner && all) counts[id] = (counts[id] as number) - 1;
      if (partner === (operation === 'intersect'))
        rows[n++] = batch.selection === null ? k : (batch.selection[k] as number);
    }
    return withSelection(batch, rows, n);
  }
}
