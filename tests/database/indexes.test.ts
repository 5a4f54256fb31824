/** Indexes on expressions, and partial ones; uniqueness and ON CONFLICT by them. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb } from './helper.ts';

test('a unique index on an expression', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run(`CREATE TABLE person (id int PRIMARY KEY, name text, mail text); CREATE UNIQUE INDEX person_mail ON person (lower(mail));
    INSERT INTO person VALUES (1, 'Ada', 'Ada@Example.org'), (2, 'Ben', NULL), (3, 'Cy', NULL)`);
  expect(await db.code("INSERT INTO person VALUES (4, 'Dan', 'ADA@example.ORG')")).toBe('23505');
  expect(await db.code("UPDATE person SET mail = 'ada@example.org' WHERE id = 2")).toBe('23505');
  expect(await db.rows('SELECT * FROM person WHERE id = 1')).toEqual([['1', 'Ada', 'Ada@Example.org']]);
  await db.run(`INSERT INTO person VALUES (5, 'Ada again', 'ADA@EXAMPLE.ORG')
    ON CONFLICT (lower(mail)) DO UPDATE SET name = excluded.name`);
  expect(await db.rows('SELECT name FROM person WHERE id = 1')).toEqual([['Ada again']]);
  expect(await db.code('INSERT INTO person VALUES (6) ON CONFLICT (upper(mail)) DO NOTHING')).toBe('42P10');
  await db.engine.close();
  db = await openDb(storage);
  expect(await db.code("INSERT INTO person VALUES (4, 'Dan', 'aDa@example.ORG')")).toBe('23505');
  await db.run('ALTER TABLE person RENAME COLUMN mail TO address');
  expect(await db.code("INSERT INTO person VALUES (4, 'Dan', 'aDa@example.ORG')")).toBe('23505');
  await db.run("DROP INDEX person_mail; INSERT INTO person VALUES (4, 'Dan', 'aDa@example.ORG')");
  expect(await db.rows('SELECT count(*) FROM person')).toEqual([['4']]);
  expect(await db.rows('SELECT * FROM person@SEQ:3 WHERE id = 1')).toEqual([['1', 'Ada', 'Ada@Example.org']]);
});

test('an expression index on a table with rows', async () => {
  const db = await openDb();
  await db.run("CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'Y'), (3, 'X')");
  expect(await db.code('CREATE UNIQUE INDEX ON t (lower(b))')).toBe('23505');
  expect(await db.rows('SELECT count(*) FROM t FOR SYSTEM_TIME ALL')).toEqual([['3']]);
  await db.run('DELETE FROM t WHERE a = 3; CREATE UNIQUE INDEX ON t ((a + 1), lower(b))');
  expect(await db.code("INSERT INTO t VALUES (1, 'X')")).toBe('23505');
  await db.run("INSERT INTO t VALUES (2, 'X')");
  expect(await db.rows('SELECT * FROM t ORDER BY a, b')).toEqual([
    ['1', 'x'],
    ['2', 'X'],
    ['2', 'Y'],
  ]);
  expect(await db.code('CREATE INDEX ON t ((random()))')).toBe('42P17');
  expect(await db.code('CREATE INDEX ON t ((nothing + 1))')).toBe('42703');
  expect(await db.rows("SELECT index_name FROM drift.indexes WHERE table_name = 't'")).toEqual([['t_expr_lower_idx']]);
});

test('partial indexes: unique where the predicate holds', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE booking (id int PRIMARY KEY, room int, day date, cancelled boolean NOT NULL DEFAULT false);
    CREATE UNIQUE INDEX one_a_day ON booking (room, day) WHERE NOT cancelled; CREATE INDEX ON booking (day) WHERE cancelled;
    INSERT INTO booking VALUES (1, 7, '2024-01-01', false), (2, 7, '2024-01-01', true), (3, 7, '2024-01-01', true)`);
  expect(await db.code("INSERT INTO booking VALUES (4, 7, '2024-01-01')")).toBe('23505');
  expect(await db.code('UPDATE booking SET cancelled = false WHERE id = 2')).toBe('23505');
  await db.run('UPDATE booking SET cancelled = true WHERE id = 1; UPDATE booking SET cancelled = false WHERE id = 2');
  await db.run(`INSERT INTO booking VALUES (5, 7, '2024-01-01')
    ON CONFLICT (room, day) WHERE NOT cancelled DO UPDATE SET id = 50`);
  expect(await db.rows('SELECT id, cancelled FROM booking ORDER BY id')).toEqual([
    ['1', 't'],
    ['3', 't'],
    ['50', 'f'],
  ]);
  expect(await db.code("INSERT INTO booking VALUES (6, 7, '2024-01-01') ON CONFLICT (room, day) DO NOTHING")).toBe(
    '42P10',
  );
  expect(await db.rows("SELECT id FROM booking WHERE day = '2024-01-01' AND NOT cancelled")).toEqual([['50']]);
  expect(await db.code('CREATE INDEX ON booking (day) WHERE room')).toBe('42804');
  await db.run('ALTER TABLE booking DROP COLUMN cancelled');
  await db.run("INSERT INTO booking VALUES (9, 7, '2024-01-01')");
});

test('an index on an expression finds rows of tables that only have generated columns', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY, k int GENERATED ALWAYS AS (id % 2) STORED);
    INSERT INTO g DEFAULT VALUES; INSERT INTO g DEFAULT VALUES; CREATE UNIQUE INDEX one ON g ((k + 1))`);
  expect(await db.code('INSERT INTO g DEFAULT VALUES')).toBe('23505');
  expect(await db.rows('SELECT id, k FROM g WHERE k + 1 = 2')).toEqual([['1', '1']]);
  expect(await db.code('UPDATE g SET k = 5')).toBe('428C9');
  expect(await db.code('UPDATE g SET id = 5')).toBe('428C9');
  await db.run(
    'CREATE TABLE h (c int GENERATED ALWAYS AS (7) STORED); INSERT INTO h DEFAULT VALUES; CREATE UNIQUE INDEX ON h ((c * 2))',
  );
  expect(await db.code('INSERT INTO h DEFAULT VALUES')).toBe('23505');
});

test('indexes on expressions are named as PostgreSQL names them', async () => {
  const db = await openDb();
  await db.run(`CREATE TYPE ct AS (a int, b text); CREATE TABLE x (k ct, t text, n int, j jsonb, a int[], d date);
    CREATE INDEX ON x (((k).a)); CREATE INDEX ON x ((t::int)); CREATE INDEX ON x ((a[1]));
    CREATE INDEX ON x ((CASE WHEN n > 1 THEN 2 END)); CREATE INDEX ON x ((coalesce(n, 1)), (n + 1), lower(t), (nullif(n, 2)));
    CREATE INDEX ON x ((extract(year from d))); CREATE INDEX ON x ((ARRAY[n]), (n - 1), (n + 1), (greatest(n, 2)))`);
  const names = await db.rows("SELECT indexname FROM pg_indexes WHERE tablename = 'x' ORDER BY 1");
  expect(names.flat()).toEqual([
    'x_a_idx',
    'x_a_idx1',
    'x_array_expr_expr1_greatest_idx',
    'x_case_idx',
    'x_coalesce_expr_lower_nullif_idx',
    'x_extract_idx',
    'x_t_idx',
  ]);
  expect(
    await db.rows(
      "SELECT attname FROM pg_attribute WHERE attrelid = 'x_array_expr_expr1_greatest_idx'::regclass ORDER BY attnum",
    ),
  ).toEqual([['array'], ['expr'], ['expr1'], ['greatest']]);
  await db.engine.close();
});
