/** The time line as a scale: places and commits find each other, over time and at even distances. */
import { expect, test } from 'vitest';
import { TimeScale } from './time-scale.ts';

const at = [2000, 2001, 2002, 2010].map((year) => Date.UTC(year, 0, 1));
const commits = { seq: [1, 2, 3, 4], at, author: [], message: [], tables: [], branch: [] };

test.each([false, true])('a commit is found at its own place (even: %s)', (even) => {
  const scale = new TimeScale(commits, 600, even);
  expect(at.map((_, index) => scale.indexAt(scale.x(index)))).toEqual([0, 1, 2, 3]);
  expect(scale.indexAt(-50)).toBe(0);
  expect(scale.indexAt(9999)).toBe(3);
});

test('the nearer commit wins; bars stand for parts; ticks are years', () => {
  const scale = new TimeScale(commits, 600, false);
  expect(scale.indexAt((scale.x(2) + scale.x(3)) / 2 + 5)).toBe(3);
  expect(scale.indexAt((scale.x(2) + scale.x(3)) / 2 - 5)).toBe(2);
  expect(scale.bars(0, 4).match(/M/g)).toHaveLength(4);
  expect(scale.bars(1, 2).match(/M/g)).toHaveLength(1);
  expect(scale.ticks().map((tick) => tick.label)).toContain('2006');
});

test('one commit stands at the end; none is no error', () => {
  const one = new TimeScale({ ...commits, seq: [1], at: at.slice(0, 1) }, 600, false);
  expect(one.x(0)).toBeGreaterThan(500);
  expect(one.ticks()).toEqual([]);
  const none = new TimeScale({ ...commits, seq: [], at: [] }, 600, false);
  expect(none.bars(0, 0)).toBe('');
});
