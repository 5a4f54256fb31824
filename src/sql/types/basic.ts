/** Booleans, numbers, text, uuid, bytea and the pseudo-types. */
import { DriftError } from '../../base/error.ts';
import type { Value, ValueCodec } from '../../base/vector.ts';
import { escapesBytes, extraFloatDigits } from './output-style.ts';
import { badInput, cleanText, withoutBlanks } from './text-input.ts';
import type { SqlType } from './type.ts';

type Parts = Pick<SqlType, 'oid' | 'name' | 'display' | 'category' | 'arrayOid' | 'length' | 'format' | 'input'> &
  Partial<SqlType>;

/** Fills in what most types have in common. */
export function makeType(parts: Parts): SqlType {
  return {
    preferred: false,
    elementOid: 0,
    output: (value) => String(value),
    compare: order,
    hashKey: (value) => value as string | number,
    applyTypmod: (value) => value,
    typmodText: () => '',
    ...parts,
  };
}

export function order(a: Value, b: Value): number {
  return (a as number) < (b as number) ? -1 : (a as number) > (b as number) ? 1 : 0;
}

const boolType = makeType({
  oid: 16,
  name: 'bool',
  display: 'boolean',
  category: 'B',
  preferred: true,
  arrayOid: 1000,
  length: 1,
  format: () => ({ kind: 'bool' }),
  input(text) {
    const word = cleanText(text).trim().toLowerCase();
    if (word !== '' && ['true', 'yes'].some((full) => full.startsWith(word))) return true;
    if (word !== '' && ['false', 'no'].some((full) => full.startsWith(word))) return false;
    if (word === 'on' || word === '1') return true;
    if (word === 'off' || word === 'of' || word === '0') return false;
    throw badInput('boolean', text);
  },
  output: (value) => (value === true ? 't' : 'f'),
  hashKey: (value) => (value === true ? 1 : 0),
});

function integer(oid: number, name: string, display: string, bits: number, arrayOid: number): SqlType {
  const limit = 1n << BigInt(bits - 1);
  return makeType({
    oid,
    name,
    display,
    category: 'N',
    arrayOid,
    length: bits / 8,
    format: () => ({ kind: bits === 64 ? 'int' : 'i32' }),
    input(text) {
      const trimmed = cleanText(text).trim();
      if (!/^[+-]?\d+$/.test(trimmed)) throw badInput(display, text);
      const value = BigInt(trimmed.startsWith('+') ? trimmed.slice(1) : trimmed);
      if (value >= limit || value < -limit)
        throw new DriftError('22003', `value "${text}" is out of range for type ${display}`);
      const number = Number(value);
      return Number.isSafeInteger(number) ? number : value;
    },
  });
}

/** Shortest text that reads back as the same double, in PostgreSQL's form of exponents. */
export function floatText(value: number, single: boolean): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  let shortest = String(value);
  if (single)
    for (let digits = 1; digits <= 9; digits++) {
      const candidate = value.toPrecision(digits);
      if (Math.fround(Number(candidate)) === value) {
        shortest = String(Number(candidate));
        break;
      }
    }
  const exponent = Math.floor(Number(Math.abs(Number(shortest)).toExponential().split('e')[1]));
  if (exponent >= -4 && exponent < (single ? 6 : 15) + 0) return plainText(shortest);
  const [mantissa = '0', power = '0'] = Number(shortest).toExponential().split('e');
  if (exponent >= 0 && exponent < (single ? 6 : 15)) return plainText(shortest);
  const size = Math.abs(Number(power));
  return `${mantissa}e${Number(power) < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`;
}

/** As C's %g prints it: so many digits, without zeros at the end. */
function roundedText(value: number, digits: number): string {
  if (!Number.isFinite(value) || value === 0) return floatText(value, false);
  const count = Math.max(1, digits);
  const [mantissa = '0', power = '0'] = value.toExponential(count - 1).split('e');
  const exponent = Number(power);
  if (exponent < -4 || exponent >= count) {
    const size = Math.abs(exponent);
    const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
    return `${short}e${exponent < 0 ? '-' : '+'}${size < 10 ? '0' : ''}${size}`;
  }
  const plain = value.toFixed(Math.max(0, count - 1 - exponent));
  return plain.includes('.') ? plain.replace(/\.?0+$/, '') : plain;
}

