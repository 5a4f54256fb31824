/** TextCodes against a Map, while it grows and between. */
import { expect, test } from 'vitest';
import { TextCodes } from './text-codes.ts';

test.each([
  ['numbered names', (i: number) => `name ${i}`],
  ['equal ends', (i: number) => `${i} of the same end`],
  ['short texts', (i: number) => i.toString(36)],
  ['numbers', (i: number) => i / 4],
  ['texts that differ in the middle', (i: number) => `${'same '.repeat(6)}${i}${' same'.repeat(6)}`],
  ['integers that doubles do not hold', (i: number) => 2n ** 60n + BigInt(i)],
])('%s', (_, keyOf: (i: number) => string | number | bigint) => {
  const codes = new TextCodes();
  const known = new Map<string | number | bigint, number>();
  for (let i = 0; i < 150_000; i++) {
    const key = keyOf((i * 7919) % 100_003);
    const code = codes.numberOf(key, known.size);
    if (!known.has(key)) known.set(key, known.size);
    if (code !== known.get(key)) expect(code).toBe(known.get(key));
  }
  expect(codes.size).toBe(known.size);
  for (const [key, code] of known) if (codes.get(key) !== code) expect(codes.get(key)).toBe(code);
  expect(codes.get('not there')).toBeUndefined();
});

test('keys of all kinds, and what a Map takes for equal', () => {
  const codes = new TextCodes();
  const keys = [
    '',
    '0',
    0,
    0n,
    false,
    true,
    1,
    1n,
    '1',
    Number.NaN,
    Infinity,
    -Infinity,
    2 ** 53,
    -1.5,
    'é𝄞',
    '\ud800',
  ];
  for (const [code, key] of keys.entries()) expect(codes.numberOf(key, code)).toBe(code);
  for (const [code, key] of keys.entries()) expect(codes.get(key)).toBe(code);
  expect(codes.get(-0)).toBe(2);
  expect(codes.get(Number.NaN)).toBe(9);
  expect(codes.size).toBe(keys.length);
});
