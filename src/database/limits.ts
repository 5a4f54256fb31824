/** Limits that an opening of a database sets for its statements (docs/api.md): what exceeds one is refused, with its SQLSTATE. */
import { DriftError } from '../base/error.ts';
import type { Core } from './core.ts';

/** Characters of a statement or script. */
const DEFAULT_STATEMENT_LENGTH = 67_108_864;

/** 54000 for a statement that is too long, else 53300. */
export function limitError(text: string, { options }: Pick<Core, 'options'>): DriftError {
  const limit = options.maxStatementLength ?? DEFAULT_STATEMENT_LENGTH;
  if (text.length > limit) {
    return new DriftError('54000', `statement is too long: ${text.length} characters, the limit is ${limit}`, {
      hint: 'Send big data by COPY or in several statements; the limit is the option maxStatementLength.',
    });
  }
  return new DriftError('53300', 'too many statements are running already', {
    detail: `The limit is ${options.maxConcurrentQueries} at a time (maxConcurrentQueries).`,
  });
}
