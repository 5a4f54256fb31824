/** `npm run fuzz:sql`: see scripts/fuzz-sql.mjs for the options. */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
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
  /** A file with the counts so far and the next seed, from which a run that was stopped goes on. */
  readonly state?: string | undefined;
  readonly log: (line: string) => void;
}

/** What a long run has behind it. Failures are in its log; here they are counted only. */
interface State {
  readonly next: number;
  readonly failed: number;
  readonly counts: Omit<Tally, 'failures' | 'trace'>;
}

/** Episodes after which PostgreSQL is started anew: its memory only grows. */
const PER_REFERENCE = 500;

/** Runs episodes from a seed on until there were so many cases or minutes. */
export async function fuzz(options: FuzzOptions): Promise<Tally> {
  const { cases, minutes, shrink: shrinks, trace, state, log } = options;
  let reference = await Reference.open();
  const tally = newTally();
  let { seed } = options;
  let failed = 0;
  if (state !== undefined && existsSync(state)) {
    const before = JSON.parse(readFileSync(state, 'utf8')) as State;
    Object.assign(tally, before.counts);
    [seed, failed] = [before.next, before.failed];
    log(`-- goes on at seed ${seed}: ${summary(tally)}`);
  }
  if (trace) tally.trace = log;
  const end = performance.now() + minutes * 60_000;
  let said = performance.now();
  for (let at = seed; tally.cases < cases && performance.now() < end; at++) {
    const before = tally.failures.length;
    if ((at - seed) % PER_REFERENCE === PER_REFERENCE - 1) {
      await reference.close();
      reference = await Reference.open();
    }
    await new Episode(at, reference, tally).run();
    for (const failure of tally.failures.slice(before)) {
      log(`\n-- seed ${failure.seed}, ${failure.check}: ${failure.what}`);
      const script = shrinks ? await shrink(failure, reference) : failure.script.slice(-1);
      log(`${script.join(';\n')};`);
    }
    if (state !== undefined) save(state, at + 1, failed + tally.failures.length, tally);
    if (performance.now() - said > 10_000) {
      said = performance.now();
      log(`-- ${summary(tally)}; next seed ${at + 1}`);
    }
  }
  await reference.close();
  log(summary(tally));
  return tally;
}

function save(file: string, next: number, failed: number, tally: Tally): void {
  const { failures: _, trace: __, ...counts } = tally;
  // Whole or not at all: a run that is stopped while it writes leaves the file before.
  writeFileSync(`${file}.new`, JSON.stringify({ next, failed, counts } satisfies State));
  renameSync(`${file}.new`, file);
}

export function summary(tally: Tally): string {
  const { cases, errors, undetermined, past, properties, failures } = tally;
  return `${cases} cases (${errors} errors, ${undetermined} undetermined, ${properties} properties), ${past} again AS OF: ${failures.length} differences`;
}
