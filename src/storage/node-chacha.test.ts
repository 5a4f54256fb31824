/** Node's ChaCha20-Poly1305 and the package's are one cipher: what one has sealed the other opens. */
import { expect, test } from 'vitest';
import { Random } from '../base/random.ts';
import { chacha } from './encryption/chacha.ts';
import { nodeChacha } from './node-chacha.ts';

const random = new Random(5);
const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.uint32() & 255);

/** RFC 8439, 2.8.2. */
test('the example of the standard', () => {
  const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i);
  const nonce = Uint8Array.from([7, 0, 0, 0, 0x40, 0x41, 0x42, 0x43, 0x44, 0x45, 0x46, 0x47]);
  const bound = Uint8Array.from([0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7]);
  const text =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it.";
  const sealed = nodeChacha?.(key).seal(nonce, bound, new TextEncoder().encode(text)) as Uint8Array;
  expect(Buffer.from(sealed.subarray(-16)).toString('hex')).toBe('1ae10b594f09e26a7e902ecbd0600691');
  expect(Buffer.from(sealed.subarray(0, 8)).toString('hex')).toBe('d31a8d34648e60db');
});

test.each([0, 1, 63, 64, 65, 1000, 65_536])('%i bytes', (length) => {
  const [key, nonce, bound, plain] = [bytes(32), bytes(12), bytes(40), bytes(length)];
  const [native, portable] = [nodeChacha?.(key), chacha(key)];
  const sealed = native?.seal(nonce, bound, plain) as Uint8Array;
  expect(sealed).toEqual(portable.seal(nonce, bound, plain));
  expect(native?.open(nonce, bound, sealed)).toEqual(plain);
  expect(portable.open(nonce, bound, sealed)).toEqual(plain);
  for (const at of [0, length - 1, length, length + 15].filter((place) => place >= 0)) {
    const altered = sealed.slice();
    altered[at] = (altered[at] as number) ^ 1;
    expect(native?.open(nonce, bound, altered)).toBeNull();
  }
  expect(native?.open(nonce, bytes(40), sealed)).toBeNull();
});
