/**
 * Calls of users' functions inside expressions.
 *
 * Such a function runs statements, so it may have to wait and may take long; an expression does neither. As with
 * subqueries the operator's `prepare(batch)` does the waiting: `PreparedEvaluator` stands at the root of an expression
 * that calls a function, and evaluates it there. A call that has to wait, or whose slice of time is used up, leaves the
 * evaluation by throwing `Suspended`; when the wait is over the expression is evaluated again, and every call that was
 * done gives the value it had, the suspended one goes on where it was. So CASE and COALESCE decide as always which
 * calls happen, a call happens once a row, and its errors come only where its value is asked for.
 *
 * Where nobody prepares (an expression without rows of a definition, say) the call runs at once; then Suspended ends
 * the statement, and the session runs it again when what it waited for is there (database/session.ts).
 */
import type { Cancellation } from '../base/cancel.ts';
import { DriftError } from '../base/error.ts';
import { PAUSE, type Step, type Task } from '../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import type { CallExpression } from '../plan/expression.ts';
import type { RoutineCall, ScalarFunction } from '../sql/functions/function.ts';
import type { Evaluator } from './evaluator.ts';
import type { ExecRun } from './run.ts';
import { type Pending, Suspended } from './suspended.ts';
import { constantVector, packRows } from './vectors.ts';

class Failure {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** Whether calls may be suspended: an operator is preparing. */
interface Round {
  preparing: boolean;
}

/** Calls one function for the rows of a batch, each row once. */
class RoutineEvaluator implements Evaluator {
  readonly oid: number;
  readonly fixed: boolean;
  readonly #start: (values: readonly Value[]) => Task<Value>;
  readonly #strict: boolean;
  readonly #args: readonly Evaluator[];
  readonly #run: ExecRun;
  readonly #round: Round;
  readonly #done = new Map<number, Value | Failure>();
  readonly #pending = new Map<number, Pending>();
  #failures = 0;

  constructor(
    expression: CallExpression,
    parts: {
      readonly start: (values: readonly Value[]) => Task<Value>;
      readonly args: readonly Evaluator[];
      readonly round: Round;
    },
    run: ExecRun,
  ) {
    this.oid = expression.type.oid;
    this.#start = parts.start;
    this.#args = parts.args;
    this.#round = parts.round;
    this.#strict = expression.fn.strict;
    this.#run = run;
    this.fixed = expression.fn.volatility !== 'volatile' && parts.args.every((arg) => arg.fixed);
  }

  get failed(): boolean {
    return this.#failures > 0;
  }

  /** Forgets what was done for the rows of another batch. */
  reset(): void {
    this.#done.clear();
    this.#pending.clear();
    this.#failures = 0;
  }

  value(): Value {
    return this.#valueOf(-1, () => this.#args.map((arg) => arg.value()));
  }

  eval(batch: Batch): Vector {
    const { selection, count, length } = batch;
    if (count === 0) return constantVector(null, length, this.oid);
    if (this.fixed) return constantVector(this.value(), length, this.oid);
    let vectors: readonly Vector[] | null = null;
    const values: Value[] = new Array<Value>(length).fill(null);
    for (let k = 0; k < count; k++) {
      const row = selection === null ? k : (selection[k] as number);
      values[row] = this.#valueOf(row, () => {
        vectors ??= this.#args.map((arg) => arg.eval(batch));
        return vectors.map((vector) => valueAt(vector, row));
      });
    }
    return packRows(values, length, selection, count, this.oid);
  }

  /** `row` -1 stands for all rows. */
  #valueOf(row: number, args: () => readonly Value[]): Value {
    const { preparing } = this.#round;
    const known = this.#done.get(row);
    if (known !== undefined) {
      if (!(known instanceof Failure)) return known;
      if (preparing) return null;
      throw known.error;
    }
    let pending = this.#pending.get(row);
    let step: IteratorResult<Step, Value>;
    try {
      if (pending === undefined) {
        const values = args();
        if (this.#strict && values.includes(null)) return this.#remember(row, null);
        pending = { task: this.#start(values), value: undefined, failed: false };
        step = pending.task.next();
      } else {
        step = pending.failed ? pending.task.throw(pending.value) : pending.task.next(pending.value);
      }
      while (step.done !== true) {
        if (step.value !== PAUSE || preparing) {
          this.#pending.set(row, pending);
          break;
        }
        step = pending.task.next();
      }
    } catch (error) {
      this.#pending.delete(row);
      // Only an error of the function itself may wait to be asked for.
      if (!preparing || pending === undefined || !(error instanceof DriftError)) throw error;
      this.#run.cancellation.check();
      this.#done.set(row, new Failure(error));
      this.#failures++;
      return null;
    }
    if (step.done !== true) throw new Suspended(step.value, pending);
    return this.#remember(row, step.value);
  }

  #remember(row: number, value: Value): Value {
    // A constant is asked for once a batch, and computed once.
    if (this.#round.preparing || row < 0) this.#done.set(row, value);
    return value;
  }
}

