/** The error of moments whose history is not there. Late code (base/part.ts): who asks for such a moment can wait. */
import { DriftError } from '../base/error.ts';

export function noHistory(seq: number, first: number): DriftError {
  return new DriftError('72000', `the state at ${seq} is not there`, {
    detail: `History begins at ${first}.`,
    hint: 'The database was restored from a backup without history.',
  });
}

/** For what has no moments of other lines. */
export function onOtherLine(): DriftError {
  return new DriftError('0A000', 'relations of the system cannot be read on another branch');
}
