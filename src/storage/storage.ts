/**
 * Storage: a flat directory of files, the only door between the engine and a medium.
 *
 * Five media sit behind it: OPFS (synchronous access handles in a worker), IndexedDB, Node's file system, memory, and
 * the simulated disk of the tests; encryption (encryption/encrypted-storage.ts) wraps any of them. Reads and writes may be asynchronous; where
 * the medium is synchronous they return plain values, so that nothing pays for a promise it does not need.
 *
 * What a caller may rely on:
 * - `write` is visible to later reads of the same storage at once, and durable only after `flush` of that file.
 * - Between flushes a crash may keep, drop, tear (at 512-byte sectors) or reorder what was written, file by file.
 * - `create`, `remove` and sizes grown by writes are durable after a flush of the file concerned (create) or may come
 *   back after a crash (remove): recovery must tolerate leftover files.
 * - One owner: `acquire` fails with 55006 while another holder lives, in this process or another.
 */
import type { MaybePromise } from '../base/task.ts';
import type { StorageCipher } from './cipher.ts';

/** Names of files that a statement makes and removes begin so; an opening removes those that a crash has left. */
export const TEMPORARY_PREFIX = 'temporary-';

export interface Storage {
  /** What kind of medium this is, for messages and status ("opfs", "node", "memory", …). */
  readonly medium: string;
  /** Seals what the files hold, where the database is encrypted; there once it is acquired. */
  readonly cipher?: StorageCipher | undefined;
  /**
   * The medium counts what is stored when it is flushed: a full one (53100) is met there. Such a flush has saved nothing, and
   * one after it saves everything.
   */
  readonly countsAtFlush?: boolean | undefined;
  /** Takes exclusive ownership. Throws DriftError 55006 when another holder has it. Called once, before anything else. */
  acquire(): MaybePromise<void>;
  /** Names of all files (the lock aside), in no particular order. */
  list(): MaybePromise<readonly string[]>;
  /** Opens a file, creating it empty where it does not exist. One open handle a name; opening twice returns the same. */
  open(name: string): MaybePromise<StorageFile>;
  /** Removes a file (closing its handle); a missing one is no error. */
  remove(name: string): MaybePromise<void>;
  /** Closes all handles and gives ownership up. */
  close(): MaybePromise<void>;
}

export interface StorageFile {
  readonly name: string;
  /** Size in bytes. */
  size(): number;
  /** Reads exactly `length` bytes, or fewer where the file ends. The result is the caller's, never reused. */
  read(offset: number, length: number): MaybePromise<Uint8Array>;
  /** Writes all bytes at the offset, growing the file. Throws 53100 when the medium is full, 58030 on I/O errors. */
  write(offset: number, bytes: Uint8Array): MaybePromise<void>;
  /**
   * Only where the medium counts what is stored when it is flushed (`Storage.countsAtFlush`), and tells before how much it has
   * left. Throws 53100 where that is not enough for so many bytes more.
   */
  makeRoom?(bytes: number): MaybePromise<void>;
  truncate(size: number): MaybePromise<void>;
  /** Makes everything written to this file durable. Throws 58030; 53100 only of a storage that `countsAtFlush`. */
  flush(): MaybePromise<void>;
  close(): MaybePromise<void>;
}
