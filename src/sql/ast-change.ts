/** The syntax of data changes: INSERT, UPDATE, DELETE and MERGE. */
import type { Query, SelectTarget, TableReference, WithClause } from './ast-query.ts';
import type { Expression, Identifier, QualifiedName } from './ast.ts';

/** The table a change goes to. */
export interface ChangeTarget {
  readonly name: QualifiedName;
  readonly only: boolean;
  readonly alias: string | undefined;
}
export interface Insert {
  readonly kind: 'insert';
  readonly with: WithClause | undefined;
  readonly target: ChangeTarget;
  /** Undefined: no column list. */
  readonly columns: readonly TargetColumn[] | undefined;
  readonly overriding: 'system' | 'user' | undefined;
  /** Undefined: DEFAULT VALUES. VALUES is a Query with a Values body, which may hold DefaultMarkers. */
  readonly source: Query | undefined;
  readonly onConflict: OnConflict | undefined;
  readonly returning: readonly SelectTarget[] | undefined;
  readonly position: number;
  readonly end: number;
}
/** `column`, `column.field` or `column[1]` on the left of an assignment. */
export interface TargetColumn {
  readonly name: string;
  readonly indirection: readonly TargetStep[];
  readonly position: number;
}
export type TargetStep =
  | { readonly kind: 'field'; readonly name: string }
  | {
      readonly kind: 'subscript';
      readonly slice: boolean;
      readonly lower: Expression | undefined;
      readonly upper: Expression | undefined;
    };
export interface OnConflict {
  readonly target: ConflictTarget | undefined;
  /** Undefined: DO NOTHING. */
  readonly update: { readonly set: readonly Assignment[]; readonly where: Expression | undefined } | undefined;
  readonly position: number;
}
export type ConflictTarget =
  | { readonly kind: 'constraint'; readonly name: string; readonly position: number }
  | {
      readonly kind: 'columns';
      readonly elements: readonly IndexElement[];
      readonly where: Expression | undefined;
      readonly position: number;
    };
/** A column or expression of an index or of a conflict target. */
export interface IndexElement {
  /** A ColumnRef for a plain column. */
  readonly expression: Expression;
  readonly collation: QualifiedName | undefined;
  readonly operatorClass: QualifiedName | undefined;
  readonly descending: boolean;
  readonly nullsFirst: boolean | undefined;
  readonly position: number;
}
/** `a = expr`, or `(a, b) = source` with several columns, where source is a row, a subquery or another row value. */
export interface Assignment {
  readonly columns: readonly TargetColumn[];
  /** The left side was parenthesised: the value is a row. */
  readonly row: boolean;
  readonly value: Expression;
  readonly position: number;
}
/** FOR PORTION OF period FROM a TO b: NULL is no bound. */
export interface Portion {
  readonly period: Identifier;
  readonly from: Expression;
  readonly to: Expression;
  readonly position: number;
}
export interface Update {
  readonly kind: 'update';
  readonly with: WithClause | undefined;
  readonly target: ChangeTarget;
  readonly portion: Portion | undefined;
  readonly set: readonly Assignment[];
  readonly from: readonly TableReference[];
  readonly where: Expression | undefined;
  readonly returning: readonly SelectTarget[] | undefined;
  readonly position: number;
  readonly end: number;
}
export interface Delete {
  readonly kind: 'delete';
  readonly with: WithClause | undefined;
  readonly target: ChangeTarget;
  readonly portion: Portion | undefined;
  readonly using: readonly TableReference[];
  readonly where: Expression | undefined;
  readonly returning: readonly SelectTarget[] | undefined;
  readonly position: number;
  readonly end: number;
}
export interface Merge {
  readonly kind: 'merge';
  readonly with: WithClause | undefined;
  readonly target: ChangeTarget;
  readonly source: TableReference;
  readonly on: Expression;
  readonly whens: readonly MergeWhen[];
  readonly position: number;
  readonly end: number;
}
export interface MergeWhen {
  readonly matched: boolean;
  readonly condition: Expression | undefined;
  readonly action: MergeAction;
  readonly position: number;
}
export type MergeAction =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'update'; readonly set: readonly Assignment[] }
  | {
      readonly kind: 'insert';
      readonly columns: readonly TargetColumn[] | undefined;
      readonly overriding: 'system' | 'user' | undefined;
      /** Undefined: DEFAULT VALUES. */
      readonly values: readonly Expression[] | undefined;
    };
