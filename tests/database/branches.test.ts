/** Branches: lines of their own that share all that was before their fork. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { copied } from './branch-copies.ts';
import { type Db, openDb } from './helper.ts';

async function accounts(storage = new MemoryStorage(), options = {}): Promise<Db> {
  const db = await openDb(storage, options);
  await db.run(`CREATE TABLE a (id int PRIMARY KEY, owner text UNIQUE, n int CHECK (n >= 0));
    CREATE INDEX by_n ON a (n);
    INSERT INTO a VALUES (1, 'ann', 10), (2, 'ben', 20), (3, 'cat', 30);
    UPDATE a SET n = 11 WHERE id = 1`);
  return db;
}

const ALL = 'SELECT id, owner, n FROM a ORDER BY id';

async function change(db: Db): Promise<void> {
  await db.run(`CREATE BRANCH b;
    USE BRANCH b;
    UPDATE a SET n = 21 WHERE id = 2;
    DELETE FROM a WHERE id = 3;
    INSERT INTO a VALUES (4, 'dan', 40);
    USE BRANCH main;
    UPDATE a SET n = 12 WHERE id = 1;
    INSERT INTO a VALUES (5, 'eve', 50)`);
}

const MAIN = [
  ['1', 'ann', '12'],
  ['2', 'ben', '20'],
  ['3', 'cat', '30'],
  ['5', 'eve', '50'],
];
const ON_B = [
  ['1', 'ann', '11'],
  ['2', 'ben', '21'],
  ['4', 'dan', '40'],
];

test('a branch and its parent change without each other, in memory, from the log and from segments', async () => {
  const db = await accounts();
  await change(db);
  const same = async (of: Db): Promise<void> => {
    await of.run('USE BRANCH main');
    expect(await of.rows(ALL)).toEqual(MAIN);
    await of.run('USE BRANCH b');
    expect(await of.rows(ALL)).toEqual(ON_B);
    expect(await of.rows('SELECT id FROM a ORDER BY id DESC')).toEqual([['4'], ['2'], ['1']]);
    expect(await of.rows('SELECT id, n FROM a WHERE n BETWEEN 11 AND 40 ORDER BY n')).toEqual([
      ['1', '11'],
      ['2', '21'],
      ['4', '40'],
    ]);
    expect(await of.rows("SELECT id FROM a WHERE owner = 'ben'")).toEqual([['2']]);
    expect(await of.rows("SELECT id FROM a WHERE owner = 'cat'")).toEqual([]);
    expect(await of.rows('SELECT count(*), sum(n) FROM a')).toEqual([['3', '72']]);
  };
  await same(db);
  const crashed = await openDb(copied(db.storage));
  await same(crashed);
  await crashed.run('CHECKPOINT');
  const again = await openDb(copied(crashed.storage));
  await same(again);
  await again.run('USE BRANCH b; UPDATE a SET n = 22 WHERE id = 2; UPDATE a SET n = n + 1 WHERE id = 1; CHECKPOINT');
  const third = await openDb(copied(again.storage));
  await third.run('USE BRANCH b');
  expect(await third.rows(ALL)).toEqual([
    ['1', 'ann', '12'],
    ['2', 'ben', '22'],
    ['4', 'dan', '40'],
  ]);
});

test('constraints hold on a branch by its own rows', async () => {
  const db = await accounts();
  await change(db);
  await db.run('USE BRANCH b');
  expect(await db.code("INSERT INTO a VALUES (1, 'new', 1)")).toBe('23505');
  expect(await db.code("INSERT INTO a VALUES (9, 'ben', 1)")).toBe('23505');
  expect(await db.code('UPDATE a SET n = -1 WHERE id = 2')).toBe('23514');
  await db.run("INSERT INTO a VALUES (5, 'cat', 1)");
  expect(await db.rows("SELECT id FROM a WHERE owner = 'cat'")).toEqual([['5']]);
});

test('AS OF and history go through the fork into the past of the parent', async () => {
  const db = await accounts();
  const [[fork]] = (await db.rows('SELECT max(seq) FROM drift.transactions')) as [[string]];
  await change(db);
  await db.run('USE BRANCH b');
  expect(await db.rows(`SELECT id, n FROM a FOR SYSTEM_TIME AS OF SEQ ${Number(fork) - 1} ORDER BY id`)).toEqual([
    ['1', '10'],
    ['2', '20'],
    ['3', '30'],
  ]);
  expect(await db.rows(`SELECT id, n FROM a FOR SYSTEM_TIME AS OF SEQ ${Number(fork) + 2} ORDER BY id`)).toEqual([
    ['1', '11'],
    ['2', '21'],
    ['3', '30'],
  ]);
  const versions = 'SELECT id, n, _seq_from, _seq_to FROM a FOR SYSTEM_TIME ALL ORDER BY id, _seq_from';
  expect(await db.rows(versions)).toEqual([
    ['1', '10', '3', '4'],
    ['1', '11', '4', null],
    ['2', '20', '3', '6'],
    ['2', '21', '6', null],
    ['3', '30', '3', '7'],
    ['4', '40', '8', null],
  ]);
  expect(await db.rows("SELECT seq, operation, n FROM row_history('a', 2)")).toEqual([
    ['3', 'insert', '20'],
    ['6', 'update', '21'],
  ]);
  expect(
    await db.rows(`SELECT seq, operation, before_n, after_n FROM table_changes('a', ${fork}, 10) ORDER BY seq`),
  ).toEqual([
    ['6', 'update', '20', '21'],
    ['7', 'delete', '30', null],
    ['8', 'insert', null, '40'],
  ]);
  expect(await db.rows('SELECT id, _seq_from, _seq_to FROM a ORDER BY id')).toEqual([
    ['1', '4', null],
    ['2', '6', null],
    ['4', '8', null],
  ]);
  expect(await db.rows(`SELECT id, _seq_to FROM a FOR SYSTEM_TIME AS OF SEQ ${fork} ORDER BY id`)).toEqual([
    ['1', null],
    ['2', '6'],
    ['3', '7'],
  ]);
});

test('a branch of a branch, and one from the past', async () => {
  const db = await accounts();
  await change(db);
  await db.run(`USE BRANCH b; CREATE BRANCH c; UPDATE a SET n = 0; USE BRANCH c;
    DELETE FROM a WHERE id = 2; UPDATE a SET n = 41 WHERE id = 4; INSERT INTO a VALUES (2, 'bob', 2)`);
  await db.run('CREATE BRANCH old FROM main AS OF SEQ 3; USE BRANCH old; UPDATE a SET n = n * 2 WHERE id < 3');
  const same = async (of: Db): Promise<void> => {
    await of.run('USE BRANCH c');
    expect(await of.rows(ALL)).toEqual([
      ['1', 'ann', '11'],
      ['2', 'bob', '2'],
      ['4', 'dan', '41'],
    ]);
    expect(await of.rows("SELECT seq, operation, n FROM row_history('a', 2)")).toEqual([
      ['3', 'insert', '20'],
      ['6', 'update', '21'],
      ['13', 'delete', '21'],
      ['15', 'insert', '2'],
    ]);
    await of.run('USE BRANCH old');
    expect(await of.rows(ALL)).toEqual([
      ['1', 'ann', '20'],
      ['2', 'ben', '40'],
      ['3', 'cat', '30'],
    ]);
    await of.run('USE BRANCH b');
    expect(await of.rows('SELECT DISTINCT n FROM a')).toEqual([['0']]);
    await of.run('USE BRANCH main');
    expect(await of.rows(ALL)).toEqual(MAIN);
    expect(await of.rows('SELECT seq, branch FROM drift.transactions WHERE seq > 11 ORDER BY seq')).toEqual([
      ['12', 'b'],
      ['13', 'c'],
      ['14', 'c'],
      ['15', 'c'],
      ['16', null],
      ['17', 'old'],
    ]);
  };
  await same(db);
  const crashed = await openDb(copied(db.storage));
  await same(crashed);
  await crashed.run('CHECKPOINT');
  await same(await openDb(copied(crashed.storage)));
});

test('definitions on a branch are its own', async () => {
  const db = await accounts();
  await db.run(`CREATE TYPE mood AS ENUM ('sad', 'glad'); CREATE TABLE m (k mood PRIMARY KEY, s mood[]);
    INSERT INTO m VALUES ('glad', '{sad}')`);
  await db.run(`CREATE BRANCH b; USE BRANCH b; ALTER TABLE a ADD COLUMN extra text DEFAULT 'x';
    INSERT INTO m VALUES ('sad', '{glad,sad}');
    UPDATE a SET extra = 'y' WHERE id = 2; CREATE TABLE own (id serial PRIMARY KEY, note text);
    INSERT INTO own (note) VALUES ('one'), ('two'); CREATE INDEX ON own (note); CREATE VIEW v AS SELECT id, extra FROM a;
    ALTER TABLE a RENAME COLUMN owner TO holder; DROP INDEX by_n; CREATE BRANCH c; DROP TABLE m; USE BRANCH main;
    ALTER TABLE a ADD COLUMN other int DEFAULT 7; CREATE TABLE late (id int)`);
  const same = async (of: Db): Promise<void> => {
    await of.run('USE BRANCH b');
    expect(await of.rows('SELECT * FROM a ORDER BY id')).toEqual([
      ['1', 'ann', '11', 'x'],
      ['2', 'ben', '20', 'y'],
      ['3', 'cat', '30', 'x'],
    ]);
    expect(await of.rows('SELECT * FROM v WHERE id = 3')).toEqual([['3', 'x']]);
    expect(await of.rows('SELECT note FROM own ORDER BY note')).toEqual([['one'], ['two']]);
    expect(await of.code('SELECT * FROM late')).toBe('42P01');
    expect(await of.code('SELECT * FROM m')).toBe('42P01');
    await of.run('USE BRANCH c');
    expect(await of.rows('SELECT * FROM m ORDER BY k')).toEqual([
      ['sad', '{glad,sad}'],
      ['glad', '{sad}'],
    ]);
    expect(await of.rows('SELECT note FROM own ORDER BY note')).toEqual([['one'], ['two']]);
    await of.run('USE BRANCH main');
    expect(await of.rows('SELECT * FROM a ORDER BY id')).toEqual([
      ['1', 'ann', '11', '7'],
      ['2', 'ben', '20', '7'],
      ['3', 'cat', '30', '7'],
    ]);
    expect(await of.code('SELECT * FROM own')).toBe('42P01');
  };
  await same(db);
  const crashed = await openDb(copied(db.storage));
  await same(crashed);
  const commits = 'SELECT seq, committed_at, message, tables, branch FROM drift.transactions ORDER BY seq';
  expect(await crashed.rows(commits)).toEqual(await db.rows(commits));
  await crashed.run('CREATE TABLE fresh (id int); CHECKPOINT');
  const again = await openDb(copied(crashed.storage));
  await same(again);
  expect(await again.rows('SELECT problem FROM (SELECT NULL AS problem) p WHERE problem IS NOT NULL')).toEqual([]);
});

test('DROP BRANCH takes its tables away, and refuses what others depend on', async () => {
  const db = await accounts();
  const files = async (): Promise<string> => JSON.stringify(await db.rows('SELECT name, value FROM drift.storage'));
  expect(await db.code('CREATE BRANCH main')).toBe('42710');
  expect(await db.code('USE BRANCH nope')).toBe('42704');
  expect(await db.code('DROP BRANCH nope')).toBe('42704');
  await db.run('DROP BRANCH IF EXISTS nope');
  await change(db);
  expect(await db.code('CREATE BRANCH b')).toBe('42710');
  await db.run('CREATE BRANCH IF NOT EXISTS b; CREATE BRANCH c FROM b');
  expect(await db.code('DROP BRANCH b')).toBe('2BP01');
  expect(await db.code('BEGIN; USE BRANCH b')).toBe('25001');
  await db.run('ROLLBACK; DROP BRANCH c; USE BRANCH b');
  expect(await db.code('DROP BRANCH b')).toBe('55006');
  await db.run('USE BRANCH main; DROP BRANCH b; CHECKPOINT');
  expect(await db.code('USE BRANCH b')).toBe('42704');
  expect(await files()).not.toBe('');
  const again = await openDb(copied(db.storage));
  expect(await again.rows(ALL)).toEqual(MAIN);
  expect(await again.code('USE BRANCH b')).toBe('42704');
  await again.run('CREATE BRANCH b; USE BRANCH b');
  expect(await again.rows(ALL)).toEqual(MAIN);
});

test('rows without a primary key keep their ids apart on all lines', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE h (v text); INSERT INTO h VALUES ('a'), ('b'); CREATE BRANCH b; USE BRANCH b;
    INSERT INTO h VALUES ('c'); CHECKPOINT`);
  const again = await openDb(copied(db.storage));
  await again.run("INSERT INTO h VALUES ('d')");
  const ids = await again.rows('SELECT _row_id FROM h ORDER BY 1');
  await again.run("USE BRANCH b; UPDATE h SET v = 'B' WHERE v = 'b'");
  const others = await again.rows('SELECT _row_id, v FROM h ORDER BY 1');
  expect(others.map(([, v]) => v)).toEqual(['a', 'B', 'c']);
  expect(ids.at(-1)).not.toEqual([others.at(-1)?.[0]]);
});

test('a branch that was dropped and made again is another one to drift.transactions', async () => {
  const db = await accounts();
  await db.run(`CREATE BRANCH b; USE BRANCH b; UPDATE a SET n = 1 WHERE id = 1; USE BRANCH main; DROP BRANCH b;
    CREATE BRANCH b; USE BRANCH b; UPDATE a SET n = 2 WHERE id = 1`);
  const ids = "SELECT branch, branch_id FROM drift.transactions WHERE branch = 'b' ORDER BY seq";
  const rows = await db.rows(ids);
  expect(rows.map(([name]) => name)).toEqual(['b', 'b']);
  expect(rows[0]?.[1]).not.toEqual(rows[1]?.[1]);
  expect(await db.rows("SELECT id FROM drift.branches WHERE name = 'b'")).toEqual([[rows[1]?.[1]]]);
  expect(await (await openDb(copied(db.storage))).rows(ids)).toEqual(rows);
  // What replay makes of the commits is what they were: DROP BRANCH touches no table.
  const drop = "SELECT tables FROM drift.transactions WHERE message = 'drop branch b'";
  expect(await (await openDb(copied(db.storage))).rows(drop)).toEqual([['{}']]);
});

test('a fork is protected from retention, and goes into backups', async () => {
  const db = await accounts();
  await change(db);
  await db.run('UPDATE a SET n = n + 1');
  await db.run(`DELETE HISTORY FROM a BEFORE now()`);
  expect(await db.rows("SELECT kept_from, kept_for FROM drift.retention WHERE table_name = 'a'")).toEqual([
    ['4', 'branch "b"'],
  ]);
  await db.run('USE BRANCH b');
  expect(await db.rows(ALL)).toEqual(ON_B);
});

test('a statement reads another line by FOR SYSTEM_TIME AS OF BRANCH', async () => {
  const db = await accounts();
  await change(db);
  const theirs = "FROM a FOR SYSTEM_TIME AS OF BRANCH 'b'";
  expect(await db.rows(`SELECT id, owner, n ${theirs} ORDER BY id`)).toEqual(ON_B);
  expect(await db.rows(`SELECT n ${theirs} WHERE id = 2`)).toEqual([['21']]);
  expect(await db.rows(`SELECT id ${theirs} WHERE n >= 21 ORDER BY n`)).toEqual([['2'], ['4']]);
  const both = `SELECT m.id, m.n, b.n FROM a m FULL JOIN a FOR SYSTEM_TIME AS OF BRANCH b AS b ON b.id = m.id
    WHERE m IS DISTINCT FROM b ORDER BY coalesce(m.id, b.id)`;
  expect(await db.rows(both)).toEqual([
    ['1', '12', '11'],
    ['2', '20', '21'],
    ['3', '30', null],
    [null, null, '40'],
    ['5', '50', null],
  ]);
  await db.run(`USE BRANCH b; CREATE TABLE only_b (id int); INSERT INTO only_b VALUES (7); ALTER TABLE a ADD COLUMN x int DEFAULT 3;
    CREATE VIEW v AS SELECT id, x FROM a WHERE id = 1`);
  expect(await db.rows('SELECT id, n FROM a FOR SYSTEM_TIME AS OF BRANCH main ORDER BY id')).toEqual(
    MAIN.map(([id, , n]) => [id, n]),
  );
  await db.run('USE BRANCH main');
  expect(await db.rows("SELECT * FROM only_b FOR SYSTEM_TIME AS OF BRANCH 'b'")).toEqual([['7']]);
  expect(await db.rows("SELECT * FROM v FOR SYSTEM_TIME AS OF BRANCH 'b'")).toEqual([['1', '3']]);
  expect(await db.rows("SELECT x FROM a FOR SYSTEM_TIME AS OF BRANCH 'b' WHERE id = 4")).toEqual([['3']]);
  await db.run("PREPARE p AS SELECT n FROM a FOR SYSTEM_TIME AS OF BRANCH 'b' WHERE id = 2");
  expect(await db.rows('EXECUTE p')).toEqual([['21']]);
  await db.run('USE BRANCH b; UPDATE a SET n = 22 WHERE id = 2; USE BRANCH main');
  expect(await db.rows(`SELECT n ${theirs} WHERE id = 2`)).toEqual([['22']]);
  await db.run("INSERT INTO a SELECT id + 100, owner || '!', n FROM a FOR SYSTEM_TIME AS OF BRANCH b WHERE id = 4");
  expect(await db.rows('SELECT n FROM a WHERE id = 104')).toEqual([['40']]);
  expect(await db.code("SELECT * FROM a FOR SYSTEM_TIME AS OF BRANCH 'nope'")).toBe('42704');
  expect(await db.code("SELECT * FROM drift.tables FOR SYSTEM_TIME AS OF BRANCH 'b'")).toBe('0A000');
  expect(await db.code("CREATE TAG x AS OF BRANCH 'b'")).toBe('0A000');
  expect(await db.code("RESTORE TABLE a TO BRANCH 'b'")).toBe('0A000');
});
