/** What an error does to a session's open transaction. */
import type { Open } from './open.ts';

/**
 * What an error does to an open transaction: it takes no more statements, and what it did and locked (since its last
 * savepoint) is taken back at once, so that others need not wait for its ROLLBACK.
 */
export function fail(open: Open): void {
  open.failed = true;
  const last = open.savepoints.at(-1);
  if (last !== undefined) {
    open.transaction.rollbackTo(last.mark);
    return;
  }
  open.transaction.rollback();
  open.transaction.release();
}
