/** Hash tables of numbers, open addressing in typed arrays, and how they grow; what KeyTable's columns are made of. */

/** Tables of fewer slots grow at once. */
export const FEW_SLOTS = 16_384;
/** Slots that are moved between looks at the clock. */
export const STEP_SLOTS = 16_384;

/** A power of two of slots, at most half of which `keys` fill; not fewer than `least`. */
export function slotsFor(keys: number, least: number): number {
  let size = least;
  while (size < keys * 2) size *= 2;
  return size;
}

/** A hash table of numbers that is filled from another one. */
export class NumberSlots {
  readonly keys: Float64Array;
  readonly slots: Int32Array;
  count: number;

  constructor(
    size: number,
    keys: Float64Array = new Float64Array(size),
    slots: Int32Array = new Int32Array(size),
    count = 0,
  ) {
    this.keys = keys;
    this.slots = slots;
    this.count = count;
  }

  /** Takes over what lies in some slots of another table. */
  move(fromKeys: Float64Array, fromSlots: Int32Array, start: number, end: number): void {
    const { keys, slots } = this;
    const mask = slots.length - 1;
    const shift = Math.clz32(mask);
    const stop = Math.min(end, fromSlots.length);
    let count = 0;
    for (let s = start; s < stop; s++) {
      const code = fromSlots[s] as number;
      if (code === 0) continue;
      const key = fromKeys[s] as number;
      let slot = hashDouble(key) >>> shift;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = code;
      keys[slot] = key;
      count++;
    }
    this.count += count;
  }

  /** The same from codes that stand at their keys' places. */
  moveDense(dense: Int32Array, base: number, start: number, end: number): void {
    const { keys, slots } = this;
    const mask = slots.length - 1;
    const shift = Math.clz32(mask);
    const stop = Math.min(end, dense.length);
    let count = 0;
    for (let at = start; at < stop; at++) {
      const code = dense[at] as number;
      if (code === 0) continue;
      const key = base + at;
      let slot = hashDouble(key) >>> shift;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = code;
      keys[slot] = key;
      count++;
    }
    this.count += count;
  }
}

export const GOLDEN: number = 0x9e3779b1 | 0;
const double = new Float64Array(1);
const words = new Int32Array(double.buffer);

/** Hash of a double that is not NaN; an int32 value hashes as its integer. */
export function hashDouble(key: number): number {
  const integer = key | 0;
  if (integer === key) return Math.imul(integer, GOLDEN);
  double[0] = key;
  const low = words[0] as number;
  const high = words[1] as number;
  return Math.imul(low ^ Math.imul(high, 0x85ebca6b), GOLDEN) ^ Math.imul(high, 0xc2b2ae35);
}
