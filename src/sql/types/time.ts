/**
 * Times of day: `time` as microseconds since midnight (24:00 included), and `timetz`, a time with the offset it was
 * given. Two timetz that are the same moment are ordered by their offsets, the more eastern first, so that only
 * identical ones are equal.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import type { Value, ValueCodec } from '../../base/vector.ts';
import type { EvalContext } from '../eval-context.ts';
import {
  daysFromCivil,
  localOf,
  MICROS_PER_DAY,
  MICROS_PER_SECOND,
  offsetText,
  roundMicros,
  timeText,
} from './datetime.ts';
import { readTimeOfDay } from './datetime-input.ts';
import { offsetAt, offsetOfLocal } from './time-zone.ts';
import type { SqlType } from './type.ts';

/** A time of day at an offset. */
export class TimeTz {
  /** Microseconds since local midnight. */
  readonly micros: number;
  /** Seconds east of UTC. */
  readonly offset: number;

  constructor(micros: number, offset: number) {
    this.micros = micros;
    this.offset = offset;
  }

  /** Microseconds since midnight UTC, below zero or beyond a day where the offset leads there. */
  get utc(): number {
    return this.micros - this.offset * MICROS_PER_SECOND;
  }

  /** The same moment at another offset. */
  at(offset: number): TimeTz {
    const local = (this.utc + offset * MICROS_PER_SECOND) % MICROS_PER_DAY;
    return new TimeTz(local < 0 ? local + MICROS_PER_DAY : local, offset);
  }

  toString(): string {
    return timeText(this.micros) + offsetText(this.offset);
  }
}

const timeOfDay = (micros: number): number => micros - Math.floor(micros / MICROS_PER_DAY) * MICROS_PER_DAY;

export const timeType: SqlType = {
  oid: 1083,
  name: 'time',
  display: 'time without time zone',
  category: 'D',
  preferred: false,
  elementOid: 0,
  arrayOid: 1183,
  length: 8,
  format: () => ({ kind: 'int' }),
  input(text, typmod, context) {
    const read = readTimeOfDay(text, 'time');
    const micros =
      read.special === 'now' ? timeOfDay(localOf(context.transactionTime, context.timeZone)) : (read.micros ?? 0);
    return roundMicros(micros, typmod);
  },
  output: (value) => timeText(value as number),
  compare: (a, b) => (a as number) - (b as number),
  hashKey: (value) => value as number,
  applyTypmod: (value, typmod) => roundMicros(value as number, typmod),
  typmodText: (typmod) => (typmod < 0 ? '' : `(${typmod})`),
};

const OFFSET_BIAS = 0x20000;

const codec: ValueCodec = {
  name: 'timetz',
  encode(value) {
    const { micros, offset } = value as TimeTz;
    const writer = new ByteWriter(16);
    writer.varint(micros);
    writer.zigzag(offset);
    return writer.finish();
  },
  decode(bytes) {
    const reader = new ByteReader(bytes, 'timetz');
    return new TimeTz(reader.varint(), reader.zigzag());
  },
  /** The moment, biased by two days to be positive, then the offset from east to west. */
  encodeKey(value) {
    const { utc, offset } = value as TimeTz;
    const bytes = new Uint8Array(11);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, BigInt(utc + 2 * MICROS_PER_DAY));
    const west = OFFSET_BIAS - offset;
    view.setUint8(8, west >> 16);
    view.setUint16(9, west & 0xffff);
    return bytes;
  },
};

export const timetzType: SqlType = {
  oid: 1266,
  name: 'timetz',
  display: 'time with time zone',
  category: 'D',
  preferred: false,
  elementOid: 0,
  arrayOid: 1270,
  length: 12,
  format: () => ({ kind: 'boxed', codec }),
  input(text, typmod, context) {
    const read = readTimeOfDay(text, 'time with time zone');
    if (read.special === 'now') return timetzAt(context.transactionTime, context.timeZone);
    const micros = roundMicros(read.micros ?? 0, typmod);
    if (typeof read.zone === 'number') return new TimeTz(micros, read.zone);
    return new TimeTz(micros, offsetOn(read, micros, context));
  },
  output: (value) => String(value),
  compare(a: Value, b: Value) {
    const [x, y] = [a as TimeTz, b as TimeTz];
    return x.utc - y.utc || y.offset - x.offset;
  },
  hashKey: (value) => `${(value as TimeTz).utc}/${(value as TimeTz).offset}`,
  applyTypmod: (value, typmod) => new TimeTz(roundMicros((value as TimeTz).micros, typmod), (value as TimeTz).offset),
  typmodText: (typmod) => (typmod < 0 ? '' : `(${typmod})`),
};

/** The offset of a named zone, or of the session's, on the date that was given or else today. */
function offsetOn(read: ReturnType<typeof readTimeOfDay>, micros: number, context: EvalContext): number {
  const zone = typeof read.zone === 'string' ? read.zone : context.timeZone;
  const days = read.dated
    ? daysFromCivil(read.year, read.month, read.day)
    : Math.floor(localOf(context.transactionTime, zone) / MICROS_PER_DAY);
  return offsetOfLocal(zone, days * MICROS_PER_DAY + micros);
}

/** The time of day of an instant in a zone. */
export function timetzAt(instant: number, zone: string): TimeTz {
  return new TimeTz(timeOfDay(localOf(instant, zone)), offsetAt(zone, instant));
}
