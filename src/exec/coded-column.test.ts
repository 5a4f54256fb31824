/** Text columns as codes: what is coded, when, and that it reads alike. */
import { describe, expect, test } from 'vitest';
import { type TextVector, type Vector, valueAt } from '../base/vector.ts';
import { codedColumn } from './coded-column.ts';

const ROWS = 4096;

function column(text: (row: number) => string, nulls: Uint8Array | null = null): TextVector {
  return { kind: 'text', data: Array.from({ length: ROWS }, (_, row) => text(row)), length: ROWS, nulls };
}

function askedOften(view: Vector): Vector {
  let found = view;
  for (let i = 0; i < 10; i++) found = codedColumn(view);
  return found;
}

describe('codedColumn', () => {
  test('codes texts that repeat once they are asked for again, and reads alike', () => {
    const nulls = Uint8Array.from({ length: ROWS }, (_, row) => (row % 7 === 0 ? 1 : 0));
    const view = column((row) => `colour ${(row * row) % 11}`, nulls);
    const before = Array.from({ length: ROWS }, (_, row) => valueAt(view, row));
    expect(codedColumn(view)).toBe(view);
    const coded = askedOften(view);
    expect(coded.kind).toBe('dict');
    if (coded.kind !== 'dict') return;
    expect(new Set(coded.dictionary).size).toBe(coded.dictionary.length);
    expect(Array.from({ length: ROWS }, (_, row) => valueAt(coded, row))).toEqual(before);
    expect(Array.from({ length: ROWS }, (_, row) => valueAt(view, row))).toEqual(before);
    expect(codedColumn(view)).toBe(coded);
  });

  test.each([
    ['texts that differ', column((row) => `name ${row}`)],
    ['texts that differ later', column((row) => (row < 2048 ? 'a' : `name ${row}`))],
    ['few rows', { kind: 'text', data: ['a', 'a'], length: 2, nulls: null } as TextVector],
    ['numbers', { kind: 'i32', data: new Int32Array(ROWS), length: ROWS, nulls: null } as Vector],
  ])('leaves %s as they are', (_, view) => {
    expect(askedOften(view)).toBe(view);
  });
});
