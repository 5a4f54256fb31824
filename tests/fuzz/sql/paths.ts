/**
 * Forced access paths: a planner switch that is off, or the optimizer as a whole, changes how a query is answered, never
 * the answer. One query runs as the planner likes it, then with each of the switches off in turn and with pairs of them,
 * now and AS OF an earlier sequence number.
 */
import type { Choices } from './choices.ts';
import { compare, type Expectation } from './compare.ts';
import type { Drift, Outcome } from './engines.ts';
import { makeQuery, makeWorld } from './query.ts';
import type { Relation } from './relation.ts';
import type { Property } from './sides.ts';

/** A property that does not hold; `past`: the sequence number at which it was asked. */
export interface PropertyFailure {
  readonly what: string;
  readonly property: Property;
  readonly past: number | undefined;
  readonly expected: Expectation;
}

const SWITCHES = [
  'enable_seqscan',
  'enable_indexscan',
  'enable_indexonlyscan',
  'enable_bitmapscan',
  'enable_hashjoin',
  'enable_mergejoin',
  'enable_nestloop',
  'enable_sort',
  'enable_hashagg',
  'enable_eager_aggregate',
  'drift.optimizer',
];

/** Not switched off, but on: tables of forty rows are too small for it otherwise. */
const EARLY_GROUPS = 'min_eager_agg_group_size = 0';

/** Sets of switches that leave one way where there are several. */
const TOGETHER = [
  ['enable_seqscan', 'enable_bitmapscan'],
  ['enable_seqscan', 'enable_indexscan', 'enable_indexonlyscan'],
  ['enable_hashjoin', 'enable_nestloop'],
  ['enable_hashjoin', 'enable_mergejoin'],
  ['enable_mergejoin', 'enable_nestloop', 'enable_seqscan'],
  ['enable_hashagg', 'enable_sort'],
];

const FORCED: readonly (readonly string[])[] = [
  ...SWITCHES.map((name) => [name]),
  ...TOGETHER,
  [EARLY_GROUPS],
  [EARLY_GROUPS, 'enable_hashagg'],
  [EARLY_GROUPS, 'enable_hashjoin'],
];

/** What a switch's statement is; those with a value stand for themselves. */
export const setting = (name: string): string => (name.includes('=') ? `SET ${name}` : `SET ${name} = off`);

/** Runs `sql` with the switches off, and leaves them as they are by default. */
export async function forced(drift: Drift, off: readonly string[], sql: string, seq?: number): Promise<Outcome> {
  for (const name of off) await drift.run(setting(name));
  const outcome = await drift.run(sql, seq === undefined ? undefined : { kind: 'seq', seq });
  for (const name of off) await drift.run(`RESET ${name.split(' ')[0]}`);
  return outcome;
}

/** Switches for a property: none, half of the time. */
export const someSwitches = (c: Choices): readonly string[] => (c.chance(0.5) ? [] : c.pick(FORCED));

export async function paths(
  c: Choices,
  drift: Drift,
  relations: readonly Relation[],
): Promise<PropertyFailure | undefined> {
  const query = makeQuery(c, makeWorld(relations), c.between(0, 3), undefined);
  const past = c.chance(0.3) ? Math.max(1, drift.lastSeq - c.int(12)) : undefined;
  // In a transaction that has failed, nothing is answered.
  if (drift.inTransaction) return undefined;
  const wanted = await forced(drift, [], query.sql, past);
  const expected: Expectation = { sorted: query.sorted, loose: query.loose, strict: false };
  for (const off of FORCED) {
    const found = await forced(drift, off, query.sql, past);
    const verdict = compare(found, wanted, expected);
    if (verdict.kind !== 'different') continue;
    return {
      what: `${verdict.what} (right: all on)`,
      property: { kind: 'paths', sql: query.sql, off },
      past,
      expected,
    };
  }
  return undefined;
}
