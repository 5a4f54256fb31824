/** Numbers from bytes: the inverse of encode-numbers.ts. Every length is checked against what remains; throws XX001. */
import type { ByteReader } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import { packedBytes, unpackBits } from './bits.ts';
import { readCompressed } from './compressed.ts';
import { ENCODING } from './constants.ts';
import type { Numbers } from './encode-numbers.ts';

/** Numbers nest: decimals of runs of frames. */
const MAX_DEPTH = 4;

/** Fills `target`. */
export function decodeNumbers<T extends Numbers>(input: ByteReader, target: T, what: string, depth = 0): T {
  if (depth > MAX_DEPTH) throw corrupt(what, 'numbers nest too deep');
  const encoding = input.u8();
  switch (encoding) {
    case ENCODING.plain: {
      const bytes = readCompressed(input, what);
      if (bytes.length !== target.byteLength) throw corrupt(what, `${bytes.length} bytes of numbers`);
      new Uint8Array(target.buffer).set(bytes);
      return target;
    }
    case ENCODING.constant:
      target.fill(input.f64());
      return target;
    case ENCODING.frame: {
      const base = input.f64();
      const width = widthFrom(input, what);
      unpackBits(input.raw(packedBytes(target.length, width)), width, base, target);
      return target;
    }
    case ENCODING.delta:
      return decodeDelta(input, target, what);
    case ENCODING.runs:
      return decodeRuns(input, target, what, depth);
    case ENCODING.decimal: {
      const scale = 10 ** input.u8();
      decodeNumbers(input, target, what, depth + 1);
      for (let i = 0; i < target.length; i++) target[i] = (target[i] as number) / scale;
      return target;
    }
    default:
      throw corrupt(what, `unknown number encoding ${encoding}`);
  }
}

function decodeDelta<T extends Numbers>(input: ByteReader, target: T, what: string): T {
  let value = input.f64();
  const smallest = input.f64();
  const width = widthFrom(input, what);
  if (target.length === 0) return target;
  const excess = new Float64Array(target.length - 1);
  unpackBits(input.raw(packedBytes(excess.length, width)), width, smallest, excess);
  target[0] = value;
  for (let i = 1; i < target.length; i++) {
    value += excess[i - 1] as number;
    target[i] = value;
  }
  return target;
}

function decodeRuns<T extends Numbers>(input: ByteReader, target: T, what: string, depth: number): T {
  const runs = input.varint();
  if (runs > target.length) throw corrupt(what, `${runs} runs for ${target.length} rows`);
  const values = decodeNumbers(
    input,
    target instanceof Int32Array ? new Int32Array(runs) : new Float64Array(runs),
    what,
    depth + 1,
  );
  const lengths = decodeNumbers(input, new Int32Array(runs), what, depth + 1);
  let at = 0;
  for (let run = 0; run < runs; run++) {
    const length = lengths[run] as number;
    if (length < 0 || at + length > target.length) throw corrupt(what, 'runs longer than the block');
    target.fill(values[run] as number, at, at + length);
    at += length;
  }
  if (at !== target.length) throw corrupt(what, 'runs shorter than the block');
  return target;
}

function widthFrom(input: ByteReader, what: string): number {
  const width = input.u8();
  if (width > 53) throw corrupt(what, `numbers of ${width} bits`);
  return width;
}

function corrupt(what: string, detail: string): DriftError {
  return new DriftError('XX001', `data corrupted: ${what}: ${detail}`);
}
