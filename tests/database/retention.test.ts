/** history_retention and DELETE HISTORY: what goes, what stays, what is kept for whom, and what reads beyond it answer. */
import { expect, test } from 'vitest';
import { collected, restoreSource } from '../../src/client/backup.ts';
import { LocalConnection } from '../../src/client/local.ts';
import { Random } from '../../src/base/random.ts';
import { run } from '../../src/base/task.ts';
import type { EngineOptions } from '../../src/database/api.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

const SMALL: Partial<EngineOptions> = { maxLeafRows: 16, minClosedRows: 8, packSizeBytes: 8192 };

/** Commit 1 defines, 2 fills, then one update a commit. */
async function history(commits: number, storage = new MemoryStorage(), options = SMALL): Promise<Db> {
  const db = await openDb(storage, options);
  await db.run(
    'CREATE TABLE t (id int PRIMARY KEY, v int, s text); INSERT INTO t SELECT i, 0, repeat(i::text, 20) FROM generate_series(1, 60) i',
  );
  await db.run('CREATE INDEX t_v ON t (v)');
  const random = new Random(3);
  for (let seq = 4; seq <= commits; seq++) {
    const id = 1 + (random.uint32() % 60);
    await db.run(
      seq % 9 === 0
        ? `DELETE FROM t WHERE id = ${id}`
        : `INSERT INTO t VALUES (${id}, ${seq}, 'x') ON CONFLICT (id) DO UPDATE SET v = ${seq}`,
    );
    if (seq === 40) await db.engine.checkpoint();
  }
  return db;
}

async function stateAt(db: Db, seq: number): Promise<unknown> {
  const at = `t FOR SYSTEM_TIME AS OF SEQ ${seq}`;
  return [
    await db.rows(`SELECT id, v, s FROM ${at} ORDER BY id`),
    await db.rows(`SELECT id FROM ${at} WHERE v BETWEEN 10 AND 60 ORDER BY v, id`),
    await db.rows(`SELECT v FROM ${at} WHERE id = 7`),
  ];
}

const BEYOND = [
  'SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 59',
  'SELECT v FROM t FOR SYSTEM_TIME AS OF SEQ 10 WHERE id = 7',
  'SELECT id FROM t FOR SYSTEM_TIME AS OF SEQ 20 WHERE v = 12',
  'SELECT count(*) FROM t FOR SYSTEM_TIME BETWEEN SEQ 30 AND SEQ 70',
  "SELECT count(*) FROM t FOR SYSTEM_TIME FROM '1999-01-01' TO SEQ 70",
  'SELECT count(*) FROM t FOR SYSTEM_TIME CONTAINED IN (SEQ 30, SEQ 70)',
  "SELECT * FROM table_changes('t', 30)",
  "SELECT * FROM table_diff('t', 30, 70)",
  "SELECT * FROM blame('t', 30)",
];

async function problems(db: Db): Promise<unknown> {
  return (await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null);
}

test('states before are an error everywhere, those after are as they were, and the space is free', async () => {
  const storage = new MemoryStorage();
  let db = await history(120, storage);
  await db.engine.checkpoint();
  const states = new Map<number, unknown>();
  for (let seq = 60; seq <= 120; seq += 5) states.set(seq, await stateAt(db, seq));
  const after = await db.rows("SELECT * FROM table_changes('t', 60) ORDER BY seq, after_id");
  const [[bytes]] = (await db.rows("SELECT pg_total_relation_size('t')")) as [[string]];
  const result = await db.session.execute('DELETE HISTORY FROM t BEFORE SEQ 60');
  expect(result.command).toBe('DELETE HISTORY');
  const check = async (): Promise<void> => {
    for (const [seq, state] of states) expect([seq, await stateAt(db, seq)]).toEqual([seq, state]);
    for (const sql of BEYOND) expect([sql, await db.code(sql)]).toEqual([sql, '72000']);
    expect(await db.code('BEGIN READ ONLY AS OF SEQ 59; SELECT count(*) FROM t')).toBe('72000');
    await db.run('ROLLBACK');
    // ALL is all that is left: what was in force at the limit, and what came later.
    expect(await db.rows('SELECT count(*) FROM t FOR SYSTEM_TIME ALL WHERE _seq_to <= 60')).toEqual([['0']]);
    expect(await db.rows("SELECT * FROM table_changes('t') ORDER BY seq, after_id")).toEqual(after);
    expect(await db.rows("SELECT * FROM table_changes('t', 60) ORDER BY seq, after_id")).toEqual(after);
    expect(await db.rows('SELECT table_name, history_retention, history_from FROM drift.retention')).toEqual([
      ['t', 'forever', '60'],
    ]);
    expect(await problems(db)).toEqual([]);
  };
  await check();
  const [[less]] = (await db.rows("SELECT pg_total_relation_size('t')")) as [[string]];
  expect(Number(less)).toBeLessThan(Number(bytes) * 0.8);
  await db.engine.close();
  db = await openDb(storage, SMALL);
  await check();
  // Further back is no step.
  await db.run('DELETE HISTORY FROM t BEFORE SEQ 30');
  await check();
  await db.run('DELETE HISTORY FROM t BEFORE SEQ 120');
  expect(await db.rows('SELECT count(*) FROM t FOR SYSTEM_TIME ALL WHERE _seq_to IS NOT NULL')).toEqual([['0']]);
  expect(await db.code('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 119')).toBe('72000');
  await db.run('UPDATE t SET v = 1000 WHERE id = 8');
  // Nobody knows any more whether the oldest version was inserted or updated.
  expect(await db.rows("SELECT operation FROM row_history('t', 8)")).toEqual([['unknown'], ['update']]);
});

