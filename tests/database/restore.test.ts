/** RESTORE and REVERT TRANSACTION: back by a new commit, which can be undone like any other. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { type Db, openDb } from './helper.ts';

/** Commits: 1, 2 definitions, 3 rows, 4 update, 5 delete and insert. */
async function shop(): Promise<Db> {
  const db = await openDb();
  await db.run('CREATE TABLE customer (id int PRIMARY KEY, name text UNIQUE)');
  await db.run('CREATE TABLE bill (id int PRIMARY KEY, customer int NOT NULL REFERENCES customer, cents int)');
  await db.run(
    "BEGIN; INSERT INTO customer VALUES (1, 'ada'), (2, 'bob'); INSERT INTO bill VALUES (1, 1, 100), (2, 2, 200); COMMIT",
  );
  await db.run("BEGIN; UPDATE customer SET name = 'x' WHERE id = 1; UPDATE bill SET cents = 0; COMMIT");
  await db.run(
    "BEGIN; DELETE FROM bill WHERE id = 2; DELETE FROM customer WHERE id = 2; INSERT INTO customer VALUES (3, 'ada'); INSERT INTO bill VALUES (3, 3, 300); COMMIT",
  );
  return db;
}

async function state(db: Db, seq?: number): Promise<unknown> {
  const at = seq === undefined ? '' : ` FOR SYSTEM_TIME AS OF SEQ ${seq}`;
  return [await db.rows(`SELECT * FROM customer${at} ORDER BY 1`), await db.rows(`SELECT * FROM bill${at} ORDER BY 1`)];
}

test('RESTORE DATABASE brings back all rows of a moment, whatever refers to what', async () => {
  const db = await shop();
  const [then, last] = [await state(db, 3), await state(db, 5)];
  expect(await db.session.execute('RESTORE DATABASE TO SEQ 3', [])).toMatchObject({
    command: 'RESTORE',
    affectedRows: 6,
  });
  expect(await state(db)).toEqual(then);
  expect(await state(db, 5)).toEqual(last);
  expect(await db.rows('SELECT seq, message FROM drift.transactions WHERE seq > 5')).toEqual([
    ['6', 'restore database to 3'],
  ]);
  await db.run('RESTORE DATABASE TO SEQ 5');
  expect(await state(db)).toEqual(last);
  await db.run('RESTORE DATABASE TO SEQ 5');
  expect(await db.rows('SELECT count(*) FROM drift.transactions')).toEqual([['7']]);
});

test('RESTORE TABLE holds the constraints, by tag and time, in a block with changes of its own', async () => {
  const db = await shop();
  // Customer 3 has a bill.
  expect(await db.code('RESTORE TABLE customer TO SEQ 4')).toBe('23503');
  expect(await state(db)).toEqual(await state(db, 5));
  await db.run('CREATE TAG t AS OF SEQ 4');
  await db.run(
    'BEGIN; DELETE FROM bill; INSERT INTO bill VALUES (9, 3, 9); DELETE FROM bill WHERE id = 9; RESTORE TABLE customer TO TAG t; RESTORE TABLE bill TO TAG t; COMMIT',
  );
  expect(await state(db)).toEqual(await state(db, 4));
  expect(await db.code('RESTORE TABLE customer TO SEQ 1000')).toBe('22023');
  expect(await db.code('RESTORE TABLE nothing TO SEQ 1')).toBe('42P01');
  expect(await db.code('BEGIN READ ONLY; RESTORE TABLE bill TO SEQ 4; COMMIT')).toBe('25006');
  await db.run('ROLLBACK');
  expect(await db.code('RESTORE TABLE bill TO SEQ 1')).toBe('42P01');
});

test('columns of the present: renamed ones follow, new ones keep their values, triggers stay quiet', async () => {
  const db = await openDb();
  await db.run(
    'CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED)',
  );
  await db.run('INSERT INTO t (a) VALUES (1), (2), (3)');
  await db.run('ALTER TABLE t RENAME a TO b');
  await db.run("ALTER TABLE t ADD c text DEFAULT 'new'");
  await db.run("UPDATE t SET c = 'kept', b = b * 10 WHERE id < 3");
  await db.run('DELETE FROM t WHERE id = 3');
  await db.run(`CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
    CREATE TRIGGER loud BEFORE INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION loud()`);
  await db.run('RESTORE TABLE t TO SEQ 2');
  expect(await db.rows('SELECT * FROM t ORDER BY id')).toEqual([
    ['1', '1', '2', 'kept'],
    ['2', '2', '4', 'kept'],
    ['3', '3', '6', 'new'],
  ]);
  expect(await db.code('UPDATE t SET b = 1')).toBe('P0001');
});

test('a table without a primary key', async () => {
  const db = await openDb();
  await db.run("CREATE TABLE log (m text); INSERT INTO log VALUES ('a'), ('a'), ('b')");
  await db.run("UPDATE log SET m = 'c' WHERE m = 'b'; DELETE FROM log WHERE m = 'a'; INSERT INTO log VALUES ('d')");
  await db.run('RESTORE TABLE log TO SEQ 2');
  expect(await db.rows('SELECT m FROM log ORDER BY m')).toEqual([['a'], ['a'], ['b']]);
  await db.run('REVERT TRANSACTION 6');
  expect(await db.rows('SELECT m FROM log ORDER BY m')).toEqual([['c'], ['d']]);
});

