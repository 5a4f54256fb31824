/** TextCodes against a Map, before and after its keys lie in many maps. */
import { expect, test } from 'vitest';
import { TextCodes } from './text-codes.ts';

test.each([
  ['numbered names', (i: number) => `name ${i}`],
  ['equal ends', (i: number) => `${i} of the same end`],
  ['short texts', (i: number) => i.toString(36)],
  ['numbers', (i: number) => i / 4],
  ['integers that doubles do not hold', (i: number) => 2n ** 60n + BigInt(i)],
])('%s', (_, keyOf) => {
  const codes = new TextCodes();
  const known = new Map<unknown, number>();
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
