/**
 * Window functions over one window.
 *
 * All rows are collected and sorted by partition and order; each partition is a run of positions in that order, and
 * each call gives one value a position. Ranking functions and lag/lead count positions; the others, aggregates too,
 * look at the row's frame (window-frame.ts). Frames that only grow step an aggregate once a row.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { WindowCall } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/plan.ts';
import type { AggregateFunction } from '../../sql/functions/function.ts';
import { Collector, drain, oidsOf } from '../collector.ts';
import { runnableAggregate } from '../defined-aggregate.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, withSelection } from '../evaluator.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { type OrderOf, orderWords, sortRows } from '../sort-keys.ts';
import { vectorFromValues, wholeBatch } from '../vectors.ts';
import { BatchPieces } from './simple.ts';
import { Frames, type Partition } from './window-frame.ts';

interface CompiledCall {
  readonly call: WindowCall;
  readonly args: readonly Evaluator[];
  readonly filter: Evaluator | null;
}

/** A row's place in the order, twice while it is sorted; its group and flags. */
const ROW_BYTES = 20;
const KEY_BYTES = 8;
const RESULT_BYTES = 8;

export class WindowOperator implements Operator {
  readonly #node: WindowNode;
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #compiler: Compiler;
  readonly #partition: readonly Evaluator[];
  readonly #order: readonly Evaluator[];
  readonly #offsets: readonly (Evaluator | null)[];
  readonly #calls: readonly CompiledCall[];
  readonly #collector: Collector;
  /** Bytes taken for what is computed over the collected rows. */
  #workBytes = 0;
  readonly #pieces = new BatchPieces();
  #started = false;