function plainText(text: string): string {
  if (!text.includes('e')) return text;
  const value = Number(text);
  return value.toFixed(
    Math.max(0, (text.split('e')[0] ?? '').replace(/^-?\d\.?/, '').length - Number(text.split('e')[1])),
  );
}

function float(oid: number, name: string, display: string, single: boolean, arrayOid: number): SqlType {
  return makeType({
    oid,
    name,
    display,
    category: 'N',
    preferred: !single,
    arrayOid,
    length: single ? 4 : 8,
    format: () => ({ kind: 'f64' }),
    input(text) {
      const trimmed = cleanText(text).trim().toLowerCase();
      const special = /^([+-]?)(inf|infinity|nan)$/.exec(trimmed);
      if (special !== null) return special[2] === 'nan' ? Number.NaN : special[1] === '-' ? -Infinity : Infinity;
      if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(trimmed)) throw badInput(display, text);
      const value = single ? Math.fround(Number(trimmed)) : Number(trimmed);
      const zero = value === 0 && /[1-9]/.test(trimmed.split('e')[0] ?? '');
      if (!Number.isFinite(value) || zero)
        throw new DriftError('22003', `"${text}" is out of range for type ${display}`);
      return value;
    },
    output(value, context) {
      const extra = extraFloatDigits(context);
      return extra > 0 ? floatText(value as number, single) : roundedText(value as number, (single ? 6 : 15) + extra);
    },
    compare(a, b) {
      const [x, y] = [a as number, b as number];
      if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) ? (Number.isNaN(y) ? 0 : 1) : -1;
      return x < y ? -1 : x > y ? 1 : 0;
    },
    hashKey: (value) => (value as number) + 0,
  });
}

/** Characters that a declared length lets through; code points count. */
function fitLength(text: string, typmod: number, explicit: boolean, display: string): string {
  if (typmod < 4) return text;
  const limit = typmod - 4;
  if (text.length <= limit) return text;
  const points = [...text];
  if (points.length <= limit) return text;
  const rest = points.slice(limit);
  if (!explicit && rest.some((char) => char !== ' '))
    throw new DriftError('22001', `value too long for type ${display}(${limit})`);
  return points.slice(0, limit).join('');
}

function text(oid: number, name: string, display: string, arrayOid: number, parts: Partial<SqlType> = {}): SqlType {
  return makeType({
    oid,
    name,
    display,
    category: 'S',
    arrayOid,
    length: -1,
    format: () => ({ kind: 'text' }),
    input: (value) => cleanText(value),
    ...parts,
  });
}

const lengthText = (typmod: number): string => (typmod < 4 ? '' : `(${typmod - 4})`);

const varcharType = text(1043, 'varchar', 'character varying', 1015, {
  input: (value, typmod) => fitLength(cleanText(value), typmod, false, 'character varying'),
  applyTypmod: (value, typmod, explicit) => fitLength(value as string, typmod, explicit, 'character varying'),
  typmodText: lengthText,
});

function padded(value: string, typmod: number, explicit: boolean): string {
  if (typmod < 4) return value;
  const fitted = fitLength(value, typmod, explicit, 'character');
  const missing = typmod - 4 - [...fitted].length;
  return missing > 0 ? fitted + ' '.repeat(missing) : fitted;
}

/** char(n): blank-padded; trailing blanks do not count in comparisons. */
const bpcharType = text(1042, 'bpchar', 'character', 1014, {
  input: (value, typmod) => padded(cleanText(value), typmod, false),
  applyTypmod: (value, typmod, explicit) => padded(value as string, typmod, explicit),
  compare: (a, b) => order(withoutBlanks(a as string), withoutBlanks(b as string)),
  hashKey: (value) => withoutBlanks(value as string),
  typmodText: lengthText,
});

/** The name of a cursor. */
const refcursorType = makeType({
  oid: 1790,
  name: 'refcursor',
  display: 'refcursor',
  category: 'U',
  arrayOid: 2201,
  length: -1,
  format: () => ({ kind: 'text' }),
  input: (text) => cleanText(text),
});

