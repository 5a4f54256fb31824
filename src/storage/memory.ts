/**
 * MemoryStorage: files as growing byte arrays. The medium of `memory://` databases, and the base of tests; a storage
 * outlives the database that used it, so closing and opening again finds the same files.
 */
import { DriftError } from '../base/error.ts';
import type { Storage, StorageFile } from './storage.ts';

export class MemoryStorage implements Storage {
  readonly medium = 'memory';
  readonly #files = new Map<string, MemoryFile>();
  #owned = false;

  acquire(): void {
    if (this.#owned) throw new DriftError('55006', 'the database is in use by another connection');
    this.#owned = true;
  }

  list(): readonly string[] {
    return [...this.#files.keys()];
  }

  open(name: string): StorageFile {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = new MemoryFile(name);
      this.#files.set(name, file);
    }
    return file;
  }

  remove(name: string): void {
    this.#files.delete(name);
  }

  close(): void {
    this.#owned = false;
  }
}

class MemoryFile implements StorageFile {
  readonly name: string;
  #bytes: Uint8Array = new Uint8Array(0);
  #size = 0;

  constructor(name: string) {
    this.name = name;
  }

  size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Uint8Array {
    return this.#bytes.slice(offset, Math.min(offset + length, this.#size));
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    this.#reserve(end);
    this.#bytes.set(bytes, offset);
    if (end > this.#size) this.#size = end;
  }

  truncate(size: number): void {
    this.#reserve(size);
    if (size < this.#size) this.#bytes.fill(0, size, this.#size);
    this.#size = size;
  }

  flush(): void {}

  close(): void {}

  #reserve(size: number): void {
    if (size <= this.#bytes.length) return;
    const bigger = new Uint8Array(Math.max(size, this.#bytes.length * 2, 1024));
    bigger.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = bigger;
  }
}
