/** What a transaction may not do to tables that it is not done with, and what it locks. Answers are PostgreSQL 15's. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';
import { play } from '../isolation/script.ts';

const SETUP = `CREATE TABLE p (id int PRIMARY KEY, v int); INSERT INTO p VALUES (1, 1), (2, 2);
  CREATE TABLE c (id int, p int CONSTRAINT fk REFERENCES p DEFERRABLE INITIALLY DEFERRED)`;

const CURSOR = 'DECLARE x CURSOR FOR SELECT * FROM p';
const USED = 'because it is being used by active queries in this session';
const PENDING = 'because it has pending trigger events';

test.each([
  [CURSOR, 'DROP TABLE p', `cannot DROP TABLE "p" ${USED}`],
  [CURSOR, 'ALTER TABLE p ADD COLUMN n int', `cannot ALTER TABLE "p" ${USED}`],
  [CURSOR, 'TRUNCATE p', `cannot TRUNCATE "p" ${USED}`],
  [CURSOR, 'CREATE INDEX ON p (v)', `cannot CREATE INDEX "p" ${USED}`],
  [`${CURSOR}; CLOSE x`, 'CREATE INDEX ON p (v)', null],
  [CURSOR, 'ALTER TABLE c ADD COLUMN n int', null],
  ['INSERT INTO c VALUES (1, 9)', 'TRUNCATE c', `cannot TRUNCATE "c" ${PENDING}`],
  ['INSERT INTO c VALUES (1, 9)', 'ALTER TABLE c DROP CONSTRAINT fk', `cannot ALTER TABLE "c" ${PENDING}`],
  ['DELETE FROM p WHERE id = 1', 'DROP TABLE p CASCADE', `cannot DROP TABLE "p" ${PENDING}`],
  ['INSERT INTO c VALUES (1, NULL)', 'ALTER TABLE c ADD COLUMN n int', null],
  ['INSERT INTO c VALUES (1, 1); SET CONSTRAINTS fk IMMEDIATE', 'ALTER TABLE c ADD COLUMN n int', null],
])('%s; %s', async (before, definition, message) => {
  const db = await openDb();
  await db.run(`${SETUP}; BEGIN; ${before}`);
  const answer = await db.session.execute(definition).then(
    () => null,
    ({ code, message: said }: { readonly code: string; readonly message: string }) => `${code}: ${said}`,
  );
  expect(answer).toBe(message === null ? null : `55006: ${message}`);
});

test('LOCK TABLE of a view locks what it reads; rows that refer lock the table of their parents', async () => {
  const players = await play(
    `${SETUP}; CREATE VIEW v AS SELECT * FROM p; CREATE VIEW w AS SELECT id FROM v; CREATE INDEX ix ON p (v);
     CREATE MATERIALIZED VIEW m AS SELECT 1 AS one`,
    `T1: BEGIN
     T1: LOCK TABLE w IN SHARE MODE
     T2: UPDATE p SET v = 0 WHERE id = 1           -- waits
     T1: COMMIT                                    -- T2: 1
     T1: BEGIN
     T1: LOCK TABLE ix                             -- 42809
     T1: ROLLBACK
     T1: BEGIN
     T1: LOCK TABLE m                              -- 42809
     T1: ROLLBACK
     T1: DO $$ BEGIN LOCK TABLE p; END $$
     T1: BEGIN
     T1: LOCK TABLE p IN EXCLUSIVE MODE
     T2: INSERT INTO c VALUES (1, 1)               -- waits
     T1: COMMIT                                    -- T2: 1
     T1: BEGIN READ ONLY
     T1: SELECT id FROM p WHERE id = 1 FOR READ ONLY -- 1`,
  );
  const error: unknown = await players
    .session('T1')
    .execute('TABLE p FOR SHARE')
    .catch((reason: unknown) => reason);
  expect(error).toMatchObject({ message: 'cannot execute SELECT FOR SHARE in a read-only transaction' });
  await players.close();
});
