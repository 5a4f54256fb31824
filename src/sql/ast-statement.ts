/**
 * The syntax tree of whole statements: definitions, transactions, session commands, and the union of all statements.
 *
 * The conventions of all nodes are in ast.ts. Statements that PostgreSQL's
 * grammar accepts but that mean nothing here (roles, tablespaces, replication …) come as an UnsupportedStatement, so that
 * the session can refuse them by name (0A000) and later ones in the script still parse.
 */
import type { BranchStatement } from './ast-branch.ts';
import type { TableMode } from '../txn/lock/modes.ts';
import type { Delete, Insert, Merge, Update } from './ast-change.ts';
import type { AlterCollation, CreateCollation } from './ast-collation.ts';
import type { CreateAggregate, FunctionArgument } from './ast-function.ts';
import type {
  DeleteHistory,
  Erase,
  Restore,
  RevertTransaction,
  Undo,
  UndropTable,
  WaitForChanges,
} from './ast-history.ts';
import type { Query, TimePoint } from './ast-query.ts';
import type { AlterRole, CreateRole, GrantTerms, MissingSubject } from './ast-role.ts';
import type {
  AlterTable,
  ColumnConstraint,
  ConstraintTiming,
  CreateIndex,
  CreateTable,
  CreateTableAs,
  DropStatement,
  ObjectKind,
  ObjectName,
  Option,
  Persistence,
  RenameObject,
  SetObjectSchema,
  Execute,
  SequenceOption,
} from './ast-table.ts';
import type { AlterComposite, AlterEnum, CreateCompositeType, CreateEnum, CreateRangeType } from './ast-type.ts';
import type { Expression, Identifier, QualifiedName, Span, TypeName } from './ast.ts';

export type Statement =
  | Query
  | Insert
  | Update
  | Delete
  | Merge
  | CreateTable
  | CreateTableAs
  | AlterTable
  | DropStatement
  | CreateCollation
  | AlterCollation
  | CreateIndex
  | CreateSequence
  | AlterSequence
  | CreateView
  | RefreshMaterializedView
  | CreateSchema
  | CreateEnum
  | CreateCompositeType
  | CreateRangeType
  | AlterEnum
  | AlterComposite
  | CreateDomain
  | AlterDomain
  | CreateFunction
  | CreateAggregate
  | AlterFunction
  | CreateTrigger
  | RenameObject
  | SetObjectSchema
  | Truncate
  | Copy
  | Comment
  | Explain
  | Begin
  | TwoPhase
  | Commit
  | Rollback
  | Savepoint
  | SetTransaction
  | SetConstraints
  | SetSetting
  | ShowSetting
  | Discard
  | Prepare
  | Execute
  | Deallocate
  | DeclareCursor
  | FetchCursor
  | CloseCursor
  | Listen
  | LockTable
  | DoBlock
  | Call
  | Grant
  | CreateRole
  | AlterRole
  | Maintenance
  | CreateTag
  | BranchStatement
  | CreateMigration
  | DropMigration
  | DropTag
  | Restore
  | RevertTransaction
  | DeleteHistory
  | Erase
  | Undo
  | UndropTable
  | WaitForChanges
  | AlterOwner
  | UnsupportedStatement;

// ---- sequences, views, schemas, types --------------------------------------------------------------------------

