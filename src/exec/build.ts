/**
 * From plan nodes to operators.
 *
 * `buildPlan` makes the tree; nothing runs before the root is opened and asked for its first batch. Under EXPLAIN
 * ANALYZE each operator is wrapped in one that counts rows, loops and time by plan node.
 */
import type { Task } from '../base/task.ts';
import type { Batch } from '../base/vector.ts';
import type { ColumnId } from '../plan/expression.ts';
import type { NodeCounters } from '../plan/counters.ts';
import type { PlanNode } from '../plan/plan.ts';
import { AggregateOperator } from './operators/aggregate.ts';
import { DistinctOnOperator, DistinctOperator, SetOperationOperator } from './operators/distinct.ts';
import { FunctionScanOperator, ProjectSetOperator, SystemScanOperator } from './operators/function-scan.ts';
import { GatherOperator } from './operators/gather.ts';
import { JoinOperator } from './operators/join.ts';
import { LockRowsOperator } from './operators/lock-rows.ts';
import { ScanOperator } from './operators/scan.ts';
import { CteScanOperator, RecursiveUnionOperator, WithOperator, WorkScanOperator } from './operators/shared.ts';
import { FilterOperator, LimitOperator, OneRowOperator, ProjectOperator, ValuesOperator } from './operators/simple.ts';
import { SortOperator } from './operators/sort.ts';
import { WindowOperator } from './operators/window.ts';
import { type ExecContext, ExecRun, type Operator } from './run.ts';
import type { SidewaysScan } from './sideways.ts';

/** Makes the operators of a statement's plan. */
export function buildPlan(plan: PlanNode, context: ExecContext): Operator {
  return new ExecRun(context, build).build(plan);
}

/** An execution's shared state, for callers that compile expressions of their own (INSERT's values, checks …). */
export function startRun(context: ExecContext): ExecRun {
  return new ExecRun(context, build);
}

function build(node: PlanNode, run: ExecRun): Operator {
  const operator = makeOperator(node, run);
  const { counters } = run.context;
  if (counters === undefined) return operator;
  let own = counters.get(node);
  if (own === undefined) {
    own = {
      rows: 0,
      loops: 0,
      startupMs: 0,
      timeMs: 0,
      scanned: 0,
      leaves: 0,
      segments: 0,
      groupsRead: 0,
      groupsSkipped: 0,
    };
    counters.set(node, own);
  }
  return new CountingOperator(operator, own, () => run.context.monotonicMs());
}

function makeOperator(node: PlanNode, run: ExecRun): Operator {
  switch (node.kind) {
    case 'scan':
      return new ScanOperator(node, run);
    case 'systemScan':
      return new SystemScanOperator(node, run);
    case 'functionScan':
      return new FunctionScanOperator(node, run);
    case 'values':
      return new ValuesOperator(node, run);
    case 'oneRow':
      return new OneRowOperator(false);
    case 'empty':
      return new OneRowOperator(true);
    case 'project':
      return new ProjectOperator(node, build(node.source, run), run);
    case 'projectSet':
      return new ProjectSetOperator(node, build(node.source, run), run);
    case 'filter':
      return new FilterOperator(node, build(node.source, run), run);
    case 'join':
      return new JoinOperator(node, build(node.left, run), build(node.right, run), run);
    case 'aggregate':
      return new AggregateOperator(node, build(node.source, run), run);
    case 'gather':
      return new GatherOperator(node, run);
    case 'window':
      return new WindowOperator(node, build(node.source, run), run);
    case 'sort':
      return new SortOperator(node, build(node.source, run), run);
    case 'limit':
      return new LimitOperator(node, build(node.source, run), run);
    case 'lockRows':
      return new LockRowsOperator(node, build(node.source, run), run);
    case 'distinct':
      return new DistinctOperator(node, build(node.source, run), run);
    case 'distinctOn':
      return new DistinctOnOperator(node, build(node.source, run), run);
    case 'setOperation':
      return new SetOperationOperator(node, build(node.left, run), build(node.right, run), run);
    case 'with':
      return new WithOperator(node, build(node.definition, run), build(node.body, run), run);
    case 'cteScan':
      return new CteScanOperator(node, run);
    case 'recursiveUnion':
      return new RecursiveUnionOperator(node, build(node.initial, run), build(node.step, run), run);
    case 'workScan':
      return new WorkScanOperator(node, run);
    case 'insert':
    case 'update':
    case 'delete':
    case 'merge':
      return run.context.modify(node, build(node.source, run), run);
  }
}

/** Counts what an operator does, its inputs included. */
class CountingOperator implements Operator {
  readonly #inner: Operator;
  readonly #counters: NodeCounters;
  readonly #now: () => number;
  #waiting = true;

  constructor(inner: Operator, counters: NodeCounters, now: () => number) {
    this.#inner = inner;
    this.#counters = counters;
    this.#now = now;
  }

  sideways(id: ColumnId): SidewaysScan | null {
    return this.#inner.sideways?.(id) ?? null;
  }

  open(): void {
    this.#counters.loops++;
    this.#waiting = true;
    this.#inner.open();
  }

  *next(): Task<Batch | null> {
    const start = this.#now();
    try {
      const batch = yield* this.#inner.next();
      if (batch !== null) this.#counters.rows += batch.count;
      return batch;
    } finally {
      const spent = this.#now() - start;
      this.#counters.timeMs += spent;
      if (this.#waiting) this.#counters.startupMs += spent;
      this.#waiting = false;
    }
  }

  close(): void {
    if (this.#inner instanceof ScanOperator) {
      const { counters } = this.#inner;
      this.#counters.leaves = counters.leaves;
      this.#counters.scanned = counters.rows;
      this.#counters.segments = counters.segments;
      this.#counters.groupsRead = counters.groupsRead;
      this.#counters.groupsSkipped = counters.groupsSkipped;
    }
    this.#inner.close();
  }
}
