/** Making dates, times and intervals of numbers, ages, overlaps (PostgreSQL's chapter 9.9). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import {
  asMicros,
  civilFromDays,
  dayTimeOf,
  daysFromCivil,
  daysInMonth,
  isFiniteTime,
  localOf,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  microsOf,
  shifted,
  toInstant,
  toLocal,
} from '../types/datetime.ts';
import { negated, plusInterval } from '../types/interval-arithmetic.ts';
import { Interval, makeInterval } from '../types/interval.ts';
import { dayMicros } from './casts.ts';
import { pure, scalar, T } from './define.ts';
import type { ScalarFunction } from './function.ts';

const two = (value: number): string => String(value).padStart(2, '0');

/** A negative year is one BC. */
function makeDate(year: number, month: number, day: number): number {
  const counted = year < 0 ? year + 1 : year;
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysInMonth(counted, month))
    throw new DriftError('22008', `date field value out of range: ${year}-${two(month)}-${two(day)}`);
  const days = daysFromCivil(counted, month, day);
  if (days < -2440588 || counted > 5874897)
    throw new DriftError('22008', `date out of range: ${year}-${two(month)}-${two(day)}`);
  return days;
}

function makeTime(hour: number, minute: number, second: number): number {
  const micros = (hour * 3600 + minute * 60) * MICROS_PER_SECOND + Math.round(second * MICROS_PER_SECOND);
  const valid = hour >= 0 && hour <= 24 && minute >= 0 && minute < 60 && second >= 0 && second <= 60;
  if (!valid || micros > MICROS_PER_DAY) {
    const shown = `${hour}:${two(minute)}:${String(Number(second.toPrecision(6))).padStart(2, '0')}`;
    throw new DriftError('22008', `time field value out of range: ${shown}`);
  }
  return micros;
}

function makeTimestamp(y: number, mo: number, d: number, h: number, mi: number, s: number): Value {
  const days = makeDate(y, mo, d);
  const micros = makeTime(h, mi, s);
  return micros === MICROS_PER_DAY ? microsOf(days + 1, 0) : microsOf(days, micros);
}

