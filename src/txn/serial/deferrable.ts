/** SERIALIZABLE READ ONLY DEFERRABLE: waits for a moment at which no writer runs; a snapshot of then needs no watching. */
import type { Host } from '../../base/host.ts';
import type { Task } from '../../base/task.ts';
import { waitsOf } from '../lock/manager.ts';
import type { LockSpace } from '../lock/space.ts';
import type { Transaction } from '../transaction.ts';
import type { SerialSpace } from './serializable.ts';

export function* waitForSafeSnapshot(
  serials: SerialSpace,
  locks: LockSpace,
  host: Host,
  transaction: Transaction,
): Task<void> {
  for (;;) {
    const writers = [...serials.active].filter((other) => !other.transaction.readOnly);
    if (writers.length === 0) return;
    yield* waitsOf(locks, host).until(
      transaction.party,
      writers.map((other) => other.transaction.party),
      { kind: 'transactionid', mode: 'SafeSnapshot', text: 'a snapshot without writers beside it' },
    );
  }
}
