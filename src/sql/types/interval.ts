/** interval: months, days and microseconds kept apart, as PostgreSQL does: their lengths differ by when they are added. */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import type { ValueCodec } from '../../base/vector.ts';
import { MICROS_PER_DAY, timeText } from './datetime.ts';
import { FIELDS, readInterval } from './interval-input.ts';
import { intervalStyle } from './output-style.ts';
import { styledInterval } from './styled-output.ts';
import type { SqlType } from './type.ts';

const BIG_DAY = BigInt(MICROS_PER_DAY);
const MICROS_PER_HOUR = 3_600_000_000;

/**
 * The time part has 64 bits. `micros` is it as a number, the nearest one beyond 2^53; what must be exact there takes
 * `exactMicros`, or the whole days in it and the rest, which are always exact.
 */
export class Interval {
  readonly months: number;
  readonly days: number;
  readonly micros: number;
  /** Only where `micros` is not exact. */
  readonly #wide: bigint | null;

  constructor(months: number, days: number, micros: number | bigint) {
    this.months = months;
    this.days = days;
    this.micros = Number(micros);
    this.#wide = Number.isSafeInteger(this.micros) ? null : BigInt(micros);
  }

  get isWide(): boolean {
    return this.#wide !== null;
  }

  get exactMicros(): bigint {
    return this.#wide ?? BigInt(this.micros);
  }

  /** Whole days in the time part, towards zero. */
  get timeDays(): number {
    return this.#wide === null ? Math.trunc(this.micros / MICROS_PER_DAY) + 0 : Number(this.#wide / BIG_DAY);
  }

  /** What is left of the time part, of its sign. */
  get timeRest(): number {
    return this.#wide === null ? (this.micros % MICROS_PER_DAY) + 0 : Number(this.#wide % BIG_DAY);
  }

  /** Whole hours of the time part, towards zero. */
  get hours(): number {
    return this.timeDays * 24 + Math.trunc(this.timeRest / MICROS_PER_HOUR);
  }

  /** Comparable length in days, a month being 30 of them, and the rest in µs, not negative. */
  get normal(): readonly [days: number, micros: number] {
    const rest = this.timeRest;
    const days = this.months * 30 + this.days + this.timeDays;
    return rest < 0 ? [days - 1, rest + MICROS_PER_DAY] : [days, rest];
  }

  /** The comparable length in µs: the nearest number. */
  get length(): number {
    const [days, rest] = this.normal;
    const length = days * MICROS_PER_DAY + rest;
    return Number.isSafeInteger(length) ? length : Number(BigInt(days) * BIG_DAY + BigInt(rest));
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
      const hours = String(Math.abs(this.hours)).padStart(2, '0');
      parts.push(sign + hours + timeText(Math.abs(this.timeRest % MICROS_PER_HOUR)).slice(2));
    }
    return parts.join(' ');
  }
}

const MAX_MICROS = (1n << 63n) - 1n;

/** Throws 22008 where a part is beyond what intervals hold. */
export function makeInterval(months: number, days: number, micros: number | bigint): Interval {
  if (!fitsInt32(months) || !fitsInt32(days) || !fitsInt64(micros)) throw outOfRange();
  return new Interval(months + 0, days + 0, typeof micros === 'number' ? micros + 0 : micros);
}

function outOfRange(): DriftError {
  return new DriftError('22008', 'interval out of range');
}

function fitsInt32(value: number): boolean {
  return value >= -2147483648 && value <= 2147483647;
}

function fitsInt64(value: number | bigint): boolean {
  if (typeof value === 'number') return value >= -(2 ** 63) && value < 2 ** 63;
  return value >= -MAX_MICROS - 1n && value <= MAX_MICROS;
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
  if (range === 0 && precision >= 6) return value;
  let { months, days } = value;
  let micros = value.exactMicros;
  if (range !== 0 && (range & FIELDS.second) === 0) {
    const step = (range & FIELDS.minute) !== 0 ? 60_000_000n : (range & FIELDS.hour) !== 0 ? 3_600_000_000n : null;
    micros = step === null ? 0n : micros - (micros % step);
    if (step === null && (range & FIELDS.day) === 0) days = 0;
    if (range === FIELDS.year) months -= months % 12;
  }
  if (precision < 6) {
    const step = 10n ** BigInt(6 - precision);
    const half = micros < 0n ? -step / 2n : step / 2n;
    micros = ((micros + half) / step) * step;
  }
  return makeInterval(months + 0, days + 0, micros);
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
    const interval = value as Interval;
    const writer = new ByteWriter(24);
    writer.zigzag(interval.months);
    writer.zigzag(interval.days);
    // NaN says that a double does not hold the number, which follows as text.
    writer.f64(interval.isWide ? NaN : interval.micros);
    if (interval.isWide) writer.string(String(interval.exactMicros));
    return writer.finish();
  },
  decode(bytes) {
    const reader = new ByteReader(bytes, 'interval');
    const [months, days, micros] = [reader.zigzag(), reader.zigzag(), reader.f64()];
    return new Interval(months, days, Number.isNaN(micros) ? BigInt(reader.string()) : micros);
  },
  /** The length as a double, made monotone; from 2^53 on 64 bits follow, by how much the double is beside it. */
  encodeKey(value) {
    const [days, rest] = (value as Interval).normal;
    const { length } = value as Interval;
    const wide = Math.abs(length) >= 2 ** 53;
    const bytes = new Uint8Array(wide ? 16 : 8);
    const view = new DataView(bytes.buffer);
    view.setFloat64(0, length + 0);
    const negative = (bytes[0] as number) > 127;
    for (let i = 0; i < 8; i++)
      bytes[i] = negative ? ~(bytes[i] as number) : i === 0 ? (bytes[i] as number) | 128 : (bytes[i] as number);
    if (wide) view.setBigInt64(8, (BigInt(days) * BIG_DAY + BigInt(rest) - BigInt(length)) ^ -(1n << 63n));
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
    return limited(makeInterval(months, days, micros), typmod);
  },
  output(value, context) {
    const style = intervalStyle(context);
    return style === 'postgres' ? String(value) : styledInterval(value as Interval, style);
  },
  compare(a, b) {
    const [[days, rest], [otherDays, otherRest]] = [(a as Interval).normal, (b as Interval).normal];
    return days - otherDays || rest - otherRest;
  },
  hashKey(value) {
    const { length, normal } = value as Interval;
    return Number.isSafeInteger(length) ? length : normal.join();
  },
  applyTypmod: (value, typmod) => limited(value as Interval, typmod),
  typmodText,
};