test('tags, feeds, snapshots and sessions in the past keep what they need', async () => {
  const db = await history(60);
  const from = async (): Promise<(string | null)[]> =>
    (await db.rows('SELECT history_from, kept_before, kept_from, kept_for FROM drift.retention'))[0] ?? [];
  const cut = async (): Promise<string[]> =>
    (await db.session.execute('DELETE HISTORY FROM t BEFORE SEQ 55')).notices?.map(({ message }) => message) ?? [];
  const stop = db.engine.session();
  await stop.execute('WAIT FOR CHANGES AFTER SEQ 8');
  expect((await cut())[0]).toMatch(/kept from commit 8 on: the change feed of session \d+ needs it$/);
  expect(await from()).toEqual(['8', '{}', '8', `the change feed of session ${stop.id}`]);
  await stop.close();
  await db.run('CREATE TAG early AS OF SEQ 12; CREATE TAG late AS OF SEQ 50');
  const [reader, other] = [db.engine.session(), db.engine.session()];
  await reader.begin({ isolation: 'repeatable read', asOf: { kind: 'seq', seq: 20 } });
  const before = await reader.execute('SELECT sum(v) FROM t');
  await other.execute('SET drift.as_of = SEQ 30');
  const sum = await other.execute('SELECT sum(v) FROM t');
  expect(await cut()).toEqual([
    `history of "t" is kept at commit 12 (tag "early" needs it), 20 (a transaction of session ${reader.id} needs it), ` +
      `30 (drift.as_of of session ${other.id} needs it), 50 (tag "late" needs it)`,
  ]);
  expect(await from()).toEqual(['55', '{[12,13),[20,21),[30,31),[50,51)}', '12', 'tag "early"']);
  expect(await db.rows('SELECT * FROM drift.protections')).toEqual([
    ['12', '12', 'tag "early"'],
    ['20', '20', `a transaction of session ${reader.id}`],
    ['30', '30', `drift.as_of of session ${other.id}`],
    ['50', '50', 'tag "late"'],
    ['62', '62', `a transaction of session ${reader.id}`],
  ]);
  expect((await reader.execute('SELECT sum(v) FROM t')).columns).toEqual(before.columns);
  expect((await other.execute('SELECT sum(v) FROM t')).columns).toEqual(sum.columns);
  await reader.rollback();
  await other.execute('RESET drift.as_of');
  await db.run('DROP TAG early');
  expect(await cut()).toEqual(['history of "t" is kept at commit 50 (tag "late" needs it)']);
  expect(await from()).toEqual(['55', '{[50,51)}', '50', 'tag "late"']);
  expect(await db.code('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 12')).toBe('72000');
  await db.run('DROP TAG late');
  expect(await cut()).toEqual([]);
  expect(await from()).toEqual(['55', '{}', null, null]);
});

