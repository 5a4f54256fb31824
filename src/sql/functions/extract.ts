/** extract, date_part and date_trunc (PostgreSQL's chapter 9.9): parts of times, and times cut to a unit. */
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { Value } from '../../base/vector.ts';
import {
  asMicros,
  civilFromDays,
  dayTimeOf,
  daysFromCivil,
  isFiniteTime,
  MICROS_PER_DAY,
  microsOf,
  toInstant,
  toLocal,
} from '../types/datetime.ts';
import { Interval } from '../types/interval.ts';
import { offsetAt, zoneArgument } from '../types/time-zone.ts';
import { startOfDay } from './casts.ts';
import { pure, scalar, T } from './define.ts';
import type { ScalarFunction } from './function.ts';
import { decadeOf, mondayOf, spanOf, timeUnit, type TimeUnit, unsupportedUnit, weekdayOf } from './time-units.ts';

const DAYS_TO_JULIAN = 2440588;

const whole = (value: number): Numeric => Numeric.fromBigInt(BigInt(value));
const scaled = (micros: number, scale: number): Numeric => Numeric.fromBigInt(BigInt(micros), scale);

/** Parts of a time of day, also of one beyond a day or below zero. */
function clockField(unit: TimeUnit, micros: number): Numeric | undefined {
  switch (unit) {
    case 'microsecond':
      return whole(micros % 60e6);
    case 'millisecond':
      return scaled(micros % 60e6, 3);
    case 'second':
      return scaled(micros % 60e6, 6);
    case 'minute':
      return whole(Math.trunc(micros / 60e6) % 60);
    case 'hour':
      return whole(Math.trunc(micros / 3600e6));
    default:
      return undefined;
  }
}

function dateField(unit: TimeUnit, days: number): number | undefined {
  const { year, month, day } = civilFromDays(days);
  const shown = (counted: number): number => (counted > 0 ? counted : counted - 1);
  switch (unit) {
    case 'day':
      return day;
    case 'month':
      return month;
    case 'quarter':
      return Math.floor((month - 1) / 3) + 1;
    case 'week': {
      const monday = mondayOf(days);
      return (monday - mondayOf(daysFromCivil(civilFromDays(monday + 3).year, 1, 4))) / 7 + 1;
    }
    case 'year':
      return shown(year);
    case 'isoyear':
      return shown(civilFromDays(mondayOf(days) + 3).year);
    case 'decade':
      return decadeOf(year);
    case 'century':
      return spanOf(year, 100);
    case 'millennium':
      return spanOf(year, 1000);
    case 'dow':
      return weekdayOf(days);
    case 'isodow':
      return weekdayOf(days) || 7;
    case 'doy':
      return days - daysFromCivil(year, 1, 1) + 1;
    case 'julian':
      return days + DAYS_TO_JULIAN;
    default:
      return undefined;
  }
}

const ENDLESS: readonly TimeUnit[] = ['year', 'decade', 'century', 'millennium', 'julian', 'isoyear', 'epoch'];

/** Of infinity, what grows is infinite and what turns is unknown. */
function infiniteField(unit: TimeUnit, value: Value): Numeric | null {
  if (!ENDLESS.includes(unit)) return null;
  return asMicros(value) > 0 ? Numeric.Infinity : Numeric.NegativeInfinity;
}

function julian(days: number, micros: number): Numeric {
  const share = Numeric.fromBigInt(BigInt(micros)).divide(Numeric.fromBigInt(BigInt(MICROS_PER_DAY)));
  return whole(days + DAYS_TO_JULIAN).add(share);
}

/** Fields of a local time; `offset` in seconds and the instant where there is a zone. */
function timestampField(name: string, value: Value, type: string, zone?: string): Numeric | null {
  const unit = timeUnit(name, type);
  const zoned = unit === 'timezone' || unit === 'timezone_hour' || unit === 'timezone_minute';
  if (zoned && zone === undefined) throw unsupportedUnit(name, type);
  if (!isFiniteTime(value)) return infiniteField(unit, value);
  if (unit === 'epoch') return Numeric.fromBigInt(BigInt(value), 6);
  if (zoned) {
    const offset = offsetAt(zone ?? '', Number(value));
    if (unit === 'timezone') return whole(offset);
    return whole((unit === 'timezone_hour' ? Math.trunc(offset / 3600) : Math.trunc((offset % 3600) / 60)) + 0);
  }
  const { days, micros } = dayTimeOf(zone === undefined ? value : toLocal(value, zone));
  if (unit === 'julian') return julian(days, micros);
  const date = dateField(unit, days);
  return date === undefined ? (clockField(unit, micros) ?? null) : whole(date);
}

