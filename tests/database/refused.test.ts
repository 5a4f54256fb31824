/** Statements that are refused, with PostgreSQL 15's SQLSTATE. Each starts from the same small schema. */
import { beforeAll, expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

let db: Db;
beforeAll(async () => {
  db = await openDb();
  await db.run(`
    CREATE TABLE t (id int PRIMARY KEY, a int);
    CREATE INDEX idx ON t (a);
    CREATE VIEW v AS SELECT id FROM t;
    CREATE MATERIALIZED VIEW mv AS SELECT id FROM t`);
});

test.each([
  // Of another kind than the statement says.
  ['DROP TABLE idx', '42809'],
  ['DROP MATERIALIZED VIEW idx', '42809'],
  ['DROP INDEX t', '42809'],
  ['DROP INDEX mv', '42809'],
  ['DROP INDEX nothing', '42704'],
  // Names of PostgreSQL's own columns.
  ['CREATE TABLE s (v int, cmin int)', '42701'],
  ['ALTER TABLE t ADD COLUMN ctid int', '42701'],
  // Series without an end or a beginning.
  ["SELECT * FROM generate_series(0::numeric, 'nan'::numeric)", '22023'],
  ["SELECT * FROM generate_series('infinity'::numeric, 1)", '22023'],
  ["SELECT * FROM generate_series(0::numeric, 10, '-infinity'::numeric)", '22023'],
  // Numbers too small for their type.
  ['SELECT exp(-10000::float8)', '22003'],
  ['SELECT power(3::float8, -10000)', '22003'],
  ["SELECT '1e-70'::float8::float4", '22003'],
  ['SELECT (-1)::int8::oid', '22003'],
  // Not PostgreSQL's syntax.
  ['INSERT INTO t (id, a) DEFAULT VALUES', '42601'],
  ['SELECT id FROM t FETCH NEXT 1 + 1 ROWS ONLY', '42601'],
  ['SELECT 1::float4(3)', '42601'],
  ['SELECT $1::int', '42P02'],
])('%s', async (sql, code) => {
  expect(await db.code(sql)).toBe(code);
});

test.each([
  ['SELECT (-1)::int4::oid', '4294967295'],
  ["SELECT sign('NaN'::float8)", '0'],
  ["SELECT exp('-infinity'::float8)", '0'],
  ['SELECT count(*) FROM (SELECT id FROM t FETCH NEXT (1 + 1) ROWS ONLY) x', '0'],
  ["SELECT 'x' LIKE repeat('x', 367416)", 'f'],
])('%s', async (sql, value) => {
  expect(await db.rows(sql)).toEqual([[value]]);
});
