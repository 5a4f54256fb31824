/** What stands in the way of DROP. */
import { DriftError } from '../../base/error.ts';
import type { DdlContext } from './context.ts';

/** Says that CASCADE drops something that depends on an object; without it throws 2BP01. `what` is the object's kind and name. */
export function dropDependent(context: DdlContext, what: string, dependent: string, cascade: boolean): void {
  if (cascade) {
    context.notices.push({ severity: 'NOTICE', code: '00000', message: `drop cascades to ${dependent}` });
    return;
  }
  throw new DriftError('2BP01', `cannot drop ${what} because other objects depend on it`, {
    detail: `${dependent} depends on ${what}`,
    hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });
}
