/** Calls of aggregates that users have defined: which functions they are made of, for the types of the call. */
import { assert } from '../../base/error.ts';
import type { FunctionRef, TypeRef } from '../../catalog/schema.ts';
import type { AggregateFunction, ScalarFunction } from '../../sql/functions/function.ts';
import { resolveFunction } from '../../sql/resolve.ts';
import type { BoundExpression } from '../expression.ts';
import { callOf, completeArguments } from './routines.ts';
import type { Scope } from './scope.ts';

const NO_CALL = (): never => assert(false, 'a defined aggregate runs by its parts') as never;

/** The aggregate and its arguments for one call; `written` are the arguments, converted. */
export function definedAggregate(
  fn: AggregateFunction,
  written: readonly BoundExpression[],
  variadic: boolean,
  scope: Scope,
): { readonly fn: AggregateFunction; readonly args: readonly BoundExpression[]; readonly type: TypeRef } {
  const def = fn.defined;
  const aggregate = def?.aggregate;
  assert(def !== undefined && aggregate !== undefined, 'an aggregate of a user has a definition');
  const routine = { def, argTypes: fn.args, columns: [], returns: def.returns, row: false };
  const args = completeArguments({ routine }, written, variadic, scope);
  const type = callOf(def, args, scope.catalog).returns;
  const state = callOf({ ...def, returns: aggregate.stateType }, args, scope.catalog).returns;
  const types = args.map((arg) => arg.type);
  const transition = partOf(aggregate.transition, [state, ...types], scope);
  const extra = aggregate.finalExtra === true ? types.length : 0;
  const final =
    aggregate.final === undefined ? null : partOf(aggregate.final, [state, ...types.slice(0, extra)], scope);
  if (transition.volatility === 'volatile') scope.state.writes = true;
  const parts = { transition, final, extra, stateType: state.oid, initial: aggregate.initial };
  return { fn: { ...fn, returns: type.oid, parts }, args, type };
}

/** One of the functions, made for the types of its arguments. */
function partOf(ref: FunctionRef, types: readonly TypeRef[], scope: Scope): ScalarFunction {
  const oids = types.map(({ oid }) => oid);
  if ('name' in ref) {
    const { fn } = resolveFunction(ref.name, oids);
    assert(fn.kind === 'scalar', `${ref.name} is a plain function`);
    return fn;
  }
  const def = scope.catalog.byId(ref.routine);
  assert(def?.kind === 'routine', 'the functions of an aggregate are in the catalog');
  const args = types.map((type): BoundExpression => ({ kind: 'const', value: null, type }));
  const call = callOf(def, args, scope.catalog);
  return {
    kind: 'scalar',
    id: `routine ${def.id}(${oids.join(',')})`,
    name: def.name,
    args: oids,
    variadic: false,
    optional: 0,
    returns: call.returns.oid,
    strict: def.strict,
    volatility: def.volatility,
    routine: call,
    call: NO_CALL,
  };
}
