/** The syntax of queries: SELECT, VALUES, set operations, WITH, what stands in FROM, and the moments that tables are read at. */
import type { Delete, Insert, Merge, Update } from './ast-change.ts';
import type { Expression, Identifier, QualifiedName, TypeName } from './ast.ts';

/** A whole query expression: WITH, a body, and what applies to the body's result. */
export interface Query {
  readonly kind: 'query';
  readonly with: WithClause | undefined;
  readonly body: QueryBody;
  readonly orderBy: readonly SortItem[];
  /** Undefined also for LIMIT ALL. */
  readonly limit: Expression | undefined;
  readonly offset: Expression | undefined;
  readonly withTies: boolean;
  readonly locking: readonly LockingClause[];
  readonly position: number;
  readonly end: number;
}

/** A nested Query appears where parentheses were needed: `(SELECT … LIMIT 1) UNION …`. */
export type QueryBody = Select | Values | SetOperation | Query;

export interface Select {
  readonly kind: 'select';
  /** Undefined: ALL; []: DISTINCT; otherwise DISTINCT ON. */
  readonly distinct: readonly Expression[] | undefined;
  readonly targets: readonly SelectTarget[];
  /** SELECT … INTO. */
  readonly into: IntoTarget | undefined;
  readonly from: readonly TableReference[];
  readonly where: Expression | undefined;
  readonly groupBy: readonly GroupingElement[];
  readonly groupByDistinct: boolean;
  readonly having: Expression | undefined;
  readonly windows: readonly WindowDefinition[];
  readonly position: number;
}
/** A Star expression stands for `*` and `t.*`. */
export interface SelectTarget {
  readonly expression: Expression;
  readonly alias: string | undefined;
  readonly position: number;
}
export interface IntoTarget {
  readonly name: QualifiedName;
  readonly temporary: boolean;
}
export interface Values {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
  readonly position: number;
}
export interface SetOperation {
  readonly kind: 'setOperation';
  readonly operator: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: QueryBody;
  readonly right: QueryBody;
  readonly position: number;
}

export interface SortItem {
  readonly expression: Expression;
  readonly descending: boolean;
  /** As written; undefined: last when ascending, first when descending. */
  readonly nullsFirst: boolean | undefined;
  /** ORDER BY x USING op. */
  readonly using: string | undefined;
  readonly position: number;
}

export type GroupingElement =
  | { readonly kind: 'expression'; readonly expression: Expression; readonly position: number }
  | { readonly kind: 'empty'; readonly position: number }
  | {
      readonly kind: 'rollup' | 'cube';
      /** A row is one grouping column made of several expressions. */
      readonly elements: readonly (readonly Expression[])[];
      readonly position: number;
    }
  | { readonly kind: 'groupingSets'; readonly sets: readonly GroupingElement[]; readonly position: number };

/** A WINDOW clause's entry (name set), OVER name (reference alone set), or OVER (…). */
export interface WindowDefinition {
  /** Name given by WINDOW name AS (…). */
  readonly name: string | undefined;
  /** Existing window that this one is or copies. */
  readonly base: string | undefined;
  /** OVER name rather than OVER (name …). */
  readonly bare: boolean;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly SortItem[];
  readonly frame: WindowFrame | undefined;
  readonly position: number;
}
export interface WindowFrame {
  readonly unit: 'rows' | 'range' | 'groups';
  readonly start: FrameBound;
  /** Undefined: CURRENT ROW, and no BETWEEN was written. */
  readonly end: FrameBound | undefined;
  readonly exclude: 'current row' | 'group' | 'ties' | 'no others' | undefined;
  readonly position: number;
}
export interface FrameBound {
  readonly kind: 'unbounded preceding' | 'preceding' | 'current row' | 'following' | 'unbounded following';
  readonly offset: Expression | undefined;
  readonly position: number;
}

export interface LockingClause {
  readonly strength: 'update' | 'no key update' | 'share' | 'key share';
  readonly of: readonly QualifiedName[];
  readonly wait: 'block' | 'nowait' | 'skip locked';
  readonly position: number;
}

