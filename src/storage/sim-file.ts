/**
 * SimFile: one file of the simulated disk, which knows the bytes it shows from the bytes that are safe.
 *
 *     live      what reads see: every write so far
 *     durable   what the medium held after the last flush
 *     unsafe    for every 512-byte sector written since: its versions, oldest first
 *     sizes     the sizes the file had since
 *
 * A crash decides sector by sector: the durable version stays, or any later one, or the first part of one over the rest
 * of another (torn), or noise (garbled). The size becomes one that the file had. Nothing orders one sector against
 * another: that is what a flush is for.
 */
import type { Random } from './sim-random.ts';

export const SECTOR_BYTES = 512;

/** Which fates a crash may deal an unflushed sector. */
export interface CrashRules {
  /** Share of crashes where all unflushed writes are gone, or all are kept; in between each sector has its own fate. */
  readonly uniform: number;
  readonly tear: boolean;
  readonly garble: boolean;
}

export class SimFile {
  readonly name: string;
  live: Uint8Array = new Uint8Array(0);
  size = 0;
  #durable: Uint8Array = new Uint8Array(0);
  readonly #unsafe = new Map<number, Uint8Array[]>();
  #sizes: number[] = [];
  /** Whether the file's name would survive a crash for certain. */
  exists = false;
  /** Sectors that a failed flush has given up: a later flush does not save them (as Linux does since 4.13). */
  readonly #abandoned = new Set<number>();

  constructor(name: string, durable: Uint8Array = new Uint8Array(0), exists = false) {
    this.name = name;
    this.#durable = durable;
    this.live = durable.slice();
    this.size = durable.length;
    this.exists = exists;
  }

  /** The same file, to be dealt another fate. */
  copy(): SimFile {
    const file = new SimFile(this.name, this.#durable, this.exists);
    file.live = this.live.slice();
    file.size = this.size;
    file.#sizes = [...this.#sizes];
    for (const [sector, versions] of this.#unsafe) file.#unsafe.set(sector, [...versions]);
    for (const sector of this.#abandoned) file.#abandoned.add(sector);
    return file;
  }

  read(offset: number, length: number): Uint8Array {
    return this.live.slice(offset, Math.max(offset, Math.min(offset + length, this.size)));
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    this.#reserve(end);
    this.live.set(bytes, offset);
    this.#resize(Math.max(this.size, end));
    if (bytes.length > 0) this.#record(offset, end);
  }

  truncate(size: number): void {
    this.#reserve(size);
    const [low, high] = [Math.min(size, this.size), Math.max(size, this.size)];
    this.live.fill(0, size, Math.max(size, this.size));
    this.#resize(size);
    if (low < high) this.#record(low, high);
  }

  /** Everything so far is safe, but for sectors that an earlier flush has failed to save. */
  flush(): void {
    const durable = this.live.slice(0, this.size);
    for (const sector of this.#abandoned) {
      const start = sector * SECTOR_BYTES;
      const end = Math.min(start + SECTOR_BYTES, this.size);
      for (let i = start; i < end; i++) durable[i] = this.#durable[i] ?? 0;
    }
    for (const sector of this.#unsafe.keys()) if (!this.#abandoned.has(sector)) this.#unsafe.delete(sector);
    this.#durable = durable;
    this.#sizes = [];
    this.exists = true;
  }

  failFlush(): void {
    for (const sector of this.#unsafe.keys()) this.#abandoned.add(sector);
  }

  /** What was flushed. */
  durable(): Uint8Array {
    return this.#durable.slice();
  }

  /** Whether there is anything that a flush would save. */
  get isUnsafe(): boolean {
    return this.#unsafe.size > 0 || this.#sizes.length > 0 || !this.exists;
  }

  /** What the medium holds after the machine went down. */
  afterCrash(random: Random, rules: CrashRules): Uint8Array {
    const all = random.chance(rules.uniform);
    if (all) return random.chance(0.5) ? this.live.slice(0, this.size) : this.#durable.slice();
    const size = this.#sizes.length === 0 ? this.size : random.pick([this.#durable.length, this.size, ...this.#sizes]);
    const result = new Uint8Array(size);
    result.set(this.#durable.subarray(0, Math.min(size, this.#durable.length)));
    for (const [sector, versions] of this.#unsafe) {
      const start = sector * SECTOR_BYTES;
      if (start >= size) continue;
      const bytes = this.#fate(sector, versions, random, rules);
      result.set(bytes.subarray(0, Math.min(SECTOR_BYTES, size - start)), start);
    }
    return result;
  }

  /** What the medium holds after the process died but the machine lives on: all that was written. */
  afterKill(): Uint8Array {
    return this.live.slice(0, this.size);
  }

  #fate(sector: number, versions: readonly Uint8Array[], random: Random, rules: CrashRules): Uint8Array {
    const safe = new Uint8Array(SECTOR_BYTES);
    safe.set(this.#durable.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES));
    const roll = random.below(10);
    if (roll < 4) return safe;
    const kept = random.chance(0.7) ? (versions[versions.length - 1] as Uint8Array) : random.pick(versions);
    if (roll < 8) return kept;
    if (roll === 8 && rules.tear) {
      const torn = safe.slice();
      const [from, to] = random.chance(0.5)
        ? [0, random.below(SECTOR_BYTES)]
        : [random.below(SECTOR_BYTES), SECTOR_BYTES];
      torn.set(kept.subarray(from, to), from);
      return torn;
    }
    if (roll === 9 && rules.garble) {
      const noise = new Uint8Array(SECTOR_BYTES);
      random.fill(noise);
      return noise;
    }
    return kept;
  }

  #record(offset: number, end: number): void {
    const last = Math.floor((end - 1) / SECTOR_BYTES);
    for (let sector = Math.floor(offset / SECTOR_BYTES); sector <= last; sector++) {
      const copy = new Uint8Array(SECTOR_BYTES);
      copy.set(this.live.subarray(sector * SECTOR_BYTES, Math.min((sector + 1) * SECTOR_BYTES, this.live.length)));
      const versions = this.#unsafe.get(sector);
      if (versions === undefined) this.#unsafe.set(sector, [copy]);
      else if (versions.length < 4) versions.push(copy);
      else versions[3] = copy;
      // A sector written again after a failed flush has a new chance.
      this.#abandoned.delete(sector);
    }
  }

  #resize(size: number): void {
    if (size === this.size) return;
    this.size = size;
    this.#sizes.push(size);
  }

  #reserve(size: number): void {
    if (size <= this.live.length) return;
    const bigger = new Uint8Array(Math.max(size, this.live.length * 2, SECTOR_BYTES * 2));
    bigger.set(this.live.subarray(0, this.size));
    this.live = bigger;
  }
}
