/** Dates, times and intervals in the styles that are not the usual ones (DateStyle, IntervalStyle): late code. */
import type { DateStyle } from './output-style.ts';
import { formattersFor } from './time-zone.ts';

const two = (value: number): string => String(value).padStart(2, '0');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const WEEKDAYS = ['Thu', 'Fri', 'Sat', 'Sun', 'Mon', 'Tue', 'Wed'];

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

export function styledDate({ year, month, day }: Civil, { style, dayFirst }: DateStyle): string {
  const shown = String(year > 0 ? year : 1 - year).padStart(4, '0');
  const era = year > 0 ? '' : ' BC';
  if (style === 'German') return `${two(day)}.${two(month)}.${shown}${era}`;
  const [first, second] = dayFirst ? [day, month] : [month, day];
  const separator = style === 'SQL' ? '/' : '-';
  return `${two(first)}${separator}${two(second)}${separator}${shown}${era}`;
}

/** `days` since 1970 give the weekday; `zone` is empty or the zone's name. */
export function styledTimestamp(
  civil: Civil,
  days: number,
  time: string,
  zone: string,
  { style, dayFirst }: DateStyle,
): string {
  const tail = zone === '' ? '' : ` ${zone}`;
  if (style !== 'Postgres') {
    const date = styledDate(civil, { style, dayFirst });
    const [plain, era] = date.endsWith(' BC') ? [date.slice(0, -3), ' BC'] : [date, ''];
    return `${plain} ${time}${tail}${era}`;
  }
  const { year, month, day } = civil;
  const weekday = WEEKDAYS[((days % 7) + 7) % 7] as string;
  const name = MONTHS[month - 1] as string;
  const date = dayFirst ? `${two(day)} ${name}` : `${name} ${two(day)}`;
  const shown = String(year > 0 ? year : 1 - year).padStart(4, '0');
  return `${weekday} ${date} ${time} ${shown}${tail}${year > 0 ? '' : ' BC'}`;
}

/** A zone's abbreviation at an instant (ms); undefined where there is none but its offset. */
export function zoneName(zone: string, atMs: number): string | undefined {
  if (/^(?:utc|z|gmt|etc\/utc)$/i.test(zone)) return 'UTC';
  for (const formatter of formattersFor(zone)) {
    const name = formatter.formatToParts(atMs).find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (/^[A-Z]{3,5}$/.test(name)) return name;
  }
  return undefined;
}

// ---- intervals -----------------------------------------------------------------------------------------------------

interface Span {
  readonly months: number;
  readonly days: number;
  readonly micros: number;
  /** Exact: whole hours of the time part, and what is left of it without the whole days. */
  readonly hours: number;
  readonly timeRest: number;
}

function clock(span: Span): { hours: number; minutes: number; seconds: number; fraction: number } {
  const size = Math.abs(span.timeRest);
  const seconds = Math.floor(size / 1e6);
  return {
    hours: Math.abs(span.hours),
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
    fraction: size - seconds * 1e6,
  };
}

function secondsText(seconds: number, fraction: number, pad: boolean): string {
  const tail = fraction === 0 ? '' : `.${String(fraction).padStart(6, '0').replace(/0+$/, '')}`;
  return (pad ? two(seconds) : String(seconds)) + tail;
}

/** An interval in one of the styles that are not `postgres`. */
export function styledInterval(span: Span, style: string): string {
  if (style === 'iso_8601') return isoInterval(span);
  return style === 'sql_standard' ? standardInterval(span) : verboseInterval(span);
}

function isoInterval(span: Span): string {
  const { months, days, micros } = span;
  if (months === 0 && days === 0 && micros === 0) return 'PT0S';
  const part = (value: number, unit: string): string => (value === 0 ? '' : `${value}${unit}`);
  const date = part(Math.trunc(months / 12), 'Y') + part(months % 12, 'M') + part(days, 'D');
  if (micros === 0) return `P${date}`;
  const { hours, minutes, seconds, fraction } = clock(span);
  const sign = micros < 0 ? -1 : 1;
  const rest = seconds === 0 && fraction === 0 ? '' : `${sign < 0 ? '-' : ''}${secondsText(seconds, fraction, false)}S`;
  return `P${date}T${part(sign * hours, 'H')}${part(sign * minutes, 'M')}${rest}`;
}

/** The standard has year-month and day-time intervals; what is neither gets a sign for each part. */
function standardInterval(span: Span): string {
  const { months, days, micros } = span;
  const { hours, minutes, seconds, fraction } = clock(span);
  const time = `${hours}:${two(minutes)}:${secondsText(seconds, fraction, true)}`;
  const [years, rest] = [Math.trunc(Math.abs(months) / 12), Math.abs(months) % 12];
  const signs = new Set([months, days, micros].map(Math.sign).filter((sign) => sign !== 0));
  if (signs.size === 0) return '0';
  if (signs.size > 1 || (months !== 0 && (days !== 0 || micros !== 0))) {
    const sign = (value: number): string => (value < 0 ? '-' : '+');
    return `${sign(months)}${years}-${rest} ${sign(days)}${Math.abs(days)} ${sign(micros)}${time}`;
  }
  const minus = signs.has(-1) ? '-' : '';
  if (months !== 0) return `${minus}${years}-${rest}`;
  if (days === 0) return minus + time;
  return `${minus}${Math.abs(days)} ${time}`;
}

function verboseInterval(span: Span): string {
  const { months, days, micros } = span;
  const { hours, minutes, seconds, fraction } = clock(span);
  const sign = micros < 0 ? -1 : 1;
  const parts: [number, string, string][] = [
    [Math.trunc(months / 12), 'year', ''],
    [months % 12, 'mon', ''],
    [days, 'day', ''],
    [sign * hours, 'hour', ''],
    [sign * minutes, 'min', ''],
  ];
  let text = '';
  let before: boolean | null = null;
  for (const [value, unit] of parts) {
    if (value === 0) continue;
    before ??= value < 0;
    const shown = before ? -value : value;
    text += ` ${shown} ${unit}${Math.abs(value) === 1 && shown === 1 ? '' : 's'}`;
  }
  if (seconds !== 0 || fraction !== 0) {
    before ??= micros < 0;
    const minus = before !== micros < 0 ? '-' : '';
    text += ` ${minus}${secondsText(seconds, fraction, false)} sec${seconds === 1 && fraction === 0 ? '' : 's'}`;
  }
  return `@${text === '' ? ' 0' : text}${before === true ? ' ago' : ''}`;
}
