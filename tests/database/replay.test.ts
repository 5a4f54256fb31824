/** Every kind of definition and change, replayed from the log and read from segments: all states are as they were. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { copyOf, type Db, openDb } from './helper.ts';

const SCRIPT = [
  'CREATE TABLE p (id int PRIMARY KEY, name text NOT NULL, n numeric(8,2))',
  "INSERT INTO p SELECT i, 'p' || i, i / 4.0 FROM generate_series(1, 30) i",
  'CREATE TABLE c (id serial, p bigint REFERENCES p ON UPDATE CASCADE ON DELETE CASCADE, t text, g bigint GENERATED ALWAYS AS (p * 2) STORED)',
  "INSERT INTO c (id, p, t) SELECT id, id, 't' FROM p",
  'CREATE UNIQUE INDEX ON p (lower(name))',
  'CREATE UNIQUE INDEX ON c (p) WHERE t IS NOT NULL',
  'UPDATE p SET id = id + 100 WHERE id < 5',
  "ALTER TABLE p ADD COLUMN d date DEFAULT DATE '2024-02-29', ADD COLUMN r double precision",
  'UPDATE p SET r = n * 2, d = d + 1 WHERE id % 3 = 0',
  'ALTER TABLE p ALTER COLUMN n TYPE text USING n::text',
  'ALTER TABLE p ALTER COLUMN id TYPE bigint',
  "INSERT INTO p VALUES (7000000000, 'far', 'x')",
  'ALTER TABLE c ADD PRIMARY KEY (id)',
  'ALTER TABLE c DROP CONSTRAINT c_pkey',
  'ALTER TABLE c DROP COLUMN t',
  'INSERT INTO c (id, p) VALUES (101, 7000000000), (102, NULL)',
  'DELETE FROM p WHERE id BETWEEN 10 AND 14',
  'CREATE VIEW v AS SELECT * FROM p WHERE id > 20',
  'CREATE MATERIALIZED VIEW m AS SELECT count(*) AS n FROM c',
  'ALTER TABLE p RENAME COLUMN name TO title',
  'ALTER TABLE p RENAME TO parent',
  'CREATE SCHEMA s',
  'ALTER TABLE c SET SCHEMA s',
  'TRUNCATE s.c RESTART IDENTITY',
  'REFRESH MATERIALIZED VIEW m',
  'INSERT INTO s.c (id, p) VALUES (1, 20)',
  'CREATE TEMP TABLE temporary (a int PRIMARY KEY)',
  'INSERT INTO temporary VALUES (1), (2)',
  'CREATE TAG now',
  "BEGIN; CREATE TABLE x (a int); INSERT INTO x VALUES (1); ALTER TABLE x ADD COLUMN b text DEFAULT 'b'; SAVEPOINT q; DROP TABLE x; ROLLBACK TO q; INSERT INTO x VALUES (2, 'two'); COMMIT",
  'BEGIN; ALTER TABLE x ALTER a TYPE text USING a::text; CREATE INDEX ON x (b); ROLLBACK',
  'ALTER TABLE x ADD COLUMN c int DEFAULT 3, ALTER a TYPE numeric(6,1)',
  'UPDATE x SET c = 4 WHERE a = 2.0',
  'DROP TABLE parent CASCADE',
  'DROP SCHEMA s CASCADE',
  "COMMENT ON TABLE x IS 'last'",
];

/** Everything that can be read of every moment. */
async function history(db: Db): Promise<unknown> {
  const states: unknown[] = [];
  const last = Number((await db.rows('SELECT max(seq) FROM drift.transactions'))[0]?.[0]);
  for (let seq = 1; seq <= last; seq++) {
    const at = `FOR SYSTEM_TIME AS OF SEQ ${seq}`;
    const tables = ['p', 'c', 'parent', 's.c', 'v', 'm', 'x'];
    const state: unknown[] = [seq];
    for (const table of tables) {
      const rows = await db.rows(`SELECT * FROM ${table} ${at} ORDER BY 1, 2`).catch((error: unknown) => {
        const { code } = error as { code: string };
        if (code === '42P10' || code === '42P01') return code;
        throw error;
      });
      state.push(rows === '42P10' ? await db.rows(`SELECT * FROM ${table} ${at} ORDER BY 1`) : rows);
    }
    states.push(state);
  }
  for (const table of ['p@SEQ:2', 'x']) {
    states.push(await db.rows(`SELECT * FROM ${table} ORDER BY 1`));
  }
  states.push(await db.rows('SELECT a, b, _seq_from, _seq_to, _sys_from FROM x FOR SYSTEM_TIME ALL ORDER BY 1, 3'));
  states.push(await db.rows('SELECT * FROM drift.transactions ORDER BY seq'));
  return states;
}

