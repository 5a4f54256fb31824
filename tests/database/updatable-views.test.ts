/** Changes through views, as PostgreSQL 15 makes and refuses them. */
import { expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

async function fixture(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id serial PRIMARY KEY, a int, b text DEFAULT 'd', c int CHECK (c < 1000));
    INSERT INTO t (a, b, c) VALUES (1, 'x', 10), (2, 'y', 20), (3, 'z', 30);
    CREATE VIEW v AS SELECT id, a AS aa, upper(b) AS ub, b AS bb FROM t WHERE a < 10`);
  return db;
}

test('rows come in, change and go under the names of the view', async () => {
  const db = await fixture();
  expect(await db.rows('INSERT INTO v (aa) VALUES (5) RETURNING *')).toEqual([['4', '5', 'D', 'd']]);
  expect(await db.rows("UPDATE v AS w SET bb = w.ub || '!', aa = 99 WHERE w.id = 1 RETURNING *")).toEqual([
    ['1', '99', 'X!', 'X!'],
  ]);
  // Not a row of the view any more.
  expect(await db.rows('UPDATE v SET aa = 0 WHERE id = 1 RETURNING 1')).toEqual([]);
  expect(await db.rows('DELETE FROM v USING t WHERE v.id = t.id AND t.a = 3 RETURNING v.ub')).toEqual([['Z']]);
  await db.run('INSERT INTO v VALUES (100, 7); INSERT INTO v SELECT 300, 3');
  expect(await db.rows('SELECT id, a FROM t ORDER BY id')).toEqual([
    ['1', '99'],
    ['2', '2'],
    ['4', '5'],
    ['100', '7'],
    ['300', '3'],
  ]);
});

test('ON CONFLICT through a view of a view, with its check option', async () => {
  const db = await fixture();
  await db.run(`CREATE VIEW l AS SELECT aa, id FROM v WHERE aa > 1 WITH LOCAL CHECK OPTION;
    CREATE VIEW k AS SELECT aa, id FROM v WHERE aa > 1 WITH CASCADED CHECK OPTION`);
  expect(await db.code('INSERT INTO l VALUES (0, 500)')).toBe('44000');
  await db.run('INSERT INTO l VALUES (50, 500)');
  expect(await db.code('INSERT INTO k VALUES (50, 501)')).toBe('44000');
  await db.run('INSERT INTO k VALUES (9, 501)');
  const upsert = 'INSERT INTO k AS q VALUES (9, 501) ON CONFLICT (id) DO UPDATE SET aa =';
  expect(await db.rows(`${upsert} excluded.aa - 1 RETURNING *`)).toEqual([['8', '501']]);
  expect(await db.rows(`${upsert} q.aa + 1 WHERE q.aa < 100 RETURNING q.aa`)).toEqual([['9']]);
  expect(await db.code(`${upsert} q.aa * 100`)).toBe('44000');
  // Null is no row of the view.
  expect(await db.code('UPDATE k SET aa = NULL')).toBe('44000');
  await db.run('CREATE VIEW o WITH (check_option = local) AS SELECT a FROM t WHERE a = 1');
  expect(await db.code('INSERT INTO o VALUES (2)')).toBe('44000');
  await db.run('ALTER VIEW o RESET (check_option); INSERT INTO o VALUES (2)');
});

test('what cannot be changed says why', async () => {
  const db = await fixture();
  const queries = [
    'SELECT DISTINCT a FROM t',
    'SELECT a, count(*) FROM t GROUP BY a',
    'SELECT count(*) FROM t',
    'SELECT t.a FROM t JOIN t u USING (id)',
    'SELECT a FROM t LIMIT 1',
    'SELECT a FROM t UNION SELECT 1',
    'SELECT a, row_number() OVER () FROM t',
    'SELECT * FROM (SELECT * FROM t) q',
  ];
  for (const query of queries) {
    await db.run(`CREATE OR REPLACE VIEW n AS ${query}`);
    expect([query, await db.code('DELETE FROM n')]).toEqual([query, '55000']);
    await db.run('DROP VIEW n');
    expect(await db.code(`CREATE VIEW n AS ${query} WITH CHECK OPTION`)).toBe('0A000');
  }
  expect(await db.code("UPDATE v SET ub = 'q'")).toBe('0A000');
  expect(await db.code("INSERT INTO v (aa, ub) VALUES (6, 'X')")).toBe('0A000');
  expect(await db.code("INSERT INTO v VALUES (101, 7, 'U')")).toBe('0A000');
  expect(await db.code('UPDATE v SET nope = 1')).toBe('42703');
  expect(await db.code('MERGE INTO v USING t ON v.id = t.id WHEN MATCHED THEN DELETE')).toBe('0A000');
  expect(await db.code('UPDATE v SET aa = 1, id = NULL')).toBe('23502');
  expect(await db.code('COPY v FROM stdin;\n1\n\\.\n')).toBe('42809');
});

test('recursive views, renamed columns, defaults of views', async () => {
  const db = await fixture();
  await db.run('CREATE RECURSIVE VIEW r (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM r WHERE n < 4');
  expect(await db.rows('SELECT sum(n) FROM r')).toEqual([['10']]);
  await db.run(`CREATE VIEW w (x, y) AS SELECT a, b FROM t; CREATE VIEW ww AS SELECT x FROM w WHERE x > 2;
    ALTER VIEW w RENAME COLUMN x TO z; ALTER VIEW w ALTER COLUMN y SET DEFAULT 'of the view'`);
  expect(await db.rows('SELECT x FROM ww')).toEqual([['3']]);
  expect(await db.rows('INSERT INTO w (z) VALUES (40) RETURNING *')).toEqual([['40', 'of the view']]);
  await db.run('ALTER VIEW w ALTER y DROP DEFAULT');
  expect(await db.rows('INSERT INTO w (z) VALUES (41) RETURNING y')).toEqual([['d']]);
  expect(await db.code('ALTER VIEW w RENAME z TO y')).toBe('42701');
  expect(await db.code('ALTER VIEW w ALTER nope SET DEFAULT 1')).toBe('42703');
});

test.each([
  // The query's width tells which columns are meant; an expression among them cannot be filled.
  ["INSERT INTO v SELECT 7, 8, 'X'", '0A000'],
  ["INSERT INTO v SELECT 7, 8, 'X', 'x', 5", '0A000'],
  ["INSERT INTO v (id, ub) SELECT 7, 'X'", '0A000'],
  ["INSERT INTO v VALUES (7, 8, 'X')", '0A000'],
  ['INSERT INTO v (id) SELECT 7, 8', '42601'],
  ['INSERT INTO v (id) VALUES (7) ON CONFLICT (ub) DO NOTHING', '42P10'],
])('%s: %s', async (sql, code) => {
  expect(await (await fixture()).code(sql)).toBe(code);
});
