/**
 * FOR SYSTEM_TIME: each clause by each way of naming moments, over tables, views, subqueries, CTEs and in statements that
 * write, against the rules written out over a plain table of intervals.
 */
import { beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import type { Value } from '../../src/base/vector.ts';
import { type Db, openDb } from './helper.ts';

/** Commit of the first and the last change of `t`. */
const [FIRST, LAST] = [3, 33];
let db: Db;
const at: string[] = [];

beforeAll(async () => {
  db = await openDb(undefined, { maxLeafRows: 8, minClosedRows: 6 });
  const random = new Random(5);
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int); CREATE VIEW w AS SELECT id, v FROM t WHERE id < 100');
  await db.run('INSERT INTO t SELECT i, 0 FROM generate_series(1, 12) i');
  for (let seq = FIRST + 1; seq <= LAST; seq++) {
    const id = 1 + (random.uint32() % 15);
    const [there] = await db.rows(`SELECT v FROM t WHERE id = ${id}`);
    if (there === undefined) await db.run(`INSERT INTO t VALUES (${id}, ${seq})`);
    else
      await db.run(
        random.uint32() % 4 === 0 ? `DELETE FROM t WHERE id = ${id}` : `UPDATE t SET v = ${seq} WHERE id = ${id}`,
      );
  }
  for (const [time] of await db.rows('SELECT committed_at FROM drift.transactions ORDER BY seq')) at.push(String(time));
  // The history as a plain table; `e` is far away for what is in force.
  await db.run(
    `CREATE TABLE naive AS SELECT id, v, _seq_from AS b, coalesce(_seq_to, 1000000) AS e FROM t FOR SYSTEM_TIME ALL`,
  );
});

interface Clause {
  readonly text: (a: string, b: string) => string;
  /** By sequence numbers; `[a, b)` in commits. */
  readonly rule: (a: number, b: number) => string;
}

const CLAUSES: Readonly<Record<string, Clause>> = {
  'AS OF': { text: (a) => `AS OF ${a}`, rule: (a) => `b <= ${a} AND ${a} < e` },
  BETWEEN: { text: (a, b) => `BETWEEN ${a} AND ${b}`, rule: (a, b) => `b <= ${b} AND e > ${a}` },
  'FROM TO': { text: (a, b) => `FROM ${a} TO ${b}`, rule: (a, b) => `b < ${b} AND e > ${a}` },
  'CONTAINED IN': { text: (a, b) => `CONTAINED IN (${a}, ${b})`, rule: (a, b) => `b >= ${a} AND e <= ${b}` },
  ALL: { text: () => 'ALL', rule: () => 'true' },
};

const PERIODS: readonly (readonly [number, number])[] = [
  [FIRST, LAST],
  [5, 5],
  [6, 7],
  [10, 20],
  [17, 30],
  [20, 10],
  [LAST, LAST],
];

/** Where the clause stands: everything gives columns id and v. */
const SOURCES: Readonly<Record<string, (clause: string) => string>> = {
  table: (clause) => `SELECT id, v FROM t ${clause}`,
  'a table with an alias': (clause) => `SELECT x.id, x.v FROM t ${clause} AS x`,
  'all columns': (clause) => `SELECT * FROM t ${clause}`,
  view: (clause) => `SELECT id, v FROM w ${clause}`,
  subquery: (clause) => `SELECT id, v FROM (SELECT v, id FROM t) ${clause} s`,
  'a subquery of a view and a join': (clause) =>
    `SELECT id, v FROM (SELECT w.* FROM w CROSS JOIN (VALUES (1)) o) ${clause} s`,
  'the inside of a subquery': (clause) => `SELECT id, v FROM (SELECT * FROM t ${clause}) s`,
  CTE: (clause) => `WITH c AS (SELECT id, v FROM t) SELECT id, v FROM c ${clause}`,
  'a CTE of a CTE': (clause) =>
    `WITH c AS (SELECT * FROM t), d (a, b) AS (SELECT * FROM c) SELECT a, b FROM d ${clause}`,
  'the inside of a CTE': (clause) => `WITH c AS MATERIALIZED (SELECT id, v FROM t ${clause}) SELECT * FROM c`,
};

const sorted = (rows: (string | null)[][]): string[] => rows.map((row) => row.join()).toSorted();

async function naive(rule: string): Promise<string[]> {
  return sorted(await db.rows(`SELECT id, v FROM naive WHERE ${rule}`));
}

