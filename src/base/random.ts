/** Random: a small generator for random() and simulations (sfc32); not for secrets. */
import type { Host } from './host.ts';

export class Random {
  #a = 1;
  #b = 2;
  #c = 3;
  #d = 4;

  /** With a seed of the host's randomness. */
  static seededBy(host: Pick<Host, 'randomBytes'>): Random {
    const seed = new Uint8Array(4);
    host.randomBytes(seed);
    return new Random(new DataView(seed.buffer).getUint32(0));
  }

  constructor(seed: number) {
    this.seed(seed);
  }

  seed(seed: number): void {
    const bits = new DataView(new ArrayBuffer(8));
    bits.setFloat64(0, seed);
    this.#a = bits.getUint32(0) ^ 0x9e3779b9;
    this.#b = bits.getUint32(4) ^ 0x243f6a88;
    this.#c = 0xb7e15162;
    this.#d = 0xdeadbeef;
    for (let i = 0; i < 16; i++) this.uint32();
  }

  /** Uniform in 0 … 2^32-1 (sfc32). */
  uint32(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** Uniform in [0, 1) with 53 bits. */
  next(): number {
    return (this.uint32() * 2097152 + (this.uint32() >>> 11)) / 9007199254740992;
  }
}
