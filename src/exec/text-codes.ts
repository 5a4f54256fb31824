/**
 * TextCodes: a map from keys to numbers that grows a little at a time.
 *
 * A Map of the platform doubles by rehashing all that it holds, which for 500,000 keys takes some 50 ms that nobody can
 * interrupt, and it holds 2^24 keys at most. So many keys lie in many maps, chosen by a hash of the key. Maps of equal
 * shares would all double at about the same time; so their shares ascend evenly from one part to two, and one of them
 * doubles after the other. What the first map holds is dealt out one key with each that is asked for, for all at once
 * would take longer than all the rest.
 */

/** Keys of one map, before there are several: it grows in a few milliseconds. */
const FEW_KEYS = 65_536;
const MAPS = 128;
/** Values of the hash that are dealt out to the maps. */
const PLACES = 16_384;

type Codes = Map<unknown, number>;

export class TextCodes {
  /** Null once its keys are in `#maps`; while they are dealt out they are in both. */
  #first: Codes | null = new Map();
  /** Once there are many keys. */
  #maps: Codes[] | null = null;
  #toDeal: MapIterator<[unknown, number]> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(key: unknown): number | undefined {
    const code = this.#maps === null ? undefined : mapOf(this.#maps, key).get(key);
    return code ?? this.#first?.get(key);
  }

  /** The number of a key; it gets `next` if it is not there. */
  numberOf(key: unknown, next: number): number {
    const codes = this.#maps === null ? (this.#first as Codes) : mapOf(this.#maps, key);
    const code = codes.get(key) ?? (this.#toDeal === null ? undefined : this.#dealOne(key));
    if (code !== undefined) return code;
    codes.set(key, next);
    if (++this.#size === FEW_KEYS) this.#spread();
    return next;
  }

  #spread(): void {
    this.#maps = Array.from({ length: MAPS }, (): Codes => new Map());
    this.#toDeal = (this.#first as Codes).entries();
  }

  /** Takes one key of the first map over; the number that the key asked for has in it. */
  #dealOne(asked: unknown): number | undefined {
    const code = this.#first?.get(asked);
    const { done, value } = (this.#toDeal as MapIterator<[unknown, number]>).next();
    if (done !== true) mapOf(this.#maps as Codes[], value[0]).set(value[0], value[1]);
    else this.#first = this.#toDeal = null;
    return code;
  }
}

function mapOf(maps: readonly Codes[], key: unknown): Codes {
  return maps[shares[hashOf(key)] as number] as Codes;
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
