/**
 * The fields of a date and time, taken from a text by a pattern; what they mean together is parse-time.ts's business.
 *
 * Follows PostgreSQL's DCH_from_char: outside of FX mode, spaces before fields are skipped, a separator of the pattern
 * takes at most one of the text, and other characters of the pattern take any character.
 */
import { DriftError } from '../../base/error.ts';
import { DAYS, isSeparator, MONTHS, ROMAN_MONTHS, type TimeField, type TimeStep } from './time-pattern.ts';

export type Name =
  | 'year'
  | 'month'
  | 'day'
  | 'hour'
  | 'minute'
  | 'second'
  | 'millis'
  | 'micros'
  | 'seconds'
  | 'weekday'
  | 'dayOfYear'
  | 'week'
  | 'weekOfMonth'
  | 'century'
  | 'julian'
  | 'pm'
  | 'bc'
  | 'zoneHours'
  | 'zoneMinutes';

const WIDTHS: Readonly<Record<string, number>> = {
  HH24: 2,
  HH12: 2,
  TZH: 2,
  TZM: 2,
  ID: 1,
  IDDD: 3,
  US: 6,
  MS: 3,
  IW: 2,
};
const DIGITS: ReadonlySet<string> = new Set([
  'CC',
  'DDD',
  'DD',
  'D',
  'FF1',
  'FF2',
  'FF3',
  'FF4',
  'FF5',
  'FF6',
  'HH24',
  'HH12',
  'HH',
  'IDDD',
  'ID',
  'IW',
  'IYYY',
  'IYY',
  'IY',
  'I',
  'J',
  'MI',
  'MM',
  'MS',
  'Q',
  'SSSSS',
  'SSSS',
  'SS',
  'US',
  'WW',
  'W',
  'Y,YYY',
  'YYYY',
  'YYY',
  'YY',
  'Y',
]);
const ISO: ReadonlySet<string> = new Set(['IYYY', 'IYY', 'IY', 'I', 'IW', 'ID', 'IDDD']);
const GREGORIAN: ReadonlySet<string> = new Set([
  'CC',
  'DAY',
  'DDD',
  'DD',
  'DY',
  'D',
  'J',
  'MM',
  'MONTH',
  'MON',
  'Q',
  'RM',
  'WW',
  'W',
  'Y,YYY',
  'YYYY',
  'YYY',
  'YY',
  'Y',
]);

const HINT = 'If your source string is not fixed-width, try using the "FM" modifier.';

export function invalid(message: string, detail?: string, hint?: string): DriftError {
  return new DriftError('22007', message, { detail, hint });
}

export class TimeReader {
  readonly #text: string;
  readonly #steps: readonly TimeStep[];
  readonly fields: Map<Name, number> = new Map();
  #at = 0;
  #skipped = 0;
  #fixed = false;
  iso = false;
  #conventions = '';
  twelve = false;
  /** Digits that the year had in the pattern. */
  yearDigits = 0;
  zoneSign = 0;
  /** Digits of the second's fraction that an FF field asks for. */
  precision = 6;

  constructor(text: string, steps: readonly TimeStep[]) {
    this.#text = text;
    this.#steps = steps;
  }

  read(): void {
    for (let i = 0; i < this.#steps.length && this.#at < this.#text.length; i++) {
      const step = this.#steps[i] as TimeStep;
      if (!this.#fixed && (step.kind === 'field' ? step.keyword !== 'FX' : i === 0)) this.#skipped += this.#spaces();
      if (step.kind === 'field') this.#field(step, i);
      else this.#literal(step);
    }
  }

  #spaces(): number {
    const start = this.#at;
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at++;
    return this.#at - start;
  }