const WAIT_MS = 10;

/**
 * A function of the engine's own that waits. It looks at the cancellation now and then; where nobody prepares, nobody
 * can wait.
 */
function* waited(fn: ScalarFunction, values: readonly Value[], run: ExecRun, round: Round): Task<Value> {
  const { context } = run;
  const until = context.monotonicMs() + (fn.waits?.(context.eval, ...values) ?? 0);
  for (;;) {
    const left = until - context.monotonicMs();
    if (!round.preparing || left <= 0) break;
    yield context.sleep(Math.min(left, WAIT_MS));
    run.cancellation.check();
  }
  return fn.call(context.eval, ...values);
}

/** The root of an expression that calls functions of users. */
export class PreparedEvaluator implements Evaluator {
  readonly oid: number;
  readonly fixed: boolean;
  readonly #inner: Evaluator;
  readonly #calls: readonly RoutineEvaluator[];
  readonly #round: Round;
  readonly #cancellation: Cancellation;
  #vector: Vector | null = null;
  #value: Value | undefined;

  constructor(inner: Evaluator, calls: RoutineCalls, cancellation: Cancellation) {
    this.#cancellation = cancellation;
    this.oid = inner.oid;
    this.fixed = inner.fixed;
    this.#inner = inner;
    this.#calls = calls.calls;
    this.#round = calls.round;
  }

  *prepare(batch: Batch): Task<void> {
    for (const call of this.#calls) call.reset();
    this.#vector = null;
    this.#value = undefined;
    for (;;) {
      try {
        this.#round.preparing = true;
        if (this.fixed) this.#value = this.#inner.value();
        else this.#vector = this.#inner.eval(batch);
        break;
      } catch (error) {
        if (!(error instanceof Suspended)) {
          // Another error comes again when the rows that cause it are asked for.
          this.#cancellation.check();
          break;
        }
        yield* settle(error);
      } finally {
        this.#round.preparing = false;
      }
    }
    if (this.#calls.some((call) => call.failed)) {
      this.#vector = null;
      this.#value = undefined;
    }
  }

  eval(batch: Batch): Vector {
    if (this.fixed) return constantVector(batch.count === 0 ? null : this.value(), batch.length, this.oid);
    if (this.#vector !== null && this.#vector.length === batch.length) return this.#vector;
    return this.#inner.eval(batch);
  }

  value(): Value {
    if (this.#value === undefined) return this.#inner.value();
    return this.#value;
  }
}

/** Waits for what a suspended call waits for, and lets it know. */
function* settle({ step, pending }: Suspended): Task<void> {
  pending.failed = false;
  try {
    pending.value = yield step;
  } catch (error) {
    pending.failed = true;
    pending.value = error;
  }
}

/** Collects the calls of one expression while it is compiled. */
export class RoutineCalls {
  readonly calls: RoutineEvaluator[] = [];
  readonly round: Round = { preparing: false };

  /** `call`: of a user's function; else the function waits by itself. */
  add(expression: CallExpression, call: RoutineCall | undefined, args: readonly Evaluator[], run: ExecRun): Evaluator {
    const { round } = this;
    const { fn } = expression;
    const called = call ?? fn.engine;
    const start = (values: readonly Value[]): Task<Value> =>
      called === undefined ? waited(fn, values, run, round) : run.context.callRoutine(called, values);
    const evaluator = new RoutineEvaluator(expression, { start, args, round }, run);
    this.calls.push(evaluator);
    return evaluator;
  }
}
