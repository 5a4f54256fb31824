/**
 * NodeStorage: a directory of the file system, through Node's synchronous calls.
 *
 * Synchronous, because one call costs microseconds and a promise in every read would cost more than the read; the
 * engine runs in a thread of its own wherever that matters. `flush` is fdatasync; the first flush of a new file also
 * syncs the directory, or a crash of the machine could take the file's name with it.
 *
 * Invariant: `#size` equals the size of the file on disk: nobody else writes while the lock is held.
 */
import {
  closeSync,
  fdatasyncSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { assert, DriftError } from '../base/error.ts';
import { codeOf, LOCK_NAME, messageOf, type NodeLock, takeLock } from './node-lock.ts';
import type { Storage, StorageFile } from './storage.ts';

export class NodeStorage implements Storage {
  readonly medium = 'node';
  readonly directory: string;
  readonly #files = new Map<string, NodeFile>();
  #lock: NodeLock | null = null;

  /** The directory is made by `acquire` where it does not exist. */
  constructor(directory: string) {
    this.directory = resolve(directory);
  }

  acquire(): void {
    assert(this.#lock === null, 'a storage is acquired once');
    try {
      mkdirSync(this.directory, { recursive: true });
    } catch (error) {
      throw new DriftError('58030', `cannot create the directory ${this.directory}: ${messageOf(error)}`);
    }
    this.#lock = takeLock(this.directory);
  }

  list(): readonly string[] {
    return readdirSync(this.directory, { withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.name.startsWith(LOCK_NAME))
      .map((entry) => entry.name);
  }

  open(name: string): StorageFile {
    assert(this.#lock !== null, 'a storage is acquired before a file is opened');
    assert(/^[\w.-]+$/.test(name), `${name} is no name for a file`);
    let file = this.#files.get(name);
    if (file === undefined) {
      file = new NodeFile(this.directory, name, () => this.#files.delete(name));
      this.#files.set(name, file);
    }
    return file;
  }

  remove(name: string): void {
    this.#files.get(name)?.close();
    try {
      unlinkSync(join(this.directory, name));
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw ioError(`cannot remove ${name}`, error);
    }
  }

  close(): void {
    for (const file of [...this.#files.values()]) file.close();
    this.#lock?.release();
    this.#lock = null;
  }
}

class NodeFile implements StorageFile {
  readonly name: string;
  readonly #directory: string;
  readonly #onClose: () => void;
  #descriptor: number;
  #size: number;
  /** The directory entry is not durable yet. */
  #isNew = false;

  constructor(directory: string, name: string, onClose: () => void) {
    this.name = name;
    this.#directory = directory;
    this.#onClose = onClose;
    const path = join(directory, name);
    try {
      this.#descriptor = openSync(path, 'r+');
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw ioError(`cannot open ${name}`, error);
      try {
        this.#descriptor = openSync(path, 'wx+');
      } catch (second) {
        throw ioError(`cannot create ${name}`, second);
      }
      this.#isNew = true;
    }
    this.#size = fstatSync(this.#descriptor).size;
  }

  size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#size - offset)));
    let done = 0;
    try {
      while (done < bytes.length) {
        const count = readSync(this.#open(), bytes, done, bytes.length - done, offset + done);
        if (count === 0) throw new Error(`the file ends at ${offset + done}, expected ${this.#size} bytes`);
        done += count;
      }
    } catch (error) {
      throw ioError(`cannot read ${length} bytes of ${this.name} at ${offset}`, error);
    }
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    let done = 0;
    try {
      while (done < bytes.length) done += writeSync(this.#open(), bytes, done, bytes.length - done, offset + done);
    } catch (error) {
      throw ioError(`cannot write ${bytes.length} bytes of ${this.name} at ${offset}`, error);
    } finally {
      this.#size = Math.max(this.#size, offset + done);
    }
  }

  truncate(size: number): void {
    try {
      ftruncateSync(this.#open(), size);
    } catch (error) {
      throw ioError(`cannot set the size of ${this.name} to ${size}`, error);
    }
    this.#size = size;
  }

  flush(): void {
    try {
      fdatasyncSync(this.#open());
      if (this.#isNew) syncDirectory(this.#directory);
    } catch (error) {
      throw flushError(this.name, error);
    }
    this.#isNew = false;
  }

  close(): void {
    if (this.#descriptor < 0) return;
    closeSync(this.#descriptor);
    this.#descriptor = -1;
    this.#onClose();
  }

  #open(): number {
    assert(this.#descriptor >= 0, 'a file is used after it was closed');
    return this.#descriptor;
  }
}

function syncDirectory(directory: string): void {
  // Windows has no descriptor for a directory; NTFS journals its entries by itself.
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Never 53100: what a failed flush should have saved may be gone, however much room there is later. */
function flushError(name: string, error: unknown): DriftError {
  return new DriftError('58030', `cannot flush ${name}: ${messageOf(error)}`);
}

function ioError(what: string, error: unknown): Error {
  if (error instanceof DriftError) return error;
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error));
  return new DriftError(full ? '53100' : '58030', `${what}: ${messageOf(error)}`);
}
