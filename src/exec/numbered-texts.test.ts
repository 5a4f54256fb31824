/** Texts of a column by number: keys come out as they do without, whatever is numbered already. */
import { expect, test } from 'vitest';
import { Random } from '../base/random.ts';
import { isNull, type TextVector } from '../base/vector.ts';
import { numberedTexts, partOf } from './joined-texts.ts';
import { KeyTable } from './key-table.ts';
import { ColumnTexts, textsOf } from './numbered-texts.ts';
import { wholeBatch } from './vectors.ts';

const TEXT = 25;
const PART = 100;

function leaf(data: readonly (string | null)[]): TextVector {
  const nulls = Uint8Array.from(data, (text) => (text === null ? 1 : 0));
  return { kind: 'text', data: data.map((text) => text ?? ''), length: data.length, nulls };
}

test('codes are those of the texts, in any mixture of numbered and other parts', () => {
  const random = new Random(4);
  const column = new ColumnTexts();
  const draw = (): string | null => (random.next() < 0.1 ? null : `text ${Math.floor(random.next() * 700)}`);
  const leaves = Array.from({ length: 6 }, () => leaf(Array.from({ length: 4 * PART }, draw)));
  let numbered = 0;
  for (let round = 0; round < 5; round++) {
    // A leaf that has changed has another view.
    if (round === 3) leaves[2] = leaf(Array.from({ length: 4 * PART }, draw));
    const [keys, plain] = [new KeyTable([TEXT], [true]), new Map<string | null, number>()];
    for (const [l, view] of leaves.entries()) {
      for (let from = 0; from < view.length; from += PART) {
        const part = (l === 4 ? view : partOf(view, from, from + PART, column)) as TextVector;
        if (numberedTexts(part) !== null) numbered++;
        const ids = keys.assign([part], wholeBatch([part], part.length));
        for (let row = 0; row < part.length; row++) {
          const text = isNull(part, row) ? null : (part.data[row] as string);
          if (!plain.has(text)) plain.set(text, plain.size);
          expect(ids[row]).toBe(plain.get(text));
        }
      }
    }
    expect(keys.count).toBe(plain.size);
  }
  expect(numbered).toBeGreaterThan(60);
  expect(new Set(column.texts).size).toBe(column.texts.length);
});

test('equal texts are in memory once, and keep what they are', () => {
  const column = new ColumnTexts();
  const view = leaf(Array.from({ length: 3 * PART }, (_, i) => `name ${i % 50}`));
  const before = [...view.data];
  for (let from = 0; from < view.length; from += PART)
    column.numbersOf(partOf(view, from, from + PART, column) as TextVector, view, from);
  expect(view.data).toEqual(before);
  expect(column.texts).toEqual(Array.from({ length: 50 }, (_, i) => `name ${i}`));
});

test('a column whose texts hardly repeat is given up', () => {
  const column = new ColumnTexts();
  const number = (start: number): Int32Array | null => {
    const view = leaf(Array.from({ length: 65_536 }, (_, i) => `only ${start + i}`));
    return column.numbersOf(view, view, 0);
  };
  expect(number(0)?.length).toBe(65_536);
  for (let i = 1; i < 6; i++) number(i * 65_536);
  expect(number(9_000_000)).toBeNull();
});

test('each column of a table has its list', () => {
  const [a, b] = [{}, {}];
  expect(textsOf(a, 1)).toBe(textsOf(a, 1));
  expect(textsOf(a, 1)).not.toBe(textsOf(a, 2));
  expect(textsOf(a, 1)).not.toBe(textsOf(b, 1));
});
