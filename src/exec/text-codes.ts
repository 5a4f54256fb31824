/**
 * TextCodes: a map from keys to numbers that grows a little at a time.
 *
 * A Map of the platform doubles by rehashing all that it holds, which for 500,000 keys takes some 50 ms that nobody can
 * interrupt, and it holds 2^24 keys at most. So many keys lie in many maps, chosen by a hash of the key. Maps of equal
 * shares would all double at about the same time; so their shares ascend evenly from one part to two, and one of them
 * doubles after the other.
 */

/** Keys of one map, before there are several: it grows in a few milliseconds. */
const FEW_KEYS = 65_536;
const MAPS = 32;
/** Values of the hash that are dealt out to the maps. */
const PLACES = 16_384;

type Codes = Map<unknown, number>;

export class TextCodes {
  #first: Codes = new Map();
  /** In place of `#first`, once there are many keys. */
  #maps: Codes[] | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: unknown): number | undefined {
    return (this.#maps === null ? this.#first : this.#mapOf(this.#maps, key)).get(key);
  }

  /** The number of a key; it gets `next` if it is not there. */
  numberOf(key: unknown, next: number): number {
    const codes = this.#maps === null ? this.#first : this.#mapOf(this.#maps, key);
    const code = codes.get(key);
    if (code !== undefined) return code;
    codes.set(key, next);
    if (++this.#size === FEW_KEYS) this.#spread();
    return next;
  }

  #mapOf(maps: readonly Codes[], key: unknown): Codes {
    return maps[shares[hashOf(key)] as number] as Codes;
  }

  #spread(): void {
    const maps = Array.from({ length: MAPS }, (): Codes => new Map());
    for (const [key, code] of this.#first) this.#mapOf(maps, key).set(key, code);
    this.#maps = maps;
    this.#first = new Map();
  }
}

/** The map of each value of the hash: the last one has about twice as many as the first. */
const shares: Uint8Array = Uint8Array.from({ length: PLACES }, (_, place) =>
  Math.floor(Math.log2(1 + place / PLACES) * MAPS),
);

const GOLDEN = 0x9e3779b1 | 0;

/**
 * Which map a key goes to. Of a text a few characters decide, mostly the last ones, which tell numbered names apart: the
 * look into the map goes by all of them. Where they say little, some maps have more keys than others.
 */
function hashOf(key: unknown): number {
  if (typeof key === 'string') {
    const { length } = key;
    let hash = length;
    for (let i = length > 4 ? length - 4 : 0; i < length; i++) hash = Math.imul(hash, 31) + key.charCodeAt(i);
    if (length > 8) hash = Math.imul(hash, 31) + key.charCodeAt(length >> 1);
    return Math.imul(hash, GOLDEN) >>> 18;
  }
  if (typeof key === 'bigint') return Math.imul(Number(BigInt.asIntN(32, key ^ (key >> 32n))), GOLDEN) >>> 18;
  // Halves and the like differ below the point.
  return typeof key === 'number' ? Math.imul((key * 65_536) | 0, GOLDEN) >>> 18 : 0;
}
