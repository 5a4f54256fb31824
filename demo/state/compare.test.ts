/** Two results of one query, matched row by row. */
import { expect, test } from 'vitest';
import type { TextResult } from '../database.ts';
import { compareResults } from './compare.ts';

const text = 25;
const int = 23;

function result(
  fields: readonly (readonly [string, number])[],
  rows: readonly (readonly (string | null)[])[],
): TextResult {
  return {
    fields: fields.map(([name, dataTypeID]) => ({ name, dataTypeID })),
    rows,
    affectedRows: null,
    command: 'SELECT',
  };
}

test('rows match by primary key whatever their order', () => {
  const fields = [
    ['id', int],
    ['v', text],
  ] as const;
  const then = result(fields, [
    ['1', 'a'],
    ['2', 'b'],
    ['3', 'c'],
  ]);
  const now = result(fields, [
    ['3', 'c'],
    ['2', 'B'],
    ['4', 'd'],
  ]);
  const { rows, counts } = compareResults(then, now, ['id']);
  expect(rows.map((row) => row.state)).toEqual(['same', 'changed', 'added', 'removed']);
  expect(rows[1]?.before).toEqual(['2', 'b']);
  expect(counts).toEqual({ same: 1, changed: 1, added: 1, removed: 1 });
});

test('without a primary key the labels of a grouping match', () => {
  const fields = [
    ['status', text],
    ['n', int],
  ] as const;
  const { counts, keyColumns } = compareResults(
    result(fields, [['paid', '1']]),
    result(fields, [
      ['paid', '2'],
      ['new', '1'],
    ]),
    [],
  );
  expect(keyColumns).toEqual(['status']);
  expect(counts).toEqual({ same: 0, changed: 1, added: 1, removed: 0 });
});

test('a column that did not exist then counts as NULL, equal rows match as often as they occur', () => {
  const then = result([['a', text]], [['x'], ['x']]);
  const now = result(
    [
      ['a', text],
      ['b', text],
    ],
    [
      ['x', null],
      ['x', null],
      ['x', null],
    ],
  );
  expect(compareResults(then, now, []).counts).toEqual({ same: 2, changed: 0, added: 1, removed: 0 });
});
