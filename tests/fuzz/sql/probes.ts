/**
 * What is asked again while a failure is made smaller: whether a statement after a script still fails, and how.
 *
 * A script may have a `MOMENT`, a comment between two of its statements: where the past that was asked for is.
 */
import { compare, type Expectation } from './compare.ts';
import { Drift, type Reference } from './engines.ts';
import type { Failure } from './episode.ts';
import { forced, setting } from './paths.ts';
import { type Property, sidesOf, targetsOf } from './sides.ts';

export const MOMENT = '-- the moment that is asked for';

/** A database in which a script has run. */
export interface Probe {
  /** How a statement fails; null where it doesn't. Leaves the data as it is. */
  check(sql: string): Promise<string | null>;
  /** The statements that show it. */
  show(sql: string): readonly string[];
  close(): Promise<void>;
}

export type OpenDrift = () => Promise<Drift>;

export function openProbe(
  failure: Failure,
  script: readonly string[],
  reference: Reference | undefined,
  openDrift: OpenDrift,
): Promise<Probe> {
  if (failure.property !== undefined) return propertyProbe(failure.property, failure.expected, script, openDrift);
  if (failure.check === 'past') return pastProbe(failure.expected, script, openDrift);
  if (reference === undefined) throw new Error('a difference from PostgreSQL needs it');
  return referenceProbe(failure.expected, script, reference, openDrift);
}

async function referenceProbe(
  expected: Expectation,
  script: readonly string[],
  reference: Reference,
  openDrift: OpenDrift,
): Promise<Probe> {
  const drift = await openDrift();
  await reference.reset();
  for (const sql of script) {
    await drift.run(sql);
    await reference.run(sql);
  }
  const inside = drift.inTransaction;
  const mark = inside ? 'SAVEPOINT shrink' : 'BEGIN';
  const back = inside ? 'ROLLBACK TO shrink' : 'ROLLBACK';
  return {
    async check(sql) {
      for (const peer of [drift, reference]) await peer.run(mark);
      const verdict = compare(await drift.run(sql), await reference.run(sql), expected);
      for (const peer of [drift, reference]) await peer.run(back);
      return verdict.kind === 'different' ? verdict.what : null;
    },
    show: (sql) => [sql],
    close: () => drift.engine.close(),
  };
}

/** Runs a script; gives the sequence number at its moment. */
async function runScript(drift: Drift, script: readonly string[]): Promise<number | undefined> {
  let seq: number | undefined;
  for (const sql of script) {
    if (sql === MOMENT) seq = drift.lastSeq;
    else await drift.run(sql);
  }
  return seq;
}

async function propertyProbe(
  property: Property,
  expected: Expectation,
  script: readonly string[],
  openDrift: OpenDrift,
): Promise<Probe> {
  const { kind, off } = property;
  const allowed = new Set(targetsOf(property.sql));
  const drift = await openDrift();
  const seq = await runScript(drift, script);
  return {
    async check(sql) {
      if (kind !== 'paths' && !targetsOf(sql).every((target) => allowed.has(target))) return null;
      const sides = sidesOf(kind, sql);
      if (sides === null || isOpen(sql)) return null;
      const [left, right] = [await forced(drift, off, sides[0], seq), await forced(drift, [], sides[1], seq)];
      const verdict = compare(left, right, expected);
      // What one side refuses and the other never comes to, is not the property's matter.
      const refused = [left, right].some((side) => side.kind === 'error' && side.code.startsWith('42'));
      return verdict.kind === 'different' && !refused ? verdict.what : null;
    },
    show(sql) {
      const [left, right] = sidesOf(kind, sql) ?? [sql, sql];
      const past = seq === undefined ? [] : [`SET drift.as_of = 'SEQ ${seq}'`];
      return [
        ...past,
        ...off.map((name) => setting(name)),
        left,
        ...off.map((name) => `RESET ${name.split(' ')[0]}`),
        right,
      ];
    },
    close: () => drift.engine.close(),
  };
}

/** What was answered at the moment, by a database that ends there, and AS OF it by one that went on. */
async function pastProbe(expected: Expectation, script: readonly string[], openDrift: OpenDrift): Promise<Probe> {
  const then = await openDrift();
  await runScript(then, script.slice(0, script.indexOf(MOMENT)));
  const now = await openDrift();
  const seq = await runScript(now, script);
  await now.engine.checkpoint();
  return {
    async check(sql) {
      if (isOpen(sql)) return null;
      const wanted = await then.run(sql);
      const found = await now.run(sql, seq === undefined ? undefined : { kind: 'seq', seq });
      const verdict = wanted.kind === 'error' ? undefined : compare(found, wanted, expected);
      return verdict?.kind === 'different' ? verdict.what : null;
    },
    show: (sql) => ['CHECKPOINT', `SET drift.as_of = 'SEQ ${seq}'`, sql],
    async close() {
      await then.engine.close();
      await now.engine.close();
    },
  };
}

/** Rows are cut off that no order determines: such a query may answer anything. */
function isOpen(sql: string): boolean {
  const count = (pattern: RegExp): number => sql.match(pattern)?.length ?? 0;
  return count(/\b(?:LIMIT|OFFSET|FETCH)\b/g) > count(/\bORDER BY\b/g);
}
