/**
 * Sets and maps of very many keys. A built-in one of a million entries takes a tenth of a second when it grows, for it is
 * rehashed at once; so these are divided by a cheap hash, and each part grows by itself. Parts of equal shares would all
 * grow at about the same time: theirs ascend evenly from one part to two. Small ones are one built-in map.
 */
type Key = number | string | bigint;

/** What is asked of a set of keys. */
export interface Keys {
  readonly size: number;
  has(key: Key): boolean;
}

/** Entries up to which there is one part. */
const SMALL = 1024;
const PARTS = 128;
/** Values of the hash that are dealt out to the parts. */
const PLACES = 16_384;

/** From keys to numbers that are not negative. */
export class KeyMap {
  #parts: Map<Key, number>[] = [new Map()];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** The value of a key, or -1. */
  get(key: Key): number {
    return this.#partOf(key).get(key) ?? -1;
  }

  set(key: Key, value: number): void {
    const part = this.#partOf(key);
    const before = part.size;
    part.set(key, value);
    this.#size += part.size - before;
    if (this.#parts.length === 1 && part.size > SMALL) this.#divide(part);
  }

  delete(key: Key): void {
    if (this.#partOf(key).delete(key)) this.#size--;
  }

  /** Entries in no order that means anything. */
  *entries(): Generator<readonly [Key, number]> {
    for (const part of this.#parts) yield* part;
  }

  #partOf(key: Key): Map<Key, number> {
    const parts = this.#parts;
    return parts[parts.length === 1 ? 0 : partNumber(key)] as Map<Key, number>;
  }

  #divide(whole: Map<Key, number>): void {
    this.#parts = Array.from({ length: PARTS }, () => new Map<Key, number>());
    for (const [key, value] of whole) this.#partOf(key).set(key, value);
  }
}

export class KeySet implements Keys {
  readonly #map = new KeyMap();

  get size(): number {
    return this.#map.size;
  }

  has(key: Key): boolean {
    return this.#map.get(key) >= 0;
  }

  add(key: Key): void {
    this.#map.set(key, 0);
  }
}

/** A list of ascending keys as a set. */
export class AscendingKeys implements Keys {
  readonly #keys: readonly Key[];

  constructor(keys: readonly Key[]) {
    this.#keys = keys;
  }

  get size(): number {
    return this.#keys.length;
  }

  has(key: Key): boolean {
    const keys = this.#keys;
    let low = 0;
    let high = keys.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as Key) < key) low = middle + 1;
      else high = middle;
    }
    return keys[low] === key;
  }
}

/** The part of each value of the hash: the last one has about twice as many as the first. */
const parts: Uint8Array = Uint8Array.from({ length: PLACES }, (_, place) =>
  Math.floor(Math.log2(1 + place / PLACES) * PARTS),
);

const GOLDEN = 0x9e3779b1 | 0;

function partNumber(key: Key): number {
  return parts[Math.imul(hashOf(key), GOLDEN) >>> 18] as number;
}

function hashOf(key: Key): number {
  if (typeof key === 'number') return key ^ (key / 64);
  if (typeof key === 'bigint') return Number(BigInt.asIntN(32, key ^ (key >> 32n)));
  const last = key.length - 1;
  let hash = last;
  // Composite keys end and begin alike.
  for (let at = last; at >= 0 && at >= last - 4; at -= 2) hash = (hash * 31 + key.charCodeAt(at)) | 0;
  return last < 0 ? hash : (hash * 31 + key.charCodeAt(last >> 1)) | 0;
}
