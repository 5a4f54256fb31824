/**
 * Bit packing: whole numbers from 0 to 2^width - 1 as `width` bits each, lowest bits first, in words of 32 bits.
 *
 * Widths up to 32 are one run of words. Wider numbers (to 53 bits) are their low 32 bits as words, then the rest packed
 * the same way. Width 0 takes no bytes.
 */

/** The bits that a whole number up to `max` needs; 0 to 53. */
export function bitsFor(max: number): number {
  if (max <= 0xffffffff) return 32 - Math.clz32(max);
  return 64 - Math.clz32(Math.floor(max / 0x100000000));
}

/** Bytes of `count` numbers. */
export function packedBytes(count: number, width: number): number {
  if (width > 32) return count * 4 + packedBytes(count, width - 32);
  return Math.ceil((count * width) / 32) * 4;
}

/** Packs whole numbers that fit the width; those of more than 32 bits come as doubles. */
export function packBits(values: Uint32Array | Float64Array, width: number): Uint8Array {
  const out = new Uint8Array(packedBytes(values.length, width));
  if (width > 32) {
    const low = new Uint32Array(out.buffer, 0, values.length);
    const high = new Uint32Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] as number;
      // Conversion to an element of 32 bits keeps the lowest ones.
      low[i] = value;
      high[i] = Math.floor(value / 0x100000000);
    }
    out.set(packBits(high, width - 32), values.length * 4);
    return out;
  }
  const words = new Uint32Array(out.buffer);
  let bit = 0;
  for (let i = 0; width > 0 && i < values.length; i++, bit += width) {
    const value = values[i] as number;
    const word = bit >>> 5;
    const shift = bit & 31;
    words[word] = (words[word] as number) | (value << shift);
    if (shift + width > 32) words[word + 1] = value >>> (32 - shift);
  }
  return out;
}

/** Unpacks `target.length` numbers and adds `base` to each. `bytes` has the length that packedBytes gives. */
export function unpackBits(
  bytes: Uint8Array,
  width: number,
  base: number,
  target: Int32Array | Float64Array | Uint8Array,
): void {
  const count = target.length;
  if (width === 0) {
    target.fill(base);
    return;
  }
  // A copy, because blocks begin anywhere and words at multiples of four; one word more, for the last number's sake.
  const own = new Uint8Array(bytes.length + 4);
  own.set(bytes);
  const words = new Uint32Array(own.buffer);
  if (width > 32) {
    unpackBits(bytes.subarray(count * 4), width - 32, 0, target);
    for (let i = 0; i < count; i++) target[i] = base + ((target[i] as number) * 0x100000000 + (words[i] as number));
    return;
  }
  const mask = width === 32 ? 0xffffffff : (1 << width) - 1;
  let bit = 0;
  for (let i = 0; i < count; i++, bit += width) {
    const word = bit >>> 5;
    const shift = bit & 31;
    let value = (words[word] as number) >>> shift;
    if (shift + width > 32) value |= (words[word + 1] as number) << (32 - shift);
    target[i] = base + ((value & mask) >>> 0);
  }
}
