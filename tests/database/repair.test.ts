/** Repair: what is left of a damaged database is what the undamaged one had, and what is not there is listed. */
import { expect, test } from 'vitest';
import { repairDatabase } from '../../src/database/repair/database.ts';
import type { RepairReport } from '../../src/database/repair/repair.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { copyOf, type Db, openDb, testHost } from './helper.ts';

const SMALL = { maxLeafRows: 32, minClosedRows: 8, packSizeBytes: 8192 };
const TABLES = ['item', 'plain'] as const;

async function filled(storage: MemoryStorage, close: boolean): Promise<Db> {
  const db = await openDb(storage, SMALL);
  await db.run(`CREATE TABLE item (id int PRIMARY KEY, name text, v numeric, note jsonb);
    CREATE INDEX item_name ON item (name); CREATE TABLE plain (a serial, b text); CREATE TABLE gone (a int)`);
  await db.run("INSERT INTO item SELECT i, 'item ' || i, i / 4.0, '{\"n\": 1}' FROM generate_series(1, 120) i");
  await db.run("INSERT INTO plain (b) SELECT 'row ' || i FROM generate_series(1, 40) i; INSERT INTO gone VALUES (1)");
  for (let i = 0; i < 10; i++) await db.run(`UPDATE item SET v = v + 1 WHERE id % 10 = ${i}`);
  await db.engine.checkpoint();
  await db.run(
    "ALTER TABLE item ADD COLUMN extra text DEFAULT 'e'; DELETE FROM item WHERE id % 7 = 0; DROP TABLE gone",
  );
  for (let i = 0; i < 6; i++) await db.run(`UPDATE item SET extra = 'x${i}' WHERE id % 6 = ${i}`);
  if (close) await db.engine.checkpoint();
  await db.run("INSERT INTO item VALUES (1000, 'last', 1, NULL, 'z')");
  return db;
}

type State = Map<string, string[]>;

/** Rows by table at every sequence number. */
async function states(db: Db): Promise<State[]> {
  const list: State[] = [];
  for (let seq = 0; seq <= db.engine.status().lastSeq; seq++) {
    const state: State = new Map();
    for (const table of TABLES) {
      const rows = await db.rows(`SELECT * FROM ${table}@SEQ:${seq} ORDER BY 1`).catch(() => []);
      state.set(
        table,
        rows.map((row) => JSON.stringify(row)),
      );
    }
    list.push(state);
  }
  return list;
}

async function repaired(source: MemoryStorage): Promise<{ report: RepairReport; db: Db }> {
  const target = new MemoryStorage();
  const report = await repairDatabase(source, target, testHost(5));
  return { report, db: await openDb(target, SMALL) };
}

test('of a sound database nothing is missing: every state, index and sequence is there', async () => {
  for (const close of [true, false]) {
    const storage = new MemoryStorage();
    const db = await filled(storage, close);
    const wanted = await states(db);
    const transactions = await db.rows('SELECT * FROM drift.transactions ORDER BY seq');
    const { report, db: again } = await repaired(copyOf(storage));
    expect(report).toEqual({ lastSeq: wanted.length - 1, missing: [] });
    expect(await states(again)).toEqual(wanted);
    expect(await again.rows('SELECT * FROM drift.transactions ORDER BY seq')).toEqual(transactions);
    expect((await again.rows('CHECK DATABASE')).filter((row) => row[4] !== null)).toEqual([]);
    expect(await again.rows("INSERT INTO plain (b) VALUES ('new') RETURNING a")).toEqual([['41']]);
  }
});

test('damaged segments: what is there is right, what is not is listed', async () => {
  const storage = new MemoryStorage();
  const db = await filled(storage, true);
  const wanted = await states(db);
  let lost = 0;
  for (const name of storage.list().filter((file) => file.startsWith('pack-'))) {
    const size = storage.open(name).size();
    for (let at = 100; at < size; at += Math.ceil(size / 6)) {
      const copy = copyOf(storage);
      const file = copy.open(name);
      const byte = (file.read(at, 1) as Uint8Array)[0] as number;
      void file.write(at, Uint8Array.of(byte ^ 4));
      const outcome = await repaired(copy).catch((error: unknown) => error as { code: string });
      if ('code' in outcome) throw new Error(`${name} at ${at}: ${String(outcome)}`);
      const { report, db: again } = outcome;
      const found = await states(again);
      for (const [seq, state] of found.entries()) {
        for (const table of TABLES) {
          const right = new Set(wanted[seq]?.get(table));
          const rows = state.get(table) ?? [];
          expect(
            rows.filter((row) => !right.has(row)),
            `${name} at ${at}: ${table} at ${seq}`,
          ).toEqual([]);
          if (rows.length === right.size) continue;
          lost++;
          const told = report.missing.some(
            (part) =>
              // Where the catalog is damaged, what it defined cannot be read.
              (part.table === null || part.table === 'drift.objects' || part.table === `public.${table}`) &&
              part.fromSeq <= seq &&
              (part.toSeq === null || seq < part.toSeq) &&
              /^(pack|log)-\d+$/.test(part.file),
          );
          expect(told, `${name} at ${at}: rows of ${table} at ${seq} are gone: ${JSON.stringify(report)}`).toBe(true);
        }
      }
      if (found.length < wanted.length) expect(report.missing.some(({ table }) => table === null)).toBe(true);
      expect((await again.rows('CHECK DATABASE')).filter((row) => row[4] !== null)).toEqual([]);
    }
  }
  expect(lost).toBeGreaterThan(10);
});

test('a damaged log: all before the damage is there', async () => {
  const storage = new MemoryStorage();
  const db = await filled(storage, false);
  const wanted = await states(db);
  const name = storage
    .list()
    .filter((file) => file.startsWith('log-'))
    .at(-1) as string;
  const copy = copyOf(storage);
  void copy.open(name).write(1024 + 40, Uint8Array.of(99, 98, 97));
  await expect(openDb(copyOf(copy), SMALL)).rejects.toMatchObject({ code: 'XX001' });
  const { report, db: again } = await repaired(copy);
  expect(report.lastSeq).toBeLessThan(wanted.length - 1);
  expect(report.missing).toEqual([
    expect.objectContaining({
      table: null,
      file: name,
      fromSeq: report.lastSeq + 1,
      toSeq: null,
      offset: expect.any(Number) as number,
    }),
  ]);
  expect(await states(again)).toEqual(wanted.slice(0, report.lastSeq + 1));
});
