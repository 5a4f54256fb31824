/** to_char of timestamps and intervals (PostgreSQL's chapter 9.8). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { civilFromDays, dayTimeOf, daysFromCivil, isFiniteTime, offsetText, toLocal } from '../types/datetime.ts';
import type { Interval } from '../types/interval.ts';
import { offsetAt } from '../types/time-zone.ts';
import { pure, scalar, T } from './define.ts';
import { ordinalSuffix } from './format-number.ts';
import type { ScalarFunction } from './function.ts';
import { DAYS, MONTHS, ROMAN_MONTHS, type TimeField, timePattern } from './time-pattern.ts';

/** What fields are printed of: PostgreSQL's struct pg_tm. */
interface Moment {
  readonly interval: boolean;
  /** 0 is 1 BC. */
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
  readonly dayOfYear: number;
  /** Days since 1970-01-01; 0 for intervals. */
  readonly days: number;
  /** Seconds east of UTC; undefined where there is no zone. */
  readonly offset: number | undefined;
  readonly zone: string;
}

function momentOf(local: Value, offset: number | undefined, zone: string): Moment {
  const { days, micros } = dayTimeOf(local);
  const { year, month, day } = civilFromDays(days);
  return {
    interval: false,
    year,
    month,
    day,
    ...clock(micros),
    dayOfYear: days - daysFromCivil(year, 1, 1) + 1,
    days,
    offset,
    zone,
  };
}

function clock(micros: number): Pick<Moment, 'hour' | 'minute' | 'second' | 'micros'> {
  const seconds = Math.trunc(micros / 1e6);
  return {
    hour: Math.trunc(seconds / 3600),
    minute: Math.trunc(seconds / 60) % 60,
    second: seconds % 60,
    micros: micros % 1e6,
  };
}

function ofInterval({ months, days, hours, timeRest }: Interval): Moment {
  const [year, month] = [Math.trunc(months / 12), months % 12];
  const dayOfYear = (year * 12 + month) * 30 + days;
  const time = { ...clock(timeRest), hour: hours };
  return { interval: true, year, month, day: days, ...time, dayOfYear, days: 0, offset: undefined, zone: '' };
}

export function weekday(days: number): number {
  return (((days + 4) % 7) + 7) % 7;
}

/** The ISO week and the year that it belongs to: those of its Thursday. */
function isoWeek(days: number): { readonly year: number; readonly week: number; readonly dayOfYear: number } {
  const monday = days - ((weekday(days) + 6) % 7);
  const { year } = civilFromDays(monday + 3);
  const fourth = daysFromCivil(year, 1, 4);
  const first = fourth - ((weekday(fourth) + 6) % 7);
  return { year, week: (monday - first) / 7 + 1, dayOfYear: days - first + 1 };
}

function padded(value: number, width: number, fill: boolean): string {
  if (fill) return String(value);
  return value < 0 ? `-${String(-value).padStart(width, '0')}` : String(value).padStart(width, '0');
}

/** A word in the case of its pattern, padded to the longest of its kind. */
function word(text: string, { written, fill }: TimeField, width: number): string {
  const lower = written.toLowerCase();
  const cased = written === lower ? text.toLowerCase() : written === written.toUpperCase() ? text.toUpperCase() : text;
  return fill ? cased : cased.padEnd(width);
}

/** Fields that say something only of a date. */
const DATED: ReadonlySet<string> = new Set([
  'A.D.',
  'AD',
  'B.C.',
  'BC',
  'MONTH',
  'MON',
  'DAY',
  'DY',
  'D',
  'ID',
  'TZ',
  'TZH',
  'TZM',
  'OF',
]);

function fieldText(field: TimeField, at: Moment): string {
  if (at.interval && DATED.has(field.keyword)) {
    throw new DriftError('22007', 'invalid format specification for an interval value', {
      hint: 'Intervals are not tied to specific calendar dates.',
    });
  }
  const text = clockText(field, at) ?? yearText(field, at) ?? dateText(field, at);
  if (field.ordinal === '' || !/\d$/.test(text)) return text;
  const suffix = ordinalSuffix(text);
  return text + (field.ordinal === 'TH' ? suffix.toUpperCase() : suffix);
}

function clockText(field: TimeField, at: Moment): string | undefined {
  const { keyword, written, fill } = field;
  const { hour, minute, second, micros } = at;
  switch (keyword) {
    case 'A.M.':
    case 'P.M.':
    case 'AM':
    case 'PM': {
      const letters = (((hour % 24) + 24) % 24 >= 12 ? 'PM' : 'AM').split('');
      const text = keyword.includes('.') ? `${letters.join('.')}.` : letters.join('');
      return written === keyword ? text : text.toLowerCase();
    }
    case 'HH':
    case 'HH12':
      return padded(hour % 12 === 0 ? 12 : hour % 12, 2, fill);
    case 'HH24':
      return padded(hour, 2, fill);
    case 'MI':
      return padded(minute, 2, fill);
    case 'SS':
      return padded(second, 2, fill);
    case 'MS':
      return padded(Math.trunc(micros / 1000), 3, false);
    case 'US':
      return padded(micros, 6, false);
    case 'FF1':
    case 'FF2':
    case 'FF3':
    case 'FF4':
    case 'FF5':
    case 'FF6': {
      const digits = Number(keyword.charAt(2));
      return padded(Math.trunc(micros / 10 ** (6 - digits)), digits, false);
    }
    case 'SSSS':
    case 'SSSSS':
      return String(hour * 3600 + minute * 60 + second);
    case 'TZ':
    case 'TZH':
    case 'TZM':
    case 'OF':
      return zoneText(field, at);
    default:
      return undefined;
  }
}

