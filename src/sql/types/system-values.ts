/**
 * Types that PostgreSQL's catalogs and system columns have: transaction ids, row places, log
 * positions; and money.
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { makeType, order } from './basic.ts';
import { badInput, cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

/** Unsigned integers that wrap around: a negative one counts from the end. */
function counter(oid: number, name: string, arrayOid: number, bits: 32 | 64): SqlType {
  return makeType({
    oid,
    name,
    display: name,
    category: 'U',
    arrayOid,
    length: bits / 8,
    format: () => ({ kind: bits === 32 ? 'int' : 'text' }),
    input(text) {
      const trimmed = cleanText(text).trim();
      if (!/^[+-]?\d+$/.test(trimmed)) throw badInput(name, text);
      const value = BigInt(trimmed.replace('+', ''));
      if (BigInt.asUintN(bits, value) !== value && BigInt.asIntN(bits, value) !== value)
        throw new DriftError('22003', `value "${text}" is out of range for type ${name}`);
      const wrapped = BigInt.asUintN(bits, value);
      return bits === 32 ? Number(wrapped) : String(wrapped);
    },
    compare: (a, b) => (bits === 32 ? order(a, b) : order(Number(a), Number(b))),
  });
}

const tidType = makeType({
  oid: 27,
  name: 'tid',
  display: 'tid',
  category: 'U',
  arrayOid: 1010,
  length: 6,
  format: () => ({ kind: 'text' }),
  input(text) {
    const match = /^\s*\((\d+),(\d+)\)\s*$/.exec(cleanText(text));
    if (match === null || Number(match[1]) > 4294967295 || Number(match[2]) > 65535) throw badInput('tid', text);
    return `(${Number(match[1])},${Number(match[2])})`;
  },
  compare(a, b) {
    const [p, q] = [a, b].map((value) => String(value).slice(1, -1).split(',').map(Number)) as [number[], number[]];
    return order(p[0] as number, q[0] as number) || order(p[1] as number, q[1] as number);
  },
});

/** A position in the log: `high/low` in hexadecimal. */
const lsnType = makeType({
  oid: 3220,
  name: 'pg_lsn',
  display: 'pg_lsn',
  category: 'U',
  arrayOid: 3221,
  length: 8,
  format: () => ({ kind: 'int' }),
  input(text) {
    const match = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i.exec(cleanText(text));
    if (match === null) throw badInput('pg_lsn', text);
    const value = (BigInt(`0x${match[1] as string}`) << 32n) | BigInt(`0x${match[2] as string}`);
    return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  },
  output(value) {
    const position = BigInt(value as number | bigint);
    return `${(position >> 32n).toString(16).toUpperCase()}/${(position & 0xffffffffn).toString(16).toUpperCase()}`;
  },
});

const MONEY_LIMIT = 1n << 63n;

/** Cents, as 64-bit integers. */
export function checkedCents(cents: bigint, shown: string): Value {
  if (cents >= MONEY_LIMIT || cents < -MONEY_LIMIT)
    throw new DriftError('22003', `value "${shown}" is out of range for type money`);
  return Number.isSafeInteger(Number(cents)) ? Number(cents) : cents;
}

export function moneyText(value: Value): string {
  const cents = BigInt(value as number | bigint);
  const digits = String(cents < 0n ? -cents : cents).padStart(3, '0');
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${cents < 0n ? '-' : ''}$${whole}.${digits.slice(-2)}`;
}

const moneyType = makeType({
  oid: 790,
  name: 'money',
  display: 'money',
  category: 'N',
  arrayOid: 791,
  length: 8,
  format: () => ({ kind: 'int' }),
  input(text) {
    const match = /^\s*(\()?\s*([+-]?)\s*\$?\s*([+-]?)\s*([\d,]*)(?:\.(\d*))?\s*(\))?\s*$/.exec(cleanText(text));
    const [, open, before = '', after = '', whole = '', fraction = ''] = match ?? [];
    if (match === null || (whole === '' && fraction === '')) throw badInput('money', text);
    const digits = `${whole.replaceAll(',', '')}${fraction.slice(0, 2).padEnd(2, '0')}`;
    const cents = BigInt(digits) + (Number(fraction[2] ?? '0') >= 5 ? 1n : 0n);
    const negative = open !== undefined || before === '-' || after === '-';
    return checkedCents(negative ? -cents : cents, text);
  },
  output: moneyText,
});

export const systemValueTypes: readonly SqlType[] = [
  tidType,
  counter(28, 'xid', 1011, 32),
  counter(29, 'cid', 1012, 32),
  counter(5069, 'xid8', 271, 64),
  lsnType,
  moneyType,
];
