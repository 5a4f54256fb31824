/**
 * The catalog's objects: plain, serialisable descriptions of tables, indexes, sequences, views and tags.
 *
 * Every object is one row (id, kind, definition as JSON) of the catalog's own versioned tree, so the catalog travels
 * through time exactly as data do: the objects valid at sequence number s are the rows valid at s (I: a query AS OF s
 * binds names, types and views under the catalog at s). Ids are stable and never reused. Expressions (defaults,
 * checks, view bodies) are kept as SQL text and bound when used.
 *
 * Definitions are immutable: DDL makes a new one.
 */

/** A SQL type as the catalog keeps it: PostgreSQL's OID and type modifier (-1: none). */
export interface TypeRef {
  readonly oid: number;
  readonly typmod: number;
  /** Key of the collation (sql/collations.ts) of a column or expression; absent: the database's, by code units. */
  readonly collation?: string | undefined;
  /** On disk only: for a user-defined type, the built-in type whose stored form it has. */
  readonly storedAs?: number | undefined;
  /** In plans only: names and types of the fields, where a value of type record is known to have these. */
  readonly record?: readonly Attribute[] | undefined;
}

/** What COMMENT ON said. */
interface Commented {
  readonly comment?: string | undefined;
}

/** What GRANT said: recorded and shown, not enforced. */
interface Granted {
  /** Absent: what an object's kind gives by default. */
  readonly acl?: readonly AclEntry[] | undefined;
}

/** Privileges of one role by PostgreSQL's letters (arwdDxt, U, C, X), and those of them it may grant on. */
export interface AclEntry {
  /** Role's OID; 0 is everybody. */
  readonly role: number;
  readonly privileges: string;
  readonly grantable: string;
}

export interface ColumnDef extends Commented, Granted {
  /** Stable id within the table = ordinal in its versioned tree; never reused, also after a drop. */
  readonly id: number;
  readonly name: string;
  readonly type: TypeRef;
  readonly notNull: boolean;
  /** SQL text of the default expression. */
  readonly default?: string | undefined;
  /** SQL text of the expression of a stored generated column. */
  readonly generated?: string | undefined;
  readonly identity?: 'always' | 'by default' | undefined;
  /** Sequence behind an identity or serial column. */
  readonly sequenceId?: number | undefined;
  /** Hidden columns hold row ids and the values of index expressions and predicates; no name reaches them. */
  readonly hidden?: boolean | undefined;
  /** Value that rows written before ADD COLUMN have, as PostgreSQL's text output of the type; absent: null. */
  readonly missing?: string | undefined;
}

export type ReferentialAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

/** When a constraint is checked that may wait for the commit: at first. Absent: it may not. */
export type Deferrable = 'immediate' | 'deferred';

export interface CheckDef {
  readonly name: string;
  readonly expression: string;
  /** Rows of before it was added may violate it. */
  readonly notValid?: true | undefined;
}

