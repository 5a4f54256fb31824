/** Errors of statements that need more than they may take. */
import { DriftError } from '../../base/error.ts';

export function outOfMemory(limitBytes: number): DriftError {
  return new DriftError('53200', 'out of memory', {
    detail: `The statement needs more than its budget of ${limitBytes} bytes.`,
    hint: 'Read a big result as a stream or by a cursor, or ask for less of it; the limit is the option queryMemoryBytes.',
  });
}

export function tooManyRows(limit: number): DriftError {
  return new DriftError('54000', `the result has more than ${limit} rows`, {
    hint: 'Use LIMIT, a stream or a cursor; the limit is the option maxResultRows.',
  });
}
