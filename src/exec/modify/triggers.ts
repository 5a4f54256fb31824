/**
 * Triggers of data changes: when they fire, and what they do to the rows of a statement.
 *
 *     BEFORE STATEMENT   before the source is read
 *     BEFORE ROW         after a row's values are computed, before its generated columns and constraints
 *     AFTER ROW          when the statement has made all of its changes, in the order of the rows
 *     AFTER STATEMENT    last; transition tables have all rows
 *
 * A table without triggers costs one look at its definition. How a trigger's function runs is not known here.
 */
import type { Task } from '../../base/task.ts';
import type { Vector } from '../../base/vector.ts';
import type { ColumnDef, TableDef, TriggerDef } from '../../catalog/schema.ts';
import { take, vectorFromValues } from '../vectors.ts';
import { byOrdinal, cells, type ModifyTarget } from './target.ts';
import type { Cells, Changed, Occasion, TriggerEvent } from './trigger-runner.ts';

const NONE: readonly TriggerDef[] = [];

/** Triggers of a table that an event fires, in the order of their names. */
export function firing(
  { triggers }: Pick<TableDef, 'triggers'>,
  time: TriggerDef['time'],
  event: TriggerEvent,
  row: boolean,
  assigned: readonly number[] = [],
): readonly TriggerDef[] {
  if (triggers === undefined) return NONE;
  return triggers.filter(
    (trigger) =>
      trigger.time === time &&
      trigger.row === row &&
      trigger.disabled !== true &&
      trigger.events.includes(event) &&
      (event !== 'update' || trigger.columns.length === 0 || trigger.columns.some((id) => assigned.includes(id))),
  );
}

export function* beforeStatement(target: ModifyTarget, occasion: Occasion): Task<void> {
  const { table, event, assigned } = occasion;
  for (const trigger of firing(table, 'before', event, false, assigned))
    yield* target.triggers().plain(trigger, occasion, { old: null, now: null, all: null });
}

/** One row through the triggers before its change; null where one of them leaves it out. */
export function* beforeRow(
  target: ModifyTarget,
  occasion: Occasion,
  old: Cells | null,
  now: Cells | null,
): Task<Cells | null> {
  const { table, event, assigned } = occasion;
  let row = now;
  for (const trigger of firing(table, 'before', event, true, assigned)) {
    const result = yield* target.triggers().row(trigger, occasion, old, row);
    if (result === null) return null;
    if (event !== 'delete') row = result;
  }
  return event === 'delete' ? old : row;
}

/** Rows that go on, and the values that triggers have given them. */
export interface Kept {
  /** Positions among the rows that came; null for all of them. */
  readonly positions: Int32Array | null;
  readonly count: number;
  /** New rows, parallel to table.columns; as they were where no trigger ran. */
  readonly columns: Vector[];
}

/** All rows of INSERT, UPDATE or DELETE through the triggers before their change. */
export function* beforeRows(
  target: ModifyTarget,
  occasion: Occasion,
  rows: { readonly old: readonly Vector[] | null; readonly now: readonly Vector[] | null; readonly count: number },
): Task<Kept> {
  const { table, event, assigned } = occasion;
  const { count } = rows;
  const columns = [...(rows.now ?? rows.old ?? [])];
  if (firing(table, 'before', event, true, assigned).length === 0) return { positions: null, count, columns };
  const old = rows.old === null ? null : byOrdinal(table, rows.old);
  const now = rows.now === null ? null : byOrdinal(table, rows.now);
  const positions: number[] = [];
  const kept: Cells[] = [];
  for (let row = 0; row < count; row++) {
    const result = yield* beforeRow(
      target,
      occasion,
      old === null ? null : cells(old, row),
      now === null ? null : cells(now, row),
    );
    if (result === null) continue;
    positions.push(row);
    kept.push(result);
  }
  return {
    positions: positions.length === count ? null : Int32Array.from(positions),
    count: kept.length,
    columns: table.columns.map((column) => columnOf(column, kept)),
  };
}

function columnOf(column: ColumnDef, rows: readonly Cells[]): Vector {
  return vectorFromValues(
    rows.map((row) => row[column.id] ?? null),
    column.type.oid,
  );
}

/** The vectors at the rows that go on. */
export function keptColumns(columns: readonly Vector[], { positions, count }: Kept): Vector[] {
  if (positions === null) return [...columns];
  return columns.map((column) => take(column, positions, count));
}

/** What happened to rows, for the triggers after the statement. */
export function afterRows(target: ModifyTarget, occasion: Occasion, changed: Changed): void {
  const { table, event, assigned } = occasion;
  if (table.triggers === undefined) return;
  const each = firing(table, 'after', event, true, assigned);
  const whole = firing(table, 'after', event, false, assigned);
  if (each.length === 0 && whole.length === 0) return;
  target.checks.push(function* fire() {
    const count = Math.max(changed.old.length, changed.now.length);
    for (let row = 0; row < count; row++) {
      for (const trigger of each) {
        const rows = { old: changed.old[row] ?? null, now: changed.now[row] ?? null, all: changed };
        yield* target.triggers().plain(trigger, occasion, rows);
      }
    }
    for (const trigger of whole)
      yield* target.triggers().plain(trigger, occasion, { old: null, now: null, all: changed });
  });
}

/** Rows as cells by ordinal, where triggers will ask for them. */
export function rowsFor(table: TableDef, columns: readonly Vector[], count: number): Cells[] {
  if (table.triggers === undefined) return [];
  const rows = byOrdinal(table, columns);
  return Array.from({ length: count }, (_, row) => cells(rows, row));
}
