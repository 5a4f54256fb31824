/** Functions, operators and casts of bit strings (PostgreSQL's chapter 9.6). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { aggregate, pure, T } from './define.ts';
import type { AggregateFunction, CastEntry, OperatorEntry, ScalarFunction } from './function.ts';
import { pureOperator } from './pure-operator.ts';

const BIT = 1560;
const VARBIT = 1562;

type Combine = (a: string, b: string) => boolean;

function combined(word: string, combine: Combine): (a: string, b: string) => string {
  return (a, b) => {
    if (a.length !== b.length) throw new DriftError('22026', `cannot ${word} bit strings of different sizes`);
    return Array.from(a, (bit, i) => (combine(bit, b[i] as string) ? '1' : '0')).join('');
  };
}

const and = combined('AND', (a, b) => a === '1' && b === '1');
const or = combined('OR', (a, b) => a === '1' || b === '1');
const xor = combined('XOR', (a, b) => a !== b);

function shifted(bits: string, count: number): string {
  if (count >= 0) return bits.slice(Math.min(count, bits.length)).padEnd(bits.length, '0');
  return bits.slice(0, Math.max(0, bits.length + count)).padStart(bits.length, '0');
}

function substring(bits: string, from: number, count?: number): string {
  if (count !== undefined && count < 0) throw new DriftError('22011', 'negative substring length not allowed');
  const end = count === undefined ? Infinity : from + count;
  return bits.slice(Math.max(from, 1) - 1, Math.max(end, 1) - 1);
}

function overlay(bits: string, other: string, from: number, count: number = other.length): string {
  if (from <= 0) throw new DriftError('22011', 'negative substring length not allowed');
  return bits.slice(0, from - 1) + other + bits.slice(from - 1 + count);
}

function checkIndex(bits: string, n: number): void {
  if (n < 0 || n >= bits.length)
    throw new DriftError('2202E', `bit index ${n} out of valid range (0..${bits.length - 1})`);
}

export const bitOperators: readonly OperatorEntry[] = [
  pureOperator('&', [BIT, BIT], BIT, 'bitand', and),
  pureOperator('|', [BIT, BIT], BIT, 'bitor', or),
  pureOperator('#', [BIT, BIT], BIT, 'bitxor', xor),
  pureOperator('~', [0, BIT], BIT, 'bitnot', (bits: string) =>
    Array.from(bits, (bit) => (bit === '1' ? '0' : '1')).join(''),
  ),
  pureOperator('<<', [BIT, T.int4], BIT, 'bitshiftleft', shifted),
  pureOperator('>>', [BIT, T.int4], BIT, 'bitshiftright', (bits: string, count: number) => shifted(bits, -count)),
  pureOperator('||', [VARBIT, VARBIT], VARBIT, 'bitcat', (a: string, b: string) => a + b),
];

export const bitFunctions: readonly ScalarFunction[] = [
  pure('length', [BIT], T.int4, (bits: string) => bits.length),
  pure('bit_length', [BIT], T.int4, (bits: string) => bits.length),
  pure('octet_length', [BIT], T.int4, (bits: string) => Math.ceil(bits.length / 8)),
  pure('bit_count', [BIT], T.int8, (bits: string) => bits.replaceAll('0', '').length),
  pure('position', [BIT, BIT], T.int4, (bits: string, part: string) =>
    part === '' && bits !== '' ? 1 : bits.indexOf(part) + 1,
  ),
  pure('substring', [BIT, T.int4], BIT, substring),
  pure('substring', [BIT, T.int4, T.int4], BIT, substring),
  pure('overlay', [BIT, BIT, T.int4], BIT, overlay),
  pure('overlay', [BIT, BIT, T.int4, T.int4], BIT, overlay),
  pure('get_bit', [BIT, T.int4], T.int4, (bits: string, n: number) => {
    checkIndex(bits, n);
    return Number(bits[n]);
  }),
  pure('set_bit', [BIT, T.int4, T.int4], BIT, (bits: string, n: number, value: number) => {
    checkIndex(bits, n);
    if (value !== 0 && value !== 1) throw new DriftError('22023', 'new bit must be 0 or 1');
    return bits.slice(0, n) + value + bits.slice(n + 1);
  }),
];

function fold(name: string, combine: (a: string, b: string) => string): AggregateFunction {
  return aggregate<string | null>(name, [BIT], BIT, {
    init: () => null,
    step: (state, [value]) => (state === null ? (value as string) : combine(state, value as string)),
    final: (state) => state,
  });
}

export const bitAggregates: readonly AggregateFunction[] = [
  fold('bit_and', and),
  fold('bit_or', or),
  fold('bit_xor', xor),
];

/** The lowest bits of an integer, as many as the type modifier says: a shorter type is extended by its sign. */
function bitsOf(from: number, width: number): ScalarFunction {
  const call = (value: number | bigint, typmod = -1): string =>
    BigInt.asUintN(typmod < 0 ? width : typmod, BigInt(value))
      .toString(2)
      .padStart(typmod < 0 ? width : typmod, '0');
  return { ...pure('bit', [from], BIT, call), takesTypmod: true };
}

function toInteger(width: 32 | 64): (bits: string) => Value {
  return (bits) => {
    if (bits.length > width)
      throw new DriftError('22003', width === 32 ? 'integer out of range' : 'bigint out of range');
    const value = BigInt.asIntN(width, bits === '' ? 0n : BigInt(`0b${bits}`));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  };
}

export const bitCasts: readonly CastEntry[] = [
  { from: BIT, to: VARBIT, context: 'implicit', fn: null },
  { from: VARBIT, to: BIT, context: 'implicit', fn: null },
  { from: T.int4, to: BIT, context: 'explicit', fn: bitsOf(T.int4, 32) },
  { from: T.int8, to: BIT, context: 'explicit', fn: bitsOf(T.int8, 64) },
  { from: BIT, to: T.int4, context: 'explicit', fn: pure('int4', [BIT], T.int4, toInteger(32)) },
  { from: BIT, to: T.int8, context: 'explicit', fn: pure('int8', [BIT], T.int8, toInteger(64)) },
];
