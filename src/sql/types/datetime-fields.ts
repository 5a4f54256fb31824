/**
 * The words and pieces that dates, times and intervals are written with.
 *
 * `splitFields` cuts a text into fields by their first characters, as PostgreSQL's ParseDateTime does: what a field
 * means is decided later, when its neighbours are known (datetime-input.ts, interval-input.ts).
 */

export type FieldKind =
  /** Digits, with a decimal point or not. */
  | 'number'
  /** Digits and colons. */
  | 'time'
  /** Parts joined by `-`, `/` or `.`; or the name of a time zone. */
  | 'date'
  /** A sign and digits. */
  | 'zone'
  /** Letters. */
  | 'word'
  /** Letters behind a sign. */
  | 'signed';

export interface Field {
  readonly kind: FieldKind;
  readonly text: string;
}

const MAX_FIELDS = 25;

/** The fields of a text in lower case; undefined where something is none. */
export function splitFields(source: string): readonly Field[] | undefined {
  const text = source.toLowerCase();
  const fields: Field[] = [];
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? '';
    at += found.length;
    return found;
  };
  for (;;) {
    take(/\s*/y);
    if (at >= text.length) return fields;
    if (fields.length === MAX_FIELDS) return undefined;
    const char = text.charAt(at);
    if (char >= '0' && char <= '9') fields.push(digitsFirst(take));
    else if (char === '.') fields.push({ kind: 'number', text: take(/\.\d*/y) });
    else if (char >= 'a' && char <= 'z') fields.push(lettersFirst(take));
    else if (char === '+' || char === '-') {
      const sign = take(/[+-]\s*/y).charAt(0);
      const digits = take(/\d[\d:.-]*/y);
      const letters = digits === '' ? take(/[a-z]+/y) : '';
      if (digits === '' && letters === '') return undefined;
      fields.push({ kind: digits === '' ? 'signed' : 'zone', text: sign + digits + letters });
    } else if (/[!-/:-@[-`{-~]/.test(char)) at++;
    else return undefined;
  }
}

function digitsFirst(take: (pattern: RegExp) => string): Field {
  const digits = take(/\d+/y);
  const rest = take(/:[\d:.]*/y);
  if (rest !== '') return { kind: 'time', text: digits + rest };
  const separator = take(/[-/.]/y);
  if (separator === '') return { kind: 'number', text: digits };
  const same = `\\${separator}`;
  const more = take(/\d+/y);
  if (more !== '') {
    const tail = take(new RegExp(`${same}[\\d${same}]*`, 'y'));
    const kind = separator === '.' && tail === '' ? 'number' : 'date';
    return { kind, text: digits + separator + more + tail };
  }
  if (separator === '.') return { kind: 'number', text: digits + separator + take(/[a-z\d.]*/y) };
  return { kind: 'date', text: digits + separator + take(new RegExp(`[a-z\\d${same}]*`, 'y')) };
}

/** `jan-08-1999`, `america/new_york`, `etc/gmt+1`; a known word ends before digits: `bc2`, `j2451187`. */
function lettersFirst(take: (pattern: RegExp) => string): Field {
  const letters = take(/[a-z]+/y);
  const joined = take(/[-/.][a-z\d+\-/_.:]*/y) || (isWord(letters) ? '' : take(/[+\d][a-z\d+\-/_.:]*/y));
  return { kind: joined === '' ? 'word' : 'date', text: letters + joined };
}

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
];
const DAYS =
  /^(sun|sunday|mon|monday|tue|tues|tuesday|wed|weds|wednesday|thu|thur|thurs|thursday|fri|friday|sat|saturday)$/;
const OTHERS = new Set([
  ...['am', 'pm', 'ad', 'bc', 'at', 'on', 'now', 'today', 'tomorrow', 'yesterday', 'epoch', 'infinity', 'allballs'],
  ...['d', 'h', 'j', 'jd', 'julian', 'm', 'mm', 's', 't', 'y', 'dow', 'doy', 'isodow', 'isoyear', 'dst'],
]);

/** 1 … 12, or 0 for a word that is no month. */
export function monthOf(word: string): number {
  if (word === 'sept') return 9;
  return MONTHS.findIndex((month) => word === month || (word.length === 3 && month.startsWith(word))) + 1;
}

export function isWeekday(word: string): boolean {
  return DAYS.test(word);
}

function isWord(word: string): boolean {
  return monthOf(word) > 0 || isWeekday(word) || OTHERS.has(word);
}
