/** ERASE: rows go from all states, and from the bytes of all files, after crashes at every step too. */
import { expect, test } from 'vitest';
import type { EngineOptions } from '../../src/database/api.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { collected, restoreSource } from '../../src/client/backup.ts';
import { LocalConnection } from '../../src/client/local.ts';
import { type Db, openDb, testHost, textRows } from './helper.ts';
import { openEngine } from '../../src/database/engine.ts';

const SMALL: Partial<EngineOptions> = { maxLeafRows: 8, minClosedRows: 6, packSizeBytes: 4096, logStepBytes: 4096 };

/** Text that is in no file by chance; each with a part of its own. */
const SECRETS = ['Zaphod', 'Trillian', 'Slartibartfast'] as const;

const SCRIPT = `CREATE TABLE person (mail text PRIMARY KEY, name text, note text, n int);
  CREATE INDEX by_name ON person (name, n DESC); CREATE INDEX by_note ON person (lower(note)); CREATE INDEX gone ON person (note);
  INSERT INTO person SELECT 'user' || i || '@example.org', 'name ' || i, 'note ' || i, i FROM generate_series(1, 30) i;
  INSERT INTO person VALUES ('zaphod@beeblebrox', 'Zaphod', 'two heads, Zaphod', 1), ('mmm@middle', 'Trillian', NULL, 2);
  UPDATE person SET n = n + 1 WHERE n % 3 = 0;
  UPDATE person SET note = 'Slartibartfast' WHERE mail = 'mmm@middle';
  UPDATE person SET name = 'Tricia' WHERE mail = 'mmm@middle';
  DROP INDEX gone;
  UPDATE person SET n = n + 1 WHERE n % 2 = 0;
  DELETE FROM person WHERE mail = 'zaphod@beeblebrox';
  UPDATE person SET n = n + 1;
  ALTER TABLE person DROP COLUMN note;
  UPDATE person SET n = n + 1`;

/** Of the script. */
const COMMITS = 15;
const ERASE = "ERASE FROM person p WHERE p.name IN ('Zaphod', 'Trillian')";

/** Where each of the secrets is in the files. */
function found(storage: Storage): string[] {
  const places: string[] = [];
  for (const name of storage.list() as readonly string[]) {
    const file = (storage.open as (name: string) => { size(): number; read(at: number, length: number): Uint8Array })(
      name,
    );
    const bytes = Buffer.from(file.read(0, file.size()));
    for (const secret of [...SECRETS, 'zaphod@', 'mmm@middle'])
      for (const form of [Buffer.from(secret), Buffer.from(secret, 'utf16le')])
        if (bytes.includes(form)) places.push(`${name}: ${secret}`);
  }
  return places;
}

/** The same on a disk that no database has open. */
function foundIn(disk: SimDisk): string[] {
  const places: string[] = [];
  for (const [name, file] of disk.files)
    for (const secret of [...SECRETS, 'zaphod@', 'mmm@middle'])
      for (const form of [Buffer.from(secret), Buffer.from(secret, 'utf16le')])
        if (Buffer.from(file.afterKill()).includes(form)) places.push(`${name}: ${secret}`);
  return places;
}

