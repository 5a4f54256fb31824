/**
 * Plans: one tree for the logical plan (the binder's output) and the physical one (the optimizer's), because most
 * rules only rearrange nodes. What is physical is marked: a scan's `access`, `zones` and `order`, a join's
 * `algorithm`, an aggregate's and a distinct's `sorted`. The binder fills them with the plainest choice, so a plan can
 * be executed with or without the optimizer (which tests use: optimised ≡ unoptimised).
 *
 *     SELECT c.name, sum(o.total) FROM customer c JOIN orders o ON o.customer_id = c.id GROUP BY c.name
 *
 *     project      [5 name, 6 sum]
 *       aggregate  groups [5 := #1]  aggregates [6 := sum(#4)]
 *         join     inner hash  #0 = #3
 *           scan   customer [0 id, 1 name]
 *           scan   orders   [3 customer_id, 4 total]
 *
 * Rules every node obeys:
 * - `outputs` are the columns of its batches, in order; every id is produced by one node only and passed up by others.
 * - Its expressions mention only ids among its inputs' outputs, or ids of an enclosing query (correlation): the right
 *   input of a join with algorithm `apply` or `lookup` may mention the left input's ids.
 * - Nodes are immutable; the optimizer makes new ones. Counters of EXPLAIN ANALYZE are kept by node object.
 */
import type { Vector } from '../base/vector.ts';
import type { TableDef, TypeRef } from '../catalog/schema.ts';
import type { ScalarFunction, SetFunction } from '../sql/functions/function.ts';
import type { ScanAccess, VersionRange, ZoneTest } from './scan-access.ts';
import type { AggregateCall, BoundExpression, ColumnId, SortKey, WindowCall, WindowSpec } from './expression.ts';

export interface PlanColumn {
  readonly id: ColumnId;
  readonly name: string;
  readonly type: TypeRef;
  /** Where the column comes from unchanged: the table's object id and the column's id. */
  readonly tableId?: number | undefined;
  readonly columnId?: number | undefined;
}

interface Node {
  readonly outputs: readonly PlanColumn[];
  /** The optimizer's guess of the rows it gives. */
  readonly estimatedRows?: number | undefined;
  /** What it expects to spend before the first row and in all, and the bytes of a row; for EXPLAIN only. */
  readonly cost?: { readonly startup: number; readonly total: number } | undefined;
  readonly width?: number | undefined;
}

/** Which versions a scan reads. `asOf`: the state at seq. */
export type ScanTime =
  | { readonly kind: 'now' }
  | { readonly kind: 'asOf'; readonly seq: number }
  | (VersionTime &
      /** Versions whose interval [from, to) touches [fromSeq, toSeq]; toSeq may be Infinity. */
      (
        | { readonly kind: 'versions' }
        /** Versions with from >= fromSeq and to <= toSeq. */
        | { readonly kind: 'contained' }
      ));

interface VersionTime {
  readonly fromSeq: number;
  readonly toSeq: number;
  /** Any moment on the line whose versions are meant, where it is another one. */
  readonly line?: number | undefined;
}

export interface ScanColumn {
  readonly id: ColumnId;
  /** Column id in the table = ordinal in its tree. */
  readonly ordinal: number;
}

/** The pseudo-columns that are read, if any; they follow the ordinary columns in `outputs`, in this order. */
export interface VersionColumns {
  readonly seqFrom: ColumnId | null;
  /** int8; null while the version is current. */
  readonly seqTo: ColumnId | null;
  /** Commit timestamps (timestamptz; infinity while current). */
  readonly sysFrom: ColumnId | null;
  readonly sysTo: ColumnId | null;
}