/** A zone by name, or an offset with its sign, positive to the east. */
function inZone(local: Value, zone: string): Value {
  if (!/^[+-]?\d/.test(zone)) return toInstant(local, zone);
  const match = /^([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?$/.exec(zone);
  if (match === null) {
    throw new DriftError('22023', `invalid input syntax for type numeric time zone: "${zone}"`, {
      hint: 'Numeric time zones must have "-" or "+" as first character.',
    });
  }
  const [hours, minutes, seconds] = [Number(match[2]), Number(match[3] ?? 0), Number(match[4] ?? 0)];
  if (hours > 15 || minutes > 59 || seconds > 59)
    throw new DriftError('22023', `numeric time zone "${zone}" out of range`);
  const offset = hours * 3600 + minutes * 60 + seconds;
  return shifted(local, match[1] === '-' ? offset : -offset);
}

function intervalOf(y = 0, mo = 0, w = 0, d = 0, h = 0, mi = 0, s = 0): Interval {
  if (!Number.isFinite(s)) throw new DriftError('22008', 'interval out of range');
  const micros = BigInt(h * 3600 + mi * 60) * BigInt(MICROS_PER_SECOND) + BigInt(Math.round(s * MICROS_PER_SECOND));
  return makeInterval(y * 12 + mo, w * 7 + d, micros);
}

// ---- intervals ---------------------------------------------------------------------------------------------------

/** Carries from a smaller part to a greater one, and gives both the same sign. */
function carried(greater: number, smaller: number, size: number): [number, number] {
  const carry = Math.trunc(smaller / size);
  let [a, b] = [greater + carry, smaller - carry * size];
  if (a > 0 && b < 0) [a, b] = [a - 1, b + size];
  else if (a < 0 && b > 0) [a, b] = [a + 1, b - size];
  return [a + 0, b + 0];
}

function justifyHours({ months, days, timeDays, timeRest }: Interval): Interval {
  const [wholeDays, rest] = carried(days + timeDays, timeRest, MICROS_PER_DAY);
  return makeInterval(months, wholeDays, rest);
}

function justifyDays({ months, days, exactMicros }: Interval): Interval {
  const [wholeMonths, rest] = carried(months, days, 30);
  return makeInterval(wholeMonths, rest, exactMicros);
}

/** Both, and one sign for all three parts. */
function justifyInterval(interval: Interval): Interval {
  let { months } = interval;
  let [days, micros] = carried(interval.days + interval.timeDays, interval.timeRest, MICROS_PER_DAY);
  const carry = Math.trunc(days / 30);
  [months, days] = [months + carry, days - carry * 30];
  if (months > 0 && (days < 0 || (days === 0 && micros < 0))) [months, days] = [months - 1, days + 30];
  else if (months < 0 && (days > 0 || (days === 0 && micros > 0))) [months, days] = [months + 1, days - 30];
  if (days > 0 && micros < 0) [days, micros] = [days - 1, micros + MICROS_PER_DAY];
  else if (days < 0 && micros > 0) [days, micros] = [days + 1, micros - MICROS_PER_DAY];
  return makeInterval(months + 0, days + 0, micros + 0);
}

/** Years, months, days and time between two times; a day more is borrowed from the earlier one's month. */
function age(later: Value, earlier: Value): Interval {
  if (!isFiniteTime(later) || !isFiniteTime(earlier))
    throw new DriftError('22008', 'cannot subtract infinite timestamps');
  if (later < earlier) return negated(age(earlier, later));
  const [end, start] = [dayTimeOf(later), dayTimeOf(earlier)];
  const [a, b] = [civilFromDays(end.days), civilFromDays(start.days)];
  const borrowed = end.micros < start.micros;
  const micros = end.micros - start.micros + (borrowed ? MICROS_PER_DAY : 0);
  let months = (a.year - b.year) * 12 + a.month - b.month;
  let days = a.day - b.day - (borrowed ? 1 : 0);
  if (days < 0) {
    months--;
    days += daysInMonth(b.year, b.month);
  }
  return new Interval(months, days, micros);
}

function today(context: EvalContext): Value {
  const local = localOf(context.transactionTime, context.timeZone);
  return local - (((local % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY);
}

// ---- OVERLAPS ----------------------------------------------------------------------------------------------------

/**
 * Whether two half-open periods share a moment. Either end may be null: what is known decides where it can (SQL's
 * OVERLAPS predicate, as overlaps_timestamp of PostgreSQL has it).
 */
function overlaps(a: Value, b: Value, c: Value, d: Value): Value {
  const first = ordered(a, b);
  const second = ordered(c, d);
  if (first === null || second === null) return null;
  const [s1, e1] = first;
  const [s2, e2] = second;
  if (s1 > s2) return e2 !== null && s1 < e2 ? true : e1 === null || e2 === null ? null : false;
  if (s1 < s2) return e1 !== null && s2 < e1 ? true : e1 === null || e2 === null ? null : false;
  return e1 === null || e2 === null ? null : true;
}

/** The known end first. */
function ordered(a: Value, b: Value): [number, number | null] | null {
  if (a === null && b === null) return null;
  if (a === null || b === null) return [asMicros(a ?? b), null];
  const [x, y] = [asMicros(a), asMicros(b)];
  return x > y ? [y, x] : [x, y];
}

type Move = (value: Value, by: Interval, context: EvalContext) => Value;

/** The four forms of overlaps: each period ends at a time or after an interval. */
function overlapsOf(oid: number, move: Move): ScalarFunction[] {
  return [T.interval, oid].flatMap((first) =>
    [T.interval, oid].map((second) =>
      scalar(
        'overlaps',
        [oid, first, oid, second],
        T.bool,
        (context, a = null, b = null, c = null, d = null) => {
          const end = (start: Value, given: Value): Value =>
            start !== null && given instanceof Interval
              ? move(start, given, context)
              : given instanceof Interval
                ? null
                : given;
          return overlaps(a, end(a, b), c, end(c, d));
        },
        { strict: false, volatility: oid === T.timestamptz ? 'stable' : 'immutable' },
      ),
    ),
  );
}

const ints = (count: number): number[] => new Array<number>(count).fill(T.int4);

const TIMESTAMP_NAMES = 'year month mday hour min sec';

export const makeTimeFunctions: readonly ScalarFunction[] = [
  pure('make_date', ints(3), T.date, makeDate, { names: 'year month day' }),
  pure('make_time', [...ints(2), T.float8], T.time, makeTime, { names: 'hour min sec' }),
  pure('make_timestamp', [...ints(5), T.float8], T.timestamp, makeTimestamp, { names: TIMESTAMP_NAMES }),
  scalar('make_timestamptz', [...ints(5), T.float8], T.timestamptz, (context, ...parts) =>
    toInstant(makeTimestamp(...(parts as Parameters<typeof makeTimestamp>)), context.timeZone),
  ),
  scalar('make_timestamptz', [...ints(5), T.float8, T.text], T.timestamptz, (_context, ...parts) => {
    const zone = parts.pop() as string;
    return inZone(makeTimestamp(...(parts as Parameters<typeof makeTimestamp>)), zone);
  }),
  pure('make_interval', [...ints(6), T.float8], T.interval, intervalOf, {
    optional: 7,
    names: 'years months weeks days hours mins secs',
  }),
  pure('to_timestamp', [T.float8], T.timestamptz, (seconds: number) => {
    if (Number.isNaN(seconds)) throw new DriftError('22008', 'timestamp cannot be NaN');
    if (!Number.isFinite(seconds)) return seconds;
    if (seconds < -210866803200 || seconds >= 9224318016000)
      throw new DriftError('22008', `timestamp out of range: "${seconds}"`);
    const days = Math.floor(seconds / 86400);
    return microsOf(days, Math.round((seconds - days * 86400) * MICROS_PER_SECOND));
  }),
  pure('justify_days', [T.interval], T.interval, justifyDays),
  pure('justify_hours', [T.interval], T.interval, justifyHours),
  pure('justify_interval', [T.interval], T.interval, justifyInterval),
  pure('isfinite', [T.timestamptz], T.bool, (value: Value) => isFiniteTime(value)),
  pure('isfinite', [T.timestamp], T.bool, (value: Value) => isFiniteTime(value)),
  pure('isfinite', [T.date], T.bool, (days: number) => Number.isFinite(dayMicros(days))),
  pure('isfinite', [T.interval], T.bool, () => true),
  pure('age', [T.timestamp, T.timestamp], T.interval, age),
  scalar('age', [T.timestamptz, T.timestamptz], T.interval, (context, a = null, b = null) =>
    age(toLocal(a, context.timeZone), toLocal(b, context.timeZone)),
  ),
  scalar('age', [T.timestamp], T.interval, (context, value = null) => age(today(context), value)),
  scalar('age', [T.timestamptz], T.interval, (context, value = null) =>
    age(today(context), toLocal(value, context.timeZone)),
  ),
  ...overlapsOf(T.timestamp, (value, by) => plusInterval(value, by)),
  ...overlapsOf(T.timestamptz, (value, by, { timeZone }) =>
    toInstant(plusInterval(toLocal(value, timeZone), by), timeZone),
  ),
  ...overlapsOf(
    T.time,
    (value, by) => ((((value as number) + by.timeRest) % MICROS_PER_DAY) + MICROS_PER_DAY) % MICROS_PER_DAY,
  ),
  ...([T.timestamp, T.timestamptz] as const).map((oid) =>
    pure(
      'timezone',
      [T.interval, oid],
      oid === T.timestamp ? T.timestamptz : T.timestamp,
      (zone: Interval, value: Value) => {
        if (zone.months !== 0 || zone.days !== 0)
          throw new DriftError('22023', `interval time zone "${String(zone)}" must not include months or days`);
        const seconds = Math.trunc(zone.micros / MICROS_PER_SECOND);
        return isFiniteTime(value) ? shifted(value, oid === T.timestamp ? -seconds : seconds) : value;
      },
    ),
  ),
];
