/** Hostile input: a clear error with its SQLSTATE and position, and a database that is as it was. */
import { beforeAll, expect, test } from 'vitest';
import type { Value } from '../../src/base/vector.ts';
import { type Db, openDb } from './helper.ts';

let db: Db;
let before: unknown;

beforeAll(async () => {
  db = await openDb();
  await db.run(`CREATE TABLE customer (id int PRIMARY KEY, name text NOT NULL, vip boolean, paid numeric(8,2), seen timestamptz);
    INSERT INTO customer VALUES (1, 'Ada', true, 12.5, '2020-01-01Z'), (2, 'Ben', false, NULL, NULL);
    CREATE TABLE number (i2 smallint, i4 int, i8 bigint, f4 real, f8 double precision, n numeric, n2 numeric(8,2));
    CREATE VIEW vips AS SELECT * FROM customer WHERE vip`);
  before = await contents();
});

async function contents(): Promise<unknown> {
  return [
    await db.rows('SELECT * FROM customer ORDER BY id'),
    await db.rows('SELECT * FROM number'),
    await db.rows('SELECT * FROM drift.transactions ORDER BY seq'),
    await db.rows('SELECT * FROM drift.columns ORDER BY 1, 2, 5'),
  ];
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly position: number | undefined;
  readonly hint: string | undefined;
}

/** The error of a statement; afterwards everything must be as it was. */
async function failure(sql: string, parameters: readonly Value[] = []): Promise<Failure> {
  let failed: Failure | null = null;
  try {
    await db.session.execute(sql, parameters);
  } catch (error) {
    const { code, message, position, hint } = error as Failure;
    failed = { code, message, position, hint };
  }
  expect([sql.slice(0, 200), await contents()]).toEqual([sql.slice(0, 200), before]);
  expect(db.session.inTransaction).toBe(false);
  if (failed === null) throw new Error(`no error from: ${sql.slice(0, 200)}`);
  return failed;
}

/** What is wrong begins at `^` in the text, which is not part of the statement. */
async function at(marked: string): Promise<string> {
  const position = marked.indexOf('^') + 1;
  const { code, position: found } = await failure(marked.replace('^', ''));
  expect([marked, found]).toEqual([marked, position]);
  return code;
}

test('malformed statements', async () => {
  for (const marked of [
    '^SELEC 1',
    'SELECT 1 FROM ^',
    'SELECT 1 FROM customer WHERE ^',
    'SELECT (1 + 2^',
    'SELECT 1 ^)',
    'INSERT INTO customer (^1, 2',
    'INSERT INTO customer VALUES (1, 2^',
    'UPDATE customer ^WHERE id = 1',
    'UPDATE customer SET ^WHERE id = 1',
    'DELETE ^customer',
    'CREATE TABLE t (a int, ^)',
    'CREATE TABLE t ^a int',
    'SELECT * FROM customer ORDER ^id',
    'SELECT CASE ^END',
    'SELECT 1 FROM customer JOIN number^',
    "SELECT ^'open",
    'SELECT ^"open',
    'SELECT ^/* open',
    'SELECT ^$tag$ open',
    'SELECT 1 + ^* 2',
    'BEGIN READ ONLY AS OF ^',
    'SELECT 1; ^SELEC 2',
  ]) {
    expect([marked, await at(marked)]).toEqual([marked, '42601']);
  }
  expect((await db.session.execute('')).rowCount).toBe(0);
  expect((await db.session.execute(' -- nothing\n ;;')).rowCount).toBe(0);
});

