/** W6: queries of analysis over 1,000,000 rows of six columns, and 100,000 to join with. */
import { bigTable, itemTable } from '../harness/data.ts';
import { createTable } from '../harness/engine.ts';
import { type Measure, NotApplicable, timed, type Workload } from '../harness/workload.ts';

/** Identifier, title, SQL, the calibration's figure that bounds it. */
const QUERIES: readonly (readonly [string, string, string, string?])[] = [
  [
    'filter',
    'filter + aggregate',
    'SELECT count(*) AS n, sum(amount) AS amounts FROM big WHERE qty < 25 AND amount > 500',
    'filter',
  ],
  [
    'group-few',
    'group by, 20 groups',
    'SELECT category, count(*) AS n, sum(amount) AS amounts, max(qty) AS most FROM big GROUP BY category ORDER BY category',
    'groupFew',
  ],
  [
    'group-many',
    'group by, 100,000 groups',
    `SELECT count(*) AS n, max(amounts) AS most, min(amounts) AS least FROM
       (SELECT item, sum(amount) AS amounts FROM big GROUP BY item) AS sums`,
    'groupMany',
  ],
  ['top', 'ORDER BY LIMIT 10', 'SELECT id, amount, qty FROM big ORDER BY amount DESC, id LIMIT 10'],
  [
    'sort',
    'sort of all rows',
    `SELECT count(*) AS n, sum(id) AS ids FROM (SELECT id, amount FROM big ORDER BY amount, id LIMIT 1000000000 OFFSET 10)
       AS sorted WHERE amount < 500`,
    'sort',
  ],
  [
    'join',
    'join with 100,000 rows',
    'SELECT count(*) AS n, sum(big.amount * item.price) AS amounts FROM big JOIN item ON item.id = big.item WHERE item.stock < 50',
    'keyLookup',
  ],
  ['like', "LIKE '%x%'", "SELECT count(*) AS n FROM big WHERE note LIKE '%a order 77%'"],
  ['distinct', 'count distinct', 'SELECT count(DISTINCT note) AS n FROM big'],
  [
    'window',
    'window function',
    `SELECT count(*) AS n, sum(amount) AS amounts FROM
       (SELECT amount, row_number() OVER (PARTITION BY category ORDER BY amount DESC, id) AS place FROM big) AS placed
     WHERE place <= 100`,
  ],
];

export const analytic: Workload = {
  id: 'W6',
  title: 'Queries over 1,000,000 rows',
  setup: async (engine, { scale, dialect }) => {
    if (engine.store !== undefined) throw new NotApplicable('no queries');
    for (const table of [bigTable(Math.round(1_000_000 * scale)), itemTable(Math.round(100_000 * scale))]) {
      await engine.exec(createTable(table, dialect));
      await engine.bulk(table);
    }
    // What is asked is the engine at rest, with what its planner wants to know.
    if (dialect === 'postgres' || dialect === 'sqlite') await engine.exec('ANALYZE');
  },
  measures: QUERIES.map(([id, title, sql, limit]): Measure => ({
    id,
    title,
    where: ['worker', 'page'],
    per: 'ms',
    commits: false,
    ...(limit === undefined ? {} : { limit: { of: limit, scaled: true } }),
    run: (engine) => timed(engine, sql),
  })),
};