test('from the log', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  for (const sql of SCRIPT) await db.run(sql);
  await db.run('DROP TABLE temporary');
  const expected = await history(db);
  const again = await openDb(copyOf(storage));
  // The schema of temporary objects goes at opening, in a commit of its own.
  const states = (await history(again)) as unknown[];
  expect(states.slice(0, SCRIPT.length - 1)).toEqual((expected as unknown[]).slice(0, SCRIPT.length - 1));
  expect(await again.rows('SELECT * FROM x ORDER BY 1')).toEqual(await db.rows('SELECT * FROM x ORDER BY 1'));
  await again.run("INSERT INTO x VALUES (9, 'nine', 9)");
  expect(await again.rows('SELECT count(*) FROM x')).toEqual([['3']]);
});

test('from segments, after a checkpoint anywhere in between', async () => {
  const plain = await openDb();
  for (const sql of SCRIPT) await plain.run(sql);
  const expected = await history(plain);
  for (const every of [1, 7]) {
    const storage = new MemoryStorage();
    let db = await openDb(storage, { maxLeafRows: 16, minClosedRows: 4 });
    for (const [i, sql] of SCRIPT.entries()) {
      await db.run(sql);
      if (i % every === 0) await db.engine.checkpoint();
    }
    expect(await sameTimes(db, expected)).toEqual(expected);
    const copy = copyOf(storage);
    db = await openDb(copy, { maxLeafRows: 16, minClosedRows: 4 });
    const states = (await sameTimes(db, expected)) as unknown[];
    expect([every, states.slice(0, 30)]).toEqual([every, (expected as unknown[]).slice(0, 30)]);
  }
});

test('each rolled back before it is done, by transaction and by savepoint', async () => {
  const plain = await openDb();
  for (const sql of SCRIPT) await plain.run(sql);
  const expected = await history(plain);
  const storage = new MemoryStorage();
  const db = await openDb(storage, { maxLeafRows: 16, minClosedRows: 4 });
  for (const [i, sql] of SCRIPT.entries()) {
    if (!sql.startsWith('BEGIN')) {
      await db.run(`BEGIN; ${sql}; ROLLBACK`);
      await db.run(`BEGIN; SAVEPOINT a; ${sql}; ROLLBACK TO a; ${sql}; SAVEPOINT b; ROLLBACK TO b; COMMIT`);
    } else {
      await db.run(sql);
    }
    if (i % 5 === 0) await db.engine.checkpoint();
  }
  expect(await sameTimes(db, expected)).toEqual(expected);
  const again = await openDb(copyOf(storage));
  expect(((await sameTimes(again, expected)) as unknown[]).slice(0, 30)).toEqual((expected as unknown[]).slice(0, 30));
});

/** The history with the times of another run: clocks are read at other moments. */
async function sameTimes(db: Db, other: unknown): Promise<unknown> {
  const states = (await history(db)) as unknown[];
  const others = other as unknown[];
  for (const [at, column] of [
    [-1, 1],
    [-2, 4],
  ] as const) {
    const [own, given] = [states.at(at) as string[][], others.at(at) as string[][]];
    own.forEach((row, i) => {
      row[column] = given[i]?.[column] ?? '';
    });
  }
  return states;
}
