/**
 * Aggregates that users have defined, as steps like those of the built-in ones.
 *
 * The functions they call may be users' own, which run statements and so may have to wait, while a step does not. A call
 * that would wait leaves the statement by `Suspended`, and the session runs it again when what it waited for is there
 * (suspended.ts): rare, because the data of a running statement are in memory mostly.
 */
import { PAUSE, type Step } from '../base/task.ts';
import type { Value } from '../base/vector.ts';
import type { AggregateFunction, DefinedParts, ScalarFunction } from '../sql/functions/function.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { ExecRun } from './run.ts';
import { Suspended } from './suspended.ts';

/** A state that waits for its first value. */
const EMPTY = Symbol('empty');

/** The aggregate itself, or for a defined one the same with steps that call its functions. */
export function runnableAggregate(fn: AggregateFunction, run: ExecRun): AggregateFunction {
  return fn.parts === undefined ? fn : { ...fn, ...stepsOf(fn.parts, run), merge: undefined };
}

function stepsOf(
  { transition, final, extra, stateType, initial }: DefinedParts,
  run: ExecRun,
): Pick<AggregateFunction, 'init' | 'step' | 'final'> {
  const nulls = new Array<Value>(extra).fill(null);
  const type = typeByOid(stateType);
  let start: Value | typeof EMPTY | undefined;
  return {
    init(context) {
      start ??= initial === undefined ? EMPTY : type.input(initial, -1, context);
      return start;
    },
    step(state, args) {
      const isEmpty = state === EMPTY;
      if (transition.strict) {
        if (args.includes(null)) return state;
        if (isEmpty) return args[0] ?? null;
        if (state === null) return null;
      }
      return callNow(transition, [isEmpty ? null : (state as Value), ...args], run);
    },
    final(state) {
      const value = state === EMPTY ? null : (state as Value);
      if (final === null) return value;
      if (final.strict && (value === null || extra > 0)) return null;
      return callNow(final, [value, ...nulls], run);
    },
  };
}

/** Calls a function where nobody waits. */
function callNow(fn: ScalarFunction, args: readonly Value[], run: ExecRun): Value {
  if (fn.routine === undefined) return fn.call(run.context.eval, ...args);
  const task = run.context.callRoutine(fn.routine, args);
  let step: IteratorResult<Step, Value> = task.next();
  while (step.done !== true) {
    if (step.value !== PAUSE) throw new Suspended(step.value, { task, value: undefined, failed: false });
    run.cancellation.check();
    step = task.next();
  }
  return step.value;
}
