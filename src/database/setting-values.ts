/**
 * Reading and printing the values of settings, as PostgreSQL's guc.c does: numbers with units, words, Booleans, and the
 * settings that have a syntax of their own (DateStyle, TimeZone, search_path, drift.as_of).
 */
import { DriftError } from '../base/error.ts';
import { isZone } from '../sql/types/time-zone.ts';
import { quoteIdent } from '../sql/functions/format-text.ts';
import { settingSpecs, type SettingSpec } from './setting-specs.ts';

const TRUE = /^(?:on|t|tr|tru|true|y|ye|yes|1)$/i;
const FALSE = /^(?:off|of|f|fa|fal|fals|false|n|no|0)$/i;

/** Units by their size in the smallest: microseconds and bytes. */
const TIMES: readonly (readonly [string, number])[] = [
  ['us', 1],
  ['ms', 1000],
  ['s', 1_000_000],
  ['min', 60_000_000],
  ['h', 3_600_000_000],
  ['d', 86_400_000_000],
];
const SIZES: readonly (readonly [string, number])[] = [
  ['B', 1],
  ['kB', 1024],
  ['MB', 1024 ** 2],
  ['GB', 1024 ** 3],
  ['TB', 1024 ** 4],
];
const BLOCK = 8192;

const MANY: ReadonlySet<string> = new Set([
  'datestyle',
  'local_preload_libraries',
  'log_destination',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'temp_tablespaces',
  'unix_socket_directories',
  'wal_consistency_checking',
]);

/** Throws 22023 where several values are given to a setting that has one. */
export function refuseList(name: string, values: readonly string[] | undefined): void {
  if (values !== undefined && values.length > 1 && !MANY.has(name))
    throw new DriftError('22023', `SET ${name} takes only one argument`);
}

