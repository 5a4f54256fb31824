/** Branches through the API. */
import { expect, test } from 'vitest';
import type { Database, Transaction } from '../../src/client/database.ts';

export function branchSuite(open: () => Promise<Database>): void {
  test('a session on a branch changes nothing of the others', async () => {
    const db = await open();
    await db.exec(
      'CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1), (2, 2); CREATE BRANCH "a\'b"',
    );
    await expect(db.branch('nope')).rejects.toMatchObject({ code: '42704' });
    const branch = await db.branch("a'b");
    await branch.begin({ author: 'ada', message: 'on the branch' });
    await branch.query('UPDATE t SET n = 10 WHERE id = 1');
    await branch.commit();
    const { rows } = await branch.query('SELECT n FROM t ORDER BY id');
    expect(rows).toEqual([{ n: 10 }, { n: 2 }]);
    expect((await db.query('SELECT n FROM t ORDER BY id')).rows).toEqual([{ n: 1 }, { n: 2 }]);
    expect((await db.query('SELECT author, branch FROM drift.transactions ORDER BY seq DESC LIMIT 1')).rows).toEqual([
      { author: 'ada', branch: "a'b" },
    ]);
    // USE BRANCH is a session's own.
    await db.exec('USE BRANCH "a\'b"');
    const count = (tx: Transaction): Promise<unknown> =>
      tx.query('SELECT n FROM t WHERE id = 1').then(({ rows }) => rows);
    expect(await db.transaction(count)).toEqual([{ n: 1 }]);
    expect(await db.transaction(count, { branch: "a'b" })).toEqual([{ n: 10 }]);
    await expect(db.transaction(count, { branch: 'nope' })).rejects.toMatchObject({ code: '42704' });
    await db.exec('USE BRANCH main');
    await expect(db.exec('DROP BRANCH "a\'b"')).rejects.toMatchObject({ code: '55006' });
    await branch.close();
    await db.exec('MERGE BRANCH "a\'b"; DROP BRANCH "a\'b"');
    expect((await db.query('SELECT n FROM t ORDER BY id')).rows).toEqual([{ n: 10 }, { n: 2 }]);
    await db.close();
  });

  test('undo goes back through the steps of the line', async () => {
    const db = await open();
    await db.exec('CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1); CREATE BRANCH b');
    await db.exec(
      'UPDATE t SET n = 2; USE BRANCH b; UPDATE t SET n = 30; UPDATE t SET n = 31; USE BRANCH main; UPDATE t SET n = 3',
    );
    expect(await db.undo()).toEqual([7]);
    expect((await db.query('SELECT n FROM t')).rows).toEqual([{ n: 2 }]);
    await db.exec('USE BRANCH b');
    expect(await db.undo()).toEqual([6]);
    expect(await db.undo()).toEqual([5]);
    expect((await db.query('SELECT n FROM t')).rows).toEqual([{ n: 1 }]);
    expect(await db.redo()).toEqual([10]);
    expect((await db.query('SELECT n FROM t')).rows).toEqual([{ n: 30 }]);
    await db.close();
  });
}
