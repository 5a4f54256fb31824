/** CSV and JSON as people's programs write them. */
import { expect, test } from 'vitest';
import { toCsv } from './export-file.ts';
import { readDelimited, readJson } from './import-file.ts';

test('quoted fields hold delimiters, quotes and line breaks; empty is NULL and "" is empty text', () => {
  const sheet = readDelimited('a,B b,\r\n"x, ""y""","1\n2",\r\n,"",z', ',');
  expect(sheet.columns).toEqual(['a', 'b_b', 'column']);
  expect(sheet.rows).toEqual([
    ['x, "y"', '1\n2', null],
    [null, '', 'z'],
  ]);
});

test('short rows are filled, names are made distinct', () => {
  expect(readDelimited('a;a\n1', ';')).toEqual({ columns: ['a', 'a_2'], rows: [['1', null]] });
});

test('JSON comes as objects, as arrays with a head, inside an object, or a line each', () => {
  const expected = {
    columns: ['a', 'b'],
    rows: [
      ['1', null],
      ['2', '{"c":3}'],
    ],
  };
  expect(readJson('[{"a":1},{"a":2,"b":{"c":3}}]')).toEqual(expected);
  expect(readJson('[["a","b"],[1,null],[2,{"c":3}]]')).toEqual(expected);
  expect(readJson('{"rows":[{"a":1},{"a":2,"b":{"c":3}}]}')).toEqual(expected);
  expect(readJson('{"a":1}\n{"a":2,"b":{"c":3}}')).toEqual(expected);
});

test('a result saved as CSV is read back as it was', () => {
  const rows = [
    ['1', 'x, "y"', null],
    ['2', '', 'two\nlines'],
  ];
  const fields = ['id', 'text', 'more'].map((name) => ({ name, dataTypeID: 25 }));
  const csv = toCsv({ fields, rows, affectedRows: null, command: 'SELECT' });
  expect(readDelimited(csv, ',')).toEqual({ columns: ['id', 'text', 'more'], rows });
});
