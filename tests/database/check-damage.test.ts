/** CHECK DATABASE: each kind of damage, alone, in files whose checksums hold, is told; nothing is changed by looking. */
import { expect, test } from 'vitest';
import type { Value } from '../../src/base/vector.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import type { SegmentRef } from '../../src/segment/segment.ts';
import { damage, type Edit, type Place, type Version } from './damage.ts';
import { type Db, openDb } from './helper.ts';

const SMALL = { maxLeafRows: 64, minClosedRows: 8, packSizeBytes: 65_536 };

interface Made {
  readonly storage: MemoryStorage;
  /** Tables and indexes by name. */
  readonly places: ReadonlyMap<string, Place>;
}

async function made(): Promise<Made> {
  const storage = new MemoryStorage();
  const db = await openDb(storage, SMALL);
  await db.run(`CREATE TABLE kind (name text PRIMARY KEY);
    CREATE TABLE item (id int PRIMARY KEY, kind text NOT NULL REFERENCES kind, price int CHECK (price > 0), code int UNIQUE);
    CREATE TABLE stay (id int PRIMARY KEY, room int, a int, b int, PERIOD FOR p (a, b), UNIQUE (room, p WITHOUT OVERLAPS));
    INSERT INTO stay VALUES (1, 7, 10, 20), (2, 7, 20, 30);
    INSERT INTO kind VALUES ('book'), ('map');
    INSERT INTO item SELECT i, CASE i % 2 WHEN 0 THEN 'book' ELSE 'map' END, i, i * 10 FROM generate_series(1, 100) i`);
  for (let i = 0; i < 12; i++) await db.run(`UPDATE item SET price = price + 1 WHERE id % 6 = ${i % 6}`);
  // Too few for a time split: the leaf has closed versions.
  await db.run('UPDATE item SET price = price + 1 WHERE id IN (3, 4)');
  const { core } = await db.engine.inside();
  const places = new Map<string, Place>();
  for (const name of ['item', 'kind', 'stay']) {
    const id = Number((await db.rows(`SELECT '${name}'::regclass::oid`))[0]?.[0]);
    const table = core.store.table(id);
    places.set(name, { table: id, columns: table.columns });
    table.indexes.forEach((index, i) => places.set(`${name} ${i}`, { table: id, index: i, columns: index.columns }));
  }
  await db.engine.close();
  return { storage, places };
}

function bytesOf(storage: MemoryStorage): string {
  const parts = storage.list().map((name) => {
    const file = storage.open(name);
    return `${name} ${Buffer.from(file.read(0, file.size()) as Uint8Array).toString('base64')}`;
  });
  return parts.sort().join('\n');
}

async function problems(db: Db): Promise<string[]> {
  const rows = await db.rows('CHECK DATABASE');
  return rows.filter((row) => row[4] !== null).map(([object, kind, , , problem]) => `${kind} ${object}: ${problem}`);
}

/** What is found after a change of one tree. */
async function found(name: string, edit: (it: Edit) => void): Promise<string[]> {
  const { storage, places } = await made();
  damage(storage, places.get(name) as Place, edit);
  return checked(storage);
}

/** Looks at a database, and makes sure that looking changes no file. */
async function checked(storage: MemoryStorage): Promise<string[]> {
  const db = await openDb(storage, SMALL);
  const before = bytesOf(storage);
  const list = await problems(db);
  expect(bytesOf(storage)).toBe(before);
  return list;
}

function leafRef(it: Edit, at = 0): SegmentRef {
  return it.tree.leaves[at]?.ref as SegmentRef;
}

/** Changes the versions in a leaf's segment. */
function inLeaf(change: (versions: Version[]) => Version[], at = 0): (it: Edit) => void {
  return (it) => {
    (it.tree.leaves[at] as Edit['tree']['leaves'][number]).ref = it.rewrite(leafRef(it, at), change);
  };
}

function setting(column: number, value: Value, id: number): (versions: Version[]) => Version[] {
  return (versions) => {
    const row = versions.find(({ values, to }) => values[0] === id && to === Infinity);
    if (row === undefined) throw new Error(`no row ${id}`);
    row.values[column] = value;
    return versions;
  };
}

test('nothing is found where nothing is wrong, also in what was only written again', async () => {
  expect(
    await found(
      'item',
      inLeaf((versions) => versions),
    ),
  ).toEqual([]);
});

