/**
 * Advisory locks: numbers that programs lock (PostgreSQL, chapter 13.3.5). They wait in the same graph as all others,
 * so they count in deadlocks and end with lock_timeout.
 *
 * A session may hold a lock several times over: as often as it has taken it, and beside that until its transaction
 * ends. Only what the session has taken for itself can be given back by hand.
 */
import type { Host } from '../../base/host.ts';
import type { Task } from '../../base/task.ts';
import type { Transaction } from '../transaction.ts';
import { HeavyLock, type Queued } from './heavy-locks.ts';
import { waitsOf } from './manager.ts';
import type { Party, Wanted } from './party.ts';
import type { LockSpace } from './space.ts';

/** A number of 64 bits in two halves (sub 1), or two of 32 (sub 2); all without signs. */
export interface AdvisoryKey {
  readonly high: number;
  readonly low: number;
  readonly sub: 1 | 2;
}

export interface AdvisoryRequest {
  readonly key: AdvisoryKey;
  readonly shared: boolean;
  /** Until the transaction ends, not the session. */
  readonly transactional: boolean;
  readonly waits: boolean;
}

export const ADVISORY_SHARE = 1;
export const ADVISORY_EXCLUSIVE = 2;

const KIND = {
  conflicts: (mask: number): number => {
    if (mask === 0) return 0;
    return mask === ADVISORY_SHARE ? ADVISORY_EXCLUSIVE : ADVISORY_SHARE | ADVISORY_EXCLUSIVE;
  },
};

export function advisoryModeName(mode: number): string {
  return mode === ADVISORY_SHARE ? 'ShareLock' : 'ExclusiveLock';
}

/** How the lock space names it. */
function idOf({ high, low, sub }: AdvisoryKey): string {
  return `${high},${low},${sub}`;
}

export function advisoryKey(id: string): AdvisoryKey {
  const [high = 0, low = 0, sub = 1] = id.split(',').map(Number);
  return { high, low, sub: sub === 2 ? 2 : 1 };
}

/** Takes a lock; false where others are in the way and it does not wait. */
export function* lockAdvisory(
  space: LockSpace,
  host: Host,
  owner: Transaction,
  { key, shared, transactional, waits }: AdvisoryRequest,
): Task<boolean> {
  const { party } = owner;
  const id = idOf(key);
  const mode = shared ? ADVISORY_SHARE : ADVISORY_EXCLUSIVE;
  let lock = space.advisory.get(id);
  if (lock === undefined) space.advisory.set(id, (lock = new HeavyLock(KIND)));
  const queued: Queued = { party, mode };
  lock.queue.push(queued);
  try {
    // Who holds the mode has it at once, whoever waits.
    while ((lock.maskOf(party) & mode) === 0) {
      const blockers = lock.inTheWay(party, mode, queued);
      if (blockers.length === 0) break;
      if (!waits) return false;
      yield* waitsOf(space, host).until(party, blockers, wantedOf(key, mode));
    }
    lock.take(party, mode);
  } finally {
    lock.queue.splice(lock.queue.indexOf(queued), 1);
    forgetEmpty(space, id, lock);
  }
  if (transactional) owner.locks.push(() => giveBack(space, id, party, mode));
  else hold(space, party, id, mode);
  return true;
}

function wantedOf({ high, low, sub }: AdvisoryKey, mode: number): Wanted {
  return {
    kind: 'advisory',
    mode: advisoryModeName(mode),
    text: `advisory lock [${DATABASE_OID},${high},${low},${sub}]`,
    key: idOf({ high, low, sub }),
  };
}

/** As pg_database has it. */
const DATABASE_OID = 5;

/** Notes a lock of the session's own. */
function hold(space: LockSpace, party: Party, id: string, mode: number): void {
  const held = (party.held ??= new Map());
  const name = `${mode} ${id}`;
  held.set(name, (held.get(name) ?? 0) + 1);
  party.taken.push(name);
  party.ending = () => unlockAllAdvisory(space, party);
}

/** Gives one of the session's own locks back; false where it has none. */
export function unlockAdvisory(space: LockSpace, party: Party, key: AdvisoryKey, shared: boolean): boolean {
  const id = idOf(key);
  const mode = shared ? ADVISORY_SHARE : ADVISORY_EXCLUSIVE;
  const name = `${mode} ${id}`;
  const count = party.held?.get(name) ?? 0;
  if (count === 0) return false;
  if (count === 1) party.held?.delete(name);
  else party.held?.set(name, count - 1);
  giveBack(space, id, party, mode);
  party.wake();
  return true;
}

/** Gives back what the statement has taken so far: it begins anew, and would take it twice. */
export function unlockTaken(space: LockSpace, party: Party): void {
  for (const name of party.taken.splice(0)) {
    const count = party.held?.get(name) ?? 0;
    if (count === 0) continue;
    if (count === 1) party.held?.delete(name);
    else party.held?.set(name, count - 1);
    const [mode = '', id = ''] = name.split(' ');
    giveBack(space, id, party, Number(mode));
  }
  party.wake();
}

export function unlockAllAdvisory(space: LockSpace, party: Party): void {
  const { held } = party;
  party.held = null;
  for (const [name, count] of held ?? []) {
    const [mode = '', id = ''] = name.split(' ');
    for (let i = 0; i < count; i++) giveBack(space, id, party, Number(mode));
  }
  party.wake();
}

function giveBack(space: LockSpace, id: string, party: Party, mode: number): void {
  const lock = space.advisory.get(id);
  if (lock === undefined) return;
  lock.release(party, mode);
  forgetEmpty(space, id, lock);
}

function forgetEmpty(space: LockSpace, id: string, lock: HeavyLock): void {
  if (lock.isEmpty && space.advisory.get(id) === lock) space.advisory.delete(id);
}
