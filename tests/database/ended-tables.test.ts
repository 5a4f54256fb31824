/** Tables that were dropped before the opening: nobody pays for them, and everybody finds them who asks. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { createSystemTables, decodeCheckpoint } from '../../src/database/recovery.ts';
import { bareContext } from '../../src/database/bare-context.ts';
import { Sequences } from '../../src/database/sequences.ts';
import { readManifest } from '../../src/log/manifest.ts';
import { openTableStore } from '../../src/table/table-store.ts';
import { runSync } from '../../src/base/task.ts';
import { copyOf, openDb } from './helper.ts';

const SMALL = { maxLeafRows: 16, minClosedRows: 4, checkpointIntervalMs: 0, inlineTiles: 4, packSizeBytes: 16_384 };
const TABLES = 40;

/** Table `tN` has N + 1 rows, is changed, and is dropped; returns the moment before each drop. */
async function dropped(storage: MemoryStorage): Promise<number[]> {
  const db = await openDb(storage, SMALL);
  const moments: number[] = [];
  await db.run('CREATE TABLE stays (id int PRIMARY KEY, v text); INSERT INTO stays VALUES (1, $$here$$)');
  for (let t = 0; t < TABLES; t++) {
    await db.run(`CREATE TABLE t${t} (id int PRIMARY KEY, v text); CREATE INDEX ON t${t} (v);
      INSERT INTO t${t} SELECT i, 'row ' || i FROM generate_series(0, ${t}) i;
      ALTER TABLE t${t} ADD n int DEFAULT ${t}; UPDATE t${t} SET v = v || '!'`);
    moments.push(db.engine.status().lastSeq);
    await db.run(`DROP TABLE t${t}`);
  }
  await db.engine.close();
  return moments;
}

const wanted = (t: number): string[][] => Array.from({ length: t + 1 }, (_, i) => [String(i), `row ${i}!`, String(t)]);

test('every moment of every dropped table is there after each opening', async () => {
  const storage = new MemoryStorage();
  const moments = await dropped(storage);
  for (let opening = 0; opening < 3; opening++) {
    const db = await openDb(storage, SMALL);
    // Some in each round: the others stay as they are through the checkpoint.
    for (let t = opening; t < TABLES; t += 3)
      expect(await db.rows(`SELECT * FROM t${t} FOR SYSTEM_TIME AS OF SEQ ${moments[t]} ORDER BY id`)).toEqual(
        wanted(t),
      );
    await db.run('UPDATE stays SET v = v || $$!$$');
    await db.engine.close();
  }
  const db = await openDb(storage, SMALL);
  for (let t = 0; t < TABLES; t++) {
    const asOf = `FOR SYSTEM_TIME AS OF SEQ ${moments[t]}`;
    expect(await db.rows(`SELECT * FROM t${t} ${asOf} ORDER BY id`)).toEqual(wanted(t));
    expect(await db.rows(`SELECT id FROM t${t} ${asOf} WHERE v = 'row 0!'`)).toEqual([['0']]);
  }
  await db.engine.close();
});

test('CHECK DATABASE, UNDROP and packing look at them without being asked to', async () => {
  const storage = new MemoryStorage();
  await dropped(storage);
  const checked = await openDb(storage, SMALL);
  const rows = await checked.rows('CHECK DATABASE');
  expect(rows.filter((row) => row.at(-1) !== null)).toEqual([]);
  expect(rows.length).toBeGreaterThan(2 * TABLES);
  await checked.engine.close();

  const back = await openDb(storage, SMALL);
  await back.run('UNDROP TABLE t7');
  expect(await back.rows('SELECT * FROM t7 ORDER BY id')).toEqual(wanted(7));
  // Cut off here: the log brings it back once more.
  const again = await openDb(copyOf(storage), SMALL);
  await again.run("INSERT INTO t7 VALUES (100, 'more', 1)");
  expect(await again.rows('SELECT count(*) FROM t7')).toEqual([['9']]);
  await again.engine.close();
  // Most of a pack dies; what is left of it moves, with the tables nobody has asked for.
  for (let i = 0; i < 30; i++) await back.run(`UPDATE stays SET v = repeat('${i}', 200)`);
  await back.engine.checkpoint();
  await back.engine.close();
  const last = await openDb(storage, SMALL);
  expect((await last.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
  await last.engine.close();
});

test('an opening decodes none of them', async () => {
  const storage = new MemoryStorage();
  await dropped(storage);
  const manifest = runSync(readManifest(storage));
  const { directory } = decodeCheckpoint(manifest?.body as Uint8Array);
  expect(directory[0]).toBe(3);
  const store = openTableStore(storage, directory, {
    cacheBudgetBytes: 1e6,
    packSizeBytes: 1e6,
    maxLeafRows: 16,
    minClosedRows: 4,
  });
  createSystemTables(store, bareContext({ host: { now: () => 0 } as never }, new Sequences()));
  const described: number[] = [];
  store.describer = function* (tables) {
    described.push(...tables.filter(({ endSeq }) => endSeq < Infinity).map(({ id }) => id));
    return [];
  };
  runSync(store.describe([16384 + 1_000_000]));
  expect(described).toEqual([]);
  runSync(store.describe(null));
  expect(described.length).toBe(TABLES);
});