test('unknown names: where, and what was meant', async () => {
  expect(await at('SELECT * FROM ^custommer')).toBe('42P01');
  expect(await at('SELECT * FROM nowhere.^customer'.replace('nowhere.^', '^nowhere.'))).toBe('42P01');
  expect(await at('SELECT ^nam FROM customer')).toBe('42703');
  expect(await at('SELECT ^x.id FROM customer')).toBe('42P01');
  expect(await at('SELECT ^frobnicate(1)')).toBe('42883');
  expect(await at('SELECT 1::^frob')).toBe('42704');
  expect(await at('SELECT id ^@@@ 1 FROM customer')).toBe('42883');
  expect(await at('INSERT INTO ^custommer VALUES (1)')).toBe('42P01');
  expect(await at('INSERT INTO customer (^nam) VALUES (1)')).toBe('42703');
  expect(await at('UPDATE customer SET ^nam = 1')).toBe('42703');
  expect((await failure('SELECT id FROM customer, customer')).code).toBe('42712');
  expect(await at('SELECT ^id FROM customer a, customer b')).toBe('42702');
  expect((await failure('SELECT nam FROM customer')).hint).toBe(
    'Perhaps you meant to reference the column "customer.name".',
  );
  expect((await failure('ALTER TABLE customer DROP COLUMN nam')).code).toBe('42703');
  expect((await failure('DROP TABLE custommer')).code).toBe('42P01');
  expect((await failure('DROP INDEX none')).code).toBe('42704');
  expect((await failure('DROP VIEW customer')).code).toBe('42809');
  expect((await failure('SAVEPOINT x')).code).toBe('25P01');
  expect((await failure('SET no_such_setting = 1')).code).toBe('42704');
  expect((await failure('SHOW no_such_setting')).code).toBe('42704');
});

test('types that do not fit', async () => {
  expect(await at("SELECT 1 + ^'one'")).toBe('22P02');
  expect(await at("SELECT * FROM customer WHERE id = ^'one'")).toBe('22P02');
  expect(await at('SELECT name ^+ 1 FROM customer')).toBe('42883');
  expect(await at('SELECT * FROM customer WHERE ^id')).toBe('42804');
  expect(await at("INSERT INTO customer (id, name, vip) VALUES (3, 'C', ^7)")).toBe('42804');
  expect(await at("INSERT INTO customer VALUES (3, 'C', true, 1, NULL, ^6)")).toBe('42601');
  expect(await at('INSERT INTO customer (id, ^name) VALUES (3)')).toBe('42601');
  expect(await at("UPDATE customer SET vip = ^'maybe'")).toBe('22P02');
  expect(await at("UPDATE customer SET seen = ^'someday'")).toBe('22007');
  expect(await at('SELECT 1 UNION SELECT ^true')).toBe('42804');
  expect(await at('SELECT name, ^count(*) FROM customer'.replace('name, ^', '^name, '))).toBe('42803');
  expect(await at('SELECT * FROM customer WHERE ^sum(id) > 1')).toBe('42803');
  expect((await failure('INSERT INTO customer VALUES (3, NULL)')).code).toBe('23502');
  expect((await failure("INSERT INTO customer VALUES (1, 'again')")).code).toBe('23505');
  expect((await failure('SELECT 1 / 0')).code).toBe('22012');
  expect((await failure('SELECT (SELECT id FROM customer)')).code).toBe('21000');
  // The third row fails: the two before it are taken back.
  expect((await failure("INSERT INTO customer VALUES (5, 'E'), (6, 'F'), (1, 'again')")).code).toBe('23505');
  expect((await failure('UPDATE customer SET paid = 1 / (id - 2)')).code).toBe('22012');
});

test('parameters: count, types, places', async () => {
  expect((await failure('SELECT $1::int')).code).toBe('42P02');
  expect((await failure('SELECT 1', [1])).code).toBe('08P01');
  expect((await failure('SELECT $2::int', [1])).code).toBe('42P18');
  expect((await failure('SELECT $1::int', [1, 2])).code).toBe('08P01');
  expect((await failure('SELECT * FROM customer WHERE id = $1', ['one'])).code).toBe('22P02');
  expect((await failure('SELECT * FROM customer WHERE id = $1', [1.5])).code).toBe('22P02');
  expect((await failure('SELECT * FROM customer WHERE id = $1', [2 ** 40])).code).toBe('22003');
  expect((await failure('SELECT * FROM customer WHERE seen = $1', ['never'])).code).toBe('22007');
  expect((await failure('SELECT * FROM customer WHERE id = $1', [new Uint8Array([1])])).code).toBe('42804');
  expect((await failure('SELECT * FROM customer WHERE vip = $1', ['perhaps'])).code).toBe('22P02');
  expect((await failure('SELECT $0')).code).toBe('42P02');
  expect((await failure('SELECT $99999999999999999999')).code).toBe('42601');
  expect((await failure('SELECT $70000', [1])).code).toMatch(/^(08P01|54000|42P02)$/);
  expect((await failure('CREATE TABLE t (a int DEFAULT $1)', [1])).code).toMatch(/^(42P02|08P01)$/);
  expect((await failure('SELECT 1; SELECT $1', [1])).code).toBe('42601');
});

