/** interval: months, days and microseconds kept apart, as PostgreSQL does: their lengths differ by when they are added. */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import type { Value, ValueCodec } from '../../base/vector.ts';
import {
  civilFromDays,
  dayTimeOf,
  daysFromCivil,
  daysInMonth,
  isFiniteTime,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  microsOf,
  timeText,
} from './datetime.ts';
import { FIELDS, readInterval } from './interval-input.ts';
import { intervalStyle } from './output-style.ts';
import { styledInterval } from './styled-output.ts';
import type { SqlType } from './type.ts';

export class Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: number;

  constructor(months: number, days: number, micros: number) {
    this.months = months;
    this.days = days;
    this.micros = micros;
  }

  /** Comparable length in µs: a month counts 30 days, a day 24 hours. */
  get length(): number {
    return (this.months * 30 + this.days) * MICROS_PER_DAY + this.micros;
  }

  toString(): string {
    const parts: string[] = [];
    const years = Math.trunc(this.months / 12);
    const months = this.months % 12;
    let negative = false;
    const add = (value: number, unit: string): void => {
      if (value === 0) return;
      parts.push(`${negative && value > 0 ? '+' : ''}${value} ${unit}${value === 1 ? '' : 's'}`);
      negative = value < 0;
    };
    add(years, 'year');
    add(months, 'mon');
    add(this.days, 'day');
    if (this.micros !== 0 || parts.length === 0) {
      const sign = this.micros < 0 ? '-' : negative ? '+' : '';
      parts.push(sign + timeText(Math.abs(this.micros)));
    }
    return parts.join(' ');
  }
}

/** Throws 22008 where a part is beyond what intervals hold. */
export function makeInterval(months: number, days: number, micros: number): Interval {
  const fits = fitsInt32(months) && fitsInt32(days) && Math.abs(micros) < 2 ** 63;
  if (!fits) throw new DriftError('22008', 'interval out of range');
  return new Interval(months + 0, days + 0, micros + 0);
}

function fitsInt32(value: number): boolean {
  return value >= -2147483648 && value <= 2147483647;
}

/** Seven digits of seconds and of days are kept where fractions go down to smaller units. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** Multiplies (or divides) each part; fractions of months become days, those of days time. */
export function scaleInterval(interval: Interval, factor: number, divide = false): Interval {
  const scale = (part: number): number => (divide ? part / factor : part * factor);
  const [months, days] = [scale(interval.months), scale(interval.days)];
  const [wholeMonths, wholeDays] = [Math.trunc(months), Math.trunc(days)];
  const monthDays = rounded((months - wholeMonths) * 30);
  let seconds = rounded((days - wholeDays + monthDays - Math.trunc(monthDays)) * 86400);
  const carry = Math.abs(seconds) >= 86400 ? Math.trunc(seconds / 86400) : 0;
  seconds -= carry * 86400;
  const micros = Math.round(scale(interval.micros) + seconds * MICROS_PER_SECOND);
  return makeInterval(wholeMonths, wholeDays + carry + Math.trunc(monthDays), micros);
}

/** Moves a local timestamp by months on the calendar (the day is kept within the month), then days, then time. */
export function plusInterval(value: Value, by: Interval, sign: 1 | -1 = 1): Value {
  if (!isFiniteTime(value)) return value;
  let { days, micros } = dayTimeOf(value);
  if (by.months !== 0) {
    const { year, month, day } = civilFromDays(days);
    const total = year * 12 + month - 1 + by.months * sign;
    const [y, m] = [Math.floor(total / 12), (((total % 12) + 12) % 12) + 1];
    days = daysFromCivil(y, m, Math.min(day, daysInMonth(y, m)));
  }
  micros += by.micros * sign;
  const carry = Math.floor(micros / MICROS_PER_DAY);
  return microsOf(days + by.days * sign + carry, micros - carry * MICROS_PER_DAY);
}

/** The time between two timestamps in days and less. Throws 22008 where one is infinite. */
export function timeBetween(later: Value, earlier: Value): Interval {
  if (!isFiniteTime(later) || !isFiniteTime(earlier))
    throw new DriftError('22008', 'cannot subtract infinite timestamps');
  const [a, b] = [dayTimeOf(later), dayTimeOf(earlier)];
  let [days, micros] = [a.days - b.days, a.micros - b.micros];
  if (days > 0 && micros < 0) [days, micros] = [days - 1, micros + MICROS_PER_DAY];
  if (days < 0 && micros > 0) [days, micros] = [days + 1, micros - MICROS_PER_DAY];
  return new Interval(0, days, micros);
}

