/**
 * Bound expressions: what the binder makes of the syntax tree's expressions, and what the executor compiles.
 *
 * Every name is resolved (a column is a number, a function is its catalogue entry), every conversion is explicit, and
 * every node knows its type. All columns that any node of a statement's plan produces have different ids, so an
 * expression means the same wherever the optimizer moves it, and a reference to an enclosing query's column is just an
 * id that the subquery's own plan does not produce (listed in `correlated`).
 *
 * Expressions are immutable. The same object may occur several times in one tree (CASE x WHEN … shares x), so that an
 * executor may compute it once. `aggregate`, `window`, `setCall` and `grouping` exist only inside the binder: it lifts
 * them into plan nodes.
 *
 * Three-valued logic throughout: `and`, `or`, `not` and comparisons follow SQL; `and`/`or` may be evaluated in any
 * order, but `case`, `coalesce` evaluate a branch only for the rows that reach it.
 */
import type { Value } from '../base/vector.ts';
import type { TypeRef } from '../catalog/schema.ts';
import type { AggregateFunction, ScalarFunction, SetFunction, WindowFunction } from '../sql/functions/function.ts';
import type { PlanNode } from './plan.ts';

/** Identifies a column within one planned statement. */
export type ColumnId = number;

interface Common {
  readonly type: TypeRef;
  /** 1-based character position in the statement, for errors raised while binding. */
  readonly position?: number | undefined;
}

export interface ConstExpression extends Common {
  readonly kind: 'const';
  readonly value: Value;
}

export interface ParameterExpression extends Common {
  readonly kind: 'parameter';
  /** 0 for $1. */
  readonly index: number;
}

export interface ColumnExpression extends Common {
  readonly kind: 'column';
  readonly id: ColumnId;
  /** For EXPLAIN only. */
  readonly name: string;
}

export interface CallExpression extends Common {
  readonly kind: 'call';
  readonly fn: ScalarFunction;
  /** Converted to the function's argument types; the variadic rest is spread out unless `variadicArray`. */
  readonly args: readonly BoundExpression[];
  /** The operator as written, where the call was one (EXPLAIN, commutation). */
  readonly operator?: string | undefined;
  /** VARIADIC was written: the last argument is the array of the rest. */
  readonly variadicArray?: boolean | undefined;
}

/**
 * A conversion to `type`. Method `function`: fn.call(operand); `relabel`: the value stays; `io`: the target type's
 * input of the source type's output; `array`: `element` describes each element's conversion (its operand is unused);
 * `row`: field by field likewise. Afterwards a typmod other than -1 is applied with SqlType.applyTypmod(…, explicit)
 * (for `array` to each element). Null stays null.
 */
export interface CastExpression extends Common {
  readonly kind: 'cast';
  readonly operand: BoundExpression;
  readonly method: 'function' | 'relabel' | 'io' | 'array';
  readonly fn: ScalarFunction | null;
  /** For `array`: how one element converts. */
  readonly element: ElementCast | null;
  /** The user wrote the cast (typmod truncation rules differ from assignment). */
  readonly explicit: boolean;
  /** COLLATE: the collation's key. Such a cast changes nothing and is gone when plan/collate is done. */
  readonly collate?: string | undefined;
}
export interface ElementCast {
  readonly method: 'function' | 'relabel' | 'io';
  readonly fn: ScalarFunction | null;
  readonly from: number;
  readonly to: number;
}

export interface LogicExpression extends Common {
  readonly kind: 'and' | 'or';
  /** Two or more. */
  readonly args: readonly BoundExpression[];
}

export interface NotExpression extends Common {
  readonly kind: 'not';
  readonly operand: BoundExpression;
}

/** `IS [NOT] NULL`. For a row constructor: all (with `negated`: all not) fields null. */
export interface IsNullExpression extends Common {
  readonly kind: 'isNull';
  readonly operand: BoundExpression;
  readonly negated: boolean;
}

/** `IS [NOT] TRUE | FALSE | UNKNOWN`: never null. */
export interface BooleanTestExpression extends Common {
  readonly kind: 'booleanTest';
  readonly operand: BoundExpression;
  readonly test: 'true' | 'false' | 'unknown';
  readonly negated: boolean;
}

/** `IS DISTINCT FROM` (`negated`: IS NOT DISTINCT FROM): never null. */
export interface DistinctFromExpression extends Common {
  readonly kind: 'distinctFrom';
  readonly left: BoundExpression;
  readonly right: BoundExpression;
  readonly equal: ScalarFunction;
  readonly negated: boolean;
}

/** Searched CASE; the simple form has become comparisons that share the operand. */
export interface CaseExpression extends Common {
  readonly kind: 'case';
  readonly branches: readonly { readonly when: BoundExpression; readonly then: BoundExpression }[];
  /** Null for no ELSE: the result is null. */
  readonly otherwise: BoundExpression | null;
}

export interface CoalesceExpression extends Common {
  readonly kind: 'coalesce';
  readonly args: readonly BoundExpression[];
}

/** NULLIF: null where equal(left, right) is true, else `result` (the first argument, unconverted). */
export interface NullIfExpression extends Common {
  readonly kind: 'nullIf';
  readonly result: BoundExpression;
  readonly left: BoundExpression;
  readonly right: BoundExpression;
  readonly equal: ScalarFunction;
}

/** GREATEST and LEAST: by the type's `compare`, nulls ignored. */
export interface MinMaxExpression extends Common {
  readonly kind: 'greatest' | 'least';
  readonly args: readonly BoundExpression[];
}

