/**
 * What one execution of a plan shares: its context from outside, and the state that its operators keep in common.
 *
 * Operators are pulled: `open` starts (or restarts) one, `next` gives a batch or null at the end, `close` lets go of
 * what it holds. All state of an operator begins anew with `open`, because the inside of a correlated subquery or of
 * an `apply` join runs once for each outer row: the outer row's values lie in cells (one a column id), which compiled
 * expressions read as constants.
 *
 * Invariants: between two `open` calls of an operator the cells it reads don't change; batches are
 * immutable; `close` may be called at any time and more than once.
 */
import type { ColumnTexts } from './numbered-texts.ts';
import type { Cancellation } from '../base/cancel.ts';
import { PAUSE, type Task } from '../base/task.ts';
import type { Batch, Value, Vector } from '../base/vector.ts';
import type { ColumnId } from '../plan/expression.ts';
import type { NodeCounters } from '../plan/counters.ts';
import type { ModifyNode, PlanNode, ScanNode } from '../plan/plan.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { EngineCall, RoutineCall } from '../sql/functions/function.ts';
import type { HelperOwner } from './helpers/pool.ts';
import type { SidewaysScan } from './sideways.ts';
import type { StatementReader, TableReader } from '../txn/api.ts';
import type { Pacer } from './pacer.ts';
import type { RowGuard } from '../txn/lock/guard.ts';
import { outOfMemory } from './spill/limits.ts';
import type { TempSpace } from './spill/temp-space.ts';

export interface Operator {
  open(): void;
  next(): Task<Batch | null>;
  close(): void;
  /**
   * The scan that gives a column of the output, if a row of it that is left out changes nothing but that the rows made of
   * it are not there (sideways.ts).
   */
  sideways?(id: ColumnId): SidewaysScan | null;
}

/** A system table's rows: one vector a column, without a selection. */
export interface SystemRows {
  readonly columns: readonly Vector[];
  readonly length: number;
}

/** What the session hands to an execution. */
export interface ExecContext {
  readonly reader: StatementReader;
  readonly eval: EvalContext;
  readonly parameters: readonly Value[];
  /** Bytes that sorts, joins, groupings and results of this statement may hold together; beyond: 53200. */
  readonly memoryBudgetBytes: number;
  /** Rows the result may have; beyond: 54000. */
  readonly maxResultRows?: number | undefined;
  /** Room on the medium for what does not fit into the memory. */
  temporary(): TempSpace;
  /** Milliseconds on a monotone clock (Host.monotonicMs). */
  monotonicMs(): number;
  /** Locks rows for SELECT … FOR `strength`; null where the past is read. Throws 25006. */
  guard(strength: string): RowGuard | null;
  /** Present for EXPLAIN ANALYZE: filled while the plan runs. */
  readonly counters?: Map<PlanNode, NodeCounters> | undefined;
  /** Who has workers that help with scans; absent for none. */
  readonly helped?: HelperOwner;
  /** Rows of a virtual table at a moment (null: now). */
  systemRows(name: string, seq: number | null): Task<SystemRows>;
  /** Resolves after at least so many milliseconds. */
  sleep(ms: number): Promise<void>;
  /** Calls a function that a user has defined. */
  callRoutine(call: RoutineCall | EngineCall, args: readonly Value[]): Task<Value>;
  /** All rows of one that returns a set. */
  callRoutineSet(call: RoutineCall, args: readonly Value[]): Task<SystemRows>;
  /** Makes the operator of INSERT, UPDATE or DELETE over its source (exec/modify.ts). */
  modify(node: ModifyNode, source: Operator, run: ExecRun): Operator;
}

/** An outer row's value of one column, as inner operators see it. */
export interface Cell {
  value: Value;
}

/** Where a column lies in the batches an expression is compiled for. */
export type Layout = ReadonlyMap<ColumnId, number>;

/** Rows in the temporary file, which any number of readers go over. */
export interface StoredRows {
  reader(): Operator;
}

/** A materialised result that several operators read: a CTE, or a round of a recursive union. */
export interface SharedRows {
  /** Runs what computes the rows, the first time; an operator over them where they went to the temporary file. */
  rows(): Task<Batch | Operator>;
}

