/**
 * The short path of a prepared SELECT by the whole key or by an index's first columns: no operators, no batches, no waiting, and no
 * transaction of its own, for a statement that reads one state once needs none.
 */
import { type Cancellation, NEVER } from '../base/cancel.ts';
import type { Value } from '../base/vector.ts';
import type { Catalog } from '../catalog/schema.ts';
import { pointRead } from '../exec/point-read.ts';
import { emptyVector } from '../exec/vectors.ts';
import type { Plan } from '../plan/plan.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import type { StatementReader } from '../txn/api.ts';
import type { Transaction } from '../txn/transaction.ts';
import { fieldsOf } from './answer.ts';
import type { ExecuteOptions, Parameter, ResultSet } from './api.ts';
import type { Cached } from './bindable.ts';
import type { Core } from './core.ts';
import type { Open } from './open.ts';
import { coerceParameter, isOf } from './parameters.ts';
import type { Settings } from './settings.ts';
import { isCurrent } from './statement.ts';

/** What a session gives to it. */
interface Asker {
  readonly core: Core;
  readonly settings: Settings;
  readonly open: Open | null;
  evalFor(transaction: Transaction, catalog: Catalog, snapshot: number, cancellation: Cancellation): EvalContext;
}

/** Null where something is special; then the long path does it. */
export function readByKey(
  session: Asker,
  cached: Cached,
  plan: Plan,
  parameters: readonly Parameter[],
  options: ExecuteOptions,
): ResultSet | null {
  const { open, settings } = session;
  const { manager } = session.core;
  const { parameterTypes } = plan;
  if (open !== null) manager.refresh(open.transaction);
  const catalog = open === null ? manager.catalog : open.transaction.catalog;
  if (manager.locks.strong > 0 || open?.transaction.isolation === 'serializable') return null;
  if (
    plan.point === null ||
    !isCurrent(plan, settings) ||
    catalog.version !== cached.version ||
    parameters.length !== parameterTypes.length
  )
    return null;
  if (cached.path !== settings.path) return null;
  // A constant of the text that has to be converted: an error must be that of the text.
  if (cached.types !== undefined && !parameters.every((value, i) => isOf(value, parameterTypes[i] as number)))
    return null;
  if (options.asOf !== undefined || options.text === true || settings.asOf !== null) return null;
  if (open !== null && (open.failed || open.asOf !== null)) return null;
  const transaction = open?.transaction ?? manager.begin({ readOnly: true });
  const context = session.evalFor(transaction, catalog, transaction.snapshot, NEVER);
  const values = parameters.map((value, i) => coerceParameter(value, parameterTypes[i] as number, context, i));
  return readPoint(manager.reader(transaction, null), plan, values);
}

/** Null where the row is not in memory, or more than its key is asked for. */
function readPoint(reader: StatementReader, plan: Plan, parameters: readonly Value[]): ResultSet | null {
  const { point } = plan;
  if (point === null || point.filter !== null) return null;
  const { table, time } = point.scan;
  if (time.kind !== 'now' && time.kind !== 'asOf') return null;
  const rows = pointRead(reader.table(table.id, time.kind === 'now' ? undefined : time.seq), point, parameters);
  if (rows === null) return null;
  return {
    command: plan.command,
    fields: fieldsOf(plan),
    columns: rows.count === 0 ? plan.root.outputs.map(({ type }) => emptyVector(type.oid)) : rows.columns,
    rowCount: rows.count,
    affectedRows: null,
  };
}
