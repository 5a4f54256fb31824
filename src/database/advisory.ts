/** pg_advisory_lock and its kin as statements call them. */
import type { Task } from '../base/task.ts';
import type { Value } from '../base/vector.ts';
import type { AdvisoryCall } from '../sql/functions/function.ts';
import { type AdvisoryKey, lockAdvisory, unlockAdvisory, unlockAllAdvisory } from '../txn/lock/advisory.ts';
import type { Scene } from './statement.ts';

/** A void is empty, and not null. */
const VOID = '';

export function* callAdvisory(
  { core, transaction, notices }: Pick<Scene, 'core' | 'transaction' | 'notices'>,
  { advisory, shared, transactional }: AdvisoryCall,
  args: readonly Value[],
): Task<Value> {
  const { locks } = core.manager;
  const { party } = transaction;
  if (advisory === 'unlock all') {
    unlockAllAdvisory(locks, party);
    return VOID;
  }
  const key = keyOf(args);
  if (advisory === 'unlock') {
    const had = unlockAdvisory(locks, party, key, shared);
    if (!had) {
      const message = `you don't own a lock of type ${shared ? 'ShareLock' : 'ExclusiveLock'}`;
      notices.push({ severity: 'WARNING', code: '01000', message });
    }
    return had;
  }
  const waits = advisory === 'lock';
  const taken = yield* lockAdvisory(locks, core.host, transaction, { key, shared, transactional, waits });
  return waits ? VOID : taken;
}

function keyOf([first, second]: readonly Value[]): AdvisoryKey {
  if (second !== undefined) return { high: (first as number) >>> 0, low: (second as number) >>> 0, sub: 2 };
  const whole = BigInt.asUintN(64, BigInt(first as number | bigint));
  return { high: Number(whole >> 32n), low: Number(whole & 0xffff_ffffn), sub: 1 };
}
