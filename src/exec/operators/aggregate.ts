/**
 * GROUP BY: rows get group numbers from a KeyTable, accumulators add columns by group number.
 *
 * Each grouping set is a grouping of its own over the same batches. DISTINCT arguments pass through a KeyTable of
 * (group, arguments), so that only first occurrences are added; calls with ORDER BY keep their arguments and step
 * through them in order at the end. The rows' first values of the group expressions are the groups' output columns.
 */
import type { Task } from '../../base/task.ts';
import { type Batch, type Vector, valueAt } from '../../base/vector.ts';
import type { AggregateCall, ColumnId } from '../../plan/expression.ts';
import type { AggregateNode } from '../../plan/plan.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { SqlType } from '../../sql/types/type.ts';
import { functionsNamed } from '../../sql/functions/registry.ts';
import {
  type Accumulator,
  type AggregateSetting,
  type Divide,
  makeAccumulator,
  StepAccumulator,
} from '../accumulators.ts';
import { mergingAccumulator } from '../merging-accumulators.ts';
import { Collector } from '../collector.ts';
import { runnableAggregate } from '../defined-aggregate.ts';
import { Compiler } from '../compile.ts';
import { type Evaluator, withSelection } from '../evaluator.ts';
import { KeyTable } from '../key-table.ts';
import { split } from '../logic.ts';
import { INT4 } from '../physical.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import type { SidewaysScan } from '../sideways.ts';
import { sortInSlices } from '../sort-keys.ts';
import { compact, concat, constantVector, take, wholeBatch } from '../vectors.ts';
import { BatchPieces } from './simple.ts';

/** Rows that are stepped through between looks at the clock. */
const STEPS = 1024;

export class AggregateOperator implements Operator {
  readonly #node: AggregateNode;
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #compiler: Compiler;
  readonly #groups: readonly Evaluator[];
  readonly #calls: readonly CompiledCall[];
  readonly #pieces = new BatchPieces();
  #started = false;
  #bytes = 0;
  /** Of sorted rows: the group that may go on, and its key. */
  #open: Grouping | null = null;
  #lastKey: string | null = null;
  readonly #keyTypes: readonly SqlType[];

  constructor(node: AggregateNode, source: Operator, run: ExecRun) {
    this.#node = node;
    this.#source = source;
    this.#run = run;
    this.#compiler = new Compiler(layoutOf(node.source.outputs), run);
    this.#groups = this.#compiler.compileAll(node.groups);
    this.#keyTypes = node.groups.map((group) => typeByOid(group.type.oid));
    const divide = divider(run);
    this.#calls = node.aggregates.map((call, i) =>
      compileCall(call, this.#compiler, run, divide, node.outputs[node.groups.length + i]?.type.oid ?? 0),
    );
  }

