/** FOR SYSTEM_TIME … OF BRANCH: on any line a statement reads what the same clause reads on that branch. */
import { beforeAll, expect, test } from 'vitest';
import type { Value } from '../../src/base/vector.ts';
import { type Db, openDb } from './helper.ts';

let db: Db;

beforeAll(async () => {
  db = await openDb();
  await db.run(`CREATE TABLE a (id int PRIMARY KEY, n int); CREATE INDEX by_n ON a (n);
    INSERT INTO a VALUES (1, 10), (2, 20), (3, 30);
    CREATE VIEW v AS SELECT id, n AS amount FROM a;
    UPDATE a SET n = 11 WHERE id = 1`);
  await db.run(`CREATE BRANCH b; USE BRANCH b; UPDATE a SET n = 21 WHERE id = 2; DELETE FROM a WHERE id = 3;
    CREATE TAG middle; INSERT INTO a VALUES (4, 40); ALTER TABLE a ADD COLUMN x int DEFAULT 7;
    CREATE OR REPLACE VIEW v AS SELECT id, n * 2 AS amount FROM a; UPDATE a SET x = 8 WHERE id = 4; USE BRANCH main`);
  await db.run(`UPDATE a SET n = 99 WHERE id < 3; DELETE FROM a WHERE id = 1; INSERT INTO a VALUES (6, 60)`);
});

/** Commits: 1 to 5 before the fork at 5, 6 makes the branch, 7 to 13 on it, 14 to 16 on main. */
const CLAUSES = [
  ...[1, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16].map((seq) => `AS OF SEQ ${seq}`),
  "AS OF TAG 'middle'",
  'AS OF TAG middle',
  'AS OF (SELECT_COMMIT)',
  'ALL',
  'BETWEEN SEQ 3 AND SEQ 8',
  'BETWEEN SEQ 5 AND TAG middle',
  'FROM SEQ 5 TO SEQ 13',
  'FROM (SELECT_COMMIT) TO now()',
  'CONTAINED IN (SEQ 3, SEQ 16)',
] as const;
const QUERIES = [
  'SELECT id, n, _seq_from, _seq_to, _sys_from, _sys_to FROM a CLAUSE ORDER BY 1, 3',
  'SELECT id, n FROM a CLAUSE WHERE id = 2 ORDER BY _seq_from',
  'SELECT id, n FROM a CLAUSE WHERE n BETWEEN 20 AND 40 ORDER BY 1, 2',
  'SELECT count(*), sum(n) FROM a CLAUSE',
  'SELECT * FROM v CLAUSE ORDER BY 1, 2',
  'SELECT * FROM (SELECT id, n FROM a) CLAUSE AS s ORDER BY 1, 2',
  'WITH s AS (SELECT n FROM a) SELECT * FROM s CLAUSE ORDER BY 1',
] as const;

/** Its rows, or its SQLSTATE. */
async function answer(sql: string): Promise<unknown> {
  try {
    return await db.rows(sql);
  } catch (error) {
    return (error as { readonly code: string }).code;
  }
}

test.each(CLAUSES)('%s', async (clause) => {
  const [commit] = await db.rows('SELECT committed_at::text FROM drift.transactions WHERE seq = 8');
  const time = commit?.[0] ?? '';
  const period = `FOR SYSTEM_TIME ${clause.replace('SELECT_COMMIT', `TIMESTAMPTZ '${time}'`)}`;
  let some = 0;
  for (const query of QUERIES) {
    await db.run('USE BRANCH b');
    const there = await answer(query.replace('CLAUSE', period));
    const fromThere = await answer(query.replace('CLAUSE', `${period} OF BRANCH b`));
    await db.run('USE BRANCH main');
    const fromHere = await answer(query.replace('CLAUSE', `${period} OF BRANCH b`));
    expect(fromHere, query).toEqual(there);
    expect(fromThere, query).toEqual(there);
    if (Array.isArray(there) && there.length > 0) some++;
  }
  if (clause !== 'AS OF SEQ 1') expect(some).toBeGreaterThan(2);
});

test('parameters, several lines in one statement, and what is refused', async () => {
  const times = 'SELECT n FROM a FOR SYSTEM_TIME AS OF SEQ $1 OF BRANCH $2 WHERE id = $3';
  const read = async (...parameters: Value[]): Promise<unknown> =>
    (await db.rows(times, parameters)).map(([n]) => Number(n));
  expect(await read(7, 'b', 2)).toEqual([21]);
  expect(await read(5, 'b', 2)).toEqual([20]);
  expect(await read(14, 'main', 2)).toEqual([99]);
  expect(await read(14, 'b', 2)).toEqual([21]);
  expect(
    await db.rows(`SELECT m.id, m.n, b.n, o.n FROM a FOR SYSTEM_TIME AS OF SEQ 14 m
      FULL JOIN a FOR SYSTEM_TIME AS OF SEQ 10 OF BRANCH b AS b USING (id)
      FULL JOIN a FOR SYSTEM_TIME AS OF SEQ 4 OF BRANCH main AS o USING (id) ORDER BY coalesce(m.id, b.id, o.id)`),
  ).toEqual([
    ['1', '99', '11', '10'],
    ['2', '99', '21', '20'],
    ['3', '30', null, '30'],
    [null, null, '40', null],
  ]);
  await db.run('CREATE VIEW there AS SELECT id, n FROM a FOR SYSTEM_TIME ALL OF BRANCH b WHERE id = 2');
  expect(await db.rows('SELECT n FROM there ORDER BY n')).toEqual([['20'], ['21']]);
  expect(await db.code('SELECT * FROM a FOR SYSTEM_TIME AS OF SEQ 1000 OF BRANCH b')).toBe('22023');
  expect(await db.code("SELECT * FROM a FOR SYSTEM_TIME AS OF '1999-01-01' OF BRANCH b")).toBe('3D000');
  expect(await db.code('SELECT * FROM a FOR SYSTEM_TIME AS OF SEQ 1 OF BRANCH nope')).toBe('42704');
  expect(await db.code('SELECT * FROM a FOR SYSTEM_TIME AS OF BRANCH b OF BRANCH b')).toBe('0A000');
  expect(await db.code('SELECT x FROM a FOR SYSTEM_TIME AS OF SEQ 9 OF BRANCH b')).toBe('42703');
});
