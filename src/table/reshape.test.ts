/** Columns that are added to rows in memory, and taken away: made when they are asked for, right whenever that is. */
import { expect, test } from 'vitest';
import type { ColumnFormat, Vector } from '../base/vector.ts';
import { valueAt } from '../base/vector.ts';
import { constantVector } from './gather.ts';
import { LeafImage } from './leaf-image.ts';
import type { TreeColumn } from './table.ts';

const INT: ColumnFormat = { kind: 'i32' };
const TEXT: ColumnFormat = { kind: 'text' };
const ROWS = 3000;
const ID: TreeColumn = { format: INT, missing: null };
const NAME: TreeColumn = { format: TEXT, missing: 'none' };
const SIZE: TreeColumn = { format: INT, missing: 7 };

const values = (vector: Vector): unknown[] => Array.from({ length: vector.length }, (_, row) => valueAt(vector, row));
const ids = (from: number, to: number): Vector => ({
  kind: 'i32',
  data: Int32Array.from({ length: to - from }, (_, i) => from + i),
  length: to - from,
  nulls: null,
});
const keys = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

function image(): LeafImage {
  const made = new LeafImage([ID]);
  made.appendSorted([ids(0, ROWS)], keys(0, ROWS), 1, 0, ROWS);
  made.appendClosed([ids(0, 2)], [0, 1], Float64Array.of(1, 1), Float64Array.of(2, 2));
  return made;
}

test('a column that is added takes no memory before it is read', () => {
  const rows = image();
  const before = rows.bytes;
  rows.reshape([ID, NAME, SIZE]);
  expect(rows.bytes).toBe(before);
  expect(new Set(values(rows.view(1)))).toEqual(new Set(['none']));
  expect(rows.view(1).length).toBe(ROWS);
  expect(values(rows.closedView(2))).toEqual([7, 7]);
  expect(rows.bytes).toBeGreaterThan(before);
});

test('rows that come later have their own values behind those of the rows before', () => {
  const rows = image();
  rows.reshape([ID, NAME]);
  const later = [ids(ROWS, ROWS + 2), constantVector(TEXT, 'late', 2)];
  rows.appendSorted(later, keys(ROWS, ROWS + 2), 3, 0, 2);
  rows.appendClosed([ids(2, 3), constantVector(TEXT, 'old', 1)], [2], Float64Array.of(1), Float64Array.of(3));
  expect(values(rows.view(1)).slice(-3)).toEqual(['none', 'late', 'late']);
  expect(values(rows.closedView(1))).toEqual(['none', 'none', 'old']);
  expect(values(rows.copy().view(1)).slice(-3)).toEqual(['none', 'late', 'late']);
});

test('a column that was taken away and comes again has the value of the new one', () => {
  const rows = image();
  rows.reshape([ID, NAME]);
  expect(rows.view(1).length).toBe(ROWS);
  rows.reshape([ID]);
  expect(rows.width).toBe(1);
  expect(rows.views().length).toBe(1);
  rows.reshape([ID, SIZE]);
  expect(new Set(values(rows.view(1)))).toEqual(new Set([7]));
  rows.dropClosed(1);
  expect(values(rows.closedView(1))).toEqual([7]);
});