test('a merge needs the two states that it compares, and what the last one took', async () => {
  const db = await history(20);
  await db.run('CREATE BRANCH b; UPDATE t SET v = -1 WHERE id = 8; INSERT INTO t VALUES (100, 1), (101, 1)');
  await db.run('USE BRANCH b; MERGE BRANCH main; UPDATE t SET v = -2 WHERE id = 9; USE BRANCH main; MERGE BRANCH b');
  await db.run(
    'UPDATE t SET v = -3 WHERE id = 11; DELETE FROM t WHERE id = 100; UPDATE t SET s = s || $$!$$ WHERE id = 12',
  );
  await db.run('DELETE FROM t WHERE id = 12; UPDATE t SET v = 7 WHERE id = 13; DELETE HISTORY FROM t BEFORE now()');
  expect(await db.rows('SELECT from_seq, reason FROM drift.protections')).toEqual([
    ['20', 'branch "b"'],
    ['23', 'the last merge into branch "b"'],
  ]);
  expect(await db.code('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 21')).toBe('72000');
  const main = await db.rows('SELECT id, v, s FROM t ORDER BY id');
  await db.run('USE BRANCH b; MERGE BRANCH main');
  expect(await db.rows('SELECT id, v, s FROM t ORDER BY id')).toEqual(main);
  expect(await db.rows('SELECT conflicts FROM drift.merges')).toEqual([['0'], ['0']]);
  expect(await db.rows('DIFF BRANCH main, b')).toEqual([]);
  expect(await db.rows('SELECT count(*) FROM t FOR SYSTEM_TIME ALL WHERE _seq_to <= 20')).toEqual([['0']]);
});

test('history_retention: by time, at checkpoints; none; forever', async () => {
  const storage = new MemoryStorage();
  // The clock ticks a millisecond at every look.
  const db = await history(60, storage);
  for (const bad of ["'soon'", "'-1 day'", "''"])
    expect(['22007', '22023']).toContain(await db.code(`ALTER TABLE t SET (history_retention = ${bad})`));
  await db.run("ALTER TABLE t SET (history_retention = '1 hour', fillfactor = 70)");
  const of = (): Promise<(string | null)[][]> => db.rows('SELECT history_retention, history_from FROM drift.retention');
  await db.run('UPDATE t SET v = v + 1 WHERE id = 1');
  await db.engine.checkpoint();
  expect(await of()).toEqual([['01:00:00', '0']]);
  await db.run("ALTER TABLE t SET (history_retention = '30 milliseconds')");
  await db.run('UPDATE t SET v = v + 1 WHERE id = 1');
  await db.engine.checkpoint();
  const [[, first]] = (await of()) as [[string, string]];
  expect(Number(first)).toBeGreaterThan(40);
  expect(Number(first)).toBeLessThan(62);
  await db.run("ALTER TABLE t SET (history_retention = 'none'); UPDATE t SET v = -1");
  const { lastSeq } = db.engine.status();
  await db.engine.checkpoint();
  expect(await of()).toEqual([['none', String(lastSeq)]]);
  expect(await db.code(`SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ ${lastSeq - 1}`)).toBe('72000');
  await db.run('ALTER TABLE t RESET (history_retention); UPDATE t SET v = -2');
  await db.engine.checkpoint();
  expect(await of()).toEqual([['forever', String(lastSeq)]]);
  expect(await db.rows(`SELECT DISTINCT v FROM t FOR SYSTEM_TIME AS OF SEQ ${lastSeq}`)).toEqual([['-1']]);
  expect(await db.rows("SELECT kind, state FROM drift.maintenance WHERE kind = 'retention' LIMIT 1")).toEqual([
    ['retention', 'done'],
  ]);
  expect(await problems(db)).toEqual([]);
});

test('errors, and what is not concerned', async () => {
  const db = await history(20);
  await db.run(
    'CREATE TABLE u (a int); INSERT INTO u VALUES (1); UPDATE u SET a = 2; DELETE HISTORY FROM t BEFORE SEQ 22',
  );
  expect(await db.rows('SELECT a FROM u FOR SYSTEM_TIME AS OF SEQ 22')).toEqual([['1']]);
  expect(await db.code('DELETE HISTORY FROM t BEFORE SEQ 99')).toBe('22023');
  expect(await db.code('DELETE HISTORY FROM nothing BEFORE SEQ 1')).toBe('42P01');
  expect(await db.code('DELETE HISTORY FROM drift.transactions BEFORE SEQ 1')).toBe('42501');
  expect(await db.code('BEGIN; DELETE HISTORY FROM t BEFORE SEQ 21')).toBe('25001');
  await db.run("ROLLBACK; DELETE HISTORY FROM u BEFORE '1999-01-01'");
  await db.run("CREATE TABLE w (a int) WITH (history_retention = '1 day', fillfactor = 50)");
  expect(await db.rows("SELECT history_retention FROM drift.retention WHERE table_name = 'w'")).toEqual([['1 day']]);
  expect(await db.code('CREATE TABLE x (a int) WITH (history_retentions = 1)')).toBe('22023');
  expect(await db.code("DO 'BEGIN DELETE HISTORY FROM t BEFORE SEQ 21; END'")).toBe('25001');
  // A table by the name of history is one.
  await db.run('CREATE TABLE history (a int); DELETE FROM history');
});

