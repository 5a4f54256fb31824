/** Reading a log file's bytes: its header, where runs begin, and what was never written (FORMAT.md). */
import { ByteReader } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import { type Task, wait } from '../base/task.ts';
import type { Storage, StorageFile } from '../storage/storage.ts';
import { LOG_FORMAT_VERSION, LOG_HEADER_BYTES, LOG_MAGIC, SECTOR_BYTES } from './constants.ts';
import { logSeed, readFrame, runSeed } from './frame.ts';

/** Where the first valid run at or behind an offset begins, or -1. */
export function nextRun(bytes: Uint8Array, seed: number, offset: number): number {
  const first = Math.max(LOG_HEADER_BYTES, nextSector(offset));
  for (let at = first; at < bytes.length; at += SECTOR_BYTES) {
    if (typeof readFrame(bytes, at, runSeed(seed, at)) !== 'string') return at;
  }
  return -1;
}

export function* anyHasRuns(storage: Storage, numbers: readonly number[]): Task<boolean> {
  for (const number of numbers) {
    const file = yield* wait(storage.open(`log-${number}`));
    const bytes = yield* wait(file.read(0, file.size()));
    if (bytes.length > LOG_HEADER_BYTES && nextRun(bytes, logSeed(bytes), 0) >= 0) return true;
  }
  return false;
}

/** True where one of the files was begun. */
export function* anyIsBegun(storage: Storage, numbers: readonly number[]): Task<boolean> {
  for (const number of numbers) {
    const name = `log-${number}`;
    const file = yield* wait(storage.open(name));
    if (readHeader(yield* wait(file.read(0, file.size())), name, number) !== null) return true;
  }
  return false;
}

/** What a crash left behind the last whole transaction goes, so that the file is clean when it is no longer the last. */
export function* cutTail(file: StorageFile, end: number): Task<void> {
  yield* wait(file.truncate(end));
  yield* wait(file.flush());
}

/** Returns the seed of the file's runs; null for a file whose header never became durable (a crash at its start). */
export function readHeader(bytes: Uint8Array, name: string, number: number): number | null {
  const unusable = (why: string): null => {
    // Without a run there is nothing to lose: the file was being made, or begun anew.
    if (!isZero(bytes, LOG_HEADER_BYTES, bytes.length)) throw damaged(name, 0, why);
    return null;
  };
  if (bytes.length < LOG_HEADER_BYTES) return unusable(`a header of ${bytes.length} bytes`);
  const reader = new ByteReader(bytes.subarray(0, LOG_HEADER_BYTES), `header of ${name}`);
  if (reader.u32() !== LOG_MAGIC) return unusable('no log header');
  const version = reader.u32();
  const seed = logSeed(bytes);
  const found = reader.remaining >= 28 ? new DataView(bytes.buffer, bytes.byteOffset + 32, 4).getUint32(0, true) : 0;
  if (found !== seed) return unusable('a header whose checksum does not hold');
  if (version !== LOG_FORMAT_VERSION) {
    throw new DriftError(
      '0A000',
      `${name} has log format version ${version}; this release reads version ${LOG_FORMAT_VERSION}`,
    );
  }
  if (reader.u64() !== number) return unusable('the header of another log file');
  return seed;
}

export function isFull(error: unknown): boolean {
  return error instanceof DriftError && error.code === '53100';
}

export function nextSector(offset: number): number {
  return Math.ceil(offset / SECTOR_BYTES) * SECTOR_BYTES;
}

/** Four bytes at a time where they lie together: a log ends with hundreds of kilobytes of zeros. */
export function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  const start = from + ((4 - ((bytes.byteOffset + from) & 3)) & 3);
  if (start >= to) return bytes.subarray(from, to).every((byte) => byte === 0);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + start, (to - start) >> 2);
  for (let i = from; i < start; i++) if (bytes[i] !== 0) return false;
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  for (let i = start + words.length * 4; i < to; i++) if (bytes[i] !== 0) return false;
  return true;
}

export function damaged(name: string, offset: number, found: string): DriftError {
  return new DriftError('XX001', `${name} is damaged at offset ${offset}: expected a valid frame, found ${found}`);
}