function fieldOfDate(name: string, days: number): Numeric | null {
  const type = 'date';
  const unit = timeUnit(name, type);
  const start = startOfDay(days);
  if (!isFiniteTime(start)) {
    if (clockField(unit, 0) !== undefined || unit.startsWith('timezone')) throw unsupportedUnit(name, type);
    return infiniteField(unit, start);
  }
  if (unit === 'epoch') return whole(days * 86400);
  const value = dateField(unit, days);
  if (value === undefined) throw unsupportedUnit(name, type);
  return whole(value);
}

function fieldOfTime(name: string, micros: number): Numeric {
  const type = 'time without time zone';
  const unit = timeUnit(name, type);
  if (unit === 'epoch') return scaled(micros, 6);
  const value = clockField(unit, micros);
  if (value === undefined) throw unsupportedUnit(name, type);
  return value;
}

function fieldOfInterval(name: string, interval: Interval): Numeric {
  const { months, days, hours, timeRest } = interval;
  const unit = timeUnit(name, 'interval');
  const clock = unit === 'hour' ? whole(hours) : clockField(unit, timeRest);
  if (clock !== undefined) return clock;
  const year = Math.trunc(months / 12);
  switch (unit) {
    case 'day':
      return whole(days);
    case 'month':
      return whole((months % 12) + 0);
    case 'quarter':
      return whole(Math.trunc((months % 12) / 3) + 1);
    case 'year':
      return whole(year + 0);
    case 'decade':
      return whole(Math.trunc(year / 10) + 0);
    case 'century':
      return whole(Math.trunc(year / 100) + 0);
    case 'millennium':
      return whole(Math.trunc(year / 1000) + 0);
    case 'epoch': {
      // A year has 365.25 days here, a month 30.
      const seconds = BigInt(year) * 31557600n + BigInt((months % 12) * 30 + days) * 86400n;
      return Numeric.fromBigInt(seconds * 1000000n + interval.exactMicros, 6);
    }
    default:
      throw unsupportedUnit(name, 'interval');
  }
}

/** extract gives a numeric, date_part the same as a double. */
function extracting(
  oid: number,
  compute: (unit: string, value: never, zone: string) => Numeric | null,
): ScalarFunction[] {
  const run = compute as (unit: string, value: Value, zone: string) => Numeric | null;
  const volatility = oid === T.timestamptz ? 'stable' : 'immutable';
  return [
    scalar(
      'extract',
      [T.text, oid],
      T.numeric,
      (context, unit, value = null) => run(unit as string, value, context.timeZone),
      {
        volatility,
      },
    ),
    scalar(
      'date_part',
      [T.text, oid],
      T.float8,
      (context, unit, value = null) => run(unit as string, value, context.timeZone)?.toNumber() ?? null,
      { volatility },
    ),
  ];
}

// ---- date_trunc --------------------------------------------------------------------------------------------------

const STEPS: Partial<Record<TimeUnit, number>> = {
  microsecond: 1,
  millisecond: 1e3,
  second: 1e6,
  minute: 60e6,
  hour: 3600e6,
};

function truncated(name: string, local: Value, type: string): Value {
  const unit = timeUnit(name, type);
  const start = truncationOf(unit);
  if (start === undefined) throw unsupportedUnit(name, type);
  if (!isFiniteTime(local)) return local;
  const { days, micros } = dayTimeOf(local);
  const step = STEPS[unit];
  if (step !== undefined) return microsOf(days, micros - (micros % step));
  return microsOf(start(days), 0);
}

/** Hours and less are cut at the offset of the moment itself, of which the hour before may have another. */
function truncatedIn(zone: string, name: string, value: Value): Value {
  const local = toLocal(value, zone);
  const cut = truncated(name, local, TIMESTAMPTZ);
  if (STEPS[timeUnit(name, TIMESTAMPTZ)] === undefined || !isFiniteTime(local)) return toInstant(cut, zone);
  const back = Number(BigInt(local as number) - BigInt(cut as number));
  return typeof value === 'bigint' ? value - BigInt(back) : (value as number) - back;
}