test('numbers that a type does not hold', async () => {
  for (const [column, value, code] of [
    ['i2', '32768', '22003'],
    ['i4', '2147483648', '22003'],
    ['i8', '9223372036854775808', '22003'],
    ['i2', "'NaN'", '22P02'],
    ['i4', "'infinity'", '22P02'],
    ['i8', "'-Infinity'", '22P02'],
    ['i2', "'NaN'::float8", '22003'],
    ['i4', "'infinity'::float8", '22003'],
    ['i8', "'-infinity'::float8", '22003'],
    ['i4', "'NaN'::numeric", '0A000'],
    ['i8', "'Infinity'::numeric", '0A000'],
    ['f4', "'1e39'", '22003'],
    ['f4', '1e39', '22003'],
    ['f8', "'1e309'", '22003'],
    ['f8', '1e400', '22003'],
    ['n2', '1000000', '22003'],
    ['n2', "'Infinity'", '22003'],
    ['n', "'1e200000'", '22003'],
  ] as const) {
    const sql = `INSERT INTO number (${column}) VALUES (${value})`;
    expect([sql, (await failure(sql)).code]).toEqual([sql, code]);
  }
  for (const [column, value, code] of [
    ['i2', Number.NaN, '22P02'],
    ['i4', Infinity, '22P02'],
    ['i8', -Infinity, '22P02'],
    ['i4', 1e300, '22P02'],
    ['i8', 2n ** 63n, '22003'],
    ['f4', 1e39, '22003'],
    ['n2', Infinity, '22003'],
  ] as const) {
    const sql = `INSERT INTO number (${column}) VALUES ($1)`;
    expect([sql, value, (await failure(sql, [value])).code]).toEqual([sql, value, code]);
  }
  for (const sql of [
    'SELECT 2147483647 + 1',
    'SELECT -2147483648 - 1',
    'SELECT 9223372036854775807 + 1',
    'SELECT 9223372036854775807 * 2',
    'SELECT 32767::smallint + 1::smallint',
    'SELECT abs(-2147483648::int)',
    "SELECT '1e308'::float8 * 10",
    "SELECT '1e-308'::float8 / 1e308::float8",
    "SELECT 'NaN'::float8::int",
    'SELECT exp(1e6::float8)',
    'SELECT factorial(100000)',
    "SELECT repeat('x', 2000000000)",
  ]) {
    expect([sql, (await failure(sql)).code]).toEqual([sql, expect.stringMatching(/^(22003|42883|54000|53200)$/)]);
  }
});

test('NaN and infinity are values of the types that have them', async () => {
  const own = await openDb();
  await own.run(`CREATE TABLE n (f4 real, f8 double precision, n numeric);
    INSERT INTO n VALUES ('NaN', 'NaN', 'NaN'), ('infinity', 'Infinity', 'inf'), ('-inf', '-infinity', '-Infinity')`);
  expect(await own.rows('SELECT * FROM n ORDER BY f8')).toEqual([
    ['-Infinity', '-Infinity', '-Infinity'],
    ['Infinity', 'Infinity', 'Infinity'],
    ['NaN', 'NaN', 'NaN'],
  ]);
  await own.session.execute('INSERT INTO n VALUES ($1, $1, $2)', [Number.NaN, 'NaN']);
  expect(await own.rows("SELECT count(*) FROM n WHERE f8 = 'NaN' AND n = 'NaN' AND f4 = 'NaN'")).toEqual([['2']]);
  expect(await own.rows('SELECT max(f8), min(n), sum(f8) FROM n')).toEqual([['NaN', '-Infinity', 'NaN']]);
});

