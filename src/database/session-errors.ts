/** Errors that leave a session: a session's own, and what anything else becomes. */
import { DriftError } from '../base/error.ts';

/** What leaves a session is a DriftError: a full stack is a statement too deep, anything unknown is a bug of ours. */
export function asDriftError(error: unknown): DriftError {
  if (error instanceof DriftError) return error;
  if (error instanceof RangeError && /call stack/i.test(error.message)) {
    return new DriftError('54001', 'stack depth limit exceeded: the statement or one of its values is nested too deep');
  }
  if (error instanceof RangeError && /length|allocation|size exceeded/i.test(error.message)) {
    return new DriftError('53200', `out of memory: ${error.message}`);
  }
  const found = error instanceof Error ? error : new Error(String(error));
  const internal = new DriftError('XX000', `internal error: ${found.message}`);
  if (found.stack !== undefined) internal.stack = found.stack;
  return internal;
}

export function aborted(): DriftError {
  return new DriftError('25P02', 'current transaction is aborted, commands ignored until end of transaction block');
}

export function noSavepoint(name: string): DriftError {
  return new DriftError('3B001', `savepoint "${name}" does not exist`);
}

/** 25001: a command that cannot be part of a transaction block. */
export function insideBlock(command: string): DriftError {
  return new DriftError('25001', `${command} cannot run inside a transaction block`);
}
