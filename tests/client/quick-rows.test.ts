/**
 * `get` of a prepared statement: at once where it can, the first row of `query` in any case. Compared with `query` over
 * random changes, keys and types, and at every place where the short way must not be taken.
 */
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Database } from '../../src/client/database.ts';
import { MemoryStorage, open } from '../../src/entry/engine.ts';
import { Random } from '../../src/base/random.ts';
import { errorOf } from './error-of.ts';

let db: Database;
beforeEach(async () => {
  db = await open(new MemoryStorage());
  await db.exec(`
    CREATE TABLE t (id int PRIMARY KEY, code int, name text, at timestamptz, day date, big bigint, price numeric(10, 2),
      ok boolean, doc jsonb, raw bytea, "__proto__" int);
    CREATE INDEX t_code ON t (code);
    CREATE UNIQUE INDEX t_name ON t (name);
    INSERT INTO t VALUES (1, 10, 'one', '2024-01-02 03:04:05Z', '2024-01-02', 9007199254740993, 1.50, true, '{"a": 1}', '\\x01ff', 7),
      (2, 10, 'two', NULL, NULL, 5, 2, false, NULL, NULL, NULL), (3, NULL, 'three', 'infinity', 'infinity', -5, NULL, NULL, '[1]', NULL, 8);
    INSERT INTO t (id, code, name) SELECT g, g, 'row ' || g FROM generate_series(100, 2000) g`);
});
afterEach(() => db.close());

const PLAIN = 'id, code, name, at, day, big, price, ok, doc, "__proto__"';

test('gives the first row of the query, at once from the second time on', async () => {
  for (const columns of [PLAIN, '*', 'raw', 'id']) {
    for (const [condition, values] of [
      ['id = $1', [1, 2, 3, 4, null]],
      ['name = $1', ['two', 'four', null]],
      ['id = 3 AND $1::int IS NULL', [null, 1]],
    ] as const) {
      const statement = db.prepare(`SELECT ${columns} FROM t WHERE ${condition}`);
      await statement.query([values[0]]);
      for (const value of values) {
        const got = statement.get([value]);
        expect(await got).toEqual((await statement.query([value])).rows[0]);
        const atOnce = !columns.includes('raw') && columns !== '*' && condition !== 'id = 3 AND $1::int IS NULL';
        if (atOnce) expect(got, `${columns} ${condition} ${value}`).not.toBeInstanceOf(Promise);
      }
    }
  }
});

test('what changes shows at the next read', async () => {
  const byKey = db.prepare<{ name: string }>('SELECT name FROM t WHERE id = $1');
  const byIndex = db.prepare<{ id: number }>('SELECT id FROM t WHERE name = $1');
  await byKey.query([1]);
  await byIndex.query(['one']);
  await db.query("UPDATE t SET name = 'uno' WHERE id = 1");
  expect([byKey.get([1]), byIndex.get(['one']), byIndex.get(['uno'])]).toEqual([{ name: 'uno' }, undefined, { id: 1 }]);
  await db.query('DELETE FROM t WHERE id = 1');
  expect([byKey.get([1]), byIndex.get(['uno'])]).toEqual([undefined, undefined]);
  await db.query('ALTER TABLE t RENAME COLUMN name TO label');
  expect((await errorOf(Promise.resolve(byKey.get([2])))).code).toBe('42703');
});

test('takes its turn behind the statements before it', async () => {
  const statement = db.prepare<{ code: number }>('SELECT code FROM t WHERE id = $1');
  await statement.query([2]);
  const update = db.query('UPDATE t SET code = 11 WHERE id = 2');
  const got = statement.get([2]);
  expect(got).toBeInstanceOf(Promise);
  expect(await got).toEqual({ code: 11 });
  await update;
  expect(statement.get([2])).toEqual({ code: 11 });
});

