/** What a statement passes before it runs and when it has ended, whichever it is: limits, and its temporary files. */
import type { Cancellation } from '../base/cancel.ts';
import type { Task } from '../base/task.ts';
import type { Core } from './core.ts';
import { limitError } from './limits.ts';
import { makeWhole } from './whole.ts';

/** Characters of a statement or script. */
const DEFAULT_STATEMENT_LENGTH = 67_108_864;

/** Counts a statement that begins; else gives what throws 54000 for one that is too long, 53300 where too many run. */
export function admit(core: Core, text: string): Task<void> | null {
  const { maxStatementLength = DEFAULT_STATEMENT_LENGTH, maxConcurrentQueries = Infinity } = core.options;
  if (text.length > maxStatementLength || core.running >= maxConcurrentQueries)
    return refused(core, text, maxStatementLength);
  core.running++;
  return null;
}

function* refused(core: Core, text: string, maxStatementLength: number): Task<void> {
  yield* makeWhole(core.host);
  throw limitError(text, core.options, maxStatementLength);
}

/** Counts its end; gives what has to be waited for, if there is something. */
export function leave(core: Core, statement: Cancellation): Promise<void> | null {
  core.running--;
  return core.temporary === null ? null : core.temporary.end(statement);
}