  constructor(node: WindowNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#run = run;
    const compiler = new Compiler(layoutOf(node.source.outputs), run);
    this.#compiler = compiler;
    this.#partition = compiler.compileAll(node.window.partition);
    this.#order = compiler.compileAll(node.window.order.map((key) => key.expression));
    const { start, end } = node.window.frame;
    this.#offsets = [start, end].map((bound) => ('offset' in bound ? compiler.compile(bound.offset) : null));
    this.#calls = node.calls.map((call) => ({
      call,
      args: compiler.compileAll(call.args),
      filter: call.filter === null ? null : compiler.compile(call.filter),
    }));
    this.#collector = new Collector(oidsOf(node.source.outputs), run.memory);
  }

  open(): void {
    this.#source.open();
    this.#release();
    this.#pieces.reset(null);
    this.#started = false;
  }

  close(): void {
    this.#source.close();
    this.#release();
    this.#pieces.reset(null);
    this.#started = true;
  }

  #release(): void {
    this.#collector.release();
    this.#run.memory.give(this.#workBytes);
    this.#workBytes = 0;
  }

  /** Counts sort keys, order, partitions and boxed results before they are made: they outweigh the rows themselves. */
  #takeWork(rows: number): void {
    const keys = this.#partition.length + this.#order.length;
    const bytes = rows * (ROW_BYTES + keys * KEY_BYTES + this.#calls.length * RESULT_BYTES);
    this.#run.memory.take(bytes);
    this.#workBytes = bytes;
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      const rows = yield* drain(this.#source, this.#collector, this.#run);
      this.#source.close();
      this.#takeWork(rows.count);
      yield* this.#compiler.prepare(rows);
      this.#pieces.reset(rows.count === 0 ? null : yield* this.#compute(rows));
    }
    return this.#pieces.next();
  }

  *#compute(rows: Batch): Task<Batch> {
    const { window } = this.#node;
    const partitionKeys = this.#partition.map((key) => key.eval(rows));
    const orderKeys = this.#order.map((key) => key.eval(rows));
    const partitionOrders = this.#partition.map((key) => ({ oid: key.oid, descending: false, nullsFirst: false }));
    const orders = window.order.map(({ expression, descending, nullsFirst }) => ({
      oid: expression.type.oid,
      descending,
      nullsFirst,
    }));
    const sorted = sortRows([...partitionKeys, ...orderKeys], [...partitionOrders, ...orders], rows.length);
    const newPartition = changes(partitionKeys, partitionOrders, sorted);
    const newPeers = changes(orderKeys, orders, sorted);
    const frames = new Frames(window, this.#run.context.eval, {
      order: orderKeys,
      offsets: this.#offsets.map((offset) => (offset === null ? null : offset.eval(rows))),
    });
    const args = this.#calls.map(({ args: own }) => own.map((arg) => arg.eval(rows)));
    const filters = this.#calls.map(({ filter }) => (filter === null ? null : filter.eval(rows)));
    const results: Value[][] = this.#calls.map(() => new Array<Value>(rows.length).fill(null));
    let start = 0;
    for (let at = 1; at <= sorted.length; at++) {
      if (at < sorted.length && newPartition[at] === 0) continue;
      const partition = makePartition(sorted.subarray(start, at), newPeers.subarray(start, at));
      frames.begin(partition);
      for (let c = 0; c < this.#calls.length; c++) {
        const { call } = this.#calls[c] as CompiledCall;
        const input = {
          args: args[c] as readonly Vector[],
          filter: filters[c] ?? null,
          partition,
          frames,
          out: results[c] as Value[],
        };
        if (call.fn.kind === 'aggregate') yield* aggregateOver(runnableAggregate(call.fn, this.#run), input, this.#run);
        else windowFunction(call.fn.name, input);
      }
      start = at;
      if (this.#run.due()) yield* this.#run.pause();
    }
    const width = rows.columns.length;
    const columns = results.map((values, c) => vectorFromValues(values, this.#node.outputs[width + c]?.type.oid ?? 0));
    return withSelection(wholeBatch([...rows.columns, ...columns], rows.length), sorted, rows.length);
  }
}

/** A 1 at each sorted position whose keys differ from those before. */
function changes(keys: readonly Vector[], orders: readonly OrderOf[], sorted: Int32Array): Uint8Array {
  const flags = new Uint8Array(sorted.length);
  for (let k = 0; k < keys.length; k++) {
    for (const word of orderWords(keys[k] as Vector, orders[k] as OrderOf, sorted.length)) {
      for (let i = 1; i < sorted.length; i++)
        if (word[sorted[i] as number] !== word[sorted[i - 1] as number]) flags[i] = 1;
    }
  }
  return flags;
}

function makePartition(rows: Int32Array, newPeers: Uint8Array): Partition {
  const count = rows.length;
  const group = new Int32Array(count);
  const starts: number[] = [0];
  for (let p = 1; p < count; p++) {
    if (newPeers[p] === 1) starts.push(p);
    group[p] = starts.length - 1;
  }
  starts.push(count);
  return { rows, count, group, groupStarts: Int32Array.from(starts) };
}

interface CallInput {
  readonly args: readonly Vector[];
  readonly filter: Vector | null;
  readonly partition: Partition;
  readonly frames: Frames;
  /** By row number. */
  readonly out: Value[];
}

function windowFunction(name: string, input: CallInput): void {
  const { partition, args, frames, out } = input;
  const { rows, count, group, groupStarts } = partition;
  const arg = (index: number, position: number): Value => valueAt(args[index] as Vector, rows[position] as number);
  const put = (compute: (position: number) => Value): void => {
    for (let p = 0; p < count; p++) out[rows[p] as number] = compute(p);
  };
  const peersStart = (p: number): number => groupStarts[group[p] as number] as number;
  const peersEnd = (p: number): number => groupStarts[(group[p] as number) + 1] as number;
  switch (name) {
    case 'row_number':
      return put((p) => p + 1);
    case 'rank':
      return put((p) => peersStart(p) + 1);
    case 'dense_rank':
      return put((p) => (group[p] as number) + 1);
    case 'percent_rank':
      return put((p) => (count === 1 ? 0 : peersStart(p) / (count - 1)));
    case 'cume_dist':
      return put((p) => peersEnd(p) / count);
    case 'ntile':
      return put(ntile(count, arg(0, 0)));
    case 'lag':
    case 'lead': {
      const sign = name === 'lag' ? -1 : 1;
      return put((p) => {
        const offset = args.length > 1 ? arg(1, p) : 1;
        if (offset === null) return null;
        const target = p + sign * Number(offset);
        if (target >= 0 && target < count) return arg(0, target);
        return args.length > 2 ? arg(2, p) : null;
      });
    }
    case 'first_value':
      return put((p) => {
        const at = frames.at(p, 0);
        return at < 0 ? null : arg(0, at);
      });
    case 'last_value':
      return put((p) => {
        const at = frames.fromEnd(p);
        return at < 0 ? null : arg(0, at);
      });
    case 'nth_value':
      return put((p) => {
        const n = arg(1, p);
        if (n === null) return null;
        if (Number(n) <= 0) throw new DriftError('22016', 'argument of nth_value must be greater than zero');
        const at = frames.at(p, Number(n) - 1);
        return at < 0 ? null : arg(0, at);
      });
    default:
      assert(false, `the window function ${name} is known`);
  }
}

function ntile(count: number, buckets: Value): (position: number) => Value {
  if (buckets === null) return () => null;
  const n = Number(buckets);
  if (n <= 0) throw new DriftError('22014', 'argument of ntile must be greater than zero');
  const size = Math.floor(count / n);
  const bigger = count % n;
  const split = bigger * (size + 1);
  return (p) => (p < split ? Math.floor(p / (size + 1)) + 1 : bigger + Math.floor((p - split) / size) + 1);
}

/** Steps between looks at the clock. */
const STEPS = 4096;

function* aggregateOver(fn: AggregateFunction, input: CallInput, run: ExecRun): Task<void> {
  const { partition, frames, out } = input;
  const context = run.context.eval;
  const step = (state: unknown, position: number): unknown => {
    const row = partition.rows[position] as number;
    if (input.filter !== null && valueAt(input.filter, row) !== true) return state;
    const values = input.args.map((arg) => valueAt(arg, row));
    return fn.strict && values.includes(null) ? state : fn.step(state, values, context);
  };
  const { growing, shared } = frames;
  let state = fn.init(context);
  let value: Value = null;
  let start = 0;
  let end = -1;
  let steps = 0;
  for (let p = 0; p < partition.count; p++) {
    const frameStart = frames.start(p);
    const frameEnd = frames.end(p);
    const sameStart = end >= 0 && frameStart === start && shared;
    if (!sameStart || frameEnd !== end) {
      if (!(sameStart && growing && frameEnd > end)) {
        state = fn.init(context);
        end = frameStart;
      }
      for (let q = end; q < frameEnd; q++) {
        if (shared || frames.includes(p, q)) state = step(state, q);
        if ((++steps & (STEPS - 1)) === 0 && run.due()) yield* run.pause();
      }
      value = fn.final(state, context);
    }
    [start, end] = [frameStart, Math.max(frameEnd, frameStart)];
    out[partition.rows[p] as number] = value;
    if ((++steps & (STEPS - 1)) === 0 && run.due()) yield* run.pause();
  }
}
