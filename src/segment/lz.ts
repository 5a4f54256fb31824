/**
 * LZ4's block format: literals and copies of what came before, without entropy coding. Fast to decode, good on text.
 *
 *     sequence = u8 token (high 4 bits: literals, low 4: copied bytes - 4; 15 means more follow, 255 a byte)
 *              | [more literals] | literals | u16 distance | [more copied bytes]
 *
 * The last sequence has literals only. (The format is described at the LZ4 project; this writer is greedy, with one
 * candidate for each hash of four bytes.)
 */
import { DriftError } from '../base/error.ts';

const HASH_BITS = 12;
const MIN_COPY = 4;
const MAX_DISTANCE = 65535;
/** The format wants the last five bytes as literals, and no copy to begin in the last twelve. */
const LAST_LITERALS = 5;
const MARGIN = 12;
/** Copied by hand. */
const FEW_BYTES = 32;
/** A byte of input makes at most so many of output. */
const MAX_RATIO = 255;

const MIN_SCRATCH = 64 * 1024;
let scratch = new Uint8Array(0);
const table = new Int32Array(1 << HASH_BITS);

/**
 * The bytes compressed, or null where that would not make them smaller than `limit`. The result is good until the next
 * call: what is compressed is copied into a block anyway.
 */
export function compress(source: Uint8Array, limit: number): Uint8Array | null {
  if (scratch.length < limit) scratch = new Uint8Array(Math.max(limit, MIN_SCRATCH));
  const out = scratch;
  table.fill(-1);
  let [at, anchor, written] = [0, 0, 0];
  const end = source.length - MARGIN;
  while (at < end) {
    const hash = hashAt(source, at);
    const candidate = table[hash] as number;
    table[hash] = at;
    if (candidate < 0 || at - candidate > MAX_DISTANCE || !sameFour(source, candidate, at)) {
      // Where nothing repeats, the steps grow: incompressible bytes cost little.
      at += 1 + ((at - anchor) >> 6);
      continue;
    }
    let length = MIN_COPY;
    const most = source.length - LAST_LITERALS - at;
    while (length < most && source[candidate + length] === source[at + length]) length++;
    const literals = at - anchor;
    if (written + sequenceBytes(literals, length) > limit) return null;
    written = writeLiterals(out, written, source, anchor, at, Math.min(length - MIN_COPY, 15));
    out[written++] = (at - candidate) & 0xff;
    out[written++] = (at - candidate) >> 8;
    if (length - MIN_COPY >= 15) written = writeMore(out, written, length - MIN_COPY - 15);
    at += length;
    anchor = at;
  }
  if (written + sequenceBytes(source.length - anchor, 0) > limit) return null;
  written = writeLiterals(out, written, source, anchor, source.length, 0);
  return out.subarray(0, written);
}

/**
 * Throws XX001 where the bytes are not exactly `length` bytes compressed. No helper functions in the loop: the first read
 * of a cold start runs it in the interpreter, where calls cost most.
 */
export function decompress(source: Uint8Array, length: number, what: string): Uint8Array {
  if (length > source.length * MAX_RATIO + MAX_RATIO) throw corrupt(what);
  const out = new Uint8Array(length);
  let [at, written] = [0, 0];
  while (at < source.length) {
    const token = source[at++] as number;
    let literals = token >> 4;
    if (literals === 15) {
      let next = 255;
      for (; next === 255; literals += next) next = source[at++] as number;
    }
    // Behind the end of the source lengths are NaN, and no comparison holds.
    if (!(at + literals <= source.length && written + literals <= length)) throw corrupt(what);
    if (literals > FEW_BYTES) out.set(source.subarray(at, at + literals), written);
    else for (let i = 0; i < literals; i++) out[written + i] = source[at + i] as number;
    at += literals;
    written += literals;
    if (at === source.length) break;
    const distance = (source[at] as number) | ((source[at + 1] ?? 0) << 8);
    at += 2;
    let copied = (token & 15) + MIN_COPY;
    if (copied === 15 + MIN_COPY) {
      let next = 255;
      for (; next === 255; copied += next) next = source[at++] as number;
    }
    if (!(distance > 0 && distance <= written && written + copied <= length)) throw corrupt(what);
    const from = written - distance;
    // Byte by byte where few, or where a copy runs into what it writes.
    if (copied > FEW_BYTES && distance >= copied) out.copyWithin(written, from, from + copied);
    else for (let i = 0; i < copied; i++) out[written + i] = out[from + i] as number;
    written += copied;
  }
  if (written !== length) throw corrupt(what);
  return out;
}

function hashAt(source: Uint8Array, at: number): number {
  const four =
    (source[at] as number) |
    ((source[at + 1] as number) << 8) |
    ((source[at + 2] as number) << 16) |
    ((source[at + 3] as number) << 24);
  return Math.imul(four, 0x9e3779b1) >>> (32 - HASH_BITS);
}

function sameFour(source: Uint8Array, a: number, b: number): boolean {
  return (
    source[a] === source[b] &&
    source[a + 1] === source[b + 1] &&
    source[a + 2] === source[b + 2] &&
    source[a + 3] === source[b + 3]
  );
}

/** An upper bound of what a sequence takes. */
function sequenceBytes(literals: number, copied: number): number {
  return literals + Math.ceil(literals / MAX_RATIO) + Math.ceil(copied / MAX_RATIO) + 5;
}

function writeLiterals(
  out: Uint8Array,
  start: number,
  source: Uint8Array,
  from: number,
  to: number,
  low: number,
): number {
  let at = start;
  const length = to - from;
  out[at++] = (Math.min(length, 15) << 4) | low;
  if (length >= 15) at = writeMore(out, at, length - 15);
  if (length > FEW_BYTES) {
    out.set(source.subarray(from, to), at);
    return at + length;
  }
  // A view for a few bytes costs more than the bytes.
  for (let i = from; i < to; i++) out[at++] = source[i] as number;
  return at;
}

function writeMore(out: Uint8Array, start: number, value: number): number {
  let at = start;
  let rest = value;
  for (; rest >= 255; rest -= 255) out[at++] = 255;
  out[at++] = rest;
  return at;
}

function corrupt(what: string): DriftError {
  return new DriftError('XX001', `data corrupted: ${what}: compressed bytes are not what they say`);
}
