/** Fuzzes the readers of files: `npm run fuzz:files` (scripts/fuzz-files.mjs), and a share of it in `npm test`. */
import { Random } from '../../../src/base/random.ts';
import { makeSubject } from './subject.ts';
import { TARGETS } from './targets.ts';

export interface Plan {
  readonly seed: number;
  readonly mutations: number;
  /** Number of the first one: to see one of them again. Default 0. */
  readonly first?: number | undefined;
  readonly seconds: number;
  readonly log: (line: string) => void;
}

/** One mutation must not compute longer. */
const LIMIT_MS = 5000;
/** What has taken so long, where other programs run too, has not hung up to now. */
const HANG_MS = 60_000;
/** Nor may a reader ask for more memory than this at once: the files have some 100 KB. */
const LIMIT_BYTES: number = 96 * 1024 * 1024;

export interface Tally {
  mutations: number;
  readonly outcomes: Map<string, number>;
  readonly failures: string[];
}

/** Runs mutations until their number or the time is reached. The same seed gives the same ones. */
export async function fuzzFiles({ seed, mutations, first = 0, seconds, log }: Plan): Promise<Tally> {
  const subject = await makeSubject();
  const wheel = Object.entries(TARGETS).flatMap(([name, { weight }]) => new Array<string>(weight).fill(name));
  const tally: Tally = { mutations: 0, outcomes: new Map(), failures: [] };
  const release = watchAllocations();
  const end = performance.now() + seconds * 1000;
  try {
    for (let n = first; n < first + mutations && performance.now() < end && tally.failures.length < 20; n++) {
      const random = new Random(seed * 1_000_003 + n);
      const name = wheel[random.uint32() % wheel.length] as string;
      const began = computedMs();
      try {
        const outcome = await inTime((TARGETS[name] as (typeof TARGETS)[string]).run(subject, random));
        const key = `${name}: ${outcome}`;
        tally.outcomes.set(key, (tally.outcomes.get(key) ?? 0) + 1);
        const took = computedMs() - began;
        if (took > LIMIT_MS) throw new Error(`took ${Math.round(took)} ms`);
      } catch (error) {
        const { message, stack } = error as Error;
        tally.failures.push(`seed ${seed}, mutation ${n} (${name}): ${message}`);
        log(`FAILED seed ${seed}, mutation ${n} (${name}): ${stack ?? message}`);
        // What hangs runs on and would be counted against all that follow.
        if (error instanceof Hang) break;
      }
      tally.mutations++;
    }
  } finally {
    release();
  }
  return tally;
}

class Hang extends Error {}

/** Readers pause, so that a timer runs while one of them goes round for ever. */
async function inTime<T>(work: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Hang('it does not end')), HANG_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function summary({ mutations, outcomes, failures }: Tally): string {
  const parts = [...outcomes].map(([name, count]) => `${name} ${count}`).sort();
  return `${mutations} mutations, ${failures.length} failed (${parts.join(', ')})`;
}

const WATCHED = [
  'ArrayBuffer',
  'Uint8Array',
  'Int32Array',
  'Uint32Array',
  'Float64Array',
  'BigInt64Array',
  'Array',
] as const;

/** Makes constructors throw where somebody asks for more than the limit; returns what ends it. */
function watchAllocations(): () => void {
  const scope = globalThis as unknown as Record<string, new (...args: unknown[]) => object>;
  const own = WATCHED.map((name) => scope[name] as new (...args: unknown[]) => object);
  WATCHED.forEach((name, i) => {
    const constructor = own[i] as new (...args: unknown[]) => object;
    const unit =
      (constructor as unknown as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? (name === 'Array' ? 8 : 1);
    scope[name] = new Proxy(constructor, {
      construct(target, args, newTarget) {
        const [size] = args as unknown[];
        if (args.length === 1 && typeof size === 'number' && size * unit > LIMIT_BYTES)
          throw new Error(`an allocation of ${size * unit} bytes`);
        return Reflect.construct(target, args, newTarget) as object;
      },
    });
  });
  return () => {
    WATCHED.forEach((name, i) => {
      scope[name] = own[i] as new (...args: unknown[]) => object;
    });
  };
}

/** Of this process: others on the machine do not count. */
function computedMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
