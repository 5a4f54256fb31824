/**
 * MemoryStorage: files as byte arrays in pieces. The medium of `memory://` databases, and the base of tests; a storage
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

/** A file is a list of pieces of this size, the first of which grows: nothing big is ever copied to make room. */
const PIECE_BYTES: number = 256 * 1024;
const LEAST_BYTES = 1024;

class MemoryFile implements StorageFile {
  readonly name: string;
  readonly #pieces: Uint8Array[] = [new Uint8Array(0)];
  #size = 0;

  constructor(name: string) {
    this.name = name;
  }

  size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.#size);
    const bytes = new Uint8Array(Math.max(end - offset, 0));
    this.#each(offset, end, (piece, start, at, count) => bytes.set(piece.subarray(start, start + count), at));
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    this.#reserve(end);
    this.#each(offset, end, (piece, start, at, count) => piece.set(bytes.subarray(at, at + count), start));
    if (end > this.#size) this.#size = end;
  }

  truncate(size: number): void {
    this.#reserve(size);
    this.#each(size, this.#size, (piece, start, _, count) => piece.fill(0, start, start + count));
    this.#size = size;
  }

  flush(): void {}

  close(): void {}

  /** The parts of pieces that make up [from, to): where each begins in its piece and in the whole, and its length. */
  #each(from: number, to: number, visit: (piece: Uint8Array, start: number, at: number, count: number) => void): void {
    for (let at = from; at < to;) {
      const start = at % PIECE_BYTES;
      const count = Math.min(PIECE_BYTES - start, to - at);
      visit(this.#pieces[(at - start) / PIECE_BYTES] as Uint8Array, start, at - from, count);
      at += count;
    }
  }

  #reserve(size: number): void {
    const [first] = this.#pieces as [Uint8Array];
    if (first.length < PIECE_BYTES && size > first.length) {
      const bigger = new Uint8Array(Math.min(PIECE_BYTES, Math.max(size, first.length * 2, LEAST_BYTES)));
      bigger.set(first);
      this.#pieces[0] = bigger;
    }
    while (this.#pieces.length * PIECE_BYTES < size) this.#pieces.push(new Uint8Array(PIECE_BYTES));
  }
}
