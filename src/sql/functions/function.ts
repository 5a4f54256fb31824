/**
 * The shapes of the function catalogue: scalar functions, operators, casts, aggregates, window and set-returning
 * functions. An entry names its PostgreSQL signature; implementations take boxed values. Vector kernels for the hot
 * ones live in exec/kernels and are found by `id`, so a function is right first and fast where it pays.
 */
import type { Value } from '../../base/vector.ts';
import type { RoutineDef, TypeRef } from '../../catalog/schema.ts';
import type { EvalContext } from '../eval-context.ts';

export type Volatility = 'immutable' | 'stable' | 'volatile';

interface Signature {
  /** name(argname,argname): unique, e.g. "int4pl(int4,int4)"; what kernels are keyed by. */
  readonly id: string;
  readonly name: string;
  /** OIDs of the argument types; polymorphic pseudo-types (anyelement …) as in pg_proc. */
  readonly args: readonly number[];
  /** The last argument repeats. */
  readonly variadic: boolean;
  /** How many trailing arguments have defaults. */
  readonly optional: number;
  readonly returns: number;
  /** Names of the arguments, where calls may use them: f(a, c => 1). Arguments left out must have defaults. */
  readonly names?: readonly string[] | undefined;
}

/** A call of a function that a user has defined, with the types it has in this call. */
export interface RoutineCall {
  readonly def: RoutineDef;
  /** Of all input arguments. */
  readonly argTypes: readonly number[];
  /** OUT arguments or the columns of the row; a single one without a name for a plain value. */
  readonly columns: readonly { readonly name: string; readonly type: TypeRef }[];
  readonly returns: TypeRef;
  /** The result is a row of the columns, not the value of a single one. */
  readonly row: boolean;
}

/** A lock, tried or waited for; or one given back, or all (no key). */
export interface AdvisoryCall {
  readonly advisory: 'lock' | 'try' | 'unlock' | 'unlock all';
  readonly shared: boolean;
  readonly transactional: boolean;
}

/** What drift_verify and its kin ask of the database's proofs. */
export interface ProofCall {
  readonly proof: 'enable' | 'digest' | 'inclusion' | 'verify';
}

/** What is to happen to a named change feed. */
export interface FeedCall {
  readonly feed: 'open' | 'advance' | 'drop';
}

/** What a function asks of the engine. */
export type EngineCall = AdvisoryCall | ProofCall | FeedCall;

/** What entries of users' functions have besides: `call` and `rows` of theirs are never called. */
interface Defined {
  readonly routine?: RoutineCall | undefined;
  /** For a call with named arguments: which parameter each argument is. */
  readonly places?: readonly number[] | undefined;
}

export interface ScalarFunction extends Signature, Defined {
  readonly kind: 'scalar';
  /** Null in, null out, without a call. */
  readonly strict: boolean;
  readonly volatility: Volatility;
  readonly call: (context: EvalContext, ...args: Value[]) => Value;
  /**
   * For functions that treat values by their type (to_json, pg_typeof, format …): makes `call` for the argument types of
   * one call. The type of an argument beyond the list is its last entry: VARIADIC arrays.
   */
  readonly typed?: ((types: readonly number[], returns: number) => ScalarFunction['call']) | undefined;
  /** For comparisons under a collation: the operator they are printed as; the optimizer knows nothing of them. */
  readonly sign?: string | undefined;
  /** Milliseconds to wait before the call gives its value: pg_sleep. */
  readonly waits?: ((context: EvalContext, ...args: Value[]) => number) | undefined;
  /** What the engine does for it, as a statement could (`waits` is 0). */
  readonly engine?: EngineCall | undefined;
  /** A cast that takes the type modifier as a further argument and makes a value that fits it. */
  readonly takesTypmod?: boolean | undefined;
}

/** A set-returning function; each row is the values of its output columns. */
export interface SetFunction extends Signature, Defined {
  readonly kind: 'set';
  readonly strict: boolean;
  readonly volatility: Volatility;
  /** Output columns; a single one without a name takes the function's. */
  readonly columns: readonly { readonly name: string; readonly oid: number }[];
  readonly rows: (context: EvalContext, ...args: Value[]) => Iterable<readonly Value[]>;
  /** As of ScalarFunction. */
  readonly typed?: ((types: readonly number[], returns: number) => SetFunction['rows']) | undefined;
}

export interface AggregateFunction extends Signature {
  readonly kind: 'aggregate';
  /** Rows with a null argument are skipped. */
  readonly strict: boolean;
  /** Ordered-set aggregates take their direct arguments first, WITHIN GROUP's after. */
  readonly orderedSet: boolean;
  readonly init: (context: EvalContext) => unknown;
  /** Takes a state and one row's arguments; returns the new state. */
  readonly step: (state: unknown, args: readonly Value[], context: EvalContext) => unknown;
  readonly final: (state: unknown, context: EvalContext) => Value;
  /** The state of two sets of rows from those of each, which it leaves as they are; absent where there is none. */
  readonly merge?: ((a: unknown, b: unknown) => unknown) | undefined;
  /** It takes what parts of the rows gave (partial-aggregates.ts): what of them, for exec/accumulators.ts. */
  readonly merges?: 'counts' | 'sums' | 'averages' | undefined;
  /** As of ScalarFunction. */
  readonly typed?: ((types: readonly number[], returns: number) => AggregateSteps) | undefined;
  /** Of an aggregate that a user has defined: init, step and final are never called. */
  readonly defined?: RoutineDef | undefined;
  /** Of a call of one: what it calls (exec/defined-aggregate.ts). */
  readonly parts?: DefinedParts | undefined;
}

/** The functions of a defined aggregate, for the types of one call. */
export interface DefinedParts {
  readonly transition: ScalarFunction;
  readonly final: ScalarFunction | null;
  /** Nulls that the final function takes beside the state. */
  readonly extra: number;
  readonly stateType: number;
  /** As text. */
  readonly initial: string | undefined;
}

export type AggregateSteps = Pick<AggregateFunction, 'init' | 'step' | 'final' | 'merge'>;

/** A window function proper (row_number, lag …): computes a whole partition at once. */
export interface WindowFunction extends Signature {
  readonly kind: 'window';
}

export type SqlFunction = ScalarFunction | SetFunction | AggregateFunction | WindowFunction;

export interface OperatorEntry {
  readonly name: string;
  /** 0 for a prefix operator. */
  readonly left: number;
  readonly right: number;
  readonly fn: ScalarFunction;
  /** Name of the operator with arguments swapped, and of its negation. */
  readonly commutator?: string | undefined;
  readonly negator?: string | undefined;
}

export interface CastEntry {
  readonly from: number;
  readonly to: number;
  /** implicit < assignment < explicit: the weakest context in which it applies. */
  readonly context: 'implicit' | 'assignment' | 'explicit';
  /** null: binary coercible, the value stays as it is. */
  readonly fn: ScalarFunction | null;
}
