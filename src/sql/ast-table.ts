/** The syntax of tables and their parts: columns, constraints, indexes; and of DROP and RENAME, which all objects share. */
import type { IndexElement } from './ast-change.ts';
import type { FunctionArgument } from './ast-function.ts';
import type { Query } from './ast-query.ts';
import type { Expression, Identifier, QualifiedName, Span, TypeName } from './ast.ts';

export interface CreateTable extends Span {
  readonly kind: 'createTable';
  readonly name: QualifiedName;
  readonly persistence: Persistence;
  readonly ifNotExists: boolean;
  readonly elements: readonly TableElement[];
  readonly inherits: readonly QualifiedName[];
  /** WITH (name = value …). */
  readonly options: readonly Option[];
  readonly onCommit: 'preserve' | 'delete' | 'drop' | undefined;
  /** PARTITION BY, PARTITION OF, OF type: what was written, for the message that refuses it. */
  readonly unsupported: { readonly feature: string; readonly position: number } | undefined;
}
export type Persistence = 'permanent' | 'temporary' | 'unlogged';

/** `name [= value]`; a value is a literal as text, a word, or a number. */
export interface Option {
  readonly name: string;
  readonly value: string | undefined;
  readonly position: number;
}

export type TableElement = ColumnDefinition | TableConstraint | LikeClause;

export interface ColumnDefinition {
  readonly kind: 'column';
  readonly name: string;
  /** serial types appear by name: serial, bigserial, smallserial (and serial2/4/8). */
  readonly type: TypeName;
  readonly collation: QualifiedName | undefined;
  readonly constraints: readonly ColumnConstraint[];
  readonly position: number;
}
export interface ConstraintTiming {
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
}
export type ColumnConstraint = { readonly name: string | undefined; readonly position: number } & (
  | { readonly kind: 'notNull' }
  | { readonly kind: 'null' }
  | { readonly kind: 'default'; readonly expression: Expression }
  | { readonly kind: 'check'; readonly expression: Expression; readonly noInherit: boolean }
  | { readonly kind: 'generated'; readonly expression: Expression }
  | { readonly kind: 'identity'; readonly when: 'always' | 'by default'; readonly options: readonly SequenceOption[] }
  | ({
      readonly kind: 'unique' | 'primaryKey';
      readonly nullsNotDistinct: boolean;
    } & ConstraintTiming)
  | ({ readonly kind: 'references'; readonly references: References } & ConstraintTiming)
);
export interface References {
  readonly table: QualifiedName;
  /** Undefined: the primary key. */
  readonly columns: readonly Identifier[] | undefined;
  readonly period: boolean;
  readonly match: 'simple' | 'full' | 'partial';
  readonly onDelete: ReferentialActionClause;
  readonly onUpdate: ReferentialActionClause;
}
export interface ReferentialActionClause {
  readonly action: 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';
  /** ON DELETE SET NULL (columns). */
  readonly columns: readonly Identifier[] | undefined;
}
export type TableConstraint = { readonly name: string | undefined; readonly position: number } & (
  | { readonly kind: 'check'; readonly expression: Expression; readonly noInherit: boolean; readonly notValid: boolean }
  | ({
      readonly kind: 'unique' | 'primaryKey';
      readonly columns: readonly Identifier[];
      readonly include: readonly Identifier[];
      /** The last of `columns` is a period or range in which no two rows may overlap. */
      readonly withoutOverlaps: boolean;
      readonly nullsNotDistinct: boolean;
      /** USING INDEX name instead of columns. */
      readonly usingIndex: string | undefined;
    } & ConstraintTiming)
  | ({
      readonly kind: 'foreignKey';
      readonly columns: readonly Identifier[];
      /** PERIOD before the last of `columns`, and of the referenced ones. */
      readonly period: boolean;
      readonly references: References;
      readonly notValid: boolean;
    } & ConstraintTiming)
  | { readonly kind: 'exclude' }
  /** PERIOD FOR: its name is the constraint's. */
  | { readonly kind: 'period'; readonly period: Identifier; readonly from: Identifier; readonly to: Identifier }
);
export interface LikeClause {
  readonly kind: 'like';
  readonly table: QualifiedName;
  /** In the order written; the last word on a property wins. */
  readonly options: readonly { readonly including: boolean; readonly property: string }[];
  readonly position: number;
}

export interface CreateTableAs extends Span {
  readonly kind: 'createTableAs';
  readonly name: QualifiedName;
  readonly persistence: Persistence;
  readonly ifNotExists: boolean;
  readonly materializedView: boolean;
  readonly columns: readonly string[] | undefined;
  readonly options: readonly Option[];
  readonly onCommit: 'preserve' | 'delete' | 'drop' | undefined;
  /** A query, or an EXECUTE of a prepared one. */
  readonly query: Query | Execute;
  readonly withData: boolean;
}

