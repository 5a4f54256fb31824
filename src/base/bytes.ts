/**
 * ByteWriter and ByteReader: the cursors through which every byte of the log, the segments and the manifest passes.
 *
 * Integers are little-endian; `varint` is LEB128 of an unsigned integer up to 2^53-1; `zigzag` maps signed to unsigned
 * first; strings are UTF-8 behind a varint length. Lone surrogates are refused (22021): they have no UTF-8 form, and a
 * database that stored a replacement character instead would give back something else than it was given.
 *
 * Invariant: the reader checks every length against what remains before it allocates or reads; what does not fit is
 * DriftError XX001 with the thing's name and the offset.
 */
import { assert, DriftError } from './error.ts';

/** Copied by hand: a call of the built-in costs more. */
const FEW_BYTES = 64;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Where a number becomes bytes. A writer has no DataView of its own: small arrays are cheap until one is asked for. */
const scratch = new Uint8Array(8);
const scratchView = new DataView(scratch.buffer);

export class ByteWriter {
  #bytes: Uint8Array;
  #length = 0;

  constructor(capacity = 64) {
    this.#bytes = new Uint8Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.patchU32(this.#length, value);
    this.#length += 4;
  }

  u64(value: number): void {
    this.#reserve(8);
    this.patchU32(this.#length, value % 4294967296);
    this.patchU32(this.#length + 4, Math.floor(value / 4294967296));
    this.#length += 8;
  }

  /** A whole number of either sign within ±2^53, in two's complement. */
  i53(value: number): void {
    this.u64(value);
  }

  i64(value: bigint): void {
    scratchView.setBigInt64(0, value, true);
    this.#scratch();
  }

  f64(value: number): void {
    scratchView.setFloat64(0, value, true);
    this.#scratch();
  }

  varint(value: number): void {
    assert(value >= 0 && value <= Number.MAX_SAFE_INTEGER, 'a varint is an unsigned integer up to 2^53-1');
    this.#reserve(8);
    let rest = value;
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    this.#bytes[this.#length++] = rest;
  }

  zigzag(value: number): void {
    // The lowest six bits go with the sign first: doubling the whole would lose digits beyond 2^52.
    const magnitude = value >= 0 ? value : -(value + 1);
    const low = (magnitude % 64) * 2 + (value >= 0 ? 0 : 1);
    if (magnitude < 64) {
      this.u8(low);
    } else {
      this.u8(low | 128);
      this.varint(Math.floor(magnitude / 64));
    }
  }

  /** Bytes behind their length. */
  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.raw(value);
  }

  string(value: string): void {
    const length = value.length;
    this.#reserve(length + 8);
    // Short ASCII, the usual case, is written by hand: a call of the encoder costs more than the loop.
    if (length < 128) {
      const start = this.#length;
      this.#bytes[this.#length++] = length;
      let i = 0;
      for (; i < length; i++) {
        const code = value.charCodeAt(i);
        if (code > 127) break;
        this.#bytes[this.#length++] = code;
      }
      if (i === length) return;
      this.#length = start;
    }
    if (!value.isWellFormed()) throw new DriftError('22021', 'invalid text: it contains a lone surrogate');
    this.bytes(encoder.encode(value));
  }

  raw(value: Uint8Array): void {
    const { length } = value;
    this.#reserve(length);
    if (length > FEW_BYTES) this.#bytes.set(value, this.#length);
    else for (let i = 0; i < length; i++) this.#bytes[this.#length + i] = value[i] as number;
    this.#length += length;
  }

  /** Overwrites four bytes written before: a length or checksum known only afterwards. */
  patchU32(offset: number, value: number): void {
    const bytes = this.#bytes;
    bytes[offset] = value & 255;
    bytes[offset + 1] = (value >>> 8) & 255;
    bytes[offset + 2] = (value >>> 16) & 255;
    bytes[offset + 3] = value >>> 24;
  }

  #scratch(): void {
    this.#reserve(8);
    const bytes = this.#bytes;
    const start = this.#length;
    for (let i = 0; i < 8; i++) bytes[start + i] = scratch[i] as number;
    this.#length = start + 8;
  }

