/**
 * Shrinks what fails to a small script: the statement by cutting its syntax tree, then the statements before it, the rows
 * they insert and the columns of their tables, as long as it still fails in the same way.
 *
 * Greedy: the first smaller variant that still fails is taken and its variants are tried in turn, until none fails or
 * the budget of tries is used up. What does not fail when it is run again by itself is given as it was.
 */
import { Drift, type Reference } from './engines.ts';
import type { Failure } from './episode.ts';
import { MOMENT, openProbe, type OpenDrift, type Probe } from './probes.ts';
import { smallerTables } from './shrink-schema.ts';
import { smaller } from './smaller.ts';

const TRIES = 1500;

/** The smallest script found, its last statements being those that show the failure. */
export async function shrink(
  failure: Failure,
  reference: Reference | undefined,
  openDrift: OpenDrift = () => Drift.open(),
): Promise<readonly string[]> {
  return new Shrinking(failure, reference, openDrift).run();
}

/** What kind of difference it is: values and names taken out. */
function category(what: string): string {
  const [drift = '', postgres = ''] = what.split('; PostgreSQL: ');
  const counts = /^(\d+) rows; PostgreSQL: (\d+)$/.exec(what);
  if (counts !== null) return Number(counts[1]) > Number(counts[2]) ? 'too many rows' : 'too few rows';
  const part = (text: string): string => text.replace(/"[^"]*"|'[^']*'|\b(?![0-9A-Z]{5}\b)\d+/g, '').slice(0, 25);
  return `${part(drift)};${part(postgres)}`;
}

class Shrinking {
  readonly #failure: Failure;
  readonly #reference: Reference | undefined;
  readonly #openDrift: OpenDrift;
  #category = '';

  constructor(failure: Failure, reference: Reference | undefined, openDrift: OpenDrift) {
    this.#failure = failure;
    this.#reference = reference;
    this.#openDrift = openDrift;
  }

  async run(): Promise<readonly string[]> {
    const { script, property } = this.#failure;
    const sql = property?.sql ?? script.at(-1) ?? '';
    let before: readonly string[] = script.slice(0, -1);
    const what = await this.#with(before, (probe) => probe.check(sql));
    if (what === null) return this.#with(before, (probe) => Promise.resolve([...before, ...probe.show(sql)]));
    this.#category = category(what);
    let last = await this.#smallest(before, sql);
    before = await this.#fewer(before, last);
    for (let at = 0; at < before.length; at++) before = await this.#smallerRows(before, at, last);
    for (let at = 0; at < before.length; at++) before = await this.#smallerTable(before, at, last);
    last = await this.#smallest(before, last);
    before = await this.#fewer(before, last);
    return this.#with(before, (probe) => Promise.resolve([...before, ...probe.show(last)]));
  }

  async #with<T>(before: readonly string[], use: (probe: Probe) => Promise<T>): Promise<T> {
    const probe = await openProbe(this.#failure, before, this.#reference, this.#openDrift);
    try {
      return await use(probe);
    } finally {
      await probe.close();
    }
  }

  async #failsBy(probe: Probe, sql: string): Promise<boolean> {
    let what: string | null;
    try {
      what = await probe.check(sql);
    } catch {
      // A cut that no parser reads.
      return false;
    }
    return what !== null && category(what) === this.#category;
  }

  #fails(before: readonly string[], sql: string): Promise<boolean> {
    return this.#with(before, (probe) => this.#failsBy(probe, sql));
  }

  #smallest(before: readonly string[], sql: string): Promise<string> {
    return this.#with(before, async (probe) => {
      let smallest = sql;
      let tries = 0;
      for (let progress = true; progress;) {
        progress = false;
        for (const candidate of smaller(smallest)) {
          if (tries++ > TRIES) break;
          if (!(await this.#failsBy(probe, candidate))) continue;
          smallest = candidate;
          progress = true;
          break;
        }
      }
      return smallest;
    });
  }

  async #fewer(script: readonly string[], last: string): Promise<readonly string[]> {
    let before = script;
    for (let at = before.length - 1; at >= 0; at--) {
      const fewer = before.toSpliced(at, 1);
      if (before[at] !== MOMENT && (await this.#fails(fewer, last))) before = fewer;
    }
    return before;
  }

  #smallerRows(before: readonly string[], at: number, last: string): Promise<readonly string[]> {
    return this.#first(before, last, function* (script) {
      for (const sql of smaller(script[at] ?? '', true)) yield script.with(at, sql);
    });
  }

  #smallerTable(before: readonly string[], at: number, last: string): Promise<readonly string[]> {
    return this.#first(before, last, (script) => smallerTables(script, at));
  }

  /** The first variant that still fails, then the first of its own, until there is none. */
  async #first(
    before: readonly string[],
    last: string,
    variants: (script: readonly string[]) => Iterable<readonly string[]>,
  ): Promise<readonly string[]> {
    let script = before;
    for (let progress = true; progress;) {
      progress = false;
      for (const candidate of variants(script)) {
        if (!(await this.#fails(candidate, last))) continue;
        script = candidate;
        progress = true;
        break;
      }
    }
    return script;
  }
}
