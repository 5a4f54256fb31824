/** Moments in words, and the place of a time among commits. */
import { expect, test } from 'vitest';
import { indexAt, indexOfSeq, momentOf, sampleIndexes, timeOf } from './moments.ts';

const history = (at: readonly number[]) => ({
  seq: at.map((_, index) => index + 1),
  at,
  author: [],
  message: [],
  tables: [],
  branch: [],
});

test('seconds are said where there are any; a history of minutes is told apart by the clock', () => {
  const noon = Date.UTC(2024, 4, 1, 12);
  expect(timeOf(noon)).toBe('12:00 UTC');
  expect(timeOf(noon + 17_000)).toBe('12:00:17 UTC');
  expect(momentOf(history([noon, noon + 90_000]), 1)).toBe('12:01:30');
  expect(momentOf(history([noon, noon + 90 * 86_400_000]), 0)).toBe('1 May 2024');
});

test('a time or number between two commits belongs to the one before it', () => {
  const commits = history([10, 20, 30]);
  expect([5, 10, 19, 20, 99].map((at) => indexAt(commits, at))).toEqual([0, 0, 0, 1, 2]);
  expect([0, 1, 2, 9].map((seq) => indexOfSeq(commits, seq))).toEqual([0, 0, 1, 2]);
});

test('samples are spread over time and hold both ends', () => {
  const busy = history([0, ...Array.from({ length: 500 }, (_, index) => 1000 + index), 100_000]);
  const samples = sampleIndexes(busy, 20);
  expect(samples[0]).toBe(0);
  expect(samples.at(-1)).toBe(501);
  expect(samples.length).toBeLessThanOrEqual(20);
  expect(sampleIndexes(history([1, 2, 3]), 60)).toEqual([0, 1, 2]);
});
