/** Time: every moment stays readable, per table, per transaction, per session, under the schema of that moment. */
import { expect, test } from 'vitest';
import { type Db, openDb, textRows } from './helper.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';

/** A table through five commits: 2 insert, 3 update, 4 delete one, 5 put it back. */
async function fruits(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE TABLE fruit (id int PRIMARY KEY, name text, price int);
    INSERT INTO fruit VALUES (1, 'apple', 10), (2, 'pear', 20);
    UPDATE fruit SET price = 11 WHERE id = 1;
    DELETE FROM fruit WHERE id = 2;
    INSERT INTO fruit VALUES (2, 'pear', 25)`);
  return db;
}

const versions = 'id, price, _seq_from, _seq_to FROM fruit FOR SYSTEM_TIME';
const order = 'ORDER BY id, _seq_from';

async function timestamps(db: Db): Promise<string[]> {
  return (await db.rows('SELECT committed_at FROM drift.transactions ORDER BY seq')).map(([at]) => at ?? '');
}

test('AS OF a sequence number, a timestamp, a tag', async () => {
  const db = await fruits();
  const at = await timestamps(db);
  const prices = ['', '', '10,20', '11,20', '11', '11,25'];
  for (let seq = 1; seq <= 5; seq++) {
    const expected = [[prices[seq] === '' ? null : prices[seq]]];
    const select = "SELECT string_agg(price::text, ',' ORDER BY id) FROM fruit";
    expect(await db.rows(`${select} FOR SYSTEM_TIME AS OF SEQ ${seq}`)).toEqual(expected);
    expect(await db.rows(`${select}@SEQ:${seq}`)).toEqual(expected);
    expect(await db.rows(`${select} FOR SYSTEM_TIME AS OF SEQ $1`, [seq])).toEqual(expected);
    expect(await db.rows(`${select} FOR SYSTEM_TIME AS OF '${at[seq - 1]}'`)).toEqual(expected);
    expect(await db.rows(`${select} FOR SYSTEM_TIME AS OF TIMESTAMPTZ '${at[seq - 1]}'`)).toEqual(expected);
    expect(await db.rows(`${select} FOR SYSTEM_TIME AS OF $1`, [at[seq - 1] ?? ''])).toEqual(expected);
  }
  // One microsecond before a commit, the state is the one before it.
  expect(
    await db.rows(
      `SELECT price FROM fruit FOR SYSTEM_TIME AS OF (TIMESTAMPTZ '${at[2]}' - INTERVAL '1 microsecond') WHERE id = 1`,
    ),
  ).toEqual([['10']]);
  await db.run('CREATE TAG cheap AS OF SEQ 2; CREATE TAG now_tag; UPDATE fruit SET price = 99');
  expect(await db.rows("SELECT price FROM fruit FOR SYSTEM_TIME AS OF TAG 'cheap' ORDER BY id")).toEqual([
    ['10'],
    ['20'],
  ]);
  expect(await db.rows('SELECT price FROM fruit@TAG:cheap ORDER BY id')).toEqual([['10'], ['20']]);
  expect(await db.rows("SELECT price FROM fruit FOR SYSTEM_TIME AS OF TAG 'now_tag' ORDER BY id")).toEqual([
    ['11'],
    ['25'],
  ]);
});

test('exact versions: BETWEEN, FROM … TO, CONTAINED IN, ALL', async () => {
  const db = await fruits();
  expect(await db.rows(`SELECT ${versions} ALL ${order}`)).toEqual([
    ['1', '10', '2', '3'],
    ['1', '11', '3', null],
    ['2', '20', '2', '4'],
    ['2', '25', '5', null],
  ]);
  expect(await db.rows(`SELECT ${versions} BETWEEN SEQ 3 AND SEQ 4 ${order}`)).toEqual([
    ['1', '11', '3', null],
    ['2', '20', '2', '4'],
  ]);
  expect(await db.rows(`SELECT ${versions} FROM SEQ 2 TO SEQ 3 ${order}`)).toEqual([
    ['1', '10', '2', '3'],
    ['2', '20', '2', '4'],
  ]);
  expect(await db.rows(`SELECT ${versions} FROM SEQ 4 TO SEQ 5 ${order}`)).toEqual([['1', '11', '3', null]]);
  expect(await db.rows(`SELECT ${versions} CONTAINED IN (SEQ 2, SEQ 4) ${order}`)).toEqual([
    ['1', '10', '2', '3'],
    ['2', '20', '2', '4'],
  ]);
  expect(await db.rows(`SELECT ${versions} CONTAINED IN (SEQ 2, SEQ 3) ${order}`)).toEqual([['1', '10', '2', '3']]);
  const at = await timestamps(db);
  expect(await db.rows(`SELECT ${versions} BETWEEN '${at[2]}' AND '${at[3]}' ${order}`)).toEqual([
    ['1', '11', '3', null],
    ['2', '20', '2', '4'],
  ]);
  expect(await db.rows(`SELECT ${versions} FROM '${at[1]}' TO '${at[2]}' ${order}`)).toEqual([
    ['1', '10', '2', '3'],
    ['2', '20', '2', '4'],
  ]);
  expect(await db.rows(`SELECT ${versions} CONTAINED IN ('1990-01-01', '${at[3]}') ${order}`)).toEqual([
    ['1', '10', '2', '3'],
    ['2', '20', '2', '4'],
  ]);
  expect(await db.rows(`SELECT ${versions} ALL WHERE id = 2 AND _seq_to IS NULL`)).toEqual([['2', '25', '5', null]]);
});

test('pseudo-columns name the version that is seen, in sequence numbers and in time', async () => {
  const db = await fruits();
  const at = await timestamps(db);
  const select = 'SELECT _seq_from, _seq_to, _sys_from, _sys_to FROM fruit';
  expect(await db.rows(`${select} WHERE id = 1`)).toEqual([['3', null, at[2], null]]);
  expect(await db.rows(`${select} FOR SYSTEM_TIME AS OF SEQ 2 WHERE id = 1`)).toEqual([['2', '3', at[1], at[2]]]);
  expect(await db.rows(`${select} FOR SYSTEM_TIME ALL WHERE id = 2 ORDER BY 1`)).toEqual([
    ['2', '4', at[1], at[3]],
    ['5', null, at[4], null],
  ]);
  expect((await db.session.execute('SELECT * FROM fruit')).fields.map(({ name }) => name)).toEqual([
    'id',
    'name',
    'price',
  ]);
  expect((await db.session.execute(select)).fields.map(({ dataTypeID }) => dataTypeID)).toEqual([20, 20, 1184, 1184]);
});

test('one version a row and commit; an update that changes nothing makes none', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int, w text)');
  await db.run("BEGIN; INSERT INTO t VALUES (1, 1, 'a'); UPDATE t SET v = 2; UPDATE t SET v = 3; COMMIT");
  const all = 'SELECT v, _seq_from, _seq_to FROM t FOR SYSTEM_TIME ALL WHERE id = 1 ORDER BY 2';
  expect(await db.rows(all)).toEqual([['3', '2', null]]);
  await db.run('UPDATE t SET v = 3; UPDATE t SET v = v, w = w');
  expect(await db.rows(all)).toEqual([['3', '2', null]]);
  await db.run('BEGIN; UPDATE t SET v = 7; UPDATE t SET v = 3; COMMIT');
  expect(await db.rows(all)).toEqual([['3', '2', null]]);
  await db.run("BEGIN; DELETE FROM t; INSERT INTO t VALUES (1, 4, 'b'); COMMIT");
  expect(await db.rows(all)).toEqual([
    ['3', '2', '3'],
    ['4', '3', null],
  ]);
  await db.run('BEGIN; INSERT INTO t VALUES (5, 5); DELETE FROM t WHERE id = 5; COMMIT');
  expect(await db.rows('SELECT count(*) FROM t FOR SYSTEM_TIME ALL WHERE id = 5')).toEqual([['0']]);
});

test('a transaction, a statement option and a session read the past', async () => {
  const db = await fruits();
  await db.run('BEGIN READ ONLY AS OF SEQ 2');
  const sum = 'SELECT sum(price) FROM fruit';
  expect(await db.rows(sum)).toEqual([['30']]);
  expect(await db.rows(`${sum}@SEQ:3`)).toEqual([['31']]);
  expect(await db.code('UPDATE fruit SET price = 0')).toBe('25006');
  await db.run('ROLLBACK');
  expect(await db.rows(sum)).toEqual([['36']]);
  await db.run('SET drift.as_of = SEQ 3');
  expect(await db.rows(sum)).toEqual([['31']]);
  for (const write of [
    "INSERT INTO fruit VALUES (9, 'fig', 1)",
    'DELETE FROM fruit',
    'UPDATE fruit SET price = 1',
    'CREATE TABLE other (a int)',
    'TRUNCATE fruit',
    'DROP TABLE fruit',
    'CREATE TAG x',
  ]) {
    expect([write, await db.code(write)]).toEqual([write, '25006']);
  }
  expect(await db.rows('SHOW drift.as_of')).toEqual([['SEQ 3']]);
  await db.run('RESET drift.as_of');
  expect(await db.rows(sum)).toEqual([['36']]);
  const result = await db.session.execute(sum, [], { asOf: { kind: 'seq', seq: 2 }, text: true });
  expect([result.columns[0]].length).toBe(1);
  await db.session.begin({ asOf: { kind: 'seq', seq: 4 } });
  expect(await db.rows(sum)).toEqual([['11']]);
  await db.session.rollback();
});

test('one text at many moments, there and back: values, schema and now() of each', async () => {
  const db = await fruits();
  await db.run(
    'ALTER TABLE fruit RENAME COLUMN price TO cost; ALTER TABLE fruit ADD COLUMN price text DEFAULT $$new$$',
  );
  const at = await timestamps(db);
  const text = 'SELECT price, now() = $1::timestamptz FROM fruit WHERE id <= $2 ORDER BY id';
  const read = async (seq: number): Promise<unknown> =>
    textRows(await db.session.execute(text, [at[seq - 1] ?? '', 1], { asOf: { kind: 'seq', seq }, text: true }));
  for (const seq of [2, 3, 7, 4, 2, 7, 5])
    expect([seq, await read(seq)]).toEqual([seq, [[seq === 7 ? 'new' : seq === 2 ? '10' : '11', 't']]]);
  await expect(read(6)).rejects.toMatchObject({ code: '42703' });
  await expect(read(1)).resolves.toEqual([]);
  expect(await db.session.execute(text, [at[6] ?? '', 2], { text: true }).then(textRows)).toEqual([
    ['new', 'f'],
    ['new', 'f'],
  ]);
});

test('the session setting takes any moment and ends with its transaction where it is local', async () => {
  const db = await fruits();
  const at = await timestamps(db);
  const sum = 'SELECT sum(price) FROM fruit';
  await db.run(`CREATE TAG mark AS OF SEQ 4; SET drift.as_of = '${at[1]}'`);
  expect(await db.rows(sum)).toEqual([['30']]);
  await db.run("SET drift.as_of TO TAG 'mark'");
  expect(await db.rows(`${sum}; ${sum}`)).toEqual([['11']]);
  await db.run('BEGIN');
  expect(await db.rows(sum)).toEqual([['11']]);
  await db.run('SET LOCAL drift.as_of = SEQ 3');
  expect(await db.rows(sum)).toEqual([['31']]);
  await db.run('COMMIT');
  expect(await db.rows(sum)).toEqual([['11']]);
  await db.run('RESET ALL');
  expect(await db.rows(sum)).toEqual([['36']]);
  expect(await db.code('SET drift.as_of = SEQ 99')).toBe('22023');
  expect(await db.code("SELECT set_config('drift.as_of', 'tomorrow', false)")).toBe('22023');
});

test('different times in one statement', async () => {
  const db = await fruits();
  expect(
    await db.rows(`SELECT now.id, old.price, now.price FROM fruit now JOIN fruit@SEQ:2 old USING (id) ORDER BY 1`),
  ).toEqual([
    ['1', '10', '11'],
    ['2', '20', '25'],
  ]);
  expect(
    await db.rows(`SELECT (SELECT sum(price) FROM fruit FOR SYSTEM_TIME AS OF SEQ 2), (SELECT sum(price) FROM fruit@SEQ:4),
      (SELECT count(*) FROM fruit FOR SYSTEM_TIME ALL), sum(price) FROM fruit`),
  ).toEqual([['30', '11', '4', '36']]);
  await db.run('INSERT INTO fruit SELECT id + 10, name, price FROM fruit@SEQ:2');
  expect(await db.rows('SELECT id, price FROM fruit WHERE id > 10 ORDER BY id')).toEqual([
    ['11', '10'],
    ['12', '20'],
  ]);
  await db.run('UPDATE fruit SET price = old.price FROM fruit@SEQ:2 old WHERE old.id = fruit.id');
  expect(await db.rows('SELECT price FROM fruit WHERE id < 10 ORDER BY id')).toEqual([['10'], ['20']]);
  await db.run('CREATE VIEW dear AS SELECT id FROM fruit WHERE price > 15');
  expect(await db.rows('SELECT id FROM dear ORDER BY id')).toEqual([['2'], ['12']]);
});

test('the schema of that time: dropped and renamed tables and columns, types, views', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage);
  await db.run(`CREATE TABLE person (id int PRIMARY KEY, name text, age int);
    INSERT INTO person VALUES (1, 'Ada', 36);
    ALTER TABLE person ADD COLUMN town text DEFAULT 'London';
    ALTER TABLE person RENAME COLUMN name TO full_name;
    ALTER TABLE person DROP COLUMN age;
    ALTER TABLE person RENAME TO people;
    CREATE VIEW towns AS SELECT DISTINCT town FROM people;
    DROP VIEW towns;
    DROP TABLE people;
    CREATE TABLE person (id text PRIMARY KEY);
    INSERT INTO person VALUES ('new')`);
  const expected: [string, string[], (string | null)[][]][] = [
    ['person@SEQ:2', ['id', 'name', 'age'], [['1', 'Ada', '36']]],
    ['person@SEQ:3', ['id', 'name', 'age', 'town'], [['1', 'Ada', '36', 'London']]],
    ['person@SEQ:4', ['id', 'full_name', 'age', 'town'], [['1', 'Ada', '36', 'London']]],
    ['person@SEQ:5', ['id', 'full_name', 'town'], [['1', 'Ada', 'London']]],
    ['people@SEQ:6', ['id', 'full_name', 'town'], [['1', 'Ada', 'London']]],
    ['towns@SEQ:7', ['town'], [['London']]],
    ['people@SEQ:8', ['id', 'full_name', 'town'], [['1', 'Ada', 'London']]],
    ['person@SEQ:10', ['id'], []],
    ['person', ['id'], [['new']]],
  ];
  const check = async (): Promise<void> => {
    for (const [from, fields, rows] of expected) {
      const result = await db.session.execute(`SELECT * FROM ${from}`);
      expect([from, result.fields.map(({ name }) => name)]).toEqual([from, fields]);
      expect([from, await db.rows(`SELECT * FROM ${from}`)]).toEqual([from, rows]);
    }
    expect(await db.code('SELECT * FROM people')).toBe('42P01');
    expect(await db.code('SELECT * FROM people@SEQ:5')).toBe('42P01');
    expect(await db.code('SELECT * FROM towns@SEQ:6')).toBe('42P01');
    expect(await db.code('SELECT age FROM person@SEQ:5')).toBe('42703');
    await db.run('BEGIN READ ONLY AS OF SEQ 3');
    expect(await db.rows("SELECT name FROM person WHERE town = 'London'")).toEqual([['Ada']]);
    expect(
      await db.rows("SELECT column_name FROM drift.columns WHERE table_name = 'person' ORDER BY position"),
    ).toEqual([['id'], ['name'], ['age'], ['town']]);
    await db.run('COMMIT');
  };
  await check();
  await db.engine.close();
  db = await openDb(storage);
  await check();
  await db.engine.checkpoint();
  await check();
});

test('drift.transactions: who, what, why, when, which tables', async () => {
  const db = await openDb();
  const { session } = db;
  await db.run('CREATE TABLE a (x int); CREATE TABLE b (y int)');
  await session.begin({ author: 'ada', message: 'first rows', metadata: { ticket: 7, tags: ['x'] } });
  await session.execute('INSERT INTO b VALUES (1)');
  await session.execute('INSERT INTO a VALUES (1)');
  expect(await session.commit()).toBe(3);
  const { fields } = await session.execute('SELECT * FROM drift.transactions');
  expect(fields.map(({ name, dataTypeID }) => [name, dataTypeID])).toEqual([
    ['seq', 20],
    ['committed_at', 1184],
    ['author', 25],
    ['message', 25],
    ['metadata', 3802],
    ['tables', 1009],
    ['branch', 25],
    ['branch_id', 20],
  ]);
  expect(await db.rows('SELECT author, message, metadata, tables FROM drift.transactions WHERE seq = 3')).toEqual([
    ['ada', 'first rows', '{"tags": ["x"], "ticket": 7}', '{a,b}'],
  ]);
  expect(await db.rows('SELECT author, message, metadata, tables FROM drift.transactions WHERE seq = 1')).toEqual([
    [null, null, null, '{a}'],
  ]);
  expect(await db.rows("SELECT count(*) FROM drift.transactions WHERE 'b' = ANY(tables)")).toEqual([['2']]);
  expect(await db.code('DELETE FROM drift.transactions')).toBe('42501');
  expect(await db.code('UPDATE drift.transactions SET author = NULL')).toBe('42501');
  expect(await db.code('INSERT INTO drift.transactions (seq) VALUES (99)')).toBe('42501');
  // A transaction that changed nothing is no commit.
  await session.begin({ message: 'nothing' });
  await session.execute('DELETE FROM a WHERE x = 5');
  expect(await session.commit()).toBeNull();
});

test('explicit commit timestamps: later than the last one, not in the future', async () => {
  const db = await openDb();
  const { session } = db;
  const micros = (text: string): number => Date.parse(text) * 1000;
  const commit = async (at: number, sql: string): Promise<void> => {
    await session.begin({ timestamp: at });
    await session.execute(sql);
    await session.commit();
  };
  await commit(micros('1975-01-01T00:00:00Z'), 'CREATE TABLE t (id int PRIMARY KEY, v int)');
  await commit(micros('1976-01-01T00:00:00Z'), 'INSERT INTO t VALUES (1, 1)');
  await commit(micros('1980-01-01T00:00:00Z'), 'UPDATE t SET v = 2');
  await expect(commit(micros('1980-01-01T00:00:00Z'), 'UPDATE t SET v = 3')).rejects.toMatchObject({ code: '22023' });
  await session.rollback();
  await expect(commit(micros('1979-01-01T00:00:00Z'), 'UPDATE t SET v = 3')).rejects.toMatchObject({ code: '22023' });
  await session.rollback();
  await expect(commit(micros('2999-01-01T00:00:00Z'), 'UPDATE t SET v = 3')).rejects.toMatchObject({ code: '22023' });
  await session.rollback();
  await expect(commit(Number.NaN, 'UPDATE t SET v = 3')).rejects.toMatchObject({ code: '22023' });
  await session.rollback();
  expect(await db.rows("SELECT v FROM t FOR SYSTEM_TIME AS OF '1979-12-31'")).toEqual([['1']]);
  expect(await db.rows("SELECT v FROM t FOR SYSTEM_TIME AS OF '1980-01-01Z'")).toEqual([['2']]);
  expect(await db.rows('SELECT v, _sys_from FROM t FOR SYSTEM_TIME ALL ORDER BY 1')).toEqual([
    ['1', '1976-01-01 00:00:00+00'],
    ['2', '1980-01-01 00:00:00+00'],
  ]);
  // now() is the moment that is read.
  expect(await db.rows('SELECT v FROM t FOR SYSTEM_TIME AS OF now()')).toEqual([['2']]);
  await expect(commit(micros('1990-01-01T00:00:00Z'), 'UPDATE t SET v = 3')).rejects.toMatchObject({ code: '22023' });
});

test('times that cannot be read: each with its own error', async () => {
  const db = await fruits();
  const at = await timestamps(db);
  const message = async (sql: string): Promise<string> => {
    try {
      await db.rows(sql);
    } catch (error) {
      const { code, message: text, position } = error as { code: string; message: string; position?: number };
      return `${code} at ${position}: ${text}`;
    }
    return 'no error';
  };
  const from = 'SELECT * FROM fruit FOR SYSTEM_TIME AS OF';
  expect(await message(`${from} SEQ 99`)).toBe('22023 at 43: sequence number 99 is in the future');
  expect(await message(`${from} SEQ -1`)).toBe('22023 at 43: sequence number -1 is not valid');
  expect(await message(`${from} '2999-01-01'`)).toBe('22023 at 43: the time to read is in the future');
  expect(await message(`${from} '1999-01-01'`)).toBe('3D000 at 43: the time to read is before the database existed');
  expect(await message(`${from} TAG 'none'`)).toBe('42704 at 43: tag "none" does not exist');
  expect(await message(`${from} NULL`)).toBe('22004 at 43: a moment in system time must not be null');
  expect(await message(`${from} 'yesterday-ish'`)).toMatch(/^22007 at 43/);
  expect(await message(`${from} SEQ 0`)).toMatch(/^42P01 at 15: relation "fruit" did not exist/);
  await db.run('CREATE TABLE later (a int)');
  expect(await message(`SELECT * FROM later FOR SYSTEM_TIME AS OF '${at[3]}'`)).toMatch(
    /^42P01 at 15: relation "later" did not exist/,
  );
  expect(await message('SELECT * FROM later@SEQ:3')).toMatch(/^42P01 at 15: relation "later" did not exist/);
  expect(await message('SELECT * FROM nowhere@SEQ:3')).toMatch(/^42P01 at 15: relation "nowhere" does not exist/);
  expect(await message('UPDATE fruit@SEQ:3 SET price = 1')).toMatch(/^42601/);
});

test('tags: taken, dropped, kept', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  await db.run('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
  await db.run(`CREATE TAG v1; INSERT INTO t VALUES (2); CREATE TAG "Version 2"; DELETE FROM t`);
  expect(await db.rows('SELECT name, seq FROM drift.tags ORDER BY seq')).toEqual([
    ['v1', '2'],
    ['Version 2', '4'],
  ]);
  expect(await db.rows("SELECT count(*) FROM t FOR SYSTEM_TIME AS OF TAG 'Version 2'")).toEqual([['2']]);
  expect(await db.code('CREATE TAG v1')).toBe('42710');
  await db.run('CREATE TAG IF NOT EXISTS v1 AS OF SEQ 1');
  await db.engine.close();
  const again = await openDb(storage);
  expect(await again.rows("SELECT * FROM t FOR SYSTEM_TIME AS OF TAG 'v1'")).toEqual([['1']]);
  await again.run('DROP TAG v1; DROP TAG IF EXISTS v1');
  expect(await again.code("SELECT * FROM t FOR SYSTEM_TIME AS OF TAG 'v1'")).toBe('42704');
  expect(await again.code('DROP TAG v1')).toBe('42704');
});
