/** What names stand for: columns and relations as a query sees them, and names from outside of every query. */
import type { TableDef } from '../../catalog/schema.ts';
import type { BoundExpression } from '../expression.ts';

export interface VisibleColumn {
  readonly name: string;
  /** A column, or for USING under FULL JOIN a coalesce of both sides'. */
  readonly expression: BoundExpression;
  readonly tableId?: number | undefined;
  readonly columnId?: number | undefined;
}

export interface Relation {
  readonly schema: string | undefined;
  readonly name: string;
  readonly columns: readonly VisibleColumn[];
  /** `_seq_from` … and other columns that `*` does not show. */
  readonly pseudo: readonly VisibleColumn[];
  readonly table: TableDef | null;
  /** A function returning a scalar: its alias used as a column is the value itself. */
  readonly scalar?: boolean | undefined;
}

/**
 * Names from outside of the statement: the arguments of a function in SQL, the variables of one in PL/pgSQL. They are
 * further out than every query.
 */
export interface OuterNames {
  /** What a name means that is a column's as well. */
  readonly conflict: 'column' | 'variable' | 'error';
  column(name: string): VisibleColumn | undefined;
  relation(schema: string | undefined, name: string): Relation | undefined;
  /** $n, counted from 0. */
  parameter(index: number): BoundExpression | undefined;
}
