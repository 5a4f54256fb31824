/** MERGE, data changes in WITH, ON CONFLICT and assignments: answers as PostgreSQL 15 gives them. */
import { expect, test } from 'vitest';
import { type Db, openDb } from './helper.ts';

async function fixture(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, v int, w text DEFAULT 'd'); CREATE TABLE s (id int, x int);
    INSERT INTO t VALUES (1, 10), (2, 20), (3, 30); INSERT INTO s VALUES (2, 200), (3, 300), (4, 400), (5, NULL)`);
  return db;
}

test('MERGE takes the first clause whose condition holds', async () => {
  const db = await fixture();
  const { affectedRows, command } = await db.session.execute(
    `MERGE INTO t USING s ON t.id = s.id WHEN MATCHED AND s.x > 250 THEN UPDATE SET v = s.x + t.v WHEN MATCHED THEN DELETE
     WHEN NOT MATCHED AND s.x IS NOT NULL THEN INSERT VALUES (s.id, s.x) WHEN NOT MATCHED THEN DO NOTHING`,
  );
  expect([command, affectedRows]).toEqual(['MERGE', 3]);
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', '10', 'd'],
    ['3', '330', 'd'],
    ['4', '400', 'd'],
  ]);
  // The past is as it was.
  expect(await db.rows('SELECT id, v FROM t FOR SYSTEM_TIME AS OF SEQ 4 ORDER BY id')).toEqual([
    ['1', '10'],
    ['2', '20'],
    ['3', '30'],
  ]);
});

test('MERGE refuses what PostgreSQL refuses', async () => {
  const db = await fixture();
  await db.run('INSERT INTO s VALUES (3, 1); CREATE VIEW vv AS SELECT * FROM t');
  const merge = 'MERGE INTO t USING s ON t.id = s.id ';
  expect(await db.code(`${merge} WHEN MATCHED THEN UPDATE SET v = s.x`)).toBe('21000');
  expect(await db.code(`${merge} WHEN MATCHED THEN UPDATE SET v = 1 WHEN MATCHED THEN DELETE`)).toBe('42601');
  expect(await db.code(`${merge} WHEN NOT MATCHED AND t.v > 1 THEN INSERT VALUES (1)`)).toBe('42P01');
  expect(await db.code(`${merge} WHEN NOT MATCHED THEN INSERT (id, v) VALUES (1)`)).toBe('42601');
  expect(await db.code('MERGE INTO t USING t ON true WHEN MATCHED THEN DELETE')).toBe('42712');
  expect(await db.code(`WITH m AS (${merge} WHEN MATCHED THEN DELETE) SELECT 1`)).toBe('0A000');
  expect(await db.rows('SELECT v FROM t ORDER BY id')).toEqual([['10'], ['20'], ['30']]);
});

test('MERGE assigns rows and defaults, and may move keys', async () => {
  const db = await fixture();
  await db.run(`MERGE INTO t AS g USING (SELECT id, sum(x) AS x FROM s GROUP BY id) q ON g.id = q.id
    WHEN MATCHED THEN UPDATE SET (v, w) = (SELECT q.x, 'sub' || g.id), id = g.id + 100 WHEN NOT MATCHED THEN INSERT (id) VALUES (q.id)`);
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', '10', 'd'],
    ['4', null, 'd'],
    ['5', null, 'd'],
    ['102', '200', 'sub2'],
    ['103', '300', 'sub3'],
  ]);
});

test('parts of a statement that change data read one state', async () => {
  const db = await fixture();
  expect(await db.rows('WITH i AS (INSERT INTO t VALUES (4, 40) RETURNING *) SELECT count(*) FROM t')).toEqual([['3']]);
  expect(
    await db.rows(
      'WITH u AS (UPDATE t SET v = v + 1 RETURNING id, v) SELECT t.v, u.v FROM t JOIN u USING (id) ORDER BY id',
    ),
  ).toEqual([
    ['10', '11'],
    ['20', '21'],
    ['30', '31'],
    ['40', '41'],
  ]);
  // The row is changed once, by the part that comes first: the body.
  expect(
    await db.rows('WITH u AS (UPDATE t SET v = 0 WHERE id = 1 RETURNING *) DELETE FROM t WHERE id = 1 RETURNING v'),
  ).toEqual([['11']]);
  await db.run(
    'WITH i AS (INSERT INTO t VALUES (20, 1)), j AS (INSERT INTO t SELECT 21, count(*) FROM t) INSERT INTO t SELECT 22, count(*) FROM t',
  );
  expect(await db.rows('SELECT id, v FROM t WHERE id >= 20 ORDER BY id')).toEqual([
    ['20', '1'],
    ['21', '3'],
    ['22', '3'],
  ]);
});

test('what an open transaction has written before the statement shows in all of its parts', async () => {
  const db = await fixture();
  await db.run('BEGIN; UPDATE t SET v = 5 WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO t VALUES (9, 9)');
  expect(
    await db.rows(
      'WITH u AS (UPDATE t SET v = v * 2 RETURNING id, v), d AS (DELETE FROM s RETURNING 1) SELECT t.id, t.v, u.v, (SELECT count(*) FROM d) FROM t LEFT JOIN u USING (id) ORDER BY id',
    ),
  ).toEqual([
    ['1', '5', '10', '4'],
    ['3', '30', '60', '4'],
    ['9', '9', '18', '4'],
  ]);
  await db.run('COMMIT');
  expect(await db.rows('SELECT id, v FROM t ORDER BY id')).toEqual([
    ['1', '10'],
    ['3', '60'],
    ['9', '18'],
  ]);
});

test('foreign keys are asked for when all parts are done', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p)');
  await db.run('WITH a AS (INSERT INTO c VALUES (1, 10)) INSERT INTO p VALUES (10)');
  await db.run('WITH a AS (DELETE FROM p WHERE id = 10) DELETE FROM c WHERE p = 10');
  expect(await db.rows('SELECT (SELECT count(*) FROM p), (SELECT count(*) FROM c)')).toEqual([['0', '0']]);
  expect(await db.code('WITH a AS (INSERT INTO c VALUES (1, 10)) INSERT INTO p VALUES (11)')).toBe('23503');
  expect(await db.rows('SELECT count(*) FROM p')).toEqual([['0']]);
});

test('row assignments of UPDATE and ON CONFLICT', async () => {
  const db = await fixture();
  expect(await db.rows("UPDATE t SET (v, w) = (SELECT 5, 'q') WHERE id = 2 RETURNING *")).toEqual([['2', '5', 'q']]);
  expect(await db.rows('UPDATE t SET (v, w) = (7, DEFAULT) WHERE id = 2 RETURNING *')).toEqual([['2', '7', 'd']]);
  expect(await db.code('UPDATE t SET (v) = (8)')).toBe('0A000');
  expect(
    await db.rows(
      "INSERT INTO t VALUES (2, 1) ON CONFLICT (id) DO UPDATE SET (v, w) = (SELECT t.v + excluded.v, 'sub') RETURNING *",
    ),
  ).toEqual([['2', '8', 'sub']]);
  const changed = await db.session.execute('WITH q AS (SELECT 1 AS k) UPDATE t SET v = 0 FROM q WHERE id = k');
  expect(changed.affectedRows).toBe(1);
});
