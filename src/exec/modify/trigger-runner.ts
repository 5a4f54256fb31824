/** What data changes ask of whoever runs the functions of triggers (database/routine/trigger.ts). */
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type { TableDef, TriggerDef } from '../../catalog/schema.ts';

export type TriggerEvent = 'insert' | 'update' | 'delete' | 'truncate';

/** A row's cells by table ordinal. */
export type Cells = readonly Value[];

/** What fired a trigger. */
export interface Occasion {
  readonly table: TableDef;
  readonly event: TriggerEvent;
  /** Ids of the columns that UPDATE sets. */
  readonly assigned: readonly number[];
}

export interface TriggerRunner {
  /** Runs a BEFORE or INSTEAD OF trigger of one row: the row to go on with (OLD for DELETE), or null to leave it out. */
  row(trigger: TriggerDef, occasion: Occasion, old: Cells | null, now: Cells | null): Task<Cells | null>;
  /** Runs one that has no say: of a statement, or AFTER a row. */
  plain(
    trigger: TriggerDef,
    occasion: Occasion,
    rows: { readonly old: Cells | null; readonly now: Cells | null; readonly all: Changed | null },
  ): Task<void>;
}

/** All rows that a statement has changed, for transition tables. */
export interface Changed {
  readonly old: readonly Cells[];
  readonly now: readonly Cells[];
}
