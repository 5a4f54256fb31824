/**
 * Reads intervals in all the forms that PostgreSQL reads: `1 year 2 mons -3 days 04:05:06.7 ago`, SQL's `1-2 3 4:05:06`,
 * ISO 8601's `P1Y2M3DT4H5M6S`, `P0001-02-03T04:05:06` and `P00010203T040506`.
 *
 * Fields are read from right to left, so that a number knows its unit; one without takes the smallest field that the
 * type names (`interval day to hour`), or counts seconds, or days before a time. No unit may come twice. A fraction of a
 * year becomes months, one of a month or week days and time, one of anything else time.
 */
import { DriftError } from '../../base/error.ts';
import { type Field, splitFields } from './datetime-fields.ts';
import { cleanText } from './text-input.ts';

const MICROS_PER_DAY = 86_400_000_000;
/** What 64 bits hold. */
const MAX_MICROS = (1n << 63n) - 1n;

/** Bits of the fields that an interval type may be limited to, as in its type modifier. */
export const FIELDS = { month: 2, year: 4, day: 8, hour: 1024, minute: 2048, second: 4096 } as const;

type Unit =
  | 'microsecond'
  | 'millisecond'
  | 'second'
  | 'minute'
  | 'hour'
  | 'day'
  | 'week'
  | 'month'
  | 'year'
  | 'decade'
  | 'century'
  | 'millennium';

const SPELLINGS: readonly (readonly [Unit, string])[] = [
  ['microsecond', 'us usec usecs usecond useconds microsecon'],
  ['millisecond', 'ms msec msecs msecond mseconds millisecon'],
  ['second', 's sec secs second seconds'],
  ['minute', 'm min mins minute minutes'],
  ['hour', 'h hr hrs hour hours'],
  ['day', 'd day days'],
  ['week', 'w week weeks'],
  ['month', 'mon mons month months'],
  ['year', 'y yr yrs year years'],
  ['decade', 'dec decs decade decades'],
  ['century', 'c cent century centuries'],
  ['millennium', 'mil mils millennia millennium'],
];
const UNITS = new Map<string, Unit>(SPELLINGS.flatMap(([unit, words]) => words.split(' ').map((word) => [word, unit])));
/** PostgreSQL looks at this many letters of a word. */
const WORD_LENGTH = 10;

const MONTHS: Partial<Readonly<Record<Unit, number>>> = { year: 12, decade: 120, century: 1200, millennium: 12000 };
const MICROS: Partial<Readonly<Record<Unit, number>>> = {
  microsecond: 1,
  millisecond: 1e3,
  second: 1e6,
  minute: 60e6,
  hour: 3600e6,
};

export interface IntervalParts {
  months: number;
  days: number;
  micros: bigint;
}

/** `range` is the mask of the type's fields, 0 for all. Throws 22007, 22015. */
export function readInterval(text: string, range: number): IntervalParts {
  const fields = splitFields(cleanText(text));
  const read = fields === undefined ? undefined : new Reader(text, range).read(fields);
  const parts = read ?? (text.startsWith('P') ? new IsoReader(text).read() : undefined);
  if (parts === undefined) throw new DriftError('22007', `invalid input syntax for type interval: "${text}"`);
  const { months, days, micros } = parts;
  const years = Math.trunc(months / 12);
  if (days !== clamp32(days) || years !== clamp32(years) || !fits64(micros)) throw outOfRange(text);
  if (months !== clamp32(months)) throw new DriftError('22008', 'interval out of range');
  return { months: months + 0, days: days + 0, micros };
}

function clamp32(value: number): number {
  return Math.max(Math.min(value, 2147483647), -2147483648);
}

function fits64(micros: bigint): boolean {
  return micros <= MAX_MICROS && micros >= -MAX_MICROS - 1n;
}

function outOfRange(text: string): DriftError {
  return new DriftError('22015', `interval field value out of range: "${text}"`);
}

