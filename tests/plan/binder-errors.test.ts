/** What the binder refuses: SQLSTATE and the word of the statement at which the error points. */
import { expect, test } from 'vitest';
import { DriftError } from '../../src/base/error.ts';
import { bindSql } from './fixture.ts';

const CASES: readonly (readonly [sql: string, code: string, at: string])[] = [
  ['SELECT nope FROM customer', '42703', 'nope'],
  ['SELECT c.nope FROM customer c', '42703', 'c.nope'],
  ['SELECT z.id FROM customer', '42P01', 'z.id'],
  ['SELECT * FROM nowhere', '42P01', 'nowhere'],
  ['SELECT id FROM customer, orders', '42702', 'id'],
  ['SELECT * FROM customer a, orders a', '42712', ''],
  ['SELECT name FROM customer GROUP BY city', '42803', 'name'],
  ['SELECT id FROM customer WHERE count(*) > 1', '42803', 'count'],
  ['SELECT sum(count(*)) FROM customer', '42803', 'count'],
  ['SELECT rank() FROM customer', '42809', 'rank'],
  ['SELECT id FROM customer WHERE rank() OVER () = 1', '42P20', 'rank'],
  ['SELECT city FROM customer ORDER BY 2', '42P10', '2'],
  ['SELECT DISTINCT city FROM customer ORDER BY name', '42P10', 'name'],
  ['SELECT id FROM customer WHERE name', '42804', 'name'],
  ["SELECT 1 + 'x'", '22P02', "'x'"],
  ['SELECT name + true FROM customer', '42883', '+'],
  ['SELECT nosuch(1)', '42883', 'nosuch'],
  ['SELECT 1 UNION SELECT 2, 3', '42601', 'SELECT 2'],
  ['SELECT (SELECT 1, 2)', '42601', 'SELECT 1'],
  ['SELECT 1::nosuch', '42704', 'nosuch'],
  ["INSERT INTO customer VALUES ('abc')", '22P02', "'abc'"],
  ['INSERT INTO customer (id, nope) VALUES (1, 2)', '42703', 'nope'],
  ['INSERT INTO customer (id, id) VALUES (1, 2)', '42701', 'id)'],
  ['INSERT INTO customer (id) VALUES (1, 2)', '42601', '2)'],
  ['INSERT INTO customer (id) VALUES (now())', '42804', 'now'],
  ['INSERT INTO orders (id) VALUES (1)', '428C9', '1)'],
  ['INSERT INTO customer VALUES (1) ON CONFLICT (city) DO NOTHING', '42P10', 'ON CONFLICT'],
  ['UPDATE customer SET nope = 1', '42703', 'nope'],
  ['UPDATE customer SET name = 1, name = 2', '42601', 'name = 2'],
  ['DELETE FROM spending', '55000', 'spending'],
  ['WITH x AS (SELECT 1), x AS (SELECT 2) SELECT 1', '42712', 'x AS (SELECT 2'],
  ['SELECT * FROM (SELECT 1)', '42601', '(SELECT 1'],
  ['SELECT * FROM (SELECT (WITH d AS (DELETE FROM note RETURNING a) SELECT a FROM d)) s', '0A000', 'd AS'],
];

test.each(CASES)('%s', (sql, code, at) => {
  let error: unknown;
  try {
    bindSql(sql);
  } catch (caught) {
    error = caught;
  }
  expect(error).toBeInstanceOf(DriftError);
  const { code: found, position } = error as DriftError;
  expect(found).toBe(code);
  if (at !== '')
    expect(sql.slice((position ?? 0) - 1)).toMatch(new RegExp(`^${at.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`));
});