/**
 * How long an execution goes on before it offers a pause, ms. Less than the turn that the scheduler gives a task: which pause
 * ends a turn is the scheduler's matter, and two clocks of one length, begun apart, would make turns of twice the length.
 */
const SLICE_MS = 1;

export class ExecRun implements Pacer {
  readonly context: ExecContext;
  readonly memory: MemoryBudget;
  readonly cancellation: Cancellation;
  // Made when they are asked for: a statement by key needs none of them.
  #ctes: Map<number, SharedRows> | null = null;
  #works: Map<number, Batch | StoredRows> | null = null;
  #cells: Map<ColumnId, Cell> | null = null;
  /** Where operators put what does not fit into the memory (spill/temp-space.ts). */
  space: TempSpace | null = null;
  /** What a scan reads instead of its table, while rows are judged again (modify/lock-rows.ts). */
  instead: ((node: ScanNode) => TableReader | null) | null = null;
  /** Makes the operators of a plan (exec/build.ts), for subqueries inside expressions. */
  readonly build: (plan: PlanNode) => Operator;
  /** The form in which scans give leaves' columns, where an operator that looks at many rows asks for one. */
  form: ((column: Vector, from: number, to: number, texts?: ColumnTexts) => Vector) | undefined;
  #sliceStart: number;

  constructor(context: ExecContext, build: (plan: PlanNode, run: ExecRun) => Operator) {
    this.context = context;
    this.build = (plan) => build(plan, this);
    this.memory = new MemoryBudget(context.memoryBudgetBytes);
    this.cancellation = context.eval.cancellation;
    this.#sliceStart = context.monotonicMs();
  }

  get ctes(): Map<number, SharedRows> {
    return (this.#ctes ??= new Map());
  }

  get works(): Map<number, Batch | StoredRows> {
    return (this.#works ??= new Map());
  }

  cell(id: ColumnId): Cell {
    const cells = (this.#cells ??= new Map());
    let cell = cells.get(id);
    if (cell === undefined) {
      cell = { value: null };
      cells.set(id, cell);
    }
    return cell;
  }

  /** The table of a scan at the scan's moment. */
  readerOf(node: ScanNode): TableReader {
    const { time, table } = node;
    const moment = time.kind === 'asOf' ? time.seq : time.kind === 'now' ? undefined : time.line;
    return this.instead?.(node) ?? this.context.reader.table(table.id, moment);
  }

  /** Ends the statement if it was cancelled; says whether its time slice is used up, so that it is time for PAUSE. */
  due(): boolean {
    this.cancellation.check();
    return this.context.monotonicMs() - this.#sliceStart > SLICE_MS;
  }

  /** Lets other sessions run. */
  *pause(): Task<void> {
    yield PAUSE;
    this.#sliceStart = this.context.monotonicMs();
    this.cancellation.check();
  }
}

/** An operator that spills may hold such a share of the limit, whatever the others hold. */
const LEAST_SHARE = 1 / 64;

/**
 * Counts the bytes a statement holds; approximately, and never below what typed arrays take.
 *
 * What can spill does so when half of the limit is in use (`isScarce`), so that the other half is left for what cannot:
 * the result, the states of aggregates, a build side whose keys are all equal.
 */
export class MemoryBudget {
  readonly limitBytes: number;
  #usedBytes = 0;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Whether an operator that holds `own` bytes and could spill should do so rather than take `more`. */
  isScarce(own: number, more: number): boolean {
    return this.#usedBytes + more > this.limitBytes / 2 && own + more > this.limitBytes * LEAST_SHARE;
  }

  take(bytes: number): void {
    this.#usedBytes += bytes;
    if (this.#usedBytes > this.limitBytes) {
      this.#usedBytes -= bytes;
      throw outOfMemory(this.limitBytes);
    }
  }

  /** Counts what an operator holds that spills in time: a batch of rows comes at once. */
  hold(bytes: number): void {
    this.#usedBytes += bytes;
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes;
  }
}

export function layoutOf(columns: readonly { readonly id: ColumnId }[]): Map<ColumnId, number> {
  const layout = new Map<ColumnId, number>();
  for (let i = 0; i < columns.length; i++) layout.set((columns[i] as { id: ColumnId }).id, i);
  return layout;
}
