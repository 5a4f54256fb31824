/**
 * Waiting for others: who waits for whom, and the search for cycles.
 *
 * A *party* is whatever does one thing at a time and can hold locks: a session. A task that finds others in its way
 * registers a wait for all of them and yields its promise. When one of them lets go of anything, the wait ends and the
 * task looks again; so an edge of the graph is always the truth, and no queue has to be kept in step with the locks.
 *
 *     for (;;) {
 *       const blockers = inTheWay();                 // synchronous, so nothing changes until the lock is taken
 *       if (blockers.length === 0) return take();
 *       yield* waits.until(party, blockers, what);   // throws 40P01, 55P03, or what cancelled the statement
 *     }
 *
 * A cycle can only be closed by the wait that is being registered: it is looked for then, and the waiter is the victim
 * (40P01), with the cycle in the error's detail. Those who wait look again in the order in which they began to wait.
 */
import { DriftError } from '../../base/error.ts';
import type { Host } from '../../base/host.ts';
import type { Task } from '../../base/task.ts';
import type { Party, Wait, Wanted } from './party.ts';

export class Waits {
  readonly #host: Host;
  /** Waits since the database was opened, and those that ended as a deadlock: for tests and drift.locks. */
  deadlocks = 0;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Waits until one of the blockers lets go of something. */
  *until(party: Party, blockers: readonly Party[], wanted: Wanted): Task<void> {
    party.cancellation?.check();
    const cycle = cycleFrom(party, blockers);
    if (cycle !== null) {
      this.deadlocks++;
      throw deadlock(party, wanted, cycle);
    }
    const { promise, resolve, reject } = settled();
    const end = (): void => {
      party.wait = null;
      for (const blocker of blockers) blocker.waiters.delete(wait);
      resolve();
    };
    const wait: Wait = { party, blockers, wanted, since: this.#host.now(), end };
    party.wait = wait;
    for (const blocker of blockers) blocker.waiters.add(wait);
    const stop = party.cancellation?.onCancel(reject);
    const limit = party.lockTimeoutMs;
    const timer =
      limit <= 0
        ? undefined
        : this.#host.setTimer(limit, () => reject(new DriftError('55P03', 'canceling statement due to lock timeout')));
    try {
      yield promise;
    } finally {
      if (party.wait === wait) {
        end();
        // A wait that was given up may have stood in others' way (a queue for a table).
        party.wake();
      }
      stop?.();
      timer?.();
    }
  }
}

/** The way from a blocker back to the party, both ends included; null where there is none. */
function cycleFrom(party: Party, blockers: readonly Party[]): Wait[] | null {
  const seen = new Set<Party>();
  const path: Wait[] = [];
  const reaches = (at: Party): boolean => {
    if (at === party) return true;
    if (seen.has(at) || at.wait === null) return false;
    seen.add(at);
    path.push(at.wait);
    if (at.wait.blockers.some(reaches)) return true;
    path.pop();
    return false;
  };
  return blockers.some(reaches) ? path : null;
}

function deadlock(party: Party, wanted: Wanted, cycle: readonly Wait[]): DriftError {
  const all = [{ party, wanted }, ...cycle];
  const lines = all.map(({ party: { id }, wanted: { mode, text } }, i) => {
    const next = (all[i + 1] ?? all[0])?.party.id ?? 0;
    return `Process ${id} waits for ${mode} on ${text}; blocked by process ${next}.`;
  });
  return new DriftError('40P01', 'deadlock detected', {
    detail: lines.join('\n'),
    hint: 'The transaction might succeed if retried.',
  });
}

function settled(): {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: Error) => void;
} {
  let resolve: () => void = () => undefined;
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<void>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
