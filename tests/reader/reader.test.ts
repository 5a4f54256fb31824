/**
 * FORMAT.md is complete: what a reader says that was written from the documents alone is what the engine answers, for
 * every table at every sequence number.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { restoreSource } from '../../src/client/backup.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb, textRows } from '../database/helper.ts';
import { DatabaseFiles, type State } from './database.ts';
import { KEYS, randomStatements, TYPES } from './random-statements.ts';
import { met } from './segment.ts';

const SMALL = { maxLeafRows: 24, minClosedRows: 8, inlineTiles: 4, packSizeBytes: 16_384, logStepBytes: 4096 };
const HERE = new URL('.', import.meta.url);

function filesOf(storage: MemoryStorage): Map<string, Uint8Array> {
  return new Map(
    storage.list().map((name) => {
      const file = storage.open(name);
      return [name, (file.read(0, file.size()) as Uint8Array).slice()];
    }),
  );
}

function sorted(rows: readonly (readonly (string | null)[])[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort();
}

/** Compares all tables of a moment; returns how many rows there were. */
async function compare(db: Db, state: State, seq: number): Promise<number> {
  const query = async (sql: string): Promise<string[][]> => {
    const asOf = { kind: 'seq', seq } as const;
    return textRows(await db.session.execute(sql, [], { text: true, asOf })) as string[][];
  };
  const names = await query(
    `SELECT format('%I.%I', schemaname, tablename), schemaname || '.' || tablename FROM pg_tables
       WHERE schemaname NOT IN ('pg_catalog', 'information_schema', 'drift')`,
  );
  const expected = new Map<string, string[]>();
  for (const [quoted, name] of [...names, ['drift.transactions', 'drift.transactions']])
    expected.set(name as string, sorted(await query(`SELECT * FROM ${quoted}`)));
  expect([...state.keys()].sort(), `at ${seq}`).toEqual([...expected.keys()].sort());
  let count = 0;
  for (const [name, rows] of state) {
    expect(sorted(rows), `${name} at ${seq}`).toEqual(expected.get(name));
    count += rows.length;
  }
  return count;
}

async function compareAll(db: Db, files: Map<string, Uint8Array>): Promise<number> {
  const reader = new DatabaseFiles(files);
  expect(reader.lastSeq).toBe(db.engine.status().lastSeq);
  await db.run("SET intervalstyle = 'iso_8601'; SET timezone = 'UTC'");
  let count = 0;
  for (let seq = Math.max(1, reader.firstSeq); seq <= reader.lastSeq; seq++)
    count += await compare(db, reader.at(seq), seq);
  return count;
}

test('it imports nothing of src', () => {
  for (const name of readdirSync(HERE)) {
    if (name.endsWith('.test.ts') || name === 'random-statements.ts') continue;
    const text = readFileSync(new URL(name, HERE), 'utf8');
    for (const [, from] of text.matchAll(/from '([^']+)'/g)) expect(from, name).toMatch(/^\.\//);
  }
});

test.each([1, 2, 3, 4, 5, 6])('random database %i', async (seed) => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, SMALL);
  let failed = 0;
  let done = 0;
  for (const sql of randomStatements(seed, 70)) {
    await db.run(sql).catch(async (error: unknown) => {
      failed++;
      if (process.env['SHOW'] !== undefined) console.log(sql.slice(0, 300), String(error));
      await db.run('ROLLBACK');
    });
    // A part lies in the log, with a checkpoint before it or not.
    if (++done % 30 === 0 && seed % 3 > 0) await db.engine.checkpoint();
  }
  expect(failed).toBeLessThan(15);
  expect(await compareAll(db, filesOf(storage))).toBeGreaterThan(500);
  if (seed % 2 === 0) {
    await db.engine.close();
    await compareAll(await openDb(storage, SMALL), filesOf(storage));
  }
});

test('keys of every type: what the log changes is found by them', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, SMALL);
  for (const [i, type] of KEYS.entries()) {
    const values = [...new Set(Array.from({ length: 30 }, (_, n) => (TYPES[type] as (n: number) => string)(n)))];
    await db.run(`CREATE TABLE k${i} (key ${type} PRIMARY KEY, n int)`);
    await db.run(
      `INSERT INTO k${i} VALUES ${values.map((value, n) => `(${value}, ${n})`).join(', ')} ON CONFLICT DO NOTHING`,
    );
  }
  await db.engine.checkpoint();
  for (const [i] of KEYS.entries())
    await db.run(`UPDATE k${i} SET n = -n WHERE n % 3 = 1; DELETE FROM k${i} WHERE n % 3 = 2`);
  expect(await compareAll(db, filesOf(storage))).toBeGreaterThan(1000);
});

