/** Transactions follow the branch of the session, are signed there, and leave nothing where they fail. */
import { afterAll, expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';
import { NO_COMMITS, readBranches, readCommits } from '../catalog.ts';
import { queryText } from '../database.ts';
import { LineDatabase } from './line-database.ts';
import { commitsOf, currentOf } from './lines.ts';

const database = new LineDatabase(await open('memory://'));
afterAll(() => database.close());

const rows = async (): Promise<unknown> => (await queryText(database, 'SELECT id FROM t ORDER BY id')).rows;

test('a transaction writes to the branch that the session is on', async () => {
  await queryText(database, 'CREATE TABLE t (id int PRIMARY KEY)');
  await queryText(database, 'CREATE BRANCH "My draft"');
  await queryText(database, 'USE BRANCH "My draft"');
  database.current = currentOf(await readBranches(database));
  expect(database.current).toBe('My draft');
  await database.transaction((transaction) => transaction.query('INSERT INTO t VALUES (1)'), {
    author: 'you',
    message: 'one',
  });
  expect(await rows()).toEqual([['1']]);
  const failing = database.transaction(async (transaction) => {
    await transaction.query('INSERT INTO t VALUES (2)');
    await transaction.query('INSERT INTO t VALUES (1)');
  });
  await expect(failing).rejects.toMatchObject({ code: '23505' });
  expect(await rows()).toEqual([['1']]);
  const all = await readCommits(database, NO_COMMITS);
  const own = commitsOf(all, await readBranches(database), 'My draft');
  expect([own.seq, own.author.at(-1), own.message.at(-1), own.branch.at(-1)]).toEqual([
    [1, 3],
    'you',
    'one',
    'My draft',
  ]);
  await queryText(database, 'USE BRANCH main');
  database.current = 'main';
  expect(await rows()).toEqual([]);
  await database.transaction((transaction) => transaction.query('INSERT INTO t VALUES (5)'));
  expect(await rows()).toEqual([['5']]);
});
