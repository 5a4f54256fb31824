/** The simulation by itself, for as long as one likes: `npm run simulate` (scripts/simulate.mjs). */
import { Random } from '../../src/base/random.ts';
import { type Case, operationsOf, runCase } from './case.ts';
import { type Work, WORKS } from './step.ts';
import { type CaseFault, FAULTS, metTable, newTally, summary } from './tally.ts';

/** Commits before the work that a case is about. */
const PREPARED = 6;

export interface Plan {
  readonly minutes: number;
  readonly seed: number;
  /** Commits of a workload; a random number where absent. */
  readonly commits?: number | undefined;
  /** This fault only. */
  readonly fault?: CaseFault | undefined;
  /** One case only: the fault at this operation. */
  readonly at?: number | undefined;
  /** Short workloads that end with this kind of work. */
  readonly work?: Work | undefined;
  readonly log: (line: string) => void;
}

/** Runs cases until the time is over; returns the failures. The same plan gives the same cases. */
export async function simulate(plan: Plan): Promise<readonly string[]> {
  const tally = newTally();
  const failures: string[] = [];
  const attempt = async (it: Case): Promise<boolean> => {
    try {
      return await runCase(it, tally);
    } catch (error) {
      failures.push((error as Error).message);
      plan.log(`FAILED ${(error as Error).message}`);
      if (plan.at !== undefined) plan.log(String(((error as Error).cause as Error).stack));
      return true;
    }
  };
  const faults = plan.fault === undefined ? FAULTS : [plan.fault];
  if (plan.at !== undefined) {
    for (const fault of faults)
      await attempt({ seed: plan.seed, commits: plan.commits ?? 7, fault, at: plan.at, work: plan.work });
    plan.log(summary(tally));
    return failures;
  }
  const end = performance.now() + plan.minutes * 60_000;
  let told = performance.now();
  for (let seed = plan.seed; performance.now() < end && failures.length < 20; seed++) {
    const random = new Random(seed);
    // One workload in four is short and meets every fault at every operation, the others are sampled.
    const isShort = seed % 4 === 0;
    const commits = plan.commits ?? (isShort ? 5 + (random.uint32() % 4) : 15 + (random.uint32() % 40));
    if (plan.fault === 'none') {
      await attempt({ seed, commits, fault: 'none', at: seed });
      continue;
    }
    const work = plan.work ?? (seed % 4 === 2 ? WORKS[(seed >> 2) % WORKS.length] : undefined);
    if (work !== undefined) {
      const { end: behind, last } = await operationsOf(seed, PREPARED, work);
      for (const fault of faults)
        for (let at = last; at < behind && performance.now() < end; at++)
          await attempt({ seed, commits: PREPARED, fault, at, work });
    } else if (isShort) {
      for (const fault of faults)
        for (let at = 0; performance.now() < end && (await attempt({ seed, commits, fault, at })); at++);
    } else {
      const { all: operations } = await operationsOf(seed, commits).catch((error: unknown) => {
        throw new Error(`seed ${seed}, ${commits} commits, without a fault: ${String(error)}`, { cause: error });
      });
      for (let i = 0; i < 4 && performance.now() < end; i++)
        for (const fault of faults) await attempt({ seed, commits, fault, at: random.uint32() % operations });
    }
    if (performance.now() - told > 10_000) {
      told = performance.now();
      plan.log(`seed ${seed}: ${summary(tally)}`);
    }
  }
  plan.log(metTable(tally));
  plan.log(`${summary(tally)}; ${failures.length} failed`);
  return failures;
}
