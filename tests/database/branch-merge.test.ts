/** MERGE BRANCH, conflicts and their resolution, DIFF BRANCH. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { copied } from './branch-copies.ts';
import { type Db, openDb } from './helper.ts';
import { measuredTurns } from './turns.ts';

async function parted(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE TYPE mood AS ENUM ('sad', 'glad');
    CREATE TABLE p (id int PRIMARY KEY, name text);
    CREATE TABLE t (id int PRIMARY KEY, a int, b text, m mood, p int REFERENCES p, twice int GENERATED ALWAYS AS (a * 2) STORED);
    INSERT INTO p VALUES (1, 'one');
    INSERT INTO t SELECT i, i, 'b' || i, 'sad', 1 FROM generate_series(1, 8) i;
    CREATE BRANCH b; USE BRANCH b`);
  return db;
}

const ALL = 'SELECT id, a, b, m, twice FROM t ORDER BY id';

test('takes what one side has changed, by row and by column', async () => {
  const db = await parted();
  await db.run(`UPDATE t SET a = 10 WHERE id = 1; UPDATE t SET b = 'theirs' WHERE id = 2; DELETE FROM t WHERE id = 3;
    INSERT INTO p VALUES (2, 'two'); INSERT INTO t VALUES (20, 20, NULL, 'glad', 2); UPDATE t SET a = 5, b = 'same' WHERE id = 5;
    USE BRANCH main;
    UPDATE t SET a = 22, m = 'glad' WHERE id = 2; DELETE FROM t WHERE id = 4; INSERT INTO t VALUES (30, 30, 'main', 'sad', 1);
    UPDATE t SET b = 'same' WHERE id = 5; MERGE BRANCH b`);
  const merged = [
    ['1', '10', 'b1', 'sad', '20'],
    ['2', '22', 'theirs', 'glad', '44'],
    ['5', '5', 'same', 'sad', '10'],
    ['6', '6', 'b6', 'sad', '12'],
    ['7', '7', 'b7', 'sad', '14'],
    ['8', '8', 'b8', 'sad', '16'],
    ['20', '20', null, 'glad', '40'],
    ['30', '30', 'main', 'sad', '60'],
  ];
  expect(await db.rows(ALL)).toEqual(merged);
  expect(await db.rows('SELECT source, rows_changed, conflicts FROM drift.merges')).toEqual([['b', '5', '0']]);
  expect(await db.rows('SELECT message, tables FROM drift.transactions ORDER BY seq DESC LIMIT 1')).toEqual([
    ['merge branch b into main', '{p,t}'],
  ]);
  expect(await db.code('SELECT * FROM drift.conflicts')).toBe('42P01');
  // Nothing new: nothing to merge but the note.
  const again = await db.session.execute('MERGE BRANCH b');
  expect(again.affectedRows).toBe(0);
  await db.run('MERGE BRANCH main INTO b; USE BRANCH b');
  expect(await db.rows(ALL)).toEqual(merged);
  expect(await db.rows('DIFF BRANCH main, b')).toEqual([]);
});

test('keeps ours where both have changed, until the conflict is resolved', async () => {
  const db = await parted();
  await db.run(`UPDATE t SET a = a + 100, b = 'theirs' WHERE id < 4; DELETE FROM t WHERE id = 4; UPDATE t SET a = 55 WHERE id = 5;
    INSERT INTO t VALUES (9, 1, 'x', 'sad', 1); USE BRANCH main;
    UPDATE t SET a = a + 200 WHERE id < 4; UPDATE t SET b = 'kept' WHERE id = 4; DELETE FROM t WHERE id = 5;
    INSERT INTO t VALUES (9, 1, 'y', 'sad', 1)`);
  const merged = await db.session.execute('MERGE BRANCH b');
  expect(merged.notices?.map(({ message }) => message)).toEqual(['6 conflicts: see drift.conflicts, and RESOLVE them']);
  expect(
    await db.rows('SELECT id, row_key, column_name, base, ours, theirs FROM drift.conflicts ORDER BY row_key'),
  ).toEqual([
    [expect.any(String), '{"id":"1"}', 'a', '1', '201', '101'],
    [expect.any(String), '{"id":"2"}', 'a', '2', '202', '102'],
    [expect.any(String), '{"id":"3"}', 'a', '3', '203', '103'],
    [
      expect.any(String),
      '{"id":"4"}',
      null,
      '{"id":"4","a":"4","b":"b4","m":"sad","p":"1"}',
      '{"id":"4","a":"4","b":"kept","m":"sad","p":"1"}',
      null,
    ],
    [
      expect.any(String),
      '{"id":"5"}',
      null,
      '{"id":"5","a":"5","b":"b5","m":"sad","p":"1"}',
      null,
      '{"id":"5","a":"55","b":"b5","m":"sad","p":"1"}',
    ],
    [expect.any(String), '{"id":"9"}', 'b', null, 'y', 'x'],
  ]);
  const ids = (await db.rows('SELECT id FROM drift.conflicts ORDER BY row_key')).map(([id]) => id);
  expect(await db.rows('SELECT id, a, b FROM t WHERE id IN (1, 4, 5, 9) ORDER BY id')).toEqual([
    ['1', '201', 'theirs'],
    ['4', '4', 'kept'],
    ['9', '1', 'y'],
  ]);
  expect(await db.code('RESOLVE CONFLICT 999999 USING OURS')).toBe('42704');
  expect(await db.code(`RESOLVE CONFLICT ${ids[3]} USING VALUE 1`)).toBe('22023');
  expect(await db.code(`RESOLVE CONFLICT ${ids[0]} USING VALUE 'no number'`)).toBe('22P02');
  await db.run(`RESOLVE CONFLICT ${ids[0]} USING VALUE 1000; RESOLVE CONFLICT ${ids[1]} USING OURS;
    RESOLVE CONFLICT ${ids[5]} USING VALUE NULL; RESOLVE CONFLICTS FOR TABLE t USING THEIRS`);
  expect(await db.rows('SELECT id, a, b FROM t WHERE id < 6 OR id = 9 ORDER BY id')).toEqual([
    ['1', '1000', 'theirs'],
    ['2', '202', 'theirs'],
    ['3', '103', 'theirs'],
    ['5', '55', 'b5'],
    ['9', '1', null],
  ]);
  expect(await db.rows('SELECT count(*) FROM drift.conflicts')).toEqual([['0']]);
  // What was resolved stays resolved.
  expect((await db.session.execute('MERGE BRANCH b')).affectedRows).toBe(0);
  await db.run('USE BRANCH b; UPDATE t SET a = 7777 WHERE id = 2; USE BRANCH main');
  await db.run('MERGE BRANCH b');
  expect(await db.rows('SELECT base, ours, theirs FROM drift.conflicts')).toEqual([['102', '202', '7777']]);
});

test('constraints hold at the end of a merge, which else leaves nothing', async () => {
  const db = await parted();
  await db.run(`CREATE TABLE u (id int PRIMARY KEY, e text UNIQUE, CHECK (id < 100)); USE BRANCH main;
    CREATE TABLE w (id int PRIMARY KEY, e text UNIQUE); CREATE BRANCH c; USE BRANCH c; INSERT INTO w VALUES (1, 'x');
    DELETE FROM t; DELETE FROM p; USE BRANCH main`);
  await db.run("INSERT INTO w VALUES (2, 'x'); BEGIN");
  expect(await db.code('MERGE BRANCH c')).toBe('23505');
  await db.run("ROLLBACK; DELETE FROM w; INSERT INTO t VALUES (50, 1, 'y', 'sad', 1)");
  expect(await db.code('MERGE BRANCH c')).toBe('23503');
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['9']]);
  expect(await db.code('SELECT * FROM drift.merges')).toBe('42P01');
  await db.run('DELETE FROM t WHERE id = 50; BEGIN; MERGE BRANCH c');
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['0']]);
  await db.run('ROLLBACK');
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['8']]);
  expect(await db.code('MERGE BRANCH main')).toBe('22023');
  expect(await db.code('MERGE BRANCH nope')).toBe('42704');
  const notices = (await db.session.execute('MERGE BRANCH b')).notices ?? [];
  expect(notices).toEqual([]);
});

test('a difference of branches has the rows that are others', async () => {
  const db = await parted();
  await db.run(`UPDATE t SET a = 10 WHERE id = 1; DELETE FROM t WHERE id = 2; INSERT INTO p VALUES (7, 'seven');
    CREATE TABLE only_b (id int); USE BRANCH main; UPDATE t SET a = 10 WHERE id = 1; UPDATE t SET b = 'x' WHERE id = 3`);
  expect(await db.rows('DIFF BRANCH main, b')).toEqual([
    ['public', 'p', '1', '0', '0', null],
    ['public', 't', '0', '1', '1', null],
    ['public', 'only_b', '0', '0', '0', 'only on the second'],
  ]);
  expect(await db.rows('DIFF BRANCH main, b FOR TABLE t')).toEqual([
    ['removed', '{"id":"2"}', '{"id":"2","a":"2","b":"b2","m":"sad","p":"1","twice":"4"}', null],
    [
      'modified',
      '{"id":"3"}',
      '{"id":"3","a":"3","b":"x","m":"sad","p":"1","twice":"6"}',
      '{"id":"3","a":"3","b":"b3","m":"sad","p":"1","twice":"6"}',
    ],
  ]);
});

test('merges and conflicts are there after a crash', async () => {
  const db = await parted();
  await db.run(
    'UPDATE t SET a = 1000 WHERE id = 1; USE BRANCH main; UPDATE t SET a = 2000 WHERE id = 1; MERGE BRANCH b',
  );
  const copy = new MemoryStorage();
  for (const name of db.storage.list()) {
    const file = db.storage.open(name);
    void copy.open(name).write(0, file.read(0, file.size()) as Uint8Array);
  }
  const again = await openDb(copy);
  expect(await again.rows('SELECT base, ours, theirs FROM drift.conflicts')).toEqual([['1', '2000', '1000']]);
  await again.run('RESOLVE CONFLICTS USING THEIRS; MERGE BRANCH b');
  expect(await again.rows('SELECT a FROM t WHERE id = 1')).toEqual([['1000']]);
});

test(
  'a merge of very many rows is as one of few, and gives the thread away all the time',
  { timeout: 60_000 },
  async () => {
    const turns = measuredTurns();
    const storage = new MemoryStorage();
    const db = await openDb(storage, { host: turns.host });
    await db.run(`CREATE TABLE t (id int, part text, n numeric(8, 2), at timestamptz, b bytea, l int[], PRIMARY KEY (part, id));
    INSERT INTO t SELECT i, 'p' || i % 7, i / 4.0, to_timestamp(i), '\\x01'::bytea, ARRAY[i, NULL] FROM generate_series(1, 12000) i;
    CREATE BRANCH b; USE BRANCH b`);
    turns.begin();
    await db.run(`UPDATE t SET n = n + 1, at = NULL WHERE id <= 9000; DELETE FROM t WHERE id > 11000;
    INSERT INTO t SELECT i, 'new ''' || i, NULL, NULL, '\\xff00'::bytea, '{}' FROM generate_series(1, 1500) i`);
    const changed = await turns.withoutGarbage();
    const branch = await db.rows('SELECT * FROM t ORDER BY part, id');
    await db.run('USE BRANCH main; UPDATE t SET l = NULL WHERE id > 10000 AND id <= 11000');
    turns.begin();
    await db.run('MERGE BRANCH b');
    const merged = await turns.withoutGarbage();
    const isOurs = ([id]: readonly (string | null)[]): boolean => Number(id) > 10000;
    const rows = await db.rows('SELECT * FROM t ORDER BY part, id');
    expect(rows).toEqual(branch.map((row) => (isOurs(row) ? row.with(5, null) : row)));
    expect(await db.rows('SELECT rows_changed, conflicts FROM drift.merges')).toEqual([['11500', '0']]);
    // Neither the commit on the branch nor the merge is one turn; a busy machine makes single ones longer.
    const share = (all: readonly number[]): number => Math.max(...all) / all.reduce((sum, ms) => sum + ms, 0);
    for (const all of [changed, merged]) expect(share(all)).toBeLessThan(0.7);
    expect(changed.length).toBeGreaterThan(3);
    expect(merged.length).toBeGreaterThan(8);
    const again = await openDb(copied(storage));
    expect(await again.rows('SELECT * FROM t ORDER BY part, id')).toEqual(rows);
    await again.run('USE BRANCH b');
    expect(await again.rows('SELECT * FROM t ORDER BY part, id')).toEqual(branch);
  },
);

test('DIFF BRANCH compares a table that a merge has made with the one that it was made after', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE old (id int PRIMARY KEY); CREATE BRANCH b; USE BRANCH b;
    CREATE TABLE made (id serial PRIMARY KEY, v text UNIQUE CHECK (v <> '')); INSERT INTO made (v) VALUES ('x'), ('y');
    USE BRANCH main; MERGE BRANCH b`);
  expect(await db.rows('DIFF BRANCH main, b')).toEqual([]);
  await db.run(`UPDATE made SET v = 'here' WHERE id = 2; USE BRANCH b; UPDATE made SET v = 'xx' WHERE id = 1;
    INSERT INTO made (v) VALUES ('z')`);
  const counted = [['public', 'made', '1', '0', '2', null]];
  expect(await db.rows('DIFF BRANCH main, b')).toEqual(counted);
  expect(await db.rows('DIFF BRANCH b, main')).toEqual([['public', 'made', '0', '1', '2', null]]);
  expect(await db.rows('DIFF BRANCH main, b FOR TABLE made')).toEqual([
    ['modified', '{"id":"1"}', '{"id":"1","v":"x"}', '{"id":"1","v":"xx"}'],
    ['modified', '{"id":"2"}', '{"id":"2","v":"here"}', '{"id":"2","v":"y"}'],
    ['added', '{"id":"3"}', null, '{"id":"3","v":"z"}'],
  ]);
  await db.run('ALTER TABLE made ADD COLUMN n int');
  expect((await db.rows('DIFF BRANCH main, b'))[0]?.at(-1)).toBe('defined otherwise');
});

test.each([1, 2, 3, 4])('rows without a primary key keep who they are through merges, seed %i', async (seed) => {
  const random = new Random(seed);
  const below = (limit: number): number => random.uint32() % limit;
  let db = await openDb(undefined, { maxLeafRows: 12, minClosedRows: 6, checkpointLogBytes: 1e9 });
  // The one is there when the lines part, the other is made on the branch and comes to the main line by a merge.
  await db.run('CREATE TABLE old (v int, w int); INSERT INTO old SELECT i, 0 FROM generate_series(0, 9) i');
  await db.run('CREATE BRANCH b; USE BRANCH b; CREATE TABLE made (v int, w int); INSERT INTO made SELECT * FROM old');
  await db.run('USE BRANCH main; MERGE BRANCH b');
  /** Each line changes rows of its own, so that nothing is in conflict. */
  const lines = ['main', 'b'];
  const states = lines.map(
    () => new Map(['old', 'made'].map((table) => [table, new Map(Array.from({ length: 10 }, (_, v) => [v, 0]))])),
  );
  let next = 10;
  for (let step = 0; step < 60; step++) {
    const line = below(2);
    const name = lines[line] as string;
    await db.run(`USE BRANCH ${name}`);
    const table = below(2) === 0 ? 'old' : 'made';
    const rows = states[line]?.get(table) as Map<number, number>;
    const own = [...rows.keys()].filter((v) => v % 2 === line);
    const v = own[below(own.length)] ?? -1;
    switch (below(6)) {
      case 0: {
        await db.run(`MERGE BRANCH ${lines[1 - line]}`);
        for (const [of, mine] of states[line] ?? []) {
          const theirs = states[1 - line]?.get(of) as Map<number, number>;
          for (const key of [...mine.keys(), ...theirs.keys()]) {
            if (key % 2 === line) continue;
            const w = theirs.get(key);
            if (w === undefined) mine.delete(key);
            else mine.set(key, w);
          }
        }
        break;
      }
      case 1:
        await db.run(`DELETE FROM ${table} WHERE v = ${v}`);
        rows.delete(v);
        break;
      case 2:
      case 3:
        next += 2;
        await db.run(`INSERT INTO ${table} VALUES (${next + line}, ${step})`);
        rows.set(next + line, step);
        break;
      default:
        await db.run(`UPDATE ${table} SET w = ${step} WHERE v = ${v}`);
        if (v >= 0) rows.set(v, step);
    }
    for (const of of ['old', 'made'])
      expect([step, of, await db.rows(`SELECT v, w FROM ${of} ORDER BY v`)]).toEqual([
        step,
        of,
        [...(states[line]?.get(of) ?? [])].toSorted(([a], [b]) => a - b).map((row) => row.map(String)),
      ]);
    if (step % 20 === 19) db = await openDb(copied(db.storage), { maxLeafRows: 12, minClosedRows: 6 });
  }
  await db.run('USE BRANCH main; MERGE BRANCH b; USE BRANCH b; MERGE BRANCH main');
  expect(await db.rows('DIFF BRANCH main, b')).toEqual([]);
  expect((await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
});

