/** Time zones: fixed offsets, and named zones by Intl (offsets are asked once a quarter of an hour and kept). */
import { DriftError } from '../../base/error.ts';
import { abbreviation } from './zone-abbreviations.ts';

const formatters = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, Map<number, number>>();
const KEPT = 50_000;
/** Offsets change at quarters of hours. */
const QUARTER = 900_000_000;
/** About as far as Date reaches, in microseconds; the offset of its last days holds beyond. */
const LIMIT = 8.63e18;

/** Seconds east of UTC of "+02", "-05:30", "z", "utc"; undefined for anything else. */
export function parseOffset(text: string): number | undefined {
  const lower = text.toLowerCase();
  if (lower === 'z' || lower === 'utc' || lower === 'gmt') return 0;
  const match = /^([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?$/.exec(lower);
  if (match === null) return undefined;
  const seconds = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? -seconds : seconds;
}

/** Seconds east of UTC of a zone as POSIX writes it, `PST+8`: a name, and hours to the west. */
function posixOffset(text: string): number | undefined {
  const match = /^[a-z]{3,}([+-]?)(\d{1,2})(?::(\d\d))?$/i.exec(text);
  if (match === null) return undefined;
  const west = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60;
  return match[1] === '-' ? west : -west + 0;
}

/** The zone AT TIME ZONE means: a bare offset there is written as POSIX has it, positive to the west. */
export function zoneArgument(text: string): string {
  const trimmed = text.trim();
  if (/^[+-]?\d/.test(trimmed))
    return trimmed.startsWith('-') ? `+${trimmed.slice(1)}` : `-${trimmed.replace('+', '')}`;
  return trimmed;
}

/** Whether a text names a zone of the time zone database, in any case. */
export function isZone(text: string): boolean {
  return (/^[a-z][\w/+-]*$/i.test(text) && formatterOf(text) !== undefined) || posixOffset(text) !== undefined;
}

/** Seconds east of UTC in a zone at an instant (µs). Throws 22023 for an unknown zone. */
export function offsetAt(name: string, micros: number): number {
  const fixed = parseOffset(name) ?? abbreviation(name) ?? posixOffset(name);
  if (typeof fixed === 'number') return fixed;
  const zone = fixed ?? name;
  const quarter = Math.floor(Math.min(Math.max(micros, -LIMIT), LIMIT) / QUARTER);
  let known = offsets.get(zone);
  if (known === undefined) {
    known = new Map();
    offsets.set(zone, known);
  }
  let offset = known.get(quarter);
  if (offset === undefined) {
    offset = askOffset(zone, (quarter * QUARTER) / 1000);
    if (known.size > KEPT) known.clear();
    known.set(quarter, offset);
  }
  return offset;
}

/**
 * Offset that applies to a local time. Where clocks are put forward or back, a time that does not exist counts by the
 * offset before, one that exists twice by the offset after: the smaller one in both cases, as PostgreSQL takes it.
 */
export function offsetOfLocal(zone: string, local: number): number {
  const day = 86_400_000_000;
  const [before, after] = [offsetAt(zone, local - day), offsetAt(zone, local + day)];
  if (before === after) return before;
  const holds = (offset: number): boolean => offsetAt(zone, local - offset * 1_000_000) === offset;
  if (holds(before) !== holds(after)) return holds(before) ? before : after;
  return Math.min(before, after);
}

function formatterOf(zone: string): Intl.DateTimeFormat | undefined {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  try {
    const formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    formatters.set(zone, formatter);
    return formatter;
  } catch {
    return undefined;
  }
}

function askOffset(zone: string, ms: number): number {
  const formatter = formatterOf(zone);
  if (formatter === undefined) throw new DriftError('22023', `time zone "${zone}" not recognized`);
  const parts = new Map(formatter.formatToParts(new Date(ms)).map((part) => [part.type, part.value]));
  const number = (name: Intl.DateTimeFormatPartTypes): number => Number(parts.get(name) ?? 0);
  const year = parts.get('era')?.startsWith('B') === true ? 1 - number('year') : number('year');
  const local = new Date(0);
  local.setUTCFullYear(year, number('month') - 1, number('day'));
  local.setUTCHours(number('hour'), number('minute'), number('second'));
  return Math.round((local.getTime() - Math.floor(ms / 1000) * 1000) / 1000);
}

const named = new Map<string, readonly Intl.DateTimeFormat[]>();
/** English names differ by country in which abbreviations they know. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-ZA'];

/** Formatters that name a zone; none for an unknown one. */
export function formattersFor(zone: string): readonly Intl.DateTimeFormat[] {
  let found = named.get(zone);
  if (found === undefined) {
    found = formatterOf(zone) === undefined ? [] : LOCALES.map((locale) => shortNames(locale, zone));
    named.set(zone, found);
  }
  return found;
}

function shortNames(locale: string, timeZone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' });
}