async function untilDone(db: Pick<Db, 'rows'>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while ((await db.rows("SELECT 1 FROM drift.erasures WHERE state <> 'done'")).length > 0) {
    if (performance.now() > deadline) throw new Error('the erasure does not come to its end');
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

async function problems(db: Pick<Db, 'rows'>): Promise<unknown> {
  return (await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null);
}

async function others(db: Pick<Db, 'rows'>, last: number): Promise<unknown[]> {
  const states: unknown[] = [];
  for (let seq = 5; seq <= last; seq++) {
    const at = `person FOR SYSTEM_TIME AS OF SEQ ${seq}`;
    states.push([
      await db.rows(`SELECT mail, name, n FROM ${at} WHERE mail LIKE 'user%' ORDER BY mail`),
      await db.rows(`SELECT mail FROM ${at} WHERE name = 'name 7'`),
      await db.rows(`SELECT count(*) FROM ${at} WHERE mail >= 'user2' AND mail < 'uset'`),
    ]);
  }
  return states;
}

test('no state, no index and no byte of any file has the rows; all others are as they were', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage, SMALL);
  for (const [i, sql] of SCRIPT.split(';').entries()) {
    await db.run(sql);
    if (i % 4 === 3) await db.engine.checkpoint();
  }
  const { lastSeq } = db.engine.status();
  const before = await others(db, lastSeq);
  expect(found(storage).length).toBeGreaterThan(3);
  const result = await db.session.execute(ERASE);
  expect(result).toMatchObject({ command: 'ERASE', affectedRows: 2 });
  expect(found(storage)).toEqual([]);
  const check = async (): Promise<void> => {
    expect(await others(db, lastSeq)).toEqual(before);
    expect(
      await db.rows(
        "SELECT count(*) FROM person FOR SYSTEM_TIME ALL WHERE mail IN ('zaphod@beeblebrox', 'mmm@middle')",
      ),
    ).toEqual([['0']]);
    for (let seq = 6; seq <= lastSeq; seq++)
      expect(
        await db.rows(
          `SELECT mail FROM person FOR SYSTEM_TIME AS OF SEQ ${seq} WHERE name IN ('Zaphod', 'Trillian', 'Tricia')`,
        ),
      ).toEqual([]);
    expect(await db.rows("SELECT * FROM row_history('person', 'mmm@middle')")).toEqual([]);
    expect(await problems(db)).toEqual([]);
    expect(
      await db.rows("SELECT seq, message, metadata FROM drift.transactions WHERE metadata -> 'erase' IS NOT NULL"),
    ).toEqual([[String(lastSeq + 1), 'erase from person: 2 rows', '{"erase": {"rows": 2, "table": "public.person"}}']]);
  };
  await check();
  // The key is free, and what comes under it now is another row.
  await db.run("INSERT INTO person VALUES ('mmm@middle', 'someone', 1); DELETE FROM person WHERE mail = 'mmm@middle'");
  await db.engine.close();
  db = await openDb(storage, SMALL);
  await db.run("ERASE FROM person WHERE name = 'someone'");
  expect(found(storage)).toEqual([]);
  expect(await db.rows("SELECT count(*) FROM row_history('person', 'mmm@middle')")).toEqual([['0']]);
  expect(await problems(db)).toEqual([]);
});

test('parameters, keys of several columns, rows without a key, numbers, what refers to the rows', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, SMALL);
  await db.run(`CREATE TYPE kind AS ENUM ('a', 'b');
    CREATE TABLE p (k kind, d numeric, t timestamptz, v text, PRIMARY KEY (k, d, t));
    INSERT INTO p SELECT 'a', i / 10.0, '2024-01-01Z'::timestamptz + i * interval '1 h', 'plain ' || i FROM generate_series(1, 20) i;
    INSERT INTO p VALUES ('b', 1.50, '2024-05-05 05:05Z', 'Zaphod');
    CREATE TABLE loose (v text); INSERT INTO loose SELECT 'row ' || i FROM generate_series(1, 20) i; INSERT INTO loose VALUES ('Trillian');
    UPDATE loose SET v = 'renamed' WHERE v = 'Trillian';
    CREATE TABLE parent (id int PRIMARY KEY, v text); CREATE TABLE child (p int REFERENCES parent);
    INSERT INTO parent VALUES (1, 'Slartibartfast'); INSERT INTO child VALUES (1)`);
  await db.engine.checkpoint();
  expect((await db.session.execute('ERASE FROM p WHERE v = $1', ['Zaphod'])).affectedRows).toBe(1);
  expect((await db.session.execute('ERASE FROM loose WHERE v LIKE $1', ['Tril%'])).affectedRows).toBe(1);
  expect(await db.rows('SELECT count(*) FROM p UNION ALL SELECT count(*) FROM loose')).toEqual([['20'], ['20']]);
  expect(await db.code('ERASE FROM parent WHERE id = 1')).toBe('23503');
  await db.run('ERASE FROM child WHERE p = 1; ERASE FROM parent WHERE id = 1');
  expect(found(storage)).toEqual([]);
  expect(await problems(db)).toEqual([]);
  expect(await db.code('ERASE FROM p')).toBe('42601');
  expect(await db.code('ERASE FROM nothing WHERE true')).toBe('42P01');
  expect(await db.code('ERASE FROM p WHERE nothing')).toBe('42703');
  expect(await db.code('ERASE FROM drift.transactions WHERE true')).toBe('42501');
  expect(await db.code('BEGIN; ERASE FROM p WHERE true')).toBe('25001');
  await db.run('ROLLBACK; ERASE FROM p WHERE true');
  expect(await db.rows('SELECT count(*) FROM p FOR SYSTEM_TIME ALL')).toEqual([['0']]);
  expect(await problems(db)).toEqual([]);
});

