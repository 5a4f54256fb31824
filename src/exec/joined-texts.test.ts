/** Searches of a column as one text, beside looks into each of its texts. */
import { expect, test } from 'vitest';
import { Random } from '../base/random.ts';
import type { TextVector } from '../base/vector.ts';
import { partOf, searchedTexts } from './joined-texts.ts';

function column(data: readonly string[]): TextVector {
  return { kind: 'text', data, length: data.length, nulls: null };
}

/** What the search of each part of a column says, part after part. */
function searched(texts: readonly string[], part: number, needle: string): (number[] | null)[] {
  const view = column(texts);
  const found: (number[] | null)[] = [];
  for (let start = 0; start < texts.length; start += part) {
    const slice = partOf(view, start, Math.min(start + part, texts.length)) as TextVector;
    const marks = searchedTexts(slice, needle, slice.length);
    found.push(marks === null ? null : [...marks]);
  }
  return found;
}

test('finds what includes finds, in every part, also across where texts meet', () => {
  const random = new Random(3);
  const letters = ['a', 'b', 'ab', '', '\u00e9', '\ud83d\ude00', 'aab'];
  for (let round = 0; round < 300; round++) {
    const texts = Array.from({ length: 1 + Math.floor(random.next() * 40) }, () =>
      Array.from(
        { length: Math.floor(random.next() * 5) },
        () => letters[Math.floor(random.next() * letters.length)],
      ).join(''),
    );
    const needle = ['a', 'ab', 'ba', 'aaba', '\u00e9a', '\ude00', 'xyz', 'bb'][round % 8] as string;
    const part = 1 + Math.floor(random.next() * 12);
    expect(searched(texts, part, needle).flat()).toEqual(texts.map((text) => (text.includes(needle) ? 1 : 0)));
  }
});

test('parts in any order, needles one after another', () => {
  const texts = Array.from({ length: 100 }, (_, i) => `row ${i * 7}`);
  const view = column(texts);
  for (const needle of ['77', '1', '77', 'row', '699']) {
    for (const start of [40, 0, 80, 20, 60]) {
      const slice = partOf(view, start, start + 20) as TextVector;
      expect(slice.data).toEqual(texts.slice(start, start + 20));
      expect([...(searchedTexts(slice, needle, 20) ?? [])]).toEqual(
        slice.data.map((text) => (text.includes(needle) ? 1 : 0)),
      );
    }
  }
});

test('leaves alone what is no part of a column, of which few rows are asked for, or too long', () => {
  const slice = column(['one', 'two']);
  expect(searchedTexts(slice, 'o', 2)).toBe(null);
  partOf(slice, 0, 2);
  expect(searchedTexts(slice, 'o', 0)).toBe(null);
  expect([...(searchedTexts(slice, 'o', 2) ?? [])]).toEqual([1, 1]);
  const long = column(['x'.repeat(1 << 23), 'y'.repeat((1 << 23) + 1)]);
  partOf(long, 0, 2);
  expect(searchedTexts(long, 'x', 2)).toBe(null);
});

test('a column that was appended to in the same array is another', () => {
  const data = ['one', 'two'];
  const before: TextVector = { kind: 'text', data, length: 2, nulls: null };
  partOf(before, 0, 2);
  data.push('other');
  const after: TextVector = { kind: 'text', data, length: 3, nulls: null };
  expect(searchedTexts(after, 'o', 3)).toBe(null);
  partOf(after, 0, 3);
  expect([...(searchedTexts(after, 'o', 3) ?? [])]).toEqual([1, 1, 1]);
  expect([...(searchedTexts(before, 'o', 2) ?? [])]).toEqual([1, 1]);
});