  #literal(step: Exclude<TimeStep, TimeField>): void {
    const char = this.#text.charAt(this.#at);
    if (this.#fixed)
      this.#at += char === '' ? 0 : String.fromCodePoint(this.#text.codePointAt(this.#at) as number).length;
    else if (step.kind !== 'text') {
      this.#skipped--;
      if (/\s/.test(char) || isSeparator(char)) {
        this.#at++;
        this.#skipped++;
      }
    } else if (this.#skipped > 0) this.#skipped--;
    else this.#at++;
  }

  #field(field: TimeField, index: number): void {
    const convention = ISO.has(field.keyword) ? 'iso' : GREGORIAN.has(field.keyword) ? 'gregorian' : '';
    if (convention !== '') {
      if (this.#conventions !== '' && this.#conventions !== convention) {
        throw invalid(
          'invalid combination of date conventions',
          undefined,
          'Do not mix Gregorian and ISO week date conventions in a formatting template.',
        );
      }
      this.#conventions = convention;
      this.iso = convention === 'iso';
    }
    this.#take(field, index);
    if (!this.#fixed) this.#skipped = this.#spaces();
  }

  #take(field: TimeField, index: number): void {
    const { keyword } = field;
    switch (keyword) {
      case 'FX':
        this.#fixed = true;
        return;
      case 'A.M.':
      case 'P.M.':
        this.#word(field, 'pm', ['a.m.', 'p.m.'], 0);
        this.twelve = true;
        return;
      case 'AM':
      case 'PM':
        this.#word(field, 'pm', ['am', 'pm'], 0);
        this.twelve = true;
        return;
      case 'A.D.':
      case 'B.C.':
        this.#word(field, 'bc', ['a.d.', 'b.c.'], 0);
        return;
      case 'AD':
      case 'BC':
        this.#word(field, 'bc', ['ad', 'bc'], 0);
        return;
      case 'MONTH':
        this.#word(field, 'month', MONTHS, 1);
        return;
      case 'MON':
        this.#word(
          field,
          'month',
          MONTHS.map((name) => name.slice(0, 3)),
          1,
        );
        return;
      case 'RM':
        // The longest first, so that VII is not taken for V.
        this.#roman(field);
        return;
      case 'DAY':
        this.#word(field, 'weekday', DAYS, 1);
        return;
      case 'DY':
        this.#word(
          field,
          'weekday',
          DAYS.map((name) => name.slice(0, 3)),
          1,
        );
        return;
      case 'TZ':
      case 'OF':
        throw new DriftError('0A000', `formatting field "${field.written}" is only supported in to_char`);
      default:
        this.#number(field, index);
    }
  }

  #number(field: TimeField, index: number): void {
    const { keyword } = field;
    const simple: Partial<Record<string, Name>> = {
      HH24: 'hour',
      MI: 'minute',
      SS: 'second',
      SSSS: 'seconds',
      SSSSS: 'seconds',
      MM: 'month',
      DD: 'day',
      DDD: 'dayOfYear',
      IDDD: 'dayOfYear',
      D: 'weekday',
      WW: 'week',
      IW: 'week',
      W: 'weekOfMonth',
      CC: 'century',
      J: 'julian',
      TZM: 'zoneMinutes',
    };
    const name = simple[keyword];
    if (name !== undefined) {
      if (keyword === 'TZM' && this.zoneSign === 0) this.zoneSign = 1;
      this.#set(name, this.#integer(field, index).value, field);
      return;
    }
    switch (keyword) {
      case 'HH':
      case 'HH12':
        this.#set('hour', this.#integer(field, index).value, field);
        this.twelve = true;
        return;
      case 'MS': {
        const { value, length } = this.#integer(field, index);
        this.#set('millis', value * 10 ** Math.max(3 - length, 0), field);
        return;
      }
      case 'ID': {
        const { value } = this.#integer(field, index);
        this.#set('weekday', value + 1 > 7 ? 1 : value + 1, field);
        return;
      }
      case 'Q':
        this.#integer(field, index);
        return;
      case 'TZH': {
        const char = this.#text.charAt(this.#at);
        if ('+- '.includes(char) && char !== '') {
          this.zoneSign = char === '-' ? -1 : 1;
          this.#at++;
        } else this.zoneSign = this.#skipped > 0 && this.#text.charAt(this.#at - 1) === '-' ? -1 : 1;
        this.#set('zoneHours', this.#integer(field, index).value, field);
        return;
      }
      case 'Y,YYY': {
        const match = /^\s*(-?\d+),(\d{1,3})/.exec(this.#text.slice(this.#at));
        if (match === null) throw invalid(`invalid input string for "Y,YYY"`);
        this.#at += match[0].length;
        this.#year(Number(match[1]) * 1000 + Number(match[2]), 4, field);
        return;
      }
      default:
        if (/Y|^I$/.test(keyword)) {
          const { value, length } = this.#integer(field, index);
          const digits = keyword.length;
          this.#year(digits < 4 && length < 4 ? nearestYear(value) : value, digits, field);
          return;
        }
        this.#fraction(field, index);
    }
  }

  #fraction(field: TimeField, index: number): void {
    if (field.keyword !== 'US') this.precision = Number(field.keyword.charAt(2));
    const { value, length } = this.#integer(field, index);
    this.#set('micros', value * 10 ** Math.max(6 - length, 0), field);
  }

  #year(value: number, digits: number, field: TimeField): void {
    this.#set('year', value, field);
    this.yearDigits = digits;
  }

  #set(name: Name, value: number, field: TimeField): void {
    const known = this.fields.get(name);
    if (known !== undefined && known !== value) {
      throw invalid(
        `conflicting values for "${field.written}" field in formatting string`,
        'This value contradicts a previous setting for the same field type.',
      );
    }
    this.fields.set(name, value);
  }

  /** Takes a number: of just the field's width, unless something that is no digit follows in the pattern. */
  #integer(field: TimeField, index: number): { readonly value: number; readonly length: number } {
    const width = field.keyword.startsWith('FF')
      ? Number(field.keyword.charAt(2))
      : (WIDTHS[field.keyword] ?? field.keyword.length);
    this.#spaces();
    const start = this.#at;
    const rest = this.#text.slice(start);
    const name = `"${rest.slice(0, width)}" for "${field.written}"`;
    const free = field.fill || this.#separated(field, index);
    if (!free && rest.length < width) {
      throw invalid(
        `source string too short for "${field.written}" formatting field`,
        `Field requires ${width} characters, but only ${rest.length} remain.`,
        HINT,
      );
    }
    const digits = /^[+-]?\d+/.exec(free ? rest : rest.slice(0, width))?.[0] ?? '';
    if (!free && digits !== '' && digits.length < width) {
      throw invalid(
        `invalid value ${name}`,
        `Field requires ${width} characters, but only ${digits.length} could be parsed.`,
        HINT,
      );
    }
    if (digits === '') throw invalid(`invalid value ${name}`, 'Value must be an integer.');
    const value = Number(digits);
    if (Math.abs(value) > 2147483647) {
      throw new DriftError('22008', `value for "${field.written}" in source string is out of range`, {
        detail: 'Value must be in the range -2147483648 to 2147483647.',
      });
    }
    this.#at += digits.length;
    if (field.ordinal !== '') this.#at += 2;
    return { value, length: digits.length };
  }

  #separated(field: TimeField, index: number): boolean {
    const next = this.#steps[index + 1];
    if (field.ordinal !== '' || next === undefined) return true;
    return next.kind === 'field' ? !DIGITS.has(next.keyword) : !/\d/.test(next.text);
  }

  #word(field: TimeField, name: Name, words: readonly string[], first: number): void {
    const rest = this.#text.slice(this.#at).toLowerCase();
    const found = words.findIndex((word) => rest.startsWith(word.toLowerCase()));
    if (found < 0) throw this.#noWord(field);
    this.#at += (words[found] as string).length;
    this.#set(name, found + first, field);
  }

  #roman(field: TimeField): void {
    const found = /^[ivx]+/i.exec(this.#text.slice(this.#at))?.[0].toUpperCase() ?? '';
    const month = ROMAN_MONTHS.toSorted((a, b) => b.length - a.length).find((name) => found.startsWith(name));
    if (month === undefined) throw this.#noWord(field);
    this.#at += month.length;
    this.#set('month', ROMAN_MONTHS.indexOf(month) + 1, field);
  }

  #noWord(field: TimeField): DriftError {
    const word = /^\S*/.exec(this.#text.slice(this.#at))?.[0] ?? '';
    return invalid(
      `invalid value "${word}" for "${field.written}"`,
      'The given value did not match any of the allowed values for this field.',
    );
  }
}

/** Years of less than four digits are those next to 2020. */
function nearestYear(year: number): number {
  if (year < 70) return year + 2000;
  if (year < 100) return year + 1900;
  if (year < 520) return year + 2000;
  return year < 1000 ? year + 1000 : year;
}