test('crashed at every I/O operation: the others are as they were, and erasing again leaves nothing', async () => {
  const prepared = async (): Promise<{ disk: SimDisk; first: number }> => {
    const disk = new SimDisk(4);
    const engine = await openEngine({ storage: disk.storage(), host: testHost(1), ...SMALL });
    await engine.session().script(SCRIPT);
    await engine.close();
    return { disk, first: disk.operations };
  };
  const rowsOf = (db: Awaited<ReturnType<typeof openEngine>>): Pick<Db, 'rows'> => {
    const session = db.session();
    return { rows: async (sql) => textRows(await session.execute(sql, [], { text: true })) };
  };
  let want: unknown;
  const counts = { resumed: 0, undone: 0 };
  for (let at = Number(process.env['ERASE_CRASH_AT'] ?? 0); ; at += Number(process.env['ERASE_CRASH_STEP'] ?? 17)) {
    const { disk, first } = await prepared();
    disk.plan({ kind: 'crash', at: first + at });
    let finished = false;
    try {
      const engine = await openEngine({ storage: disk.storage(), host: testHost(2), ...SMALL });
      await engine.session().execute(ERASE);
      finished = true;
      await engine.close();
    } catch {
      // The machine went down.
    }
    disk.powerFailure();
    disk.plan(null);
    const storage = disk.storage();
    // What was acknowledged is in no byte that the medium has, also of files whose removal it took back.
    if (finished) expect([at, foundIn(disk)]).toEqual([at, []]);
    const engine = await openEngine({ storage, host: testHost(3), ...SMALL });
    const db = rowsOf(engine);
    const states = await others(db, 13);
    want ??= states;
    expect([at, states]).toEqual([at, want]);
    const recorded = engine.status().lastSeq > COMMITS;
    if (recorded) {
      counts.resumed++;
      const left = "SELECT count(*) FROM person FOR SYSTEM_TIME ALL WHERE mail LIKE '%@middle'";
      expect([at, await db.rows(left)]).toEqual([at, [['0']]]);
      // It goes on by itself.
      await untilDone(db);
      expect([at, found(storage)]).toEqual([at, []]);
      expect([at, await db.rows('SELECT seq, table_name, row_count, state, held_by FROM drift.erasures')]).toEqual([
        at,
        [[String(COMMITS + 1), 'public.person', '2', 'done', '{}']],
      ]);
    } else counts.undone++;
    await engine.session().execute(ERASE);
    expect([at, await problems(db)]).toEqual([at, []]);
    expect([at, found(storage)]).toEqual([at, []]);
    await engine.close();
    if (finished) break;
  }
  expect(counts.resumed).toBeGreaterThan(3);
  expect(counts.undone).toBeGreaterThan(0);
});

