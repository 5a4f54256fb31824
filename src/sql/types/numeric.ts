/** numeric: exact decimals with a precision and scale. Up to 15 digits a column holds scaled doubles, else Numeric. */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import { Numeric } from '../../base/numeric.ts';
import type { ValueCodec } from '../../base/vector.ts';
import { badInput, cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

const MAX_FAST_PRECISION = 15;

/** Used again for each value: many are encoded one after the other. */
const writer = new ByteWriter();

const codec: ValueCodec = {
  name: 'numeric',
  encode(value) {
    const numeric = value as Numeric;
    writer.clear();
    writer.varint(numeric.scale);
    writer.string(numeric.special ?? numeric.coefficient.toString(36));
    return writer.finish();
  },
  decode(bytes) {
    const reader = new ByteReader(bytes, 'numeric');
    const scale = reader.varint();
    const text = reader.string();
    if (text === 'NaN' || text === 'Infinity' || text === '-Infinity') return Numeric.parse(text) ?? Numeric.NaN;
    return new Numeric(fromBase36(text), scale);
  },
  encodeKey(value) {
    return keyBytes(value as Numeric);
  },
};

/**
 * Sign, exponent, digits: 0 -Infinity, 1 negative (exponent and digits inverted), 2 zero, 3 positive, 4 Infinity, 5 NaN.
 * Digits are without trailing zeros, each plus one, ended by 0, so that equal values have equal bytes.
 */
function keyBytes(value: Numeric): Uint8Array {
  if (value.special !== null) return Uint8Array.of(value.special === 'NaN' ? 5 : value.special === 'Infinity' ? 4 : 0);
  if (value.coefficient === 0n) return Uint8Array.of(2);
  const negative = value.coefficient < 0n;
  const digits = (negative ? -value.coefficient : value.coefficient).toString();
  const exponent = digits.length - value.scale + 0x800000;
  const significant = digits.replace(/0+$/, '');
  const bytes = new Uint8Array(significant.length + 5);
  const flip = negative ? 255 : 0;
  bytes[0] = negative ? 1 : 3;
  for (let i = 0; i < 3; i++) bytes[1 + i] = ((exponent >>> (8 * (2 - i))) & 255) ^ flip;
  for (let i = 0; i < significant.length; i++) bytes[4 + i] = (significant.charCodeAt(i) - 47) ^ flip;
  bytes[bytes.length - 1] = flip;
  return bytes;
}

function fromBase36(text: string): bigint {
  const negative = text.startsWith('-');
  let value = 0n;
  for (const digit of negative ? text.slice(1) : text) value = value * 36n + BigInt(Number.parseInt(digit, 36));
  return negative ? -value : value;
}

/** PostgreSQL packs precision and scale into one integer, offset by four. */
export function numericTypmod(precision: number, scale: number): number {
  return ((precision << 16) | (scale & 0x7ff)) + 4;
}

export function precisionAndScale(typmod: number): { readonly precision: number; readonly scale: number } | null {
  if (typmod < 4) return null;
  const packed = typmod - 4;
  const scale = packed & 0x7ff;
  return { precision: (packed >>> 16) & 0xffff, scale: scale >= 1024 ? scale - 2048 : scale };
}

function fit(value: Numeric, typmod: number): Numeric {
  const limit = precisionAndScale(typmod);
  if (limit === null || value.special === 'NaN') return value;
  const { precision, scale } = limit;
  const rounded = value.special === null ? value.round(scale) : value;
  if (
    value.special !== null ||
    rounded.abs().compare(new Numeric(10n ** BigInt(Math.max(precision - scale, 0)), 0)) >= 0
  ) {
    throw new DriftError('22003', 'numeric field overflow', {
      detail: `A field with precision ${precision}, scale ${scale} must round to an absolute value less than ${precision === scale ? '1' : `10^${precision - scale}`}.`,
    });
  }
  return rounded;
}

export const numericType: SqlType = {
  oid: 1700,
  name: 'numeric',
  display: 'numeric',
  category: 'N',
  preferred: false,
  elementOid: 0,
  arrayOid: 1231,
  length: -1,
  format(typmod) {
    const limit = precisionAndScale(typmod);
    if (limit === null || limit.precision > MAX_FAST_PRECISION || limit.scale < 0) return { kind: 'boxed', codec };
    return { kind: 'decimal', scale: limit.scale, codec };
  },
  input(text, typmod) {
    const value = Numeric.parse(cleanText(text));
    if (value === undefined) throw badInput('numeric', text);
    return fit(value, typmod);
  },
  output: (value) => String(value),
  compare: (a, b) => (a as Numeric).compare(b as Numeric),
  hashKey(value) {
    const numeric = value as Numeric;
    if (numeric.special !== null) return numeric.special;
    const text = numeric.toString();
    return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
  },
  applyTypmod: (value, typmod) => fit(value as Numeric, typmod),
  typmodText(typmod) {
    const limit = precisionAndScale(typmod);
    return limit === null ? '' : `(${limit.precision},${limit.scale})`;
  },
};
