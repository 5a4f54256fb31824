/** `npm run fuzz:sql`: see scripts/fuzz-sql.mjs for the options. */
import { Reference } from './engines.ts';
import { Episode, newTally, type Tally } from './episode.ts';
import { shrink } from './shrink.ts';

export interface FuzzOptions {
  readonly seed: number;
  readonly cases: number;
  readonly minutes: number;
  /** Shrinks what failed; each takes seconds. */
  readonly shrink: boolean;
  readonly trace: boolean;
  readonly log: (line: string) => void;
}

/** Runs episodes from a seed on until there were so many cases or minutes. */
export async function fuzz({ seed, cases, minutes, shrink: shrinks, trace, log }: FuzzOptions): Promise<Tally> {
  const reference = await Reference.open();
  const tally = newTally();
  if (trace) tally.trace = log;
  const end = performance.now() + minutes * 60_000;
  let said = performance.now();
  for (let at = seed; tally.cases < cases && performance.now() < end; at++) {
    const before = tally.failures.length;
    await new Episode(at, reference, tally).run();
    for (const failure of tally.failures.slice(before)) {
      log(`\n-- seed ${failure.seed}, ${failure.check}: ${failure.what}`);
      const script = shrinks ? await shrink(failure, reference) : failure.script.slice(-1);
      log(`${script.join(';\n')};`);
    }
    if (performance.now() - said > 10_000) {
      said = performance.now();
      log(`-- ${summary(tally)}; next seed ${at + 1}`);
    }
  }
  await reference.close();
  log(summary(tally));
  return tally;
}

export function summary(tally: Tally): string {
  const { cases, errors, undetermined, past, properties, failures } = tally;
  return `${cases} cases (${errors} errors, ${undetermined} undetermined, ${properties} properties), ${past} again AS OF: ${failures.length} differences`;
}