export interface ScanNode extends Node {
  readonly kind: 'scan';
  readonly table: TableDef;
  readonly alias: string;
  readonly time: ScanTime;
  readonly columns: readonly ScanColumn[];
  readonly version: VersionColumns | null;
  /** Of a scan of versions: which of them can pass the filter. */
  readonly versionRange?: VersionRange | undefined;
  /** Only rows for which this is true. Mentions columns of `outputs` and ids of enclosing queries; no subqueries. */
  readonly filter: BoundExpression | null;
  readonly zones: readonly ZoneTest[];
  readonly access: ScanAccess;
  /** Below a gather: each worker reads some of the rows. */
  readonly inParts?: true | undefined;
  /** Rows must come in (reverse) order of the key, or of the index of `access`. */
  readonly order: 'asc' | 'desc' | null;
}

/** A virtual table (information_schema, drift.*, pg_catalog), computed when the scan opens. */
export interface SystemScanNode extends Node {
  readonly kind: 'systemScan';
  /** What SystemTables.find gave. */
  readonly systemTable: string;
  readonly alias: string;
  /** Positions of `outputs` among the system table's columns. */
  readonly columns: readonly number[];
  /** Resolved time at which the catalogue is looked at; null: now. */
  readonly seq: number | null;
  readonly filter: BoundExpression | null;
}

/** Set-returning functions in FROM, side by side (ROWS FROM); shorter ones are padded with nulls. */
export interface FunctionScanNode extends Node {
  readonly kind: 'functionScan';
  readonly alias: string;
  readonly functions: readonly SetCall[];
  /** WITH ORDINALITY: the last output, int8 from 1. */
  readonly ordinality: boolean;
}
/** A scalar function in FROM gives one row; `columns` of `outputs` belong to each function in turn. */
export type SetCall =
  | {
      readonly kind: 'set';
      readonly fn: SetFunction;
      readonly args: readonly BoundExpression[];
      readonly columns: number;
    }
  | { readonly kind: 'scalar'; readonly expression: BoundExpression; readonly columns: 1 };

export interface ValuesNode extends Node {
  readonly kind: 'values';
  /** Expressions without columns of this query. */
  readonly rows: readonly (readonly BoundExpression[])[];
  /** Instead of rows: values known since the statement was bound, one vector for each output. */
  readonly constants?: { readonly columns: readonly Vector[]; readonly rowCount: number } | undefined;
}

/** One row without columns: FROM-less SELECT. */
export interface OneRowNode extends Node {
  readonly kind: 'oneRow';
}

/** No rows: WHERE false. */
export interface EmptyNode extends Node {
  readonly kind: 'empty';
}

export interface ProjectNode extends Node {
  readonly kind: 'project';
  readonly source: PlanNode;
  /** One an output. A plain column reference may keep its id. */
  readonly expressions: readonly BoundExpression[];
}

/**
 * Set-returning functions of a select list: for each source row as many rows as the longest function gives, shorter
 * ones padded with nulls, none at all if all are empty. `outputs` = source outputs, then one for each call.
 */
export interface ProjectSetNode extends Node {
  readonly kind: 'projectSet';
  readonly source: PlanNode;
  readonly calls: readonly { readonly fn: SetFunction; readonly args: readonly BoundExpression[] }[];
}

export interface FilterNode extends Node {
  readonly kind: 'filter';
  readonly source: PlanNode;
  readonly condition: BoundExpression;
}

/**
 * `semi`/`anti`: left rows with (without) a match; outputs of the left only. `mark`: left outputs plus a boolean
 * `mark` column (true: match; with nullAware null where the keys' nulls leave it open, else false). `single`: like
 * `left`, but a second match is an error (21000). `anti` with nullAware is NOT IN: a left row passes only if the
 * keys and residual are false (not null) for every right row.
 *
 * `outputs`: those columns of the two sides (for semi, anti, mark: of the left; plus `mark`) that are needed above, in
 * any order: after pruning, key columns that nobody reads are not gathered.
 */
export type JoinType = 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti' | 'mark' | 'single';

