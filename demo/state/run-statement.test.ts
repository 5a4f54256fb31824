/** Statements run from the console commit with their author and text. */
import { expect, test } from 'vitest';
import { open } from '../../src/entry/node.ts';
import { StatementRunner } from './run-statement.ts';

test('a change is a commit by you with the statement as its message; BEGIN by hand groups', async () => {
  const database = await open('memory://');
  const runner = new StatementRunner();
  const run = (sql: string): Promise<unknown> => runner.run(database, database, sql, new AbortController().signal);
  await run('CREATE TABLE t (id int PRIMARY KEY)');
  await run('-- one\nINSERT INTO t\n  VALUES (1)');
  await run('BEGIN');
  await run('INSERT INTO t VALUES (2)');
  await run('INSERT INTO t VALUES (3)');
  await run('COMMIT');
  await run('CREATE TAG three');
  await run('DELETE FROM t WHERE id = 3');
  const { rows } = await database.query('SELECT author, message FROM drift.transactions ORDER BY seq');
  expect(rows.filter(({ author }) => author === 'you').map(({ message }) => message)).toEqual([
    'CREATE TABLE t (id int PRIMARY KEY)',
    'INSERT INTO t VALUES (1)',
    'CREATE TAG three',
    'DELETE FROM t WHERE id = 3',
  ]);
  await expect(run('INSERT INTO t VALUES (1)')).rejects.toMatchObject({ code: '23505' });
  expect((await database.query('SELECT id FROM t ORDER BY id', [], { rowMode: 'array' })).rows).toEqual([[1], [2]]);
});
