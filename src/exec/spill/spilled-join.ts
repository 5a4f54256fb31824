/**
 * A hash join whose build side does not fit: both sides are spread over partitions by their keys, and each pair of
 * partitions is joined by itself (the Grace hash join).
 *
 * Rows without a partner, nulls and marks come out right by themselves, since all rows of one key lie in one pair; only
 * NOT IN asks about the whole build side, whether it has a null, and is told (`known`). Where somebody above relies on the
 * order of the left rows they are numbered, and the result is sorted by these numbers.
 */
import type { Task } from '../../base/task.ts';
import type { Batch, Vector } from '../../base/vector.ts';
import type { JoinNode, PlanColumn, PlanNode } from '../../plan/plan.ts';
import { oidsOf } from '../collector.ts';
import { Compiler } from '../compile.ts';
import type { Evaluator } from '../evaluator.ts';
import { FLOAT8 } from '../physical.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { sortInSlices } from '../sort-keys.ts';
import { take } from '../vectors.ts';
import { ExternalSort } from './external-sort.ts';
import { hashRows } from './hash-rows.ts';
import { noteSpill } from './note.ts';
import { Partitions } from './partitions.ts';
import type { SpilledRows } from './spilled-rows.ts';

/** What a join of two partitions is told of the whole. */
export interface Whole {
  /** How often rows have been spread. */
  readonly level: number;
  /** Some row of the whole build side, which is not empty, has a null key. */
  readonly hasNullKey: boolean;
}

export type MakeJoin = (node: JoinNode, left: Operator, right: Operator, whole: Whole) => Operator;

/** No column of a plan has this id. */
const ROW_NUMBER: PlanColumn = { id: -1, name: 'row', type: { oid: FLOAT8, typmod: -1 } };

export class SpilledJoin {
  readonly #run: ExecRun;
  /** As it is in the plan. */
  readonly #given: JoinNode;
  readonly #inOrder: boolean;
  readonly #node: JoinNode;
  readonly #make: MakeJoin;
  readonly #level: number;
  readonly #leftCompiler: Compiler;
  readonly #rightCompiler: Compiler;
  readonly #leftKeys: readonly Evaluator[];
  readonly #rightKeys: readonly Evaluator[];
  readonly #left: Partitions;
  readonly #right: Partitions;
  #leftRows = 0;
  #hasNullKey: boolean;
  #pairs: { readonly left: SpilledRows; readonly right: SpilledRows }[] = [];
  #inner: Operator | null = null;
  #sorted: ExternalSort | null = null;

  constructor(run: ExecRun, node: JoinNode, make: MakeJoin, whole: Whole | null) {
    this.#run = run;
    this.#make = make;
    this.#level = whole === null ? 0 : whole.level + 1;
    this.#hasNullKey = whole?.hasNullKey ?? false;
    this.#leftCompiler = new Compiler(layoutOf(node.left.outputs), run);
    this.#rightCompiler = new Compiler(layoutOf(node.right.outputs), run);
    this.#leftKeys = this.#leftCompiler.compileAll(node.keys.map((key) => key.left));
    this.#rightKeys = this.#rightCompiler.compileAll(node.keys.map((key) => key.right));
    this.#given = node;
    this.#inOrder = node.inOrder === true;
    this.#node = this.#inOrder ? numbered(node) : node;
    this.#left = new Partitions(run, oidsOf(this.#node.left.outputs), this.#level);
    this.#right = new Partitions(run, oidsOf(node.right.outputs), this.#level);
  }

  *addRight(batch: Batch): Task<void> {
    if (batch.count === 0) return;
    yield* this.#rightCompiler.prepare(batch);
    const nulls = new Uint8Array(batch.count);
    this.#right.add(batch, this.#hashes(this.#rightKeys, batch, nulls));
    this.#hasNullKey ||= nulls.includes(1);
    yield* this.#right.settle();
  }

  *addLeft(batch: Batch): Task<void> {
    if (batch.count === 0) return;
    yield* this.#leftCompiler.prepare(batch);
    const hashes = this.#hashes(this.#leftKeys, batch);
    this.#left.add(this.#inOrder ? this.#withNumbers(batch) : batch, hashes);
    yield* this.#left.settle();
  }

  #hashes(keys: readonly Evaluator[], batch: Batch, nulls?: Uint8Array): Int32Array {
    return hashRows(
      keys.map((key) => key.eval(batch)),
      keys.map(({ oid }) => oid),
      batch,
      this.#level,
      nulls,
    );
  }

  #withNumbers(batch: Batch): Batch {
    const data = new Float64Array(batch.length);
    for (let k = 0; k < batch.count; k++)
      data[batch.selection === null ? k : (batch.selection[k] as number)] = this.#leftRows++;
    const numbers: Vector = { kind: 'f64', data, length: batch.length, nulls: null };
    return { ...batch, columns: [...batch.columns, numbers] };
  }

  /** Both sides are at their ends. */
  *begin(): Task<void> {
    this.#pairs = this.#right.parts.map((right, i) => ({ left: this.#left.parts[i] as SpilledRows, right }));
    noteSpill(this.#run, this.#given, {
      batches: this.#pairs.length,
      spilledBytes: this.#left.writtenBytes + this.#right.writtenBytes,
    });
    if (this.#inOrder) this.#sorted = yield* this.#sortedByNumber();
  }

  *next(): Task<Batch | null> {
    return yield* this.#sorted === null ? this.#joined() : this.#sorted.next();
  }

  /** The joined rows, pair by pair. */
  *#joined(): Task<Batch | null> {
    for (;;) {
      if (this.#inner === null) {
        const pair = this.#pairs.shift();
        if (pair === undefined) return null;
        const whole = { level: this.#level, hasNullKey: this.#hasNullKey };
        this.#inner = this.#make(this.#node, pair.left.reader(true), pair.right.reader(true), whole);
        this.#inner.open();
      }
      const batch = yield* this.#inner.next();
      if (this.#run.due()) yield* this.#run.pause();
      if (batch !== null) return batch;
      this.#inner.close();
      this.#inner = null;
    }
  }

  *#sortedByNumber(): Task<ExternalSort> {
    const order = { oid: FLOAT8, descending: false, nullsFirst: false };
    const width = this.#node.outputs.length - 1;
    const sort = new ExternalSort(this.#run, oidsOf(this.#node.outputs.slice(0, width)), [order]);
    // Each batch is in order already, as is each pair: a pair is a run.
    for (let batch = yield* this.#joined(); batch !== null; batch = yield* this.#joined()) {
      const numbers = batch.selection === null ? batch.columns[width] : undefined;
      const keys = numbers ?? take(batch.columns[width] as Vector, batch.selection as Int32Array, batch.count);
      const rows = yield* sortInSlices([keys], [order], batch.count, this.#run);
      const { selection } = batch;
      const inOrder = selection === null ? rows : rows.map((row) => selection[row] as number);
      yield* sort.addRun({ ...batch, selection: inOrder, count: batch.count });
    }
    return sort;
  }

  close(): void {
    this.#inner?.close();
    this.#inner = null;
    this.#sorted?.close();
    this.#left.clear();
    this.#right.clear();
    this.#pairs = [];
  }
}

/** The join with the numbers of the left rows among its columns, the last ones of the left and of the result. */
function numbered(node: JoinNode): JoinNode {
  const left: PlanNode = { ...node.left, outputs: [...node.left.outputs, ROW_NUMBER] };
  return { ...node, left, outputs: [...node.outputs, ROW_NUMBER], inOrder: undefined };
}
