/** Functions and operators of network addresses (PostgreSQL's chapter 9.12). */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { addressText, inetText, SqlInet } from '../types/network.ts';
import { pure, T } from './define.ts';
import type { CastEntry, OperatorEntry, ScalarFunction } from './function.ts';
import { pureOperator } from './pure-operator.ts';

const INET = 869;
const CIDR = 650;
const MACADDR = 829;
const MACADDR8 = 774;

function masked({ family, address, bits }: SqlInet): SqlInet {
  return new SqlInet(family, address & new SqlInet(family, 0n, bits).netmask, bits);
}

function withSize(value: SqlInet, bits: number): SqlInet {
  const size = bits === -1 ? value.width : bits;
  if (size < 0 || size > value.width) throw new DriftError('22023', `invalid mask length: ${bits}`);
  return new SqlInet(value.family, value.address, size);
}

/** Whether the first `bits` of both addresses are alike. */
function sameNetwork(a: SqlInet, b: SqlInet, bits: number): boolean {
  const shift = BigInt(a.width - bits);
  return a.family === b.family && a.address >> shift === b.address >> shift;
}

/** Every one with the size of its network, as casts to text have it. */
function fullText(value: SqlInet): string {
  return `${addressText(value)}/${value.bits}`;
}

/** A network without the octets that are zero because it ends before them. */
function abbreviated(value: SqlInet): string {
  const { family, bits } = value;
  if (family === 4) {
    const octets = addressText(value).split('.');
    return `${octets.slice(0, Math.max(1, Math.ceil(bits / 8))).join('.')}/${bits}`;
  }
  const text = addressText(value);
  return `${text.endsWith('::') && text !== '::' ? text.slice(0, -2) : text}/${bits}`;
}

function merged(a: SqlInet, b: SqlInet): SqlInet {
  if (a.family !== b.family) throw new DriftError('22023', 'cannot merge addresses from different families');
  let bits = Math.min(a.bits, b.bits);
  while (!sameNetwork(a, b, bits)) bits--;
  return masked(new SqlInet(a.family, a.address, bits));
}

function plus(value: SqlInet, count: bigint): SqlInet {
  const address = value.address + count;
  if (address < 0n || address >> BigInt(value.width) !== 0n) throw new DriftError('22003', 'result is out of range');
  return new SqlInet(value.family, address, value.bits);
}

function minus(a: SqlInet, b: SqlInet): Value {
  if (a.family !== b.family) throw new DriftError('22023', 'cannot subtract inet values of different sizes');
  const difference = a.address - b.address;
  if (BigInt.asIntN(64, difference) !== difference) throw new DriftError('22003', 'result is out of range');
  const number = Number(difference);
  return Number.isSafeInteger(number) ? number : difference;
}

function bitwise(word: 'AND' | 'OR', combine: (a: bigint, b: bigint) => bigint) {
  return (a: SqlInet, b: SqlInet): SqlInet => {
    if (a.family !== b.family) throw new DriftError('22023', `cannot ${word} inet values of different sizes`);
    return new SqlInet(a.family, combine(a.address, b.address), Math.max(a.bits, b.bits));
  };
}

const inverted = (value: SqlInet): SqlInet =>
  new SqlInet(value.family, value.address ^ ((1n << BigInt(value.width)) - 1n), value.bits);

const BYTES = (text: string): number[] => text.split(':').map((part) => Number.parseInt(part, 16));
const macText = (bytes: readonly number[]): string => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');

export const networkFunctions: readonly ScalarFunction[] = [
  pure('abbrev', [INET], T.text, inetText),
  pure('abbrev', [CIDR], T.text, abbreviated),
  pure(
    'broadcast',
    [INET],
    INET,
    (value: SqlInet) =>
      new SqlInet(
        value.family,
        value.address | inverted(new SqlInet(value.family, value.netmask, 0)).address,
        value.bits,
      ),
  ),
  pure('family', [INET], T.int4, ({ family }: SqlInet) => family),
  pure('host', [INET], T.text, addressText),
  pure('hostmask', [INET], INET, (value: SqlInet) => inverted(new SqlInet(value.family, value.netmask, value.width))),
  pure('netmask', [INET], INET, (value: SqlInet) => new SqlInet(value.family, value.netmask, value.width)),
  pure('inet_merge', [INET, INET], CIDR, merged),
  pure('inet_same_family', [INET, INET], T.bool, (a: SqlInet, b: SqlInet) => a.family === b.family),
  pure('masklen', [INET], T.int4, ({ bits }: SqlInet) => bits),
  pure('network', [INET], CIDR, masked),
  pure('set_masklen', [INET, T.int4], INET, withSize),
  pure('set_masklen', [CIDR, T.int4], CIDR, (value: SqlInet, bits: number) => masked(withSize(value, bits))),
  pure('text', [INET], T.text, fullText),
  ...([MACADDR, MACADDR8] as const).map((oid) =>
    pure('trunc', [oid], oid, (text: string) => macText(BYTES(text).map((byte, i) => (i < 3 ? byte : 0)))),
  ),
  pure('macaddr8_set7bit', [MACADDR8], MACADDR8, (text: string) =>
    macText(BYTES(text).map((byte, i) => (i === 0 ? byte | 2 : byte))),
  ),
];

