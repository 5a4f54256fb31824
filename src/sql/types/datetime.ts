/**
 * Dates and times. A date is days since 1970-01-01, a timestamp microseconds since 1970-01-01 UTC (timestamptz) or of
 * the local calendar (timestamp), both in the proleptic Gregorian calendar; ±Infinity are PostgreSQL's infinities.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { cleanText } from './text-input.ts';
import { offsetAt, offsetOfLocal, parseOffset } from './time-zone.ts';
import type { SqlType } from './type.ts';

export const MICROS_PER_SECOND = 1_000_000;
export const MICROS_PER_DAY = 86_400_000_000;
const DATE_INFINITY = 2147483647;
const DATE_MINUS_INFINITY = -2147483648;
const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];

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

interface Parsed {
  readonly days: number | null;
  readonly micros: number;
  /** Seconds east of UTC, or a zone name to resolve, or null. */
  readonly zone: number | string | null;
  readonly special: 'infinity' | '-infinity' | 'now' | null;
}

function bad(type: string, text: string): DriftError {
  return new DriftError('22007', `invalid input syntax for type ${type}: "${text}"`);
}

function outOfRange(text: string): DriftError {
  return new DriftError('22008', `date/time field value out of range: "${text}"`);
}

/** Reads the usual forms: ISO 8601, `Mon d, yyyy`, yyyymmdd, m/d/y; with time, zone and BC. */
function parse(text: string, type: string): Parsed {
  const source = cleanText(text).trim();
  const lower = source.toLowerCase();
  if (/^[+]?infinity$/.test(lower)) return { days: null, micros: 0, zone: null, special: 'infinity' };
  if (lower === '-infinity') return { days: null, micros: 0, zone: null, special: '-infinity' };
  if (lower === 'epoch') return { days: 0, micros: 0, zone: 0, special: null };
  if (lower === 'now') return { days: null, micros: 0, zone: null, special: 'now' };
  let rest = lower;
  const bc = /\s*\bbc$/.test(rest);
  rest = rest.replace(/\s*\b(bc|ad)$/, '');
  const date = takeDate(rest, text);
  if (date !== null) rest = rest.slice(date.length).replace(/^(\s*t(?=\d)|\s+)/, '');
  const time = /^(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,](\d*))?)?\s*(am|pm)?/.exec(rest);
  let micros = 0;
  if (time !== null && (date === null || rest !== '')) {
    micros = timeMicros(time, text);
    rest = rest.slice(time[0].length);
  }
  rest = rest.trim();
  const zone = rest === '' ? null : (parseOffset(rest) ?? source.slice(source.length - rest.length));
  if (typeof zone === 'string' && !/^[a-z][\w/+-]*$/i.test(zone)) throw bad(type, text);
  if (date === null) return { days: null, micros, zone, special: time === null ? fail(bad(type, text)) : null };
  const year = bc ? 1 - date.year : date.year;
  if (date.month < 1 || date.month > 12 || date.day < 1 || date.day > daysInMonth(year, date.month))
    throw outOfRange(text);
  return { days: daysFromCivil(year, date.month, date.day), micros, zone, special: null };
}

function fail(error: DriftError): never {
  throw error;
}

function takeDate(text: string, whole: string): (Civil & { readonly length: number }) | null {
  let match =
    /^(\d{4,7})-(\d{1,2})-(\d{1,2})/.exec(text) ??
    /^(\d{4})(\d{2})(\d{2})(?=$|[\st])/.exec(text) ??
    /^(\d{4,7})\/(\d{1,2})\/(\d{1,2})/.exec(text);
  if (match !== null)
    return { year: Number(match[1]), month: Number(match[2]), day: Number(match[3]), length: match[0].length };
  match = /^(\d{1,2})[/-](\d{1,2})[/-](\d{2,4})/.exec(text);
  if (match !== null)
    return {
      year: fullYear(match[3] as string),
      month: Number(match[1]),
      day: Number(match[2]),
      length: match[0].length,
    };
  match = /^([a-z]{3,9})\.?\s+(\d{1,2}),?\s+(\d{4})/.exec(text);
  if (match !== null)
    return {
      year: Number(match[3]),
      month: monthNamed(match[1] as string, whole),
      day: Number(match[2]),
      length: match[0].length,
    };
  match = /^(\d{1,2})[\s-]([a-z]{3,9})[\s-](\d{2,4})/.exec(text);
  if (match !== null)
    return {
      year: fullYear(match[3] as string),
      month: monthNamed(match[2] as string, whole),
      day: Number(match[1]),
      length: match[0].length,
    };
  return null;
}

function fullYear(text: string): number {
  const year = Number(text);
  return text.length > 2 ? year : year < 70 ? 2000 + year : 1900 + year;
}

function monthNamed(name: string, whole: string): number {
  const index = MONTHS.indexOf(name.slice(0, 3));
  if (index < 0) throw bad('date', whole);
  return index + 1;
}

