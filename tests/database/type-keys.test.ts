/** A key or an index gives the rows that comparing gives, in the same order, for every type that can be one. */
import { expect, test } from 'vitest';
import { openDb } from './helper.ts';

const VALUES: Readonly<Record<string, readonly string[]>> = {
  jsonb: ['null', '1', '10', '2', '"a"', '"b"', '[]', '[1]', '[1, 2]', '{}', '{"a": 1}', 'true', '1.5', '"B"', '-5'],
  'char(5)': ['a', 'a b', 'b', 'A', ' a', 'a  c'],
  numeric: ['1', '1.5', '-3', '1e20', 'NaN', '10', '0.001', '-1e20'],
  interval: ['1 day', '25 hours', '1 month', '31 days', '-1 day'],
  'int[]': ['{1,2}', '{1}', '{}', '{2}', '{NULL}', '{{1,2},{3,4}}', '{-1}'],
  'text[]': ['{a,b}', '{a}', '{}', '{ab}', '{NULL}', '{""}'],
  mood: ['m', 'z', 'a'],
  'mood[]': ['{m}', '{z,a}', '{a}', '{z}'],
  c: ['(1,a)', '(1,)', '(2,a)', '(,z)', '(1,b)', '(-1,q)'],
  'c[]': ['{"(1,a)"}', '{}', '{"(0,b)"}'],
  dm: ['1.5', '-2', '10', '9.99'],
  inet: ['10.0.0.1', '10.0.0.0/8', '9.1.1.1', '::1', '10.0.0.0/24'],
  macaddr: ['08:00:2b:01:02:03', '07:00:2b:01:02:03'],
  varbit: ['1', '0', '01', '10', '', '00'],
  int4range: ['[1,3)', '[1,2)', 'empty', '(,5)', '[2,)'],
  int4multirange: ['{[1,3)}', '{}', '{[1,2),[5,6)}'],
  timestamptz: ['2020-01-01', 'infinity', '-infinity', '1999-01-01 10:00'],
  timetz: ['10:00+02', '09:00+00', '10:00+00'],
  bytea: ['\\x00', '\\x', '\\x0001', '\\xff'],
  float8: ['1', '-0', 'NaN', 'Infinity', '-1e300', '0.5'],
  money: ['5', '-1', '100'],
  tid: ['(1,2)', '(1,10)', '(10,1)'],
  pg_lsn: ['1/0', '0/FFFFFFFF'],
};

test.each(Object.entries(VALUES))('%s', async (type, values) => {
  const db = await openDb();
  await db.run(`CREATE TYPE mood AS ENUM ('z', 'a', 'm'); CREATE TYPE c AS (a int, b text);
    CREATE DOMAIN dm AS numeric(8, 2); CREATE TABLE k (x ${type} PRIMARY KEY)`);
  const literals = values.map((value) => `('${value}'::${type})`);
  for (const literal of literals) await db.run(`INSERT INTO k VALUES ${literal}`);
  const all = `(VALUES ${literals.join()}) v(x)`;
  const both = async (rest: string): Promise<void> => {
    expect([rest, await db.rows(`SELECT x FROM k ${rest}`)]).toEqual([
      rest,
      await db.rows(`SELECT x FROM ${all} ${rest}`),
    ]);
  };
  await both('ORDER BY x');
  await both('ORDER BY x DESC');
  for (const literal of literals)
    for (const operator of ['<', '<=', '=', '>', '>=']) await both(`WHERE x ${operator} ${literal} ORDER BY x`);
});