const inBoth = (a: SqlInet, b: SqlInet): boolean => sameNetwork(a, b, Math.min(a.bits, b.bits));
const within = (a: SqlInet, b: SqlInet): boolean => a.bits > b.bits && inBoth(a, b);
const withinOrEqual = (a: SqlInet, b: SqlInet): boolean => a.bits >= b.bits && inBoth(a, b);
const addressCount = (value: number | bigint): bigint => BigInt(value);

export const networkOperators: readonly OperatorEntry[] = [
  pureOperator('<<', [INET, INET], T.bool, 'network_sub', within),
  pureOperator('<<=', [INET, INET], T.bool, 'network_subeq', withinOrEqual),
  pureOperator('>>', [INET, INET], T.bool, 'network_sup', (a: SqlInet, b: SqlInet) => within(b, a)),
  pureOperator('>>=', [INET, INET], T.bool, 'network_supeq', (a: SqlInet, b: SqlInet) => withinOrEqual(b, a)),
  pureOperator('&&', [INET, INET], T.bool, 'network_overlap', inBoth),
  pureOperator('~', [0, INET], INET, 'inetnot', inverted),
  pureOperator(
    '&',
    [INET, INET],
    INET,
    'inetand',
    bitwise('AND', (a, b) => a & b),
  ),
  pureOperator(
    '|',
    [INET, INET],
    INET,
    'inetor',
    bitwise('OR', (a, b) => a | b),
  ),
  pureOperator('+', [INET, T.int8], INET, 'inetpl', (a: SqlInet, b: number | bigint) => plus(a, addressCount(b))),
  pureOperator('+', [T.int8, INET], INET, 'int8pl_inet', (a: number | bigint, b: SqlInet) => plus(b, addressCount(a))),
  pureOperator('-', [INET, T.int8], INET, 'inetmi_int8', (a: SqlInet, b: number | bigint) => plus(a, -addressCount(b))),
  pureOperator('-', [INET, INET], T.int8, 'inetmi', minus),
  ...([MACADDR, MACADDR8] as const).flatMap((oid) => {
    const name = oid === MACADDR ? 'macaddr' : 'macaddr8';
    const both = (combine: (a: number, b: number) => number) => (a: string, b: string) => {
      const other = BYTES(b);
      return macText(BYTES(a).map((byte, i) => combine(byte, other[i] as number)));
    };
    return [
      pureOperator('~', [0, oid], oid, `${name}_not`, (a: string) => macText(BYTES(a).map((byte) => byte ^ 255))),
      pureOperator(
        '&',
        [oid, oid],
        oid,
        `${name}_and`,
        both((a, b) => a & b),
      ),
      pureOperator(
        '|',
        [oid, oid],
        oid,
        `${name}_or`,
        both((a, b) => a | b),
      ),
    ];
  }),
];

const toText = pure('text', [INET], T.text, fullText);

export const networkCasts: readonly CastEntry[] = [
  { from: CIDR, to: INET, context: 'implicit', fn: null },
  { from: INET, to: CIDR, context: 'assignment', fn: pure('cidr', [INET], CIDR, masked) },
  ...[INET, CIDR].flatMap((from) =>
    [T.text, T.varchar, T.bpchar].map((to): CastEntry => ({ from, to, context: 'assignment', fn: toText })),
  ),
  {
    from: MACADDR,
    to: MACADDR8,
    context: 'implicit',
    fn: pure('macaddr8', [MACADDR], MACADDR8, (text: string) =>
      macText([...BYTES(text).slice(0, 3), 255, 254, ...BYTES(text).slice(3)]),
    ),
  },
  {
    from: MACADDR8,
    to: MACADDR,
    context: 'implicit',
    fn: pure('macaddr', [MACADDR8], MACADDR, (text: string) => {
      const bytes = BYTES(text);
      if (bytes[3] !== 255 || bytes[4] !== 254)
        throw new DriftError('22003', 'macaddr8 data out of range to convert to macaddr', {
          hint: 'Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.',
        });
      return macText([...bytes.slice(0, 3), ...bytes.slice(5)]);
    }),
  },
];
