/** Repair of databases with branches: they come back with the main line, or are told to be missing; never half of one. */
import { expect, test } from 'vitest';
import { repairDatabase } from '../../src/database/repair/database.ts';
import type { RepairReport } from '../../src/database/repair/repair.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { copyOf, type Db, openDb, testHost } from './helper.ts';

const SMALL = { maxLeafRows: 16, minClosedRows: 8, packSizeBytes: 4096 };

/** A branch in segments; `logged`: and commits on it that only the log has. */
async function filled(storage: MemoryStorage, logged: boolean): Promise<Db> {
  const db = await openDb(storage, SMALL);
  await db.run(`CREATE TABLE t (id int PRIMARY KEY, v text);
    INSERT INTO t SELECT i, 'value ' || i FROM generate_series(1, 40) i`);
  await db.run('CREATE BRANCH draft; USE BRANCH draft');
  for (let i = 0; i < 4; i++) await db.run(`UPDATE t SET v = v || ' draft' WHERE id % 4 = ${i}`);
  await db.run(`DELETE FROM t WHERE id = 7; CREATE TABLE mine (x int, y text); INSERT INTO mine VALUES (1, 'a');
    CREATE INDEX t_v ON t (v); ALTER TABLE t ADD COLUMN n int DEFAULT 5; UPDATE t SET n = 6 WHERE id = 9`);
  await db.run('CREATE BRANCH deeper; USE BRANCH deeper; DELETE FROM t WHERE id > 30; USE BRANCH main');
  await db.run('CREATE BRANCH gone; USE BRANCH gone; DELETE FROM t; USE BRANCH main; DROP BRANCH gone');
  await db.run("UPDATE t SET v = 'main' WHERE id = 1");
  await db.engine.checkpoint();
  if (logged)
    await db.run(`USE BRANCH draft; INSERT INTO t VALUES (100, 'logged', 1); UPDATE mine SET y = 'b';
      USE BRANCH main; DELETE FROM t WHERE id = 2`);
  return db;
}

const ON_LINES = [
  ['main', 'SELECT * FROM t'],
  ['draft', 'SELECT * FROM t'],
  ['draft', 'SELECT * FROM mine'],
  ['draft', "SELECT * FROM t WHERE v > 'value 3'"],
  ['deeper', 'SELECT * FROM t'],
] as const;

/** What each line shows at every moment. */
async function answers(db: Db): Promise<string[]> {
  const found = [JSON.stringify(await db.rows('SELECT * FROM drift.transactions ORDER BY seq'))];
  for (const [line, query] of ON_LINES) {
    await db.run(`USE BRANCH ${line}`);
    for (let seq = 3; seq <= db.engine.status().lastSeq; seq++) {
      const rows = await db.rows(`${query.replace(/FROM \w+/, `$&@SEQ:${seq}`)} ORDER BY 1`).catch(() => ['none']);
      found.push(`${line} ${seq} ${query}: ${JSON.stringify(rows)}`);
    }
  }
  await db.run('USE BRANCH main');
  return found;
}

async function repaired(source: MemoryStorage): Promise<{ report: RepairReport; db: Db }> {
  const target = new MemoryStorage();
  const report = await repairDatabase(source, target, testHost(5));
  return { report, db: await openDb(target, SMALL) };
}

test.each([false, true])('a sound one: all lines at every moment, commits of the log: %s', async (logged) => {
  const storage = new MemoryStorage();
  const db = await filled(storage, logged);
  const wanted = await answers(db);
  expect(wanted.filter((line) => line.endsWith('["none"]')).length).toBeLessThan(wanted.length / 2);
  const { report, db: again } = await repaired(copyOf(storage));
  expect(report).toEqual({ lastSeq: db.engine.status().lastSeq, missing: [] });
  expect(await answers(again)).toEqual(wanted);
  expect((await again.rows('CHECK DATABASE')).filter((row) => row[4] !== null)).toEqual([]);
});

test('damaged segments: no line shows a row that it never had, and what is gone is told', async () => {
  const storage = new MemoryStorage();
  const db = await filled(storage, false);
  const wanted = await rowsOf(db);
  const seen = { lost: 0, leftOut: 0, onBranch: 0 };
  for (const name of storage.list().filter((file) => file.startsWith('pack-'))) {
    const size = storage.open(name).size();
    for (let at = 100; at < size; at += 479) {
      const copy = copyOf(storage);
      const file = copy.open(name);
      void file.write(at, Uint8Array.of(((file.read(at, 1) as Uint8Array)[0] as number) ^ 4));
      const { report, db: again } = await repaired(copy);
      const where = `${name} at ${at}: ${JSON.stringify(report.missing)}`;
      const found = await rowsOf(again);
      const told = (line: string): boolean =>
        report.missing.some(({ table, reason }) => table === 'drift.lines' || reason.startsWith(`branch ${line} `));
      for (const [key, right] of wanted) {
        const rows = found.get(key);
        const line = key.split(' ')[0] as string;
        if (rows === undefined) expect(told(line), where).toBe(true);
        expect(
          (rows ?? []).filter((row) => !right.includes(row)),
          `${key}: ${where}`,
        ).toEqual([]);
        if (rows?.length !== right.length) {
          seen.lost++;
          expect(report.missing.length, where).toBeGreaterThan(0);
        }
      }
      if (told('draft')) seen.leftOut++;
      if (report.missing.some(({ table }) => table?.endsWith(' on branch draft'))) seen.onBranch++;
      expect(
        (await again.rows('CHECK DATABASE')).filter((row) => row[4] !== null),
        where,
      ).toEqual([]);
    }
  }
  console.log(seen);
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});

/** Rows by line, table and moment; none of a line that is not there. */
async function rowsOf(db: Db): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const [line, table] of [
    ['main', 't'],
    ['draft', 't'],
    ['draft', 'mine'],
    ['deeper', 't'],
  ] as const) {
    const isThere = await db.run(`USE BRANCH ${line}`).then(
      () => true,
      () => false,
    );
    for (let seq = 1; isThere && seq <= 19; seq += 2) {
      const rows = await db.rows(`SELECT * FROM ${table}@SEQ:${seq}`).catch(() => []);
      found.set(
        `${line} ${table} ${seq}`,
        rows.map((row) => JSON.stringify(row)),
      );
    }
  }
  await db.run('USE BRANCH main');
  return found;
}
