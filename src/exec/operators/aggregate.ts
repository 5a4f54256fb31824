/**
 * GROUP BY: rows get group numbers from a KeyTable, accumulators add columns by group number.
 *
 * Each grouping set is a grouping of its own over the same batches. DISTINCT arguments pass through a KeyTable of
 * (group, arguments), so that only first occurrences are added; calls with ORDER BY keep their arguments and step
 * through them in order at the end. The rows' first values of the group expressions are the groups' output columns.
 *
 * When the memory is used up no new groups are made: rows of groups that are not there go to partitions in the temporary
 * file, each of which then is grouped by itself (PostgreSQL does the same). DISTINCT arguments overflow in the same way
 * within their call. So no state of an aggregate ever has to be written.
 */
import type { Task } from '../../base/task.ts';
import { type Batch, type Vector, valueAt } from '../../base/vector.ts';
import type { AggregateCall, ColumnId } from '../../plan/expression.ts';
import type { AggregateNode } from '../../plan/plan.ts';
import { functionsNamed } from '../../sql/functions/registry.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import type { SqlType } from '../../sql/types/type.ts';
import type { Divide } from '../accumulators.ts';
import { concatInSlices } from '../concat-slices.ts';
import { codedSlice } from '../coded-column.ts';
import { Compiler } from '../compile.ts';
import { runnableAggregate } from '../defined-aggregate.ts';
import { type Evaluator, withSelection } from '../evaluator.ts';
import { INT4 } from '../physical.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import type { SidewaysScan } from '../sideways.ts';
import { noteSpill } from '../spill/note.ts';
import { MAX_LEVEL } from '../spill/partitions.ts';
import type { SpilledRows } from '../spill/spilled-rows.ts';
import { constantVector, wholeBatch } from '../vectors.ts';
import { type CompiledCall, inputOf } from './aggregate-call.ts';
import { Grouping } from './grouping.ts';
import { BatchPieces } from './simple.ts';

export class AggregateOperator implements Operator {
  readonly #node: AggregateNode;
  readonly #source: Operator;
  readonly #run: ExecRun;
  readonly #compiler: Compiler;
  readonly #groups: readonly Evaluator[];
  readonly #calls: readonly CompiledCall[];
  readonly #pieces = new BatchPieces();
  #started = false;
  #isFull = false;
  #bytes = 0;
  /** Of sorted rows: the group that may go on, and its key. */
  #open: Grouping | null = null;
  #lastKey: string | null = null;
  readonly #keyTypes: readonly SqlType[];
  /** The partition that this one groups, where the rows are those that did not fit. */
  readonly #part: Part | null;
  /** What is still to be grouped, and the operator that does. */
  #rest: { readonly rows: SpilledRows; readonly part: Part }[] = [];
  #inner: AggregateOperator | null = null;

  constructor(node: AggregateNode, source: Operator, run: ExecRun, part: Part | null = null) {
    this.#node = node;
    this.#part = part;
    this.#source = source;
    this.#run = run;
    run.form = codedSlice;
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
    this.#isFull = false;
    this.#dropRest();
  }

  #dropRest(): void {
    this.#inner?.close();
    this.#inner = null;
    for (const { rows } of this.#rest) rows.clear();
    this.#rest = [];
  }

  close(): void {
    this.#source.close();
    this.#dropRest();
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
    return this.#pieces.next() ?? (yield* this.#nextOfRest());
  }

