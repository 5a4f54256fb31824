/**
 * A partition of a window that does not fit into the memory, in two passes over its rows in the temporary file.
 *
 *     first    rows go to the file in the window's order. What is the same for all peers (a rank, an aggregate up to the
 *              last peer) becomes a row of a second file, one for each group of peers; what is the same for all rows is
 *              known at its end
 *     second   both files are read side by side. What differs from peer to peer is counted or stepped; `lag` and `lead` have
 *              a reader of their own, so many rows behind or ahead
 *
 *     rows      a a b c c c         groups   size  rank  sum
 *                                            2     1     …
 *                                            1     3     …
 *                                            3     4     …
 *
 * So nothing is held but a block of each, whatever the size of the partition or of a group. That goes for frames that begin
 * with the partition and end with the row, its peers or the partition; what other frames see must be in memory.
 */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { WindowCall } from '../../plan/expression.ts';
import type { WindowNode } from '../../plan/plan.ts';
import type { AggregateFunction } from '../../sql/functions/function.ts';
import { oidsOf } from '../collector.ts';
import { Compiler } from '../compile.ts';
import { runnableAggregate } from '../defined-aggregate.ts';
import type { Evaluator } from '../evaluator.ts';
import { FLOAT8 } from '../physical.ts';
import { type ExecRun, layoutOf, type Operator } from '../run.ts';
import type { OrderOf } from '../sort-keys.ts';
import { RowOrder } from '../spill/compare-rows.ts';
import { SpilledRows } from '../spill/spilled-rows.ts';
import { compact, vectorFromValues, wholeBatch } from '../vectors.ts';
import { WindowValues } from '../window-values.ts';
import { ntile } from './ntile.ts';

/** Groups of peers that are written at once. */
const GROUPS = 4096;
/** Rows that are worked on between looks at the clock. */
const STEPS = 1024;

/** Which rows decide about a call's value: those up to the row, to its last peer, or all; a row at a distance; or the place alone. */
type Extent = 'row' | 'peers' | 'all' | 'distance' | 'place';

/** Whether every call of a window can be computed in this way. */
export function canBeLong({ window, calls }: WindowNode): boolean {
  return calls.every((call) => extentOf(call, window.frame) !== null);
}

function extentOf({ fn, args }: WindowCall, frame: WindowNode['window']['frame']): Extent | null {
  switch (fn.name) {
    case 'row_number':
    case 'rank':
    case 'dense_rank':
    case 'percent_rank':
    case 'cume_dist':
    case 'ntile':
      if (fn.kind === 'window') return 'place';
      break;
    case 'lag':
    case 'lead':
      if (fn.kind === 'window') return args.length < 2 || args[1]?.kind === 'const' ? 'distance' : null;
  }
  if (fn.kind === 'window' && fn.name !== 'first_value' && fn.name !== 'last_value') return null;
  if (frame.start.kind !== 'unbounded preceding' || frame.exclude !== 'no others') return null;
  if (frame.end.kind === 'unbounded following') return 'all';
  if (frame.end.kind !== 'current row') return null;
  return frame.mode === 'rows' ? 'row' : 'peers';
}

/** What a call has seen of its rows. */
class CallState {
  readonly call: WindowCall;
  readonly extent: Extent;
  readonly args: readonly Evaluator[];
  readonly #filter: Evaluator | null;
  readonly #run: ExecRun;
  readonly #fn: AggregateFunction | null;
  #state: unknown = null;
  /** Of first_value and last_value. */
  #seen: Value = null;
  #rows = 0;
  /** The partition's first row's first argument. */
  first: Value = null;
  /** The call's arguments over the batch at hand. */
  vectors: readonly Vector[] = [];
  #filtered: Vector | null = null;

  constructor(call: WindowCall, extent: Extent, compiler: Compiler, run: ExecRun) {
    this.call = call;
    this.extent = extent;
    this.args = compiler.compileAll(call.args);
    this.#filter = call.filter === null ? null : compiler.compile(call.filter);
    this.#run = run;
    this.#fn = call.fn.kind === 'aggregate' ? runnableAggregate(call.fn, run) : null;
    this.begin();
  }

  begin(): void {
    this.#state = this.#fn?.init(this.#run.context.eval) ?? null;
    this.#seen = null;
    this.#rows = 0;
  }

  evaluate(batch: Batch): void {
    this.vectors = this.args.map((arg) => arg.eval(batch));
    this.#filtered = this.#filter?.eval(batch) ?? null;
  }

  noteFirst(row: number): void {
    const [vector] = this.vectors;
    this.first = vector === undefined ? null : valueAt(vector, row);
  }

