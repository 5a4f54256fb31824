/**
 * Window functions over one window.
 *
 * All rows are collected and sorted by partition and order; each partition is a run of positions in that order, and
 * each call gives one value a position. Ranking functions and lag/lead count positions; the others, aggregates too,
 * look at the row's frame (window-frame.ts). Frames that only grow step an aggregate once a row.
 *
 * Rows that don't fit into the memory are sorted in runs, which are merged (external-sort.ts) and worked on as many
 * partitions at a time as do fit. One that does not is gone over in the file (long-partition.ts); where a frame may see any
 * of its rows it must fit.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { WindowCall } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/plan.ts';
import { Collector, oidsOf } from '../collector.ts';
import { concatInSlices } from '../concat-slices.ts';
import { runnableAggregate } from '../defined-aggregate.ts';
import { codedSlice } from '../coded-column.ts';
import { Compiler } from '../compile.ts';
import { ColumnEvaluator, type Evaluator, withSelection } from '../evaluator.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import { type OrderOf, orderWords, sortInSlices } from '../sort-keys.ts';
import { wholeBatch } from '../vectors.ts';
import { WindowValues } from '../window-values.ts';
import { RowOrder } from '../spill/compare-rows.ts';
import { ExternalSort } from '../spill/external-sort.ts';
import { outOfMemory } from '../spill/limits.ts';
import { noteSpill } from '../spill/note.ts';
import { BatchPieces, cutBatch } from './simple.ts';
import { canBeLong, LongPartition } from './long-partition.ts';
import { ntile } from './ntile.ts';
import { aggregateOver, type CallInput } from './window-aggregate.ts';
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
/** Rows that are worked on between looks at the clock. */
const PIECE_ROWS = 8192;

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
  #external: ExternalSort | null = null;
  #merged = false;
  /** A partition that does not fit, while its rows are given out. */
  #long: LongPartition | null = null;

  constructor(node: WindowNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#run = run;
    run.form = codedSlice;
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
    this.#collector = new Collector(oidsOf(node.source.outputs), run.memory, true);
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
    this.#external?.close();
    this.#external = null;
    this.#long?.close();
    this.#long = null;
    this.#merged = false;
    this.#collector.release();
    this.#run.memory.give(this.#workBytes);
    this.#workBytes = 0;
  }

  /** Sort keys, order, partitions and boxed results of so many rows: they may outweigh the rows themselves. */
  #bytesOfWork(rows: number): number {
    const keys = this.#partition.length + this.#order.length;
    return rows * (ROW_BYTES + keys * KEY_BYTES + this.#calls.length * RESULT_BYTES);
  }

  #isFull(): boolean {
    return this.#run.memory.isScarce(this.#collector.bytes, this.#bytesOfWork(this.#collector.length));
  }

  *next(): Task<Batch | null> {
    if (!this.#started) {
      this.#started = true;
      yield* this.#collect();
      if (this.#external === null) yield* this.#work(yield* this.#collector.whole(this.#run));
    }
    return this.#external === null ? this.#pieces.next() : yield* this.#nextMerged(this.#external);
  }

  *#work(rows: Batch): Task<void> {
    this.#run.memory.give(this.#workBytes);
    this.#workBytes = 0;
    const bytes = this.#bytesOfWork(rows.count);
    this.#run.memory.take(bytes);
    this.#workBytes = bytes;
    this.#pieces.reset(rows.count === 0 ? null : yield* this.#compute(rows));
  }

  /** Takes the input; in sorted runs where it does not fit. */
  *#collect(): Task<void> {
    for (;;) {
      const batch = yield* this.#source.next();
      if (batch === null) break;
      this.#collector.add(batch);
      if (this.#isFull()) yield* this.#writeRun();
      if (this.#run.due()) yield* this.#run.pause();
    }
    this.#source.close();
    if (this.#external !== null) yield* this.#writeRun();
  }

  #orders(): OrderOf[] {
    const partition = this.#partition.map((key) => ({ oid: key.oid, descending: false, nullsFirst: false }));
    const order = this.#node.window.order.map(({ expression, descending, nullsFirst }) => ({
      oid: expression.type.oid,
      descending,
      nullsFirst,
    }));
    return [...partition, ...order];
  }

  *#writeRun(): Task<void> {
    const orders = this.#orders();
    this.#external ??= new ExternalSort(this.#run, oidsOf(this.#node.source.outputs), orders);
    const rows = yield* this.#collector.whole(this.#run);
    const keys = yield* this.#evaluate([...this.#partition, ...this.#order], rows);
    const sorted = yield* sortInSlices(keys, orders, rows.length, this.#run);
    const whole = wholeBatch([...rows.columns, ...keys], rows.length);
    yield* this.#external.addRun(withSelection(whole, sorted, rows.length));
    noteSpill(this.#run, this.#node, { spilledBytes: this.#collector.bytes });
    this.#collector.release();
  }

  /** Whole partitions of the merged rows, as many as fit. */
  *#nextMerged(external: ExternalSort): Task<Batch | null> {
    const { memory } = this.#run;
    for (;;) {
      const ready = this.#long === null ? this.#pieces.next() : yield* this.#long.next();
      if (ready !== null) return ready;
      this.#long?.close();
      this.#long = null;
      while (!this.#merged && !this.#isFull()) yield* this.#readMerged(external);
      if (this.#collector.length === 0) return null;
      const rows = yield* this.#collector.whole(this.#run);
      const end = this.#merged ? rows.length : yield* this.#lastPartition(rows);
      if (end === 0) {
        if (canBeLong(this.#node)) {
          this.#collector.release();
          yield* this.#readLong(external, rows);
          continue;
        }
        // One partition: more of it must be read, and fit.
        if (memory.usedBytes > memory.limitBytes) throw outOfMemory(memory.limitBytes);
        yield* this.#readMerged(external);
        continue;
      }
      this.#collector.release();
      if (end < rows.length) this.#collector.add(cutBatch(rows, end, rows.length));
      yield* this.#work(cutBatch(rows, 0, end));
    }
  }

  /** Takes the rest of a partition, of which some rows are there, to the file; leaves the first rows of the next one collected. */
  *#readLong(external: ExternalSort, rows: Batch): Task<void> {
    const orders = this.#orders();
    const long = (this.#long = new LongPartition(this.#node, orders.slice(this.#partition.length), this.#run));
    const same = new RowOrder(orders.slice(0, this.#partition.length));
    const keys = yield* this.#evaluate(this.#partition, rows);
    yield* long.add(rows);
    for (;;) {
      const batch = yield* external.next();
      if (batch === null) {
        this.#merged = true;
        break;
      }
      const more = yield* this.#evaluate(this.#partition, batch);
      let end = batch.length;
      while (end > 0 && same.compare(keys, 0, more, end - 1) !== 0) end--;
      if (end > 0) yield* long.add(cutBatch(batch, 0, end));
      if (this.#run.due()) yield* this.#run.pause();
      if (end === batch.length) continue;
      this.#collector.add(cutBatch(batch, end, batch.length));
      break;
    }
    noteSpill(this.#run, this.#node, { spilledBytes: long.writtenBytes });
  }

  *#readMerged(external: ExternalSort): Task<void> {
    const batch = yield* external.next();
    if (batch === null) this.#merged = true;
    else this.#collector.add(batch);
    if (this.#run.due()) yield* this.#run.pause();
  }

  /** Where the last partition of sorted rows begins. */
  *#lastPartition(rows: Batch): Task<number> {
    const keys = yield* this.#evaluate(this.#partition, rows);
    const order = new RowOrder(this.#orders().slice(0, keys.length));
    let start = rows.length - 1;
    while (start > 0 && order.compare(keys, start - 1, keys, rows.length - 1) === 0) start--;
    return start;
  }

  /** The expressions over all rows, piece by piece; what is a column of them already costs nothing. */
  *#evaluate(evaluators: readonly Evaluator[], rows: Batch): Task<Vector[]> {
    const made = evaluators.filter((evaluator) => !(evaluator instanceof ColumnEvaluator));
    const pieces: Vector[][] = made.map(() => []);
    for (let at = 0; at < rows.count && made.length > 0; at += PIECE_ROWS) {
      const piece = cutBatch(rows, at, Math.min(at + PIECE_ROWS, rows.count));
      yield* this.#compiler.prepare(piece);
      for (let i = 0; i < made.length; i++) (pieces[i] as Vector[]).push((made[i] as Evaluator).eval(piece));
      if (this.#run.due()) yield* this.#run.pause();
    }
    const columns = new Map<Evaluator, Vector>();
    for (const [i, evaluator] of made.entries())
      columns.set(evaluator, yield* concatInSlices(pieces[i] as Vector[], evaluator.oid, this.#run));
    return evaluators.map((evaluator) => columns.get(evaluator) ?? evaluator.eval(rows));
  }

  *#compute(rows: Batch): Task<Batch> {
    const { window } = this.#node;
    const evaluators = [
      ...this.#partition,
      ...this.#order,
      ...this.#offsets.filter((offset) => offset !== null),
      ...this.#calls.flatMap(({ args, filter }) => (filter === null ? args : [...args, filter])),
    ];
    const computed = yield* this.#evaluate(evaluators, rows);
    const partitionKeys = computed.splice(0, this.#partition.length);
    const orderKeys = computed.splice(0, this.#order.length);
    const offsets = this.#offsets.map((offset) => (offset === null ? null : (computed.shift() ?? null)));
    const partitionOrders = this.#partition.map((key) => ({ oid: key.oid, descending: false, nullsFirst: false }));
    const orders = window.order.map(({ expression, descending, nullsFirst }) => ({
      oid: expression.type.oid,
      descending,
      nullsFirst,
    }));
    const sorted = yield* sortInSlices(
      [...partitionKeys, ...orderKeys],
      [...partitionOrders, ...orders],
      rows.length,
      this.#run,
    );
    const newPartition = yield* changes(partitionKeys, partitionOrders, sorted, this.#run);
    const newPeers = yield* changes(orderKeys, orders, sorted, this.#run);
    const frames = new Frames(window, this.#run.context.eval, { order: orderKeys, offsets });
    const inputs = this.#calls.map(({ args, filter }) => ({
      args: computed.splice(0, args.length),
      filter: filter === null ? null : (computed.shift() ?? null),
    }));
    const width = rows.columns.length;
    const results = this.#calls.map(
      (_, c) => new WindowValues(this.#node.outputs[width + c]?.type.oid ?? 0, rows.length),
    );
    let start = 0;
    for (let at = 1; at <= sorted.length; at++) {
      if (at < sorted.length && newPartition[at] === 0) continue;
      const partition = yield* makePartition(sorted.subarray(start, at), newPeers.subarray(start, at), this.#run);
      frames.begin(partition);
      for (let c = 0; c < this.#calls.length; c++) {
        const { call } = this.#calls[c] as CompiledCall;
        const { args, filter } = inputs[c] as (typeof inputs)[number];
        const input = { args, filter, partition, frames, out: results[c] as WindowValues };
        if (call.fn.kind === 'aggregate') yield* aggregateOver(runnableAggregate(call.fn, this.#run), input, this.#run);
        else yield* windowFunction(call.fn.name, input, this.#run);
      }
      start = at;
      if (this.#run.due()) yield* this.#run.pause();
    }
    const columns: Vector[] = [];
    for (const values of results) columns.push(yield* values.finish(this.#run));
    return withSelection(wholeBatch([...rows.columns, ...columns], rows.length), sorted, rows.length);
  }
}

/** A 1 at each sorted position whose keys differ from those before. */
function* changes(
  keys: readonly Vector[],
  orders: readonly OrderOf[],
  sorted: Int32Array,
  run: ExecRun,
): Task<Uint8Array> {
  const flags = new Uint8Array(sorted.length);
  for (let k = 0; k < keys.length; k++) {
    for (const word of yield* orderWords(keys[k] as Vector, orders[k] as OrderOf, sorted.length, run)) {
      for (let from = 1; from < sorted.length; from += PIECE_ROWS) {
        markChanges(word, sorted, flags, from, Math.min(from + PIECE_ROWS, sorted.length));
        if (run.due()) yield* run.pause();
      }
    }
  }
  return flags;
}

function markChanges(word: Uint32Array, sorted: Int32Array, flags: Uint8Array, from: number, to: number): void {
  for (let i = from; i < to; i++) if (word[sorted[i] as number] !== word[sorted[i - 1] as number]) flags[i] = 1;
}

function* makePartition(rows: Int32Array, newPeers: Uint8Array, run: ExecRun): Task<Partition> {
  const count = rows.length;
  const group = new Int32Array(count);
  const starts = new Int32Array(count + 1);
  let groups = 1;
  for (let from = 1; from < count; from += PIECE_ROWS) {
    groups = numberPeers(newPeers, { group, starts, groups }, from, Math.min(from + PIECE_ROWS, count));
    if (count > PIECE_ROWS && run.due()) yield* run.pause();
  }
  starts[groups] = count;
  return { rows, count, group, groupStarts: starts.subarray(0, groups + 1) };
}

/** Numbers the peer groups of some positions; returns how many groups there are then. */
function numberPeers(
  newPeers: Uint8Array,
  { group, starts, groups }: { readonly group: Int32Array; readonly starts: Int32Array; readonly groups: number },
  from: number,
  to: number,
): number {
  let count = groups;
  for (let p = from; p < to; p++) {
    if (newPeers[p] === 1) starts[count++] = p;
    group[p] = count - 1;
  }
  return count;
}

function* windowFunction(name: string, input: CallInput, run: ExecRun): Task<void> {
  const { partition, args, frames, out } = input;
  const { rows, count, group, groupStarts } = partition;
  const arg = (index: number, position: number): Value => valueAt(args[index] as Vector, rows[position] as number);
  function* put(compute: (position: number) => Value): Task<void> {
    for (let p = 0; p < count; p++) {
      out.set(rows[p] as number, compute(p));
      if ((p & (PIECE_ROWS - 1)) === PIECE_ROWS - 1 && run.due()) yield* run.pause();
    }
  }
  const peersStart = (p: number): number => groupStarts[group[p] as number] as number;
  const peersEnd = (p: number): number => groupStarts[(group[p] as number) + 1] as number;
  switch (name) {
    case 'row_number':
      return yield* put((p) => p + 1);
    case 'rank':
      return yield* put((p) => peersStart(p) + 1);
    case 'dense_rank':
      return yield* put((p) => (group[p] as number) + 1);
    case 'percent_rank':
      return yield* put((p) => (count === 1 ? 0 : peersStart(p) / (count - 1)));
    case 'cume_dist':
      return yield* put((p) => peersEnd(p) / count);
    case 'ntile':
      return yield* put(ntile(count, arg(0, 0)));
    case 'lag':
    case 'lead': {
      const sign = name === 'lag' ? -1 : 1;
      return yield* put((p) => {
        const offset = args.length > 1 ? arg(1, p) : 1;
        if (offset === null) return null;
        const target = p + sign * Number(offset);
        if (target >= 0 && target < count) return arg(0, target);
        return args.length > 2 ? arg(2, p) : null;
      });
    }
    case 'first_value':
      return yield* put((p) => {
        const at = frames.at(p, 0);
        return at < 0 ? null : arg(0, at);
      });
    case 'last_value':
      return yield* put((p) => {
        const at = frames.fromEnd(p);
        return at < 0 ? null : arg(0, at);
      });
    case 'nth_value':
      return yield* put((p) => {
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