test('lone surrogates and zero bytes in text', async () => {
  const bad = ['\ud800', '\udc00', 'a\ud83d', '\ude00b', 'x\udfff\ud800y', '\0', 'a\0b'];
  for (const text of bad) {
    for (const sql of [
      `SELECT '${text}'`,
      `INSERT INTO customer VALUES (9, '${text}')`,
      `SELECT E'${text}'`,
      `SELECT $$${text}$$`,
      `SELECT 1 AS "${text}"`,
      `SELECT 1 AS x${text}`,
      `CREATE TABLE "${text}" (a int)`,
      `SELECT 1 -- ${text}`,
    ]) {
      const { code } = await failure(sql);
      expect([sql, code]).toEqual([sql, expect.stringMatching(/^22021$/)]);
    }
    for (const sql of [
      'SELECT $1::text',
      'SELECT $1',
      'INSERT INTO customer VALUES (9, $1)',
      'SELECT $1::varchar(3)',
      'SELECT * FROM customer WHERE name = $1',
      'SELECT length($1)',
      'SELECT ($1::text)::jsonb',
    ]) {
      expect([sql, (await failure(sql, [text])).code]).toEqual([sql, '22021']);
    }
  }
  for (const sql of [
    "SELECT E'\\000'",
    "SELECT E'\\x00'",
    "SELECT E'\\u0000'",
    "SELECT E'\\ud800'",
    "SELECT E'\\udc00'",
    "SELECT U&'\\d800'",
    "SELECT U&'\\0000'",
    'SELECT chr(0)',
    'SELECT chr(55296)',
    'SELECT \'"\\u0000"\'::jsonb',
    'SELECT \'"\\ud800"\'::jsonb',
    'SELECT \'"\\udc00x"\'::jsonb',
  ]) {
    expect([sql, (await failure(sql)).code]).toEqual([
      sql,
      expect.stringMatching(/^(22021|22P05|22P02|22025|42601|54000)$/),
    ]);
  }
  expect(await db.rows("SELECT length('😀'), '😀', U&'\\+01F600', E'\\ud83d\\ude00'")).toEqual([
    ['1', '😀', '😀', '😀'],
  ]);
});

test('long and deep statements', async () => {
  const megabytes = 10 * 1024 * 1024;
  expect(await db.rows(`SELECT length('${'x'.repeat(megabytes)}')`)).toEqual([[String(megabytes)]]);
  expect(await db.rows(`SELECT 1 /* ${'x'.repeat(megabytes)} */`)).toEqual([['1']]);
  expect((await failure(`SELECT '${'x'.repeat(megabytes)}`)).code).toBe('42601');
  expect((await failure(`SELECT 1${' '.repeat(megabytes)}frob frob`)).code).toBe('42601');
  for (const sql of [
    `SELECT ${'('.repeat(10_000)}1${')'.repeat(10_000)}`,
    `SELECT ${'('.repeat(10_000)}`,
    `SELECT ${'-'.repeat(1)}${'(-'.repeat(10_000)}1${')'.repeat(10_000)}`,
    `SELECT ${'NOT '.repeat(100_000)}true`,
    `SELECT ${'ARRAY['.repeat(10_000)}1${']'.repeat(10_000)}`,
    `SELECT ${'abs('.repeat(10_000)}1${')'.repeat(10_000)}`,
    `SELECT ${'CASE WHEN true THEN '.repeat(10_000)}1${' END'.repeat(10_000)}`,
    `${'SELECT * FROM ('.repeat(10_000)}SELECT 1${') x'.repeat(10_000)}`,
    `${'('.repeat(10_000)}SELECT 1${')'.repeat(10_000)}`,
    `SELECT ${'EXISTS (SELECT '.repeat(5_000)}1${')'.repeat(5_000)}`,
    `WITH ${'x AS (WITH '.repeat(5_000)}y AS (SELECT 1) SELECT 1${') SELECT 1'.repeat(5_000)}`,
    `SELECT '${'['.repeat(100_000)}${']'.repeat(100_000)}'::jsonb`,
    `SELECT '${'{'.repeat(10_000)}${'}'.repeat(10_000)}'::int[]`,
  ]) {
    const { code } = await failure(sql);
    expect([sql.slice(0, 60), code]).toEqual([sql.slice(0, 60), expect.stringMatching(/^(54001|54000|22P02|42601)$/)]);
  }
  // Long without being deep.
  const many = 5_000;
  expect(await db.rows(`SELECT ${Array.from({ length: 500 }, () => '1').join(' + ')}`)).toEqual([['500']]);
  expect(await db.rows(`SELECT ${Array.from({ length: many }, () => 'true').join(' AND ')}`)).toEqual([['t']]);
  expect((await failure(`SELECT ${Array.from({ length: 100_000 }, () => '1').join(' + ')}`)).code).toBe('54001');
  expect(await db.rows(`SELECT 1 IN (${Array.from({ length: 50_000 }, (_, i) => i).join(', ')})`)).toEqual([['t']]);
  expect(
    await db.rows(`SELECT count(*) FROM (VALUES ${Array.from({ length: 50_000 }, (_, i) => `(${i})`).join(', ')}) v`),
  ).toEqual([['50000']]);
  expect((await failure(Array.from({ length: 500 }, () => 'SELECT 1').join(' UNION ALL ') + ' frob frob')).code).toBe(
    '42601',
  );
  expect(
    await db.rows(`SELECT count(*) FROM (${Array.from({ length: 500 }, () => 'SELECT 1').join(' UNION ALL ')}) u`),
  ).toEqual([['500']]);
}, 60_000);