const ALL_FIELDS = 0x7fff;
const FULL_PRECISION = 0xffff;
const LOWER_FIELDS: readonly (keyof typeof FIELDS)[] = ['year', 'month', 'day', 'hour', 'minute', 'second'];

/** The type modifier of `interval day to second(3)`: fields in the upper half, precision in the lower. */
export function intervalTypmod(fields: string | undefined, precision: number | undefined): number {
  const seconds = precision === undefined ? FULL_PRECISION : Math.min(precision, 6);
  return (maskOf(fields) << 16) | seconds;
}

function maskOf(fields: string | undefined): number {
  if (fields === undefined) return ALL_FIELDS;
  const [from, to] = fields.split(' to ').map((field) => LOWER_FIELDS.indexOf(field as keyof typeof FIELDS));
  const named = LOWER_FIELDS.slice(from, (to ?? from ?? 0) + 1);
  return named.reduce((mask, field) => mask | FIELDS[field], 0);
}

/** The fields a type modifier limits an interval to; 0 for none. */
function rangeOf(typmod: number): number {
  const range = typmod < 0 ? ALL_FIELDS : (typmod >> 16) & ALL_FIELDS;
  return range === ALL_FIELDS ? 0 : range;
}

/** Drops what is below the last field that the modifier names, and rounds seconds to its precision. */
function limited(value: Interval, typmod: number): Interval {
  const range = rangeOf(typmod);
  const precision = typmod < 0 ? FULL_PRECISION : typmod & FULL_PRECISION;
  let { months, days, micros } = value;
  if (range !== 0 && (range & FIELDS.second) === 0) {
    const step = (range & FIELDS.minute) !== 0 ? 60e6 : (range & FIELDS.hour) !== 0 ? 3600e6 : Infinity;
    micros = step === Infinity ? 0 : micros - (micros % step);
    if (step === Infinity && (range & FIELDS.day) === 0) days = 0;
    if (range === FIELDS.year) months -= months % 12;
  }
  if (precision < 6) {
    const step = 10 ** (6 - precision);
    micros = Math.sign(micros) * Math.floor(Math.abs(micros) / step + 0.5) * step;
  }
  return new Interval(months + 0, days + 0, micros + 0);
}

function typmodText(typmod: number): string {
  const range = rangeOf(typmod);
  const precision = typmod < 0 ? FULL_PRECISION : typmod & FULL_PRECISION;
  const named = LOWER_FIELDS.filter((field) => (range & FIELDS[field]) !== 0);
  const fields =
    named.length > 1 ? ` ${named[0] ?? ''} to ${named.at(-1) ?? ''}` : named.length > 0 ? ` ${named[0] ?? ''}` : '';
  return fields + (precision === FULL_PRECISION ? '' : `(${precision})`);
}

const codec: ValueCodec = {
  name: 'interval',
  encode(value) {
    const { months, days, micros } = value as Interval;
    const writer = new ByteWriter(24);
    writer.zigzag(months);
    writer.zigzag(days);
    writer.f64(micros);
    return writer.finish();
  },
  decode(bytes) {
    const reader = new ByteReader(bytes, 'interval');
    return new Interval(reader.zigzag(), reader.zigzag(), reader.f64());
  },
  encodeKey(value) {
    const bytes = new Uint8Array(8);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, (value as Interval).length + 0);
    const negative = (bytes[0] as number) > 127;
    for (let i = 0; i < 8; i++)
      bytes[i] = negative ? ~(bytes[i] as number) : i === 0 ? (bytes[i] as number) | 128 : (bytes[i] as number);
    return bytes;
  },
};

export const intervalType: SqlType = {
  oid: 1186,
  name: 'interval',
  display: 'interval',
  category: 'T',
  preferred: true,
  elementOid: 0,
  arrayOid: 1187,
  length: 16,
  format: () => ({ kind: 'boxed', codec }),
  input(text, typmod, context) {
    const standard = /^\s*-[^+-]*$/.test(text) && intervalStyle(context) === 'sql_standard';
    // In the standard a sign in front is that of all fields.
    const signed = standard ? text.replace(/(\s)(?=\d)/g, '$1-') : text;
    const { months, days, micros } = readInterval(signed, rangeOf(typmod));
    return limited(new Interval(months, days, micros), typmod);
  },
  output(value, context) {
    const style = intervalStyle(context);
    return style === 'postgres' ? String(value) : styledInterval(value as Interval, style);
  },
  compare: (a, b) => (a as Interval).length - (b as Interval).length,
  hashKey: (value) => (value as Interval).length,
  applyTypmod: (value, typmod) => limited(value as Interval, typmod),
  typmodText,
};
