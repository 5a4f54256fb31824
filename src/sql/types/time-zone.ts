/** Time zones: fixed offsets, and named zones by Intl (offsets are asked once an hour of history and kept). */
import { DriftError } from '../../base/error.ts';
import { abbreviation } from './zone-abbreviations.ts';

const formatters = new Map<string, Intl.DateTimeFormat>();
const offsets = new Map<string, Map<number, number>>();
const KEPT_HOURS = 50_000;

/** Seconds east of UTC of "+02", "-05:30", "z", "utc"; undefined for anything else. */
export function parseOffset(text: string): number | undefined {
  const lower = text.toLowerCase();
  if (lower === 'z' || lower === 'utc' || lower === 'gmt') return 0;
  const match = /^([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?$/.exec(lower);
  if (match === null) return undefined;
  const seconds = Number(match[2]) * 3600 + Number(match[3] ?? 0) * 60 + Number(match[4] ?? 0);
  return match[1] === '-' ? -seconds : seconds;
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
  return /^[a-z][\w/+-]*$/i.test(text) && formatterOf(text) !== undefined;
}

/** Seconds east of UTC in a zone at an instant (µs). Throws 22023 for an unknown zone. */
export function offsetAt(name: string, micros: number): number {
  const fixed = parseOffset(name) ?? abbreviation(name);
  if (typeof fixed === 'number') return fixed;
  const zone = fixed ?? name;
  const hour = Math.floor(micros / 3_600_000_000);
  let known = offsets.get(zone);
  if (known === undefined) {
    known = new Map();
    offsets.set(zone, known);
  }
  let offset = known.get(hour);
  if (offset === undefined) {
    offset = askOffset(zone, hour * 3_600_000);
    if (known.size > KEPT_HOURS) known.clear();
    known.set(hour, offset);
  }
  return offset;
}

/** Offset that applies to a local time; in a gap or an overlap the one before the change, as PostgreSQL takes it. */
export function offsetOfLocal(zone: string, local: number): number {
  const first = offsetAt(zone, local - offsetAt(zone, local) * 1_000_000);
  const second = offsetAt(zone, local - first * 1_000_000);
  return first === second ? first : Math.max(first, second) === first ? second : first;
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