function timeMicros(match: RegExpExecArray, text: string): number {
  let hours = Number(match[1]);
  const [minutes, seconds] = [Number(match[2]), Number(match[3] ?? 0)];
  if (match[5] !== undefined) {
    if (hours < 1 || hours > 12) throw outOfRange(text);
    hours = (hours % 12) + (match[5] === 'pm' ? 12 : 0);
  }
  const fraction = Math.round(Number(`0.${match[4] || '0'}`) * MICROS_PER_SECOND);
  if (hours > 24 || minutes > 59 || seconds > 60 || (hours === 24 && (minutes > 0 || seconds > 0 || fraction > 0)))
    throw outOfRange(text);
  return ((hours * 60 + minutes) * 60 + seconds) * MICROS_PER_SECOND + fraction;
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

export function timestampText(micros: number): string {
  if (micros === Infinity) return 'infinity';
  if (micros === -Infinity) return '-infinity';
  const days = Math.floor(micros / MICROS_PER_DAY);
  const date = dateText(days);
  const time = timeText(micros - days * MICROS_PER_DAY);
  return date.endsWith(' BC') ? `${date.slice(0, -3)} ${time} BC` : `${date} ${time}`;
}

function offsetText(seconds: number): string {
  const size = Math.abs(seconds);
  const [h, m, s] = [Math.floor(size / 3600), Math.floor(size / 60) % 60, size % 60];
  return `${seconds < 0 ? '-' : '+'}${two(h)}${m > 0 || s > 0 ? `:${two(m)}` : ''}${s > 0 ? `:${two(s)}` : ''}`;
}

function roundFraction(micros: number, typmod: number): number {
  if (typmod < 0 || typmod >= 6 || !Number.isFinite(micros)) return micros;
  const step = 10 ** (6 - typmod);
  return Math.round(micros / step) * step;
}

/** A timestamp's number; bigint values are not made: the safe range reaches the year 287396. */
export function asMicros(value: Value): number {
  return typeof value === 'bigint' ? Number(value) : (value as number);
}

const shared = {
  category: 'D',
  preferred: false,
  elementOid: 0,
  compare: (a: Value, b: Value): number => ((a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0),
  hashKey: (value: Value): number => value as number,
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
    const parsed = parse(text, 'date');
    if (parsed.special === 'infinity') return DATE_INFINITY;
    if (parsed.special === '-infinity') return DATE_MINUS_INFINITY;
    if (parsed.special === 'now')
      return Math.floor(localOf(context.transactionTime, context.timeZone) / MICROS_PER_DAY);
    if (parsed.days === null) throw bad('date', text);
    return parsed.days;
  },
  output: (value) => dateText(value as number),
  applyTypmod: (value) => value,
};

export const timeType: SqlType = {
  ...shared,
  oid: 1083,
  name: 'time',
  display: 'time without time zone',
  arrayOid: 1183,
  length: 8,
  format: () => ({ kind: 'int' }),
  input(text, typmod) {
    const parsed = parse(text, 'time');
    if (parsed.special !== null) throw bad('time', text);
    return roundFraction(parsed.micros, typmod);
  },
  output: (value) => timeText(asMicros(value)),
  applyTypmod: (value, typmod) => roundFraction(asMicros(value), typmod),
};

export const timestampType: SqlType = {
  ...shared,
  oid: 1114,
  name: 'timestamp',
  display: 'timestamp without time zone',
  arrayOid: 1115,
  length: 8,
  format: () => ({ kind: 'int' }),
  input(text, typmod, context) {
    const parsed = parse(text, 'timestamp');
    if (parsed.special === 'now') return roundFraction(localOf(context.transactionTime, context.timeZone), typmod);
    if (parsed.special !== null) return parsed.special === 'infinity' ? Infinity : -Infinity;
    if (parsed.days === null) throw bad('timestamp', text);
    return roundFraction(parsed.days * MICROS_PER_DAY + parsed.micros, typmod);
  },
  output: (value) => timestampText(asMicros(value)),
  applyTypmod: (value, typmod) => roundFraction(asMicros(value), typmod),
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
    const parsed = parse(text, 'timestamp with time zone');
    if (parsed.special === 'now') return roundFraction(context.transactionTime, typmod);
    if (parsed.special !== null) return parsed.special === 'infinity' ? Infinity : -Infinity;
    if (parsed.days === null) throw bad('timestamp with time zone', text);
    const local = parsed.days * MICROS_PER_DAY + parsed.micros;
    const offset =
      typeof parsed.zone === 'number' ? parsed.zone : offsetOfLocal(parsed.zone ?? context.timeZone, local);
    return roundFraction(local - offset * MICROS_PER_SECOND, typmod);
  },
  output(value, context) {
    const micros = asMicros(value);
    if (!Number.isFinite(micros)) return timestampText(micros);
    const offset = offsetAt(context.timeZone, micros);
    const text = timestampText(micros + offset * MICROS_PER_SECOND);
    return text.endsWith(' BC') ? `${text.slice(0, -3)}${offsetText(offset)} BC` : text + offsetText(offset);
  },
  applyTypmod: (value, typmod) => roundFraction(asMicros(value), typmod),
};

/** The local calendar's microseconds of an instant. */
export function localOf(micros: number, zone: string): number {
  return Number.isFinite(micros) ? micros + offsetAt(zone, micros) * MICROS_PER_SECOND : micros;
}

/** The instant of a local calendar's microseconds. */
export function instantOf(local: number, zone: string): number {
  return Number.isFinite(local) ? local - offsetOfLocal(zone, local) * MICROS_PER_SECOND : local;
}
