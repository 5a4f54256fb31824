/** The evaluation context of a helper: what travels there is immutable, so it asks for nothing that a session has. */
import type { Cancellation } from '../../base/cancel.ts';
import { assert } from '../../base/error.ts';
import { CatalogState } from '../../catalog/catalog.ts';
import type { EvalContext } from '../../sql/eval-context.ts';

export function helperContext(timeZone: string, cancellation: Cancellation): EvalContext {
  return {
    transactionTime: 0,
    statementTime: 0,
    timeZone,
    cancellation,
    catalog: new CatalogState(0, new Map()),
    snapshot: 0,
    user: '',
    sessionId: 0,
    database: '',
    setting: () => undefined,
    clock: notHere,
    random: notHere,
    setSeed: notHere,
    randomBytes: notHere,
    setSetting: notHere,
    checkDomain: notHere,
    procedures: notHere,
    nextval: notHere,
    currval: notHere,
    lastval: notHere,
    setval: notHere,
    catalogFunction: notHere,
    systemClassOid: notHere,
    systemClassName: notHere,
  };
}

/** What asks for it is not immutable, and must not have travelled. */
function notHere(): never {
  assert(false, 'a helper has no session');
}