export interface CreateSequence extends Span {
  readonly kind: 'createSequence';
  readonly name: QualifiedName;
  readonly persistence: Persistence;
  readonly ifNotExists: boolean;
  readonly options: readonly SequenceOption[];
}
export interface AlterSequence extends Span {
  readonly kind: 'alterSequence';
  readonly name: QualifiedName;
  readonly ifExists: boolean;
  readonly options: readonly SequenceOption[];
}
export interface CreateView extends Span {
  readonly kind: 'createView';
  readonly name: QualifiedName;
  readonly persistence: Persistence;
  readonly orReplace: boolean;
  readonly recursive: boolean;
  readonly columns: readonly string[] | undefined;
  readonly options: readonly Option[];
  readonly query: Query;
  readonly checkOption: 'local' | 'cascaded' | undefined;
}
export interface RefreshMaterializedView extends Span {
  readonly kind: 'refreshMaterializedView';
  readonly name: QualifiedName;
  readonly concurrently: boolean;
  readonly withData: boolean;
}
export interface CreateSchema extends Span {
  readonly kind: 'createSchema';
  /** Undefined: named after AUTHORIZATION. */
  readonly name: string | undefined;
  readonly authorization: string | undefined;
  readonly ifNotExists: boolean;
  readonly elements: readonly Statement[];
}
export interface CreateDomain extends Span {
  readonly kind: 'createDomain';
  readonly name: QualifiedName;
  readonly type: TypeName;
  readonly collation: QualifiedName | undefined;
  readonly constraints: readonly ColumnConstraint[];
}
export interface AlterDomain extends Span {
  readonly kind: 'alterDomain';
  readonly name: QualifiedName;
  readonly action:
    | { readonly kind: 'setDefault'; readonly expression: Expression }
    | { readonly kind: 'dropDefault' | 'setNotNull' | 'dropNotNull' }
    | { readonly kind: 'addConstraint'; readonly constraint: ColumnConstraint; readonly notValid: boolean }
    | { readonly kind: 'dropConstraint'; readonly name: string; readonly ifExists: boolean; readonly cascade: boolean }
    | { readonly kind: 'validateConstraint'; readonly name: string };
}

// ---- functions and triggers ------------------------------------------------------------------------------------

export interface CreateFunction extends Span {
  readonly kind: 'createFunction';
  readonly procedure: boolean;
  readonly orReplace: boolean;
  readonly name: QualifiedName;
  readonly args: readonly FunctionArgument[];
  readonly returns: TypeName | undefined;
  /** RETURNS TABLE (…). */
  readonly returnsTable: readonly FunctionArgument[] | undefined;
  readonly language: string | undefined;
  /** AS 'text', and where the text begins (of a quoted string: its first character inside the quotes). */
  readonly body: { readonly text: string; readonly position: number } | undefined;
  /** RETURN expression, or BEGIN ATOMIC … END. */
  readonly sqlBody: Expression | readonly Statement[] | undefined;
  readonly volatility: 'volatile' | 'stable' | 'immutable' | undefined;
  readonly strict: boolean;
  readonly securityDefiner: boolean;
  readonly settings: readonly SetSetting[];
  readonly options: readonly Option[];
}
/** ALTER FUNCTION, PROCEDURE or ROUTINE with options; OWNER TO and the like change nothing here. */
export interface AlterFunction extends Span {
  readonly kind: 'alterFunction';
  readonly object: 'function' | 'procedure' | 'routine' | 'aggregate';
  readonly name: ObjectName;
  readonly volatility: CreateFunction['volatility'];
  readonly strict: boolean | undefined;
  readonly settings: readonly SetSetting[];
}
export interface CreateTrigger extends Span {
  readonly kind: 'createTrigger';
  readonly orReplace: boolean;
  readonly constraint: boolean;
  readonly name: string;
  readonly time: 'before' | 'after' | 'instead of';
  readonly events: readonly {
    readonly event: 'insert' | 'update' | 'delete' | 'truncate';
    readonly columns: readonly string[];
  }[];
  readonly table: QualifiedName;
  readonly transitions: readonly { readonly which: 'old' | 'new'; readonly name: string }[];
  readonly forEachRow: boolean;
  readonly when: Expression | undefined;
  readonly function: QualifiedName;
  readonly args: readonly string[];
  readonly timing: ConstraintTiming;
}
export interface DoBlock extends Span {
  readonly kind: 'do';
  readonly language: string;
  readonly body: string;
  /** Where the body begins. */
  readonly bodyPosition: number;
}
export interface Call extends Span {
  readonly kind: 'callProcedure';
  /** A FunctionCall. */
  readonly call: Expression;
}

// ---- data in bulk ----------------------------------------------------------------------------------------------

