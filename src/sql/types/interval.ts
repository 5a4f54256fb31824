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
import { cleanText } from './text-input.ts';
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

const UNITS: Readonly<Record<string, readonly [months: number, days: number, micros: number]>> = {
  millennium: [12000, 0, 0],
  millennia: [12000, 0, 0],
  century: [1200, 0, 0],
  centuries: [1200, 0, 0],
  decade: [120, 0, 0],
  year: [12, 0, 0],
  yr: [12, 0, 0],
  y: [12, 0, 0],
  month: [1, 0, 0],
  mon: [1, 0, 0],
  week: [0, 7, 0],
  w: [0, 7, 0],
  day: [0, 1, 0],
  d: [0, 1, 0],
  hour: [0, 0, 3600e6],
  hr: [0, 0, 3600e6],
  h: [0, 0, 3600e6],
  minute: [0, 0, 60e6],
  min: [0, 0, 60e6],
  m: [0, 0, 60e6],
  second: [0, 0, 1e6],
  sec: [0, 0, 1e6],
  s: [0, 0, 1e6],
  millisecond: [0, 0, 1e3],
  ms: [0, 0, 1e3],
  msec: [0, 0, 1e3],
  microsecond: [0, 0, 1],
  us: [0, 0, 1],
  usec: [0, 0, 1],
};

function bad(text: string): DriftError {
  return new DriftError('22007', `invalid input syntax for type interval: "${text}"`);
}

export function parseInterval(text: string, fields?: string): Interval {
  const source = cleanText(text).trim().toLowerCase();
  if (source.startsWith('p')) return parseIso(source, text);
  let [months, days, micros] = [0, 0, 0];
  const ago = /\s+ago$/.test(source);
  const pattern =
    /\s*(?:([+-]?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?|([+-]?)(\d+)-(\d{1,2})(?=\s|$)|([+-]?\d*\.?\d+(?:e[+-]?\d+)?)\s*([a-z]*))\s*/y;
  const body = source.replace(/^@\s*/, '').replace(/\s+ago$/, '');
  if (body === '') throw bad(text);
  while (pattern.lastIndex < body.length) {
    const match = pattern.exec(body);
    if (match === null) throw bad(text);
    if (match[2] !== undefined) {
      const time = (Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0)) * MICROS_PER_SECOND;
      micros += Math.round(match[1] === '-' ? -time : time);
    } else if (match[6] !== undefined) {
      const span = Number(match[6]) * 12 + Number(match[7]);
      months += match[5] === '-' ? -span : span;
    } else {
      const unit = match[9] === '' ? (fields?.split(' ').at(-1) ?? 'second') : (match[9] as string);
      const size = UNITS[unit] ?? UNITS[unit.replace(/s$/, '')];
      if (size === undefined) throw bad(text);
      const amount = Number(match[8]);
      const wholeMonths = Math.trunc(amount * size[0]);
      const moreDays = (amount * size[0] - wholeMonths) * 30 + amount * size[1];
      const wholeDays = Math.trunc(Math.round(moreDays * 1e6) / 1e6);
      months += wholeMonths;
      days += wholeDays;
      micros += Math.round((moreDays - wholeDays) * MICROS_PER_DAY + amount * size[2]);
    }
  }
  const sign = ago ? -1 : 1;
  return new Interval(months * sign + 0, days * sign + 0, micros * sign + 0);
}

function parseIso(source: string, text: string): Interval {
  const match =
    /^p(?:(-?[\d.]+)y)?(?:(-?[\d.]+)m)?(?:(-?[\d.]+)w)?(?:(-?[\d.]+)d)?(?:t(?:(-?[\d.]+)h)?(?:(-?[\d.]+)m)?(?:(-?[\d.]+)s)?)?$/.exec(
      source,
    );
  if (match === null || source.length < 3) throw bad(text);
  const [y, mo, w, d, h, mi, s] = match.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return new Interval(y * 12 + mo, w * 7 + d, Math.round((h * 3600 + mi * 60 + s) * MICROS_PER_SECOND));
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
  input: (text) => parseInterval(text),
  output: (value) => String(value),
  compare: (a, b) => (a as Interval).length - (b as Interval).length,
  hashKey: (value) => (value as Interval).length,
  applyTypmod: (value) => value,
  typmodText: () => '',
};