test('order: leaves and keys', async () => {
  // Scans would not end: it is refused when it is opened, as is a bound that is not comparable.
  const refused = { code: 'XX001', message: expect.stringContaining('leaf 1 out of order') as string };
  const turned = found('item', ({ tree }) => tree.leaves.push(...tree.leaves.splice(0, 1)));
  await expect(turned).rejects.toMatchObject(refused);
  const bound = found('item', ({ tree }) => {
    (tree.leaves[1] as { low: number }).low = NaN;
  });
  await expect(bound).rejects.toMatchObject(refused);
  const swapped = await found(
    'item',
    inLeaf(([first, second, ...rest]) => [second as Version, first as Version, ...rest]),
  );
  expect(swapped[0]).toMatch(/^table public\.item: row 1 in pack-1 at offset \d+ is out of order: 1$/);
});

test('intervals: the end before the beginning, overlaps, gaps, a beginning after the last commit', async () => {
  const closed = (versions: Version[]): Version => versions.find(({ to }) => to !== Infinity) as Version;
  const backwards = await found(
    'item',
    inLeaf((versions) => {
      const version = closed(versions);
      version.to = version.from;
      return versions;
    }),
  );
  expect(backwards[0]).toMatch(/^table public\.item: a version of \d+ lasts from (\d+) to \1$/);

  const overlapping = await found(
    'item',
    inLeaf((versions) => {
      closed(versions).to += 100;
      return versions;
    }),
  );
  expect(overlapping).toContainEqual(expect.stringMatching(/^table public\.item: versions of \d+ overlap at \d+$/));

  const early = await found(
    'item',
    inLeaf((versions) => {
      (versions[0] as Version).from = 1000;
      return versions;
    }),
  );
  expect(early[0]).toMatch(/^table public\.item: a version of 1 begins at 1000, after the last commit$/);
});

test('gaps: tiles that do not follow each other, versions that one of two neighbours does not have', async () => {
  const apart = await found('item', ({ tree }) => {
    const tile = tree.tiles[0] as Edit['tree']['tiles'][number];
    tile.endSeq -= 1;
  });
  expect(apart[0]).toMatch(/^table public\.item: leaf 0 /);

  const lost = await found('item', (it) => {
    const tile = it.tree.tiles.at(-1) as Edit['tree']['tiles'][number];
    tile.ref = it.rewrite(tile.ref, (versions) => {
      const open = versions.findIndex(({ to }) => to === Infinity);
      return versions.filter((_, i) => i !== open);
    });
  });
  expect(lost[0]).toMatch(
    /^table public\.item: the version of \d+ from \d+ on is not in the tile up to \d+, but behind it$/,
  );

  // A row that nobody deleted: the counts and the index say so as well.
  const gone = await found(
    'item',
    inLeaf((versions) => versions.slice(1)),
  );
  expect(gone[0]).toMatch(/^table public\.item: \d+ rows are current where 100 are counted$/);
  expect(gone[1]).toMatch(
    /^table public\.item: the version of 1 from \d+ on is in the tile up to \d+, and not behind it$/,
  );
});

test('indexes against tables, both ways', async () => {
  const entries = (change: (versions: Version[]) => Version[]): Promise<string[]> =>
    found('item 0', (it) => {
      inLeaf(change)(it);
      it.tree.rowCount = 100;
    });
  const lacking = await found('item 0', (it) => {
    inLeaf((versions) => versions.filter(({ values }) => values[1] !== 3))(it);
    it.tree.rowCount -= 1;
  });
  expect(lacking).toEqual(['index item_code_key: 99 entries for 100 rows; no entry for (30, 3)']);
  const stray = await found('item 0', (it) => {
    inLeaf((versions) => [{ values: [5, 777], from: 4, to: Infinity }, ...versions])(it);
    it.tree.rowCount += 1;
  });
  expect(stray).toEqual(['index item_code_key: 101 entries for 100 rows; no row for (5, 777)']);
  expect(
    await entries((versions) => {
      for (const { values } of versions) if (values[1] === 1) values[0] = 9;
      return versions;
    }),
  ).toEqual(['index item_code_key: entries do not say what the rows say; no entry for (10, 1); no row for (9, 1)']);
});

test('indexes against tables in the past: an entry that a sealed tile does not have, while its neighbour has', async () => {
  const { storage, places } = await made();
  // All of the index's past is one tile less: the tile and what follows it agree, the table does not.
  damage(storage, places.get('item 0') as Place, (it) => {
    const tile = it.tree.leaves[0] as Edit['tree']['leaves'][number];
    tile.ref = it.rewrite(tile.ref as SegmentRef, (versions) => {
      for (const version of versions) if (version.values[1] === 5) version.from = 14;
      return versions;
    });
  });
  const told = await checked(storage);
  expect(told.length).toBeGreaterThan(0);
  for (const each of told)
    expect(each).toMatch(/^index item_code_key: as of \d+: 99 entries for 100 rows; no entry for \(50, 5\)$/);
});