/** `operand [NOT] IN (items)`: all of types that `equal` takes. Constant items suit a hash set. */
export interface InListExpression extends Common {
  readonly kind: 'inList';
  readonly operand: BoundExpression;
  readonly items: readonly BoundExpression[];
  /** equal(operand, item). */
  readonly equal: ScalarFunction;
  readonly negated: boolean;
}

/** `operand <op> ANY | ALL (array)`. */
export interface QuantifiedExpression extends Common {
  readonly kind: 'quantified';
  readonly operand: BoundExpression;
  readonly array: BoundExpression;
  /** comparison(operand, element), boolean. */
  readonly comparison: ScalarFunction;
  readonly quantifier: 'any' | 'all';
  readonly operator?: string | undefined;
}

/**
 * A subquery inside an expression. `scalar`: its one value (21000 for more than one row, null for none); `exists`;
 * `array`: ARRAY(…); `any`/`all`: whether `test` (which mentions the plan's output ids) is true for any/all rows, by
 * the rules of three-valued logic. Without `correlated` ids it is evaluated at most once a statement.
 */
export interface SubqueryExpression extends Common {
  readonly kind: 'subquery';
  readonly mode: 'scalar' | 'exists' | 'array' | 'any' | 'all';
  readonly plan: PlanNode;
  /** Ids of columns of enclosing queries on which the plan depends. */
  readonly correlated: readonly ColumnId[];
  readonly test: BoundExpression | null;
}

export interface ArrayExpression extends Common {
  readonly kind: 'array';
  readonly elements: readonly BoundExpression[];
  /** The elements are arrays themselves: they become a dimension. */
  readonly nested: boolean;
}

/** ROW(…): a record; its fields' types are those of the fields. */
export interface RowExpression extends Common {
  readonly kind: 'row';
  readonly fields: readonly BoundExpression[];
  readonly names: readonly string[];
}

export interface SubscriptExpression extends Common {
  readonly kind: 'subscript';
  readonly operand: BoundExpression;
  /** One a dimension. A slice has bounds (null: open); an index has `upper` only. */
  readonly subscripts: readonly {
    readonly slice: boolean;
    readonly lower: BoundExpression | null;
    readonly upper: BoundExpression | null;
  }[];
}

/** The next value of an identity column's sequence. Volatile. */
export interface NextValueExpression extends Common {
  readonly kind: 'nextValue';
  readonly sequenceId: number;
}

export interface SortKey {
  readonly expression: BoundExpression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** Only inside the binder, until lifted into an aggregate node. */
export interface AggregateExpression extends Common {
  readonly kind: 'aggregate';
  readonly call: AggregateCall;
}
/** Only inside the binder, until lifted into a window node. */
export interface WindowExpression extends Common {
  readonly kind: 'window';
  readonly call: WindowCall;
  readonly window: WindowSpec;
}
/** Only inside the binder, until lifted into a projectSet node. */
export interface SetCallExpression extends Common {
  readonly kind: 'setCall';
  readonly fn: SetFunction;
  readonly args: readonly BoundExpression[];
}
/** GROUPING(…), only inside the binder. */
export interface GroupingExpression extends Common {
  readonly kind: 'grouping';
  readonly args: readonly BoundExpression[];
}

export interface AggregateCall {
  readonly fn: AggregateFunction;
  /** count(*) has none. For ordered-set aggregates the direct arguments, then those of WITHIN GROUP. */
  readonly args: readonly BoundExpression[];
  readonly distinct: boolean;
  readonly filter: BoundExpression | null;
  /** ORDER BY inside the call, or WITHIN GROUP's. */
  readonly order: readonly SortKey[];
  /** Of a call over what parts of the rows gave: the call as it was written, for EXPLAIN. */
  readonly written?: AggregateCall | undefined;
}

export interface WindowCall {
  readonly fn: WindowFunction | AggregateFunction;
  readonly args: readonly BoundExpression[];
  readonly filter: BoundExpression | null;
}

export interface WindowSpec {
  readonly partition: readonly BoundExpression[];
  readonly order: readonly SortKey[];
  readonly frame: WindowFrame;
}
export interface WindowFrame {
  readonly mode: 'rows' | 'range' | 'groups';
  readonly start: FrameBound;
  readonly end: FrameBound;
  readonly exclude: 'no others' | 'current row' | 'group' | 'ties';
}
export type FrameBound =
  | { readonly kind: 'unbounded preceding' | 'current row' | 'unbounded following' }
  | {
      readonly kind: 'preceding' | 'following';
      readonly offset: BoundExpression;
      /**
       * For RANGE with an offset: computes the sort key's value plus (`add`) or minus (`subtract`) the offset; which of
       * the two is right depends on the bound and on the direction, the binder has chosen. Null for ROWS and GROUPS.
       */
      readonly shift: ScalarFunction | null;
    };

export type BoundExpression =
  | ConstExpression
  | ParameterExpression
  | ColumnExpression
  | CallExpression
  | CastExpression
  | LogicExpression
  | NotExpression
  | IsNullExpression
  | BooleanTestExpression
  | DistinctFromExpression
  | CaseExpression
  | CoalesceExpression
  | NullIfExpression
  | MinMaxExpression
  | InListExpression
  | QuantifiedExpression
  | SubqueryExpression
  | ArrayExpression
  | RowExpression
  | SubscriptExpression
  | NextValueExpression
  | AggregateExpression
  | WindowExpression
  | SetCallExpression
  | GroupingExpression;
