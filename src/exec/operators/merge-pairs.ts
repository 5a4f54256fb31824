/**
 * Merge joins: both inputs come in the ascending order of their keys, nulls last; equal runs of the right side are found
 * by going along both. The right side is materialised, as for the other joins, so that runs may be gone over again.
 */
import type { Task } from '../../base/task.ts';
import { type Batch, type Value, valueAt, type Vector } from '../../base/vector.ts';
import type { JoinNode } from '../../plan/plan.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { Collector, drain, oidsOf } from '../collector.ts';
import { Compiler } from '../compile.ts';
import type { Evaluator } from '../evaluator.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import type { PairChunk, PairSource } from './pair-source.ts';

const CHUNK_ROWS = 8192;
const FLOAT8 = 701;

type Compare = (a: Value, b: Value) => number;

export class MergePairs implements PairSource {
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #collector: Collector;
  readonly #leftCompiler: Compiler;
  readonly #rightCompiler: Compiler;
  readonly #leftKeys: readonly Evaluator[];
  readonly #rightKeys: readonly Evaluator[];
  readonly #compares: readonly Compare[];
  #keys: readonly Vector[] = [];
  #left: Batch | null = null;
  #leftValues: readonly Vector[] = [];
  #at = 0;
  /** The run of right rows that equal the current left row, and where in it to go on. */
  #start = 0;
  #end = 0;
  #next = 0;
  right: Batch | null = null;

  constructor(node: JoinNode, source: Operator, run: ExecRun) {
    this.#source = source;
    this.#run = run;
    this.#collector = new Collector(oidsOf(node.right.outputs), run.memory);
    this.#leftCompiler = new Compiler(layoutOf(node.left.outputs), run);
    this.#rightCompiler = new Compiler(layoutOf(node.right.outputs), run);
    this.#leftKeys = this.#leftCompiler.compileAll(node.keys.map((key) => key.left));
    this.#rightKeys = this.#rightCompiler.compileAll(node.keys.map((key) => key.right));
    this.#compares = node.keys.map(({ left, right }) => {
      // Numbers of different widths compare as doubles do: integers beyond 2^53 are bigints.
      const type = typeByOid(left.type.oid === right.type.oid ? left.type.oid : FLOAT8);
      return left.type.oid === right.type.oid && type.compare !== undefined ? type.compare : byValue;
    });
  }

  open(): void {
    this.close();
  }

  close(): void {
    this.#source.close();
    this.#collector.release();
    this.right = null;
    this.#left = null;
    this.#keys = [];
  }

  *start(): Task<void> {
    this.#source.open();
    const right = yield* drain(this.#source, this.#collector, this.#run);
    this.#source.close();
    yield* this.#rightCompiler.prepare(right);
    this.#keys = this.#rightKeys.map((key) => key.eval(right));
    this.#start = 0;
    this.#end = 0;
    this.right = right;
  }

  *begin(left: Batch): Task<void> {
    yield* this.#leftCompiler.prepare(left);
    this.#left = left;
    this.#leftValues = this.#leftKeys.map((key) => key.eval(left));
    this.#at = 0;
    this.#next = -1;
  }

  *nextChunk(): Task<PairChunk | null> {
    const { right } = this;
    const left = this.#left;
    if (left === null || right === null || this.#at >= left.count) return null;
    if (this.#run.due()) yield* this.#run.pause();
    const leftRows = new Int32Array(CHUNK_ROWS);
    const rightRows = new Int32Array(CHUNK_ROWS);
    let n = 0;
    while (this.#at < left.count && n < CHUNK_ROWS) {
      const row = left.selection === null ? this.#at : (left.selection[this.#at] as number);
      if (this.#next < 0) {
        this.#moveTo(row, right);
        this.#next = this.#start;
      }
      while (this.#next < this.#end && n < CHUNK_ROWS) {
        leftRows[n] = row;
        rightRows[n++] = rightRow(right, this.#next++);
      }
      if (this.#next < this.#end) break;
      this.#next = -1;
      this.#at++;
    }
    return { leftRows, rightRows, count: n, right };
  }

  /** Sets the run to the right rows that equal a left row; a null equals none. */
  #moveTo(row: number, right: Batch): void {
    if (this.#end > this.#start && this.#order(row, rightRow(right, this.#start)) === 0) return;
    let at = this.#end;
    while (at < right.count && this.#order(row, rightRow(right, at)) > 0) at++;
    this.#start = at;
    while (at < right.count && this.#order(row, rightRow(right, at)) === 0) at++;
    this.#end = at;
  }

  /** Order of a left row and a right one; nulls come last, and a null of both sides is before: it must not match. */
  #order(leftRow: number, rightRow: number): number {
    for (let k = 0; k < this.#compares.length; k++) {
      const left = valueAt(this.#leftValues[k] as Vector, leftRow);
      const right = valueAt(this.#keys[k] as Vector, rightRow);
      if (left === null) return right === null ? -1 : 1;
      if (right === null) return -1;
      const order = (this.#compares[k] as Compare)(left, right);
      if (order !== 0) return order;
    }
    return 0;
  }
}

function rightRow(right: Batch, position: number): number {
  return right.selection === null ? position : (right.selection[position] as number);
}

function byValue(a: Value, b: Value): number {
  const [x, y] = [a as number, b as number];
  if (x < y) return -1;
  if (x > y) return 1;
  // Equal, or not a number, which is greater than all others.
  return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
}
