/** SHA-256 and SHA-224 beside those of Node. */
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { sha224, sha256 } from './sha256.ts';

const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
const hex = (digest: Uint8Array): string => Buffer.from(digest).toString('hex');
const wanted = (name: string, data: Uint8Array): string => createHash(name).update(data).digest('hex');

test('digests of every length around the borders of blocks', () => {
  for (let length = 0; length < 200; length++) {
    expect(hex(sha256(bytes(length))), `${length}`).toBe(wanted('sha256', bytes(length)));
    expect(hex(sha224(bytes(length))), `${length}`).toBe(wanted('sha224', bytes(length)));
  }
  expect(hex(sha256(bytes(100_000)))).toBe(wanted('sha256', bytes(100_000)));
});

test('parts are hashed as if they were one', () => {
  const whole = bytes(300);
  for (let cut = 0; cut <= 300; cut += 13)
    expect(hex(sha256(whole.subarray(0, cut), new Uint8Array(0), whole.subarray(cut)))).toBe(wanted('sha256', whole));
});
