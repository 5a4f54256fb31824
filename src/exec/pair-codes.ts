/** PairCodes: gives equal pairs of codes equal numbers 0, 1, 2 …; how KeyTable folds several columns into one. */
import type { Task } from '../base/task.ts';
import { FEW_SLOTS, GOLDEN, slotsFor, STEP_SLOTS } from './number-slots.ts';
import type { Pacer } from './pacer.ts';

const INITIAL_SLOTS = 1024;

export class PairCodes {
  count = 0;
  #left = new Int32Array(INITIAL_SLOTS);
  #right = new Int32Array(INITIAL_SLOTS);
  #slots: Int32Array = new Int32Array(INITIAL_SLOTS);

  get bytes(): number {
    return this.#slots.length * 12;
  }

  /** Replaces `codes` by the codes of the pairs (codes, next); -1 where either is -1 or the pair is unknown. */
  fold(codes: Int32Array, next: Int32Array, count: number, insert: boolean): void {
    if (insert) this.#reserve(count);
    const left = this.#left;
    const right = this.#right;
    const slots = this.#slots;
    const mask = slots.length - 1;
    const shift = Math.clz32(mask);
    for (let k = 0; k < count; k++) {
      const a = codes[k] as number;
      const b = next[k] as number;
      if (a < 0 || b < 0) {
        codes[k] = -1;
        continue;
      }
      let slot = hashPair(a, b) >>> shift;
      let code = slots[slot] as number;
      while (code !== 0 && (left[slot] !== a || right[slot] !== b)) {
        slot = (slot + 1) & mask;
        code = slots[slot] as number;
      }
      if (code === 0 && insert) {
        code = ++this.count;
        slots[slot] = code;
        left[slot] = a;
        right[slot] = b;
      }
      codes[k] = code - 1;
    }
  }

  /** Does in slices what `fold` would have to do at once before it adds so many rows. */
  *makeRoom(more: number, pacer: Pacer): Task<void> {
    const size = slotsFor(this.count + more, this.#slots.length);
    if (size === this.#slots.length || this.#slots.length < FEW_SLOTS) return;
    const wider = [new Int32Array(size), new Int32Array(size), new Int32Array(size)] as const;
    for (let at = 0; at < this.#slots.length; at += STEP_SLOTS) {
      this.#move(wider, at, at + STEP_SLOTS);
      if (pacer.due()) yield* pacer.pause();
    }
    [this.#left, this.#right, this.#slots] = wider;
  }

  #reserve(more: number): void {
    const size = slotsFor(this.count + more, this.#slots.length);
    if (size === this.#slots.length) return;
    const wider = [new Int32Array(size), new Int32Array(size), new Int32Array(size)] as const;
    this.#move(wider, 0, this.#slots.length);
    [this.#left, this.#right, this.#slots] = wider;
  }

  /** Takes what lies in some slots over to wider arrays: left, right, slots. */
  #move([left, right, slots]: readonly [Int32Array, Int32Array, Int32Array], start: number, end: number): void {
    const mask = slots.length - 1;
    const shift = Math.clz32(mask);
    const stop = Math.min(end, this.#slots.length);
    for (let s = start; s < stop; s++) {
      if (this.#slots[s] === 0) continue;
      const a = this.#left[s] as number;
      const b = this.#right[s] as number;
      let slot = hashPair(a, b) >>> shift;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = this.#slots[s] as number;
      left[slot] = a;
      right[slot] = b;
    }
  }
}

function hashPair(a: number, b: number): number {
  return Math.imul(a ^ Math.imul(b, 0x85ebca6b), GOLDEN) ^ Math.imul(b, 0xc2b2ae35);
}