export interface JoinNode extends Node {
  readonly kind: 'join';
  readonly type: JoinType;
  readonly left: PlanNode;
  readonly right: PlanNode;
  /** Equalities between an expression of the left and one of the right, both of types that `equal` takes. */
  readonly keys: readonly JoinKey[];
  /** The rest of the ON condition, over both sides; decides about matching, not only about filtering. */
  readonly residual: BoundExpression | null;
  readonly mark: ColumnId | null;
  readonly nullAware: boolean;
  /** With nullAware: a null among the keys is no match, only the residual's nulls leave it open (correlated IN). */
  readonly strictKeys?: true | undefined;
  /**
   * `hash`: builds on the right (inputs have been swapped as sizes ask), keys non-empty. `loop`: right is
   * materialised once. `apply`: right is opened anew for each left row, whose columns it mentions (`correlated`);
   * keys and residual apply as well. `lookup`: an apply whose right side is a scan (perhaps under filters and
   * projections) with key or index access by the left row: worth doing in batches. `merge`: both inputs come in the
   * ascending order of the keys, nulls last.
   */
  readonly algorithm: 'hash' | 'loop' | 'apply' | 'lookup' | 'merge';
  /** Left ids that the right input mentions (apply, lookup), else empty. */
  readonly correlated: readonly ColumnId[];
  /** Something above relies on the order of the left input's rows. */
  readonly inOrder?: true | undefined;
}
export interface JoinKey {
  readonly left: BoundExpression;
  readonly right: BoundExpression;
  readonly equal: ScalarFunction;
  /** IS NOT DISTINCT FROM: null matches null. */
  readonly nullsEqual: boolean;
}

/** `outputs`: groups, aggregates, then the grouping set's number (int4) if there are `sets`. `step`: early-groups.ts. */
export interface AggregateNode extends Node {
  readonly kind: 'aggregate';
  readonly source: PlanNode;
  /** Without groups and sets: exactly one row, also for no input. */
  readonly groups: readonly BoundExpression[];
  /** Grouping sets as positions in `groups` (others are null in that set); null: one set of all groups. */
  readonly sets: readonly (readonly number[])[] | null;
  /** Rows of one group follow one another, so that a group is finished when the next begins. Without `sets` only. */
  readonly sorted: boolean;
  readonly aggregates: readonly AggregateCall[];
  readonly step?: 'partial' | 'final' | undefined;
}

/** Runs its source, a spine (spine.ts), with helper workers. `ordered`: rows come as one scan gives them; else of parts. */
export interface GatherNode extends Node {
  readonly kind: 'gather';
  readonly source: PlanNode;
  readonly ordered: boolean;
  readonly workers: number;
}

/** `outputs` = source outputs, then one a call. All calls share the window. */
export interface WindowNode extends Node {
  readonly kind: 'window';
  readonly source: PlanNode;
  readonly window: WindowSpec;
  readonly calls: readonly WindowCall[];
}

export interface SortNode extends Node {
  readonly kind: 'sort';
  readonly source: PlanNode;
  readonly keys: readonly SortKey[];
  /** Rows that anybody will ask for (limit + offset: top-N): constants or parameters to add up; null: all. */
  readonly limit: { readonly count: BoundExpression; readonly offset: BoundExpression | null } | null;
}

export interface LimitNode extends Node {
  readonly kind: 'limit';
  readonly source: PlanNode;
  /** int8, null value or null: no limit; negative is 2201W (offset: 2201X). */
  readonly count: BoundExpression | null;
  readonly offset: BoundExpression | null;
  /** WITH TIES: rows equal to the last in these keys follow (source is sorted by them). */
  readonly ties: readonly SortKey[] | null;
}

/** SELECT … FOR UPDATE and its kin: locks the rows that come. The source has the tables' keys besides `outputs`. */
export interface LockRowsNode extends Node {
  readonly kind: 'lockRows';
  readonly source: PlanNode;
  readonly locks: readonly RowLock[];
  /** Only as many rows are locked as are asked for: a LIMIT is above. */
  readonly oneByOne: boolean;
}
export interface RowLock {
  readonly table: TableDef;
  /** Columns of the source, in the order of the table's key; null where an outer join has no row. */
  readonly key: readonly BoundExpression[];
  /** A column that the table's scan produces: tells it from others of the same table. */
  readonly column: ColumnId;
  readonly strength: 'update' | 'no key update' | 'share' | 'key share';
  readonly wait: 'block' | 'nowait' | 'skip locked';
}