export interface ForeignKeyDef {
  readonly name: string;
  readonly columns: readonly number[];
  readonly foreignTableId: number;
  readonly foreignColumns: readonly number[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
  readonly match: 'simple' | 'full';
  /** ON DELETE SET NULL or SET DEFAULT (columns): those of `columns` that are set; absent: all. */
  readonly onDeleteColumns?: readonly number[] | undefined;
  /** How many of the last columns are a period (a range, or its two ends), which the parents' periods must cover. */
  readonly period?: 1 | 2 | undefined;
  readonly deferrable?: Deferrable | undefined;
  /** Rows of before it was added may refer to nothing. */
  readonly notValid?: true | undefined;
}

/** A secondary index: a versioned tree of its own whose key is its columns followed by the table's primary key. */
export interface IndexDef extends Commented {
  /** Tree id. */
  readonly id: number;
  readonly name: string;
  readonly columns: readonly IndexColumn[];
  readonly unique: boolean;
  readonly nullsNotDistinct?: boolean | undefined;
  /** Made by a UNIQUE constraint of this name. */
  readonly constraint?: string | undefined;
  readonly deferrable?: Deferrable | undefined;
  /** How many of the last columns are a period (a range, or its two ends) in which no two rows overlap; not `unique` then. */
  readonly withoutOverlaps?: 1 | 2 | undefined;
  /** Stands for a primary key that is deferrable or WITHOUT OVERLAPS: the rows have a hidden id as their key then. */
  readonly primary?: boolean | undefined;
  /** Ids of INCLUDE's columns, which are recorded only. */
  readonly included?: readonly number[] | undefined;
  /** SQL text of each key, where keys are expressions or the index is partial: its columns are hidden ones then. */
  readonly keys?: readonly string[] | undefined;
  /** SQL text of a partial index's predicate. An index that is not unique holds all rows nevertheless. */
  readonly where?: string | undefined;
}
export interface IndexColumn {
  /** Column id in the table (hidden for expressions). */
  readonly column: number;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
  /** Key of the collation that the statement named; the tree orders by code units whatever it is. */
  readonly collation?: string | undefined;
}

/** What is left of a column that was dropped, or has another type now. */
export type DroppedColumn = Pick<ColumnDef, 'id' | 'type' | 'missing'>;

/** When a row holds in the world: from the one column's value, until before the other's. */
export interface PeriodDef {
  readonly name: string;
  readonly from: number;
  readonly to: number;
}

export interface TableDef extends Commented, Granted {
  readonly kind: 'table';
  /** Comment on the index of its primary key. */
  readonly keyComment?: string | undefined;
  /** Comments on its constraints, by name. */
  readonly constraintComments?: Readonly<Record<string, string>> | undefined;
  /** Object id = id of its versioned tree. */
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** Live columns in display order; `id` is the tree ordinal. */
  readonly columns: readonly ColumnDef[];
  /** All columns ever, by id, dropped ones included: what the tree holds. */
  readonly nextColumnId: number;
  /** Ids of the primary key's columns; a table without one has a single hidden row id here. */
  readonly key: readonly number[];
  readonly primaryKeyName?: string | undefined;
  /** Ids of INCLUDE's columns of the primary key. */
  readonly keyIncluded?: readonly number[] | undefined;
  readonly indexes: readonly IndexDef[];
  readonly checks: readonly CheckDef[];
  readonly foreignKeys: readonly ForeignKeyDef[];
  /** PERIOD FOR; absent where there are none. */
  readonly periods?: readonly PeriodDef[] | undefined;
  /** Dropped columns, so that old segments can still be decoded, and rows from before such a column have what they had. */
  readonly dropped: readonly DroppedColumn[];
  /** SQL text of a materialized view's query: only REFRESH changes the rows. */
  readonly materialized?: string | undefined;
  /** A materialized view that was never filled cannot be read. */
  readonly unpopulated?: boolean | undefined;
  /** In the order of their names; absent where there are none. */
  readonly triggers?: readonly TriggerDef[] | undefined;
  /** What the end of a transaction does to a temporary table. */
  readonly onCommit?: 'preserve' | 'delete' | 'drop' | undefined;
  /** Time-split factor c (DESIGN §5). Default 1. */
  readonly timeSplitFactor?: number | undefined;
  /** The table of another line that a merge has made it after; the first of them all where they share row ids. */
  readonly mergedFrom?: number | undefined;
  /** Row ids are those of that table: a row has the same one on both, and no other row has it. */
  readonly sharesRowIds?: boolean | undefined;
  /** The tables that its rows were in before its key was changed, oldest first. */
  readonly former?: readonly number[] | undefined;
  /** How often rows were erased from it. */
  readonly erasures?: number | undefined;
  /** How long states that are past are kept; absent: for ever. */
  readonly retention?: Retention | undefined;
}

/** history_retention: as it was written, and in µs (a month of 30 days). */
export interface Retention {
  readonly text: string;
  readonly micros: number;
}

export interface SequenceDef extends Commented, Granted {
  readonly kind: 'sequence';
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  /** int2, int4 or int8; absent in older definitions. */
  readonly type?: number | undefined;
  /** CACHE, which is shown only; absent: 1. */
  readonly cache?: number | undefined;
  readonly increment: number;
  readonly min: string;
  readonly max: string;
  readonly start: string;
  readonly cycle: boolean;
  readonly ownedBy?: { readonly tableId: number; readonly columnId: number } | undefined;
}

export interface ViewDef extends Commented, Granted {
  readonly kind: 'view';
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly string[];
  readonly query: string;
  /** The search path under which the query's names are meant; absent: only `public`. */
  readonly path?: readonly string[] | undefined;
  /** Comments on its columns, by name. */
  readonly columnComments?: Readonly<Record<string, string>> | undefined;
  /** WITH CHECK OPTION: rows written through the view must be among its own. */
  readonly checkOption?: 'local' | 'cascaded' | undefined;
  /** Defaults of columns for rows inserted through the view, as SQL text; they go before the table's. */
  readonly defaults?: Readonly<Record<string, string>> | undefined;
  /** INSTEAD OF triggers and those of whole statements; UPDATE OF counts columns from 0. */
  readonly triggers?: readonly TriggerDef[] | undefined;
}

export interface SchemaDef extends Commented, Granted {
  readonly kind: 'schema';
  readonly id: number;
  readonly name: string;
  /** The mark of a dropped system schema: it exists before the first commit, so its end takes a row of its own. */
  readonly dropped?: true | undefined;
}

/** One parameter of a routine; `table` is a column of RETURNS TABLE. */
export interface RoutineArgument {
  /** Empty where it has none. */
  readonly name: string;
  readonly mode: 'in' | 'out' | 'inout' | 'variadic' | 'table';
  readonly type: TypeRef;
  /** SQL text of the default. */
  readonly default?: string | undefined;
}

/** A function or procedure. Its body is kept as text and read when it is first called under a catalog. */
export interface RoutineDef extends Commented, Granted {
  readonly kind: 'routine';
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly procedure: boolean;
  readonly args: readonly RoutineArgument[];
  /** The type of one result: record for several OUT arguments, void for procedures without. */
  readonly returns: TypeRef;
  /** Id of the table or view whose row type it returns. */
  readonly returnsRow?: number | undefined;
  readonly set: boolean;
  readonly language: 'sql' | 'plpgsql';
  readonly body: string;
  /** The body is SQL of the standard: `RETURN x` (kept as a SELECT) or BEGIN ATOMIC. */
  readonly standard?: boolean | undefined;
  readonly volatility: 'volatile' | 'stable' | 'immutable';
  readonly strict: boolean;
  /** SET name TO value, in force while it runs. */
  readonly settings?: readonly (readonly [string, string])[] | undefined;
  /** Of an aggregate, which has no body. */
  readonly aggregate?: AggregateDef | undefined;
}

/** What an aggregate is made of. */
export interface AggregateDef {
  readonly stateType: TypeRef;
  /** The state to begin with, as text of its type; absent: null. */
  readonly initial?: string | undefined;
  readonly transition: FunctionRef;
  readonly final?: FunctionRef | undefined;
  /** The final function takes the arguments' types as well, as nulls. */
  readonly finalExtra?: boolean | undefined;
  readonly combine?: FunctionRef | undefined;
  /** PostgreSQL's letters: r(ead only), s(hareable), w(rite). */
  readonly finalModify?: string | undefined;
  readonly sortOperator?: string | undefined;
  /** PostgreSQL's letters; absent: unsafe. */
  readonly parallel?: string | undefined;
}

/** A function of the user's by its id, or a built-in one by its name; argument types tell it apart from others. */
export type FunctionRef = { readonly routine: number } | { readonly name: string };

/** A trigger, part of its table or view. */
export interface TriggerDef extends Commented {
  readonly id: number;
  readonly name: string;
  readonly time: 'before' | 'after' | 'instead of';
  readonly events: readonly ('insert' | 'update' | 'delete' | 'truncate')[];
  /** Ids of the columns of UPDATE OF (names for a view); empty: any. */
  readonly columns: readonly number[];
  readonly row: boolean;
  /** SQL text. */
  readonly when?: string | undefined;
  readonly routineId: number;
  readonly args: readonly string[];
  readonly oldTable?: string | undefined;
  readonly newTable?: string | undefined;
  readonly constraint?: boolean | undefined;
  readonly deferrable?: 'immediate' | 'deferred' | undefined;
  readonly disabled?: boolean | undefined;
}

/** CREATE ROLE. There is one user, who is not among these: roles are for privileges to be granted to. */
export interface RoleDef extends Commented {
  readonly kind: 'role';
  readonly id: number;
  readonly name: string;
  readonly superuser: boolean;
  readonly createDb: boolean;
  readonly createRole: boolean;
  readonly inherit: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassRls: boolean;
  readonly connectionLimit: number;
  readonly validUntil?: string | undefined;
  /** The roles it is a member of, by OID. */
  readonly memberOf: readonly { readonly role: number; readonly admin: boolean }[];
}

/** CREATE COLLATION. What it says never changes but for its name. */
export interface CollationDef extends Commented {
  readonly kind: 'collation';
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly provider: 'icu' | 'libc';
  /** A language tag (icu), or C or POSIX. */
  readonly locale: string;
}

/** A name for a sequence number. */
export interface TagDef {
  readonly kind: 'tag';
  readonly id: number;
  readonly name: string;
  readonly seq: number;
}

/** What a type is, without its place in a catalog. References are to internal numbers. */
export type TypeForm =
  | { readonly form: 'enum'; readonly labels: readonly EnumLabel[] }
  | {
      readonly form: 'domain';
      readonly base: TypeRef;
      readonly notNull: boolean;
      readonly default?: string | undefined;
      readonly checks: readonly CheckDef[];
    }
  | { readonly form: 'composite'; readonly attributes: readonly Attribute[] }
  /** `multirange` is the object id of the type of its sets; subtypeDiff the function that was named, for show. */
  | {
      readonly form: 'range';
      readonly subtype: TypeRef;
      readonly multirange: number;
      readonly subtypeDiff?: string | undefined;
    }
  | { readonly form: 'multirange'; readonly range: TypeRef };

export interface EnumLabel {
  readonly label: string;
  /** Where it stands; what a value of the type is stored as. Never reused or changed, also when the label is. */
  readonly order: number;
}

export interface Attribute {
  readonly name: string;
  readonly type: TypeRef;
}

/** CREATE TYPE and CREATE DOMAIN. References to other types are internal numbers in memory: see user-types.ts. */
export interface TypeDef extends Commented, Granted {
  readonly kind: 'type';
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly definition: TypeForm;
}

export type CatalogObject =
  | TableDef
  | SequenceDef
  | ViewDef
  | SchemaDef
  | TagDef
  | RoutineDef
  | TypeDef
  | RoleDef
  | CollationDef;

/**
 * The catalog at one moment. `version` is the sequence number of the newest DDL it contains; inside a transaction with
 * DDL of its own it is a fraction above the snapshot, so plans cached by version never mix the two.
 */
export interface Catalog {
  readonly version: number;
  /** Schema of the session's temporary objects; null for none. */
  readonly temp: string | null;
  /** The session's search_path as names, `$user` resolved: the same array as long as the setting stays the same. */
  readonly path: readonly string[];
  /** Schemas in which bare names are looked for, in order, whether they exist or not; pg_catalog is not among them unless the path names it. */
  readonly searched: readonly string[];
  /** Finds a table, view or sequence by name; without a schema along the search path. */
  relation(schema: string | undefined, name: string): TableDef | ViewDef | SequenceDef | undefined;
  /** The table that has an index (or a primary key) of this name, if any. */
  tableOfIndex(schema: string | undefined, name: string): TableDef | undefined;
  byId(id: number): CatalogObject | undefined;
  /** Internal number of a user-defined type, or of a table's row type, by name; without a schema along the search path. */
  typeNamed(schema: string | undefined, name: string): number | undefined;
  /** Internal number of the user-defined type (or array of one) that users see under an OID. */
  typeOfOid(publicOid: number): number | undefined;
  tag(name: string): TagDef | undefined;
  schema(name: string): SchemaDef | undefined;
  /** The same objects, bare names looked for along another path. */
  forSession(temp: string | null, path: readonly string[]): Catalog;
  /** The same catalog without the temporary objects of other sessions. */
  withoutOthers(): Catalog;
  /** Functions and procedures of a name; without a schema along the search path, the first schema's first. */
  routines(schema: string | undefined, name: string): readonly RoutineDef[];
  objects(): Iterable<CatalogObject>;
}