export interface AlterTable extends Span {
  readonly kind: 'alterTable';
  /** ALTER TABLE, VIEW, MATERIALIZED VIEW or INDEX with table-like actions. */
  readonly object: 'table' | 'view' | 'materializedView' | 'index';
  readonly name: QualifiedName;
  readonly ifExists: boolean;
  readonly only: boolean;
  readonly actions: readonly AlterTableAction[];
}
export type AlterTableAction = { readonly position: number } & (
  | { readonly kind: 'addColumn'; readonly ifNotExists: boolean; readonly column: ColumnDefinition }
  | { readonly kind: 'dropColumn'; readonly ifExists: boolean; readonly name: string; readonly cascade: boolean }
  | {
      readonly kind: 'alterType';
      readonly name: string;
      readonly type: TypeName;
      readonly collation: QualifiedName | undefined;
      readonly using: Expression | undefined;
    }
  | { readonly kind: 'setDefault'; readonly name: string; readonly expression: Expression }
  | { readonly kind: 'dropDefault' | 'setNotNull' | 'dropNotNull'; readonly name: string }
  | { readonly kind: 'dropExpression' | 'dropIdentity'; readonly name: string; readonly ifExists: boolean }
  | {
      readonly kind: 'addIdentity';
      readonly name: string;
      readonly when: 'always' | 'by default';
      readonly options: readonly SequenceOption[];
    }
  | {
      readonly kind: 'setIdentity';
      readonly name: string;
      readonly when: 'always' | 'by default' | undefined;
      readonly options: readonly SequenceOption[];
    }
  | { readonly kind: 'addConstraint'; readonly constraint: TableConstraint }
  | { readonly kind: 'validateConstraint'; readonly name: string }
  | { readonly kind: 'dropPeriod'; readonly ifExists: boolean; readonly name: string; readonly cascade: boolean }
  | ({ readonly kind: 'alterConstraint'; readonly name: string } & ConstraintTiming)
  | { readonly kind: 'dropConstraint'; readonly ifExists: boolean; readonly name: string; readonly cascade: boolean }
  | { readonly kind: 'triggers'; readonly enable: boolean; readonly name: string }
  | { readonly kind: 'setOptions' | 'resetOptions'; readonly options: readonly Option[] }
  /** Storage, statistics, owner, cluster …: accepted and without effect here. */
  | { readonly kind: 'noEffect'; readonly feature: string }
  | { readonly kind: 'unsupported'; readonly feature: string }
);

/** The kinds of objects that DROP, COMMENT, RENAME and SET SCHEMA name. */
export type ObjectKind =
  | 'table'
  | 'view'
  | 'materializedView'
  | 'index'
  | 'sequence'
  | 'schema'
  | 'type'
  | 'domain'
  | 'function'
  | 'procedure'
  | 'routine'
  | 'aggregate'
  | 'trigger'
  | 'column'
  | 'constraint'
  | 'database'
  | 'extension'
  | 'role'
  | 'collation'
  | 'policy'
  | 'rule'
  /** Of which there is none here. */
  | 'statistics object'
  | 'language'
  | 'publication'
  | 'subscription'
  | 'server'
  | 'tablespace'
  | 'conversion';

export interface ObjectName {
  readonly name: QualifiedName;
  /** Argument types of a function; undefined when not written. */
  readonly args: readonly FunctionArgument[] | undefined;
  /** Trigger, policy, rule or constraint ON table. */
  readonly table: QualifiedName | undefined;
}
export interface DropStatement extends Span {
  readonly kind: 'drop';
  readonly object: ObjectKind;
  readonly names: readonly ObjectName[];
  readonly ifExists: boolean;
  readonly cascade: boolean;
  readonly concurrently: boolean;
}
export interface RenameObject extends Span {
  readonly kind: 'rename';
  readonly object: ObjectKind;
  readonly name: ObjectName;
  readonly ifExists: boolean;
  /** Column, attribute, enum value or constraint inside the object; `object` is then the object's own kind. */
  readonly part: { readonly kind: 'column' | 'constraint' | 'attribute' | 'value'; readonly name: string } | undefined;
  readonly newName: string;
}
export interface SetObjectSchema extends Span {
  readonly kind: 'setSchema';
  readonly object: ObjectKind;
  readonly name: ObjectName;
  readonly ifExists: boolean;
  readonly schema: string;
}

export interface CreateIndex extends Span {
  readonly kind: 'createIndex';
  readonly name: Identifier | undefined;
  readonly table: QualifiedName;
  readonly unique: boolean;
  readonly concurrently: boolean;
  readonly ifNotExists: boolean;
  /** btree unless written otherwise. */
  readonly method: string;
  readonly elements: readonly IndexElement[];
  readonly include: readonly Identifier[];
  readonly nullsNotDistinct: boolean;
  readonly where: Expression | undefined;
  readonly options: readonly Option[];
}

/** Of sequences, and of identity columns. Numbers are kept as text: they may need 64 bits. */
export type SequenceOption =
  | {
      readonly kind: 'increment' | 'minValue' | 'maxValue' | 'start' | 'cache' | 'restart';
      /** Undefined: NO MINVALUE, NO MAXVALUE, RESTART without a value. */
      readonly value: string | undefined;
      readonly position: number;
    }
  | { readonly kind: 'cycle'; readonly value: boolean; readonly position: number }
  | { readonly kind: 'as'; readonly type: TypeName; readonly position: number }
  /** Undefined: OWNED BY NONE. */
  | { readonly kind: 'ownedBy'; readonly column: readonly string[] | undefined; readonly position: number }
  | { readonly kind: 'name'; readonly name: QualifiedName; readonly position: number };

/** EXECUTE of a prepared statement, which CREATE TABLE AS takes as well. */
export interface Execute extends Span {
  readonly kind: 'execute';
  readonly name: string;
  readonly args: readonly Expression[];
}