describe.each(Object.entries(CLAUSES))('%s', (_, { text, rule }) => {
  test.each(Object.entries(SOURCES))('on %s', async (_name, source) => {
    for (const [a, b] of PERIODS) {
      const want = await naive(rule(a, b));
      const time = (seq: number): string => `TIMESTAMPTZ '${at[seq - 1]}'`;
      for (const [low, high] of [
        [`SEQ ${a}`, `SEQ ${b}`],
        [time(a), time(b)],
        [`(${time(a)} - interval '1 s' + interval '1000 ms')`, `SEQ ${b}`],
      ] as const)
        expect([low, high, sorted(await db.rows(source(`FOR SYSTEM_TIME ${text(low, high)}`)))]).toEqual([
          low,
          high,
          want,
        ]);
    }
  });

  test('with parameters: of a statement, of PREPARE, described', async () => {
    for (const [a, b] of PERIODS) {
      const want = await naive(rule(a, b));
      const given = (values: readonly Value[], sql: string): readonly Value[] =>
        values.slice(0, sql.includes('$2') ? 2 : sql.includes('$1') ? 1 : 0);
      const bySeq = SOURCES['table']?.(`FOR SYSTEM_TIME ${text('SEQ $1', 'SEQ $2')}`) ?? '';
      const byTime = SOURCES['table']?.(`FOR SYSTEM_TIME ${text('$1', '$2')}`) ?? '';
      const times = [at[a - 1] ?? '', at[b - 1] ?? ''];
      expect(sorted(await db.rows(bySeq, given([a, b], bySeq)))).toEqual(want);
      expect(sorted(await db.rows(byTime, given(times, byTime)))).toEqual(want);
      await db.run(`PREPARE p AS ${byTime}`);
      const args = given(times, byTime).map((time) => `'${String(time)}'`);
      expect(sorted(await db.rows(`EXECUTE p${args.length === 0 ? '' : ` (${args.join()})`}`))).toEqual(want);
      expect(sorted(await db.rows(`EXECUTE p${args.length === 0 ? '' : ` (${args.join()})`}`))).toEqual(want);
      await db.run('DEALLOCATE p');
      const { parameters } = await db.session.describe(byTime);
      expect(parameters).toEqual(given([1184, 1184], byTime));
    }
  });

  test('in statements that write', async () => {
    const [a, b] = [8, 21];
    const want = await naive(rule(a, b));
    const clause = `FOR SYSTEM_TIME ${text(`SEQ ${a}`, `SEQ ${b}`)}`;
    await db.run(`CREATE TABLE copy AS SELECT * FROM t ${clause}`);
    expect(sorted(await db.rows('SELECT * FROM copy'))).toEqual(want);
    await db.run(`INSERT INTO copy SELECT id, v FROM w ${clause}`);
    expect(await db.rows('SELECT count(*) FROM copy')).toEqual([[String(want.length * 2)]]);
    await db.run(`DELETE FROM copy USING t ${clause} x WHERE x.id = copy.id AND x.v = copy.v`);
    expect(await db.rows('SELECT count(*) FROM copy')).toEqual([['0']]);
    await db.run('DROP TABLE copy');
  });
});

test('different times in one statement, one inside of the other', async () => {
  const rows = await db.rows(
    `WITH c AS (SELECT count(*) AS n FROM t), d AS (SELECT n FROM c)
     SELECT (SELECT n FROM d FOR SYSTEM_TIME AS OF SEQ 3), (SELECT n FROM d),
       (SELECT count(*) FROM (SELECT * FROM t FOR SYSTEM_TIME AS OF SEQ 3) FOR SYSTEM_TIME AS OF SEQ 20 s),
       (SELECT count(*) FROM t FOR SYSTEM_TIME AS OF SEQ 3)`,
  );
  const [[now]] = (await db.rows('SELECT count(*) FROM t')) as [[string]];
  expect(rows).toEqual([['12', now, '12', '12']]);
});