  /** Returns what was written, as a view of the writer's own memory. */
  view(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Returns a copy of what was written. */
  finish(): Uint8Array {
    const length = this.#length;
    if (length > FEW_BYTES) return this.#bytes.slice(0, length);
    const copy = new Uint8Array(length);
    for (let i = 0; i < length; i++) copy[i] = this.#bytes[i] as number;
    return copy;
  }

  clear(): void {
    this.#length = 0;
  }

  /** Forgets what was written behind `length`. */
  truncate(length: number): void {
    this.#length = Math.min(length, this.#length);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const bigger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    bigger.set(this.#bytes);
    this.#bytes = bigger;
  }
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  /** What is being read, for messages. */
  readonly #what: string;
  #offset = 0;

  constructor(bytes: Uint8Array, what: string) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#what = what;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  u8(): number {
    this.#need(1);
    return this.#bytes[this.#offset++] as number;
  }

  u32(): number {
    this.#need(4);
    const value = this.#view.getUint32(this.#offset, true);
    this.#offset += 4;
    return value;
  }

  u64(): number {
    const low = this.u32();
    const high = this.u32();
    if (high > 0x1fffff) this.#fail('an integer beyond 2^53');
    return high * 4294967296 + low;
  }

  i53(): number {
    const low = this.u32();
    const high = this.u32() | 0;
    if (high > 0x1fffff || high < -0x200000) this.#fail('an integer beyond 2^53');
    return high * 4294967296 + low;
  }

  i64(): bigint {
    this.#need(8);
    const value = this.#view.getBigInt64(this.#offset, true);
    this.#offset += 8;
    return value;
  }

  f64(): number {
    this.#need(8);
    const value = this.#view.getFloat64(this.#offset, true);
    this.#offset += 8;
    return value;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (let i = 0; i < 8; i++) {
      const byte = this.u8();
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (value > Number.MAX_SAFE_INTEGER) this.#fail('an integer beyond 2^53');
        return value;
      }
      scale *= 128;
    }
    return this.#fail('a varint of more than 8 bytes');
  }

  zigzag(): number {
    const first = this.u8();
    const magnitude = ((first & 127) >> 1) + (first < 128 ? 0 : this.varint() * 64);
    if (magnitude > Number.MAX_SAFE_INTEGER) this.#fail('an integer beyond 2^53');
    return first % 2 === 0 ? magnitude : -magnitude - 1;
  }

  bytes(): Uint8Array {
    return this.raw(this.varint());
  }

  /** Returns a view of the next bytes. */
  raw(length: number): Uint8Array {
    this.#need(length);
    const view = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return view;
  }

  string(): string {
    const bytes = this.bytes();
    if (bytes.length < 24) {
      let text = '';
      let i = 0;
      for (; i < bytes.length; i++) {
        const code = bytes[i] as number;
        if (code > 127) break;
        text += String.fromCharCode(code);
      }
      if (i === bytes.length) return text;
    }
    try {
      return decoder.decode(bytes);
    } catch {
      return this.#fail('text that is not UTF-8');
    }
  }

  /** An integer of any size, as its decimal digits behind their length. */
  bigint(): bigint {
    const digits = this.string();
    if (digits.length > 40 || !/^-?\d+$/.test(digits))
      this.#fail(`${JSON.stringify(digits.slice(0, 40))} where an integer is`);
    return BigInt(digits);
  }

  #need(length: number): void {
    if (length > this.#bytes.length - this.#offset) {
      this.#fail(`${length} bytes where ${this.#bytes.length - this.#offset} remain`);
    }
  }

  #fail(found: string): never {
    throw new DriftError('XX001', `${this.#what} is damaged: found ${found} at offset ${this.#offset}`);
  }
}