/** Distinct rows over all outputs. */
export interface DistinctNode extends Node {
  readonly kind: 'distinct';
  readonly source: PlanNode;
}

/** First row of each run of equal `on` values (source is sorted by them first). */
export interface DistinctOnNode extends Node {
  readonly kind: 'distinctOn';
  readonly source: PlanNode;
  readonly on: readonly BoundExpression[];
}

/** Inputs have the same number and types of columns, matched by position; outputs have ids of their own. */
export interface SetOperationNode extends Node {
  readonly kind: 'setOperation';
  readonly operation: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: PlanNode;
  readonly right: PlanNode;
}

/** Makes a materialised CTE known to `body`; the definition runs at most once (always if it modifies data). */
export interface WithNode extends Node {
  readonly kind: 'with';
  readonly name: string;
  /** Unique within the statement. */
  readonly cte: number;
  readonly definition: PlanNode;
  readonly body: PlanNode;
}
/** Reads a materialised CTE; outputs have ids of their own, positions as in the definition. */
export interface CteScanNode extends Node {
  readonly kind: 'cteScan';
  readonly name: string;
  readonly cte: number;
  /** Positions of `outputs` in the definition's outputs. */
  readonly columns: readonly number[];
}

/** WITH RECURSIVE: `initial`, then `step` over the rows the last round gave (`workScan`), until none are new. */
export interface RecursiveUnionNode extends Node {
  readonly kind: 'recursiveUnion';
  readonly work: number;
  /** UNION: rows seen before are dropped. */
  readonly distinct: boolean;
  readonly initial: PlanNode;
  readonly step: PlanNode;
}
export interface WorkScanNode extends Node {
  readonly kind: 'workScan';
  readonly name: string;
  readonly work: number;
  readonly columns: readonly number[];
}

export interface Returning {
  readonly expressions: readonly BoundExpression[];
}
export interface BoundCheck {
  readonly name: string;
  /** Over new-row ids; violated (23514) when false, not when null. */
  readonly condition: BoundExpression;
  /** WITH CHECK OPTION of the view of that name: 44000, and null violates it too. */
  readonly view?: boolean | undefined;
}
/** A stored generated column (hidden ones of expression indexes too). `index` counts in table.columns. */
export interface BoundGenerated {
  readonly index: number;
  readonly expression: BoundExpression;
}

/**
 * INSERT. For each source row `values` gives the new row, parallel to table.columns (defaults and identity bound in,
 * typmods applied; null for a generated column and for the hidden row id). `newRow` are the ids under which the
 * finished row's cells appear in `generated`, `checks`, `conflict` and `returning`.
 */
export interface InsertNode extends Node {
  readonly kind: 'insert';
  readonly table: TableDef;
  readonly source: PlanNode;
  readonly values: readonly (BoundExpression | null)[];
  readonly newRow: readonly ColumnId[];
  readonly generated: readonly BoundGenerated[];
  readonly checks: readonly BoundCheck[];
  readonly conflict: ConflictClause | null;
  readonly returning: Returning | null;
}
export interface ConflictClause {
  /** Unique indexes that arbitrate: index ids, 'key' for the primary key; null: any (DO NOTHING only). */
  readonly arbiters: readonly (number | 'key')[] | null;
  /** Null: DO NOTHING. */
  readonly update: ConflictUpdate | null;
}
export interface ConflictUpdate {
  /** Ids of the existing row's cells, parallel to table.columns; EXCLUDED is `newRow`. */
  readonly oldRow: readonly ColumnId[];
  readonly assignments: readonly Assignment[];
  readonly where: BoundExpression | null;
  /** The updated row's cells as generated, checks and returning of this branch see them. */
  readonly updatedRow: readonly ColumnId[];
  readonly generated: readonly BoundGenerated[];
  readonly checks: readonly BoundCheck[];
  readonly returning: Returning | null;
}
export interface Assignment {
  /** Position in table.columns. */
  readonly index: number;
  readonly expression: BoundExpression;
}