test('in a transaction: its own writes, its snapshot, its failure', async () => {
  await db.transaction(
    async (tx) => {
      const statement = tx.prepare<{ code: number }>('SELECT code FROM t WHERE id = $1');
      const byName = tx.prepare<{ code: number }>('SELECT code FROM t WHERE name = $1');
      await statement.query([1]);
      await byName.query(['one']);
      await db.query('UPDATE t SET code = 99 WHERE id = 1');
      expect([statement.get([1]), byName.get(['one'])]).toEqual([{ code: 10 }, { code: 10 }]);
      await tx.query('UPDATE t SET code = 12 WHERE id = 2');
      expect([statement.get([2]), await byName.get(['two'])]).toEqual([{ code: 12 }, { code: 12 }]);
    },
    { isolation: 'repeatable read' },
  );
  const session = db.session();
  const statement = session.prepare('SELECT code FROM t WHERE id = $1');
  await statement.query([1]);
  await session.exec('BEGIN');
  await errorOf(session.query('SELECT 1 / 0'));
  expect((await errorOf(Promise.resolve(statement.get([1])))).code).toBe('25P02');
  await session.exec('ROLLBACK');
  expect(statement.get([1])).toEqual({ code: 99 });
  await session.close();
  expect((await errorOf(Promise.resolve(statement.get([1])))).code).toBe('08003');
});

test('a moment, another path, a branch, locks and wrong parameters are for the query', async () => {
  const { lastSeq } = await db.status();
  const statement = db.prepare<{ code: number }>('SELECT code FROM t WHERE id = $1');
  await statement.query([1]);
  await db.query('UPDATE t SET code = 20 WHERE id = 1');
  expect(statement.get([1])).toEqual({ code: 20 });
  expect(await db.asOf(lastSeq).prepare('SELECT code FROM t WHERE id = $1').get([1])).toEqual({ code: 10 });
  await db.query(`SET drift.as_of = 'SEQ ${lastSeq}'`);
  expect(await statement.get([1])).toEqual({ code: 10 });
  await db.query('RESET drift.as_of');
  await db.exec(
    'CREATE SCHEMA other; CREATE TABLE other.t (id int PRIMARY KEY, code int); INSERT INTO other.t VALUES (1, 5)',
  );
  await db.query('SET search_path = other');
  expect(await statement.get([1])).toEqual({ code: 5 });
  await db.query('RESET search_path');
  await db.exec('CREATE BRANCH b; USE BRANCH b; UPDATE t SET code = 30 WHERE id = 1');
  expect(await statement.get([1])).toEqual({ code: 30 });
  await db.query('USE BRANCH main');
  expect(await statement.get([1])).toEqual({ code: 20 });
  expect(await statement.get(['1'])).toEqual({ code: 20 });
  expect((await errorOf(Promise.resolve(statement.get(['one'])))).code).toBe('22P02');
  expect((await errorOf(Promise.resolve(statement.get([])))).code).toBe('42P02');
  expect((await errorOf(Promise.resolve(statement.get([1, 2])))).code).toBe('08P01');
});

test('equals the query over random changes', async () => {
  const random = new Random(7);
  const below = (limit: number): number => Math.floor(random.next() * limit);
  await db.exec(
    'CREATE TABLE r (id int PRIMARY KEY, v int, w text); CREATE INDEX r_v ON r (v); SET enable_seqscan = off',
  );
  const byKey = db.prepare<{ v: number }>('SELECT v, w FROM r WHERE id = $1');
  const byIndex = db.prepare<{ id: number }>('SELECT id, w FROM r WHERE v = $1');
  let atOnce = 0;
  for (let round = 0; round < 60; round++) {
    const id = below(300);
    if (round % 3 === 0)
      await db.query(
        'INSERT INTO r SELECT g, g % 40, $2 || g FROM generate_series($1::int, $1::int + 40) g ON CONFLICT DO NOTHING',
        [id, 'x'],
      );
    if (round % 3 === 1) await db.query('UPDATE r SET v = v + 1 WHERE id BETWEEN $1 AND $1 + 10', [id]);
    if (round % 3 === 2) await db.query('DELETE FROM r WHERE id BETWEEN $1 AND $1 + 5', [id]);
    if (round % 20 === 19) await db.checkpoint();
    for (let n = 0; n < 10; n++) {
      const key = below(300);
      expect(await byKey.get([key])).toEqual((await byKey.query([key])).rows[0]);
      const value = below(45);
      const all = (await db.query('SELECT id, w FROM r WHERE v + 0 = $1', [value])).rows;
      const got = byIndex.get([value]);
      if (!(got instanceof Promise)) atOnce++;
      const row = await got;
      if (all.length === 0) expect(row).toBe(undefined);
      else expect(all).toContainEqual(row);
      expect((await byIndex.query([value])).rows.toSorted((a, b) => a.id - b.id)).toEqual(
        all.toSorted((a, b) => Number(a['id']) - Number(b['id'])),
      );
    }
  }
  expect(atOnce).toBeGreaterThan(100);
});
