/** Statements about branches. */
import type { Span } from './ast.ts';
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
  | { readonly do: 'use'; readonly name: string };

export interface BranchStatement extends Span {
  readonly kind: 'branch';
  readonly action: BranchAction;
}
