/**
 * Packs: the append-only files that hold segments, many to a file.
 *
 * Appends go to the newest pack until it is full, each at a sector boundary, so that a torn write can't reach back into
 * what was flushed before. Bytes beyond the end of the newest pack (left by a crash before the manifest switched) are
 * overwritten. A pack is removed when no reference in the directory in force names it and no
 * read of it is under way.
 */
import { DriftError } from '../base/error.ts';
import { PAUSE, type Task, wait } from '../base/task.ts';
import { removeFile } from '../storage/remove.ts';
import { type Storage, TEMPORARY_PREFIX } from '../storage/storage.ts';
import { openSegment, sealedLength, sealSegment } from './sealed-segment.ts';
import type { EncodedSegment, SegmentRef } from './segment.ts';

const SECTOR_BYTES = 512;
/** Bytes written without a pause. */
const WRITTEN_AT_ONCE: number = 512 * 1024;
const PACK_NAME = /^pack-(\d+)$/;

export class Packs {
  readonly #storage: Storage;
  readonly #packSizeBytes: number;
  /** Bytes used, by pack number. */
  readonly #sizes: Map<number, number>;
  readonly #reading: Map<number, number> = new Map();
  readonly #unflushed: Set<number> = new Set();
  /** Packs before this one are to be emptied, however much of them is alive. */
  #retiredBelow = 0;
  /** Bytes appended since the last flush, and since the opening; and bytes read. */
  unflushedBytes = 0;
  writtenBytes = 0;
  readBytes = 0;
  readonly #pins: Set<ReadonlySet<number>> = new Set();
  #current: number;

  private constructor(storage: Storage, packSizeBytes: number, sizes: Map<number, number>, current: number) {
    this.#storage = storage;
    this.#packSizeBytes = packSizeBytes;
    this.#sizes = sizes;
    this.#current = current;
  }

  /** The packs that a directory names. */
  static of(storage: Storage, packSizeBytes: number, known: ReadonlyMap<number, number>, current: number): Packs {
    return new Packs(storage, packSizeBytes, new Map(known), current);
  }

  /** Files that the directory does not name: leftovers of checkpoints that never came into force, or of packs emptied since. */
  *leftovers(): Task<readonly string[]> {
    const isLeft = (name: string): boolean => {
      if (name.startsWith(TEMPORARY_PREFIX)) return true;
      const match = PACK_NAME.exec(name);
      return match !== null && !this.#sizes.has(Number(match[1]));
    };
    return (yield* wait(this.#storage.list())).filter(isLeft);
  }

  get current(): number {
    return this.#current;
  }

  get sizes(): ReadonlyMap<number, number> {
    return this.#sizes;
  }

  get diskBytes(): number {
    let total = 0;
    for (const size of this.#sizes.values()) total += size;
    return total;
  }

  isRetired(pack: number): boolean {
    return pack < this.#retiredBelow;
  }

  /** Keeps the packs that there are until what it returns is called. */
  pin(): () => void {
    const pinned = new Set(this.#sizes.keys());
    this.#pins.add(pinned);
    return () => void this.#pins.delete(pinned);
  }

  get isPinned(): boolean {
    return this.#pins.size > 0;
  }

  /** Begins a pack, with this number at least, and retires those before it. Returns its number. */
  begin(atLeast: number): number {
    this.#current = Math.max(atLeast, this.#current + (atLeast === 0 ? 1 : 0));
    this.#retiredBelow = Math.max(this.#retiredBelow, atLeast || this.#current);
    return this.#retiredBelow;
  }

  /** Writes a segment of a table, whose key seals it where the database is encrypted. */
  *append(segment: EncodedSegment, table: number): Task<SegmentRef> {
    const { cipher } = this.#storage;
    const { length } = segment.bytes;
    const size = cipher === undefined ? length : sealedLength(length);
    let offset = Math.ceil((this.#sizes.get(this.#current) ?? 0) / SECTOR_BYTES) * SECTOR_BYTES;
    if (offset > 0 && offset + size > this.#packSizeBytes) {
      this.#current++;
      offset = 0;
    }
    const pack = this.#current;
    // Reserved before the write: another appender that runs meanwhile writes behind it.
    this.#sizes.set(pack, offset + size);
    this.#unflushed.add(pack);
    this.unflushedBytes += segment.bytes.length;
    this.writtenBytes += segment.bytes.length;
    try {
      const file = yield* wait(this.#storage.open(`pack-${pack}`));
      const bytes =
        cipher === undefined ? segment.bytes : yield* sealSegment(cipher, table, { pack, offset }, segment.bytes);
      for (let at = 0; at < bytes.length; at += WRITTEN_AT_ONCE) {
        if (at > 0) yield PAUSE;
        yield* wait(file.write(offset + at, bytes.subarray(at, at + WRITTEN_AT_ONCE)));
      }
    } catch (error) {
      // The directory names no more of a pack than there is.
      if (this.#sizes.get(pack) === offset + size) this.#sizes.set(pack, offset);
      throw error;
    }
    return { pack, offset, length, tableLength: segment.tableLength, tableCrc: segment.tableCrc };
  }

  *flush(): Task<void> {
    this.unflushedBytes = 0;
    for (const pack of [...this.#unflushed]) {
      const file = yield* wait(this.#storage.open(`pack-${pack}`));
      yield* wait(file.flush());
      this.#unflushed.delete(pack);
    }
  }

  /** Reads a segment. */
  read(ref: SegmentRef): Task<Uint8Array> {
    return this.#read(ref, 0, ref.length);
  }

  /** Reads a segment's block table. */
  readTable(ref: SegmentRef): Task<Uint8Array> {
    return this.#read(ref, ref.length - ref.tableLength, ref.tableLength);
  }

  *#read(ref: SegmentRef, start: number, length: number): Task<Uint8Array> {
    const size = this.#sizes.get(ref.pack);
    if (size === undefined || ref.offset + ref.length > size) {
      throw new DriftError(
        'XX001',
        `data corrupted: pack-${ref.pack}: reference to ${ref.offset}+${ref.length} beyond ${size ?? 0} bytes`,
      );
    }
    this.#reading.set(ref.pack, (this.#reading.get(ref.pack) ?? 0) + 1);
    this.readBytes += length;
    try {
      const file = yield* wait(this.#storage.open(`pack-${ref.pack}`));
      const { cipher } = this.#storage;
      return cipher === undefined
        ? yield* wait(file.read(ref.offset + start, length))
        : yield* openSegment(cipher, file, ref, start, length);
    } finally {
      this.#reading.set(ref.pack, (this.#reading.get(ref.pack) ?? 1) - 1);
    }
  }

  /** Removes packs outside `live`, but for the newest and those being read. */
  *removeOthers(live: Pick<ReadonlySet<number>, 'has'>): Task<void> {
    for (const pack of [...this.#sizes.keys()]) {
      if (live.has(pack) || pack === this.#current || (this.#reading.get(pack) ?? 0) > 0) continue;
      if ([...this.#pins].some((pinned) => pinned.has(pack))) continue;
      this.#sizes.delete(pack);
      yield* removeFile(this.#storage, `pack-${pack}`);
    }
  }
}
