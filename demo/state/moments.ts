/** Moments in words: dates for people, and the place of a time among the commits. */
import type { Commits } from '../catalog.ts';

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
const DAY_MS = 86_400_000;
const SECONDS = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  timeZone: 'UTC',
});
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', timeZone: 'UTC' });

/** "1 Jan 1975"; UTC, as the data sets are. */
export function dayOf(at: number): string {
  return DAY.format(at);
}

/** "14:05 UTC", and "14:05:17 UTC" where there are seconds. */
export function timeOf(at: number): string {
  return `${(at % 60_000 === 0 ? TIME : SECONDS).format(at)} UTC`;
}

/** What tells a moment from the others of its history: the day, or the time of day where all lie close together. */
export function momentOf(commits: Commits, index: number): string {
  const at = commits.at[index] ?? 0;
  const span = (commits.at.at(-1) ?? 0) - (commits.at[0] ?? 0);
  return span < 2 * DAY_MS ? SECONDS.format(at) : dayOf(at);
}

/** Index of the last commit at or before `at`; 0 when `at` is before them all. */
export function indexAt(commits: Commits, at: number): number {
  let low = 0;
  let high = commits.at.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((commits.at[middle] ?? 0) <= at) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Index of the commit with this sequence number, or of the last before it. */
export function indexOfSeq(commits: Commits, seq: number): number {
  let low = 0;
  let high = commits.seq.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((commits.seq[middle] ?? 0) <= seq) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Up to `count` commits spread evenly over their times, first and last included. */
export function sampleIndexes(commits: Commits, count: number): number[] {
  const last = commits.seq.length - 1;
  if (last < count) return commits.seq.map((_, index) => index);
  const from = commits.at[0] ?? 0;
  const span = (commits.at[last] ?? 0) - from;
  const indexes = new Set<number>([0, last]);
  for (let step = 1; step < count - 1; step++) indexes.add(indexAt(commits, from + (span * step) / (count - 1)));
  return [...indexes].sort((a, b) => a - b);
}

export function shortNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${trim(value / 1e9)}G`;
  if (size >= 1e6) return `${trim(value / 1e6)}M`;
  if (size >= 1e4) return `${trim(value / 1e3)}k`;
  return trim(value);
}

export function bytes(value: number): string {
  if (value >= 1 << 20) return `${(value / (1 << 20)).toFixed(1)} MB`;
  return value >= 1024 ? `${Math.round(value / 1024)} KB` : `${value} B`;
}

function trim(value: number): string {
  return String(Number(value.toPrecision(4)));
}
