/**
 * Statements that differ in their constants only share a plan: nothing of them may show it. The same statement with a
 * number in a comment has a shape of its own, so it never shares.
 */
import { expect, test, vi } from 'vitest';
import type { SessionApi } from '../../src/database/api.ts';
import { DriftError } from '../../src/base/error.ts';
import { Random } from '../../src/base/random.ts';
import { SharedPlans } from '../../src/database/shared-plans.ts';
import { openDb, textRows } from './helper.ts';

const SCHEMA = `
  CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
  CREATE TABLE t (id int PRIMARY KEY, small smallint, big bigint, n numeric(8, 2), f float8, v varchar(5), c char(3),
    d date, z timestamptz, j jsonb, m mood, b boolean, made int DEFAULT 7 CHECK (made > 0));
  CREATE INDEX ON t (v); CREATE INDEX ON t (big, n);
  CREATE TABLE log (at int, what text);
  CREATE VIEW w AS SELECT id, v FROM t WHERE id < 50;`;

/** What a statement ends with: rows and counts, or the whole error. */
async function end(session: SessionApi, sql: string, script: boolean): Promise<unknown> {
  try {
    const result = script
      ? (await session.script(sql, { text: true })).at(-1)
      : await session.execute(sql, [], { text: true });
    return result === undefined
      ? undefined
      : [
          result.command,
          result.affectedRows,
          result.fields.map(({ name, dataTypeID }) => [name, dataTypeID]),
          textRows(result),
        ];
  } catch (error) {
    if (!(error instanceof DriftError)) throw error;
    const { code, message, detail, hint, position, column, constraint } = error;
    return { code, message, detail, hint, position, column, constraint };
  }
}