test('the clause goes first, then the transaction, then the session; now() is the moment that is read', async () => {
  const sum = 'SELECT coalesce(sum(v), 0) FROM t';
  const of = async (seq: number): Promise<string> =>
    (await db.rows(`SELECT coalesce(sum(v), 0) FROM naive WHERE b <= ${seq} AND e > ${seq}`))[0]?.[0] ?? '';
  await db.run('SET drift.as_of = SEQ 34');
  const [nine, fifteen, last] = [await of(9), await of(15), await of(LAST)];
  expect(await db.rows(sum)).toEqual([[last]]);
  await db.run('SET drift.as_of = SEQ 15');
  expect(await db.rows(`${sum} FOR SYSTEM_TIME AS OF SEQ 9`)).toEqual([[nine]]);
  expect(await db.rows(`SELECT now() = '${at[14]}', current_timestamp = now()`)).toEqual([['t', 't']]);
  expect(await db.rows(`${sum} FOR SYSTEM_TIME AS OF now()`)).toEqual([[fifteen]]);
  await db.run('BEGIN READ ONLY AS OF SEQ 9');
  expect(await db.rows(sum)).toEqual([[nine]]);
  expect(await db.rows(`SELECT now() = '${at[8]}'`)).toEqual([['t']]);
  expect(await db.rows(`${sum} FOR SYSTEM_TIME AS OF SEQ ${LAST}`)).toEqual([[last]]);
  await db.run('COMMIT');
  expect(await db.rows(sum)).toEqual([[fifteen]]);
  await db.run('RESET drift.as_of');
  expect(await db.rows(sum)).toEqual([[last]]);
});

test('views and functions as they were defined then', async () => {
  const own = await openDb();
  await own.run(`CREATE TABLE t (v int); INSERT INTO t VALUES (1);
    CREATE VIEW w AS SELECT v AS x FROM t; CREATE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT sum(v) FROM t';
    UPDATE t SET v = 2; CREATE OR REPLACE FUNCTION f() RETURNS bigint LANGUAGE sql STABLE AS 'SELECT -sum(v) FROM t';
    DROP VIEW w; CREATE VIEW w AS SELECT 10 * v AS y FROM t; UPDATE t SET v = 3`);
  expect(await own.rows('SELECT f(), w.* FROM w')).toEqual([['-3', '30']]);
  await own.run('SET drift.as_of = SEQ 4');
  expect(await own.rows('SELECT f(), w.x FROM w')).toEqual([['1', '1']]);
  await own.run('SET drift.as_of = SEQ 5');
  expect(await own.rows('SELECT f(), w.x FROM w')).toEqual([['2', '2']]);
  await own.run('RESET drift.as_of');
  expect(await own.rows('SELECT x FROM w FOR SYSTEM_TIME AS OF SEQ 5')).toEqual([['2']]);
  expect(await own.rows('SELECT y FROM w FOR SYSTEM_TIME ALL ORDER BY y')).toEqual([['10'], ['20'], ['30']]);
  expect(await own.code('SELECT x FROM w FOR SYSTEM_TIME BETWEEN SEQ 3 AND SEQ 8')).toBe('42703');
});

test('a future time, one before the database or the table, and what cannot be read at another time', async () => {
  const code = (clause: string, from = 't'): Promise<string> =>
    db.code(`SELECT * FROM ${from} FOR SYSTEM_TIME ${clause}`);
  for (const future of ["'2999-01-01'", 'SEQ 999', "now() + interval '1 day'"]) {
    expect(await code(`AS OF ${future}`)).toBe('22023');
    expect(await code(`BETWEEN SEQ 1 AND ${future}`)).toBe('22023');
    expect(await code(`FROM ${future} TO SEQ 5`)).toBe('22023');
    expect(await code(`CONTAINED IN (${future}, SEQ 5)`)).toBe('22023');
  }
  expect(await code("AS OF '1999-01-01'")).toBe('3D000');
  expect(await code("BETWEEN '1998-01-01' AND '1999-01-01'")).toBe('3D000');
  // A range may begin before there was anything.
  expect(await db.rows("SELECT count(*) FROM t FOR SYSTEM_TIME FROM '1999-01-01' TO SEQ 4")).toEqual([['12']]);
  expect(await code('AS OF SEQ 0')).toBe('42P01');
  expect(await code('AS OF SEQ 1', 'w')).toBe('42P01');
  expect(await code("AS OF TAG 'none'")).toBe('42704');
  expect(await db.code('WITH RECURSIVE c AS (SELECT 1) SELECT * FROM c FOR SYSTEM_TIME AS OF SEQ 3')).toBe('0A000');
  await db.run('BEGIN');
  expect(await db.code('WITH c AS (DELETE FROM t RETURNING id) SELECT * FROM c FOR SYSTEM_TIME AS OF SEQ 3')).toBe(
    '0A000',
  );
  await db.run('ROLLBACK');
});
