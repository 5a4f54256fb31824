/**
 * Ticks of a time axis: round moments (10:30, Tuesday, March, 1975) at the finest step that leaves room for their
 * labels. A tick says what it begins: the first of a year is labelled with the year among months, with the day among
 * hours. UTC throughout, as the data sets are.
 */
export interface TimeTick {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly label: string;
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const MONTH = 30.44 * DAY;

/** Steps of the clock in ms; months come behind them, in months. */
const CLOCK_STEPS: readonly number[] = [
  ...[1, 2, 5, 10, 15, 30].map((step) => step * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((step) => step * MINUTE),
  ...[1, 2, 3, 6, 12].map((step) => step * HOUR),
  ...[1, 2, 7, 14].map((step) => step * DAY),
];
const MONTH_STEPS: readonly number[] = [1, 3, 6, 12, 24, 60, 120, 240, 600, 1200];

const format = (options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  new Intl.DateTimeFormat('en-GB', { ...options, timeZone: 'UTC' });
const SECONDS = format({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const MINUTES = format({ hour: '2-digit', minute: '2-digit' });
const DAYS = format({ day: 'numeric', month: 'short' });
const MONTHS = format({ month: 'short' });

/** Ticks between two moments, at most about `most` of them. */
export function timeTicks(from: number, to: number, most: number): TimeTick[] {
  if (!(to > from)) return [];
  const step = CLOCK_STEPS.find((candidate) => (to - from) / candidate <= most);
  return step === undefined ? monthTicks(from, to, most) : clockTicks(from, to, step);
}

function clockTicks(from: number, to: number, step: number): TimeTick[] {
  const ticks: TimeTick[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) {
    const label = at % DAY === 0 ? DAYS : step < MINUTE ? SECONDS : MINUTES;
    ticks.push({ at, label: label.format(at) });
  }
  return ticks;
}

function monthTicks(from: number, to: number, most: number): TimeTick[] {
  const step = MONTH_STEPS.find((candidate) => (to - from) / (candidate * MONTH) <= most) ?? 2400;
  const start = new Date(from);
  const ticks: TimeTick[] = [];
  let month = Math.ceil((start.getUTCFullYear() * 12 + start.getUTCMonth()) / step) * step;
  for (; ; month += step) {
    const at = Date.UTC(2000, month - 24_000, 1);
    if (at > to) return ticks;
    if (at < from) continue;
    ticks.push({ at, label: month % 12 === 0 ? String(Math.floor(month / 12)) : MONTHS.format(at) });
  }
}

/**
 * Milliseconds since 1970 of a date or timestamp as PostgreSQL prints it, NaN where it is none (infinity, BC, NULL).
 * A timestamp without time zone is taken as UTC.
 */
export function parseMoment(text: string | null | undefined): number {
  const parts = /^(\d{4,})-(\d\d)-(\d\d)(?:[ T](\d\d):(\d\d):(\d\d)(\.\d+)?([+-]\d\d)?(?::(\d\d))?)?$/.exec(text ?? '');
  if (parts === null) return NaN;
  const part = (index: number): number => Number(parts[index] ?? 0);
  const zone = part(8) * HOUR + Math.sign(part(8)) * part(9) * MINUTE;
  return Date.UTC(part(1), part(2) - 1, part(3), part(4), part(5), part(6)) + Math.floor(part(7) * 1000) - zone;
}