test('random statements give and do what they do alone', { timeout: 60_000 }, async () => {
  const found = vi.spyOn(SharedPlans.prototype, 'find');
  const random = new Random(Number(process.env['SEED'] ?? 5));
  const pick = <T>(...list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
  const int = (): string =>
    pick('0', '1', '-1', '3', '7', '42', '-0', '99', '32768', '2147483647', '-2147483648', '2147483648');
  const number = (): string => pick(int(), int(), '1.5', '-2.25', '1e3', '9223372036854775808', '12345678.9', '.5');
  const text = (): string =>
    pick(
      "'a'",
      "'it''s'",
      "'abc  '",
      "''",
      "'toolong'",
      "'5'",
      "E'a\\nb'",
      "'happy'",
      "'2024-02-30'",
      "'2024-02-29'",
      "'tomorrow'",
      '\'{"a": 1}\'',
      "'12:30'",
      "'no date'",
      "'t'",
      'NULL',
      "U&'\\0041'",
      "'x'::text",
      "date '2024-01-01'",
    );
  const any = (): string => pick(number, text)();
  const id = (): string => String(Math.floor(random.next() * 60));
  const statement = (): string =>
    pick(
      () => `INSERT INTO t (id, small, big, n) VALUES (${id()}, ${number()}, ${number()}, ${number()})`,
      () =>
        `INSERT INTO t (id, v, c, d) VALUES (${id()}, ${text()}, ${text()}, ${text()}) ON CONFLICT (id) DO UPDATE SET v = 'new' RETURNING *`,
      () =>
        `INSERT INTO t (id, z, j, m, b) VALUES (${id()}, ${text()}, ${text()}, ${text()}, ${text()}) ON CONFLICT DO NOTHING`,
      () => `INSERT INTO t (id, f, made) VALUES (${id()}, ${any()} , ${int()} * 2 - 1), (${id()}, ${int()}, DEFAULT)`,
      () => `INSERT INTO log VALUES (${any()}, ${any()})`,
      () => `INSERT INTO w VALUES (${id()}, ${text()})`,
      () => `UPDATE t SET v = ${text()}, n = n + ${number()} WHERE id = ${any()}`,
      () => `UPDATE t SET big = ${number()} WHERE v = ${any()}`,
      () => `UPDATE t SET small = ${number()}, c = ${any()} WHERE id = ${id()}`,
      () => `UPDATE t SET made = made - ${int()} WHERE big = ${number()} AND n = ${number()}`,
      () => `UPDATE log SET what = what || ${text()} WHERE at > ${number()} AND NOT what = ${text()}`,
      () => `DELETE FROM log WHERE at = ${number()} OR what < ${text()}`,
      () => `DELETE FROM t WHERE id = ${number()}`,
      () => `SELECT ${any()}, v, ${int()} AS two FROM t WHERE id = ${any()}`,
      () =>
        `SELECT id, v || 'x' FROM t WHERE v = ${text()} ORDER BY ${pick('1', '2', '3')} LIMIT ${pick('1', '2', '0')}`,
      () => `SELECT count(*), max(n) FROM log, t WHERE at = ${int()} AND id = ${int()}`,
      () => `SELECT count(*) FROM log WHERE at >= ${number()} AND what <> ${text()} AND at IN (1, ${int()})`,
      () => `SELECT d, z, m FROM t WHERE id = ${id()} AND (d = ${text()} OR m = ${text()})`,
      () => `SELECT id FROM t WHERE big = ${any()} GROUP BY id HAVING count(*) > ${int()}`,
      () => `SELECT * FROM t WHERE c = ${text()} AND id = ${id()} FOR UPDATE`,
    )();
  const alone = await openDb();
  const sharing = await openDb();
  for (const db of [alone, sharing]) await db.run(SCHEMA);
  for (let i = 0; i < 1200; i++) {
    const sql = statement();
    const script = i % 2 === 0;
    const wanted = await end(alone.session, `${sql} /* ${i} */`, script);
    expect(await end(sharing.session, sql, script), sql).toEqual(wanted);
    if (i % 300 === 150) for (const db of [alone, sharing]) await db.run('CREATE INDEX ON log (at); DELETE FROM t');
    if (i % 300 === 250)
      for (const db of [alone, sharing])
        await db.run('DROP INDEX log_at_idx; ALTER TABLE log ALTER what TYPE varchar(9) USING left(what, 9)');
  }
  expect(found.mock.results.filter(({ value }) => value !== null).length).toBeGreaterThan(150);
  found.mockRestore();
  for (const table of ['t', 'log'])
    expect(await sharing.rows(`SELECT * FROM ${table} AS x ORDER BY x`)).toEqual(
      await alone.rows(`SELECT * FROM ${table} AS x ORDER BY x`),
    );
});

test('a transaction that has failed, one that is read only, and another search path', async () => {
  const { session, run, code, rows } = await openDb();
  await run(`CREATE TABLE t (a int UNIQUE, b text); CREATE SCHEMA other; CREATE TABLE other.t (a int, b text)`);
  for (let i = 0; i < 4; i++) await run(`INSERT INTO t VALUES (${i}, 'here')`);
  await run('BEGIN');
  await expect(session.script("INSERT INTO t VALUES (1, 'twice')")).rejects.toMatchObject({ code: '23505' });
  await expect(session.script("INSERT INTO t VALUES (10, 'late')")).rejects.toMatchObject({ code: '25P02' });
  await run('ROLLBACK; BEGIN READ ONLY');
  expect(await code("INSERT INTO t VALUES (11, 'no')")).toBe('25006');
  await run("ROLLBACK; SET search_path = other; INSERT INTO t VALUES (12, 'there')");
  expect(await rows('SELECT * FROM other.t')).toEqual([['12', 'there']]);
  await run("CREATE TEMPORARY TABLE t (a int, b text); INSERT INTO t VALUES (13, 'mine')");
  expect(await rows('SELECT * FROM pg_temp.t')).toEqual([['13', 'mine']]);
  expect(await rows('SELECT count(*) FROM public.t')).toEqual([['4']]);
});

test('a script ends at the statement that fails, with its position in the script', async () => {
  const { session, run, rows } = await openDb();
  await run('CREATE TABLE t (a int PRIMARY KEY, d date)');
  const script =
    "INSERT INTO t VALUES (1, '2024-01-01');\n".repeat(1) +
    "INSERT INTO t VALUES (2, '2024-01-02');\n" +
    "INSERT INTO t VALUES (3, '2024-01-03');\nINSERT INTO t VALUES (4, 'never');\nINSERT INTO t VALUES (5, '2024-01-05')";
  await expect(session.script(script)).rejects.toMatchObject({
    code: '22007',
    position: script.indexOf("'never'") + 1,
  });
  expect(await rows('SELECT a FROM t ORDER BY 1')).toEqual([['1'], ['2'], ['3']]);
});

test('a range of an index shares a plan with ranges that are no wider, a value with those that are no more frequent', async () => {
  const { session, run } = await openDb();
  await run(`CREATE TABLE t (id int PRIMARY KEY, b int, s int); CREATE INDEX ON t (b); CREATE INDEX ON t (s);
    INSERT INTO t SELECT i, i * 7919 % 6000, CASE WHEN i % 10 = 0 THEN i ELSE 0 END FROM generate_series(1, 6000) i`);
  const found = vi.spyOn(SharedPlans.prototype, 'find');
  /** Whether a statement has run by the plan of others. */
  const shares = async (sql: string): Promise<boolean> => {
    await session.execute(sql);
    return found.mock.results.at(-1)?.value !== null;
  };
  const range = (low: number, high: number): string =>
    `SELECT count(*), max(s) FROM t WHERE b >= ${low} AND b < ${high}`;
  expect(await shares(range(10, 20))).toBe(false);
  expect(await shares(range(30, 40))).toBe(false);
  expect(await shares(range(90, 98))).toBe(true);
  expect(await shares(range(0, 5900))).toBe(false);
  expect(await shares(range(1000, 1026))).toBe(false);
  expect(await shares(range(2000, 2022))).toBe(true);
  const value = (n: number): string => `UPDATE t SET b = b + 1 WHERE s = ${n}`;
  for (const n of [10, 20]) expect(await shares(value(n))).toBe(false);
  expect(await shares(value(30))).toBe(true);
  expect(await shares(value(0))).toBe(false);
  expect(await shares(value(40))).toBe(true);
  const key = (n: number): string => `DELETE FROM t WHERE id < ${n}`;
  for (const n of [2, 3]) expect(await shares(key(n))).toBe(false);
  found.mockRestore();
});
