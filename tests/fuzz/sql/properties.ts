/**
 * Properties that need no second database.
 *
 * NoREC (Rigger and Su 2020): WHERE p lets through as many rows as those for which p, in the select list and so out of
 * the optimizer's reach, is true. TLP (same authors): rows for which p is true, false and null are all rows.
 * Partitioning: the rows of a query by remainder of the key, united, are its rows. Each of them also with ways of access
 * forced (paths.ts) on one side, and AS OF an earlier sequence number on both.
 */
import type { Choices } from './choices.ts';
import { compare, type Expectation } from './compare.ts';
import type { Drift } from './engines.ts';
import { condition } from './expression.ts';
import { forced, type PropertyFailure, someSwitches } from './paths.ts';
import { makeFrom, type Relation, subquery, type World } from './relation.ts';
import { makeWorld } from './query.ts';
import { type PropertyKind, sidesOf } from './sides.ts';

export async function property(
  c: Choices,
  drift: Drift,
  relations: readonly Relation[],
): Promise<PropertyFailure | undefined> {
  const world: World = makeWorld(relations);
  const from = makeFrom(c, world, c.int(2), undefined);
  const scope = { columns: from.columns, tables: [], subquery: subquery(world), risky: false };
  const p = condition(c, scope, c.between(1, 3));
  const list = from.columns.map(({ text }, i) => `${text} AS y${i}`).join(', ');
  const [kind, sql] = c.pick<() => [PropertyKind, string]>([
    () => ['norec', `SELECT count(*) FROM ${from.sql} WHERE ${p}`],
    () => ['tlp', `SELECT ${list} FROM ${from.sql} WHERE ${p}`],
    () => ['partition', partitioned(c, world, relations)],
  ])();
  const off = someSwitches(c);
  const past = c.chance(0.3) && !drift.inTransaction ? Math.max(1, drift.lastSeq - c.int(12)) : undefined;
  const sides = sidesOf(kind, sql);
  // A function whose calls have a syntax of their own (substring) was called like others.
  if (sides === null) return undefined;
  const [found, wanted] = [await forced(drift, off, sides[0], past), await forced(drift, [], sides[1], past)];
  const verdict = compare(found, wanted, LOOSE);
  // What one side refuses and the other never comes to, is not the property's matter.
  const refused = [found, wanted].some((outcome) => outcome.kind === 'error' && outcome.code.startsWith('42'));
  return verdict.kind === 'different' && !refused
    ? { what: `${verdict.what} (right side)`, property: { kind, sql, off }, past, expected: LOOSE }
    : undefined;
}

const LOOSE: Expectation = { sorted: false, loose: true, strict: false };

/** A query over one table equals the union of the same over the parts of that table. */
function partitioned(c: Choices, world: World, relations: readonly Relation[]): string {
  const relation = c.pick(relations.filter((candidate) => candidate.keyed));
  const columns = relation.columns.map(({ name, type }) => ({ text: `r.${name}`, type }));
  const p = condition(c, { columns, tables: [], subquery: undefined, risky: false }, 2);
  return `SELECT r.*, ${p} AS p FROM ${relation.name} AS r WHERE ${condition(c, { columns, tables: [], subquery: subquery(world), risky: false }, 2)}`;
}
