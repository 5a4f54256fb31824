/** Statements about branches. */
import type { QualifiedName, Span } from './ast.ts';
import type { TimePoint } from './ast-query.ts';

export type BranchAction =
  | {
      readonly do: 'create';
      readonly name: string;
      readonly ifNotExists: boolean;
      /** The branch to leave; absent: that of the session. */
      readonly parent: string | undefined;
      readonly at: TimePoint | undefined;
    }
  | { readonly do: 'drop'; readonly name: string; readonly ifExists: boolean }
  | { readonly do: 'use'; readonly name: string }
  | {
      readonly do: 'merge';
      readonly source: string;
      /** The branch that changes; absent: that of the session. */
      readonly into: string | undefined;
    }
  | {
      readonly do: 'resolve';
      /** Absent: all of the table, or all. */
      readonly id: number | undefined;
      readonly table: QualifiedName | undefined;
      readonly using: Resolution;
    }
  | { readonly do: 'diff'; readonly from: string; readonly to: string; readonly table: QualifiedName | undefined };

/** A value is given as text, in the form of the column's type. */
export type Resolution =
  | { readonly kind: 'ours' | 'theirs' }
  | { readonly kind: 'value'; readonly value: string | null };

export interface BranchStatement extends Span {
  readonly kind: 'branch';
  readonly action: BranchAction;
}