export interface WithClause {
  readonly recursive: boolean;
  readonly tables: readonly CommonTable[];
  readonly position: number;
}
export interface CommonTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly materialized: boolean | undefined;
  readonly query: Query | Insert | Update | Delete | Merge;
  readonly search: SearchClause | undefined;
  readonly cycle: CycleClause | undefined;
  readonly position: number;
}
export interface SearchClause {
  readonly order: 'depth' | 'breadth';
  readonly by: readonly string[];
  readonly set: string;
}
export interface CycleClause {
  readonly columns: readonly string[];
  readonly mark: string;
  readonly markValue: Expression | undefined;
  readonly markDefault: Expression | undefined;
  readonly path: string;
}

// ---- FROM ------------------------------------------------------------------------------------------------------

export type TableReference = TableName | DerivedTable | TableFunction | Join;

export interface TableName {
  readonly kind: 'table';
  readonly name: QualifiedName;
  /** ONLY t. */
  readonly only: boolean;
  readonly systemTime: SystemTime | undefined;
  readonly validTime: ValidTime | undefined;
  readonly alias: string | undefined;
  readonly columnAliases: readonly string[];
  readonly sample: TableSample | undefined;
  readonly position: number;
}
/** FOR VALID_TIME: of the table's period. */
export type ValidTime = { readonly position: number } & (
  | { readonly kind: 'all' }
  | { readonly kind: 'asOf'; readonly at: Expression }
  | { readonly kind: 'between' | 'fromTo' | 'containedIn'; readonly low: Expression; readonly high: Expression }
);
export interface DerivedTable {
  readonly kind: 'derived';
  readonly query: Query;
  readonly lateral: boolean;
  /** The time at which tables in it are read that have no clause of their own. */
  readonly systemTime?: SystemTime | undefined;
  readonly alias: string | undefined;
  readonly columnAliases: readonly string[];
  readonly position: number;
}
/** A function in FROM, or ROWS FROM (several). */
export interface TableFunction {
  readonly kind: 'tableFunction';
  readonly functions: readonly TableFunctionItem[];
  readonly rowsFrom: boolean;
  readonly lateral: boolean;
  readonly withOrdinality: boolean;
  readonly alias: string | undefined;
  readonly columnAliases: readonly string[];
  readonly position: number;
}
export interface TableFunctionItem {
  /** A FunctionCall, SqlValue or ConditionalCall. */
  readonly call: Expression;
  /** `AS (a int, b text)`. */
  readonly columns: readonly { readonly name: string; readonly type: TypeName }[] | undefined;
}
export interface Join {
  readonly kind: 'join';
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'cross';
  readonly natural: boolean;
  readonly left: TableReference;
  readonly right: TableReference;
  readonly on: Expression | undefined;
  readonly using: readonly Identifier[] | undefined;
  /** USING (…) AS alias. */
  readonly usingAlias: string | undefined;
  /** `(a JOIN b …) AS alias (columns)`. */
  readonly alias: string | undefined;
  readonly columnAliases: readonly string[];
  readonly position: number;
}
export interface TableSample {
  readonly method: QualifiedName;
  readonly args: readonly Expression[];
  readonly repeatable: Expression | undefined;
}

// ---- time ------------------------------------------------------------------------------------------------------

/** A point in system time: AS OF SEQ n, TAG 'x' or BRANCH 'x' (the value is a string literal or any expression), or a timestamp. */
export interface TimePoint {
  readonly kind: 'seq' | 'tag' | 'timestamp' | 'branch';
  readonly value: Expression;
  readonly position: number;
}
/** FOR SYSTEM_TIME … [OF BRANCH b], or `t@SEQ:n`, `t@TAG:x`, `t@'…'`, which are AS OF. */
export type SystemTime = {
  /** The line whose history is read; absent: the session's. */
  readonly branch?: TimePoint | undefined;
} & (
  | { readonly kind: 'asOf'; readonly at: TimePoint; readonly position: number }
  /** BETWEEN a AND b: both ends included. FROM a TO b: b excluded. CONTAINED IN (a, b): versions begun and ended within. */
  | {
      readonly kind: 'between' | 'fromTo' | 'containedIn';
      readonly low: TimePoint;
      readonly high: TimePoint;
      readonly position: number;
    }
  | { readonly kind: 'all'; readonly position: number }
);
