/**
 * Dates and times. A date is days since 1970-01-01, a timestamp microseconds since 1970-01-01 UTC (timestamptz) or of
 * the local calendar (timestamp), both in the proleptic Gregorian calendar; ±Infinity are PostgreSQL's infinities.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import { type DateTime, readDateTime } from './datetime-input.ts';
import { type DateStyle, dateStyle, fieldOrder } from './output-style.ts';
import { styledDate, styledTimestamp, zoneName } from './styled-output.ts';
import { offsetAt, offsetOfLocal } from './time-zone.ts';
import type { SqlType } from './type.ts';

export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_DAY = 86_400_000_000;
export const DATE_INFINITY = 2147483647;
export const DATE_MINUS_INFINITY = -2147483648;

export interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

/** Days since 1970-01-01 of a civil date (Hinnant's algorithm). */
export function daysFromCivil(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719468;
}

export function civilFromDays(days: number): Civil {
  const z = days + 719468;
  const era = Math.floor(z / 146097);
  const dayOfEra = z - era * 146097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36524) - Math.floor(dayOfEra / 146096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const shifted = Math.floor((5 * dayOfYear + 2) / 153);
  const month = shifted < 10 ? shifted + 3 : shifted - 9;
  return {
    year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0),
    month,
    day: dayOfYear - Math.floor((153 * shifted + 2) / 5) + 1,
  };
}

export function daysInMonth(year: number, month: number): number {
  return [
    31,
    year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28,
    31,
    30,
    31,
    30,
    31,
    31,
    30,
    31,
    30,
    31,
  ][month - 1] as number;
}

/** A day and a time of day: exact where one number of microseconds would not be. */
export interface DayTime {
  readonly days: number;
  readonly micros: number;
}

/** 4714-11-24 BC, where Julian days begin, and the last day that PostgreSQL's dates reach. */
const MIN_DAY = -2440588;
const MAX_DAY = 2145042905;
/** Where 64 bits of microseconds end: in January of the year 294247. */
const MAX_MICROS = 2n ** 63n - 1n;

/** The microseconds of a day and a time: a number where that is exact, else a bigint. Throws 22008 beyond the range. */
export function microsOf(days: number, micros: number, shown?: string): Value {
  const sum = days * MICROS_PER_DAY + micros;
  if (Number.isSafeInteger(sum)) return sum;
  const exact = Number.isFinite(sum) ? BigInt(days) * BigInt(MICROS_PER_DAY) + BigInt(micros) : MAX_MICROS;
  if (exact >= MAX_MICROS || days < MIN_DAY)
    throw new DriftError(
      '22008',
      shown === undefined ? 'timestamp out of range' : `timestamp out of range: "${shown}"`,
    );
  return exact;
}

/** The day and the time of day of a finite timestamp. */
export function dayTimeOf(value: Value): DayTime {
  if (typeof value !== 'bigint') {
    const days = Math.floor((value as number) / MICROS_PER_DAY);
    return { days, micros: (value as number) - days * MICROS_PER_DAY };
  }
  const perDay = BigInt(MICROS_PER_DAY);
  const rest = ((value % perDay) + perDay) % perDay;
  return { days: Number((value - rest) / perDay), micros: Number(rest) };
}

/** A timestamp later or earlier by whole seconds. */
export function shifted(value: Value, seconds: number): Value {
  const { days, micros } = dayTimeOf(value);
  const moved = micros + seconds * MICROS_PER_SECOND;
  const carry = Math.floor(moved / MICROS_PER_DAY);
  return microsOf(days + carry, moved - carry * MICROS_PER_DAY);
}

function isInfiniteDay(days: number): boolean {
  return days === DATE_INFINITY || days === DATE_MINUS_INFINITY;
}

/** A date later by days; infinities stay. Throws 22008 beyond the range. */
export function plusDays(date: number, days: number): number {
  if (isInfiniteDay(date)) return date;
  const sum = date + days;
  if (sum < MIN_DAY || sum > MAX_DAY) throw new DriftError('22008', 'date out of range');
  return sum;
}

export function daysBetween(later: number, earlier: number): number {
  if (isInfiniteDay(later) || isInfiniteDay(earlier)) throw new DriftError('22008', 'cannot subtract infinite dates');
  return later - earlier;
}

