/** Sorting of a shown result. */
import { expect, test } from 'vitest';
import { nextOrder, sortRows } from './sort-rows.ts';

const column = (rows: readonly (readonly (string | null)[])[]) => rows.map((row) => row[0]);

test('numbers by value, text by code points, NULL last in both directions, equal rows in their order', () => {
  const numbers = [['10'], [null], ['9'], ['-1.5'], ['NaN']];
  expect(column(sortRows(numbers, { column: 0, descending: false }, true))).toEqual(['-1.5', '9', '10', 'NaN', null]);
  expect(column(sortRows(numbers, { column: 0, descending: true }, true))).toEqual(['10', '9', '-1.5', 'NaN', null]);
  const texts = [['10'], [null], ['9'], ['']];
  expect(column(sortRows(texts, { column: 0, descending: false }, false))).toEqual(['', '10', '9', null]);
  expect(column(sortRows(texts, { column: 0, descending: true }, false))).toEqual(['9', '10', '', null]);
  const equal = [
    ['a', '1'],
    ['b', '1'],
    ['c', '0'],
  ];
  expect(column(sortRows(equal, { column: 1, descending: true }, true))).toEqual(['a', 'b', 'c']);
});

test('clicks go up, down, and back to the order of the statement', () => {
  const up = nextOrder(undefined, 2);
  const down = nextOrder(up, 2);
  expect([up, down, nextOrder(down, 2), nextOrder(down, 1)]).toEqual([
    { column: 2, descending: false },
    { column: 2, descending: true },
    undefined,
    { column: 1, descending: false },
  ]);
});
