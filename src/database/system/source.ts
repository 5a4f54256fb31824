/**
 * What makes the rows of a system relation: a function from the catalog of the asked-for moment to records that name
 * their columns. Columns that a record leaves out get the default of their type where they are NOT NULL, else null.
 */
import type { Task } from '../../base/task.ts';
import type { Value } from '../../base/vector.ts';
import type { Catalog, TypeRef, ViewDef } from '../../catalog/schema.ts';
import type { BindContext } from '../../plan/bind.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import type { TableStore } from '../../table/store.ts';
import type { LockSpace } from '../../txn/lock/space.ts';
import type { Host } from '../../base/host.ts';
import type { Backend } from '../activity.ts';
import type { Protection } from '../history/protections.ts';
import type { LinesSeen } from '../branch/rows.ts';
import type { LedgerSeen } from '../ledger.ts';
import type { Portals } from '../portal.ts';
import type { SequenceState } from '../sequences.ts';
import type { Settings } from '../settings.ts';
import type { SystemColumn } from './relations.ts';

/** What makers of rows look at. */
export interface SystemContext {
  /** The catalog of the moment. */
  readonly catalog: Catalog;
  readonly store: TableStore;
  readonly core: LinesSeen & LedgerSeen;
  readonly settings: Settings;
  /** Where sequences stand, by id. */
  readonly sequences: ReadonlyMap<number, SequenceState>;
  readonly eval: EvalContext;
  /** For binding expressions of that catalog, to print them as PostgreSQL does. */
  readonly bind: BindContext;
  /** What needs history, for the relations that show it. */
  readonly needed: readonly Protection[];
  needs(): Task<readonly Protection[]>;
  /** All sessions, by id. */
  readonly backends: ReadonlyMap<number, Backend>;
  readonly locks: LockSpace;
  readonly host: Host;
  /** What the session has open. */
  readonly session: { readonly portals: Portals; readonly prepared: () => PreparedList };
  /** Columns of a view, in order; those of the relations that ask for them are found before the rows are made. */
  viewColumns(view: ViewDef): readonly TypedName[];
}

/** The session's prepared statements. */
export interface PreparedList {
  all(): Iterable<{
    readonly name: string;
    readonly text: string;
    readonly types: readonly number[];
    readonly made: number;
    readonly kept: number;
    readonly planned: number;
  }>;
}

export interface TypedName {
  readonly name: string;
  readonly type: TypeRef;
  /** Changes through the view may set it. */
  readonly updatable: boolean;
}

export type SystemRecord = Readonly<Record<string, Value>>;

export type RowSource = (context: SystemContext) => Iterable<SystemRecord>;

/** Records that are the same in every database: made once. */
export function once(make: () => Iterable<SystemRecord>): () => readonly SystemRecord[] {
  let made: readonly SystemRecord[] | null = null;
  return () => (made ??= [...make()]);
}

const ZEROS = new Set([16, 18, 19, 20, 21, 23, 24, 25, 26, 700, 701]);

/** The value of a column that a record leaves out. */
export function defaultOf({ type, notNull }: SystemColumn): Value {
  if (!notNull || !ZEROS.has(type.oid)) return null;
  if (type.oid === 16) return false;
  return type.oid === 18 || type.oid === 19 || type.oid === 25 ? '' : 0;
}
