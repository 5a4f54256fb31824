/**
 * One call of an aggregate: its columns over a batch, and its states in a grouping.
 *
 * DISTINCT lets first occurrences of (group, arguments) pass. When the memory is used up, those that were not seen go to
 * partitions in the temporary file, whose first occurrences are found one partition after another at the end: the order
 * of rows counts for no call with DISTINCT that has no ORDER BY. The rows of calls with ORDER BY are sorted at the end,
 * by external-sort.ts where they are many.
 */
import type { Task } from '../../base/task.ts';
import { type Batch, type Vector, valueAt } from '../../base/vector.ts';
import type { AggregateCall } from '../../plan/expression.ts';
import { type Accumulator, type AggregateSetting, makeAccumulator, StepAccumulator } from '../accumulators.ts';
import { concatInSlices } from '../concat-slices.ts';
import { Collector } from '../collector.ts';
import { type Evaluator, withSelection } from '../evaluator.ts';
import { KeyTable } from '../key-table.ts';
import { split } from '../logic.ts';
import { mergingAccumulator } from '../merging-accumulators.ts';
import { INT4 } from '../physical.ts';
import type { ExecRun } from '../run.ts';
import { type OrderOf, sortInSlices } from '../sort-keys.ts';
import { ExternalSort } from '../spill/external-sort.ts';
import { hashRows } from '../spill/hash-rows.ts';
import { MAX_LEVEL, Partitions } from '../spill/partitions.ts';
import { compact, vectorBytes, wholeBatch } from '../vectors.ts';

/** Rows that are stepped through between looks at the clock. */
const STEPS = 1024;
/** Groups whose results are made between looks at the clock. */
const FINISHED_GROUPS = 4096;
/** Aggregates whose states hold all of their arguments. */
const KEEPING: ReadonlySet<string> = new Set([
  'array_agg',
  'string_agg',
  'json_agg',
  'jsonb_agg',
  'json_object_agg',
  'jsonb_object_agg',
  'xmlagg',
  'percentile_cont',
  'percentile_disc',
]);

export interface CompiledCall {
  readonly call: AggregateCall;
  readonly args: readonly Evaluator[];
  readonly order: readonly Evaluator[];
  readonly filter: Evaluator | null;
  readonly setting: AggregateSetting;
}

/** A call's columns over one batch, and the rows its FILTER lets pass. */
export interface CallInput {
  readonly batch: Batch;
  readonly args: readonly Vector[];
  readonly order: readonly Vector[];
  /** Positions of the passing rows among the batch's counting rows; null: all. */
  readonly positions: Int32Array | null;
}

export function inputOf(call: CompiledCall, batch: Batch): CallInput {
  let rows = batch;
  let positions: Int32Array | null = null;
  if (call.filter !== null) {
    [rows] = split(batch, call.filter.eval(batch));
    positions = positionsOf(batch, rows);
  }
  return {
    batch: rows,
    args: call.args.map((arg) => arg.eval(rows)),
    order: call.order.map((key) => key.eval(rows)),
    positions,
  };
}

/** Positions of the rows of `part` among those of `batch`; both ascend alike. */
function positionsOf(batch: Batch, part: Batch): Int32Array {
  const positions = new Int32Array(part.count);
  let k = 0;
  for (let p = 0; p < part.count; p++) {
    const row = part.selection === null ? p : (part.selection[p] as number);
    while ((batch.selection === null ? k : (batch.selection[k] as number)) !== row) k++;
    positions[p] = k++;
  }
  return positions;
}

/** One call's states in one grouping. */
export class CallState {
  readonly #run: ExecRun;
  readonly #call: CompiledCall;
  readonly #accumulator: Accumulator;
  /** Of the group, where there are groups, and the arguments. */
  readonly #distinctOids: readonly number[];
  readonly #distinct: KeyTable | null;
  #distinctCount = 0;
  /** Rows whose arguments had no room among the distinct ones. */
  #late: Partitions | null = null;
  readonly #orders: readonly OrderOf[];
  /** Of the group, the arguments and the keys of the order. */
  readonly #oids: readonly number[];
  #ordered: Collector | null;
  #external: ExternalSort | null = null;
  readonly #keeps: boolean;
  #keptBytes = 0;