test('every encoding of columns, in groups and tiles', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, { maxLeafRows: 20_000, minClosedRows: 64 });
  await db.run(`CREATE TABLE changed (id int PRIMARY KEY, v numeric(5,1), w numeric(5,1));
    INSERT INTO changed SELECT i, i, i FROM generate_series(1, 40) i`);
  for (let i = 0; i < 12; i++) await db.run(`UPDATE changed SET v = v + 1 WHERE id % 4 = ${i % 4}`);
  await db.engine.checkpoint();
  await db.run('ALTER TABLE changed ALTER v TYPE numeric(20,5); UPDATE changed SET v = 12345.5 WHERE id = 3');
  await db.run(`CREATE TABLE wide (id int PRIMARY KEY, same int, ascending float8, far int8, big int8, partly int8, runs text,
      price float8, many text, cents numeric(10,2), few bool, blob bytea, noise float8, spread text);
    INSERT INTO wide SELECT i, 7, i * 1000003.0, i * 7919 % 9001 * 987654321::int8, 9007199254740993 + i * 1000,
      CASE WHEN i > 8500 THEN 9007199254740993 ELSE i END, 'run ' || i / 1000, i / 100.0,
      CASE WHEN i % 50 > 0 THEN 'value ' || i * 7919 % 1000 || repeat('é', 20) END, i / 4.0, i % 3 = 0,
      decode(lpad(to_hex(i), 8, '0'), 'hex'), sqrt(i), md5(i::text)
      FROM generate_series(1, 9000) i`);
  await db.engine.checkpoint();
  expect(await compareAll(db, filesOf(storage))).toBeGreaterThan(9000);
  expect([...met].sort()).toEqual(
    [
      ...[
        'bits',
        'compressed',
        'i64 0',
        'i64 7',
        'no bits',
        'not compressed',
        'nulls',
        'text 0',
        'text 4',
        'utf-8',
        'wide',
      ],
      ...[0, 1, 2, 3, 4, 5].map((kind) => `kind ${kind}`),
      ...[0, 1, 2, 3, 5, 6].map((encoding) => `numbers ${encoding}`),
      ...[1, 2, 4, 8, 16, 32].map((flag) => `zone ${flag}`),
    ].sort(),
  );
});

test.each([['backup-1.drift'], ['backup-2.drift'], ['backup-2.drift', 'backup-2-increment.drift']])(
  'what is restored of %s',
  async (...names) => {
    const storage = new MemoryStorage();
    const backups = names.map((name) => readFileSync(new URL(`../golden-files/${name}`, HERE)));
    const db = await openDb(storage, { restore: restoreSource(backups, {}) });
    const files = filesOf(storage);
    expect(await compareAll(db, files)).toBeGreaterThan(100);
    const state = new DatabaseFiles(files).at(4);
    expect(sorted(state.get('public.fruit') ?? [])).toEqual(
      sorted([
        ['1', 'apple', '1.50'],
        ['2', 'pear', '2.00'],
        ['3', 'Grüße', null],
      ]),
    );
  },
);

const GOLDEN = new URL('../golden-files/', HERE);
const DIRECTORIES = readdirSync(GOLDEN).filter((name) => name.startsWith('directory-'));

test.each(DIRECTORIES)('golden %s', async (name) => {
  const folder = new URL(`${name}/`, GOLDEN);
  const files = new Map(
    readdirSync(folder).map((file) => [file, new Uint8Array(readFileSync(new URL(file, folder)))] as const),
  );
  if (files.has('KEYS')) {
    expect(() => new DatabaseFiles(files)).toThrow('the database is encrypted');
    // Nothing in the other files says what is in them either.
    files.delete('KEYS');
    expect(() => new DatabaseFiles(files)).toThrow();
    return;
  }
  const storage = new MemoryStorage();
  for (const [file, bytes] of files) void storage.open(file).write(0, bytes);
  expect(await compareAll(await openDb(storage), files)).toBeGreaterThan(600);
});

test('a torn end is cut, and damage before what was flushed is refused', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, SMALL);
  await db.run('CREATE TABLE t (a int PRIMARY KEY)');
  for (let i = 0; i < 4; i++) await db.run(`INSERT INTO t VALUES (${i})`);
  const files = filesOf(storage);
  const log = files.get('log-1') as Uint8Array;
  const end = log.findLastIndex((byte) => byte !== 0);
  const torn = log.slice();
  torn[end] = (torn[end] as number) ^ 1;
  expect(new DatabaseFiles(new Map([...files, ['log-1', torn]])).lastSeq).toBe(4);
  const damaged = log.slice();
  damaged[600] = (damaged[600] as number) ^ 1;
  expect(() => new DatabaseFiles(new Map([...files, ['log-1', damaged]]))).toThrow('the log at offset');
});
