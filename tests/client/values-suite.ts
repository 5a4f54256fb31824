/** What every type looks like in JavaScript: as objects, as arrays, as text, through parsers of one's own; as parameters. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Database } from '../../src/client/database.ts';
import { errorOf } from './error-of.ts';

/** An expression, its JavaScript value, its text. */
const CASES: readonly (readonly [string, unknown, string | null])[] = [
  ['true', true, 't'],
  ['1::smallint', 1, '1'],
  ['2147483647', 2147483647, '2147483647'],
  ['9007199254740991::bigint', 9007199254740991, '9007199254740991'],
  ['9007199254740993::bigint', 9007199254740993n, '9007199254740993'],
  ['(-9223372036854775808)::bigint', -9223372036854775808n, '-9223372036854775808'],
  ['1.5::real', 1.5, '1.5'],
  ["'NaN'::double precision", Number.NaN, 'NaN'],
  ["'-Infinity'::double precision", -Infinity, '-Infinity'],
  ['12.340::numeric(10,3)', '12.340', '12.340'],
  ['-0.05::numeric', '-0.05', '-0.05'],
  ['123456789012345678901234567890.5::numeric', '123456789012345678901234567890.5', '123456789012345678901234567890.5'],
  ["'grüße 🌍'", 'grüße 🌍', 'grüße 🌍'],
  ["'ab'::char(4)", 'ab  ', 'ab  '],
  ["date '2020-02-29'", new Date(Date.UTC(2020, 1, 29)), '2020-02-29'],
  ["date 'infinity'", Infinity, 'infinity'],
  ["time '04:05:06.789'", '04:05:06.789', '04:05:06.789'],
  ["timestamp '1969-12-31 23:59:59.5'", new Date(-500), '1969-12-31 23:59:59.5'],
  ["timestamp '-infinity'", -Infinity, '-infinity'],
  ["timestamptz '2020-01-01 00:00:00+02'", new Date(Date.UTC(2019, 11, 31, 22)), '2019-12-31 22:00:00+00'],
  ["interval '1 day 2 hours'", '1 day 02:00:00', '1 day 02:00:00'],
  [
    "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid",
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
  ],
  ["'\\x00ff'::bytea", Uint8Array.of(0, 255), '\\x00ff'],
  [`'{"a": [1, null]}'::json`, { a: [1, null] }, '{"a": [1, null]}'],
  [`'{"b":1,"a":"x"}'::jsonb`, { a: 'x', b: 1 }, '{"a": "x", "b": 1}'],
  ["'null'::jsonb", null, 'null'],
  ['ARRAY[1, NULL, 3]', [1, null, 3], '{1,NULL,3}'],
  [
    "ARRAY[['a', 'b'], ['c', 'd']]",
    [
      ['a', 'b'],
      ['c', 'd'],
    ],
    '{{a,b},{c,d}}',
  ],
  ['NULL::int', null, null],
  ['NULL::jsonb', null, null],
];