  constructor(call: CompiledCall, grouped: boolean, run: ExecRun) {
    this.#call = call;
    this.#run = run;
    const { setting } = call;
    const ordered = call.order.length > 0;
    this.#accumulator = ordered
      ? new StepAccumulator(setting)
      : (mergingAccumulator(setting) ?? makeAccumulator(setting));
    this.#keeps = KEEPING.has(setting.fn.name);
    // Without groups the arguments alone tell rows apart.
    this.#distinctOids = grouped ? [INT4, ...setting.argOids] : setting.argOids;
    this.#distinct = call.call.distinct && setting.argOids.length > 0 ? newTable(this.#distinctOids) : null;
    this.#orders = call.call.order.map(({ expression, descending, nullsFirst }) => ({
      oid: expression.type.oid,
      descending,
      nullsFirst,
    }));
    this.#oids = [INT4, ...setting.argOids, ...call.order.map((key) => key.oid)];
    this.#ordered = ordered ? new Collector(this.#oids, run.memory, true) : null;
  }

  /** Beside what the collected rows of an order take, which count themselves. */
  get bytes(): number {
    return this.#keptBytes + (this.#distinct?.bytes ?? 0);
  }

  /** No more distinct arguments are kept. */
  fill(level: number): void {
    if (this.#distinct !== null) this.#late ??= new Partitions(this.#run, this.#oids, level);
  }

  *add(input: CallInput, allIds: Int32Array | null, groups: number): Task<void> {
    const { batch } = input;
    if (batch.count === 0) return;
    let ids = allIds;
    if (ids !== null && input.positions !== null) ids = gatherIds(ids, input.positions, input.positions.length);
    if (this.#distinct === null) {
      this.#addRows(input, batch, ids, groups);
      return;
    }
    if (this.#late !== null) {
      this.#putAside(this.#distinct, this.#late, input, ids);
      return;
    }
    const [rows, rowIds] = yield* this.#firstOccurrences(this.#distinct, input, ids);
    if (rows.count > 0) this.#addRows(input, rows, rowIds, groups);
  }

  #addRows({ args, order }: CallInput, batch: Batch, ids: Int32Array | null, groups: number): void {
    if (this.#ordered === null) {
      if (this.#keeps) for (const arg of args) this.#keptBytes += vectorBytes(arg) * (batch.count / arg.length);
      this.#accumulator.add(args, batch, ids, groups);
      return;
    }
    this.#ordered.addColumns(columnsOf(args, order, batch, ids), batch.count);
  }

  *#firstOccurrences(table: KeyTable, input: CallInput, ids: Int32Array | null): Task<[Batch, Int32Array | null]> {
    const { batch } = input;
    const columns = ids === null ? input.args : [groupColumn(batch, ids), ...input.args];
    const keys = yield* table.assignInSlices(columns, batch, this.#run);
    const [rows, count] = newKeys(keys, batch, this.#distinctCount);
    this.#distinctCount = count;
    const rowIds = ids === null ? null : gatherIds(ids, rows, rows.length);
    return [withSelection(batch, rowsAt(batch, rows), rows.length), rowIds];
  }

  /** Keeps the rows for later whose arguments are not among the distinct ones so far. */
  #putAside(table: KeyTable, late: Partitions, { args, order, batch }: CallInput, ids: Int32Array | null): void {
    const keys = table.find(ids === null ? args : [groupColumn(batch, ids), ...args], batch);
    const rows = Int32Array.from({ length: batch.count }, (_, k) => k).filter((k) => (keys[k] as number) < 0);
    if (rows.length === 0) return;
    const others = withSelection(batch, rowsAt(batch, rows), rows.length);
    const columns = columnsOf(args, order, others, ids === null ? null : gatherIds(ids, rows, rows.length));
    const whole = wholeBatch(columns, rows.length);
    late.add(whole, hashRows(columns.slice(0, 1 + args.length), this.#oids, whole, late.level));
  }

  /** Whether there is something to write (`settle`). */
  get spills(): boolean {
    return this.#late !== null || (this.#ordered !== null && this.#run.memory.isScarce(this.#ordered.bytes, 0));
  }

  *settle(): Task<void> {
    if (this.#late !== null) yield* this.#late.settle();
    if (this.#ordered !== null && this.#run.memory.isScarce(this.#ordered.bytes, 0))
      yield* this.#writeRun(this.#ordered);
  }

  *#writeRun(ordered: Collector): Task<void> {
    this.#external ??= new ExternalSort(this.#run, this.#oids.slice(0, 1 + this.#call.args.length), this.#orders);
    const all = yield* ordered.whole(this.#run);
    const rows = yield* this.#sorted(all);
    yield* this.#external.addRun(withSelection(all, rows, rows.length));
    ordered.release();
  }

  #sorted(all: Batch): Task<Int32Array> {
    return sortInSlices(all.columns.slice(1 + this.#call.args.length), this.#orders, all.length, this.#run);
  }

  *finish(groups: number): Task<Vector> {
    if (this.#late !== null) yield* this.#finishLate(this.#late, groups);
    if (this.#ordered !== null && this.#accumulator instanceof StepAccumulator)
      yield* this.#stepInOrder(this.#ordered, this.#accumulator);
    const pieces: Vector[] = [];
    for (let from = 0; from < groups || from === 0; from += FINISHED_GROUPS) {
      pieces.push(this.#accumulator.finish(from, Math.min(from + FINISHED_GROUPS, groups)));
      if (this.#run.due()) yield* this.#run.pause();
    }
    return yield* concatInSlices(pieces, this.#call.setting.resultOid, this.#run);
  }

  /** First occurrences among the rows put aside; what overflows again is parted at the next level. */
  *#finishLate(late: Partitions, groups: number): Task<void> {
    const width = 1 + this.#call.args.length;
    const grouped = this.#distinctOids.length === width;
    const { memory } = this.#run;
    for (const part of late.parts) {
      const table = newTable(this.#distinctOids);
      let next: Partitions | null = null;
      let seen = 0;
      const source = part.reader(true);
      source.open();
      for (let batch = yield* source.next(); batch !== null; batch = yield* source.next()) {
        if (this.#run.due()) yield* this.#run.pause();
        const keys = batch.columns.slice(grouped ? 0 : 1, width);
        const input = {
          batch,
          args: batch.columns.slice(1, width),
          order: batch.columns.slice(width),
          positions: null,
        };
        const ids = grouped ? (batch.columns[0] as Vector & { readonly kind: 'i32' }).data : null;
        if (next !== null) {
          this.#putAside(table, next, input, ids);
          yield* next.settle();
          continue;
        }
        const [rows, count] = newKeys(yield* table.assignInSlices(keys, batch, this.#run), batch, seen);
        seen = count;
        this.#addRows(
          input,
          withSelection(batch, rows, rows.length),
          ids === null ? null : gatherIds(ids, rows, rows.length),
          groups,
        );
        if (late.level < MAX_LEVEL && memory.isScarce(table.bytes, table.bytes))
          next = new Partitions(this.#run, this.#oids, late.level + 1);
        else if (memory.usedBytes + table.bytes > memory.limitBytes) memory.take(table.bytes);
        if (this.#ordered !== null && memory.isScarce(this.#ordered.bytes, 0)) yield* this.#writeRun(this.#ordered);
      }
      source.close();
      if (next !== null) yield* this.#finishLate(next, groups);
    }
  }

  *#stepInOrder(ordered: Collector, accumulator: StepAccumulator): Task<void> {
    const external = this.#external;
    if (external !== null) {
      yield* this.#writeRun(ordered);
      for (let batch = yield* external.next(); batch !== null; batch = yield* external.next())
        yield* this.#step(batch, null, accumulator);
      external.close();
      return;
    }
    const all = yield* ordered.whole(this.#run);
    yield* this.#step(all, yield* this.#sorted(all), accumulator);
    ordered.release();
  }

  *#step(all: Batch, order: Int32Array | null, accumulator: StepAccumulator): Task<void> {
    const width = this.#call.args.length;
    const ids = all.columns[0] as Vector;
    for (let r = 0; r < all.length; r++) {
      const row = order === null ? r : (order[r] as number);
      const values = [];
      for (let a = 0; a < width; a++) values.push(valueAt(all.columns[1 + a] as Vector, row));
      accumulator.step(ids.data[row] as number, values);
      if ((r & (STEPS - 1)) === STEPS - 1 && this.#run.due()) yield* this.#run.pause();
    }
  }
}

function newTable(oids: readonly number[]): KeyTable {
  return new KeyTable(
    oids,
    oids.map(() => true),
  );
}

/** Positions of the rows whose numbers are new, and how many there are then. */
function newKeys(keys: Int32Array, batch: Batch, seen: number): [Int32Array, number] {
  const rows = new Int32Array(batch.count);
  let count = seen;
  let n = 0;
  for (let k = 0; k < batch.count; k++) {
    if ((keys[k] as number) < count) continue;
    count = (keys[k] as number) + 1;
    rows[n++] = k;
  }
  return [rows.subarray(0, n), count];
}

function rowsAt(batch: Batch, positions: Int32Array): Int32Array {
  return batch.selection === null ? positions : gatherIds(batch.selection, positions, positions.length);
}

/** The columns in which rows of a call are kept: group, arguments, keys of the order. */
function columnsOf(args: readonly Vector[], order: readonly Vector[], batch: Batch, ids: Int32Array | null): Vector[] {
  const data = ids ?? new Int32Array(batch.count);
  const group: Vector = { kind: 'i32', data, length: batch.count, nulls: null };
  return [group, ...[...args, ...order].map((column) => compact(column, batch))];
}

/** The rows' group numbers as a column of the batch. */
function groupColumn(batch: Batch, ids: Int32Array): Vector {
  const groups = new Int32Array(batch.length);
  for (let k = 0; k < batch.count; k++)
    groups[batch.selection === null ? k : (batch.selection[k] as number)] = ids[k] as number;
  return { kind: 'i32', data: groups, length: batch.length, nulls: null };
}

function gatherIds(ids: Int32Array, positions: Int32Array, count: number): Int32Array {
  const result = new Int32Array(count);
  for (let i = 0; i < count; i++) result[i] = ids[positions[i] as number] as number;
  return result;
}