export interface Truncate extends Span {
  readonly kind: 'truncate';
  readonly tables: readonly QualifiedName[];
  readonly restartIdentity: boolean;
  readonly cascade: boolean;
}
export interface Copy extends Span {
  readonly kind: 'copy';
  readonly table: QualifiedName | undefined;
  readonly columns: readonly Identifier[] | undefined;
  /** COPY (query) TO. */
  readonly query: Query | Insert | Update | Delete | undefined;
  readonly direction: 'from' | 'to';
  readonly program: boolean;
  /** A file name, or undefined for STDIN and STDOUT. */
  readonly file: string | undefined;
  /** Names in lower case; FORCE_QUOTE and the like have their columns in `list` ([] for `*`). */
  readonly options: readonly CopyOption[];
  readonly where: Expression | undefined;
  /** Inside a script: position of the data lines that follow COPY … FROM STDIN; up to a line `\.`. */
  readonly data: { readonly start: number; readonly end: number; readonly text: string } | undefined;
}
export interface CopyOption {
  readonly name: string;
  readonly value: string | undefined;
  readonly list: readonly string[] | undefined;
  readonly position: number;
}

// ---- transactions ----------------------------------------------------------------------------------------------

export type IsolationLevel = 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable';
export interface TransactionModes {
  readonly isolation: IsolationLevel | undefined;
  readonly readOnly: boolean | undefined;
  readonly deferrable: boolean | undefined;
  /** BEGIN READ ONLY AS OF …. */
  readonly asOf: TimePoint | undefined;
}
export interface Begin extends Span {
  readonly kind: 'begin';
  readonly modes: TransactionModes;
  readonly tag: 'BEGIN' | 'START TRANSACTION';
}
/** PREPARE TRANSACTION id, COMMIT PREPARED id, ROLLBACK PREPARED id. */
export interface TwoPhase extends Span {
  readonly kind: 'twoPhase';
  readonly what: 'prepare' | 'commit' | 'rollback';
  readonly id: string;
}
export interface Commit extends Span {
  readonly kind: 'commit';
  readonly chain: boolean;
}
export interface Rollback extends Span {
  readonly kind: 'rollback';
  readonly chain: boolean;
  /** ROLLBACK TO SAVEPOINT. */
  readonly savepoint: string | undefined;
}
export interface Savepoint extends Span {
  readonly kind: 'savepoint' | 'release';
  readonly name: string;
}
export interface SetTransaction extends Span {
  readonly kind: 'setTransaction';
  /** SET SESSION CHARACTERISTICS AS TRANSACTION. */
  readonly session: boolean;
  readonly modes: TransactionModes;
  readonly snapshot: string | undefined;
}
export interface SetConstraints extends Span {
  readonly kind: 'setConstraints';
  /** Undefined: ALL. */
  readonly names: readonly QualifiedName[] | undefined;
  readonly deferred: boolean;
}
export interface LockTable extends Span {
  readonly kind: 'lock';
  readonly tables: readonly QualifiedName[];
  /** `access exclusive` when not written. */
  readonly mode: TableMode;
  readonly nowait: boolean;
}

// ---- session ---------------------------------------------------------------------------------------------------

