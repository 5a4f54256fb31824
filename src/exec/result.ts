/** Runs an operator to its end and hands its rows out as whole columns. */
import type { Task } from '../base/task.ts';
import type { Batch } from '../base/vector.ts';
import type { PlanColumn } from '../plan/plan.ts';
import { Collector, oidsOf } from './collector.ts';
import { ExecRun, type Operator } from './run.ts';
import { tooManyRows } from './spill/limits.ts';
import { compactBatch } from './vectors.ts';

/**
 * Opens, drains and closes `root`; the columns have as many values as there are rows, and no selection.
 *
 * A single batch is handed on as it is, without a copy. Throws 53200 when the rows exceed the memory budget.
 */
export function* runToResult(root: Operator, columns: readonly PlanColumn[], run: ExecRun): Task<Batch> {
  const collector = new Collector(oidsOf(columns), run.memory);
  const { maxResultRows = Infinity } = run.context;
  try {
    root.open();
    const first = yield* root.next();
    if (first === null) return collector.batch();
    const second = yield* root.next();
    if (first.count > maxResultRows) throw tooManyRows(maxResultRows);
    if (second === null) return compactBatch(first);
    collector.add(first);
    collector.add(second);
    if (collector.length > maxResultRows) throw tooManyRows(maxResultRows);
    for (;;) {
      const batch = yield* root.next();
      if (batch === null) return yield* collector.whole(run);
      collector.add(batch);
      if (collector.length > maxResultRows) throw tooManyRows(maxResultRows);
      if (run.due()) yield* run.pause();
    }
  } finally {
    root.close();
  }
}
