/** Space amplification at c = 1: at most 2.2 bytes on the medium for each byte of all versions, before compression. */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

const ROWS = 1500;
const ROUNDS = 40;
/** Ids and numbers as four and eight bytes, sixteen for an interval; texts that do not shrink. */
const TEXT_UNITS = 24;
const VERSION_BYTES = 4 + 8 + TEXT_UNITS + 16;

function noise(random: Random): string {
  return Array.from({ length: TEXT_UNITS }, () => String.fromCharCode(33 + (random.uint32() % 90)))
    .join('')
    .replace(/['\\]/g, '_');
}

async function fill(db: Db, random: Random): Promise<void> {
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v double precision, name text)');
  for (let start = 0; start < ROWS; start += 500) {
    const rows = Array.from({ length: 500 }, (_, i) => `(${start + i}, ${random.next()}, '${noise(random)}')`);
    await db.run(`INSERT INTO t VALUES ${rows.join(', ')}`);
  }
}

/** Updates `ROUNDS` times 300 rows, which `pick` chooses; returns the number of versions. */
async function update(db: Db, random: Random, pick: () => number): Promise<number> {
  let versions = ROWS;
  for (let round = 0; round < ROUNDS; round++) {
    const ids = new Set(Array.from({ length: 300 }, pick));
    const rows = [...ids].map((id) => `(${id}, ${random.next()}, '${noise(random)}')`);
    await db.run(
      `UPDATE t SET v = n.v, name = n.name FROM (VALUES ${rows.join(', ')}) n (id, v, name) WHERE t.id = n.id`,
    );
    versions += ids.size;
    if (round % 4 === 3) await db.run('CHECKPOINT');
  }
  return versions;
}

const PICKS: Readonly<Record<string, (random: Random) => () => number>> = {
  uniform: (random) => () => random.uint32() % ROWS,
  skewed: (random) => () => Math.floor(ROWS * random.next() ** 5),
  'at the end': (random) => () => ROWS - 1 - (random.uint32() % 400),
};

test.each(Object.keys(PICKS))('updates %s', async (name) => {
  const random = new Random(11);
  const db = await openDb(new MemoryStorage(), { maxLeafRows: 500, minClosedRows: 200, packSizeBytes: 100_000 });
  await fill(db, random);
  const versions = await update(db, random, (PICKS[name] as (typeof PICKS)[string])(random));
  await db.run('CHECKPOINT');
  const [[disk]] = (await db.rows("SELECT value FROM drift.storage WHERE name = 'diskBytes'")) as [[string]];
  expect(Number(disk) / (versions * VERSION_BYTES)).toBeLessThanOrEqual(2.2);
  expect(await db.rows('SELECT count(*) FROM t FOR SYSTEM_TIME ALL')).toEqual([[String(versions)]]);
  await db.engine.close();
});

test('readings of a sensor take a quarter of their JSON at most, times of versions included', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  await db.run(`CREATE TABLE reading (at timestamptz PRIMARY KEY, temperature float8, humidity float8, state text);
    INSERT INTO reading SELECT '2024-01-01Z'::timestamptz + i * interval '1 minute',
      round((10 + 4 * sin(i / 229.0) + hashtext(i::text) % 100 / 50.0)::numeric, 1), 60 + hashtext('h' || i) % 50 / 10.0,
      CASE WHEN i % 1000 = 7 THEN 'fault' ELSE 'ok' END
      FROM generate_series(1, 50000) i`);
  const [json] = await db.rows('SELECT sum(length(row_to_json(r)::text) + 1) FROM reading r');
  await db.engine.close();
  const bytes = storage.list().reduce((sum, name) => sum + storage.open(name).size(), 0);
  expect(bytes / Number(json?.[0])).toBeLessThan(0.25);
});
