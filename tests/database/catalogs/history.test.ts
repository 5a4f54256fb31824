/** The catalogs at earlier moments, and OIDs that stay the same. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../../src/storage/memory.ts';
import { openDb } from '../helper.ts';

test('AS OF shows relations, columns, constraints and comments of that time', async () => {
  const db = await openDb();
  await db.run(`
    CREATE TABLE t (a int PRIMARY KEY, b text DEFAULT 'x'); COMMENT ON TABLE t IS 'first';
    CREATE TAG one;
    ALTER TABLE t RENAME TO u; ALTER TABLE u DROP COLUMN b; ALTER TABLE u ADD COLUMN c date NOT NULL DEFAULT '2020-01-01';
    COMMENT ON TABLE u IS 'second'; CREATE VIEW v AS SELECT c FROM u; ALTER TABLE u ADD CHECK (a > 0)`);
  const asOf = "FOR SYSTEM_TIME AS OF TAG 'one'";
  const names = (at: string): Promise<unknown> =>
    db.rows(`SELECT relname, relkind FROM pg_class ${at} WHERE relnamespace = 2200 ORDER BY 1`);
  expect(await names(asOf)).toEqual([
    ['t', 'r'],
    ['t_pkey', 'i'],
  ]);
  expect(await names('')).toEqual([
    ['t_pkey', 'i'],
    ['u', 'r'],
    ['v', 'v'],
  ]);
  const columns = (at: string): Promise<unknown> =>
    db.rows(`SELECT column_name, data_type, column_default, is_nullable FROM information_schema.columns ${at}
      WHERE table_name IN ('t', 'u') ORDER BY ordinal_position`);
  expect(await columns(asOf)).toEqual([
    ['a', 'integer', null, 'NO'],
    ['b', 'text', "'x'::text", 'YES'],
  ]);
  expect(await columns('')).toEqual([
    ['a', 'integer', null, 'NO'],
    ['c', 'date', "'2020-01-01'::date", 'NO'],
  ]);
  const checks = (at: string): Promise<unknown> =>
    db.rows(`SELECT count(*) FROM pg_constraint ${at} WHERE contype = 'c'`);
  expect([await checks(asOf), await checks('')]).toEqual([[['0']], [['1']]]);
  const comments = (at: string): Promise<unknown> =>
    db.rows(`SELECT description FROM pg_description ${at} WHERE classoid = 'pg_class'::regclass`);
  expect([await comments(asOf), await comments('')]).toEqual([[['first']], [['second']]]);
});

test('a session in the past sees the catalogs of that time', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (a int); CREATE TAG one; DROP TABLE t');
  await db.run("SET drift.as_of = TAG 'one'");
  expect(await db.rows("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")).toEqual([['1']]);
  expect(await db.rows("SELECT to_regclass('t') IS NULL, 't'::regclass")).toEqual([['f', 't']]);
  await db.run('RESET drift.as_of');
  expect(await db.rows("SELECT to_regclass('t') IS NULL")).toEqual([['t']]);
});

test('OIDs of own objects stay the same over openings, renames and other objects coming and going', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  await db.run(`
    CREATE TABLE gone (a int); CREATE SCHEMA s; CREATE TYPE mood AS ENUM ('a');
    CREATE TABLE s.t (a int PRIMARY KEY, b mood UNIQUE, CHECK (a > 0)); CREATE SEQUENCE q`);
  const sql = `
    SELECT 'class', oid, relname FROM pg_class WHERE oid >= 16384 AND relname <> 'gone'
    UNION ALL SELECT 'type', oid, typname FROM pg_type WHERE oid >= 16384 AND typname NOT LIKE '%gone'
    UNION ALL SELECT 'constraint', oid, conname FROM pg_constraint
    UNION ALL SELECT 'schema', oid, nspname FROM pg_namespace ORDER BY 1, 3`;
  const before = await db.rows(sql);
  const classes = before.filter(([kind]) => kind === 'class').map((row) => Number(row[1]));
  expect(Math.min(...classes)).toBeGreaterThanOrEqual(16384);
  expect(new Set(classes).size).toBe(classes.length);
  await db.run('DROP TABLE gone; CHECKPOINT');
  await db.session.close();
  await db.engine.close();
  const again = await openDb(storage);
  expect(await again.rows(sql)).toEqual(before);
  await again.run('ALTER TABLE s.t RENAME TO renamed');
  expect(await again.rows("SELECT 's.renamed'::regclass::oid")).toEqual([
    [before.find(([kind, , name]) => kind === 'class' && name === 't')?.[1]],
  ]);
  await again.engine.close();
});

test('sizes are those of the files', async () => {
  const db = await openDb();
  await db.run(`
    CREATE TABLE t (a int PRIMARY KEY, b text);
    INSERT INTO t SELECT g, repeat(md5(g::text), 3) FROM generate_series(1, 5000) g;
    CREATE INDEX t_b ON t (b); CHECKPOINT`);
  const [row = []] = await db.rows(
    "SELECT pg_relation_size('t'), pg_indexes_size('t'), pg_total_relation_size('t'), pg_relation_size('t_b'), pg_database_size('drift')",
  );
  const [table = 0, indexes = 0, total = 0, index = 0, database = 0] = row.map(Number);
  expect(table).toBeGreaterThan(5000 * 10);
  expect([indexes, total]).toEqual([index, table + indexes]);
  expect(index).toBeGreaterThan(5000 * 10);
  expect(database).toBeGreaterThanOrEqual(total);
  expect(await db.rows('SELECT pg_size_pretty(10240::bigint), pg_size_pretty(123456789::bigint)')).toEqual([
    ['10 kB', '118 MB'],
  ]);
});

test('pg_settings and pg_stats tell what is in force and known', async () => {
  const db = await openDb();
  await db.run(`SET work_mem = '8MB';
    CREATE TABLE t (a int, b text); INSERT INTO t SELECT g % 3, NULL FROM generate_series(1, 300) g; ANALYZE t`);
  expect(
    await db.rows("SELECT setting, unit, vartype, source, min_val FROM pg_settings WHERE name = 'work_mem'"),
  ).toEqual([['8192', 'kB', 'integer', 'session', '64']]);
  expect(await db.rows("SELECT null_frac, n_distinct FROM pg_stats WHERE tablename = 't' ORDER BY attname")).toEqual([
    ['0', '3'],
    ['1', '0'],
  ]);
  expect(await db.rows("SELECT reltuples FROM pg_class WHERE relname = 't'")).toEqual([['300']]);
});
