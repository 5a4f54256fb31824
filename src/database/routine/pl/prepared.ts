/** Expressions and statements of a body bound under a catalog: what they ask for, and how they run. */
import type { BoundExpression } from '../../../plan/expression.ts';
import type { Plan } from '../../../plan/plan.ts';

export interface Prepared {
  /** Numbers of the slots whose values it needs. */
  readonly slots: readonly number[];
  /** Records that it reads, with the shape it was bound for; of another shape it is bound anew. */
  readonly shapes: readonly { readonly datum: number; readonly key: string }[];
  /** A plain expression, converted to the type asked for … */
  readonly expression: BoundExpression | null;
  /** … whose evaluator may serve again: it keeps nothing of the values it saw. */
  readonly reusable: boolean;
  /** … and may have to wait. */
  readonly waits: boolean;
  /** … and calls functions of users. */
  readonly calls: boolean;
  /** Else a plan. */
  readonly plan: Plan | null;
  /** Its type, or its columns'. */
  readonly oid: number;
}
