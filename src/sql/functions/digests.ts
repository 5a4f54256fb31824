/**
 * md5, SHA-384 and SHA-512 over bytes (RFC 1321, FIPS 180-4), computed here: WebCrypto has no md5 and no answer at once.
 * The shorter ones are in base/sha256.ts.
 */

/** The message with its padding: a 1 bit, zeros, and the length in bits, in blocks of `block` bytes. */
function padded(bytes: Uint8Array, block: number, littleEndian: boolean): DataView {
  const lengthBytes = block / 8;
  const size = Math.ceil((bytes.length + 1 + lengthBytes) / block) * block;
  const message = new Uint8Array(size);
  message.set(bytes);
  message[bytes.length] = 0x80;
  const view = new DataView(message.buffer);
  view.setBigUint64(littleEndian ? size - lengthBytes : size - 8, BigInt(bytes.length) * 8n, littleEndian);
  return view;
}

const MD5_SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const MD5_SINES = Uint32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 4294967296));

export function md5(bytes: Uint8Array): Uint8Array {
  const view = padded(bytes, 64, true);
  let [a, b, c, d] = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476];
  for (let block = 0; block < view.byteLength; block += 64) {
    let [w, x, y, z] = [a, b, c, d];
    for (let i = 0; i < 64; i++) {
      const round = i >> 4;
      const mixed =
        round === 0 ? (x & y) | (~x & z) : round === 1 ? (z & x) | (~z & y) : round === 2 ? x ^ y ^ z : y ^ (x | ~z);
      const word = [i, 5 * i + 1, 3 * i + 5, 7 * i][round] as number;
      const sum = (w + mixed + (MD5_SINES[i] as number) + view.getUint32(block + (word % 16) * 4, true)) | 0;
      const shift = MD5_SHIFTS[round * 4 + (i % 4)] as number;
      [w, z, y, x] = [z, y, x, (x + ((sum << shift) | (sum >>> (32 - shift)))) | 0];
    }
    [a, b, c, d] = [(a + w) | 0, (b + x) | 0, (c + y) | 0, (d + z) | 0];
  }
  const result = new DataView(new ArrayBuffer(16));
  [a, b, c, d].forEach((word, i) => result.setInt32(i * 4, word, true));
  return new Uint8Array(result.buffer);
}

/** The first 64 bits behind the point of a root, for the constants of SHA-2. */
function fractionOfRoot(prime: bigint, degree: 2n | 3n): bigint {
  const target = prime << (64n * degree);
  let [low, high] = [0n, 1n << 70n];
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** degree <= target) low = middle;
    else high = middle - 1n;
  }
  return BigInt.asUintN(64, low);
}

const PRIMES: readonly bigint[] = (() => {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < 80; n++) if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  return primes;
})();

let constants: { readonly rounds: readonly bigint[]; readonly start: readonly bigint[] } | undefined;

/** Cube roots of the first 80 primes, square roots of the first 16. */
function shaConstants(): { readonly rounds: readonly bigint[]; readonly start: readonly bigint[] } {
  constants ??= {
    rounds: PRIMES.map((prime) => fractionOfRoot(prime, 3n)),
    start: PRIMES.slice(0, 16).map((prime) => fractionOfRoot(prime, 2n)),
  };
  return constants;
}

export function sha512(bytes: Uint8Array): Uint8Array {
  return sha64(bytes, shaConstants().start.slice(0, 8));
}

export function sha384(bytes: Uint8Array): Uint8Array {
  return sha64(bytes, shaConstants().start.slice(8, 16)).slice(0, 48);
}

function sha64(bytes: Uint8Array, start: readonly bigint[]): Uint8Array {
  const { rounds } = shaConstants();
  const view = padded(bytes, 128, false);
  const state = BigUint64Array.from(start);
  const w = new BigUint64Array(80);
  const turned = (x: bigint, by: bigint): bigint => (x >> by) | BigInt.asUintN(64, x << (64n - by));
  for (let block = 0; block < view.byteLength; block += 128) {
    for (let i = 0; i < 80; i++) {
      if (i < 16) {
        w[i] = view.getBigUint64(block + i * 8);
        continue;
      }
      const [x, y] = [w[i - 15] as bigint, w[i - 2] as bigint];
      const s0 = turned(x, 1n) ^ turned(x, 8n) ^ (x >> 7n);
      const s1 = turned(y, 19n) ^ turned(y, 61n) ^ (y >> 6n);
      w[i] = (w[i - 16] as bigint) + s0 + (w[i - 7] as bigint) + s1;
    }
    let [a, b, c, d, e, f, g, h] = state as unknown as [bigint, bigint, bigint, bigint, bigint, bigint, bigint, bigint];
    for (let i = 0; i < 80; i++) {
      const s1 = turned(e, 14n) ^ turned(e, 18n) ^ turned(e, 41n);
      const choice = (e & f) ^ (BigInt.asUintN(64, ~e) & g);
      const t1 = h + s1 + choice + (rounds[i] as bigint) + (w[i] as bigint);
      const s0 = turned(a, 28n) ^ turned(a, 34n) ^ turned(a, 39n);
      const t2 = s0 + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, BigInt.asUintN(64, d + t1), c, b, a, BigInt.asUintN(64, t1 + t2)];
    }
    [a, b, c, d, e, f, g, h].forEach((word, i) => (state[i] = (state[i] as bigint) + word));
  }
  const result = new DataView(new ArrayBuffer(64));
  state.forEach((word, i) => result.setBigUint64(i * 8, word));
  return new Uint8Array(result.buffer);
}
