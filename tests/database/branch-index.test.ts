/** Indexes that a branch makes for tables that it has inherited. */
import { expect, test } from 'vitest';
import { run } from '../../src/base/task.ts';
import { copied } from './branch-copies.ts';
import { type Db, openDb } from './helper.ts';

async function items(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE TABLE item (id int PRIMARY KEY, code text, n int);
    INSERT INTO item SELECT i, 'code ' || i, i % 100 FROM generate_series(1, 2000) i;
    CREATE BRANCH b; USE BRANCH b; UPDATE item SET n = 7 WHERE id = 1; DELETE FROM item WHERE id = 107;
    USE BRANCH main; UPDATE item SET n = 7 WHERE id = 2; USE BRANCH b`);
  return db;
}

/** The query's rows, after a look that its plan uses the index. */
async function byIndex(db: Db, index: string, sql: string): Promise<string[][]> {
  expect(JSON.stringify(await db.rows(`EXPLAIN ${sql}`))).toContain(index);
  return (await db.rows(sql)) as string[][];
}

const SEVENS = 'SELECT id FROM item WHERE n = 7 ORDER BY id';
const WITHOUT_INDEX = 'SELECT id FROM item WHERE n + 0 = 7 ORDER BY id';

test('an index made on a branch finds inherited rows, changed ones and new ones, also after a crash and from segments', async () => {
  const db = await items();
  await db.run('CREATE INDEX by_n ON item (n DESC)');
  const check = async (of: Db, count: number): Promise<void> => {
    await of.run('USE BRANCH b');
    const found = await byIndex(of, 'by_n', SEVENS);
    expect(found).toEqual(await of.rows(WITHOUT_INDEX));
    expect(found.length).toBe(count);
    const top = await byIndex(of, 'by_n', 'SELECT n FROM item WHERE n BETWEEN 6 AND 8 ORDER BY n DESC');
    expect(top.map(([n]) => Number(n))).toEqual(top.map(([n]) => Number(n)).toSorted((x, y) => y - x));
    expect((await of.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
  };
  await check(db, 20);
  await db.run(
    'UPDATE item SET n = 8 WHERE id = 1; INSERT INTO item VALUES (3000, NULL, 7); DELETE FROM item WHERE id = 207',
  );
  await check(db, 19);
  expect(await db.rows('SELECT count(*) FROM item FOR SYSTEM_TIME AS OF SEQ 2 WHERE n = 7')).toEqual([['20']]);
  const crashed = await openDb(copied(db.storage));
  await check(crashed, 19);
  await crashed.run('CHECKPOINT');
  const again = await openDb(copied(crashed.storage));
  await check(again, 19);
  await again.run('UPDATE item SET n = 7 WHERE id < 5; CREATE BRANCH c; USE BRANCH c; DELETE FROM item WHERE id = 3');
  expect(await byIndex(again, 'by_n', SEVENS)).toEqual(await again.rows(WITHOUT_INDEX));
  await again.run('USE BRANCH main');
  expect(JSON.stringify(await again.rows(`EXPLAIN ${SEVENS}`))).not.toContain('by_n');
  expect((await again.rows(SEVENS)).length).toBe(21);
  await again.run(
    'USE BRANCH b; DROP INDEX by_n; CHECKPOINT; USE BRANCH main; DROP BRANCH c; DROP BRANCH b; CHECKPOINT',
  );
  const last = await openDb(copied(again.storage));
  expect((await last.rows(SEVENS)).length).toBe(21);
});

test('CHECK DATABASE looks at the rows and indexes of all branches', async () => {
  const db = await items();
  await db.run('CREATE INDEX by_n ON item (n); ALTER TABLE item ADD CHECK (n >= 0); USE BRANCH main');
  const problems = async (): Promise<unknown[]> =>
    (await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null).map(([object]) => object);
  expect(await problems()).toEqual([]);
  const { core } = await db.engine.inside();
  const seed = [...core.lines.state.objects()].find((object) => 'role' in object && object.role === 'index');
  const table = core.store.table(seed?.id ?? 0);
  const key = table.encodeKey([5, 5]);
  await run(core.store.erase(table.id, new Set([key]), Infinity));
  expect(await problems()).toEqual(['by_n on branch b']);
});

test('unique keys, expressions and new columns can be indexed on a branch, in a transaction and after its rollback', async () => {
  const db = await items();
  await db.run('BEGIN; CREATE UNIQUE INDEX codes ON item (code)');
  expect(await db.code("INSERT INTO item VALUES (4000, 'code 5', 1)")).toBe('23505');
  await db.run('ROLLBACK');
  await db.run("INSERT INTO item VALUES (4000, 'code 5', 1)");
  expect(await db.code('ALTER TABLE item ADD UNIQUE (code)')).toBe('23505');
  await db.run('DELETE FROM item WHERE id = 4000; ALTER TABLE item ADD CONSTRAINT one_code UNIQUE (code)');
  expect(await db.code("INSERT INTO item VALUES (4000, 'code 5', 1)")).toBe('23505');
  await db.run("UPDATE item SET code = 'other' WHERE id = 5; INSERT INTO item VALUES (4000, 'code 5', 1)");
  await db.run(`BEGIN; ALTER TABLE item ADD COLUMN extra int DEFAULT 3; UPDATE item SET extra = id WHERE id < 10;
    CREATE INDEX by_extra ON item (extra); COMMIT; CREATE INDEX by_upper ON item (upper(code))`);
  const crashed = await openDb(copied(db.storage));
  for (const of of [db, crashed]) {
    await of.run('USE BRANCH b; SET enable_seqscan = off');
    expect(await byIndex(of, 'by_extra', 'SELECT id FROM item WHERE extra = 9')).toEqual([['9']]);
    expect(await byIndex(of, 'by_extra', 'SELECT count(*) FROM item WHERE extra = 3')).toEqual([['1992']]);
    expect(await byIndex(of, 'by_upper', "SELECT id FROM item WHERE upper(code) = 'CODE 77'")).toEqual([['77']]);
    expect(await of.code("INSERT INTO item (id, code) VALUES (4001, 'code 6')")).toBe('23505');
    await of.run('USE BRANCH main');
    await of.run("BEGIN; INSERT INTO item VALUES (4001, 'code 6', 1); ROLLBACK");
  }
});

test('CHECK DATABASE knows the indexes of a branch whose parent has dropped its own', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, n int); CREATE INDEX by_n ON t (n);
    INSERT INTO t SELECT i, i FROM generate_series(1, 50) i;
    CREATE BRANCH b; USE BRANCH b; INSERT INTO t VALUES (99, 7); CREATE BRANCH c FROM b; DROP INDEX by_n; USE BRANCH c;
    SET enable_seqscan = off`);
  expect(await db.rows('SELECT id FROM t WHERE n = 7 ORDER BY id')).toEqual([['7'], ['99']]);
  await db.run('USE BRANCH main');
  expect((await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
});
