/** Small makers of catalogue entries, so that the files of functions read as tables. */
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import type {
  AggregateFunction,
  AggregateSteps,
  ScalarFunction,
  SetFunction,
  Volatility,
  WindowFunction,
} from './function.ts';

/** PostgreSQL's OIDs of the types that signatures name. */
export const T = {
  bool: 16,
  bytea: 17,
  char: 18,
  name: 19,
  int8: 20,
  int2: 21,
  int4: 23,
  regproc: 24,
  text: 25,
  oid: 26,
  json: 114,
  float4: 700,
  float8: 701,
  unknown: 705,
  bpchar: 1042,
  varchar: 1043,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  timestamptz: 1184,
  interval: 1186,
  timetz: 1266,
  numeric: 1700,
  regclass: 2205,
  regtype: 2206,
  record: 2249,
  any: 2276,
  anyarray: 2277,
  void: 2278,
  anyelement: 2283,
  anynonarray: 2776,
  anyenum: 3500,
  uuid: 2950,
  jsonb: 3802,
  textArray: 1009,
  int4Array: 1007,
} as const;

const NAMES: Readonly<Record<number, string>> = Object.fromEntries(Object.entries(T).map(([name, oid]) => [oid, name]));

export interface ScalarOptions {
  /** Name in SQL where it differs from the one of the implementation (prosrc). */
  readonly as?: string;
  readonly strict?: boolean;
  readonly volatility?: Volatility;
  readonly variadic?: boolean;
  readonly optional?: number;
  /** Names of the arguments, with spaces between. */
  readonly names?: string;
}

/** An implementation that needs no context. */
export type Plain = (...args: readonly never[]) => Value;

export function signature(name: string, args: readonly number[]): string {
  return `${name}(${args.map((oid) => NAMES[oid] ?? String(oid)).join(',')})`;
}

/** A scalar function of values only; immutable and strict unless said otherwise. */
export function pure(
  name: string,
  args: readonly number[],
  returns: number,
  call: (...args: never[]) => Value,
  options: ScalarOptions = {},
): ScalarFunction {
  const plain = call as (...values: Value[]) => Value;
  return scalar(name, args, returns, (_context, ...values) => plain(...values), {
    volatility: 'immutable',
    ...options,
  });
}

/** A scalar function that asks the statement's context; stable unless said otherwise. */
export function scalar(
  name: string,
  args: readonly number[],
  returns: number,
  call: ScalarFunction['call'],
  options: ScalarOptions = {},
): ScalarFunction {
  return {
    kind: 'scalar',
    id: signature(name, args),
    name: options.as ?? name,
    args,
    returns,
    call,
    strict: options.strict ?? true,
    volatility: options.volatility ?? 'stable',
    variadic: options.variadic ?? false,
    optional: options.optional ?? 0,
    names: options.names?.split(' '),
  };
}

/** A scalar function whose work depends on the types of its arguments; `make` gets them (see ScalarFunction.typed). */
export function typedScalar(
  name: string,
  args: readonly number[],
  returns: number,
  make: (types: readonly number[], returns: number) => ScalarFunction['call'],
  options: ScalarOptions = {},
): ScalarFunction {
  return { ...scalar(name, args, returns, make(args, returns), options), typed: make };
}

/** The type of argument `i` among the types a typed function got. */
export function typeOfArgument(types: readonly number[], i: number): number {
  return types[Math.min(i, types.length - 1)] ?? T.text;
}

export interface AggregateParts<S> {
  readonly strict?: boolean;
  readonly orderedSet?: boolean;
  readonly variadic?: boolean;
  readonly init: (context: EvalContext) => S;
  readonly step: (state: S, args: readonly Value[], context: EvalContext) => S;
  readonly final: (state: S, context: EvalContext) => Value;
  readonly merge?: ((a: S, b: S) => S) | undefined;
}

export function aggregate<S>(
  name: string,
  args: readonly number[],
  returns: number,
  parts: AggregateParts<S>,
): AggregateFunction {
  return {
    kind: 'aggregate',
    id: signature(name, args),
    name,
    args,
    returns,
    variadic: parts.variadic ?? false,
    optional: 0,
    strict: parts.strict ?? true,
    orderedSet: parts.orderedSet ?? false,
    init: parts.init,
    step: parts.step as AggregateFunction['step'],
    final: parts.final as AggregateFunction['final'],
    merge: parts.merge as AggregateFunction['merge'],
  };
}

/** An aggregate whose work depends on the types of its arguments. */
export function typedAggregate<S>(
  name: string,
  args: readonly number[],
  returns: number,
  make: (types: readonly number[], returns: number) => AggregateParts<S>,
): AggregateFunction {
  return {
    ...aggregate(name, args, returns, make(args, returns)),
    typed: (types, found) => make(types, found) as unknown as AggregateSteps,
  };
}

export function windowFunction(name: string, args: readonly number[], returns: number, optional = 0): WindowFunction {
  return { kind: 'window', id: signature(name, args), name, args, returns, variadic: false, optional };
}

export function setFunction(
  name: string,
  args: readonly number[],
  columns: SetFunction['columns'],
  rows: SetFunction['rows'],
  options: { readonly strict?: boolean; readonly volatility?: Volatility } = {},
): SetFunction {
  const [only] = columns;
  return {
    kind: 'set',
    id: signature(name, args),
    name,
    args,
    returns: columns.length === 1 && only !== undefined ? only.oid : T.record,
    variadic: false,
    optional: 0,
    strict: options.strict ?? true,
    volatility: options.volatility ?? 'immutable',
    columns,
    rows,
  };
}
