/**
 * IndexedDbStorage: files in an IndexedDB database, for browsers and windows without synchronous OPFS handles.
 *
 *     store `files`    name → size in bytes
 *     store `blocks`   [name, index] → the bytes of one block; a block that is missing is zeros
 *
 * Writes stay in memory until `flush`, which puts the changed blocks and the size in one transaction with strict
 * durability: a flush happens whole or not at all. Where one fails (a full disk, say) nothing is lost but its
 * durability: the blocks stay, reads go on, and a later flush tries again. Much that waits for a flush is written
 * before it, with relaxed durability, so that memory stays bounded; but never the last write, which may say that those before
 * it count.
 *
 * What a transaction may take the browser counts when it ends, too late for a commit to be refused. So the log asks before
 * (`makeRoom`), and is answered by what the browser says is left; a flush that fails nevertheless is 53100 as well.
 *
 * The owner holds a Web Lock, which ends with its page or worker however that dies.
 */
import { type DBSchema, deleteDB, type IDBPDatabase, openDB } from 'idb';
import { assert, DriftError } from '../base/error.ts';
import type { MaybePromise } from '../base/task.ts';
import type { Storage, StorageFile } from './storage.ts';

/** What one IndexedDB value holds: a commit rewrites the last one of the log. */
const BLOCK_BYTES = 16 * 1024;
/** More blocks than this (16 MB) do not wait for a flush in memory. */
const MAX_WAITING_BLOCKS = 1024;
const PREFIX = 'driftdb:';
/** So many times as much as is stored may be taken for a while, by what the browser has written and not tidied up yet. */
const WRITE_FACTOR = 3;
/** What must be left beside that. */
const SPARE_BYTES: number = 1024 * 1024;

interface Schema extends DBSchema {
  files: { key: string; value: number };
  blocks: { key: [string, number]; value: Uint8Array };
}
type Connection = IDBPDatabase<Schema>;

/** As idb's `openDB`, in types that are everywhere: declarations of this must need no DOM. */
type Connect = (name: string, version: number, callbacks: object) => Promise<unknown>;

export class IndexedDbStorage implements Storage {
  readonly medium = 'indexeddb';
  readonly countsAtFlush = true;
  readonly #name: string;
  #connection: Connection | null = null;
  #release: (() => void) | null = null;
  readonly #sizes = new Map<string, number>();
  readonly #files = new Map<string, Promise<BlockFile>>();

  readonly #connect: typeof openDB<Schema>;

  /** The name of the database; `acquire` makes what is missing. `connect` is for tests. */
  constructor(name: string, connect: Connect = openDB) {
    this.#name = name;
    this.#connect = connect as typeof openDB<Schema>;
  }

  async acquire(): Promise<void> {
    assert(this.#connection === null, 'a storage is acquired once');
    this.#release = await holdLock(this.#name);
    try {
      const connection = await this.#connect(PREFIX + this.#name, 1, {
        upgrade(database) {
          database.createObjectStore('files');
          database.createObjectStore('blocks');
        },
      });
      this.#connection = connection;
      const files = connection.transaction('files');
      const [names, sizes] = await Promise.all([files.store.getAllKeys(), files.store.getAll()]);
      names.forEach((name, i) => this.#sizes.set(name, sizes[i] ?? 0));
    } catch (error) {
      await this.close();
      throw openingError(`cannot open the IndexedDB database ${this.#name}`, error);
    }
  }

