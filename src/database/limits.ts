/** Errors of the limits that an opening of a database sets for its statements (docs/api.md, admission.ts). */
import { DriftError } from '../base/error.ts';
import type { EngineOptions } from './api.ts';

/** 54000 for a statement that is too long, else 53300. */
export function limitError(
  text: string,
  { maxConcurrentQueries }: Pick<EngineOptions, 'maxConcurrentQueries'>,
  limit: number,
): DriftError {
  if (text.length > limit) {
    return new DriftError('54000', `statement is too long: ${text.length} characters, the limit is ${limit}`, {
      hint: 'Send big data by COPY or in several statements; the limit is the option maxStatementLength.',
    });
  }
  return new DriftError('53300', 'too many statements are running already', {
    detail: `The limit is ${maxConcurrentQueries} at a time (maxConcurrentQueries).`,
  });
}
