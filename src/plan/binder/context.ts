/**
 * What binding needs from outside (`BindContext`), and what one statement's binding accumulates (`BindState`).
 *
 * Binding itself never waits. Only moments do (AS OF needs the log to find a sequence number, and the catalog of that
 * time): when the binder meets a time clause that is not resolved yet it throws an `UnresolvedTime`; `bindStatement`
 * resolves it as a task and binds again from the start, now knowing it; so it does with what takes long (`LongWork`).
 * Other statements bind once.
 */
import type { Value } from '../../base/vector.ts';
import type { Task } from '../../base/task.ts';
import type { Catalog, TableDef, TypeRef } from '../../catalog/schema.ts';
import type { Query, SystemTime } from '../../sql/ast-query.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { ScanTime } from '../plan.ts';
import type { SqlFunction } from '../../sql/functions/function.ts';
import type { Kept } from '../../table/kept.ts';
import type { OuterNames } from './visible.ts';

/** A virtual table, as the session describes it. */
export interface SystemTable {
  /** What the executor asks the session for. */
  readonly id: string;
  readonly schema: string;
  readonly name: string;
  /** Table or view, as PostgreSQL has it. */
  readonly kind?: 'r' | 'v';
  readonly columns: readonly { readonly name: string; readonly type: TypeRef }[];
  /** Its rows end with a further column then, `tableoid`, which `*` does not show. */
  readonly oid?: number;
}
export interface SystemTables {
  find(schema: string | undefined, name: string): SystemTable | undefined;
}

/** A point in time as the statement gives it, its value evaluated. */
export type BoundMoment =
  | { readonly kind: 'seq'; readonly seq: number }
  | { readonly kind: 'timestamp'; readonly micros: number }
  | { readonly kind: 'tag' | 'branch'; readonly name: string };

export interface BindContext {
  readonly catalog: Catalog;
  readonly eval: EvalContext;
  readonly systemTables: SystemTables;
  /** What a trigger calls the rows of its statement. */
  readonly transitions?: ReadonlyMap<string, { readonly table: SystemTable }> | undefined;
  /** Declared OIDs of $1 …; 0 where the binder should infer. */
  readonly parameterTypes?: readonly number[] | undefined;
  /** What names of no table's mean: the arguments or variables of a routine. */
  readonly names?: OuterNames | undefined;
  /** Expressions are bound to be printed: COLLATE stays in them. */
  readonly asWritten?: boolean | undefined;
  /** Functions registered through the API. */
  readonly registered?: ((name: string) => readonly SqlFunction[]) | undefined;
  /** INSERT may name `_row_id`: merges give rows the ids that they have elsewhere. */
  readonly givesRowIds?: boolean | undefined;
  /** The newest commit that the statement sees. */
  readonly lastSeq: number;
  /** The states of a table that are still there. Default: all are. */
  readonly keptOf?: ((tableId: number) => Kept) | undefined;
  /** The statement is only prepared: moments that are parameters are taken for the present. */
  readonly presumes?: boolean | undefined;
  /** Names and types as they were at a sequence number. */
  catalogAt(seq: number): Task<Catalog>;
  /** The last sequence number at or before a moment; errors (22023) for the future and before the first commit. */
  resolveMoment(moment: BoundMoment): Task<number>;
  /** Another line of history. Throws 42704. */
  resolveBranch?(name: string): Task<OtherLine>;
  /** The key of the row of a table that a cursor stands on; null for none (a row of an outer join). Throws 34000, 24000. */
  readonly cursorKey?: ((cursor: string, table: TableDef) => readonly Value[] | null) | undefined;
  /** Evaluates an expression without columns; parameters by the values given for this run. */
  evaluateConstant(expression: BoundExpression): Value;
}

/** Where a clause with BRANCH reads. */
export interface OtherLine extends Pick<BindContext, 'catalogAt' | 'resolveMoment' | 'lastSeq'> {
  /** What makes a sequence number a moment on that line, which only a table's reader takes. */
  readonly base: number;
}

/** A time clause's answer. */
export interface ResolvedTime {
  readonly time: ScanTime;
  /** The catalog under which the table's name and columns are bound. */
  readonly catalog: Catalog;
}

/** Thrown by the binder, caught by `bindStatement`. */
export class UnresolvedTime {
  readonly clause: SystemTime;
  readonly points: readonly BoundPoint[];
  constructor(clause: SystemTime, points: readonly BoundPoint[]) {
    this.clause = clause;
    this.points = points;
  }
}

/** Thrown by the binder, caught by `bindStatement`: work that takes long, and is done when binding starts again. */
export class LongWork {
  readonly task: Task<void>;
  constructor(task: Task<void>) {
    this.task = task;
  }
}

export interface BoundPoint {
  readonly kind: 'seq' | 'tag' | 'timestamp' | 'branch';
  readonly value: BoundExpression;
  readonly position: number;
}

const UNKNOWN_OID = 705;

export class BindState {
  readonly context: BindContext;
  readonly times: Map<SystemTime, ResolvedTime>;
  /** Parsed view bodies by text, so that their time clauses keep their identity when binding starts again. */
  readonly views: Map<string, Query>;
  readonly parameterTypes: number[];
  /** Whether the plan may serve again under the same catalog. */
  cacheable = true;
  /** Whether the statement may change data or sequences. */
  writes = false;
  viewDepth = 0;
  /** Whether a collation other than the database's may be concerned: then plan/collate goes over what was bound. */
  collated = false;
  /** Routines whose bodies are being bound in place of their calls. */
  readonly inlining: Set<number> = new Set();
  #nextColumn: ColumnId = 0;
  #nextCte = 0;

  constructor(context: BindContext, times: Map<SystemTime, ResolvedTime>, views: Map<string, Query>) {
    this.context = context;
    this.times = times;
    this.views = views;
    this.parameterTypes = (context.parameterTypes ?? []).map((oid) => (oid === 0 ? UNKNOWN_OID : oid));
  }

  nextId(): ColumnId {
    return this.#nextColumn++;
  }

  /** Ids from here on are free. */
  get columnCount(): number {
    return this.#nextColumn;
  }

  nextCte(): number {
    return this.#nextCte++;
  }
}
