/**
 * QuickRead: a prepared SELECT by key or by index, asked in the caller's own turn for its first row.
 *
 * Where the engine lives in the caller's thread and the row lies in memory there is nothing to wait for: no promise, no
 * queue, no transaction, no result. Whatever is special (a transaction that reads the past, locks on tables, a parameter
 * to be converted, a leaf on disk) is left to `execute`, which also makes the plan.
 *
 * A read is not shown in `drift.activity` as a statement that runs, for nobody could look meanwhile; it is its session's
 * last one afterwards.
 */
import type { Value, Vector } from '../base/vector.ts';
import { isUserType } from '../catalog/user-types.ts';
import type { BoundExpression } from '../plan/expression.ts';
import type { Plan, PointAccess } from '../plan/plan.ts';
import { MISS } from '../table/table.ts';
import type { TableReader } from '../txn/api.ts';
import { SnapshotTableReader } from '../txn/table-reader.ts';
import { fieldsOf } from './answer.ts';
import type { ResultSet } from './api.ts';
import type { Cached } from './bindable.ts';
import { isOf } from './parameters.ts';
import type { Session } from './session.ts';
import { timeoutMs } from './settings.ts';
import { isCurrent } from './statement.ts';

/** A row where it lies: the cell of `fields[c]` is that of `columns[ordinals[c]]`. Good until the next yield. */
export interface LyingRow {
  readonly fields: ResultSet['fields'];
  readonly ordinals: readonly number[];
  readonly columns: readonly Vector[];
  readonly row: number;
}

const TIME_OID = 1083;

export class QuickRead {
  readonly #session: Session;
  readonly #sql: string;
  readonly #found: { -readonly [K in keyof LyingRow]: LyingRow[K] } = { fields: [], ordinals: [], columns: [], row: 0 };
  /** The plan for which `#isPlain` says that its columns come as they lie. */
  #plan: Plan | null = null;
  #isPlain = false;

  constructor(session: Session, sql: string) {
    this.#session = session;
    this.#sql = sql;
  }

  /** The first row, null where there is none, undefined where it must be asked for by `execute`. */
  first(parameters: readonly unknown[]): LyingRow | null | undefined {
    const session = this.#session;
    if (!session.isIdle) return undefined;
    const cached = session.statements.get(this.#sql);
    const plan = cached?.plan;
    if (cached === undefined || plan === null || plan === undefined) return undefined;
    const { point } = plan;
    if (point === null || point.filter !== null || point.scan.time.kind !== 'now') return undefined;
    const reader = this.#readerFor(cached, plan, point);
    const values = reader === null ? null : valuesOf(point.values, plan.parameterTypes, parameters);
    if (reader === null || values === null) return undefined;
    session.activity.query = this.#sql;
    return this.#look(reader, point, values);
  }

  /** Null where `execute` must read. */
  #readerFor(cached: Cached, plan: Plan, point: PointAccess): TableReader | null {
    const { open, settings, core } = this.#session;
    const { manager } = core;
    if (manager.locks.strong > 0 || core.running >= (core.options.maxConcurrentQueries ?? Infinity)) return null;
    if (cached.path !== settings.path || settings.asOf !== null || !isCurrent(plan, settings)) return null;
    if (!this.#comesAsItLies(plan)) return null;
    const { id } = point.scan.table;
    if (open === null) {
      if (manager.catalog.version !== cached.version) return null;
      return new SnapshotTableReader(manager.store.table(id), manager.published, null);
    }
    const { transaction } = open;
    // A timer of the transaction would have to be wound up again.
    if (timeoutMs(settings.get('idle_in_transaction_session_timeout')) > 0) return null;
    if (open.failed || open.asOf !== null || transaction.isolation === 'serializable') return null;
    manager.refresh(transaction);
    if (transaction.catalog.version !== cached.version) return null;
    return manager.reader(transaction, null).table(id);
  }

  /** Whether all columns' types need no printing by the engine. */
  #comesAsItLies(plan: Plan): boolean {
    if (this.#plan !== plan) {
      this.#plan = plan;
      const fields = fieldsOf(plan);
      this.#isPlain = fields.every(({ dataTypeID }) => dataTypeID !== TIME_OID && !isUserType(dataTypeID));
      this.#found.fields = fields;
      this.#found.ordinals = plan.point?.ordinals ?? [];
    }
    return this.#isPlain;
  }

  #look(reader: TableReader, { indexId }: PointAccess, values: readonly Value[]): LyingRow | null | undefined {
    if (values.includes(null)) return null;
    const found = this.#found;
    found.row = -1;
    if (indexId === null) {
      const row = reader.find(reader.table.encodeKey(values));
      if (row === MISS) return undefined;
      if (row !== null) this.#note(row.columns, row.row);
    } else if (!reader.findByIndex(indexId, values, this.#note)) return undefined;
    if (found.row < 0) return null;
    for (const ordinal of found.ordinals) if (found.columns[ordinal]?.kind === 'boxed') return undefined;
    return found;
  }

  readonly #note = (columns: readonly Vector[], row: number): void => {
    if (this.#found.row >= 0) return;
    this.#found.columns = columns;
    this.#found.row = row;
  };
}

/** Values of constants and parameters; null where a parameter has to be converted, or their number is wrong. */
function valuesOf(
  expressions: readonly BoundExpression[],
  types: readonly number[],
  parameters: readonly unknown[],
): readonly Value[] | null {
  if (parameters.length !== types.length) return null;
  const values: Value[] = [];
  for (const expression of expressions) {
    if (expression.kind === 'const') {
      values.push(expression.value);
      continue;
    }
    if (expression.kind !== 'parameter') return null;
    const value = parameters[expression.index] ?? null;
    if (!isOf(value, types[expression.index] as number)) return null;
    values.push(value);
  }
  return values;
}