test('constraints: NOT NULL, CHECK, FOREIGN KEY, UNIQUE, WITHOUT OVERLAPS', async () => {
  expect(await found('item', inLeaf(setting(1, null, 7)))).toEqual(['constraint item.kind: a row has no value']);
  expect(await found('item', inLeaf(setting(2, -5, 7)))).toEqual([
    'constraint item.item_price_check: check constraint "item_price_check" of relation "item" is violated by some row',
  ]);
  expect(await found('item', inLeaf(setting(1, 'globe', 7)))).toEqual([
    'constraint item.item_kind_fkey: insert or update on table "item" violates foreign key constraint "item_kind_fkey"',
  ]);
  expect(await found('stay', inLeaf(setting(3, 21, 1)))).toContain(
    'constraint stay.stay_room_p_key: two rows of one key overlap',
  );
  const { storage, places } = await made();
  damage(storage, places.get('item') as Place, inLeaf(setting(3, 80, 7)));
  damage(
    storage,
    places.get('item 0') as Place,
    inLeaf((versions) => {
      const others = versions.filter(({ values }) => values[1] !== 7);
      const at = others.findIndex(({ values }) => values[1] === 8);
      return [...others.slice(0, at), { values: [80, 7], from: 4, to: Infinity }, ...others.slice(at)];
    }),
  );
  expect(await checked(storage)).toEqual(['index item_code_key: two rows have the same key']);
});

test('the manifest against the files: missing, too short, surplus, references beside', async () => {
  const name = (storage: MemoryStorage, prefix: string): string =>
    storage.list().find((file) => file.startsWith(prefix)) as string;
  const short = await made();
  const pack = short.storage.open(name(short.storage, 'pack-'));
  const size = pack.size();
  await pack.truncate(size - 300);
  expect(await checked(short.storage)).toContainEqual(
    expect.stringMatching(/^file pack-1: the file has \d+ bytes, and a segment ends at \d+$/),
  );

  const surplus = await made();
  const db = await openDb(surplus.storage, SMALL);
  await surplus.storage.open('pack-9').write(0, new Uint8Array(600));
  await surplus.storage.open('log-0').write(0, new Uint8Array(600));
  expect(await problems(db)).toEqual(['file pack-9: nothing needs this file', 'file log-0: nothing needs this file']);

  const missing = await made();
  const open = await openDb(missing.storage, SMALL);
  missing.storage.remove('pack-1');
  const told = await problems(open);
  expect(told[0]).toBe('file pack-1: the file is missing');
  expect(told).toContain('table public.item: data corrupted: pack-1 is missing');
  expect(missing.storage.list()).not.toContain('pack-1');

  const unnamed = await found('item', ({ tree }) => {
    const [leaf] = tree.leaves;
    if (leaf !== undefined) (leaf.ref as { pack: number }).pack = 5;
  });
  expect(unnamed).toContain('file pack-5: a segment lies there, and the manifest does not name it');

  const within = await found('item', ({ tree }) => {
    const [leaf] = tree.leaves;
    if (leaf !== undefined) (leaf.ref as { offset: number }).offset = (tree.tiles[0]?.ref.offset ?? 0) + 8;
  });
  expect(within).toContainEqual(
    expect.stringMatching(/^file pack-1: the segment at offset \d+ begins inside of another$/),
  );
});

test('the log: a commit that is damaged or gone since it was written', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, SMALL);
  await db.run('CREATE TABLE t (a int PRIMARY KEY)');
  for (let i = 0; i < 5; i++) await db.run(`INSERT INTO t VALUES (${i})`);
  const log = storage.open('log-1');
  const whole = (log.read(0, log.size()) as Uint8Array).slice();
  await log.write(700, Uint8Array.of(1, 2, 3));
  expect(await problems(db)).toEqual([expect.stringMatching(/^file log-1: log-1 is damaged at offset \d+: /)]);
  await log.write(0, whole);
  expect(await problems(db)).toEqual([]);
  const end = whole.findLastIndex((byte) => byte !== 0);
  await log.write(Math.floor(end / 512) * 512, new Uint8Array(512));
  expect(await problems(db)).toEqual(['file log-1: the log ends with transaction 5, and 6 was committed']);
});