test('a row without a primary key that both sides have changed is one conflict, and no two rows', async () => {
  const db = await openDb();
  await db.run(`CREATE BRANCH b; USE BRANCH b; CREATE TABLE k (v text); INSERT INTO k VALUES ('x'), ('y');
    USE BRANCH main; MERGE BRANCH b; UPDATE k SET v = 'here' WHERE v = 'x'; DELETE FROM k WHERE v = 'y';
    USE BRANCH b; UPDATE k SET v = 'there' WHERE v = 'x'; UPDATE k SET v = 'z' WHERE v = 'y'; USE BRANCH main; MERGE BRANCH b`);
  expect(await db.rows('SELECT * FROM k')).toEqual([['here']]);
  expect(await db.rows('SELECT column_name, base, ours, theirs FROM drift.conflicts ORDER BY 1')).toEqual([
    ['v', 'x', 'here', 'there'],
    [null, '{"v":"y"}', null, '{"v":"z"}'],
  ]);
  await db.run('RESOLVE CONFLICTS USING THEIRS; USE BRANCH b; MERGE BRANCH main');
  expect(await db.rows('SELECT * FROM k ORDER BY 1')).toEqual([['there'], ['z']]);
  expect(await db.rows('DIFF BRANCH main, b')).toEqual([]);
  // A table that is made by a further merge shares them, too; a key of its own ends that.
  await db.run("CREATE BRANCH c FROM main AS OF SEQ 0; USE BRANCH c; MERGE BRANCH main; INSERT INTO k VALUES ('c')");
  await db.run("USE BRANCH b; INSERT INTO k VALUES ('b'); USE BRANCH c; MERGE BRANCH b");
  expect(await db.rows('SELECT * FROM k ORDER BY 1')).toEqual([['b'], ['c'], ['there'], ['z']]);
  expect(await db.code('INSERT INTO k (_row_id, v) VALUES (1, 2)')).toBe('42703');
  await db.run(
    "ALTER TABLE k ADD PRIMARY KEY (v); ALTER TABLE k DROP CONSTRAINT k_pkey; USE BRANCH b; UPDATE k SET v = 'd'",
  );
  await db.run('USE BRANCH c');
  const { notices } = await db.session.execute('MERGE BRANCH b');
  expect(notices?.map(({ message }) => message)).toEqual(['table "k" is not merged: its key is another on the target']);
  expect(await db.rows('SELECT * FROM k ORDER BY 1')).toEqual([['b'], ['c'], ['there'], ['z']]);
});
