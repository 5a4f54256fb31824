/** What EXPLAIN ANALYZE is told of the memory and the temporary files of an operator. */
import type { PlanNode } from '../../plan/plan.ts';
import type { ExecRun } from '../run.ts';

export interface SpillNote {
  readonly memoryBytes?: number | undefined;
  /** More bytes that were written. */
  readonly spilledBytes?: number | undefined;
  /** Parts in which the work was done. */
  readonly batches?: number | undefined;
}

export function noteSpill(
  { context }: ExecRun,
  node: PlanNode,
  { memoryBytes, spilledBytes, batches }: SpillNote,
): void {
  const counters = context.counters?.get(node);
  if (counters === undefined) return;
  if (memoryBytes !== undefined) counters.memoryBytes = Math.max(counters.memoryBytes ?? 0, memoryBytes);
  if (spilledBytes !== undefined) counters.spilledBytes = (counters.spilledBytes ?? 0) + spilledBytes;
  if (batches !== undefined) counters.batches = (counters.batches ?? 0) + batches;
}