/** SET [LOCAL] name = values, SET TIME ZONE, SET SCHEMA …, RESET name (values undefined: the default). */
export interface SetSetting extends Span {
  readonly kind: 'set';
  readonly local: boolean;
  /** Lower case, with dots; undefined: RESET ALL. */
  readonly name: string | undefined;
  /** The texts of constants and words; a list has several. */
  readonly values: readonly string[] | undefined;
  /** Written as RESET. */
  readonly reset?: boolean;
  /** `SET drift.as_of = SEQ 5 | TAG 'x' | '…'` in its long form. */
  readonly asOf: TimePoint | undefined;
}
export interface ShowSetting extends Span {
  readonly kind: 'show';
  /** Lower case; undefined: ALL. */
  readonly name: string | undefined;
}
export interface Discard extends Span {
  readonly kind: 'discard';
  readonly what: 'all' | 'plans' | 'sequences' | 'temp';
}
export type PreparableStatement = Query | Insert | Update | Delete | Merge;
export interface Prepare extends Span {
  readonly kind: 'prepare';
  readonly name: string;
  readonly types: readonly TypeName[];
  readonly statement: PreparableStatement;
  /** As it was written. */
  readonly text: string;
}
export interface Deallocate extends Span {
  readonly kind: 'deallocate';
  /** Undefined: ALL. */
  readonly name: string | undefined;
}
export interface DeclareCursor extends Span {
  readonly kind: 'declareCursor';
  readonly name: string;
  readonly binary: boolean;
  readonly scroll: boolean | undefined;
  readonly insensitive: boolean;
  readonly hold: boolean;
  readonly query: Query;
  /** As it was written. */
  readonly text: string;
}
export interface FetchCursor extends Span {
  readonly kind: 'fetch';
  /** MOVE: no rows are returned. */
  readonly move: boolean;
  readonly cursor: string;
  readonly direction: 'forward' | 'backward' | 'absolute' | 'relative';
  /** Infinity for ALL. NEXT is forward 1, PRIOR backward 1, FIRST absolute 1, LAST absolute -1. */
  readonly count: number;
}
export interface CloseCursor extends Span {
  readonly kind: 'closeCursor';
  /** Undefined: ALL. */
  readonly name: string | undefined;
}
export interface Listen extends Span {
  readonly kind: 'listen' | 'unlisten' | 'notify';
  /** Undefined: UNLISTEN *. */
  readonly channel: string | undefined;
  readonly payload: string | undefined;
}

// ---- the rest --------------------------------------------------------------------------------------------------

export interface Explain extends Span {
  readonly kind: 'explain';
  /** Lower-case names: analyze, verbose, costs, format …; `EXPLAIN ANALYZE` without parentheses is an option too. */
  readonly options: readonly Option[];
  readonly statement: PreparableStatement | CreateTableAs | Execute | DeclareCursor | RefreshMaterializedView;
}
export interface Comment extends Span {
  readonly kind: 'comment';
  readonly object: ObjectKind;
  readonly name: ObjectName;
  /** COMMENT ON COLUMN t.c: `name` is the table. */
  readonly column: string | undefined;
  /** Undefined: NULL, which removes it. */
  readonly text: string | undefined;
}
export interface Grant extends GrantTerms {
  readonly names: readonly ObjectName[];
}
/** ANALYZE, VACUUM, CHECKPOINT, REINDEX, CLUSTER, CHECK DATABASE; `columns` of each table, null: all. */
export interface Maintenance extends Span {
  readonly kind: 'maintenance';
  readonly command: 'analyze' | 'vacuum' | 'checkpoint' | 'reindex' | 'cluster' | 'check database';
  readonly tables: readonly QualifiedName[];
  readonly columns: readonly (readonly string[] | null)[];
  readonly options: readonly Option[];
}
/** Applies a migration, once. */
export interface CreateMigration extends Span {
  readonly kind: 'createMigration';
  readonly version: number;
  readonly name: string;
  readonly script: string;
  readonly revert: string | undefined;
  /** Queries that must give true before and after. */
  readonly require: string | undefined;
  readonly ensure: string | undefined;
  /** Where it is recorded. */
  readonly table: QualifiedName | undefined;
}
/** Takes the last migration back. */
export interface DropMigration extends Span {
  readonly kind: 'dropMigration';
  readonly version: number;
  readonly table: QualifiedName | undefined;
}
export interface CreateTag extends Span {
  readonly kind: 'createTag';
  readonly name: string;
  readonly ifNotExists: boolean;
  /** Undefined: the newest committed state. */
  readonly at: TimePoint | undefined;
}
export interface DropTag extends Span {
  readonly kind: 'dropTag';
  readonly name: string;
  readonly ifExists: boolean;
}
/** A command of PostgreSQL's that has no meaning here, e.g. `CREATE ROLE`. */
export interface UnsupportedStatement extends Span {
  readonly kind: 'unsupported';
  readonly feature: string;
  /** What has to be there, or must not be, before the command is refused. */
  readonly subjects?: readonly MissingSubject[] | undefined;
}

/** ALTER … OWNER TO for what is not a relation. */
export interface AlterOwner extends Span {
  readonly kind: 'alterOwner';
  readonly object: ObjectKind;
  readonly name: ObjectName;
}