function zoneText({ keyword, written, fill }: TimeField, { offset, zone }: Moment): string {
  if (keyword === 'TZ') {
    if (offset === undefined) return '';
    const name = /^(?:utc|z|gmt|etc\/utc)$/i.test(zone) ? 'UTC' : offsetText(offset);
    return written === keyword ? name : name.toLowerCase();
  }
  const size = Math.abs(offset ?? 0);
  const sign = (offset ?? 0) < 0 ? '-' : '+';
  const hours = padded(Math.floor(size / 3600), 2, fill && keyword === 'OF');
  const minutes = padded(Math.floor(size / 60) % 60, 2, false);
  if (keyword === 'TZH') return sign + hours;
  if (keyword === 'TZM') return minutes;
  return sign + hours + (minutes === '00' ? '' : `:${minutes}`);
}

function yearText(field: TimeField, at: Moment): string | undefined {
  const { keyword, fill } = field;
  const iso = keyword.startsWith('I') && /^I?Y+$|^I$/.test(keyword);
  const counted = iso && !at.interval ? isoWeek(at.days).year : at.year;
  const year = at.interval || counted > 0 ? counted : 1 - counted;
  switch (keyword) {
    case 'Y,YYY':
      return `${Math.trunc(year / 1000)},${padded(year % 1000, 3, false)}`;
    case 'YYYY':
    case 'IYYY':
      return padded(year, 4, fill);
    case 'YYY':
    case 'IYY':
      return padded(year % 1000, 3, fill);
    case 'YY':
    case 'IY':
      return padded(year % 100, 2, fill);
    case 'Y':
    case 'I':
      return padded(year % 10, 1, fill);
    case 'CC': {
      const century = at.interval
        ? Math.trunc(at.year / 100)
        : at.year > 0
          ? Math.floor((at.year - 1) / 100) + 1
          : Math.trunc(at.year / 100) - 1;
      return padded(century, 2, fill);
    }
    case 'A.D.':
    case 'AD':
    case 'B.C.':
    case 'BC': {
      const name = at.year <= 0 ? 'BC' : 'AD';
      const text = keyword.includes('.') ? `${name.charAt(0)}.${name.charAt(1)}.` : name;
      return field.written === keyword ? text : text.toLowerCase();
    }
    default:
      return undefined;
  }
}

function dateText(field: TimeField, at: Moment): string {
  const { fill } = field;
  switch (field.keyword) {
    case 'MONTH':
      return word(MONTHS[at.month - 1] ?? '', field, 9);
    case 'MON':
      return word((MONTHS[at.month - 1] ?? '').slice(0, 3), field, 3);
    case 'MM':
      return padded(at.month, 2, fill);
    case 'RM': {
      if (at.month === 0 && at.year === 0) return '';
      return word(ROMAN_MONTHS[(((at.month - 1) % 12) + 12) % 12] ?? '', field, 4);
    }
    case 'DAY':
      return word(DAYS[weekday(at.days)] ?? '', field, 9);
    case 'DY':
      return word((DAYS[weekday(at.days)] ?? '').slice(0, 3), field, 3);
    case 'DDD':
      return padded(at.dayOfYear, 3, fill);
    case 'IDDD':
      return padded(isoWeek(at.days).dayOfYear, 3, fill);
    case 'DD':
      return padded(at.day, 2, fill);
    case 'D':
      return String(weekday(at.days) + 1);
    case 'ID':
      return String(weekday(at.days) === 0 ? 7 : weekday(at.days));
    case 'WW':
      return padded(Math.trunc((at.dayOfYear - 1) / 7) + 1, 2, fill);
    case 'IW':
      return padded(isoWeek(at.days).week, 2, fill);
    case 'Q':
      return at.month === 0 ? '' : String(Math.trunc((at.month - 1) / 3) + 1);
    case 'W':
      return String(Math.trunc((at.day - 1) / 7) + 1);
    case 'J':
      return String(at.interval ? intervalJulian(at) : at.days + 2440588);
    default:
      return '';
  }
}

function intervalJulian({ year, month, day }: Moment): number {
  return daysFromCivil(year, month, day) + 2440588;
}

function formatTime(at: Moment, pattern: string): string {
  return timePattern(pattern)
    .map((step) => (step.kind === 'field' ? fieldText(step, at) : step.text))
    .join('');
}

export const timeFormats: readonly ScalarFunction[] = [
  pure('to_char', [T.timestamp, T.text], T.text, (value: Value, pattern: string) =>
    pattern === '' || !isFiniteTime(value) ? null : formatTime(momentOf(value, undefined, ''), pattern),
  ),
  scalar('to_char', [T.timestamptz, T.text], T.text, (context, value = null, pattern = '') => {
    if (pattern === '' || !isFiniteTime(value)) return null;
    const { timeZone } = context;
    return formatTime(
      momentOf(toLocal(value, timeZone), offsetAt(timeZone, Number(value)), timeZone),
      pattern as string,
    );
  }),
  pure('to_char', [T.interval, T.text], T.text, (value: Interval, pattern: string) =>
    pattern === '' ? null : formatTime(ofInterval(value), pattern),
  ),
];
