/**
 * Faults of every kind while each kind of work runs: short workloads that end with it, struck at operations of that last
 * step alone (see case.ts). Every kind of work meets every fault that can strike one of its operations.
 */
import { expect, test } from 'vitest';
import { operationsOf, runCase } from './case.ts';
import { WORKS } from './step.ts';
import { FAULTS, metTable, newTally, summary } from './tally.ts';

/** Operations of a step that are struck by each fault: first, last and evenly between. */
const STRUCK = 3;
const SEED = 31;
/** Besides those of the preparation. */
const COMMITS = 6;

test('every fault in every kind of work', async () => {
  const tally = newTally();
  for (const [i, work] of WORKS.entries()) {
    const seed = SEED + i * 2;
    const { last, end } = await operationsOf(seed, COMMITS, work);
    for (const [f, fault] of FAULTS.entries())
      for (let n = 0; n < Math.min(STRUCK, end - last); n++) {
        // Each fault at places of its own, so that all of them together meet most.
        const at = last + Math.floor(((n + f / FAULTS.length) * (end - last)) / Math.min(STRUCK, end - last));
        await runCase({ seed, commits: COMMITS, fault, at, work }, tally);
      }
  }
  console.log(`${metTable(tally)}\n${summary(tally)}`);
  for (const work of WORKS)
    for (const fault of ['crash', 'kill', 'short-write', 'flush-fails', 'flush-lies'] as const) {
      // What is rolled back writes nothing; and opening has its own name.
      const strikes = (tally.met.get(`${work}/${fault}`) ?? 0) + (work === 'reopen' ? 1 : 0);
      if (work !== 'nothing') expect(strikes, `${work} ${fault}`).toBeGreaterThan(0);
    }
});
