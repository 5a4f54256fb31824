/**
 * SHA-256 and SHA-224 (FIPS 180-4), at once: WebCrypto gives its answer later, which a commit cannot wait for.
 *
 * `Sha256.of` hashes parts one behind the other. It allocates nothing but the digest: chains of hashes take one for each
 * changed row and more.
 */

/** The first 32 bits behind the point of the square roots (the low halves of 64 for SHA-224) of primes. */
const START_256 = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
const START_224 = [0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4];
/** Those of the cube roots of the first 64 primes. */
const ROUNDS = rounds();

function rounds(): Int32Array {
  const found = new Int32Array(64);
  let count = 0;
  for (let n = 2; count < 64; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (prime) found[count++] = cubeRootBits(BigInt(n));
  }
  return found;
}

function cubeRootBits(prime: bigint): number {
  const target = prime << 96n;
  let [low, high] = [0n, 1n << 36n];
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** 3n <= target) low = middle;
    else high = middle - 1n;
  }
  return Number(BigInt.asIntN(32, low));
}

export const DIGEST_BYTES = 32;
const BLOCK = 64;

class Sha256 {
  readonly #state = new Int32Array(8);
  readonly #words = new Int32Array(64);
  readonly #block = new Uint8Array(BLOCK);
  readonly #view = new DataView(this.#block.buffer);

  /** The digest of parts, as if they were one. */
  of(parts: readonly Uint8Array[], start: readonly number[], bytes: number): Uint8Array {
    this.#state.set(start);
    let filled = 0;
    let total = 0;
    for (const part of parts) {
      total += part.length;
      let at = 0;
      while (at < part.length) {
        const take = Math.min(BLOCK - filled, part.length - at);
        // Copied by hand: most parts are short.
        for (let i = 0; i < take; i++) this.#block[filled + i] = part[at + i] as number;
        filled += take;
        at += take;
        if (filled < BLOCK) continue;
        this.#compress();
        filled = 0;
      }
    }
    this.#block[filled++] = 0x80;
    if (filled > BLOCK - 8) {
      this.#block.fill(0, filled);
      this.#compress();
      filled = 0;
    }
    this.#block.fill(0, filled);
    this.#view.setUint32(BLOCK - 8, Math.floor((total * 8) / 2 ** 32));
    this.#view.setUint32(BLOCK - 4, (total * 8) % 2 ** 32);
    this.#compress();
    const digest = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i++) digest[i] = (this.#state[i >> 2] as number) >>> (24 - 8 * (i & 3));
    return digest;
  }

  #compress(): void {
    const [state, w, block] = [this.#state, this.#words, this.#block];
    for (let i = 0, at = 0; i < 16; i++, at += 4)
      w[i] =
        ((block[at] as number) << 24) |
        ((block[at + 1] as number) << 16) |
        ((block[at + 2] as number) << 8) |
        (block[at + 3] as number);
    for (let i = 16; i < 64; i++) {
      const [x, y] = [w[i - 15] as number, w[i - 2] as number];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] as number) + s0 + (w[i - 7] as number) + s1;
    }
    let [a, b, c, d] = [state[0] as number, state[1] as number, state[2] as number, state[3] as number];
    let [e, f, g, h] = [state[4] as number, state[5] as number, state[6] as number, state[7] as number];
    for (let i = 0; i < 64; i++) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (ROUNDS[i] as number) + (w[i] as number)) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + t1) | 0;
      d = c;
      c = b;
      b = a;
      a = (t1 + t2) | 0;
    }
    state[0] = (state[0] as number) + a;
    state[1] = (state[1] as number) + b;
    state[2] = (state[2] as number) + c;
    state[3] = (state[3] as number) + d;
    state[4] = (state[4] as number) + e;
    state[5] = (state[5] as number) + f;
    state[6] = (state[6] as number) + g;
    state[7] = (state[7] as number) + h;
  }
}

const hasher = new Sha256();

/** 32 bytes. */
export function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  return hasher.of(parts, START_256, DIGEST_BYTES);
}

/** 28 bytes. */
export function sha224(...parts: readonly Uint8Array[]): Uint8Array {
  return hasher.of(parts, START_224, 28);
}
