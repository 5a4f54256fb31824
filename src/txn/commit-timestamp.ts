/** Timestamps of commits: later than every one before, and than every time that a reader was answered for. */
import { DriftError } from '../base/error.ts';

/** `given`: the timestamp that the commit asks for, or null; `floor`: the least that can be. In µs. Throws 22023. */
export function commitTimestamp(given: number | null, floor: number, now: () => number): number {
  if (given === null) return Math.max(now(), floor);
  if (!Number.isSafeInteger(given))
    throw new DriftError('22023', `commit timestamp ${given} is not a number of microseconds`);
  if (given < floor) {
    throw new DriftError('22023', 'commit timestamp must be later than the last commit and every time already read', {
      detail: `Given ${given} µs, the earliest possible is ${floor} µs since 1970-01-01 UTC.`,
    });
  }
  if (given > now()) throw new DriftError('22023', 'commit timestamp must not be in the future');
  return given;
}