/** The first day of the unit that a day is in. */
function truncationOf(unit: TimeUnit): ((days: number) => number) | undefined {
  const first =
    (year: (year: number) => number) =>
    (days: number): number =>
      daysFromCivil(year(civilFromDays(days).year), 1, 1);
  switch (unit) {
    case 'microsecond':
    case 'millisecond':
    case 'second':
    case 'minute':
    case 'hour':
    case 'day':
      return (days) => days;
    case 'week':
      return mondayOf;
    case 'month':
      return (days) => days - civilFromDays(days).day + 1;
    case 'quarter':
      return (days) => {
        const { year, month } = civilFromDays(days);
        return daysFromCivil(year, month - ((month - 1) % 3), 1);
      };
    case 'year':
      return first((year) => year);
    case 'decade':
      return first((year) => decadeOf(year) * 10);
    case 'century':
      return first((year) => (year > 0 ? spanOf(year, 100) * 100 - 99 : spanOf(year, 100) * 100 + 1));
    case 'millennium':
      return first((year) => (year > 0 ? spanOf(year, 1000) * 1000 - 999 : spanOf(year, 1000) * 1000 + 1));
    default:
      return undefined;
  }
}

const MONTHS: Partial<Record<TimeUnit, number>> = {
  month: 1,
  quarter: 3,
  year: 12,
  decade: 120,
  century: 1200,
  millennium: 12000,
};

function truncatedInterval(name: string, interval: Interval): Interval {
  const { months, days } = interval;
  const unit = timeUnit(name, 'interval');
  const span = MONTHS[unit];
  if (span !== undefined) return new Interval(Math.trunc(months / span) * span, 0, 0);
  if (unit === 'day') return new Interval(months, days, 0);
  const step = STEPS[unit];
  if (step !== undefined) {
    const big = BigInt(step);
    return new Interval(months, days, (interval.exactMicros / big) * big);
  }
  throw unsupportedUnit(name, 'interval', unit === 'week' ? 'Months usually have fractional weeks.' : undefined);
}

/** The bin of `stride` from `origin` on in which a time lies. */
function binned(stride: Interval, value: Value, origin: Value): Value {
  if (stride.months !== 0)
    throw new DriftError('0A000', 'timestamps cannot be binned into intervals containing months or years');
  if (!isFiniteTime(value)) return value;
  if (!isFiniteTime(origin)) throw new DriftError('22008', 'origin out of range');
  const step = BigInt(stride.days) * BigInt(MICROS_PER_DAY) + stride.exactMicros;
  if (step <= 0n) throw new DriftError('22008', 'stride must be greater than zero');
  const distance = BigInt(value) - BigInt(origin);
  const rest = distance % step;
  const start = BigInt(value) - rest - (rest < 0n ? step : 0n);
  const { days, micros } = dayTimeOf(start);
  return microsOf(days, micros);
}

const TIMESTAMP = 'timestamp without time zone';
const TIMESTAMPTZ = 'timestamp with time zone';

export const extractFunctions: readonly ScalarFunction[] = [
  ...extracting(T.timestamp, (unit, value: Value) => timestampField(unit, value, TIMESTAMP)),
  ...extracting(T.timestamptz, (unit, value: Value, zone) => timestampField(unit, value, TIMESTAMPTZ, zone)),
  ...extracting(T.time, fieldOfTime),
  ...extracting(T.interval, fieldOfInterval),
  pure('extract', [T.text, T.date], T.numeric, fieldOfDate),
  // date_part of a date is that of its midnight, extract its own.
  pure('date_part', [T.text, T.date], T.float8, (unit: string, days: number) => {
    return timestampField(unit, startOfDay(days), TIMESTAMP)?.toNumber() ?? null;
  }),
  pure('date_trunc', [T.text, T.timestamp], T.timestamp, (unit: string, value: Value) =>
    truncated(unit, value, TIMESTAMP),
  ),
  scalar('date_trunc', [T.text, T.timestamptz], T.timestamptz, (context, unit, value = null) =>
    truncatedIn(context.timeZone, unit as string, value),
  ),
  scalar('date_trunc', [T.text, T.timestamptz, T.text], T.timestamptz, (_context, unit, value = null, name) =>
    truncatedIn(zoneArgument(name as string), unit as string, value),
  ),
  pure('date_trunc', [T.text, T.interval], T.interval, truncatedInterval),
  ...([T.timestamp, T.timestamptz] as const).map((oid) => pure('date_bin', [T.interval, oid, oid], oid, binned)),
];
