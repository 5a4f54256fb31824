/**
 * Constraints once more at commit, when others have committed since the snapshot: two transactions that do not touch
 * the same row can still break a unique or foreign key together (one deletes a parent, the other adds a child).
 */
import { assert } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import { valueAt, type Value, type Vector } from '../base/vector.ts';
import { checkParents, refuseOrphans, referencesTo } from '../exec/modify/constraints.ts';
import type { ModifyTarget } from '../exec/modify/target.ts';
import { checkUnique, waitForEarlier } from '../exec/modify/unique.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { MISS, OP_DELETE, OP_UPDATE } from '../table/table.ts';
import type { StatementReader } from '../txn/api.ts';
import type { Transaction } from '../txn/transaction.ts';
import type { Core } from './core.ts';
import { guardOf } from './statement-target.ts';

interface Recheck {
  /** Constraints that go on waiting for the commit. Default: none. */
  readonly defers?: ModifyTarget['defers'];
  /** The first look at what was deferred: waits for others as a statement does. Default: it does not. */
  readonly waits?: boolean;
}

export function* recheckConstraints(
  core: Core,
  transaction: Transaction,
  reader: StatementReader,
  context: EvalContext,
  { defers = (): boolean => false, waits = false }: Recheck = {},
): Task<void> {
  const target: ModifyTarget = {
    catalog: transaction.catalog,
    reader,
    guard: waits ? guardOf(core, transaction) : null,
    eval: context,
    table: (id) => core.store.table(id),
    writes: (id) => transaction.writesFor(id, core.store.table(id).columns),
    allocateRowIds: () => 0,
    defaultOf: () => null,
    *completeRows() {},
    checks: [],
    triggers: () => assert(false, 'checking again changes nothing') as never,
    before: null,
    defers,
    affected: new Map(),
  };
  for (const [tableId, writes] of transaction.written()) {
    const table = transaction.catalog.byId(tableId);
    if (table?.kind !== 'table') continue;
    yield* checkParents(target, table, 0);
    for (const reference of referencesTo(target, tableId)) {
      if (defers(reference.key)) continue;
      const gone: Value[][] = [];
      for (let entry = 0; entry < writes.count; entry++) {
        if (writes.opAt(entry) !== OP_DELETE && writes.opAt(entry) !== OP_UPDATE) continue;
        const versioned = core.store.table(tableId);
        let old = versioned.find(writes.keyAt(entry), transaction.snapshot);
        while (old === MISS) {
          yield* versioned.load(writes.keyAt(entry), transaction.snapshot);
          old = versioned.find(writes.keyAt(entry), transaction.snapshot);
        }
        if (old === null) continue;
        const { columns, row } = old;
        gone.push(reference.key.foreignColumns.map((ordinal) => valueAt(columns[ordinal] as Vector, row)));
      }
      if (gone.length > 0) yield* refuseOrphans(target, table, reference, gone);
    }
    // After the foreign keys, as PostgreSQL's triggers are named.
    if (waits) yield* waitForEarlier(target, table);
    yield* checkUnique(target, table, 0);
  }
}