/** The value as it is kept and shown. Throws 22023 for one that the setting does not take. */
export function checkedValue(key: string, value: string): string {
  switch (key) {
    case 'timezone':
      return zone(value);
    case 'datestyle':
      return dateStyle(value);
    case 'search_path':
      if (identifierList(value) === null) throw invalid('search_path', value, { detail: 'List syntax is invalid.' });
      return value;
    case 'client_encoding':
      return encoding(value);
    case 'drift.as_of':
      if (value === '' || /^SEQ \d{1,15}$/.test(value)) return value;
      throw invalid(key, value, { hint: "SET drift.as_of = SEQ 5, TAG 'name' or a timestamp." });
    case 'drift.metadata':
      if (value !== '' && !isJson(value)) throw new DriftError('22P02', 'invalid input syntax for type json');
      return value;
    default: {
      const spec = settingSpecs().get(key);
      return spec === undefined ? value : bySpec(spec, value);
    }
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function bySpec(spec: SettingSpec, value: string): string {
  switch (spec.type) {
    case 'bool':
      if (TRUE.test(value)) return 'on';
      if (FALSE.test(value)) return 'off';
      throw new DriftError('22023', `parameter "${spec.name}" requires a Boolean value`);
    case 'enum': {
      const found = spec.words.find((word) => word === value.toLowerCase());
      if (found !== undefined) return found;
      throw invalid(spec.name, value, { hint: `Available values: ${spec.words.join(', ')}.` });
    }
    case 'integer':
    case 'real':
      return shownNumber(spec, baseNumber(spec, value));
    case 'string':
      return value;
  }
}

function invalid(name: string, value: string, more: { detail?: string; hint?: string } = {}): DriftError {
  return new DriftError('22023', `invalid value for parameter "${name}": "${value}"`, more);
}

// ---- numbers -------------------------------------------------------------------------------------------------------

/** A number in the setting's base unit. Throws 22023. */
function baseNumber(spec: SettingSpec, value: string): number {
  const match = /^\s*([+-]?(?:0x[0-9a-f]+|\d+\.?\d*(?:e[+-]?\d+)?|\.\d+(?:e[+-]?\d+)?))\s*([a-z]*)\s*$/i.exec(value);
  const loose = /^\s*[+-]?(?:\d|\.\d)/.test(value);
  const scale = match === null ? undefined : unitScale(spec.unit, match[2] as string);
  if (match === null || scale === undefined) {
    const units = spec.unit === '' || !loose ? undefined : unitsOf(spec.unit).map(([unit]) => `"${unit}"`);
    const hint =
      units === undefined
        ? {}
        : { hint: `Valid units for this parameter are ${units.slice(0, -1).join(', ')}, and ${units.at(-1) ?? ''}.` };
    throw invalid(spec.name, value, hint);
  }
  const exact = Number(match[1]) * scale;
  const number = spec.type === 'integer' ? roundHalfEven(exact) : exact;
  if (number >= spec.min && number <= spec.max) return number;
  const unit = spec.unit === '' ? '' : ` ${spec.unit}`;
  const bound = (limit: number): string => (limit === Infinity ? '1.79769e+308' : String(limit));
  const range = `(${bound(spec.min)} .. ${bound(spec.max)})`;
  throw new DriftError('22023', `${number}${unit} is outside the valid range for parameter "${spec.name}" ${range}`);
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
}

function unitsOf(unit: string): readonly (readonly [string, number])[] {
  return /^(?:us|ms|s|min)$/.test(unit) ? TIMES : SIZES;
}

function sizeOf(unit: string): number {
  if (unit === '8kB') return BLOCK;
  return unitsOf(unit).find(([name]) => name === unit)?.[1] ?? 1;
}

/** How many base units one written unit is; undefined where the setting does not take it. */
function unitScale(base: string, written: string): number | undefined {
  if (written === '') return 1;
  if (base === '') return undefined;
  const found = unitsOf(base).find(([name]) => name === written);
  return found === undefined ? undefined : found[1] / sizeOf(base);
}

/** With the greatest unit of which it is a whole number. */
function shownNumber({ unit, type }: SettingSpec, number: number): string {
  if (unit === '' || number <= 0) return String(number);
  const size = number * sizeOf(unit);
  for (const [name, scale] of unitsOf(unit).toReversed()) if (size % scale === 0) return `${size / scale}${name}`;
  return type === 'real' ? `${number}${unit}` : `${size}${unitsOf(unit)[0]?.[0] ?? ''}`;
}

/** The number that a shown value stands for, in the setting's base unit: pg_settings.setting. */
export function settingNumber(key: string, shown: string): number | null {
  const spec = settingSpecs().get(key);
  if (spec === undefined || (spec.type !== 'integer' && spec.type !== 'real')) return null;
  return baseNumber(spec, shown);
}

/** A setting's default, as it is shown. */
export function shownDefault(spec: SettingSpec): string {
  return spec.type === 'integer' || spec.type === 'real' ? shownNumber(spec, Number(spec.default)) : spec.default;
}

// ---- settings with a syntax of their own ------------------------------------------------------------------------------

const STYLES: Readonly<Record<string, string>> = { iso: 'ISO', sql: 'SQL', postgres: 'Postgres', german: 'German' };

/** DateStyle: a style, an order of fields, or both. German implies DMY. */
function dateStyle(value: string): string {
  let style = 'ISO';
  let order: string | undefined;
  for (const word of value.split(',').map((part) => part.trim().toLowerCase())) {
    const named = STYLES[word] ?? STYLES[Object.keys(STYLES).find((key) => word !== '' && word.startsWith(key)) ?? ''];
    if (named !== undefined) {
      style = named;
      if (named === 'German') order ??= 'DMY';
    } else if (word === 'ymd' || /^(?:ymd|japan)/.test(word)) order = 'YMD';
    else if (/^(?:dmy|euro)/.test(word)) order = 'DMY';
    else if (/^(?:mdy|us|noneuro)/.test(word)) order = 'MDY';
    else if (word !== 'default') throw invalid('DateStyle', value, { detail: `Unrecognized key word: "${word}".` });
  }
  return `${style}, ${order ?? 'MDY'}`;
}

/** The style with what the new value leaves open taken from the old one. */
export function mergedDateStyle(old: string, value: string): string {
  const [oldStyle = 'ISO', oldOrder = 'MDY'] = old.split(', ');
  const [style, order] = dateStyle(value).split(', ');
  const words = value.toLowerCase();
  const namesStyle = /iso|sql|postgres|german|default/.test(words);
  const namesOrder = /mdy|dmy|ymd|us|euro|japan|german|default/.test(words);
  return `${namesStyle ? (style ?? oldStyle) : oldStyle}, ${namesOrder ? (order ?? oldOrder) : oldOrder}`;
}

/** A zone by its name, in the database's spelling where Intl tells it, or hours east of UTC as +02:30. */
function zone(value: string): string {
  const text = /^<[+-]\d+(?::\d+)?>([+-])(.*)$/.exec(value);
  const hours = text === null ? value.trim() : (text[1] === '-' ? '+' : '-') + (text[2] ?? '');
  // What is no number but hours and minutes is a zone as POSIX has it, which counts to the west.
  const posix = text === null ? /^([+-]?)(\d{1,2}:[0-5]\d)$/.exec(hours) : null;
  if (posix !== null && !/^0+:00$/.test(posix[2] ?? '')) return `${posix[1] === '-' ? '+' : '-'}${posix[2] ?? ''}`;
  if (posix !== null) return value;
  const [, sign = '', whole = '', minutes, fraction] = /^([+-]?)(\d{1,2})(?::?([0-5]\d)|(\.\d+))?$/.exec(hours) ?? [];
  if (whole !== '') {
    const rest = minutes ?? String(Math.round(Number(fraction ?? '0') * 60)).padStart(2, '0');
    return `${sign === '-' ? '-' : '+'}${whole.padStart(2, '0')}${rest === '00' ? '' : `:${rest}`}`;
  }
  if (!isZone(value)) throw invalid('TimeZone', value);
  if (/^[a-z]{3,}[+-]?\d/i.test(value)) return value;
  const named = new Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone;
  return named.toLowerCase() === value.toLowerCase() ? named : value;
}

const ENCODINGS = /^(?:utf-?8|unicode|sql_ascii|latin\d+|win\d+|iso_8859_\d+|euc_[a-z]+|koi8[ru]|sjis|big5|gbk|uhc)$/i;

/** Texts cross as strings, whatever encoding a program asks for. */
function encoding(value: string): string {
  if (/^(?:utf-?8|unicode)$/i.test(value)) return 'UTF8';
  if (ENCODINGS.test(value)) return value.toUpperCase();
  throw invalid('client_encoding', value);
}

/** The names in a list of identifiers; null where it is not one. */
export function identifierList(text: string): readonly string[] | null {
  const names: string[] = [];
  if (text.trim() === '') return names;
  const part = /\s*(?:"((?:[^"]|"")*)"|([^\s",]+))\s*(,|$)/y;
  for (;;) {
    const match = part.exec(text);
    if (match === null) return null;
    names.push(match[1]?.replaceAll('""', '"') ?? (match[2] as string).toLowerCase());
    if (match[3] === '') return part.lastIndex === text.length ? names : null;
  }
}

/** Settings whose values are lists of identifiers: SET quotes each where it must be. */
const LISTS = new Set(['search_path', 'temp_tablespaces']);

/** The text that SET keeps for the values written. */
export function flattened(key: string, values: readonly string[]): string {
  return LISTS.has(key) ? values.map(quoteIdent).join(', ') : values.join(', ');
}