const uuidType = makeType({
  oid: 2950,
  name: 'uuid',
  display: 'uuid',
  category: 'U',
  arrayOid: 2951,
  length: 16,
  format: () => ({ kind: 'text' }),
  input(value) {
    const digits = cleanText(value)
      .toLowerCase()
      .replace(/^\{(.*)\}$/, '$1')
      .replaceAll(/(?<=^(?:[0-9a-f]{4}-?)+)-(?=[0-9a-f])/g, '');
    if (!/^[0-9a-f]{32}$/.test(digits)) throw badInput('uuid', value);
    return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-${digits.slice(16, 20)}-${digits.slice(20)}`;
  },
});

/** Zero bytes are escaped so that a shorter value sorts before its continuations. */
const byteaCodec: ValueCodec = {
  name: 'bytea',
  encode: (value) => value as Uint8Array,
  decode: (bytes) => bytes.slice(),
  encodeKey(value) {
    const out: number[] = [];
    for (const byte of value as Uint8Array) out.push(...(byte === 0 ? [0, 255] : [byte]));
    out.push(0, 0);
    return Uint8Array.from(out);
  },
};

export function hexText(bytes: Uint8Array): string {
  let hex = '';
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0');
  return hex;
}

/** Bytes as characters; what is none of ASCII's printable ones in octal. */
function escapedText(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 92) text += '\\\\';
    else if (byte < 32 || byte > 126) text += `\\${byte.toString(8).padStart(3, '0')}`;
    else text += String.fromCharCode(byte);
  }
  return text;
}

const byteaType = makeType({
  oid: 17,
  name: 'bytea',
  display: 'bytea',
  category: 'U',
  arrayOid: 1001,
  length: -1,
  format: () => ({ kind: 'boxed', codec: byteaCodec }),
  input(value) {
    if (value.startsWith('\\x')) {
      const digits = value.slice(2).replaceAll(/\s/g, '');
      if (digits.length % 2 !== 0) throw new DriftError('22023', 'invalid hexadecimal data: odd number of digits');
      if (!/^[0-9a-f]*$/i.test(digits)) throw new DriftError('22023', 'invalid hexadecimal digit');
      return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
        Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
      );
    }
    const bytes: number[] = [];
    for (const part of value.match(/\\\\|\\[0-3][0-7]{2}|[^\\]+|\\/g) ?? []) {
      if (part === '\\') throw badInput('bytea', value);
      if (part === '\\\\') bytes.push(92);
      else if (part.startsWith('\\')) bytes.push(Number.parseInt(part.slice(1), 8));
      else bytes.push(...new TextEncoder().encode(cleanText(part)));
    }
    return Uint8Array.from(bytes);
  },
  output: (value, context) =>
    escapesBytes(context) ? escapedText(value as Uint8Array) : `\\x${hexText(value as Uint8Array)}`,
  compare(a, b) {
    const [x, y] = [a as Uint8Array, b as Uint8Array];
    for (let i = 0; i < Math.min(x.length, y.length); i++)
      if (x[i] !== y[i]) return (x[i] as number) - (y[i] as number);
    return x.length - y.length;
  },
  hashKey: (value) => hexText(value as Uint8Array),
});

const PSEUDO: readonly (readonly [number, string])[] = [
  [2276, 'any'],
  [2277, 'anyarray'],
  [2278, 'void'],
  [2279, 'trigger'],
  [2283, 'anyelement'],
  [2776, 'anynonarray'],
  [3500, 'anyenum'],
];

function pseudo(oid: number, name: string): SqlType {
  return makeType({
    oid,
    name,
    display: name,
    category: 'P',
    arrayOid: 0,
    length: 4,
    format: () => ({ kind: 'boxed' }),
    input(value) {
      if (name === 'void') return '';
      throw new DriftError('0A000', `cannot accept a value of type ${name}: "${value}"`);
    },
  });
}

export const basicTypes: readonly SqlType[] = [
  boolType,
  integer(21, 'int2', 'smallint', 16, 1005),
  integer(23, 'int4', 'integer', 32, 1007),
  integer(20, 'int8', 'bigint', 64, 1016),
  float(700, 'float4', 'real', true, 1021),
  float(701, 'float8', 'double precision', false, 1022),
  text(25, 'text', 'text', 1009, { preferred: true }),
  varcharType,
  bpcharType,
  { ...text(705, 'unknown', 'unknown', 0), category: 'X', length: -2 },
  uuidType,
  refcursorType,
  byteaType,
  ...PSEUDO.map(([oid, name]) => pseudo(oid, name)),
];