/** Adds a number of a unit, given as its whole and its fraction of the same sign. */
function add(parts: IntervalParts, unit: Unit, count: bigint, fraction: number): void {
  const size = MICROS[unit];
  if (size !== undefined) {
    parts.micros += count * BigInt(size) + BigInt(wholeMicros(fraction * size));
    return;
  }
  const whole = Number(count);
  const months = MONTHS[unit];
  if (months !== undefined) {
    parts.months += whole * months + Math.round(Math.abs(fraction) * months) * Math.sign(fraction);
    return;
  }
  if (unit === 'day') {
    parts.days += whole;
    parts.micros += BigInt(wholeMicros(fraction * MICROS_PER_DAY));
    return;
  }
  const length = unit === 'week' ? 7 : 30;
  if (unit === 'week') parts.days += whole * 7;
  else parts.months += whole;
  const days = Math.trunc(fraction * length);
  parts.days += days;
  parts.micros += BigInt(wholeMicros((fraction * length - days) * MICROS_PER_DAY));
}

/** Rounds, a half towards zero. */
function wholeMicros(value: number): number {
  const whole = Math.trunc(value);
  const rest = value - whole;
  return rest > 0.5 ? whole + 1 : rest < -0.5 ? whole - 1 : whole;
}

/** The unit of a number without one. */
function unitOf(range: number): Unit {
  if (range === FIELDS.year) return 'year';
  if (range === FIELDS.month || range === (FIELDS.year | FIELDS.month)) return 'month';
  if (range === FIELDS.day) return 'day';
  if ((range & FIELDS.second) !== 0) return 'second';
  if ((range & FIELDS.minute) !== 0) return 'minute';
  return (range & FIELDS.hour) !== 0 ? 'hour' : 'second';
}

class Reader {
  readonly #text: string;
  readonly #range: number;
  readonly #parts: IntervalParts = { months: 0, days: 0, micros: 0n };
  readonly #seen = new Set<Unit>();
  #unit: Unit | undefined;
  /** A unit was read whose number is still to come. */
  #pending = false;
  #ago = false;

  constructor(text: string, range: number) {
    this.#text = text;
    this.#range = range;
  }

