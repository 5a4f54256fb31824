/** Faults of every kind at every I/O operation of short workloads (see case.ts). The medium makes the engine wait, now and then. */
import { expect, test } from 'vitest';
import { runCase } from './case.ts';
import { FAULTS, newTally, summary } from './tally.ts';

test('every fault at every operation of short workloads', async () => {
  const tally = newTally();
  for (const seed of [3]) {
    for (const fault of FAULTS) for (let at = 0; await runCase({ seed, commits: 4, fault, at }, tally); at++);
  }
  // On a medium that counts at a flush: whatever was applied before would be seen.
  for (let at = 0; await runCase({ seed: 4, commits: 3, fault: 'quota', at }, tally); at++);
  // The manifest in force is damaged, and the one before names a log that the checkpoint has emptied: never an empty database.
  await runCase({ seed: 3, commits: 3, fault: 'bit-flip', at: 26 }, tally);
  console.log(summary(tally));
  for (const fault of FAULTS) expect(tally.faults.get(fault), fault).toBeGreaterThan(0);
});
