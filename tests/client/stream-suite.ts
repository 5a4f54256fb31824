/** Streams of rows, the same in process and through the worker's protocol. */
import { expect, test } from 'vitest';
import type { Database } from '../../src/client/database.ts';

const streams = async (db: Database): Promise<unknown[]> =>
  (
    await db.query(
      "SELECT session_id, state FROM drift.activity WHERE query LIKE '%/* stream */%' AND query NOT LIKE '%activity%'",
    )
  ).rows;

export function streamSuite(open: () => Promise<Database>): void {
  test('gives all rows in order, with parameters and options', async () => {
    const db = await open();
    await db.exec(`CREATE TABLE t (id int PRIMARY KEY, s text, n numeric, b bytea, a int[]);
      INSERT INTO t SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE 'row ' || i END, i / 4.0, '\\x01ff', ARRAY[i, NULL]
      FROM generate_series(1, 12345) i`);
    const seen: number[] = [];
    for await (const { id, s, n, b, a } of db.stream<{
      id: number;
      s: string | null;
      n: string;
      b: Uint8Array;
      a: number[];
    }>('SELECT * FROM t WHERE id > $1 ORDER BY id', [45])) {
      if (id === 46 || id === 12345)
        expect([s, b, a]).toEqual([id % 3 === 0 ? null : `row ${id}`, new Uint8Array([1, 255]), [id, null]]);
      if (id === 46) expect(Number(n)).toBe(11.5);
      seen.push(id);
    }
    expect(seen).toEqual(Array.from({ length: 12300 }, (_, i) => i + 46));
    const rows = [];
    for await (const row of db.stream('SELECT 1 AS a, 2.50 AS b WHERE $1', [true], { rowMode: 'array', text: true }))
      rows.push(row);
    expect(rows).toEqual([['1', '2.50']]);
    for await (const row of db.stream('SELECT 1 WHERE false')) expect(row).toBe('nothing');
    await db.close();
  });

  test('reads one snapshot, and no faster than it is read', async () => {
    const db = await open();
    await db.exec(
      'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 200000) i',
    );
    let [rows, sum] = [0, 0];
    for await (const { v } of db.stream<{ v: number }>('SELECT id, v FROM t /* stream */')) {
      sum += v;
      if (rows++ !== 10) continue;
      await db.exec('UPDATE t SET v = 1 WHERE id > 150000; DELETE FROM t WHERE id > 190000');
      const { rows: found } = await db.query<{ rows_read: number; state: string; snapshot: boolean }>(
        "SELECT state, rows_read::int, snapshot_seq IS NOT NULL AS snapshot FROM drift.activity WHERE query LIKE '%/* stream */%' AND query NOT LIKE '%activity%'",
      );
      expect(found).toEqual([{ state: 'active', rows_read: expect.any(Number), snapshot: true }]);
      expect(found[0]?.rows_read).toBeGreaterThan(0);
      expect(found[0]?.rows_read).toBeLessThan(40_000);
    }
    expect([rows, sum]).toEqual([200_000, 0]);
    expect(await streams(db)).toEqual([]);
    expect((await db.query('SELECT count(*)::int AS n, sum(v)::int AS v FROM t')).rows).toEqual([
      { n: 190_000, v: 40_000 },
    ]);
    await db.close();
  });

  test('leaving the loop, a signal and pg_cancel_backend end it', async () => {
    const db = await open();
    for await (const { g } of db.stream<{ g: number }>('SELECT g FROM generate_series(1, 1000000000) g /* stream */'))
      if (g === 5) break;
    expect(await streams(db)).toEqual([]);
    const stop = new AbortController();
    let seen = 0;
    const reading = async (): Promise<void> => {
      for await (const _ of db.stream('SELECT g FROM generate_series(1, 1000000000) g /* stream */', [], {
        signal: stop.signal,
      }))
        if (++seen === 10) stop.abort();
    };
    await expect(reading()).rejects.toMatchObject({ code: '57014' });
    expect(seen).toBeLessThan(20_000);
    expect(await streams(db)).toEqual([]);
    const cancelled = async (): Promise<void> => {
      let n = 0;
      for await (const _ of db.stream('SELECT g FROM generate_series(1, 1000000000) g /* stream */')) {
        if (++n !== 7) continue;
        const [session] = (await streams(db)) as { session_id: number }[];
        await db.query('SELECT pg_cancel_backend($1)', [session?.session_id]);
      }
    };
    await expect(cancelled()).rejects.toMatchObject({ code: '57014' });
    expect(await streams(db)).toEqual([]);
    await db.close();
  });

  test('an error comes after the rows before it', async () => {
    const db = await open();
    let last = 0;
    const reading = async (): Promise<void> => {
      for await (const { g } of db.stream<{ g: number }>('SELECT g, 1 / (50000 - g) FROM generate_series(1, 100000) g'))
        last = g;
    };
    await expect(reading()).rejects.toMatchObject({ code: '22012' });
    expect(last).toBeGreaterThan(30_000);
    await expect(db.stream('SELECT nothing').next()).rejects.toMatchObject({ code: '42703' });
    await expect(db.stream('CREATE TABLE t (id int)').next()).rejects.toMatchObject({ code: '0A000' });
    await expect(db.stream('SELECT $1::int', []).next()).rejects.toMatchObject({ code: '42P02' });
    await db.close();
  });

  test('in a transaction: beside other statements, whose changes it does not see', async () => {
    const db = await open();
    await db.exec(
      'CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 20000) i',
    );
    await db.transaction(async (tx) => {
      let rows = 0;
      for await (const { id, v } of tx.stream<{ id: number; v: number }>('SELECT * FROM t')) {
        expect(v).toBe(0);
        if (rows++ % 4000 === 0) await tx.query('UPDATE t SET v = 1 WHERE id >= $1', [id]);
      }
      expect(rows).toBe(20_000);
      for await (const { v } of tx.stream<{ v: number }>('SELECT * FROM t')) {
        expect(v).toBe(1);
        break;
      }
      await tx.query('UPDATE t SET v = 2 WHERE id = 1');
    });
    expect((await db.query('SELECT min(v), max(v) FROM t')).rows).toEqual([{ min: 1, max: 2 }]);
    const session = db.session();
    await expect(session.stream('SELECT 1').next()).rejects.toMatchObject({ code: '25P01' });
    await session.begin();
    const left = session.stream('SELECT * FROM t');
    await left.next();
    await session.commit();
    const readOn = async (): Promise<void> => {
      for await (const _ of left);
    };
    await expect(readOn()).rejects.toMatchObject({ code: '34000' });
    await session.close();
    await db.close();
  });

  test('reads the past', async () => {
    const db = await open();
    await db.exec('CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)');
    const { lastSeq } = await db.status();
    await db.query('INSERT INTO t VALUES (2)');
    const ids: number[] = [];
    for await (const { id } of db.stream<{ id: number }>('SELECT id FROM t', [], { asOf: { seq: lastSeq } }))
      ids.push(id);
    expect(ids).toEqual([1]);
    await db.close();
  });
}
