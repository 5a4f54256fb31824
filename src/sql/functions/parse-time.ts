/** to_timestamp and to_date: the fields that a pattern finds in a text, put together and checked (do_to_timestamp). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import {
  civilFromDays,
  daysFromCivil,
  daysInMonth,
  microsOf,
  roundMicros,
  shifted,
  toInstant,
} from '../types/datetime.ts';
import { pure, scalar, T } from './define.ts';
import type { ScalarFunction } from './function.ts';
import { timePattern } from './time-pattern.ts';
import { invalid, type Name, TimeReader } from './time-reader.ts';

export interface Parsed {
  readonly days: number;
  readonly micros: number;
  /** Seconds east of UTC, where TZH or TZM stood. */
  readonly offset: number | undefined;
}

export function parseTime(text: string, pattern: string): Parsed {
  const reader = new TimeReader(text, timePattern(pattern));
  reader.read();
  const fail = (): DriftError => new DriftError('22008', `date/time field value out of range: "${text}"`);
  const get = (name: Name): number => reader.fields.get(name) ?? 0;
  const { hour, minute, second } = clockOf(reader);
  const micros = get('millis') * 1000 + get('micros');
  const days = dateOf(reader, fail);
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 || micros < 0 || micros >= 1e6)
    throw fail();
  let offset: number | undefined;
  if (reader.zoneSign !== 0) {
    const [hours, minutes] = [get('zoneHours'), get('zoneMinutes')];
    if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59) throw fail();
    offset = reader.zoneSign * (hours * 3600 + minutes * 60);
  }
  const time = (hour * 3600 + minute * 60 + second) * 1e6 + micros;
  return { days, micros: roundMicros(time, reader.precision), offset };
}

function clockOf(reader: TimeReader): { hour: number; minute: number; second: number } {
  const get = (name: Name): number => reader.fields.get(name) ?? 0;
  const seconds = get('seconds');
  let hour = get('hour') || Math.trunc(seconds / 3600);
  if (reader.twelve) {
    if (hour < 1 || hour > 12) {
      throw invalid(
        `hour "${hour}" is invalid for the 12-hour clock`,
        undefined,
        'Use the 24-hour clock, or give an hour between 1 and 12.',
      );
    }
    const pm = get('pm') === 1;
    if (pm && hour < 12) hour += 12;
    else if (!pm && hour === 12) hour = 0;
  }
  return { hour, minute: get('minute') || Math.trunc(seconds / 60) % 60, second: get('second') || seconds % 60 };
}

function yearOf(reader: TimeReader): number {
  const get = (name: Name): number => reader.fields.get(name) ?? 0;
  const bc = get('bc') === 1;
  const century = bc ? -get('century') : get('century');
  const written = get('year');
  if (written !== 0 && century !== 0 && reader.yearDigits <= 2) {
    const short = written % 100;
    if (short === 0) return century * 100 + (century >= 0 ? 0 : 1);
    return century >= 0 ? short + (century - 1) * 100 : (century + 1) * 100 - short + 1;
  }
  if (written !== 0) {
    const year = bc ? -written : written;
    return year < 0 ? year + 1 : year;
  }
  return century === 0 ? 0 : century > 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
}

/** Monday of an ISO year's first week. */
function isoStart(year: number): number {
  const fourth = daysFromCivil(year, 1, 4);
  return fourth - ((((fourth + 3) % 7) + 7) % 7);
}

function dateOf(reader: TimeReader, fail: () => DriftError): number {
  const get = (name: Name): number => reader.fields.get(name) ?? 0;
  let { year, month, day } = { year: yearOf(reader), month: 1, day: 1 };
  if (get('julian') !== 0) ({ year, month, day } = civilFromDays(get('julian') - 2440588));
  let dayOfYear = get('dayOfYear');
  if (get('week') !== 0) {
    if (reader.iso) {
      const weekday = get('weekday');
      const offset = weekday > 1 ? weekday - 2 : weekday === 1 ? 6 : 0;
      ({ year, month, day } = civilFromDays(isoStart(year) + (get('week') - 1) * 7 + offset));
    } else dayOfYear = (get('week') - 1) * 7 + 1;
  }
  if (get('weekOfMonth') !== 0) day = (get('weekOfMonth') - 1) * 7 + 1;
  if (get('day') !== 0) day = get('day');
  if (get('month') !== 0) month = get('month');
  if (dayOfYear !== 0 && (month <= 1 || day <= 1)) {
    if (year === 0 && get('bc') === 0) throw invalid('cannot calculate day of year without year information');
    if (dayOfYear < 1 || (!reader.iso && dayOfYear > daysFromCivil(year + 1, 1, 1) - daysFromCivil(year, 1, 1)))
      throw fail();
    return (reader.iso ? isoStart(year) : daysFromCivil(year, 1, 1)) + dayOfYear - 1;
  }
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) throw fail();
  const days = daysFromCivil(year, month, day);
  if (days < -2440588 || year > 5874897) throw fail();
  return days;
}

function toTimestamp(text: string, pattern: string, zone: string): Value {
  const { days, micros, offset } = parseTime(text, pattern);
  const local = microsOf(days, micros);
  return offset === undefined ? toInstant(local, zone) : shifted(local, -offset);
}

export const timeReaders: readonly ScalarFunction[] = [
  scalar('to_timestamp', [T.text, T.text], T.timestamptz, (context, text, pattern) =>
    toTimestamp(text as string, pattern as string, context.timeZone),
  ),
  pure('to_date', [T.text, T.text], T.date, (text: string, pattern: string) => parseTime(text, pattern).days),
];
