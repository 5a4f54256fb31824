/** The statements of a text that a session was given; read with pauses, in which it may be cancelled, where it is long. */
import type { Cancellation } from '../base/cancel.ts';
import { PAUSE, type Task } from '../base/task.ts';
import type { Statement } from '../sql/ast-statement.ts';
import { statementsInSlices } from '../sql/parser/parser.ts';

/** Runs each statement before the next is looked at; gives what came of them. */
export function* eachStatement<T>(
  sql: string,
  cancellation: Cancellation,
  run: (statement: Statement) => Task<T>,
): Task<T[]> {
  const results: T[] = [];
  for (const statement of statementsInSlices(sql)) {
    if (statement === PAUSE) {
      yield PAUSE;
      cancellation.check();
    } else results.push(yield* run(statement));
  }
  return results;
}

/** All of them, or the first error. */
export function allStatements(sql: string, cancellation: Cancellation): Task<Statement[]> {
  return eachStatement(sql, cancellation, kept);
}

function* kept(statement: Statement): Task<Statement> {
  return statement;
}
