/** Running the statements of a text one after the other, those of a shape that is known by a shared plan. */
import type { Cancellation } from '../base/cancel.ts';
import type { Task } from '../base/task.ts';
import { openScript } from '../sql/parser/parser.ts';
import { type Shape, shapeOf } from '../sql/statement-shape.ts';
import type { Parameter, ResultSet } from './api.ts';
import { type Cached, NotShared } from './bindable.ts';
import { paused } from './read-text.ts';
import type { SharedPlans } from './shared-plans.ts';

export type Run = (cached: Cached, parameters: readonly Parameter[]) => Task<ResultSet>;

/** Runs each statement before the next is looked at; an error comes when its statement's turn comes. */
export function* runScript(sql: string, plans: SharedPlans, cancellation: Cancellation, run: Run): Task<ResultSet[]> {
  const results: ResultSet[] = [];
  const script = yield* paused(openScript(sql), cancellation);
  while (!script.isAtEnd) {
    const shape = script.tokens === null ? null : shapeOf(script.tokens);
    let result = yield* runShape(plans, shape, run);
    if (result === null) {
      yield* paused(script.readAhead(), cancellation);
      result = yield* run(plans.parsed(shape, script.next()), []);
    } else script.skip();
    results.push(result);
  }
  return results;
}

/** Runs a statement by the plan of its shape; null where it has to be parsed. */
export function* runShape(plans: SharedPlans, shape: Shape | null, run: Run): Task<ResultSet | null> {
  const shared = plans.find(shape);
  if (shared === null) return null;
  try {
    return yield* run(shared.cached, shared.values);
  } catch (error) {
    if (error instanceof NotShared) return null;
    throw error;
  }
}
