/**
 * Why a record of pg15-golden is answered otherwise: rules by what the statement is or what DriftDB says of it, first
 * match; what no rule knows is told apart by its codes.
 */
import { type Answer, type Case, sameRows } from './compare.ts';

interface Rule {
  readonly cause: string;
  readonly fits: (found: Case) => boolean;
}

const failed = ({ found }: Case): string => ('code' in found ? `${found.code} ${found.message}` : '');
const refused = ({ wanted }: Case): string =>
  wanted !== null && 'code' in wanted ? `${wanted.code} ${wanted.message}` : '';
const isFailure = (value: Case['found'] | null): value is Extract<Case['found'], { code: string }> =>
  value !== null && 'code' in value;
const answers = ({ wanted, found }: Case): readonly [Answer, Answer] | null =>
  wanted === null || isFailure(wanted) || isFailure(found) ? null : [wanted, found];

/** OIDs from here on are given to what users make, in the order in which they make it. */
const FIRST_OWN = 16384;

const onlyOwnOids = (found: Case): boolean => {
  const both = answers(found);
  if (both === null || !sameRows(both[0].rows, both[1].rows, true)) return false;
  return both[0].fields.every(
    ([name, oid], i) =>
      both[1].fields[i]?.[0] === name &&
      (both[1].fields[i][1] === oid || (oid >= FIRST_OWN && both[1].fields[i][1] >= FIRST_OWN)),
  );
};

const onlyOrder = (found: Case): boolean => {
  const both = answers(found);
  return both !== null && sameRows(both[0].rows, both[1].rows, true) && !sameRows(both[0].rows, both[1].rows, false);
};

const RULES: readonly Rule[] = [
  {
    cause: 'the order of rows that a query without ORDER BY gives',
    fits: onlyOrder,
  },
  { cause: "the OIDs of users' own types, which PostgreSQL numbers as it goes", fits: onlyOwnOids },
  {
    cause: 'there is one database: CREATE, ALTER, DROP DATABASE, and what names another one',
    fits: (found) =>
      /^\s*(create|alter|drop|comment on|grant .* on|revoke .* on)\s+database/i.test(found.sql) ||
      /database/.test(failed(found)),
  },
  {
    cause: 'what PostgreSQL refuses as syntax and DriftDB has: FOR SYSTEM_TIME, tags',
    fits: ({ sql }) => /system_time|as of|\btag\b/i.test(sql),
  },
  { cause: 'collations', fits: (found) => /collat/i.test(found.sql + failed(found) + refused(found)) },
  {
    cause: 'roles and ownership are recorded and not enforced',
    fits: (found) =>
      /role "|owner|permission denied|privilege/i.test(failed(found) + refused(found)) ||
      /\b(role|owner|privilege)/i.test(found.sql),
  },
  {
    cause: 'isolation levels and read-only transactions',
    fits: (found) => /isolation|read.only|transaction/i.test(found.sql + refused(found)),
  },
  {
    cause: 'functions in languages and from libraries that are not there',
    fits: (found) => /language|extension|load\b/i.test(found.sql) || /language/i.test(failed(found)),
  },
  {
    cause: 'types that are not there: geometry, XML, text search',
    fits: (found) => /type "(point|box|circle|xml|path|line|lseg|polygon|tsvector|tsquery|money)/.test(failed(found)),
  },
  {
    cause: 'sizes in pages, which DriftDB has none of',
    fits: ({ sql }) => /pg_(relation|table|total_relation|indexes)_size/.test(sql),
  },
  {
    cause: 'dates and intervals at the edges of their ranges, and time zones',
    fits: (found) => /interval|timestamp|time zone|::date|date_trunc|to_char|extract/i.test(found.sql),
  },
];

export function causeOf(found: Case): string {
  if (found.kind === 'internal') return `internal error: ${failed(found)}`;
  const rule = RULES.find(({ fits }) => fits(found));
  if (rule !== undefined) return rule.cause;
  const said = isFailure(found.found) ? found.found.code : 'nothing';
  if (isFailure(found.wanted)) return `an error's code: ${found.wanted.code} in PostgreSQL, ${said} in DriftDB`;
  if (isFailure(found.found)) return `refused with ${said}: ${general(found.found.message)}`;
  const both = answers(found);
  const names = both === null || both[0].fields.some(([name], i) => name !== both[1].fields[i]?.[0]);
  if (names) return 'names of columns';
  return both[0].fields.some(([, oid], i) => oid !== both[1].fields[i]?.[1]) ? 'types of columns' : 'values';
}

/** A message without what it names. */
function general(message: string): string {
  return message
    .replaceAll(/".*?"/g, '"…"')
    .replace(/(function|operator does not exist:|operator) .*/, '$1 …')
    .slice(0, 60);
}