  /** Undefined where the text is none of these forms. */
  read(fields: readonly Field[]): IntervalParts | undefined {
    for (const field of fields.toReversed()) if (!this.#take(field)) return undefined;
    if (this.#seen.size === 0) return undefined;
    const { months, days, micros } = this.#parts;
    return this.#ago ? { months: -months, days: -days, micros: -micros } : this.#parts;
  }

  #take({ kind, text }: Field): boolean {
    switch (kind) {
      case 'time':
        return this.#time(text, 1);
      case 'zone':
        if (text.includes(':') && this.#time(text.slice(1), text.startsWith('-') ? -1 : 1)) return true;
        return this.#number(text);
      case 'number':
      case 'date':
        return this.#number(text);
      case 'word':
      case 'signed': {
        if (this.#pending) return false;
        if (text === 'ago') {
          this.#ago = true;
          this.#unit = undefined;
          return true;
        }
        this.#unit = UNITS.get(text.slice(0, WORD_LENGTH));
        this.#pending = true;
        return this.#unit !== undefined;
      }
    }
  }

  #once(...units: readonly Unit[]): boolean {
    if (units.some((unit) => this.#seen.has(unit))) return false;
    for (const unit of units) this.#seen.add(unit);
    return true;
  }

  #time(text: string, sign: 1 | -1): boolean {
    const match = /^(\d+):(\d*)(?::(\d*))?(?:\.(\d*))?$/.exec(text);
    if (match === null) return false;
    let hour = BigInt(match[1] ?? '');
    let [minute, second] = [Number(match[2]), Number(match[3] ?? 0)];
    const fromMinutes = this.#range === (FIELDS.minute | FIELDS.second) || match[4] !== undefined;
    if (match[3] === undefined && fromMinutes) [hour, minute, second] = [0n, Number(hour), minute];
    if (minute > 59 || second > 60) throw outOfRange(this.#text);
    const micros = Math.round(Number(`0.${match[4] || '0'}`) * 1e6);
    if (!this.#once('hour', 'minute', 'second', 'millisecond', 'microsecond')) return false;
    this.#parts.micros += BigInt(sign) * (hour * 3_600_000_000n + BigInt((minute * 60 + second) * 1e6 + micros));
    this.#unit = 'day';
    this.#pending = false;
    return true;
  }

  #number(text: string): boolean {
    const match = /^([+-]?)(\d*)(?:-(\d+)|(\.\d*))?$/.exec(text);
    if (match === null || match[0] === '.') return false;
    this.#pending = false;
    const sign = match[1] === '-' ? -1 : 1;
    const count = BigInt(match[2] || '0') * BigInt(sign);
    if (match[3] !== undefined) {
      if (Number(match[3]) > 11) throw outOfRange(this.#text);
      this.#unit = 'month';
      this.#parts.months += Number(count) * 12 + Number(match[3]) * sign;
      return this.#once('month');
    }
    if (this.#unit === undefined && this.#ago) return false;
    this.#unit ??= unitOf(this.#range);
    const unit = this.#unit;
    const fraction = Number(`0${match[4] === undefined || match[4] === '.' ? '' : match[4]}`) * sign;
    add(this.#parts, unit, count, fraction);
    if (unit === 'month' && this.#parts.months !== clamp32(this.#parts.months)) throw outOfRange(this.#text);
    if (Math.abs(this.#parts.days) > 2147483648 || !fits64(this.#parts.micros)) throw outOfRange(this.#text);
    if (unit === 'hour') this.#unit = 'day';
    return unit === 'second' && fraction !== 0 ? this.#once('second', 'millisecond', 'microsecond') : this.#once(unit);
  }
}

const DATE_UNITS: Readonly<Record<string, Unit>> = { Y: 'year', M: 'month', W: 'week', D: 'day' };
const TIME_UNITS: Readonly<Record<string, Unit>> = { H: 'hour', M: 'minute', S: 'second' };
const DATE_PARTS: readonly Unit[] = ['year', 'month', 'day'];
const TIME_PARTS: readonly Unit[] = ['hour', 'minute', 'second'];
/** Numbers longer than this overflow what is read from them anyway. */
const ISO_NUMBER = /([+-]?)(\d{0,20})(\.\d{0,20})?/y;

/** The forms of ISO 8601 (4.4.3.2 and 4.4.3.3): with designators, or as a date and a time. */
class IsoReader {
  readonly #text: string;
  readonly #parts: IntervalParts = { months: 0, days: 0, micros: 0n };
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  read(): IntervalParts | undefined {
    this.#at = 1;
    const [dates, times, ...more] = this.#text.slice(1).split('T');
    if (dates === undefined || more.length > 0 || this.#text.length < 2) return undefined;
    const readDate = this.#section(dates, DATE_UNITS, DATE_PARTS, '-');
    const readTime = times === undefined || this.#section(times, TIME_UNITS, TIME_PARTS, ':');
    return readDate && readTime ? this.#parts : undefined;
  }

  /** Numbers with a letter each; or parts between separators; or all digits run together. */
  #section(text: string, units: Readonly<Record<string, Unit>>, parts: readonly Unit[], separator: string): boolean {
    this.#at = 0;
    const width = separator === '-' ? 8 : 6;
    const first = new RegExp(`^\\d{${width}}(\\.\\d*)?$`).exec(text);
    if (first !== null) {
      const fraction = Number(`0${first[1] ?? ''}`);
      const cuts = [0, width - 4, width - 2, width];
      for (const [i, unit] of parts.entries())
        add(this.#parts, unit, BigInt(text.slice(cuts[i], cuts[i + 1])), i === 2 ? fraction : 0);
      return true;
    }
    let count = 0;
    while (this.#at < text.length) {
      const number = this.#number(text);
      if (number === undefined) return false;
      const letter = text.charAt(this.#at++);
      const unit = units[letter];
      if (unit === undefined) return count === 0 && this.#separated(text, parts, separator);
      add(this.#parts, unit, number[0], number[1]);
      count++;
    }
    return true;
  }

  #separated(text: string, parts: readonly Unit[], separator: string): boolean {
    this.#at = 0;
    for (const unit of parts) {
      const number = this.#number(text);
      if (number === undefined) return false;
      add(this.#parts, unit, number[0], number[1]);
      if (this.#at >= text.length) return true;
      if (text.charAt(this.#at++) !== separator) return false;
    }
    return false;
  }

  /** A number's whole and its fraction. */
  #number(text: string): readonly [bigint, number] | undefined {
    ISO_NUMBER.lastIndex = this.#at;
    const match = ISO_NUMBER.exec(text);
    if (match === null || !/\d/.test(match[0])) return undefined;
    this.#at = ISO_NUMBER.lastIndex;
    const sign = match[1] === '-' ? -1 : 1;
    const fraction = match[3] === undefined || match[3] === '.' ? 0 : Number(`0${match[3]}`);
    return [BigInt(match[2] || '0') * BigInt(sign), fraction * sign];
  }
}