/** The timestamp a text means on the local calendar; a time of 24:00 is the next day's first. */
function localTimestamp(read: DateTime, text: string, context: EvalContext): Value {
  switch (read.special) {
    case 'infinity':
      return TIME_INFINITY;
    case '-infinity':
      return TIME_MINUS_INFINITY;
    case 'epoch':
      return 0;
    case 'now':
      return localOf(context.transactionTime, context.timeZone);
    default:
      return microsOf(dayOf(read, text, 'timestamp', context), read.micros ?? 0, text);
  }
}

/** Days since 1970-01-01 of the date that was read, or that a word like `today` means. */
function dayOf(read: DateTime, text: string, type: string, context: EvalContext): number {
  const today = (): number => Math.floor(localOf(context.transactionTime, context.timeZone) / MICROS_PER_DAY);
  switch (read.special) {
    case 'now':
    case 'today':
      return today();
    case 'tomorrow':
      return today() + 1;
    case 'yesterday':
      return today() - 1;
    case 'epoch':
      return 0;
    default: {
      const days = daysFromCivil(read.year, read.month, read.day);
      if (days < MIN_DAY || days > MAX_DAY) throw new DriftError('22008', `${type} out of range: "${text}"`);
      return days;
    }
  }
}

export function dateText(days: number): string {
  if (days === DATE_INFINITY) return 'infinity';
  if (days === DATE_MINUS_INFINITY) return '-infinity';
  const { year, month, day } = civilFromDays(days);
  const shown = year > 0 ? year : 1 - year;
  return `${String(shown).padStart(4, '0')}-${two(month)}-${two(day)}${year > 0 ? '' : ' BC'}`;
}

export function timeText(micros: number): string {
  const seconds = Math.floor(micros / MICROS_PER_SECOND);
  const fraction = micros - seconds * MICROS_PER_SECOND;
  const tail = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}${tail}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}

export function timestampText(value: Value): string {
  if (!isFiniteTime(value)) return isLater(value) ? 'infinity' : '-infinity';
  const { days, micros } = dayTimeOf(value);
  const date = dateText(days);
  const time = timeText(micros);
  return date.endsWith(' BC') ? `${date.slice(0, -3)} ${time} BC` : `${date} ${time}`;
}

export function offsetText(seconds: number): string {
  const size = Math.abs(seconds);
  const [h, m, s] = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60];
  return `${seconds < 0 ? '-' : '+'}${two(h)}${m > 0 || s > 0 ? `:${two(m)}` : ''}${s > 0 ? `:${two(s)}` : ''}`;
}

/** Rounds to a precision, half away from the year 2000 as PostgreSQL counts. */
function roundFraction(value: Value, typmod: number): Value {
  if (typmod < 0 || typmod >= 6 || !isFiniteTime(value)) return value;
  const { days, micros } = dayTimeOf(value);
  return microsOf(days, roundMicros(micros, typmod, days < YEAR_2000));
}

const YEAR_2000 = 10957;

export function roundMicros(micros: number, typmod: number, down = false): number {
  if (typmod < 0 || typmod >= 6) return micros;
  const step = 10 ** (6 - typmod);
  return (down ? Math.ceil(micros / step - 0.5) : Math.floor(micros / step + 0.5)) * step;
}

/**
 * Infinite timestamps are the limits of int64, as in a column of bigints: keys and joins meet one form of them. The
 * doubles' infinities, which arithmetic may give, mean the same.
 */
export const TIME_INFINITY = 9223372036854775807n;
export const TIME_MINUS_INFINITY: bigint = -TIME_INFINITY - 1n;

/** Neither infinity, which a column of 64-bit integers holds as its limits. */
export function isFiniteTime(value: Value): value is number | bigint {
  if (typeof value === 'bigint') return value !== TIME_INFINITY && value !== TIME_MINUS_INFINITY;
  return Number.isFinite(value);
}

/** A timestamp as one number, for arithmetic where the rounding of far centuries does no harm. */
export function asMicros(value: Value): number {
  if (isFiniteTime(value)) return Number(value);
  return isLater(value) ? Infinity : -Infinity;
}

/** Which of the two infinities. */
function isLater(value: Value): boolean {
  return value === Infinity || value === TIME_INFINITY;
}

/** The one form that compares and hashes: of infinities, and of numbers too great to be counted by ones. */
function plain(value: Value): number | bigint {
  if (!isFiniteTime(value)) return asMicros(value);
  return typeof value === 'number' && !Number.isSafeInteger(value) ? BigInt(value) : value;
}

