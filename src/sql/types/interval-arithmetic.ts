/** Sums, multiples and differences of intervals, and times moved by them. */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import {
  civilFromDays,
  dayTimeOf,
  daysFromCivil,
  daysInMonth,
  isFiniteTime,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  microsOf,
} from './datetime.ts';
import { Interval, makeInterval } from './interval.ts';

/** Throws 22008. */
export function addIntervals(a: Interval, b: Interval, sign: 1 | -1 = 1): Interval {
  const near = a.micros + sign * b.micros;
  const exact = Number.isSafeInteger(near) && !a.isWide && !b.isWide;
  const micros = exact ? near : a.exactMicros + BigInt(sign) * b.exactMicros;
  return makeInterval(a.months + sign * b.months, a.days + sign * b.days, micros);
}

/** Throws 22008: the least values have no counterpart. */
export function negated(interval: Interval): Interval {
  return addIntervals(new Interval(0, 0, 0), interval, -1);
}

/** Seven digits of seconds and of days are kept where fractions go down to smaller units. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/** To the nearest integer, halves to the even one, as C's rint does. */
function nearest(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Multiplies (or divides) each part; fractions of months become days, those of days time. */
export function scaleInterval(interval: Interval, factor: number, divide = false): Interval {
  const scale = (part: number): number => (divide ? part / factor : part * factor);
  const [months, days] = [scale(interval.months), scale(interval.days)];
  const [wholeMonths, wholeDays] = [Math.trunc(months), Math.trunc(days)];
  const monthDays = rounded((months - wholeMonths) * 30);
  let seconds = rounded((days - wholeDays + monthDays - Math.trunc(monthDays)) * 86400);
  const carry = Math.abs(seconds) >= 86400 ? Math.trunc(seconds / 86400) : 0;
  seconds -= carry * 86400;
  const micros = nearest(scale(interval.micros) + seconds * MICROS_PER_SECOND);
  return makeInterval(wholeMonths, wholeDays + carry + Math.trunc(monthDays), micros);
}

/** Moves a local timestamp by months on the calendar (the day is kept within the month), then days, then time. */
export function plusInterval(value: Value, by: Interval, sign: 1 | -1 = 1): Value {
  if (!isFiniteTime(value)) return value;
  let { days, micros } = dayTimeOf(value);
  if (by.months !== 0) {
    const { year, month, day } = civilFromDays(days);
    const total = year * 12 + month - 1 + by.months * sign;
    const [y, m] = [Math.floor(total / 12), (((total % 12) + 12) % 12) + 1];
    days = daysFromCivil(y, m, Math.min(day, daysInMonth(y, m)));
  }
  micros += by.timeRest * sign;
  const carry = Math.floor(micros / MICROS_PER_DAY);
  return microsOf(days + (by.days + by.timeDays) * sign + carry, micros - carry * MICROS_PER_DAY);
}

/** The time between two timestamps in days and less. Throws 22008 where one is infinite. */
export function timeBetween(later: Value, earlier: Value): Interval {
  if (!isFiniteTime(later) || !isFiniteTime(earlier))
    throw new DriftError('22008', 'cannot subtract infinite timestamps');
  const [a, b] = [dayTimeOf(later), dayTimeOf(earlier)];
  let [days, micros] = [a.days - b.days, a.micros - b.micros];
  if (days > 0 && micros < 0) [days, micros] = [days - 1, micros + MICROS_PER_DAY];
  if (days < 0 && micros > 0) [days, micros] = [days + 1, micros - MICROS_PER_DAY];
  return new Interval(0, days, micros);
}
