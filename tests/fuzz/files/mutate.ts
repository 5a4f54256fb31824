/** Mutations of bytes: what failing media, cut transfers and meddling people do to a file. */
import type { Random } from '../../../src/base/random.ts';

export function below(random: Random, limit: number): number {
  return limit <= 0 ? 0 : random.uint32() % limit;
}

const INTERESTING = [0, 1, 127, 128, 255] as const;

/** A changed copy. Half of the changes are one bit or byte, the others move, cut, repeat or blank a part. */
export function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  const copy = bytes.slice();
  const { length } = copy;
  const at = below(random, length);
  const size = Math.min(length - at, 1 + below(random, random.uint32() % 2 === 0 ? 8 : 600));
  switch (below(random, 12)) {
    case 0:
      return bytes.slice(0, at);
    case 1:
      return joined(bytes.subarray(0, at), bytes.subarray(at + size));
    case 2:
      return joined(bytes.subarray(0, at + size), bytes.subarray(at));
    case 3:
      copy.fill(0, at, at + size);
      return copy;
    case 4:
      for (let i = at; i < at + size; i++) copy[i] = random.uint32() & 255;
      return copy;
    case 5:
      copy.copyWithin(at, below(random, length), length);
      return copy;
    case 6:
      for (let i = at; i < Math.min(length, at + 4); i++) copy[i] = 255;
      return copy;
    case 7:
      copy[at] = INTERESTING[below(random, INTERESTING.length)] as number;
      return copy;
    default:
      for (let left = 1 + below(random, 2); left > 0; left--) {
        const place = below(random, length);
        copy[place] = (copy[place] as number) ^ (1 << below(random, 8));
      }
      return copy;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
