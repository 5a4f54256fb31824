/** ERASE where there are branches: what goes, what stays and is told, and what the files hold. */
import { expect, test } from 'vitest';
import type { MemoryStorage } from '../../src/storage/memory.ts';
import { reopened } from './branch-copies.ts';
import { type Db, openDb } from './helper.ts';

/** Which of the texts some file has. */
function inFiles(storage: MemoryStorage, ...texts: string[]): string[] {
  const files = storage.list().map((name) => {
    const file = storage.open(name);
    return Buffer.from(file.read(0, file.size()) as Uint8Array);
  });
  return texts.filter((text) =>
    files.some((bytes) => bytes.includes(text) || bytes.includes(Buffer.from(text, 'utf16le'))),
  );
}

async function erase(db: Db, sql: string): Promise<string[]> {
  return ((await db.session.execute(sql)).notices ?? []).map(({ message }) => message);
}

const REST = 'SELECT mail, name FROM p FOR SYSTEM_TIME ALL ORDER BY mail, name';

async function people(): Promise<Db> {
  const db = await openDb();
  await db.run(`CREATE TABLE p (mail text PRIMARY KEY, name text);
    INSERT INTO p VALUES ('zaphod@x', 'Beeblebrox'), ('arthur@x', 'Dentarthur'), ('ford@x', 'Prefect');
    CREATE BRANCH b; USE BRANCH b; CREATE INDEX by_name ON p (name)`);
  return db;
}

test('ERASE on the main line takes what branches keep of inherited rows, and names branches with versions of their own', async () => {
  const db = await people();
  await db.run(`UPDATE p SET name = 'Slartibart' WHERE mail = 'zaphod@x'; DELETE FROM p WHERE mail = 'arthur@x';
    CREATE BRANCH c; USE BRANCH c; DELETE FROM p WHERE mail = 'zaphod@x'; CHECKPOINT; USE BRANCH main`);
  expect(await erase(db, "ERASE FROM p WHERE name IN ('Beeblebrox', 'Dentarthur')")).toEqual([
    'branch "b" still holds versions of the rows that it has made',
  ]);
  expect(inFiles(db.storage, 'Beeblebrox', 'Dentarthur', 'arthur@x', 'Slartibart')).toEqual(['Slartibart']);
  expect(await db.rows('SELECT held_by FROM drift.erasures')).toEqual([['{"branch b"}']]);
  for (const of of [db, await reopened(db)]) {
    await of.run('USE BRANCH main');
    expect(await of.rows(REST)).toEqual([['ford@x', 'Prefect']]);
    await of.run('USE BRANCH b');
    expect(await of.rows('SELECT * FROM p ORDER BY 1')).toEqual([
      ['ford@x', 'Prefect'],
      ['zaphod@x', 'Slartibart'],
    ]);
    expect(await of.rows("SELECT mail FROM p WHERE name >= 'A' ORDER BY name")).toEqual([['ford@x'], ['zaphod@x']]);
    await of.run('USE BRANCH c');
    expect(await of.rows('SELECT * FROM p')).toEqual([['ford@x', 'Prefect']]);
    expect((await of.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
  }
  await db.run('USE BRANCH b');
  expect(await erase(db, "ERASE FROM p WHERE name = 'Slartibart'")).toEqual([]);
  expect(inFiles(db.storage, 'Slartibart')).toEqual([]);
  await db.run('USE BRANCH main; DROP BRANCH c; DROP BRANCH b');
  expect(await db.rows('SELECT DISTINCT held_by FROM drift.erasures')).toEqual([['{}']]);
});

test('ERASE on a branch takes its own versions, and says what it has inherited', async () => {
  const db = await people();
  await db.run(`SELECT 1; INSERT INTO p VALUES ('marvin@x', 'Paranoid'); UPDATE p SET name = 'Ix' WHERE mail = 'ford@x';
    CREATE TABLE own (id int PRIMARY KEY, t text); INSERT INTO own VALUES (1, 'Vogonpoem')`);
  expect(await erase(db, "ERASE FROM p WHERE mail IN ('marvin@x', 'ford@x', 'arthur@x')")).toEqual([
    '2 of the rows were inherited: the main line still holds them',
  ]);
  expect(await erase(db, 'ERASE FROM own WHERE id = 1')).toEqual([]);
  expect(inFiles(db.storage, 'Paranoid', 'marvin@x', 'Vogonpoem', 'Dentarthur')).toEqual(['Dentarthur']);
  for (const of of [db, await reopened(db)]) {
    await of.run('USE BRANCH b');
    expect(await of.rows('SELECT * FROM p')).toEqual([['zaphod@x', 'Beeblebrox']]);
    await of.run('USE BRANCH main');
    expect(await of.rows('SELECT count(*) FROM p')).toEqual([['3']]);
  }
});

test('proofs stay valid when rows of branches are erased', async () => {
  const db = await openDb();
  await db.run(`SELECT drift_enable_proofs(); CREATE TABLE p (id int PRIMARY KEY, name text); INSERT INTO p VALUES (1, 'a'), (2, 'b');
    CREATE BRANCH b; USE BRANCH b; UPDATE p SET name = 'c' WHERE id = 1; DELETE FROM p WHERE id = 2;
    ERASE FROM p WHERE id = 1; USE BRANCH main; ERASE FROM p WHERE id = 2`);
  const verify = async (of: Db): Promise<unknown> => (await of.rows("SELECT drift_verify() ->> 'problems'"))[0]?.[0];
  expect(await verify(db)).toBe('[]');
  expect(await verify(await reopened(db))).toBe('[]');
});
