/** CHECK DATABASE: a sound database has no problem; each kind of damage is told with its place, and the rest is checked. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

const SMALL = { maxLeafRows: 64, minClosedRows: 8 };

async function filled(storage: MemoryStorage): Promise<Db> {
  const db = await openDb(storage, SMALL);
  await db.run(`CREATE TABLE kind (name text PRIMARY KEY);
    CREATE TABLE item (
      id int PRIMARY KEY, kind text NOT NULL REFERENCES kind, price numeric(10,2) CHECK (price > 0), code text UNIQUE
    );
    CREATE INDEX item_kind ON item (kind, price DESC);
    CREATE UNIQUE INDEX item_odd ON item (lower(code)) WHERE id % 2 = 1;
    CREATE TABLE gone (a int);
    INSERT INTO gone SELECT generate_series(1, 100);
    INSERT INTO kind VALUES ('book'), ('map');
    INSERT INTO item SELECT i, CASE i % 2 WHEN 0 THEN 'book' ELSE 'map' END, i / 4.0, 'C' || i
      FROM generate_series(1, 400) i`);
  for (let i = 0; i < 12; i++) await db.run(`UPDATE item SET price = price + 1 WHERE id % 6 = ${i % 6}`);
  await db.run('DELETE FROM item WHERE id % 50 = 0; DROP TABLE gone');
  return db;
}

async function problems(db: Db): Promise<string[][]> {
  const rows = await db.rows('CHECK DATABASE');
  return rows
    .filter((row) => row[4] !== null)
    .map(([object, kind, , , problem]) => [object, kind, problem].map(String));
}

test('a sound database: every table, index and constraint was looked at', async () => {
  const storage = new MemoryStorage();
  const db = await filled(storage);
  for (const round of ['in memory', 'in segments', 'opened again']) {
    if (round === 'in segments') await db.engine.checkpoint();
    const checked = round === 'opened again' ? await reopened(db, storage) : db;
    expect(await problems(checked), round).toEqual([]);
    const rows = await checked.rows('CHECK DATABASE');
    const of = (object: string): unknown[] | undefined => rows.find((row) => row[0] === object);
    // 400 rows, 800 updates: each row has two versions more.
    expect(of('public.item')?.slice(0, 3), round).toEqual(['public.item', 'table', '1200']);
    for (const [object, kind] of [
      ['item_kind', 'index'],
      ['item_odd', 'index'],
      ['item.item_price_check', 'constraint'],
      ['item.item_kind_fkey', 'constraint'],
      ['MANIFEST', 'file'],
    ])
      expect(of(object ?? '')?.[1], object).toBe(kind);
    if (round !== 'in memory') expect(Number(of('public.item')?.[3])).toBeGreaterThan(3);
  }
});

async function reopened(db: Db, storage: MemoryStorage): Promise<Db> {
  await db.engine.close();
  return openDb(storage, SMALL);
}

test('altered segments are told with file and offset, and hide nothing else', async () => {
  const storage = new MemoryStorage();
  const db = await filled(storage);
  await db.engine.close();
  const name = storage.list().find((file) => file.startsWith('pack-')) ?? '';
  const pack = storage.open(name);
  const size = pack.size();
  const told = new Set<string>();
  for (let at = 200; at < size; at += Math.floor(size / 25)) {
    const byte = pack.read(at, 1) as Uint8Array;
    await pack.write(at, Uint8Array.of((byte[0] as number) ^ 0x10));
    const opened = await openDb(storage, SMALL).catch(() => null);
    if (opened !== null) {
      for (const [object, , problem] of await problems(opened)) {
        expect(problem).toMatch(/^data corrupted: pack-\d+ at offset \d+/);
        told.add(object as string);
      }
      expect(await opened.rows('SELECT count(*) FROM kind').catch(() => 'unreadable')).toBeDefined();
      await opened.engine.close().catch(() => undefined);
    }
    await pack.write(at, byte);
  }
  expect(told.size).toBeGreaterThan(2);
  const whole = await openDb(storage, SMALL);
  expect(await problems(whole)).toEqual([]);
});

test('it runs while others commit, and in the past of a session', async () => {
  const db = await filled(new MemoryStorage());
  const other = db.engine.session();
  const checks = [problems(db), problems(db)];
  for (let i = 1; i < 40; i++) await other.execute(`UPDATE item SET price = price + 1 WHERE id = ${i}`);
  expect(await Promise.all(checks)).toEqual([[], []]);
});
