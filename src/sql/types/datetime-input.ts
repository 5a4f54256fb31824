/**
 * Reads dates, times and time stamps in all the forms that PostgreSQL reads (datetime.c): ISO 8601, `Mon d, yyyy`,
 * `m/d/y`, `yyyymmdd`, Julian days, week days, AM and PM, BC, zones by offset, abbreviation or name.
 *
 * Fields are taken from left to right. What a number means depends on which of year, month, day and time are known
 * already; nothing may be given twice. Values are checked when all are there: a month of 13 may still turn out a day.
 */
import { DriftError } from '../../base/error.ts';
import { type Field, isWeekday, monthOf, splitFields } from './datetime-fields.ts';
import { cleanText } from './text-input.ts';
import { isZone, parseOffset } from './time-zone.ts';
import type { FieldOrder } from './output-style.ts';
import { abbreviation } from './zone-abbreviations.ts';

export type Special = 'infinity' | '-infinity' | 'now' | 'today' | 'tomorrow' | 'yesterday' | 'epoch';

export interface DateTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  /** Whether a date was given, by its parts or by a word. */
  readonly dated: boolean;
  /** Microseconds since midnight, to 24 hours; undefined where no time was given. */
  readonly micros: number | undefined;
  /** Seconds east of UTC, or a zone's name, or null. */
  readonly zone: number | string | null;
  readonly special: Special | null;
}

const YEAR = 1;
const MONTH = 2;
const DAY = 4;
const DATE = 7;
const TIME = 8;
const ZONE = 16;
const HALF = 32;
const ERA = 64;
const WEEKDAY = 128;
const MICROS_PER_DAY = 86_400_000_000;

/** Reads a date with or without a time. Throws 22007, 22008, 22009, 22023. */
export function readDateTime(text: string, type: string, order: FieldOrder = 'MDY'): DateTime {
  return new Decoder(text, type, false, order).decode();
}

/** Reads a time of day; a date before it is allowed, and says which offset a named zone has. */
export function readTimeOfDay(text: string, type: string): DateTime {
  return new Decoder(text, type, true).decode();
}

class Decoder {
  readonly #text: string;
  readonly #type: string;
  readonly #timeOnly: boolean;
  readonly #order: FieldOrder;
  #known = 0;
  #year = 0;
  #month = 0;
  #day = 0;
  #dayOfYear = 0;
  #julian: number | undefined;
  #twoDigits = false;
  #textMonth = false;
  #bc = false;
  #clock = { hour: 0, minute: 0, second: 0, fraction: 0 };
  #half: 'am' | 'pm' | undefined;
  #zone: number | string | null = null;
  #special: Special | null = null;
  /** A letter that says what the next number is: t (time) or j (Julian day). */
  #prefix = '';

  constructor(text: string, type: string, timeOnly: boolean, order: FieldOrder = 'MDY') {
    this.#order = order;
    this.#text = text;
    this.#type = type;
    this.#timeOnly = timeOnly;
  }