const shared = {
  category: 'D',
  preferred: false,
  elementOid: 0,
  compare(a: Value, b: Value): number {
    const [x, y] = [plain(a), plain(b)];
    return x < y ? -1 : x > y ? 1 : 0;
  },
  hashKey: (value: Value): number | bigint => plain(value),
  typmodText: (typmod: number): string => (typmod < 0 ? '' : `(${typmod})`),
};

export const dateType: SqlType = {
  ...shared,
  oid: 1082,
  name: 'date',
  display: 'date',
  arrayOid: 1182,
  length: 4,
  format: () => ({ kind: 'i32' }),
  input(text, _typmod, context) {
    const iso = readIsoDate(text);
    if (iso !== undefined) return iso;
    const read = readDateTime(text, 'date', fieldOrder(context));
    if (read.special === 'infinity') return DATE_INFINITY;
    if (read.special === '-infinity') return DATE_MINUS_INFINITY;
    return dayOf(read, text, 'date', context);
  },
  output(value, context) {
    const style = dateStyle(context);
    const days = value as number;
    if (style === null || days === DATE_INFINITY || days === DATE_MINUS_INFINITY) return dateText(days);
    return styledDate(civilFromDays(days), style);
  },
  applyTypmod: (value) => value,
};

/** yyyy-mm-dd, the form that most dates come in; undefined for any other. */
function readIsoDate(text: string): number | undefined {
  const match = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day] = [Number(match[1]), Number(match[2]), Number(match[3])];
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > 28) return undefined;
  return daysFromCivil(year, month, day);
}

export const timestampType: SqlType = {
  ...shared,
  oid: 1114,
  name: 'timestamp',
  display: 'timestamp without time zone',
  arrayOid: 1115,
  length: 8,
  format: () => ({ kind: 'int' }),
  input: (text, typmod, context) =>
    roundFraction(localTimestamp(readDateTime(text, 'timestamp', fieldOrder(context)), text, context), typmod),
  output(value, context) {
    const style = dateStyle(context);
    return style === null || !isFiniteTime(value) ? timestampText(value) : styledText(value, '', style);
  },
  applyTypmod: (value, typmod) => roundFraction(value, typmod),
};

export const timestamptzType: SqlType = {
  ...shared,
  oid: 1184,
  name: 'timestamptz',
  display: 'timestamp with time zone',
  preferred: true,
  arrayOid: 1185,
  length: 8,
  format: () => ({ kind: 'int' }),
  input(text, typmod, context) {
    const read = readDateTime(text, 'timestamp with time zone', fieldOrder(context));
    if (read.special === 'now') return roundFraction(context.transactionTime, typmod);
    const local = localTimestamp(read, text, context);
    if (!isFiniteTime(local) || read.special === 'epoch') return local;
    const offset =
      typeof read.zone === 'number' ? read.zone : offsetOfLocal(read.zone ?? context.timeZone, Number(local));
    return roundFraction(shifted(local, -offset), typmod);
  },
  output(value, context) {
    if (!isFiniteTime(value)) return timestampText(value);
    const offset = offsetAt(context.timeZone, Number(value));
    const style = dateStyle(context);
    if (style !== null) {
      const zone = zoneName(context.timeZone, Number(value) / 1000) ?? offsetText(offset);
      return styledText(shifted(value, offset), zone, style);
    }
    const text = timestampText(shifted(value, offset));
    return text.endsWith(' BC') ? `${text.slice(0, -3)}${offsetText(offset)} BC` : text + offsetText(offset);
  },
  applyTypmod: (value, typmod) => roundFraction(value, typmod),
};

function styledText(local: Value, zone: string, style: DateStyle): string {
  const { days, micros } = dayTimeOf(local);
  return styledTimestamp(civilFromDays(days), days, timeText(micros), zone, style);
}

/** The local calendar's microseconds of an instant. */
export function localOf(micros: number, zone: string): number {
  return Number.isFinite(micros) ? micros + offsetAt(zone, micros) * MICROS_PER_SECOND : micros;
}

/** The instant of a local calendar's microseconds. */
export function instantOf(local: number, zone: string): number {
  return Number.isFinite(local) ? local - offsetOfLocal(zone, local) * MICROS_PER_SECOND : local;
}

/** `localOf` and `instantOf` for values of any size. */
export function toLocal(value: Value, zone: string): Value {
  return isFiniteTime(value) ? shifted(value, offsetAt(zone, Number(value))) : value;
}

export function toInstant(local: Value, zone: string): Value {
  return isFiniteTime(local) ? shifted(local, -offsetOfLocal(zone, Number(local))) : local;
}