  /** A row that goes for its value of a group column goes with its whole group. */
  sideways(id: ColumnId): SidewaysScan | null {
    const { outputs, groups, sets } = this.#node;
    const group = groups[outputs.findIndex((output) => output.id === id)];
    return sets === null && group?.kind === 'column' ? (this.#source.sideways?.(group.id) ?? null) : null;
  }

  open(): void {
    this.#source.open();
    this.#pieces.reset(null);
    this.#open = null;
    this.#lastKey = null;
    this.#started = false;
  }

  close(): void {
    this.#source.close();
    this.#pieces.reset(null);
    this.#run.memory.give(this.#bytes);
    this.#bytes = 0;
    this.#started = true;
  }

  *next(): Task<Batch | null> {
    if (this.#node.sorted && this.#node.groups.length > 0) return yield* this.#nextSorted();
    if (!this.#started) {
      this.#started = true;
      this.#pieces.reset(yield* this.#aggregate());
      this.#source.close();
    }
    return this.#pieces.next();
  }

  /** Groups that are complete: all but the last one of what has been read. */
  *#nextSorted(): Task<Batch | null> {
    for (;;) {
      const ready = this.#pieces.next();
      if (ready !== null) return ready;
      if (this.#started) return null;
      const batch = yield* this.#source.next();
      if (this.#run.due()) yield* this.#run.pause();
      if (batch === null) {
        this.#started = true;
        this.#source.close();
        if (this.#open !== null) this.#pieces.reset(yield* this.#open.finish());
        this.#open = null;
        continue;
      }
      if (batch.count === 0) continue;
      yield* this.#compiler.prepare(batch);
      const groups = this.#groups.map((group) => group.eval(batch));
      const [complete, last] = yield* this.#parted(batch, groups);
      if (complete.count > 0) {
        this.#addTo((this.#open ??= this.#newGrouping()), complete, groups);
        this.#pieces.reset(yield* this.#open.finish());
        this.#open = null;
      }
      this.#addTo((this.#open ??= this.#newGrouping()), last, groups);
    }
  }

  #newGrouping(): Grouping {
    const oids = this.#node.groups.map((group) => group.type.oid);
    return new Grouping(
      oids.map((_, i) => i),
      oids,
      this.#calls,
      this.#run,
    );
  }

  #addTo(grouping: Grouping, rows: Batch, groups: readonly Vector[]): void {
    grouping.add(
      rows,
      groups,
      this.#calls.map((call) => inputOf(call, rows)),
    );
  }

  /**
   * The rows before those of the last group, and these. If the batch is all of one group, it may go on with the open one
   * or not: the first part is empty then only where it does.
   */
  *#parted(batch: Batch, groups: readonly Vector[]): Task<[Batch, Batch]> {
    const row = (k: number): number => (batch.selection === null ? k : (batch.selection[k] as number));
    const keyAt = (k: number): string => groupKey(groups, this.#keyTypes, row(k));
    const last = keyAt(batch.count - 1);
    let start = batch.count - 1;
    while (start > 0 && keyAt(start - 1) === last) start--;
    const goesOn = this.#lastKey === last;
    this.#lastKey = last;
    // A group that was open and is not this one is complete, even if the batch has nothing of it.
    if (start === 0 && !goesOn && this.#open !== null) {
      this.#pieces.reset(yield* this.#open.finish());
      this.#open = null;
    }
    const rows = Int32Array.from({ length: batch.count }, (_, k) => row(k));
    return [
      withSelection(batch, rows.subarray(0, start), start),
      withSelection(batch, rows.subarray(start), batch.count - start),
    ];
  }

  *#aggregate(): Task<Batch> {
    const node = this.#node;
    const oids = node.groups.map((group) => group.type.oid);
    const sets = node.sets ?? [node.groups.map((_, i) => i)];
    const groupings = sets.map((set) => new Grouping(set, oids, this.#calls, this.#run));
    for (;;) {
      const batch = yield* this.#source.next();
      if (batch === null) break;
      if (this.#run.due()) yield* this.#run.pause();
      if (batch.count === 0) continue;
      yield* this.#compiler.prepare(batch);
      const groups = this.#groups.map((group) => group.eval(batch));
      const inputs = this.#calls.map((call) => inputOf(call, batch));
      let bytes = 0;
      for (const grouping of groupings) {
        grouping.add(batch, groups, inputs);
        bytes += grouping.bytes;
      }
      if (bytes > this.#bytes) {
        this.#run.memory.take(bytes - this.#bytes);
        this.#bytes = bytes;
      }
    }
    const parts: Batch[] = [];
    for (const [s, grouping] of groupings.entries()) {
      const part = yield* grouping.finish();
      const set = constantVector(s, part.length, INT4);
      parts.push(node.sets === null ? part : wholeBatch([...part.columns, set], part.length));
    }
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    const columns = node.outputs.map((output, c) =>
      concat(
        parts.map((part) => part.columns[c] as Vector),
        output.type.oid,
      ),
    );
    return wholeBatch(
      columns,
      parts.reduce((sum, part) => sum + part.length, 0),
    );
  }
}

/** A text that is equal for rows of one group. */
function groupKey(groups: readonly Vector[], types: readonly SqlType[], row: number): string {
  let key = '';
  for (let g = 0; g < groups.length; g++) {
    const value = valueAt(groups[g] as Vector, row);
    const text = value === null ? '' : String((types[g] as SqlType).hashKey(value));
    key += value === null ? 'n' : `${text.length}:${text}`;
  }
  return key;
}

interface CompiledCall {
  readonly call: AggregateCall;
  readonly args: readonly Evaluator[];
  readonly order: readonly Evaluator[];
  readonly filter: Evaluator | null;
  readonly setting: AggregateSetting;
}

/** A call's columns over one batch, and the rows its FILTER lets pass. */
interface CallInput {
  readonly batch: Batch;
  readonly args: readonly Vector[];
  readonly order: readonly Vector[];
  /** Positions of the passing rows among the batch's counting rows; null: all. */
  readonly positions: Int32Array | null;
}

function compileCall(
  call: AggregateCall,
  compiler: Compiler,
  run: ExecRun,
  divide: Divide | null,
  resultOid: number,
): CompiledCall {
  return {
    call,
    args: compiler.compileAll(call.args),
    order: compiler.compileAll(call.order.map((key) => key.expression)),
    filter: call.filter === null ? null : compiler.compile(call.filter),
    setting: {
      fn: runnableAggregate(call.fn, run),
      argOids: call.args.map((arg) => arg.type.oid),
      resultOid,
      context: run.context.eval,
      divide,
    },
  };
}

function divider(run: ExecRun): Divide | null {
  const fn = functionsNamed('numeric_div').find((candidate) => candidate.kind === 'scalar');
  return fn === undefined || fn.kind !== 'scalar' ? null : (a, b) => fn.call(run.context.eval, a, b);
}

function inputOf(call: CompiledCall, batch: Batch): CallInput {
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

/** One grouping set. */
class Grouping {
  readonly #run: ExecRun;
  readonly #set: readonly number[];
  readonly #oids: readonly number[];
  readonly #table: KeyTable | null;
  readonly #keys: Vector[][];
  readonly #states: readonly CallState[];
  #groups: number;

  constructor(set: readonly number[], oids: readonly number[], calls: readonly CompiledCall[], run: ExecRun) {
    this.#set = set;
    this.#oids = oids;
    this.#run = run;
    this.#table =
      set.length === 0
        ? null
        : new KeyTable(
            set.map((g) => oids[g] as number),
            set.map(() => true),
          );
    this.#keys = set.map(() => []);
    this.#states = calls.map((call) => new CallState(call, set.length > 0, run));
    this.#groups = set.length === 0 ? 1 : 0;
  }

  get bytes(): number {
    return this.#table === null ? 0 : this.#table.bytes + this.#groups * 16 * (this.#states.length + this.#set.length);
  }

  add(batch: Batch, groups: readonly Vector[], inputs: readonly CallInput[]): void {
    let ids: Int32Array | null = null;
    if (this.#table !== null) {
      const keys = this.#set.map((g) => groups[g] as Vector);
      ids = this.#table.assign(keys, batch);
      if (this.#table.count > this.#groups) this.#addGroups(keys, batch, ids);
    }
    for (let c = 0; c < this.#states.length; c++)
      (this.#states[c] as CallState).add(inputs[c] as CallInput, ids, this.#groups);
  }

  /** Keeps the key values of groups seen for the first time. */
  #addGroups(keys: readonly Vector[], batch: Batch, ids: Int32Array): void {
    const count = (this.#table as KeyTable).count;
    const rows = new Int32Array(count - this.#groups);
    let next = this.#groups;
    for (let k = 0; k < batch.count && next < count; k++) {
      if (ids[k] !== next) continue;
      rows[next - this.#groups] = batch.selection === null ? k : (batch.selection[k] as number);
      next++;
    }
    for (let g = 0; g < keys.length; g++) (this.#keys[g] as Vector[]).push(take(keys[g] as Vector, rows, rows.length));
    this.#groups = count;
  }

  *finish(): Task<Batch> {
    const columns: Vector[] = this.#oids.map((oid, g) => {
      const position = this.#set.indexOf(g);
      return position < 0 ? constantVector(null, this.#groups, oid) : concat(this.#keys[position] as Vector[], oid);
    });
    for (const state of this.#states) {
      columns.push(yield* state.finish(this.#groups));
      if (this.#run.due()) yield* this.#run.pause();
    }
    return wholeBatch(columns, this.#groups);
  }
}

/** One call's states in one grouping. */
class CallState {
  readonly #run: ExecRun;
  readonly #call: CompiledCall;
  readonly #accumulator: Accumulator;
  readonly #distinct: KeyTable | null;
  #distinctCount = 0;
  readonly #ordered: Collector | null;

  constructor(call: CompiledCall, grouped: boolean, run: ExecRun) {
    this.#call = call;
    this.#run = run;
    const { setting } = call;
    const ordered = call.order.length > 0;
    this.#accumulator = ordered
      ? new StepAccumulator(setting)
      : (mergingAccumulator(setting) ?? makeAccumulator(setting));
    const oids = [INT4, ...setting.argOids];
    // Without groups the arguments alone tell rows apart.
    const distinctOids = grouped ? oids : setting.argOids;
    this.#distinct =
      call.call.distinct && setting.argOids.length > 0
        ? new KeyTable(
            distinctOids,
            distinctOids.map(() => true),
          )
        : null;
    this.#ordered = ordered ? new Collector([...oids, ...call.order.map((key) => key.oid)], run.memory) : null;
  }

  add(input: CallInput, allIds: Int32Array | null, groups: number): void {
    let { batch } = input;
    if (batch.count === 0) return;
    let ids = allIds;
    if (ids !== null && input.positions !== null) ids = gatherIds(ids, input.positions, input.positions.length);
    if (this.#distinct !== null) {
      const [rows, rowIds] = this.#firstOccurrences(this.#distinct, input, ids);
      batch = rows;
      ids = rowIds;
      if (batch.count === 0) return;
    }
    if (this.#ordered === null) {
      this.#accumulator.add(input.args, batch, ids, groups);
      return;
    }
    const group: Vector = {
      kind: 'i32',
      data: ids ?? new Int32Array(batch.count),
      length: batch.count,
      nulls: null,
    };
    const columns = [...input.args, ...input.order].map((column) => compact(column, batch));
    this.#ordered.addColumns([group, ...columns], batch.count);
  }

  #firstOccurrences(table: KeyTable, input: CallInput, ids: Int32Array | null): [Batch, Int32Array | null] {
    const { batch } = input;
    const keys = table.assign(ids === null ? input.args : [groupColumn(batch, ids), ...input.args], batch);
    const rows = new Int32Array(batch.count);
    const rowIds = ids === null ? null : new Int32Array(batch.count);
    let n = 0;
    for (let k = 0; k < batch.count; k++) {
      if ((keys[k] as number) < this.#distinctCount) continue;
      this.#distinctCount = (keys[k] as number) + 1;
      rows[n] = batch.selection === null ? k : (batch.selection[k] as number);
      if (rowIds !== null && ids !== null) rowIds[n] = ids[k] as number;
      n++;
    }
    return [withSelection(batch, rows, n), rowIds];
  }

  *finish(groups: number): Task<Vector> {
    if (this.#ordered !== null && this.#accumulator instanceof StepAccumulator) {
      const all = yield* this.#ordered.whole(this.#run);
      const width = this.#call.args.length;
      const orders = this.#call.call.order.map((key) => ({
        oid: key.expression.type.oid,
        descending: key.descending,
        nullsFirst: key.nullsFirst,
      }));
      const rows = yield* sortInSlices(all.columns.slice(1 + width), orders, all.length, this.#run);
      const ids = all.columns[0] as Vector;
      for (let r = 0; r < rows.length; r++) {
        const row = rows[r] as number;
        const values = [];
        for (let a = 0; a < width; a++) values.push(valueAt(all.columns[1 + a] as Vector, row));
        this.#accumulator.step(ids.data[row] as number, values);
        if ((r & (STEPS - 1)) === STEPS - 1 && this.#run.due()) yield* this.#run.pause();
      }
      this.#ordered.release();
    }
    return this.#accumulator.finish(groups);
  }
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
