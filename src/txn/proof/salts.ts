/**
 * The salts of a commit's changes: one for each, all from one seed, any of which can be destroyed for itself.
 *
 * Seeds form a binary tree: those of the children are hashes of their parent's, and the salts are its leaves. The seed of
 * the root stands for all; where one salt is destroyed it gives way to the seeds beside the path to that leaf, from which
 * every other salt follows and that one does not (Goldreich, Goldwasser, Micali 1986). The destroyed leaf's hash is kept,
 * so that the root over the changes can still be computed, and nobody can try out what it was the hash of.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DIGEST_BYTES, sha256 } from '../../base/sha256.ts';
import { TAG } from './merkle.ts';

interface Seed {
  /** 0 for a salt itself. */
  readonly height: number;
  readonly index: number;
  readonly seed: Uint8Array;
}

export class Salts {
  readonly #seeds: readonly Seed[];
  /** Hashes of changes without a salt, by position. */
  readonly destroyed: ReadonlyMap<number, Uint8Array>;
  /** The last way down, by height: positions mostly come one after the other. */
  readonly #way: (Seed | undefined)[] = [];

  private constructor(seeds: readonly Seed[], destroyed: ReadonlyMap<number, Uint8Array>) {
    this.#seeds = seeds;
    this.destroyed = destroyed;
  }

  /** For `count` changes from 32 random bytes. */
  static from(seed: Uint8Array, count: number): Salts {
    return new Salts([{ height: heightOf(count), index: 0, seed }], new Map());
  }

  /** The salt of a change; null where it was destroyed. */
  at(position: number): Uint8Array | null {
    const top = this.#seeds.find(({ height, index }) => Math.floor(position / 2 ** height) === index);
    if (top === undefined) return null;
    let seed = top;
    for (let height = top.height - 1; height >= 0; height--) {
      const index = Math.floor(position / 2 ** height);
      const known = this.#way[height];
      if (known?.index === index) {
        seed = known;
        continue;
      }
      seed = childOf(seed, index);
      this.#way[height] = seed;
    }
    return seed.seed;
  }

  /** Without the salts at these positions; their changes' hashes stay. */
  without(hashes: ReadonlyMap<number, Uint8Array>): Salts {
    let seeds = this.#seeds;
    for (const position of hashes.keys()) seeds = seeds.flatMap((seed) => [...splitAt(seed, position)]);
    return new Salts(seeds, new Map([...this.destroyed, ...hashes]));
  }

  encode(): Uint8Array {
    const writer = new ByteWriter();
    writer.varint(this.#seeds.length);
    for (const { height, index, seed } of this.#seeds) {
      writer.varint(height);
      writer.varint(index);
      writer.raw(seed);
    }
    writer.varint(this.destroyed.size);
    for (const [position, hash] of this.destroyed) {
      writer.varint(position);
      writer.raw(hash);
    }
    return writer.finish();
  }

  /** Throws XX001 for bytes that are not what `encode` gave. */
  static decode(bytes: Uint8Array): Salts {
    const reader = new ByteReader(bytes, 'salts of a commit');
    const seeds: Seed[] = [];
    for (let left = reader.varint(); left > 0; left--)
      seeds.push({ height: reader.varint(), index: reader.varint(), seed: reader.raw(DIGEST_BYTES) });
    const destroyed = new Map<number, Uint8Array>();
    for (let left = reader.varint(); left > 0; left--) destroyed.set(reader.varint(), reader.raw(DIGEST_BYTES));
    return new Salts(seeds, destroyed);
  }
}

function heightOf(count: number): number {
  return count <= 1 ? 0 : Math.ceil(Math.log2(count));
}

function childOf({ height, seed }: Seed, index: number): Seed {
  return { height: height - 1, index, seed: sha256(index % 2 === 0 ? TAG.left : TAG.right, seed) };
}

/** What a seed gives way to when the salt at a position is destroyed: itself where it is not above it. */
function* splitAt(seed: Seed, position: number): Generator<Seed> {
  if (Math.floor(position / 2 ** seed.height) !== seed.index) {
    yield seed;
    return;
  }
  let above = seed;
  while (above.height > 0) {
    const children = [childOf(above, above.index * 2), childOf(above, above.index * 2 + 1)] as const;
    const isLeft = Math.floor(position / 2 ** (above.height - 1)) === children[0].index;
    yield isLeft ? children[1] : children[0];
    above = isLeft ? children[0] : children[1];
  }
}