test('a scan that is on its way over what goes fails; none gives half of a state', async () => {
  const db = await history(100);
  const reader = db.engine.session();
  let done = 0;
  for (let i = 0; i < 8; i++) {
    const limit = 20 + i * 10;
    const slow = reader
      .execute(
        `SELECT count(*), sum(a.v + b.v) FROM t FOR SYSTEM_TIME AS OF SEQ ${limit - 1} a, t FOR SYSTEM_TIME AS OF SEQ ${limit} b`,
      )
      .then(
        ({ rowCount }) => rowCount,
        (error: unknown) => (error as { code: string }).code,
      );
    await db.run(`DELETE HISTORY FROM t BEFORE SEQ ${limit}`);
    expect([1, '72000']).toContain(await slow);
    done++;
  }
  expect(done).toBe(8);
});

test('backups have what is left; a moment before the limit cannot be restored', async () => {
  const db = await history(50);
  await db.run('DELETE HISTORY FROM t BEFORE SEQ 30');
  const file = await collected(() => new LocalConnection(db.engine).backup({}));
  const copy = await openDb(new MemoryStorage(), { restore: restoreSource([file], {}) });
  expect(await stateAt(copy, 30)).toEqual(await stateAt(db, 30));
  expect(await copy.code('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 29')).toBe('72000');
  const early = await openDb(new MemoryStorage(), { restore: restoreSource([file], { to: 40 }) });
  expect(await stateAt(early, 30)).toEqual(await stateAt(db, 30));
  expect(await early.code('SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 29')).toBe('72000');
  await expect(openDb(new MemoryStorage(), { restore: restoreSource([file], { to: 29 }) })).rejects.toMatchObject({
    code: '72000',
  });
});

test('a limit behind the last change of a table: indexes are made, and the database opens', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage, SMALL);
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 10), (2, 20);
    CREATE TABLE u (a int); INSERT INTO u VALUES (1); DELETE HISTORY FROM t BEFORE SEQ 4; CREATE INDEX t_v ON t (v)`);
  await db.engine.close();
  db = await openDb(storage, SMALL);
  expect(await db.rows('SELECT id FROM t WHERE v = 20')).toEqual([['2']]);
  expect(await db.code('SELECT id FROM t FOR SYSTEM_TIME AS OF SEQ 3 WHERE v = 20')).toBe('72000');
  expect(await problems(db)).toEqual([]);
});

/** Versions in the tables that a table was before its key was changed. */
async function versionsBefore(db: Db, name: string): Promise<number> {
  const { store, manager } = (await db.engine.inside()).core;
  let count = 0;
  for (const object of manager.catalog.objects()) {
    if (object.kind !== 'table' || object.name !== name) continue;
    for (const id of object.former ?? []) {
      const table = store.table(id);
      const source = table.scanVersions({ fromSeq: table.historyFrom, toSeq: Infinity, columns: [] });
      for (let batch = await run(source.next()); batch !== null; batch = await run(source.next())) count += batch.count;
    }
  }
  return count;
}

test('history of before another key goes, too', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage, SMALL);
  await db.run(
    "CREATE TABLE k (id int, s text); INSERT INTO k SELECT i, 'Zarquon ' || i FROM generate_series(1, 40) i",
  );
  await db.run("CREATE INDEX ON k (s); UPDATE k SET s = 'later ' || id WHERE id <= 20; CHECKPOINT");
  await db.run("UPDATE k SET s = 'then ' || id; ALTER TABLE k ADD PRIMARY KEY (id); UPDATE k SET s = 'now ' || id");
  expect(await db.rows("SELECT count(*) FROM k FOR SYSTEM_TIME AS OF SEQ 2 WHERE s LIKE 'Zarquon%'")).toEqual([['40']]);
  expect(await versionsBefore(db, 'k')).toBe(100);
  await db.run('DELETE HISTORY FROM k BEFORE SEQ 6');
  for (let opening = 0; opening < 2; opening++) {
    for (const seq of [2, 4, 5])
      expect(await db.code(`SELECT count(*) FROM k FOR SYSTEM_TIME AS OF SEQ ${seq} WHERE id > 0`)).toBe('72000');
    expect(await db.rows('SELECT min(s) FROM k FOR SYSTEM_TIME AS OF SEQ 6')).toEqual([['then 1']]);
    expect(await db.rows('SELECT count(*), min(s) FROM k')).toEqual([['40', 'now 1']]);
    expect(await versionsBefore(db, 'k')).toBe(0);
    expect(await problems(db)).toEqual([]);
    await db.engine.close();
    db = await openDb(storage, SMALL);
  }
  await db.engine.close();
});
