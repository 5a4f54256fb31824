/** UPDATE and DELETE of the rows with one value of an index take a short path: they do what they do without the index. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { type Db, openDb } from '../database/helper.ts';

const COLUMNS = 'id int PRIMARY KEY, a int, b int, c varchar(8)';

async function pair(): Promise<{ db: Db; both(sql: string): Promise<void>; same(): Promise<void> }> {
  const db = await openDb();
  await db.run(`CREATE TABLE plain (${COLUMNS}); CREATE TABLE indexed (${COLUMNS}); CREATE INDEX ON indexed (a);
    CREATE INDEX ON indexed (b, c)`);
  return {
    db,
    /** Both tables, and both give the same error or none. */
    async both(sql) {
      const ends: string[] = [];
      for (const table of ['plain', 'indexed']) {
        const text = sql.replaceAll('TABLE', table);
        const inBlock = db.session.inTransaction;
        if (inBlock) await db.run('SAVEPOINT one');
        const end = await db.session.execute(text).then(
          ({ affectedRows }) => String(affectedRows),
          (error: unknown) => (error as { code: string }).code,
        );
        if (inBlock) await db.run(/^\d+$/.test(end) ? 'RELEASE one' : 'ROLLBACK TO one; RELEASE one');
        ends.push(end);
      }
      expect(ends[1], sql).toBe(ends[0]);
    },
    async same() {
      const [plain, indexed] = [await db.rows('TABLE plain ORDER BY id'), await db.rows('TABLE indexed ORDER BY id')];
      expect(indexed).toEqual(plain);
    },
  };
}

test('random changes, alone and in transactions with savepoints', async () => {
  const { db, both, same } = await pair();
  const random = new Random(11);
  const n = (limit: number): number => Math.floor(random.next() * limit);
  for (let id = 0; id < 300; id++)
    await both(`INSERT INTO TABLE VALUES (${id}, ${n(60)}, ${id % 7 === 0 ? 'NULL' : n(5)}, 'c${n(9)}')`);
  const condition = (): string =>
    [`a = ${n(60)}`, `b = ${n(5)} AND c = 'c${n(9)}'`, `a = NULL`, `b = ${n(5)}`][n(4)] as string;
  const statement = (): string => {
    switch (n(8)) {
      case 0:
        return `DELETE FROM TABLE WHERE ${condition()}`;
      case 1:
        return `INSERT INTO TABLE VALUES (${300 + n(500)}, ${n(60)}, ${n(5)}, 'c${n(9)}')`;
      case 2:
        return `UPDATE TABLE SET a = a + 1 WHERE ${condition()}`;
      case 3:
        return `UPDATE TABLE SET c = c || 'xy', b = b * 2 % 5 WHERE ${condition()}`;
      case 4:
        return `UPDATE TABLE SET c = coalesce(c, 'none'), a = CASE WHEN b > 2 THEN ${n(60)} ELSE a END WHERE ${condition()}`;
      case 5:
        return `UPDATE TABLE SET id = id + 1000 WHERE a = ${n(60)}`;
      default:
        return `UPDATE TABLE SET b = ${n(5)} WHERE ${condition()}`;
    }
  };
  for (let round = 0; round < 60; round++) {
    const inBlock = n(3) > 0;
    if (inBlock) await db.run('BEGIN');
    for (let step = 0; step < 8; step++) {
      if (inBlock) await db.run('SAVEPOINT s');
      await both(statement());
      if (inBlock && n(3) === 0) await db.run('ROLLBACK TO s');
      await same();
    }
    if (inBlock) await db.run(n(4) === 0 ? 'ROLLBACK' : 'COMMIT');
    await same();
  }
});

test('errors leave nothing, and count no row', async () => {
  const { db, both, same } = await pair();
  for (const row of ["(1, 1, 1, 'x')", "(2, 1, 2, 'y')", "(3, 2, 3, 'z')"])
    await both(`INSERT INTO TABLE VALUES ${row}`);
  await both("UPDATE TABLE SET c = 'far too long' WHERE a = 1");
  await both('UPDATE TABLE SET b = 10 / (b - 2) WHERE a = 1');
  await both('UPDATE TABLE SET b = 2147483647 + b WHERE a = 1');
  await both('UPDATE TABLE SET id = 3 WHERE a = 1');
  await both('DELETE FROM TABLE WHERE a = 9');
  await same();
  expect(await db.rows('SELECT count(*) FROM indexed WHERE a = 1')).toEqual([['2']]);
});

test('rows that others have locked or changed are waited for, and judged again', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, a int, b int); CREATE INDEX ON t (a);
    INSERT INTO t VALUES (1, 1, 0), (2, 1, 0), (3, 2, 0)`);
  const other = db.engine.session();
  await other.script('BEGIN; UPDATE t SET b = 1 WHERE a = 1; UPDATE t SET a = 3 WHERE id = 2');
  const waiting = db.session.execute('UPDATE t SET b = b + 10 WHERE a = 1');
  await other.execute('COMMIT');
  expect((await waiting).affectedRows).toBe(1);
  expect(await db.rows('TABLE t ORDER BY id')).toEqual([
    ['1', '1', '11'],
    ['2', '3', '1'],
    ['3', '2', '0'],
  ]);
  await db.run('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM t');
  await other.execute('UPDATE t SET b = 5 WHERE id = 3');
  expect(await db.code('DELETE FROM t WHERE a = 2')).toBe('40001');
  await db.run('ROLLBACK');
});

test('children of a parent found by index', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE p (id int PRIMARY KEY, k int); CREATE INDEX ON p (k);
    CREATE TABLE c (p int REFERENCES p ON DELETE CASCADE); INSERT INTO p VALUES (1, 7), (2, 7), (3, 8);
    INSERT INTO c VALUES (1), (2), (3); DELETE FROM p WHERE k = 7`);
  expect(await db.rows('TABLE c')).toEqual([['3']]);
});
