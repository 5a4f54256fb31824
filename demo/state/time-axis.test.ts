/** Moments on the time line and back. */
import { expect, test } from 'vitest';
import { parseMoment, timeTicks } from './time-axis.ts';

const labels = (from: string, to: string, most: number): string[] =>
  timeTicks(Date.parse(from), Date.parse(to), most).map((tick) => tick.label);

test('ticks are round at every scale', () => {
  expect(labels('1955-01-01', '2005-01-01', 6)).toEqual(['1960', '1970', '1980', '1990', '2000']);
  expect(labels('2025-01-02', '2025-12-30', 5)).toEqual(['Apr', 'Jul', 'Oct']);
  expect(labels('2024-11-15', '2025-03-15', 6)).toEqual(['Dec', '2025', 'Feb', 'Mar']);
  expect(labels('2025-03-01T20:00Z', '2025-03-02T04:00Z', 5)).toEqual(['20:00', '22:00', '2 Mar', '02:00', '04:00']);
  expect(labels('2025-03-01T10:00:01Z', '2025-03-01T10:00:31Z', 4)).toEqual(['10:00:10', '10:00:20', '10:00:30']);
  expect(labels('2025-03-01', '2025-03-01', 4)).toEqual([]);
});

test('PostgreSQL texts of moments', () => {
  expect(parseMoment('1955-01-01')).toBe(Date.UTC(1955, 0, 1));
  expect(parseMoment('2001-01-01 12:30:15.5')).toBe(Date.UTC(2001, 0, 1, 12, 30, 15, 500));
  expect(parseMoment('2001-01-01 12:00:00+02')).toBe(Date.UTC(2001, 0, 1, 10));
  expect(parseMoment('2001-01-01 12:00:00-03:30')).toBe(Date.UTC(2001, 0, 1, 15, 30));
  expect(parseMoment('infinity')).toBe(NaN);
  expect(parseMoment(null)).toBe(NaN);
});