  step(row: number): void {
    if (this.#fn === null) {
      if (this.call.fn.name === 'last_value' || this.#rows++ === 0)
        this.#seen = valueAt(this.vectors[0] as Vector, row);
      return;
    }
    if (this.#filtered !== null && valueAt(this.#filtered, row) !== true) return;
    const values = this.vectors.map((vector) => valueAt(vector, row));
    if (!this.#fn.strict || !values.includes(null))
      this.#state = this.#fn.step(this.#state, values, this.#run.context.eval);
  }

  value(): Value {
    return this.#fn === null ? this.#seen : this.#fn.final(this.#state, this.#run.context.eval);
  }
}

export class LongPartition {
  readonly #node: WindowNode;
  readonly #run: ExecRun;
  readonly #compiler: Compiler;
  readonly #order: readonly Evaluator[];
  readonly #peers: RowOrder;
  readonly #calls: readonly CallState[];
  readonly #rows: SpilledRows;
  readonly #groups: SpilledRows;
  readonly #groupOids: readonly number[];
  /** Groups that are not written yet: sizes, and a list for each call of peers. */
  #sizes: number[] = [];
  #results: Value[][];
  #size = 0;
  /** Order keys of the row before. */
  #last: { readonly keys: readonly Vector[]; readonly row: number } | null = null;
  #count = 0;
  #output: Output | null = null;

  constructor(node: WindowNode, orders: readonly OrderOf[], run: ExecRun) {
    this.#node = node;
    this.#run = run;
    this.#compiler = new Compiler(layoutOf(node.source.outputs), run);
    this.#order = this.#compiler.compileAll(node.window.order.map((key) => key.expression));
    this.#peers = new RowOrder(orders);
    this.#calls = node.calls.map((call) => {
      const extent = extentOf(call, node.window.frame);
      assert(extent !== null, 'a call that can be computed over a long partition');
      return new CallState(call, extent, this.#compiler, run);
    });
    this.#rows = new SpilledRows(run, oidsOf(node.source.outputs));
    const peers = this.#calls.flatMap(({ extent }, c) => (extent === 'peers' ? [oidOf(node, c)] : []));
    this.#groupOids = [FLOAT8, ...peers];
    this.#groups = new SpilledRows(run, this.#groupOids);
    this.#results = peers.map(() => []);
  }

  get writtenBytes(): number {
    return this.#rows.writtenBytes + this.#groups.writtenBytes;
  }

  /** Adds rows, in the window's order. */
  *add(batch: Batch): Task<void> {
    if (batch.count === 0) return;
    const rows = wholeBatch(
      batch.columns.map((column) => compact(column, batch)),
      batch.count,
    );
    this.#rows.add(rows);
    yield* this.#rows.settle();
    yield* this.#compiler.prepare(rows);
    const keys = this.#order.map((key) => key.eval(rows));
    for (const call of this.#calls) call.evaluate(rows);
    const stepped = this.#calls.filter(({ extent }) => extent === 'peers' || extent === 'all');
    for (let row = 0; row < rows.count; row++) {
      if (this.#last !== null && this.#peers.compare(this.#last.keys, this.#last.row, keys, row) !== 0)
        this.#endGroup();
      if (this.#count++ === 0) for (const call of this.#calls) call.noteFirst(row);
      this.#size++;
      for (const call of stepped) call.step(row);
      this.#last = { keys, row };
      if (row % STEPS === STEPS - 1 && this.#run.due()) yield* this.#run.pause();
    }
    if (this.#sizes.length >= GROUPS) yield* this.#writeGroups();
  }

  #endGroup(): void {
    this.#sizes.push(this.#size);
    this.#size = 0;
    let at = 0;
    for (const call of this.#calls) if (call.extent === 'peers') (this.#results[at++] as Value[]).push(call.value());
  }

  *#writeGroups(): Task<void> {
    const columns = [this.#sizes, ...this.#results].map((values, c) =>
      vectorFromValues(values, this.#groupOids[c] as number),
    );
    this.#groups.add(wholeBatch(columns, this.#sizes.length));
    this.#sizes = [];
    this.#results = this.#results.map(() => []);
    yield* this.#groups.settle();
  }

  /** The next rows with their results; the first time all rows have been added. Null at the end. */
  *next(): Task<Batch | null> {
    if (this.#output === null) {
      this.#endGroup();
      yield* this.#writeGroups();
      this.#output = new Output(this.#node, this.#calls, this.#run, {
        compiler: this.#compiler,
        rows: this.#rows,
        groups: this.#groups,
        count: this.#count,
      });
    }
    return yield* this.#output.next();
  }

  close(): void {
    this.#rows.clear();
    this.#groups.clear();
  }
}

interface Written {
  readonly compiler: Compiler;
  readonly rows: SpilledRows;
  readonly groups: SpilledRows;
  /** Rows of the partition. */
  readonly count: number;
}

/** The second pass. */
class Output {
  readonly #node: WindowNode;
  readonly #run: ExecRun;
  readonly #calls: readonly CallState[];
  readonly #written: Written;
  readonly #reader: Operator;
  readonly #groups: Operator;
  /** What is the same for all rows, by call. */
  readonly #constants: readonly Value[];
  readonly #distant: readonly (DistantRows | null)[];
  readonly #ntiles: readonly (((position: number) => Value) | null)[];
  #position = 0;
  #batch: Batch | null = null;
  #row = -1;
  /** The group at hand: its number, first position and the one behind. */
  #group = -1;
  #start = 0;
  #end = 0;

  constructor(node: WindowNode, calls: readonly CallState[], run: ExecRun, written: Written) {
    this.#node = node;
    this.#run = run;
    this.#calls = calls;
    this.#written = written;
    this.#reader = written.rows.reader();
    this.#groups = written.groups.reader();
    this.#constants = calls.map((call) => (call.extent === 'all' ? call.value() : null));
    this.#distant = calls.map((call) => (call.extent === 'distance' ? new DistantRows(call, written) : null));
    this.#ntiles = calls.map(({ call, first }) => (call.fn.name === 'ntile' ? ntile(written.count, first) : null));
    for (const call of calls) if (call.extent === 'row') call.begin();
    this.#reader.open();
    this.#groups.open();
  }

  *next(): Task<Batch | null> {
    const batch = yield* this.#reader.next();
    if (batch === null) return null;
    yield* this.#written.compiler.prepare(batch);
    for (const call of this.#calls) call.evaluate(batch);
    const out = this.#calls.map((_, c) => new WindowValues(oidOf(this.#node, c), batch.length));
    for (const [c, distant] of this.#distant.entries())
      if (distant !== null) yield* distant.give(this.#position, batch, out[c] as WindowValues);
    for (let row = 0; row < batch.length; row++, this.#position++) {
      if (this.#position === this.#end) yield* this.#nextGroup();
      let peers = 1;
      for (let c = 0; c < this.#calls.length; c++) {
        const call = this.#calls[c] as CallState;
        if (call.extent === 'distance') continue;
        (out[c] as WindowValues).set(row, this.#valueOf(call, c, row, peers));
        if (call.extent === 'peers') peers++;
      }
      if (row % STEPS === STEPS - 1 && this.#run.due()) yield* this.#run.pause();
    }
    const columns: Vector[] = [];
    for (const values of out) columns.push(yield* values.finish(this.#run));
    return wholeBatch([...batch.columns, ...columns], batch.length);
  }

  *#nextGroup(): Task<void> {
    if (this.#batch === null || ++this.#row >= this.#batch.length) {
      this.#batch = yield* this.#groups.next();
      this.#row = 0;
    }
    assert(this.#batch !== null, 'a group for each row');
    this.#group++;
    this.#start = this.#end;
    this.#end += valueAt(this.#batch.columns[0] as Vector, this.#row) as number;
  }

  /** `peers`: the column of the groups that has the values of a call of peers. */
  #valueOf(call: CallState, index: number, row: number, peers: number): Value {
    switch (call.extent) {
      case 'all':
        return this.#constants[index] ?? null;
      case 'peers':
        return valueAt(this.#batch?.columns[peers] as Vector, this.#row);
      case 'row':
        call.step(row);
        return call.value();
      default:
        return this.#placeOf(call.call.fn.name, index);
    }
  }

  #placeOf(name: string, index: number): Value {
    const { count } = this.#written;
    switch (name) {
      case 'row_number':
        return this.#position + 1;
      case 'rank':
        return this.#start + 1;
      case 'dense_rank':
        return this.#group + 1;
      case 'percent_rank':
        return count === 1 ? 0 : this.#start / (count - 1);
      case 'cume_dist':
        return this.#end / count;
      default:
        return this.#ntiles[index]?.(this.#position) ?? null;
    }
  }
}

/** lag and lead: the rows at a distance, by a reader of their own. */
class DistantRows {
  readonly #call: CallState;
  readonly #written: Written;
  readonly #reader: Operator;
  /** Null for a null. */
  readonly #distance: number | null;
  /** The batch at hand and the position at which it begins. */
  #values: Vector | null = null;
  #from = 0;
  #end = 0;

  constructor(call: CallState, written: Written) {
    this.#call = call;
    this.#written = written;
    this.#reader = written.rows.reader();
    this.#reader.open();
    const { fn, args } = call.call;
    const given = args[1]?.kind === 'const' ? args[1].value : 1;
    this.#distance = given === null ? null : (fn.name === 'lag' ? -1 : 1) * Number(given);
  }

  /** The values for the rows of a batch that begins at a position. */
  *give(position: number, batch: Batch, out: WindowValues): Task<void> {
    const defaults = this.#call.vectors[2];
    for (let row = 0; row < batch.length; row++) {
      if (this.#distance === null) {
        out.set(row, null);
        continue;
      }
      const target = position + row + this.#distance;
      if (target < 0 || target >= this.#written.count) {
        out.set(row, defaults === undefined ? null : valueAt(defaults, row));
        continue;
      }
      while (target >= this.#end) yield* this.#read();
      out.set(row, valueAt(this.#values as Vector, target - this.#from));
    }
  }

  *#read(): Task<void> {
    const batch = yield* this.#reader.next();
    assert(batch !== null, 'a row at a position of the partition');
    yield* this.#written.compiler.prepare(batch);
    this.#values = (this.#call.args[0] as Evaluator).eval(batch);
    this.#from = this.#end;
    this.#end += batch.length;
  }
}

function oidOf(node: WindowNode, call: number): number {
  return node.outputs[node.source.outputs.length + call]?.type.oid ?? 0;
}