test('REVERT TRANSACTION takes one commit back, and its own reverting', async () => {
  const db = await shop();
  const last = await state(db);
  expect(await db.session.execute('REVERT TRANSACTION 5', [])).toMatchObject({ command: 'REVERT', affectedRows: 4 });
  expect(await state(db)).toEqual(await state(db, 4));
  await db.run('REVERT TRANSACTION 6');
  expect(await state(db)).toEqual(last);
  expect(await db.rows('SELECT message FROM drift.transactions WHERE seq > 5')).toEqual([['revert 5'], ['revert 6']]);
});

test('conflicts: NOCASCADE lists them, NONCONFLICT_ONLY leaves them, CASCADE reverts what came later', async () => {
  const make = async (): Promise<Db> => {
    const db = await openDb();
    await db.run('CREATE TABLE t (id int PRIMARY KEY, v int)');
    await db.run('INSERT INTO t VALUES (1, 0), (2, 0), (3, 0)');
    await db.run('UPDATE t SET v = 1');
    await db.run('UPDATE t SET v = 2 WHERE id = 1');
    await db.run('BEGIN; DELETE FROM t WHERE id = 1; INSERT INTO t VALUES (4, 4); COMMIT');
    await db.run('UPDATE t SET v = 5 WHERE id = 4');
    return db;
  };
  const rows = (db: Db): Promise<unknown> => db.rows("SELECT string_agg(id || '=' || v, ' ' ORDER BY id) FROM t");
  const db = await make();
  await expect(db.run('REVERT TRANSACTION 3')).rejects.toMatchObject({
    code: '55000',
    detail: 'Later transactions that changed them: 4, 5.',
  });
  await db.run('REVERT TRANSACTION 3 NONCONFLICT_ONLY');
  expect(await rows(db)).toEqual([['2=0 3=0 4=5']]);
  const other = await make();
  await other.run('REVERT TRANSACTION 3 CASCADE');
  expect(await rows(other)).toEqual([['1=0 2=0 3=0']]);
  expect(await other.rows('SELECT message FROM drift.transactions WHERE seq = 7')).toEqual([['revert 3, 4, 5, 6']]);
  expect(await other.code('REVERT TRANSACTION 99')).toBe('22023');
});

test.each([1, 2, 3])('a state that is restored is the state; undoing an undo is nothing; seed %i', async (seed) => {
  const db = await openDb();
  const random = new Random(seed);
  const below = (n: number): number => Math.floor(random.next() * n);
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int)');
  for (let i = 0; i < 25; i++) {
    const [id, v] = [below(12), below(1000)];
    await db.run(
      `BEGIN; INSERT INTO t VALUES (${id}, ${v}) ON CONFLICT (id) DO UPDATE SET v = excluded.v; DELETE FROM t WHERE id = ${below(12)}; INSERT INTO t VALUES (${100 + i}, 0); COMMIT`,
    );
  }
  const at = async (seq?: number): Promise<unknown> =>
    db.rows(`SELECT * FROM t${seq === undefined ? '' : ` FOR SYSTEM_TIME AS OF SEQ ${seq}`} ORDER BY id`);
  for (let i = 0; i < 8; i++) {
    const seq = 2 + below(24);
    await db.run(`RESTORE TABLE t TO SEQ ${seq}`);
    expect(await at(), `restore to ${seq}`).toEqual(await at(seq));
    const before = await at();
    const [last] = await db.rows('SELECT max(seq) FROM drift.transactions');
    await db.run(`REVERT TRANSACTION ${last?.[0]}`);
    const [next] = await db.rows('SELECT max(seq) FROM drift.transactions');
    if (next?.[0] === last?.[0]) continue;
    expect(await at()).toEqual(await at(Number(last?.[0]) - 1));
    await db.run(`REVERT TRANSACTION ${next?.[0]}`);
    expect(await at()).toEqual(before);
  }
});

test('REVERT TRANSACTION of a commit from before other tables, under another name, beside history that is gone', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10); UPDATE t SET v = 11;
    ALTER TABLE t RENAME TO u; CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE w (a int); INSERT INTO w VALUES (1);
    DELETE HISTORY FROM w BEFORE SEQ 7; REVERT TRANSACTION 3`);
  expect(await db.rows('SELECT v FROM u')).toEqual([['10']]);
});

test('UNDO takes a step of more commits than it looks at first', async () => {
  const db = await openDb();
  await db.run("CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0); SET drift.author = 'ada'");
  await db.run(`SET drift.metadata = '{"label": "drag"}'`);
  for (let i = 0; i < 260; i++) await db.session.execute('UPDATE t SET v = v + 1 WHERE id = 1');
  await db.run("RESET drift.author; RESET drift.metadata; UNDO AUTHOR 'ada'");
  expect(await db.rows('SELECT v FROM t')).toEqual([['0']]);
  await db.run("REDO AUTHOR 'ada'");
  expect(await db.rows('SELECT v FROM t')).toEqual([['260']]);
});
