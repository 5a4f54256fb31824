/** Bytes by the formats' words: integers little endian, varints, strings, CRC-32C, LZ4's block format. Knows nothing of src. */

export class Damaged extends Error {}

export class Cursor {
  readonly bytes: Uint8Array;
  at = 0;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  raw(length: number): Uint8Array {
    if (length > this.left) throw new Damaged(`${length} bytes wanted, ${this.left} left`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  u8(): number {
    return this.#view.getUint8(this.#skip(1));
  }

  u32(): number {
    return this.#view.getUint32(this.#skip(4), true);
  }

  u64(): number {
    return Number(this.#view.getBigUint64(this.#skip(8), true));
  }

  i64(): bigint {
    return this.#view.getBigInt64(this.#skip(8), true);
  }

  f64(): number {
    return this.#view.getFloat64(this.#skip(8), true);
  }

  varint(): number {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = this.u8();
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  string(): string {
    return utf8(this.raw(this.varint()));
  }

  list<T>(read: () => T): T[] {
    return Array.from({ length: this.varint() }, read);
  }

  #skip(length: number): number {
    this.raw(length);
    return this.at - length;
  }
}

export function utf8(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

/** Continues the checksum `seed`. */
export function crc32c(bytes: Uint8Array, seed = 0): number {
  let crc = ~seed;
  for (const byte of bytes) crc = (TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  return ~crc >>> 0;
}

export function lz4(source: Uint8Array, length: number): Uint8Array {
  const input = new Cursor(source);
  const out: number[] = [];
  const extended = (short: number): number => {
    let total = short;
    if (short === 15) {
      let more: number;
      do total += more = input.u8();
      while (more === 255);
    }
    return total;
  };
  while (input.left > 0) {
    const token = input.u8();
    out.push(...input.raw(extended(token >> 4)));
    if (input.left === 0) break;
    const distance = input.u8() + 256 * input.u8();
    for (let left = extended(token & 15) + 4; left > 0; left--) out.push(out[out.length - distance] as number);
  }
  if (out.length !== length) throw new Damaged(`${out.length} bytes where ${length} were promised`);
  return Uint8Array.from(out);
}
