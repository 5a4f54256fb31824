/**
 * Filters: whether a block may hold a value, where its bounds do not tell. Split-block Bloom filters, as in Parquet (Putze
 * and others, "Cache-, hash- and space-efficient Bloom filters"): a value sets one bit in each of the eight words of
 * one piece of 32 bytes. With eight bits a row about three of a hundred values that are not there seem to be.
 *
 * Numbers are hashed as doubles, texts as UTF-16 units. A filter is written for values that lie all over the column's range
 * and take many bytes (`isWorth`): random ids and texts; it adds at most a seventh to their block.
 */
import type { Value, Vector } from '../base/vector.ts';

const PIECE_BYTES = 32;
const BITS_A_ROW = 8;
/** A block must be so many times as big as its filter. */
const WORTH = 7;
/** Fewer rows are read as fast as a filter. */
const MIN_ROWS = 512;
const SALT: Int32Array = Int32Array.of(
  0x47b6137b,
  0x44974d91,
  0x8824ad5b,
  0xa2b7289d,
  0x705495c7,
  0x2df1424b,
  0x9efc4947,
  0x5c6bfb31,
);
const double = new Float64Array(1);
const halves = new Int32Array(double.buffer);

/** Whether a block of so many bytes gets a filter. `isSpread`: bounds of the column's blocks rule little out. */
export function isWorth(rows: number, blockBytes: number, isSpread: boolean): boolean {
  return isSpread && rows >= MIN_ROWS && (rows * BITS_A_ROW) / 8 <= blockBytes / WORTH;
}

/** The filter of rows `start` to `end`; null for kinds that have none. */
export function filterOf(vector: Vector, start: number, end: number): Uint8Array | null {
  const { kind, nulls } = vector;
  if (kind !== 'text' && kind !== 'i32' && kind !== 'f64') return null;
  const filter = new Uint8Array(Math.ceil(((end - start) * BITS_A_ROW) / 8 / PIECE_BYTES) * PIECE_BYTES);
  const words = new Int32Array(filter.buffer);
  for (let row = start; row < end; row++) {
    if (nulls !== null && nulls[row] === 1) continue;
    if (kind === 'text') hashText(vector.data[row] as string);
    else hashNumber(vector.data[row] as number);
    const piece = pieceOf(words.length / 8) * 8;
    for (let word = 0; word < 8; word++)
      words[piece + word] = (words[piece + word] as number) | (1 << (Math.imul(low, SALT[word] as number) >>> 27));
  }
  return filter;
}

/** False if no row has the value. */
export function filterMayHold(filter: Uint8Array, value: Value): boolean {
  if (typeof value === 'string') hashText(value);
  else if (typeof value === 'number') hashNumber(value);
  else return true;
  const piece = pieceOf(filter.length / PIECE_BYTES) * PIECE_BYTES;
  for (let word = 0; word < 8; word++) {
    const bit = Math.imul(low, SALT[word] as number) >>> 27;
    // Words are little endian.
    if ((((filter[piece + 4 * word + (bit >> 3)] as number) >> (bit & 7)) & 1) === 0) return false;
  }
  return true;
}

/** Halves of the last hash: module state, because a pair a value would be garbage. */
let low = 0;
let high = 0;

function pieceOf(pieces: number): number {
  return Math.floor(((high >>> 0) / 0x100000000) * pieces);
}

function hashNumber(value: number): void {
  // 0 and -0 are equal.
  double[0] = value === 0 ? 0 : value;
  low = mixed(Math.imul(halves[0] as number, 0x9e3779b1) ^ (halves[1] as number));
  high = mixed(Math.imul(halves[1] as number, 0x85ebca6b) ^ (halves[0] as number) ^ 0x27d4eb2f);
}

function hashText(text: string): void {
  let [a, b] = [0x811c9dc5, 0x9747b28c];
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x01000193);
    b = Math.imul(b ^ unit, 0x5bd1e995);
  }
  low = mixed(a);
  high = mixed(b ^ text.length);
}

function mixed(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