/**
 * UPDATE. The source gives the old row (`oldRow`, parallel to table.columns, all among its outputs) and FROM's columns;
 * a target row that comes twice is updated once. Assignments mention source ids; cells that are not assigned stay.
 */
export interface UpdateNode extends Node {
  readonly kind: 'update';
  readonly table: TableDef;
  readonly source: PlanNode;
  readonly oldRow: readonly ColumnId[];
  readonly newRow: readonly ColumnId[];
  readonly assignments: readonly Assignment[];
  readonly generated: readonly BoundGenerated[];
  readonly checks: readonly BoundCheck[];
  /** Over new-row ids and source ids. */
  readonly returning: Returning | null;
}

export interface DeleteNode extends Node {
  readonly kind: 'delete';
  readonly table: TableDef;
  readonly source: PlanNode;
  readonly oldRow: readonly ColumnId[];
  /** Over source ids. */
  readonly returning: Returning | null;
}

/**
 * MERGE. The source gives each row of USING with the target row that ON joins to it (`oldRow`, parallel to
 * table.columns), or nulls there. Each row takes the first clause of its kind whose condition holds; clauses' nodes read
 * the merge's source instead of their own.
 */
export interface MergeNode extends Node {
  readonly kind: 'merge';
  readonly table: TableDef;
  readonly source: PlanNode;
  readonly oldRow: readonly ColumnId[];
  readonly whens: readonly MergeClause[];
  readonly returning: null;
}
export interface MergeClause {
  readonly matched: boolean;
  readonly condition: BoundExpression | null;
  /** Null: DO NOTHING. */
  readonly action: InsertNode | UpdateNode | DeleteNode | null;
}

export type ModifyNode = InsertNode | UpdateNode | DeleteNode | MergeNode;

export type PlanNode =
  | ScanNode
  | SystemScanNode
  | FunctionScanNode
  | ValuesNode
  | OneRowNode
  | EmptyNode
  | ProjectNode
  | ProjectSetNode
  | FilterNode
  | JoinNode
  | AggregateNode
  | GatherNode
  | WindowNode
  | SortNode
  | LimitNode
  | LockRowsNode
  | DistinctNode
  | DistinctOnNode
  | SetOperationNode
  | WithNode
  | CteScanNode
  | RecursiveUnionNode
  | WorkScanNode
  | ModifyNode;

export interface Plan {
  readonly root: PlanNode;
  /** Type OIDs of $1 … $n. */
  readonly parameterTypes: readonly number[];
  /** Result columns; null for a statement that returns no rows (INSERT without RETURNING). */
  readonly fields: readonly PlanColumn[] | null;
  /** SELECT, INSERT, UPDATE, DELETE, VALUES … */
  readonly command: string;
  /** The same text under the same catalog version may run this plan again. */
  readonly cacheable: boolean;
  /** It changes data (also inside WITH) or may: volatile functions that write, nextval. */
  readonly writes: boolean;
  /** The short path: rows by the whole key or by the first columns of an index, projected to columns of the table. */
  readonly point: PointAccess | null;
  /** Column ids from here on are free. */
  readonly columnCount: number;
}

/** SELECT columns FROM table WHERE key = constants or parameters; or index columns in the place of the key. */
export interface PointAccess {
  readonly scan: ScanNode;
  /** Null: by the table's key. */
  readonly indexId: number | null;
  /** Key values in key order, or of the index's first columns: constants or parameters of the columns' types. */
  readonly values: readonly BoundExpression[];
  /** Ordinals of the result columns, in order. */
  readonly ordinals: readonly number[];
  /** The row must satisfy this too (over the scan's ids), or null. */
  readonly filter: BoundExpression | null;
}
