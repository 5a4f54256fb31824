/** Reading the text that a session was given: with pauses, in which it may be cancelled, where it is long. */
import type { Cancellation } from '../base/cancel.ts';
import { PAUSE, type Task } from '../base/task.ts';
import type { Statement } from '../sql/ast-statement.ts';
import { statementsInSlices } from '../sql/parser/parser.ts';

/** All statements of a text, or the first error. */
export function* allStatements(sql: string, cancellation: Cancellation): Task<Statement[]> {
  const all: Statement[] = [];
  for (const statement of statementsInSlices(sql)) {
    if (statement === PAUSE) yield* pause(cancellation);
    else all.push(statement);
  }
  return all;
}

/** Lets others run at the pauses of what is read, and sees there whether it is wanted no more. */
export function* paused<T>(read: Generator<typeof PAUSE, T, undefined>, cancellation: Cancellation): Task<T> {
  for (;;) {
    const step = read.next();
    if (step.done === true) return step.value;
    yield* pause(cancellation);
  }
}

function* pause(cancellation: Cancellation): Task<void> {
  yield PAUSE;
  cancellation.check();
}