/** `open` makes a new, empty database. */
export function valuesSuite(open: () => Promise<Database>): void {
  let db: Database;
  beforeAll(async () => {
    db = await open();
  });
  afterAll(() => db.close());

  test.each(CASES)('%s', async (expression, value, text) => {
    const sql = `SELECT ${expression} AS v`;
    expect((await db.query(sql)).rows).toEqual([{ v: value }]);
    expect((await db.query(sql, [], { rowMode: 'array' })).rows).toEqual([[value]]);
    expect((await db.query(sql, [], { text: true })).rows).toEqual([{ v: text }]);
  });

  test('columns of many rows come like single values', async () => {
    for (const [expression, value, text] of CASES) {
      const sql = `SELECT CASE WHEN i % 3 = 0 THEN NULL ELSE ${expression} END AS v FROM generate_series(1, 200) i ORDER BY i`;
      const { rows } = await db.query<{ v: unknown }>(sql);
      expect([rows.length, rows[0]?.v, rows[2]?.v, rows[199]?.v], expression).toEqual([200, value, null, value]);
      const texts = await db.query<[string | null]>(sql, [], { text: true, rowMode: 'array' });
      expect([texts.rows[1], texts.rows[2]], expression).toEqual([[text], [null]]);
    }
  });

  test('parsers by type OID get the text, and never NULL', async () => {
    const parsers = {
      20: BigInt,
      1082: (text: string) => `on ${text}`,
      1700: Number,
      3802: (text: string) => text.length,
    };
    const { rows } = await db.query(
      `SELECT 1::bigint AS a, date '2020-01-02' AS b, 1.50 AS c, '[1]'::jsonb AS d, NULL::numeric AS e, 7 AS f`,
      [],
      { parsers },
    );
    expect(rows).toEqual([{ a: 1n, b: 'on 2020-01-02', c: 1.5, d: 3, e: null, f: 7 }]);
  });

  test('json objects of rows are not shared', async () => {
    const { rows } = await db.query<{ v: { a: number } }>(`SELECT '{"a":1}'::jsonb AS v FROM generate_series(1, 3)`);
    if (rows[0] !== undefined) rows[0].v.a = 2;
    expect(rows.map(({ v }) => v.a)).toEqual([2, 1, 1]);
  });

  test('columns with odd or equal names', async () => {
    const { rows, fields } = await db.query('SELECT 1 AS "__proto__", 2 AS "constructor", 3 AS x, 4 AS x');
    expect(fields.map(({ name }) => name)).toEqual(['__proto__', 'constructor', 'x', 'x']);
    expect(Object.entries(rows[0] ?? {})).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['x', 4],
    ]);
    expect((await db.query('SELECT 3 AS x, 4 AS x', [], { rowMode: 'array' })).rows).toEqual([[3, 4]]);
  });

  test('rows are made once, when they are first asked for', async () => {
    let calls = 0;
    const result = await db.query('SELECT 1.5 AS v FROM generate_series(1, 10)', [], {
      parsers: { 1700: (text) => (calls++, text) },
    });
    expect([result.rowCount, calls]).toEqual([10, 0]);
    expect(result.rows).toBe(result.rows);
    expect(calls).toBe(10);
  });

  describe('parameters', () => {
    test.each([
      ['$1::int', 7, 7],
      ['$1::bigint', 2n ** 62n, 2n ** 62n],
      ['$1::numeric', '1.10', '1.10'],
      ['$1::numeric', 0.1, '0.1'],
      ['$1::boolean', false, false],
      ['$1::text', 'é😀', 'é😀'],
      ['$1::text', null, null],
      ['$1::text', undefined, null],
      ['$1::timestamptz', new Date(1234), new Date(1234)],
      ['$1::date', new Date(Date.UTC(-43, 2, 15)), new Date(Date.UTC(-43, 2, 15))],
      ['$1::timestamp', new Date(Date.UTC(12345, 0, 1)), new Date(Date.UTC(12345, 0, 1))],
      ['$1::bytea', Uint8Array.of(1, 0, 255), Uint8Array.of(1, 0, 255)],
      ['$1::bytea', Uint8Array.of(9, 8).buffer, Uint8Array.of(9, 8)],
      ['$1::bytea', Uint8Array.of(1, 2, 3, 4).subarray(1, 3), Uint8Array.of(2, 3)],
      ['$1::jsonb', { a: [1, { b: null }], n: 5n }, { a: [1, { b: null }], n: '5' }],
      ['$1::jsonb', [1, 'two', { three: 3 }], [1, 'two', { three: 3 }]],
      ['$1::int[]', [1, null, 3], [1, null, 3]],
      ['$1::text[]', ['a,b', '"c"', 'NULL', ''], ['a,b', '"c"', 'NULL', '']],
      ['$1::int[]', [], []],
      [
        '$1::numeric[]',
        [
          [1.5, '2'],
          [3n, null],
        ],
        [
          ['1.5', '2'],
          ['3', null],
        ],
      ],
      ['$1::bytea[]', [Uint8Array.of(1, 255)], [Uint8Array.of(1, 255)]],
      ['$1::jsonb[]', [{ a: 1 }], ['{"a": 1}']],
      ['$1::jsonb', [1n], ['1']],
      ['$1::double precision', Number.NaN, Number.NaN],
      ['$1::double precision', Infinity, Infinity],
    ])('%s of %o', async (expression, parameter, value) => {
      expect((await db.query(`SELECT ${expression} AS v`, [parameter])).rows).toEqual([{ v: value }]);
    });

    test.each([
      ['$1::int', 2 ** 31, '22003'],
      ['$1::int', 1.5, '22P02'],
      ['$1::int', 'seven', '22P02'],
      ['$1::text', 'a\0b', '22021'],
      ['$1::text', 'a\ud800b', '22021'],
      ['$1::timestamptz', new Date(Number.NaN), '22023'],
      ['$1::text', () => 1, '22023'],
      ['$1::text', Symbol('x'), '22023'],
      ['$1::bigint', Infinity, '22P02'],
      ['$1::int[]', [[1, 2], [3]], '22P02'],
      ['$1::int[]', [1, [2]], '22P02'],
      ['$1::int[]', ['x'], '22P02'],
    ])('%s refuses %s with %s', async (expression, parameter, code) => {
      expect((await errorOf(db.query(`SELECT ${expression} AS v`, [parameter]))).code).toBe(code);
    });

    test('bytes that were transferred away are refused', async () => {
      const gone = new Uint8Array(4);
      structuredClone(gone, { transfer: [gone.buffer] });
      expect((await errorOf(db.query('SELECT $1::bytea', [gone]))).code).toBe('22023');
    });

    test('a value that contains itself has no JSON form', async () => {
      const loop: Record<string, unknown> = {};
      loop['self'] = loop;
      expect((await errorOf(db.query('SELECT $1::jsonb', [loop]))).code).toBe('22023');
    });

    test('their number must be right', async () => {
      expect((await errorOf(db.query('SELECT $1::int', []))).code).toBe('42P02');
      expect((await errorOf(db.query('SELECT 1', [1]))).code).toBe('08P01');
    });
  });
}
