/** Where a statement's changes go: the write sets and row locks of its transaction. */
import type { Task } from '../base/task.ts';
import type { Value } from '../base/vector.ts';
import type { Catalog, TableDef } from '../catalog/schema.ts';
import { completeRows } from '../exec/modify/complete-rows.ts';
import type { ModifyTarget } from '../exec/modify/target.ts';
import type { TriggerRunner } from '../exec/modify/trigger-runner.ts';
import type { ExecRun } from '../exec/run.ts';
import type { BindContext } from '../plan/bind.ts';
import type { ModifyNode } from '../plan/plan.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { VersionedTable } from '../table/table.ts';
import type { StatementReader } from '../txn/api.ts';
import { RowGuard } from '../txn/lock/guard.ts';
import type { TableWrites } from '../txn/table-writes.ts';
import type { Transaction } from '../txn/transaction.ts';
import type { Core } from './core.ts';

/** What it needs of the statement's scene. */
interface TargetScene {
  readonly core: Core;
  readonly transaction: Transaction;
  readonly eval: EvalContext;
}

/** What statements do for it. */
export interface TargetTools<Scene> {
  bind(scene: Scene): BindContext;
  run(scene: Scene, target: ModifyTarget): ExecRun;
  /** Throws 25006 where nothing may be changed. */
  refuseWrites(scene: Scene): void;
  defaultOf(scene: Scene, table: TableDef, ordinal: number): Value;
}

type Triggered<Scene> = TargetScene & { readonly routines: { triggers(scene: Scene): TriggerRunner } };

/** Row locks as a transaction takes them. */
export function guardOf({ manager, store, host }: Core, transaction: Transaction): RowGuard {
  return new RowGuard({
    space: manager.locks,
    host,
    transaction,
    table: (id) => store.table(id),
    published: () => manager.published,
    blind: manager.ignoresConflicts,
  });
}

export class StatementTarget<Scene extends Triggered<Scene>> implements ModifyTarget {
  readonly catalog: Catalog;
  readonly eval: EvalContext;
  readonly checks: (() => Task<void>)[] = [];
  readonly before: ReadonlyMap<number, number> | null;
  readonly affected: Map<ModifyNode, number>;
  readonly #scene: Scene;
  readonly #tools: TargetTools<Scene>;
  #reader: StatementReader | undefined;
  #guard: RowGuard | undefined;

  /** `several`: the statement has data changes in WITH, whose parts must not see each other. */
  constructor(scene: Scene, tools: TargetTools<Scene>, affected: Map<ModifyNode, number>, several: boolean) {
    const { transaction } = scene;
    this.catalog = transaction.catalog;
    this.eval = scene.eval;
    this.before = several ? new Map(transaction.written().map(([id, writes]) => [id, writes.count])) : null;
    this.affected = affected;
    this.#scene = scene;
    this.#tools = tools;
  }

  get reader(): StatementReader {
    return (this.#reader ??= this.#scene.core.manager.newestReader(this.#scene.transaction));
  }

  /** The row locks of the statement's transaction. */
  get guard(): RowGuard {
    return (this.#guard ??= guardOf(this.#scene.core, this.#scene.transaction));
  }

  table(id: number): VersionedTable {
    return this.#scene.core.store.table(id);
  }

  writes(id: number): TableWrites {
    const def = this.catalog.byId(id);
    if (def?.kind !== 'table' || !def.schema.startsWith('pg_temp')) this.#tools.refuseWrites(this.#scene);
    return this.#scene.transaction.writesFor(id, this.table(id).columns);
  }

  allocateRowIds(id: number, count: number): number {
    const { rowIds } = this.#scene.core;
    const def = this.catalog.byId(id);
    // Tables that merges have made of one another give out numbers of one count.
    const counted = def?.kind === 'table' && def.sharesRowIds === true ? (def.mergedFrom ?? id) : id;
    const first = Math.max(this.table(id).nextRowId, rowIds.get(counted) ?? 1);
    rowIds.set(counted, first + count);
    return first;
  }

  defaultOf(table: TableDef, ordinal: number): Value {
    return this.#tools.defaultOf(this.#scene, table, ordinal);
  }

  completeRows(table: TableDef, rows: readonly Value[][]): Task<void> {
    const run = this.#tools.run(this.#scene, this);
    return completeRows(this, table, rows, { bind: this.#tools.bind(this.#scene), run });
  }

  defers(constraint: Parameters<ModifyTarget['defers']>[0]): boolean {
    const { transaction } = this.#scene;
    const later = transaction.defers(constraint);
    transaction.deferred ||= later;
    return later;
  }

  triggers(): TriggerRunner {
    return this.#scene.routines.triggers(this.#scene);
  }
}