test('backups from before an erasure are known as long as the database is, and named by it', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage, SMALL);
  await db.run("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'Zaphod'), (2, 'b')");
  const before = await collected(() => new LocalConnection(db.engine).backup({}));
  await db.run("INSERT INTO t VALUES (3, 'c')");
  await collected(() => new LocalConnection(db.engine).backup({ history: false }));
  const result = await db.session.execute("ERASE FROM t WHERE v = 'Zaphod'");
  expect(result.notices?.map(({ message }) => message)).toEqual([
    '2 backups from before commit 4 may still hold what was erased',
  ]);
  const after = await collected(() => new LocalConnection(db.engine).backup({}));
  const check = async (): Promise<void> => {
    expect(await db.rows('SELECT seq, history FROM drift.backups ORDER BY made_at')).toEqual([
      ['2', 't'],
      ['3', 'f'],
      ['4', 't'],
    ]);
    expect(
      await db.rows(`SELECT e.seq, e.table_name, e.row_count, e.state, b.seq FROM drift.erasures e
        JOIN drift.backups b ON b.id = ANY (e.held_by) ORDER BY b.seq`),
    ).toEqual([
      ['4', 'public.t', '1', 'done', '2'],
      ['4', 'public.t', '1', 'done', '3'],
    ]);
  };
  await check();
  await db.engine.close();
  db = await openDb(storage, SMALL);
  await check();
  await db.engine.close();
  // What was made before has it, what was made after has not, and remembers.
  for (const [backup, rows] of [
    [before, '1'],
    [after, '0'],
  ] as const) {
    const copy = new MemoryStorage();
    const restored = await openDb(copy, { ...SMALL, restore: restoreSource(backup, {}) });
    expect(await restored.rows("SELECT count(*) FROM t FOR SYSTEM_TIME ALL WHERE v = 'Zaphod'")).toEqual([[rows]]);
    expect(await restored.rows('SELECT count(*) FROM drift.erasures')).toEqual([[rows === '1' ? '0' : '1']]);
    expect(found(copy).length > 0).toBe(rows === '1');
    await restored.engine.close();
  }
});

test('rows of before another key go, too: those that fulfil the condition, and those that became rows that are erased', async () => {
  const storage = new MemoryStorage();
  let db = await openDb(storage, SMALL);
  await db.run(`CREATE TABLE person (mail text, name text, n int);
    INSERT INTO person SELECT 'user' || i, 'name ' || i, i FROM generate_series(1, 30) i;
    INSERT INTO person VALUES ('zaphod@beeblebrox', 'Zaphod', 1), ('mmm@middle', 'Trillian', NULL), ('other', 'Slartibartfast', 3);
    UPDATE person SET name = 'Tricia' WHERE mail = 'mmm@middle'; DELETE FROM person WHERE mail = 'other';
    ALTER TABLE person ADD PRIMARY KEY (mail); ALTER TABLE person ADD COLUMN note text DEFAULT 'none';
    UPDATE person SET n = coalesce(n, 0) + 1; ALTER TABLE person DROP CONSTRAINT person_pkey;
    UPDATE person SET name = 'Zarniwoop', note = 'gone' WHERE mail = 'zaphod@beeblebrox'`);
  const all = 'SELECT count(*) FROM person FOR SYSTEM_TIME AS OF SEQ ';
  expect([await db.rows(`${all}3`), await db.rows(`${all}7`)]).toEqual([[['33']], [['32']]]);
  // The first by what it is called now, the others by what they were called then.
  await db.run("ERASE FROM person p WHERE p.name = 'Zarniwoop' AND p.note = 'gone'");
  await db.run("ERASE FROM person WHERE name IN ('Trillian', 'Slartibartfast')");
  for (let opening = 0; opening < 2; opening++) {
    await untilDone(db);
    expect(found(storage).filter((place) => !/mmm@|zaphod@/.test(place))).toEqual([]);
    expect(found(storage).filter((place) => place.includes('zaphod@'))).toEqual([]);
    expect([await db.rows(`${all}3`), await db.rows(`${all}7`)]).toEqual([[['30']], [['31']]]);
    expect(await problems(db)).toEqual([]);
    await db.engine.close();
    db = await openDb(storage, SMALL);
  }
  await db.engine.close();
});
