/**
 * Several statements in one text: one implicit transaction, as in PostgreSQL's simple query protocol.
 *
 * BEGIN makes it one that the session goes on with, what came before included; COMMIT and ROLLBACK end it, and the next
 * statement begins another; savepoints need a BEGIN. An error takes the implicit transaction back.
 */
import type { Cancellation } from '../base/cancel.ts';
import type { Task } from '../base/task.ts';
import type { Statement } from '../sql/ast-statement.ts';
import type { Notice, ResultSet } from './api.ts';
import type { Controlled } from './control.ts';
import { command, noted } from './show.ts';

/** Whether a statement ends the transaction it is in, or makes it the session's: then nothing of the text can be run twice. */
export function endsTransaction({ kind }: Statement): boolean {
  return kind === 'begin' || kind === 'commit' || kind === 'rollback' || kind === 'twoPhase';
}

/** Gives the last result, with what all statements had to say. `run`: runs one statement in the open transaction. */
export function* runSeveral(
  session: Controlled,
  all: readonly Statement[],
  run: (statement: Statement) => Task<ResultSet>,
  cancellation: Cancellation,
): Task<ResultSet> {
  let result = command('');
  const notices: Notice[] = [];
  try {
    for (const statement of all) {
      session.open ??= { ...(yield* session.startTask({}, cancellation)), implicit: true };
      notices.push(...(result.notices ?? []));
      result = yield* run(statement);
    }
    if (session.open?.implicit === true) yield* session.commitTask(cancellation);
    return noted(result, notices);
  } catch (error) {
    if (session.open?.implicit === true) yield* session.rollbackTask();
    throw error;
  }
}
