/**
 * Aggregates as window functions.
 *
 * A frame that only grows steps the aggregate once a row. Other frames begin anew for each row, which for wide frames is
 * quadratic; so where that would be much work and the aggregate can merge states, the partition becomes a tree of
 * states over blocks of rows, and each frame is a few single rows and O(log n) merges:
 *
 *     rows     0 … 31 | 32 … 63 | 64 … 95 | 96 … 127
 *     level 0    s0        s1        s2        s3
 *     level 1        s01                 s23              frame [40, 127): rows 40 … 63, s2, rows 96 … 126
 *
 * Merging adds floating-point numbers in another order than stepping does; frames of few rows are stepped.
 */
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { AggregateFunction } from '../../sql/functions/function.ts';
import type { ExecRun } from '../run.ts';
import type { WindowValues } from '../window-values.ts';
import { type Frames, MAX_PARTS, type Partition } from './window-frame.ts';

export interface CallInput {
  readonly args: readonly Vector[];
  readonly filter: Vector | null;
  readonly partition: Partition;
  readonly frames: Frames;
  readonly out: WindowValues;
}

/** Steps between looks at the clock. */
const STEPS = 1024;
const BLOCK_ROWS = 32;
/** Rows of a frame, on average, from which the tree pays. */
const WIDE_ROWS = 64;

export function* aggregateOver(fn: AggregateFunction, input: CallInput, run: ExecRun): Task<void> {
  const { partition, frames, out } = input;
  const stepper = new Stepper(fn, input, run);
  if (frames.growing) return yield* growing(stepper, input, run);
  const tree = fn.merge !== undefined && areWide(input) ? yield* StateTree.over(stepper, input, run) : null;
  const parts = new Int32Array(MAX_PARTS);
  const last = new Int32Array(MAX_PARTS);
  let lastNumbers = -1;
  let value: Value = null;
  let steps = 0;
  for (let p = 0; p < partition.count; p++) {
    const numbers = frames.parts(p, parts);
    if (numbers !== lastNumbers || !sameNumbers(parts, last, numbers)) {
      last.set(parts);
      lastNumbers = numbers;
      let state = stepper.init();
      for (let i = 0; i < numbers; i += 2) {
        const [from, to] = [parts[i] as number, parts[i + 1] as number];
        if (tree !== null) {
          state = tree.add(state, from, to);
          continue;
        }
        for (let q = from; q < to; q++) {
          state = stepper.step(state, q);
          if ((++steps & (STEPS - 1)) === 0 && run.due()) yield* run.pause();
        }
      }
      value = stepper.final(state);
    }
    out.set(partition.rows[p] as number, value);
    if ((++steps & (STEPS - 1)) === 0 && run.due()) yield* run.pause();
  }
}

/** Every frame starts with the partition and ends no earlier than the one before. */
function* growing(stepper: Stepper, { partition, frames, out }: CallInput, run: ExecRun): Task<void> {
  let state = stepper.init();
  let value: Value = null;
  let end = -1;
  let steps = 0;
  for (let p = 0; p < partition.count; p++) {
    const frameEnd = frames.end(p);
    if (frameEnd !== end) {
      for (let q = Math.max(end, 0); q < frameEnd; q++) {
        state = stepper.step(state, q);
        if ((++steps & (STEPS - 1)) === 0 && run.due()) yield* run.pause();
      }
      end = frameEnd;
      value = stepper.final(state);
    }
    out.set(partition.rows[p] as number, value);
    if ((++steps & (STEPS - 1)) === 0 && run.due()) yield* run.pause();
  }
}

/** Whether stepping through every frame is more than a few steps a row: by a look at some of them. */
function areWide({ partition, frames }: CallInput): boolean {
  const { count } = partition;
  if (count < 4 * WIDE_ROWS) return false;
  const stride = Math.max(1, Math.floor(count / STEPS));
  let rows = 0;
  let looks = 0;
  for (let p = 0; p < count; p += stride) {
    rows += Math.max(0, frames.end(p) - frames.start(p));
    looks++;
  }
  return rows > looks * WIDE_ROWS;
}

function sameNumbers(a: Int32Array, b: Int32Array, count: number): boolean {
  for (let i = 0; i < count; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** One call's aggregate over positions of the partition. */
class Stepper {
  readonly fn: AggregateFunction;
  readonly #input: CallInput;
  readonly #run: ExecRun;

  constructor(fn: AggregateFunction, input: CallInput, run: ExecRun) {
    this.fn = fn;
    this.#input = input;
    this.#run = run;
  }

  init(): unknown {
    return this.fn.init(this.#run.context.eval);
  }

  step(state: unknown, position: number): unknown {
    const { partition, filter, args } = this.#input;
    const row = partition.rows[position] as number;
    if (filter !== null && valueAt(filter, row) !== true) return state;
    const values = args.map((arg) => valueAt(arg, row));
    return this.fn.strict && values.includes(null) ? state : this.fn.step(state, values, this.#run.context.eval);
  }

  final(state: unknown): Value {
    return this.fn.final(state, this.#run.context.eval);
  }
}

type Merge = (a: unknown, b: unknown) => unknown;

class StateTree {
  readonly #stepper: Stepper;
  /** States of blocks of rows, of pairs of those, … up to one. */
  readonly #levels: readonly (readonly unknown[])[];
  readonly #merge: Merge;

  static *over(stepper: Stepper, { partition }: CallInput, run: ExecRun): Task<StateTree> {
    const merge: Merge = stepper.fn.merge ?? ((a) => a);
    let level: unknown[] = [];
    for (let start = 0; start < partition.count; start += BLOCK_ROWS) {
      let state = stepper.init();
      const end = Math.min(start + BLOCK_ROWS, partition.count);
      for (let p = start; p < end; p++) state = stepper.step(state, p);
      level.push(state);
      if (run.due()) yield* run.pause();
    }
    const levels = [level];
    while (level.length > 1) {
      const above: unknown[] = [];
      for (let i = 0; i < level.length; i += 2)
        above.push(i + 1 < level.length ? merge(level[i], level[i + 1]) : level[i]);
      levels.push(above);
      level = above;
      if (run.due()) yield* run.pause();
    }
    return new StateTree(stepper, levels, merge);
  }

  private constructor(stepper: Stepper, levels: readonly (readonly unknown[])[], merge: Merge) {
    this.#stepper = stepper;
    this.#levels = levels;
    this.#merge = merge;
  }

  /** The state with the rows at positions `from` to `to` added. */
  add(state: unknown, from: number, to: number): unknown {
    let low = Math.ceil(from / BLOCK_ROWS);
    let high = Math.floor(to / BLOCK_ROWS);
    if (low >= high) return this.#steps(state, from, to);
    let result = this.#steps(state, from, low * BLOCK_ROWS);
    const end = high * BLOCK_ROWS;
    for (let l = 0; low < high; l++, low >>= 1, high >>= 1) {
      const level = this.#levels[l] as readonly unknown[];
      if ((low & 1) === 1) result = this.#merge(result, level[low++]);
      if ((high & 1) === 1) result = this.#merge(result, level[--high]);
    }
    return this.#merge(result, this.#steps(this.#stepper.init(), end, to));
  }

  #steps(state: unknown, from: number, to: number): unknown {
    let result = state;
    for (let p = from; p < to; p++) result = this.#stepper.step(result, p);
    return result;
  }
}