  /** Groups of the rows that did not fit, partition by partition. */
  *#nextOfRest(): Task<Batch | null> {
    for (;;) {
      if (this.#inner === null) {
        const next = this.#rest.shift();
        if (next === undefined) return null;
        this.#inner = new AggregateOperator(this.#node, next.rows.reader(true), this.#run, next.part);
        this.#inner.open();
      }
      const batch = yield* this.#inner.next();
      if (batch !== null) return batch;
      this.#inner.close();
      this.#inner = null;
    }
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
        yield* this.#addTo((this.#open ??= this.#newGrouping()), complete, groups);
        this.#pieces.reset(yield* this.#open.finish());
        this.#open = null;
      }
      yield* this.#addTo((this.#open ??= this.#newGrouping()), last, groups);
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

  *#addTo(grouping: Grouping, rows: Batch, groups: readonly Vector[]): Task<void> {
    yield* grouping.add(
      rows,
      groups,
      this.#calls.map((call) => inputOf(call, rows)),
    );
    yield* grouping.settle();
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

  /** Counts what the groupings hold; where that is too much they make no more groups. */
  #count(groupings: readonly Grouping[]): void {
    const { memory } = this.#run;
    const bytes = groupings.reduce((sum, grouping) => sum + grouping.bytes, 0);
    if (bytes <= this.#bytes) return;
    const level = (this.#part?.level ?? -1) + 1;
    const fills = !this.#isFull && level <= MAX_LEVEL && memory.isScarce(this.#bytes, bytes - this.#bytes);
    if (fills) {
      const oids = this.#node.source.outputs.map(({ type }) => type.oid);
      for (const grouping of groupings) grouping.fill(oids, level);
      this.#isFull = true;
      memory.hold(bytes - this.#bytes);
    } else memory.take(bytes - this.#bytes);
    this.#bytes = bytes;
    noteSpill(this.#run, this.#node, { memoryBytes: bytes });
  }

  #keepRest(grouping: Grouping, set: number): void {
    const { spilled } = grouping;
    const rest = (spilled?.parts ?? []).filter(({ rowCount }) => rowCount > 0);
    const level = spilled?.level ?? 0;
    this.#rest.push(...rest.map((rows) => ({ rows, part: { set, level } })));
    if (this.#part === null) noteSpill(this.#run, this.#node, { batches: 1 });
    noteSpill(this.#run, this.#node, { batches: rest.length, spilledBytes: spilled?.writtenBytes ?? 0 });
  }

  *#aggregate(): Task<Batch> {
    const node = this.#node;
    const oids = node.groups.map((group) => group.type.oid);
    const all = node.sets ?? [node.groups.map((_, i) => i)];
    const sets = this.#part === null ? [...all.keys()] : [this.#part.set];
    const groupings = sets.map((set) => new Grouping(all[set] ?? [], oids, this.#calls, this.#run));
    for (;;) {
      const batch = yield* this.#source.next();
      if (batch === null) break;
      if (this.#run.due()) yield* this.#run.pause();
      if (batch.count === 0) continue;
      yield* this.#compiler.prepare(batch);
      const groups = this.#groups.map((group) => group.eval(batch));
      const inputs = groupings.some(({ isFull }) => !isFull) ? this.#calls.map((call) => inputOf(call, batch)) : [];
      for (const grouping of groupings) {
        if (grouping.isFull) yield* grouping.addKnown(batch, groups, this.#calls);
        else yield* grouping.add(batch, groups, inputs);
        yield* grouping.settle();
      }
      this.#count(groupings);
    }
    const parts: Batch[] = [];
    for (const [s, grouping] of groupings.entries()) {
      const part = yield* grouping.finish();
      const set = constantVector(sets[s] ?? 0, part.length, INT4);
      parts.push(node.sets === null ? part : wholeBatch([...part.columns, set], part.length));
      this.#keepRest(grouping, sets[s] ?? 0);
    }
    this.#run.memory.give(this.#bytes);
    this.#bytes = 0;
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    const columns: Vector[] = [];
    for (const [c, { type }] of node.outputs.entries()) {
      const chunks = parts.map((part) => part.columns[c] as Vector);
      columns.push(yield* concatInSlices(chunks, type.oid, this.#run));
    }
    return wholeBatch(
      columns,
      parts.reduce((sum, part) => sum + part.length, 0),
    );
  }
}

/** One set of one level of partitions. */
interface Part {
  readonly set: number;
  readonly level: number;
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
