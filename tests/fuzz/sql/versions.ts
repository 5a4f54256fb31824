/**
 * What PGlite's PostgreSQL 18 answers and PostgreSQL 15, which is the reference, does not; and where DriftDB differs on
 * purpose. Each entry is a difference that was looked at; nothing else is passed over.
 */
import type { Outcome } from './engines.ts';

interface VersionDifference {
  readonly since: number;
  readonly what: string;
  readonly fits: (sql: string, drift: Outcome, postgres: Outcome) => boolean;
}

const refuses = (outcome: Outcome, code: string, message: RegExp): boolean =>
  outcome.kind === 'error' && outcome.code === code && message.test(outcome.message);

const DIFFERENCES: readonly VersionDifference[] = [
  {
    since: 17,
    what: 'infinite intervals',
    fits: (sql, drift, postgres) =>
      /infinity/.test(sql) &&
      (refuses(drift, '22008', /^(cannot subtract infinite|interval out of range|timestamp out of range)/) ||
        refuses(drift, '22007', /interval/) ||
        (postgres.kind === 'rows' && postgres.rows.some((row) => row.some((cell) => cell?.includes('infinity'))))),
  },
  {
    since: 17,
    what: 'an empty or endless range that is constant contains a null or not, as the planner sees it',
    fits: (sql, drift, postgres) =>
      drift.kind === postgres.kind && /'(empty|\(,\))'::int4range/.test(sql) && /@>|<@/.test(sql),
  },
  {
    since: 18,
    what: 'a grouping expression that folds to a column which grouping sets make null',
    fits: (sql, drift, postgres) =>
      drift.kind === postgres.kind && /GROUP BY (CUBE|ROLLUP|GROUPING SETS).*CASE WHEN true/.test(sql),
  },
  {
    since: 18,
    what: 'casts between bytea and integers',
    fits: (_sql, drift) =>
      refuses(
        drift,
        '42846',
        /^cannot cast type (bytea to (smallint|integer|bigint)|(smallint|integer|bigint) to bytea)/,
      ),
  },
  {
    since: 18,
    what: 'JSON null cast to a scalar is null',
    fits: (_sql, drift) => refuses(drift, '22023', /^cannot cast jsonb null to type/),
  },
  {
    since: 8,
    what: 'PostgreSQL looks for duplicate keys row by row while it updates; DriftDB when the statement ends',
    fits: (sql, drift, postgres) =>
      /^(?:WITH |UPDATE |MERGE )/.test(sql) && drift.kind === 'rows' && refuses(postgres, '23505', /^duplicate key/),
  },
  {
    since: 15,
    what: 'PostgreSQL does not sort by an outer column that grouping sets make null',
    fits: (sql, drift, postgres) =>
      drift.kind === postgres.kind &&
      /LATERAL \(.*GROUP BY (CUBE|ROLLUP|GROUPING SETS).*ORDER BY.*(LIMIT|OFFSET)/.test(sql),
  },
];

/** The version that brought what differs here; undefined where no entry fits. */
export function versionDifference(sql: string, drift: Outcome, postgres: Outcome): number | undefined {
  return DIFFERENCES.find(({ fits }) => fits(sql, drift, postgres))?.since;
}
