/**
 * bit(n) and bit varying(n): strings of bits, kept as texts of `0` and `1`, whose order is theirs. The type modifier is
 * the length; casts cut or fill up with zeros on the right, assignments must fit (22026, 22001).
 */
import { DriftError } from '../../base/error.ts';
import type { Value } from '../../base/vector.ts';
import { makeType } from './basic.ts';
import { cleanText } from './text-input.ts';
import type { SqlType } from './type.ts';

function readBits(text: string): string {
  const written = cleanText(text);
  const hex = /^x/i.test(written);
  const digits = /^[bx]/i.test(written) ? written.slice(1) : written;
  const wrong = (hex ? /[^0-9a-f]/i : /[^01]/).exec(digits)?.[0];
  if (wrong !== undefined)
    throw new DriftError('22P02', `"${wrong}" is not a valid ${hex ? 'hexadecimal' : 'binary'} digit`);
  return hex ? [...digits].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('') : digits;
}

function fixed(value: Value, typmod: number, explicit: boolean): string {
  const bits = value as string;
  if (typmod < 0 || bits.length === typmod) return bits;
  if (!explicit) throw new DriftError('22026', `bit string length ${bits.length} does not match type bit(${typmod})`);
  return bits.slice(0, typmod).padEnd(typmod, '0');
}

function varying(value: Value, typmod: number, explicit: boolean): string {
  const bits = value as string;
  if (typmod < 0 || bits.length <= typmod) return bits;
  if (!explicit) throw new DriftError('22001', `bit string too long for type bit varying(${typmod})`);
  return bits.slice(0, typmod);
}

function bitType(
  parts: Pick<SqlType, 'oid' | 'name' | 'display' | 'arrayOid' | 'preferred'>,
  fit: typeof fixed,
): SqlType {
  return makeType({
    ...parts,
    category: 'V',
    length: -1,
    format: () => ({ kind: 'text' }),
    input: (text, typmod) => fit(readBits(text), typmod, false),
    applyTypmod: fit,
    typmodText: (typmod) => (typmod < 0 ? '' : `(${typmod})`),
  });
}

export const bitTypes: readonly SqlType[] = [
  bitType({ oid: 1560, name: 'bit', display: 'bit', arrayOid: 1561, preferred: false }, fixed),
  bitType({ oid: 1562, name: 'varbit', display: 'bit varying', arrayOid: 1563, preferred: true }, varying),
];