  list(): readonly string[] {
    return [...new Set([...this.#sizes.keys(), ...this.#files.keys()])];
  }

  open(name: string): Promise<StorageFile> {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = this.#load(name);
      this.#files.set(name, file);
      file.catch(() => this.#files.delete(name));
    }
    return file;
  }

  async remove(name: string): Promise<void> {
    this.#files.delete(name);
    this.#sizes.delete(name);
    try {
      const all = this.#opened().transaction(['files', 'blocks'], 'readwrite', { durability: 'strict' });
      await Promise.all([
        all.objectStore('files').delete(name),
        all.objectStore('blocks').delete(range(name)),
        all.done,
      ]);
    } catch (error) {
      throw ioError(`cannot remove ${name}`, error);
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#files.values());
    this.#files.clear();
    this.#connection?.close();
    this.#connection = null;
    this.#release?.();
    this.#release = null;
  }

  async #load(name: string): Promise<BlockFile> {
    const connection = this.#opened();
    try {
      const keys = await connection.getAllKeys('blocks', range(name));
      const close = (): void => {
        this.#files.delete(name);
      };
      const onFlush = (size: number): void => {
        this.#sizes.set(name, size);
      };
      const stored = new Set(keys.map(([, index]) => index));
      return new BlockFile(name, { connection, size: this.#sizes.get(name) ?? 0, stored, onFlush, close });
    } catch (error) {
      throw ioError(`cannot open ${name}`, error);
    }
  }

  #opened(): Connection {
    assert(this.#connection !== null, 'a storage is acquired before its files are used');
    return this.#connection;
  }
}

interface BlockFileParts {
  readonly connection: Connection;
  readonly size: number;
  /** Blocks that the database has. */
  readonly stored: Set<number>;
  readonly onFlush: (size: number) => void;
  readonly close: () => void;
}

class BlockFile implements StorageFile {
  readonly name: string;
  readonly #parts: BlockFileParts;
  readonly #stored: Set<number>;
  /** Blocks in memory: those that wait for a flush, and the last one, which the next append changes. */
  readonly #blocks = new Map<number, Uint8Array>();
  #waiting = new Set<number>();
  /** Blocks from here on are to be deleted by the next flush, before what waits is put. */
  #cutFrom = Infinity;
  #size: number;
  #flushedSize: number;
  /** Something was stored with relaxed durability since the last flush. */
  #isLax = false;

  constructor(name: string, parts: BlockFileParts) {
    this.name = name;
    this.#parts = parts;
    this.#stored = parts.stored;
    this.#size = parts.size;
    this.#flushedSize = parts.stored.size === 0 && parts.size === 0 ? -1 : parts.size;
  }

  size(): number {
    return this.#size;
  }

  read(offset: number, length: number): MaybePromise<Uint8Array> {
    const end = Math.min(offset + length, this.#size);
    if (end <= offset) return new Uint8Array(0);
    const [first, last] = [blockOf(offset), blockOf(end - 1)];
    const assemble = (fetched: ReadonlyMap<number, Uint8Array> | null): Uint8Array => {
      const bytes = new Uint8Array(end - offset);
      for (let index = first; index <= last; index++) {
        const block = this.#blocks.get(index) ?? fetched?.get(index);
        if (block === undefined) continue;
        const start = index * BLOCK_BYTES;
        const from = Math.max(offset - start, 0);
        bytes.set(block.subarray(from, Math.min(BLOCK_BYTES, end - start)), start + from - offset);
      }
      return bytes;
    };
    return this.#isAtHand(first, last) ? assemble(null) : this.#fetch(first, last).then(assemble);
  }

  write(offset: number, bytes: Uint8Array): MaybePromise<void> {
    if (bytes.length === 0) return undefined;
    if (this.#waiting.size > MAX_WAITING_BLOCKS) {
      const kept = bytes.slice();
      return this.#store('relaxed').then(() => this.write(offset, kept));
    }
    const end = offset + bytes.length;
    const [first, last] = [blockOf(offset), blockOf(end - 1)];
    // Only the blocks at the ends can be covered in part.
    const isAtHand =
      (offset % BLOCK_BYTES === 0 || this.#isAtHand(first, first)) &&
      (end % BLOCK_BYTES === 0 || this.#isAtHand(last, last));
    if (isAtHand) {
      this.#put(offset, bytes, null);
      return undefined;
    }
    const own = bytes.slice();
    return this.#fetch(first, last).then((fetched) => this.#put(offset, own, fetched));
  }

  async truncate(size: number): Promise<void> {
    const last = blockOf(size);
    if (size < this.#size) {
      const rest = size % BLOCK_BYTES;
      if (rest !== 0) {
        const fetched = this.#isAtHand(last, last) ? null : await this.#fetch(last, last);
        this.#block(last, fetched).fill(0, rest);
      }
      const keep = rest === 0 ? last : last + 1;
      for (const blocks of [this.#stored, this.#waiting, this.#blocks])
        for (const index of [...blocks.keys()]) if (index >= keep) blocks.delete(index);
      this.#cutFrom = Math.min(this.#cutFrom, keep);
    }
    this.#size = size;
  }

  async makeRoom(bytes: number): Promise<void> {
    const { quota, usage = 0 } = await estimate();
    const needed = bytes * WRITE_FACTOR + SPARE_BYTES;
    if (quota !== undefined && quota - usage < needed)
      throw new DriftError(
        '53100',
        `cannot write ${this.name}: ${quota - usage} bytes are left, ${needed} are needed`,
        {
          hint: 'Remove data of this site, or have the browser grant it more room. Reads go on.',
        },
      );
  }

  flush(): MaybePromise<void> {
    return this.#isStored() && !this.#isLax ? undefined : this.#store('strict');
  }

  async close(): Promise<void> {
    if (!this.#isStored()) await this.#store('relaxed');
    this.#parts.close();
  }

  #isStored(): boolean {
    return this.#waiting.size === 0 && this.#cutFrom === Infinity && this.#size === this.#flushedSize;
  }

  #isAtHand(first: number, last: number): boolean {
    for (let index = first; index <= last; index++)
      if (this.#stored.has(index) && !this.#blocks.has(index)) return false;
    return true;
  }

  async #fetch(first: number, last: number): Promise<ReadonlyMap<number, Uint8Array>> {
    const bounds = IDBKeyRange.bound([this.name, first], [this.name, last]);
    try {
      const { store } = this.#parts.connection.transaction('blocks');
      const [keys, values] = await Promise.all([store.getAllKeys(bounds), store.getAll(bounds)]);
      return new Map(keys.map(([, index], i) => [index, values[i] as Uint8Array]));
    } catch (error) {
      throw ioError(`cannot read ${this.name}`, error);
    }
  }

  #put(offset: number, bytes: Uint8Array, fetched: ReadonlyMap<number, Uint8Array> | null): void {
    for (let done = 0; done < bytes.length;) {
      const index = blockOf(offset + done);
      const from = offset + done - index * BLOCK_BYTES;
      const part = bytes.subarray(done, done + BLOCK_BYTES - from);
      this.#block(index, fetched).set(part, from);
      done += part.length;
    }
    this.#size = Math.max(this.#size, offset + bytes.length);
  }

  /** The block to change; it waits for the next flush. */
  #block(index: number, fetched: ReadonlyMap<number, Uint8Array> | null): Uint8Array {
    let block = this.#blocks.get(index);
    if (block === undefined) {
      block = fetched?.get(index)?.slice() ?? new Uint8Array(BLOCK_BYTES);
      this.#blocks.set(index, block);
    }
    this.#waiting.add(index);
    return block;
  }

  async #store(durability: 'strict' | 'relaxed'): Promise<void> {
    const [waiting, cutFrom, size] = [this.#waiting, this.#cutFrom, this.#size];
    this.#waiting = new Set();
    this.#cutFrom = Infinity;
    try {
      const all = this.#parts.connection.transaction(['files', 'blocks'], 'readwrite', { durability });
      const blocks = all.objectStore('blocks');
      const requests: Promise<unknown>[] = [all.objectStore('files').put(size, this.name)];
      if (cutFrom !== Infinity) requests.push(blocks.delete(IDBKeyRange.bound([this.name, cutFrom], [this.name, []])));
      for (const index of waiting) {
        const block = this.#blocks.get(index);
        if (block !== undefined) requests.push(blocks.put(block, [this.name, index]));
      }
      await allOf([...requests, all.done]);
    } catch (error) {
      for (const index of waiting) this.#waiting.add(index);
      this.#cutFrom = Math.min(this.#cutFrom, cutFrom);
      throw ioError(`cannot write ${this.name}`, error);
    }
    this.#flushedSize = size;
    this.#isLax = durability === 'relaxed';
    this.#parts.onFlush(size);
    const last = blockOf(this.#size);
    for (const index of waiting) {
      if (index >= this.#cutFrom) continue;
      this.#stored.add(index);
      if (index !== last && !this.#waiting.has(index)) this.#blocks.delete(index);
    }
  }
}

/** Removes a database; a missing one is no error. It must not be open. */
export async function removeIndexedDb(name: string): Promise<void> {
  try {
    await deleteDB(PREFIX + name);
  } catch (error) {
    throw ioError(`cannot remove the IndexedDB database ${name}`, error);
  }
}

/** All blocks of a file: arrays come after numbers in the order of keys. */
function range(name: string): IDBKeyRange {
  return IDBKeyRange.bound([name, 0], [name, []]);
}

function blockOf(offset: number): number {
  return Math.floor(offset / BLOCK_BYTES);
}

/** Takes the lock and returns what gives it up. Throws 55006 while another has it. */
async function holdLock(name: string): Promise<() => void> {
  const locks = navigator.locks as LockManager | undefined;
  if (locks === undefined || !('indexedDB' in globalThis)) {
    throw new DriftError('0A000', 'there is no storage for databases here', {
      hint: 'It needs a secure context: https, or localhost.',
    });
  }
  return new Promise((resolve, reject) => {
    const held = (lock: Lock | null): Promise<void> | undefined => {
      if (lock === null) {
        reject(
          new DriftError('55006', `the database ${name} is in use by another connection`, {
            hint: 'Another tab or worker has it open.',
          }),
        );
        return undefined;
      }
      return new Promise((release) => resolve(release));
    };
    locks.request(PREFIX + name, { ifAvailable: true }, held).catch(reject);
  });
}

/** Waits for all; of several failures, which follow from one, the one that says why: a full quota, or else the last. */
async function allOf(requests: readonly Promise<unknown>[]): Promise<void> {
  const failures = (await Promise.allSettled(requests)).flatMap((each) =>
    each.status === 'rejected' ? [each.reason as unknown] : [],
  );
  if (failures.length > 0) throw failures.find((reason) => nameOf(reason) === QUOTA) ?? failures.at(-1);
}

/** Empty where the browser does not tell. */
async function estimate(): Promise<StorageEstimate> {
  const storage = navigator.storage as StorageManager | undefined;
  return (await storage?.estimate?.().catch(() => undefined)) ?? {};
}

const QUOTA = 'QuotaExceededError';
/** What browsers say in windows that may not store anything. */
const REFUSED: ReadonlySet<string> = new Set(['InvalidStateError', 'SecurityError', 'NotAllowedError']);

function openingError(what: string, error: unknown): Error {
  const name = nameOf(error);
  if (REFUSED.has(name))
    return new DriftError('0A000', `${what}: the browser does not let this window store anything`, {
      hint: 'Private windows of some browsers do not, nor do pages whose cookies are blocked. memory:// works everywhere.',
    });
  if (name === 'VersionError') return new DriftError('0A000', `${what}: a newer version of DriftDB has written it`);
  return ioError(what, error);
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}

function ioError(what: string, error: unknown): Error {
  if (error instanceof DriftError) return error;
  const message = error instanceof Error || error instanceof DOMException ? error.message : String(error);
  return new DriftError(nameOf(error) === QUOTA ? '53100' : '58030', `${what}: ${message || nameOf(error)}`);
}
