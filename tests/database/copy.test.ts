/** COPY in scripts: formats, options and errors as PostgreSQL 15 has them. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

async function copied(script: string, sql = 'SELECT * FROM t ORDER BY 1'): Promise<(string | null)[][]> {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int, a text, b text)');
  await db.run(script);
  return db.rows(sql);
}

test('text: escapes, nulls, the end mark, statements after the data', async () => {
  const rows = await copied(
    `COPY t FROM stdin;\n1\ta\\tb\\\\\\N\t\\N\n2\t\\x41\\102\\é\t\\\\.\n3\tx\\\ny\t\n\\.\nINSERT INTO t VALUES (4, 'after', NULL);`,
  );
  expect(rows).toEqual([
    ['1', 'a\tb\\N', null],
    ['2', 'ABé', '\\.'],
    ['3', 'x\ny', ''],
    ['4', 'after', null],
  ]);
});

test('text: delimiter, null text, header, carriage returns', async () => {
  expect(
    await copied(`COPY t FROM stdin (DELIMITER '|', NULL '-', HEADER);\nid|a|b\r\n1|x|-\r\n2|y\\|z|\r\n\\.\n`),
  ).toEqual([
    ['1', 'x', null],
    ['2', 'y|z', ''],
  ]);
  expect(await copied('COPY t (id) FROM stdin;\r1\r2\r\\.\r'.replaceAll('\r', '\n'))).toEqual([
    ['1', null, null],
    ['2', null, null],
  ]);
});

test('CSV: quotes, nulls, forced nulls, other quotes', async () => {
  expect(await copied('COPY t FROM stdin CSV;\n1,"a ""q"", b","x\ny"\n2,,""\n3,x"y"z, \n\\.\n')).toEqual([
    ['1', 'a "q", b', 'x\ny'],
    ['2', null, ''],
    ['3', 'xyz', ' '],
  ]);
  expect(
    await copied(
      'COPY t FROM stdin (FORMAT csv, FORCE_NULL (b), FORCE_NOT_NULL (a), HEADER match);\nid,a,b\n1,,""\n2,"",\n\\.\n',
    ),
  ).toEqual([
    ['1', '', null],
    ['2', '', null],
  ]);
  expect(
    await copied(`COPY t FROM stdin (FORMAT csv, QUOTE '''', ESCAPE '!', NULL 'nil');\n1,'a!'b!!c',nil\n\\.\n`),
  ).toEqual([['1', "a'b!c", null]]);
});

test('WHERE, defaults, identity and generated columns', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE g (id int GENERATED ALWAYS AS IDENTITY, k int DEFAULT 7, d int GENERATED ALWAYS AS (k * 2) STORED);
    COPY g (k) FROM stdin WHERE k > 2;\n1\n3\n5\n\\.\nCOPY g (id) FROM stdin;\n100\n\\.\n`);
  expect(await db.rows('SELECT * FROM g ORDER BY k')).toEqual([
    ['2', '3', '6'],
    ['3', '5', '10'],
    ['100', '7', '14'],
  ]);
  expect(await db.code('COPY g (d) FROM stdin;\n1\n\\.\n')).toBe('42P10');
  expect(await db.code('COPY g FROM stdin WHERE k = (SELECT 1);\n1\t1\n\\.\n')).toBe('0A000');
});

test('foreign keys are asked for at the end', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE n (id int PRIMARY KEY, up int REFERENCES n); COPY n FROM stdin;\n1\t2\n2\t\\N\n\\.\n');
  expect(await db.rows('SELECT count(*) FROM n')).toEqual([['2']]);
  expect(await db.code('COPY n FROM stdin;\n3\t9\n\\.\n')).toBe('23503');
  expect(await db.rows('SELECT count(*) FROM n')).toEqual([['2']]);
});

test('errors name the line and the column', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int, a text, b text)');
  const error = async (sql: string): Promise<unknown> =>
    db.run(sql).then(
      () => null,
      (reason: { code: string; message: string; where?: string }) => [reason.code, reason.message, reason.where],
    );
  expect(await error('COPY t FROM stdin;\n1\ta\n\\.\n')).toEqual([
    '22P04',
    'missing data for column "b"',
    'COPY t, line 1',
  ]);
  expect(await error('COPY t FROM stdin;\n1\ta\tb\n2\ta\tb\tc\n\\.\n')).toEqual([
    '22P04',
    'extra data after last expected column',
    'COPY t, line 2',
  ]);
  expect(await error('COPY t FROM stdin CSV;\n1,a,b\nx,a,b\n\\.\n')).toEqual([
    '22P02',
    'invalid input syntax for type integer: "x"',
    'COPY t, line 2, column id',
  ]);
  expect(await error('COPY t FROM stdin CSV;\n1,"a,b\n')).toEqual([
    '22P04',
    'unterminated CSV quoted field',
    'COPY t, line 0',
  ]);
  expect(await db.code('COPY t FROM stdin (HEADER match);\nid\tb\ta\n\\.\n')).toBe('22P04');
  expect(await db.rows('SELECT count(*) FROM t')).toEqual([['0']]);
});

test('options are checked', async () => {
  const db = await openDb();
  await db.run('CREATE TABLE t (id int, a text); CREATE VIEW v AS SELECT * FROM t');
  const codes: readonly (readonly [string, string])[] = [
    ["COPY t TO stdout (DELIMITER 'ab')", '0A000'],
    ["COPY t TO stdout (QUOTE '\"')", '0A000'],
    ['COPY t TO stdout (FORMAT nope)', '22023'],
    ['COPY t TO stdout (NOPE)', '42601'],
    ['COPY t TO stdout (FORMAT csv, FORMAT csv)', '42601'],
    ["COPY t TO stdout (FORMAT csv, DELIMITER '\"')", '22023'],
    ['COPY t TO stdout (FORMAT csv, FORCE_NULL (a))', '0A000'],
    ['COPY t TO stdout (FORMAT csv, FORCE_QUOTE (z))', '42703'],
    ['COPY v TO stdout', '42809'],
    ['COPY nope TO stdout', '42P01'],
    ['COPY t (nope) TO stdout', '42703'],
    ["COPY t TO '/tmp/x'", '42501'],
    ['COPY t FROM stdin', '0A000'],
  ];
  for (const [sql, code] of codes) expect([sql, await db.code(sql)]).toEqual([sql, code]);
});

test('COPY TO gives lines that COPY FROM takes', async () => {
  const db = await openDb();
  await db.run(`CREATE TABLE t (id int, a text, b text); CREATE TABLE u (LIKE t);
    INSERT INTO t VALUES (1, E'tab\\t\\\\ and\\nline', NULL), (2, '', '\\.'), (3, 'say "x"', 'a,b')`);
  const lines = async (sql: string): Promise<string> => String((await db.rows(sql))[0]?.[0]);
  const text = await lines('COPY t TO stdout');
  expect(text).toBe('1\ttab\\t\\\\ and\\nline\t\\N\n2\t\t\\\\.\n3\tsay "x"\ta,b\n');
  const csv = await lines('COPY (SELECT * FROM t ORDER BY id) TO stdout (FORMAT csv, HEADER, FORCE_QUOTE (id))');
  expect(csv).toBe('id,a,b\n"1","tab\t\\ and\nline",\n"2","",\\.\n"3","say ""x""","a,b"\n');
  await db.run(`COPY u FROM stdin;\n${text}\\.\nCOPY u FROM stdin CSV HEADER;\n${csv}\\.\n`);
  expect(await db.rows('SELECT count(*), count(DISTINCT (id, a, b)) FROM u')).toEqual([['6', '3']]);
  const { affectedRows } = await db.session.execute('COPY (DELETE FROM u RETURNING id) TO stdout');
  expect(affectedRows).toBe(6);
});

test('domains are asked about every value, also about NULL', async () => {
  const db = await openDb();
  await db.run(`CREATE DOMAIN pos AS int CHECK (value > 0); CREATE DOMAIN nn AS text NOT NULL DEFAULT 'dd';
    CREATE TABLE t (id int, n pos, k nn)`);
  expect(await db.code('COPY t FROM stdin;\n1\t-1\tx\n\\.\n')).toBe('23514');
  expect(await db.code('COPY t FROM stdin;\n1\t1\t\\N\n\\.\n')).toBe('23502');
  await db.run('COPY t (id) FROM stdin;\n1\n\\.\n');
  expect(await db.rows('SELECT * FROM t')).toEqual([['1', null, 'dd']]);
});