  decode(): DateTime {
    const infinite = /^\s*(-?)infinity\s*$/i.exec(cleanText(this.#text));
    const fields = infinite === null ? splitFields(this.#text) : [];
    if (fields === undefined || (fields.length === 0 && infinite === null)) throw this.#bad();
    if (infinite !== null) {
      if (this.#timeOnly) throw this.#bad();
      this.#special = infinite[1] === '-' ? '-infinity' : 'infinity';
    }
    for (let i = 0; i < fields.length; i++) this.#take(fields[i] as Field, i, fields);
    if (this.#prefix !== '') throw this.#bad();
    this.#checkDate();
    const micros = this.#micros();
    if (this.#special === null && (this.#timeOnly ? micros === undefined : (this.#known & DATE) !== DATE))
      throw this.#bad();
    if (this.#timeOnly && typeof this.#zone === 'string' && (this.#known & DATE) !== DATE) throw this.#bad();
    return {
      year: this.#year,
      month: this.#month,
      day: this.#day,
      dated: (this.#known & DATE) === DATE,
      micros,
      zone: this.#zone,
      special: this.#special,
    };
  }

  #bad(): DriftError {
    return new DriftError('22007', `invalid input syntax for type ${this.#type}: "${this.#text}"`);
  }

  #overflow(): DriftError {
    return new DriftError('22008', `date/time field value out of range: "${this.#text}"`);
  }

  #set(what: number): void {
    if ((this.#known & what) !== 0) throw this.#bad();
    this.#known |= what;
  }

  #take(field: Field, index: number, all: readonly Field[]): void {
    switch (field.kind) {
      case 'date':
        return this.#takeDate(field.text, index, all);
      case 'time':
        this.#prefix = '';
        this.#set(TIME);
        return this.#takeTime(field.text);
      case 'zone':
        return this.#takeOffset(field.text);
      case 'number':
        return this.#takeNumberField(field.text, index, all);
      case 'word':
      case 'signed':
        return this.#takeWord(field.text, index, all);
    }
  }

  #takeDate(text: string, index: number, all: readonly Field[]): void {
    if (this.#prefix === 'j') return this.#takeJulian(text);
    const dateFirst =
      !this.#timeOnly || (index === 0 && all.length > 1 && (all.at(-1)?.kind === 'date' || all[1]?.kind === 'time'));
    if (this.#prefix === '' && dateFirst && (this.#known & (MONTH | DAY)) !== (MONTH | DAY)) {
      return this.#takeDateParts(text);
    }
    if (/^\d/.test(text)) {
      const dash = text.indexOf('-');
      if (dash < 0) throw this.#bad();
      this.#prefix = '';
      this.#takeOffset(text.slice(dash));
      if (this.#takeRun(text.slice(0, dash), DATE) !== TIME) throw this.#bad();
      return;
    }
    this.#set(ZONE);
    if (!isZone(text)) throw new DriftError('22023', `time zone "${text}" not recognized`);
    this.#zone = text;
  }

  /** Year, month and day in one field: `1999-01-08`, `jan-08-1999`, `8.1.1999`. */
  #takeDateParts(text: string): void {
    const parts = text.match(/\d+|[a-z]+/g) ?? [];
    for (const part of parts.filter((word) => /^[a-z]/.test(word))) {
      const month = monthOf(part);
      if (month === 0) throw this.#bad();
      this.#set(MONTH);
      this.#month = month;
      this.#textMonth = true;
    }
    for (const part of parts.filter((word) => /^\d/.test(word))) this.#takeNumber(part);
    if ((this.#known & DATE) !== DATE) throw this.#bad();
  }

  #takeNumberField(text: string, index: number, all: readonly Field[]): void {
    if (!/^(\d+\.?\d*|\.\d+)$/.test(text)) throw this.#bad();
    if (this.#prefix === 'j') return this.#takeJulian(text);
    if (this.#prefix === 't') {
      this.#prefix = '';
      if (this.#takeRun(text, DATE) !== TIME) throw this.#bad();
      return;
    }
    const point = text.indexOf('.');
    if (this.#timeOnly) {
      if (point >= 0 && index === 0 && all.length > 1 && all.at(-1)?.kind === 'date') return this.#takeDateParts(text);
      if (point >= 0 ? point <= 2 : text.length <= 3) throw this.#bad();
      if (this.#takeRun(text, DATE) !== TIME) throw this.#bad();
    } else if (point >= 0 && (this.#known & DATE) === 0) this.#takeDateParts(text);
    else if (point > 2) this.#takeRun(text, this.#known);
    else if (text.length >= 6 && ((this.#known & DATE) === 0 || (this.#known & TIME) === 0))
      this.#takeRun(text, this.#known);
    else this.#takeNumber(text);
  }

  /** One number of a date: which one it is follows from those that are known. */
  #takeNumber(text: string): void {
    const value = Number(text);
    if (!Number.isInteger(value)) throw this.#bad();
    if (value > 2147483647) throw this.#overflow();
    const known = this.#known & DATE;
    if (text.length === 3 && known === YEAR && value >= 1 && value <= 366) {
      this.#set(MONTH | DAY);
      this.#dayOfYear = value;
      return;
    }
    if (known === DATE) {
      this.#takeRun(text, this.#known);
      return;
    }
    const yearFirst = known === 0 || (known === MONTH && this.#textMonth);
    if ((yearFirst && (text.length >= 3 || this.#order === 'YMD')) || known === (MONTH | DAY)) {
      this.#set(YEAR);
      this.#year = value;
      this.#twoDigits = text.length <= 2;
    } else if (known === 0 && this.#order === 'DMY') {
      this.#set(DAY);
      this.#day = value;
    } else if (known === 0 || known === YEAR || known === DAY) {
      this.#set(MONTH);
      this.#month = value;
    } else {
      this.#set(DAY);
      this.#day = value;
    }
  }

  /** Numbers run together: yymmdd, yyyymmdd, hhmm, hhmmss, with a fraction of a second. */
  #takeRun(text: string, known: number): number {
    const [whole = '', fraction] = text.split('.');
    if (fraction === undefined && (known & DATE) !== DATE && whole.length >= 6) {
      this.#set(DATE);
      this.#day = Number(whole.slice(-2));
      this.#month = Number(whole.slice(-4, -2));
      this.#year = Number(whole.slice(0, -4));
      this.#twoDigits = whole.length === 6;
      return DATE;
    }
    if (whole.length !== 4 && whole.length !== 6) throw this.#bad();
    this.#set(TIME);
    this.#clock = {
      hour: Number(whole.slice(0, 2)),
      minute: Number(whole.slice(2, 4)),
      second: Number(whole.slice(4, 6)),
      fraction: fractionOf(fraction),
    };
    return TIME;
  }

  #takeJulian(text: string): void {
    this.#prefix = '';
    const match = /^(\d{1,9})(\.\d*)?([+-].*)?$/.exec(text);
    if (match === null) throw this.#bad();
    this.#set(DATE);
    this.#julian = Number(match[1]);
    if (match[2] !== undefined) {
      this.#set(TIME);
      const micros = Math.round(Number(`0${match[2]}`) * MICROS_PER_DAY);
      this.#clock = { hour: 0, minute: 0, second: Math.floor(micros / 1e6), fraction: micros % 1e6 };
    }
    if (match[3] !== undefined) this.#takeOffset(match[3]);
  }

  #takeTime(text: string): void {
    // What is left out between colons counts as zero, as in PostgreSQL.
    const match = /^(\d+):(\d*)(?::(\d*))?(?:\.(\d*))?$/.exec(text);
    if (match === null) throw this.#bad();
    const [first, second] = [Number(match[1]), Number(match[2])];
    const fraction = fractionOf(match[4]);
    this.#clock =
      match[3] === undefined && match[4] !== undefined
        ? { hour: 0, minute: first, second, fraction }
        : { hour: first, minute: second, second: Number(match[3] ?? 0), fraction };
    if (this.#clock.minute > 59 || this.#clock.second > 60) throw this.#overflow();
  }

  #takeOffset(text: string): void {
    this.#set(ZONE);
    const match = /^[+-](\d+)(?::(\d+)(?::(\d+))?)?(.*)$/.exec(text);
    if (match === null) throw this.#bad();
    const [hour = '', minute, second, rest] = match.slice(1);
    const together = minute === undefined && rest === '' && hour.length > 2;
    const h = together ? Math.floor(Number(hour) / 100) : Number(hour);
    const m = together ? Number(hour) % 100 : Number(minute ?? 0);
    const s = Number(second ?? 0);
    if (h > 15 || m > 59 || s > 59)
      throw new DriftError('22009', `time zone displacement out of range: "${this.#text}"`);
    if (rest !== '') throw this.#bad();
    const seconds = (h * 60 + m) * 60 + s;
    this.#zone = text.startsWith('-') ? 0 - seconds : seconds;
  }

  #takeWord(text: string, index: number, all: readonly Field[]): void {
    const month = monthOf(text);
    if (month > 0) return this.#takeMonth(month);
    if (text === 'at' || text === 'on') return;
    if (isWeekday(text)) return this.#set(WEEKDAY);
    switch (text) {
      case 'am':
      case 'pm':
        this.#set(HALF);
        this.#half = text;
        return;
      case 'bc':
      case 'ad':
        this.#set(ERA);
        this.#bc = text === 'bc';
        return;
      case 'now':
        this.#set(DATE | TIME | ZONE);
        this.#special = text;
        return;
      case 'today':
      case 'tomorrow':
      case 'yesterday':
        if (this.#timeOnly) throw this.#bad();
        this.#set(DATE);
        this.#special = text;
        return;
      case 'epoch':
        if (this.#timeOnly || all.length > 1) throw this.#bad();
        this.#special = text;
        return;
      case 'allballs':
        this.#set(TIME | ZONE);
        this.#zone = 0;
        return;
      case 't':
        if (!this.#timeOnly && (this.#known & DATE) !== DATE) throw this.#bad();
        if (!/^(number|time|date)$/.test(all[index + 1]?.kind ?? '')) throw this.#bad();
        this.#prefix = 't';
        return;
      case 'j':
      case 'jd':
      case 'julian':
        this.#prefix = 'j';
        return;
      default:
        this.#takeZoneName(text);
    }
  }

  /** A number taken for the month before was the day: `8 January 1999`. */
  #takeMonth(month: number): void {
    if ((this.#known & (MONTH | DAY)) === MONTH && !this.#textMonth && this.#month >= 1 && this.#month <= 31) {
      this.#day = this.#month;
      this.#known |= DAY;
    } else this.#set(MONTH);
    this.#textMonth = true;
    this.#month = month;
  }

  #takeZoneName(text: string): void {
    const known = parseOffset(text) ?? abbreviation(text);
    if (known === undefined && !isZone(text)) throw this.#bad();
    if ((this.#known & ZONE) !== 0 && known === undefined) throw this.#bad();
    this.#set(ZONE);
    this.#zone = known ?? text;
  }

  #checkDate(): void {
    if (this.#julian !== undefined) return this.#fromJulian(this.#julian);
    if ((this.#known & YEAR) !== 0 && this.#special === null) {
      if (this.#year <= 0 && (this.#bc || !this.#twoDigits)) throw this.#overflow();
      if (this.#bc) this.#year = 1 - this.#year;
      else if (this.#twoDigits) this.#year += this.#year < 70 ? 2000 : 1900;
    }
    if (this.#special !== null) return;
    if (this.#dayOfYear > 0) {
      const lengths = monthLengths(this.#year);
      let day = this.#dayOfYear;
      for (this.#month = 1; this.#month < 12 && day > (lengths[this.#month - 1] as number); this.#month++)
        day -= lengths[this.#month - 1] as number;
      this.#day = day;
    }
    if ((this.#known & MONTH) !== 0 && (this.#month < 1 || this.#month > 12)) throw this.#overflow();
    if ((this.#known & DAY) !== 0 && (this.#day < 1 || this.#day > 31)) throw this.#overflow();
    if ((this.#known & DATE) === DATE && this.#day > (monthLengths(this.#year)[this.#month - 1] as number))
      throw this.#overflow();
  }

  /** Fliegel and Van Flandern's way from a day number to the calendar. */
  #fromJulian(julian: number): void {
    const l = julian + 68569;
    const n = Math.floor((4 * l) / 146097);
    const rest = l - Math.floor((146097 * n + 3) / 4);
    const i = Math.floor((4000 * (rest + 1)) / 1461001);
    const days = rest - Math.floor((1461 * i) / 4) + 31;
    const j = Math.floor((80 * days) / 2447);
    const k = Math.floor(j / 11);
    this.#day = days - Math.floor((2447 * j) / 80);
    this.#month = j + 2 - 12 * k;
    this.#year = 100 * (n - 49) + i + k;
  }

  #micros(): number | undefined {
    if ((this.#known & TIME) === 0 || this.#special === 'now') {
      return this.#special === 'now' && this.#timeOnly ? 0 : undefined;
    }
    let { hour } = this.#clock;
    const { minute, second, fraction } = this.#clock;
    if (this.#half !== undefined) {
      if (hour > 12) throw this.#overflow();
      hour = (hour % 12) + (this.#half === 'pm' ? 12 : 0);
    }
    const micros = ((hour * 60 + minute) * 60 + second) * 1_000_000 + fraction;
    const julian = this.#julian !== undefined && hour === 0 && minute === 0;
    if (hour > 24 || minute > 59 || (second > 60 && !julian) || micros > MICROS_PER_DAY) throw this.#overflow();
    return micros;
  }
}

/** Microseconds of the digits behind a point. */
function fractionOf(digits: string | undefined): number {
  return digits === undefined || digits === '' ? 0 : Math.round(Number(`0.${digits}`) * 1_000_000);
}

function monthLengths(year: number): readonly number[] {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
}
