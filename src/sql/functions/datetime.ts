/** Arithmetic and functions of dates, times and intervals (PostgreSQL's chapter 9.9). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import {
  asMicros,
  daysBetween,
  isFiniteTime,
  localOf,
  MICROS_PER_DAY,
  microsOf,
  plusDays,
  toInstant,
  toLocal,
} from '../types/datetime.ts';
import { zoneArgument } from '../types/time-zone.ts';
import { addIntervals, negated, plusInterval, scaleInterval, timeBetween } from '../types/interval-arithmetic.ts';
import { Interval } from '../types/interval.ts';
import { dayMicros, dayOf, startOfDay } from './casts.ts';
import { pure, scalar, T } from './define.ts';
import type { OperatorEntry, ScalarFunction } from './function.ts';

function op(
  name: string,
  left: number,
  right: number,
  returns: number,
  id: string,
  call: (a: never, b: never) => Value,
): OperatorEntry {
  return { name, left, right, fn: pure(id, [left, right], returns, call) };
}

/** A local timestamp moved by an interval, as a number: for series, which step through near centuries. */
export function addInterval(local: number, by: Interval): number {
  return asMicros(plusInterval(local, by));
}

/** The same for a moment in a zone. */
export function addZoned(at: number, by: Interval, zone: string): number {
  return asMicros(plusZoned(at, by, zone, 1));
}

/** Months and days count on the zone's calendar, the rest in elapsed time. */
function plusZoned(value: Value, by: Interval, zone: string, sign: 1 | -1): Value {
  const calendar = plusInterval(toLocal(value, zone), new Interval(by.months, by.days, 0), sign);
  return plusInterval(toInstant(calendar, zone), new Interval(0, 0, by.exactMicros), sign);
}

function zoned(name: string, sign: 1 | -1): OperatorEntry {
  return {
    name,
    left: T.timestamptz,
    right: T.interval,
    fn: scalar(
      sign > 0 ? 'timestamptz_pl_interval' : 'timestamptz_mi_interval',
      [T.timestamptz, T.interval],
      T.timestamptz,
      (context, a = null, b) => plusZoned(a, b as Interval, context.timeZone, sign),
    ),
  };
}

const wrap = (micros: number): number => ((micros % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY;

export const datetimeOperators: readonly OperatorEntry[] = [
  op('+', T.date, T.int4, T.date, 'date_pli', plusDays),
  op('+', T.int4, T.date, T.date, 'integer_pl_date', (a: number, b: number) => plusDays(b, a)),
  op('-', T.date, T.int4, T.date, 'date_mii', (a: number, b: number) => plusDays(a, -b)),
  op('-', T.date, T.date, T.int4, 'date_mi', daysBetween),
  op('+', T.date, T.interval, T.timestamp, 'date_pl_interval', (a: number, b: Interval) =>
    plusInterval(startOfDay(a), b),
  ),
  op('-', T.date, T.interval, T.timestamp, 'date_mi_interval', (a: number, b: Interval) =>
    plusInterval(startOfDay(a), b, -1),
  ),
  op('+', T.interval, T.date, T.timestamp, 'interval_pl_date', (a: Interval, b: number) =>
    plusInterval(startOfDay(b), a),
  ),
  op('+', T.date, T.time, T.timestamp, 'datetime_pl', (a: number, b: number) =>
    Number.isFinite(dayMicros(a)) ? microsOf(a, b) : startOfDay(a),
  ),
  op('+', T.timestamp, T.interval, T.timestamp, 'timestamp_pl_interval', (a: number, b: Interval) =>
    plusInterval(a, b),
  ),
  op('-', T.timestamp, T.interval, T.timestamp, 'timestamp_mi_interval', (a: number, b: Interval) =>
    plusInterval(a, b, -1),
  ),
  op('+', T.interval, T.timestamp, T.timestamp, 'interval_pl_timestamp', (a: Interval, b: number) =>
    plusInterval(b, a),
  ),
  op('-', T.timestamp, T.timestamp, T.interval, 'timestamp_mi', timeBetween),
  op('-', T.timestamptz, T.timestamptz, T.interval, 'timestamptz_mi', timeBetween),
  {
    name: '+',
    left: T.interval,
    right: T.timestamptz,
    fn: scalar('interval_pl_timestamptz', [T.interval, T.timestamptz], T.timestamptz, (context, by, value = null) =>
      plusZoned(value, by as Interval, context.timeZone, 1),
    ),
  },
  op('+', T.interval, T.time, T.time, 'interval_pl_time', (a: Interval, b: number) => wrap(b + a.timeRest)),
  op('+', T.time, T.date, T.timestamp, 'timedate_pl', (a: number, b: number) => {
    const start = startOfDay(b);
    return isFiniteTime(start) ? microsOf(b, a) : start;
  }),
  zoned('+', 1),
  zoned('-', -1),
  op('+', T.interval, T.interval, T.interval, 'interval_pl', (a: Interval, b: Interval) => addIntervals(a, b)),
  op('-', T.interval, T.interval, T.interval, 'interval_mi', (a: Interval, b: Interval) => addIntervals(a, b, -1)),
  op('*', T.interval, T.float8, T.interval, 'interval_mul', (a: Interval, b: number) => scaleInterval(a, b)),
  op('*', T.float8, T.interval, T.interval, 'mul_d_interval', (a: number, b: Interval) => scaleInterval(b, a)),
  op('/', T.interval, T.float8, T.interval, 'interval_div', (a: Interval, b: number) => {
    if (b === 0) throw new DriftError('22012', 'division by zero');
    return scaleInterval(a, b, true);
  }),
  op('+', T.time, T.interval, T.time, 'time_pl_interval', (a: number, b: Interval) => wrap(a + b.timeRest)),
  op('-', T.time, T.interval, T.time, 'time_mi_interval', (a: number, b: Interval) => wrap(a - b.timeRest)),
  op('-', T.time, T.time, T.interval, 'time_mi_time', (a: number, b: number) => new Interval(0, 0, a - b)),
  {
    name: '-',
    left: 0,
    right: T.interval,
    fn: pure('interval_um', [T.interval], T.interval, negated),
  },
];

const now = (name: string, returns: number, value: ScalarFunction['call']): ScalarFunction =>
  scalar(name, [], returns, value);

export const datetimeFunctions: readonly ScalarFunction[] = [
  now('now', T.timestamptz, (context) => context.transactionTime),
  now('transaction_timestamp', T.timestamptz, (context) => context.transactionTime),
  now('statement_timestamp', T.timestamptz, (context) => context.statementTime),
  scalar('clock_timestamp', [], T.timestamptz, (context) => context.clock(), { volatility: 'volatile' }),
  now('current_date', T.date, (context) => dayOf(localOf(context.transactionTime, context.timeZone))),
  now('current_timestamp', T.timestamptz, (context) => context.transactionTime),
  now('localtimestamp', T.timestamp, (context) => localOf(context.transactionTime, context.timeZone)),
  scalar(
    'timezone',
    [T.text, T.timestamptz],
    T.timestamp,
    (_context, zone, value) => toLocal(value ?? null, zoneArgument(String(zone))),
    { volatility: 'immutable' },
  ),
  scalar(
    'timezone',
    [T.text, T.timestamp],
    T.timestamptz,
    (_context, zone, value) => toInstant(value ?? null, zoneArgument(String(zone))),
    { volatility: 'immutable' },
  ),
];