test('a failed transaction takes nothing but its end', async () => {
  await db.run("BEGIN; UPDATE customer SET name = 'X'");
  await expect(db.session.execute('SELECT nothing')).rejects.toMatchObject({ code: '42703' });
  await expect(db.session.execute('SELECT 1')).rejects.toMatchObject({ code: '25P02' });
  await expect(db.session.execute("INSERT INTO customer VALUES (7, 'G')")).rejects.toMatchObject({ code: '25P02' });
  await expect(db.session.execute('CREATE TABLE t (a int)')).rejects.toMatchObject({ code: '25P02' });
  expect((await db.session.execute('COMMIT')).command).toBe('ROLLBACK');
  expect(await contents()).toEqual(before);
});

test('random bytes and random cuts of good statements never do harm', async () => {
  const good = [
    'SELECT c.name, count(*) FROM customer c LEFT JOIN number n ON n.i4 = c.id WHERE c.paid BETWEEN 1 AND $1 GROUP BY 1 HAVING count(*) > 0 ORDER BY 2 DESC NULLS LAST LIMIT 3',
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 5) SELECT array_agg(n), E'\\n', $$x$$ FROM r",
    "INSERT INTO nowhere (a, b) VALUES (1, 'x'), (2, DEFAULT) ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING *",
    'CREATE TABLE customer (a int PRIMARY KEY, b numeric(10,2) DEFAULT 1.5 CHECK (b > 0), FOREIGN KEY (a) REFERENCES customer)',
  ];
  let state = 12345;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % limit;
  };
  const characters = '()[]{}\'"`$;:,.*+-/\\|&^%#@!~<>=? \t\n\u00e9\u{1f600}0x1e_aAzZ';
  for (let i = 0; i < 3000; i++) {
    const text = good[random(good.length)] as string;
    let sql = text;
    for (let change = random(3); change >= 0; change--) {
      const place = random(sql.length);
      const kind = random(3);
      if (kind === 0) sql = sql.slice(0, place) + sql.slice(place + 1 + random(8));
      else if (kind === 1) sql = sql.slice(0, place) + characters[random(characters.length)] + sql.slice(place);
      else sql = sql.slice(0, place);
    }
    await db.session.begin();
    try {
      await db.session.execute(sql, [], { timeoutMs: 200 });
    } catch (error) {
      expect([sql, (error as Failure).code]).toEqual([sql, expect.stringMatching(/^(?!XX)[0-9A-Z]{5}$/)]);
    }
    await db.session.rollback();
  }
  expect(await contents()).toEqual(before);
});
