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
  // What is named and not there comes before what is not supported, or is not looked at.
  ['GRANT ALL ON nowhere.t TO nobody', '3F000'],
  ['GRANT ALL ON DATABASE nowhere TO nobody', '3D000'],
  ['GRANT SELECT ON information_schema.tables TO nobody', '42704'],
  ['GRANT SELECT ON DATABASE drift TO public', '0LP01'],
  ['ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO nobody', '42704'],
  ['ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SCHEMAS TO public', '0LP01'],
  ['ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO public', '0A000'],
  ['ALTER DATABASE nowhere SET x TO 1', '3D000'],
  ['CREATE DATABASE drift', '42P04'],
  ["CREATE DATABASE d ENCODING = 'nope'", '42704'],
  ['CREATE DATABASE d TEMPLATE nope', '3D000'],
  ['CREATE DATABASE d', '0A000'],
  ["LOAD 'file'", '42501'],
  ["SELECT nextval('nowhere.s')", '3F000'],
  ["SELECT 'a'::nowhere.t", '3F000'],
  ["SELECT 'nowhere.t'::regclass", '3F000'],
  // Of another database.
  ['CREATE TABLE other.public.s (a int)', '0A000'],
  ['INSERT INTO other.public.t VALUES (1)', '0A000'],
  ['SELECT other.pg_catalog.abs(1)', '0A000'],
  ["SELECT 'a'::other.public.text", '0A000'],
  ["SELECT 'a'::one.other.public.text", '42601'],
  ['SELECT 1 OPERATOR(one.other.pg_catalog.+) 1', '42601'],
  // The system's relations, and indexes, take no changes.
  ['ALTER TABLE information_schema.tables ADD COLUMN a int', '42501'],
  ['CREATE INDEX ON pg_class (oid)', '42501'],
  ['DROP TABLE information_schema.tables', '42809'],
  ['DROP TABLE pg_class', '42501'],
  ['DELETE FROM information_schema.tables', '55000'],
  ['DELETE FROM pg_class', '42501'],
  ['INSERT INTO idx VALUES (1)', '42809'],
  // Names of functions and types.
  ["SELECT 'f (a, b)'::regproc", '42602'],
  ["SELECT 'a.'::regtype", '42601'],
  ['ALTER SCHEMA pg_catalog RENAME TO x', '42501'],
  ['ALTER INDEX nothing RENAME TO x', '42P01'],
  ['DROP INDEX nowhere.i', '3F000'],
  ['DROP SUBSCRIPTION s', '42704'],
  ['DROP LANGUAGE s', '42704'],
  ["SELECT pg_relation_size('t', 'x')", '22023'],
  ['CREATE TEMP TABLE short (a int); CREATE MATERIALIZED VIEW m AS SELECT a FROM short', '0A000'],
  // Options.
  ['CREATE TABLE s (a int) WITH (colour = red)', '22023'],
  ['CREATE INDEX ON t (a) WITH (toast.fillfactor = 70)', '22023'],
  ['CREATE TABLE s (a int) WITH (fillfactor = 5)', '22023'],
  ["ALTER TABLE t RESET (fillfactor = '1')", '42601'],
  ['CREATE SEQUENCE s CACHE 0', '22023'],
  ['EXPLAIN (FORMAT) SELECT 1', '42601'],
  ['SET lock_timeout = 1, 2', '22023'],
  ['SET TRANSACTION', '42601'],
  ["SELECT current_setting('nothing', false)", '42704'],
  // What is wrong with the definition comes before the name that is taken.
  ['CREATE TABLE t (a nothing)', '42704'],
  ['CREATE TABLE t AS SELECT nothing()', '42883'],
  ['CREATE VIEW v AS SELECT nothing()', '42883'],
  ['CREATE MATERIALIZED VIEW m AS SELECT 1 AS ctid', '42701'],
  // Functions and values.
  ['SELECT rank(1) FROM t', '42809'],
  ['SELECT sum(id) OVER (ORDER BY now() RANGE 1 PRECEDING) FROM t', '0A000'],
  ["SELECT decode('a a', 'hex')", '22023'],
  ["SELECT '{1}'::int2[]::int2vector", '42846'],
  ["SELECT array_position('{{a}}'::text[], 'a', NULL)", '0A000'],
  // Not PostgreSQL's syntax.
  ['GRANT SELECT, ALL ON t TO public', '42601'],
  ['REVOKE GRANT ON t FROM public', '42601'],
  ['ALTER DEFAULT PRIVILEGES GRANT SELECT ON SOURCES TO public', '42601'],
  ['ALTER SCHEMA a SWAP WITH b', '42601'],
  ['LOAD file', '42601'],
  ['CREATE DATABASE d OPTIONS (a = 1)', '42601'],
  ['SELECT (1, 2)[1]', '42601'],
  ['INSERT INTO t (id, a) DEFAULT VALUES', '42601'],
  ['SELECT id FROM t FETCH NEXT 1 + 1 ROWS ONLY', '42601'],
  ['SELECT 1::float4(3)', '42601'],
  ['SELECT $1::int', '42P02'],
])('%s', async (sql, code) => {
  expect(await db.code(sql)).toBe(code);
});

test('what is not there may be dropped where that is said', async () => {
  await db.run('DROP FUNCTION IF EXISTS f(nothing); DROP SUBSCRIPTION IF EXISTS s; DROP SERVER IF EXISTS s CASCADE');
});

test('an owner may be anybody, of what is there', async () => {
  await db.run("CREATE TYPE letter AS ENUM ('a'); CREATE SEQUENCE numbers; CREATE DOMAIN word AS text");
  await db.run(`ALTER TYPE letter OWNER TO anybody; ALTER SEQUENCE numbers OWNER TO anybody;
    ALTER DOMAIN word OWNER TO anybody; ALTER SCHEMA public OWNER TO anybody; ALTER INDEX idx OWNER TO anybody`);
  expect(await db.code('ALTER TYPE nothing OWNER TO anybody')).toBe('42704');
  expect(await db.code('ALTER SCHEMA nothing OWNER TO anybody')).toBe('3F000');
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
