/**
 * OpfsStorage: a directory of the Origin Private File System, through synchronous access handles.
 *
 * Opening a handle is asynchronous and takes 2–15 ms (DESIGN §11), so it happens once a file, and those that every
 * opening of a database needs are opened side by side ahead of time; reads, writes and flushes are plain calls. Handles
 * exist in dedicated workers only. A handle is exclusive, across tabs too: the one of `LOCK` is the ownership of the
 * database, and it ends with its worker however that dies. Who has it is the only one to make or remove files, so the
 * directory is read once.
 *
 * Safari before 16.4 has the interface of an earlier draft, where getSize, truncate, flush and close give promises; then these
 * calls of ours do, too.
 *
 * A write that the quota refuses is 53100; one that was cut short is carried on once, and 53100 when nothing more goes
 * in.
 */
import { assert, DriftError } from '../base/error.ts';
import type { MaybePromise } from '../base/task.ts';
import type { Storage, StorageFile } from './storage.ts';

const LOCK_NAME = 'LOCK';
/** Files that an opening reads first: the manifest and the logs; and where there are few packs, the catalog's. */
const READ_AT_OPEN = /^(MANIFEST|log-)/;
const PACK = /^pack-/;
/** Of more packs most are history, which stays closed until somebody asks for it. */
const FEW_PACKS = 3;

export class OpfsStorage implements Storage {
  readonly medium = 'opfs';
  readonly #path: string;
  #directory: FileSystemDirectoryHandle | null = null;
  #lock: FileSystemSyncAccessHandle | null = null;
  readonly #names = new Set<string>();
  readonly #files = new Map<string, OpfsFile>();
  readonly #opening = new Map<string, Promise<OpfsFile>>();

  /** The path is relative to the origin's root, its parts separated by slashes; `acquire` makes what is missing. */
  constructor(path: string) {
    this.#path = path;
  }

  async acquire(): Promise<void> {
    assert(this.#lock === null, 'a storage is acquired once');
    try {
      this.#directory = await openDirectory(this.#path);
      const handle = await this.#directory.getFileHandle(LOCK_NAME, { create: true });
      this.#lock = await handle.createSyncAccessHandle();
      for await (const [name, entry] of this.#directory.entries()) {
        if (entry.kind === 'file' && name !== LOCK_NAME) this.#names.add(name);
      }
    } catch (error) {
      await this.#lock?.close();
      this.#lock = null;
      if (nameOf(error) === 'NoModificationAllowedError') {
        throw new DriftError('55006', `the database opfs://${this.#path} is in use by another connection`, {
          hint: 'Another tab or worker has it open.',
        });
      }
      // Private windows of some browsers have the interface and refuse its use.
      if (nameOf(error) === 'SecurityError') throw noHandles();
      throw ioError(`cannot open opfs://${this.#path}`, error);
    }
    const fewPacks = [...this.#names].filter((name) => PACK.test(name)).length <= FEW_PACKS;
    for (const name of this.#names) {
      if (!READ_AT_OPEN.test(name) && !(fewPacks && PACK.test(name))) continue;
      // An error here is that of the caller who opens the file.
      Promise.resolve(this.open(name)).catch(() => undefined);
    }
  }

  list(): readonly string[] {
    this.#root();
    return [...this.#names];
  }

  open(name: string): StorageFile | Promise<StorageFile> {
    const file = this.#files.get(name);
    if (file !== undefined) return file;
    const pending = this.#opening.get(name);
    if (pending !== undefined) return pending;
    const opening = this.#create(name).finally(() => this.#opening.delete(name));
    this.#opening.set(name, opening);
    return opening;
  }

  async remove(name: string): Promise<void> {
    await this.#opening.get(name)?.catch(() => undefined);
    await this.#files.get(name)?.close();
    try {
      await this.#root().removeEntry(name);
    } catch (error) {
      if (nameOf(error) !== 'NotFoundError') throw ioError(`cannot remove ${name}`, error);
    }
    this.#names.delete(name);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#opening.values());
    for (const file of [...this.#files.values()]) await file.close();
    await this.#lock?.close();
    this.#lock = null;
    this.#directory = null;
  }

  async #create(name: string): Promise<OpfsFile> {
    assert(/^[\w.-]+$/.test(name), `${name} is no name for a file`);
    try {
      const handle = await this.#root().getFileHandle(name, { create: true });
      this.#names.add(name);
      const access = await handle.createSyncAccessHandle();
      const file = new OpfsFile(name, access, await access.getSize(), () => this.#files.delete(name));
      this.#files.set(name, file);
      return file;
    } catch (error) {
      throw ioError(`cannot open ${name}`, error);
    }
  }

  #root(): FileSystemDirectoryHandle {
    assert(this.#directory !== null, 'a storage is acquired before its files are used');
    return this.#directory;
  }
}

class OpfsFile implements StorageFile {
  readonly name: string;
  readonly #access: FileSystemSyncAccessHandle;
  readonly #onClose: () => void;
  #size: number;
  #closed = false;

  constructor(name: string, access: FileSystemSyncAccessHandle, size: number, onClose: () => void) {
    this.name = name;
    this.#access = access;
    this.#onClose = onClose;
    this.#size = size;
  }

  size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(Math.max(0, Math.min(length, this.#size - offset)));
    let count: number;
    try {
      count = this.#access.read(bytes, { at: offset });
    } catch (error) {
      throw ioError(`cannot read ${length} bytes of ${this.name} at ${offset}`, error);
    }
    if (count < bytes.length) {
      throw new DriftError(
        '58030',
        `cannot read ${this.name} at ${offset}: expected ${bytes.length} bytes, found ${count}`,
      );
    }
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    let done = 0;
    try {
      while (done < bytes.length) {
        const rest = done === 0 ? bytes : bytes.subarray(done);
        const count = this.#access.write(rest as Uint8Array<ArrayBuffer>, { at: offset + done });
        if (count === 0)
          throw new DriftError('53100', `no room for ${rest.length} bytes of ${this.name} at ${offset + done}`);
        done += count;
      }
    } catch (error) {
      throw ioError(`cannot write ${bytes.length} bytes of ${this.name} at ${offset}`, error);
    } finally {
      this.#size = Math.max(this.#size, offset + done);
    }
  }

  truncate(size: number): MaybePromise<void> {
    const what = `cannot set the size of ${this.name} to ${size}`;
    return called(
      () => this.#access.truncate(size),
      (error) => ioError(what, error),
      () => {
        this.#size = size;
      },
    );
  }

  flush(): MaybePromise<void> {
    return called(
      () => this.#access.flush(),
      (error) => flushError(this.name, error),
      () => undefined,
    );
  }

  close(): MaybePromise<void> {
    if (this.#closed) return undefined;
    this.#closed = true;
    this.#onClose();
    return this.#access.close();
  }
}

/** Calls a method that gives nothing, or in the earlier draft a promise of it. */
function called(
  method: () => MaybePromise<void>,
  failure: (error: unknown) => Error,
  after: () => void,
): MaybePromise<void> {
  let result: MaybePromise<void>;
  try {
    result = method();
  } catch (error) {
    throw failure(error);
  }
  if (result instanceof Promise) return settled(result, failure, after);
  after();
  return undefined;
}

async function settled(result: Promise<void>, failure: (error: unknown) => Error, after: () => void): Promise<void> {
  try {
    await result;
  } catch (error) {
    throw failure(error);
  }
  after();
}

/** Removes a database's directory; a missing one is no error. It must not be open. */
export async function removeOpfs(path: string): Promise<void> {
  const parts = path.split('/').filter((part) => part !== '');
  const name = parts.pop();
  assert(name !== undefined, 'a database has a name');
  try {
    const parent = await openDirectory(parts.join('/'));
    await parent.removeEntry(name, { recursive: true });
  } catch (error) {
    if (nameOf(error) === 'NotFoundError') return;
    if (nameOf(error) === 'NoModificationAllowedError')
      throw new DriftError('55006', `the database opfs://${path} is in use`);
    throw ioError(`cannot remove opfs://${path}`, error);
  }
}

async function openDirectory(path: string): Promise<FileSystemDirectoryHandle> {
  const storage = navigator.storage as StorageManager | undefined;
  if (storage?.getDirectory === undefined || !('FileSystemSyncAccessHandle' in globalThis)) {
    throw noHandles();
  }
  let directory = await storage.getDirectory();
  for (const part of path.split('/')) {
    if (part !== '') directory = await directory.getDirectoryHandle(part, { create: true });
  }
  return directory;
}

function noHandles(): DriftError {
  return new DriftError('0A000', 'there is no origin private file system here', {
    hint: 'It needs a secure context (https, or localhost) and a dedicated worker.',
  });
}

function nameOf(error: unknown): string {
  return error instanceof Error || error instanceof DOMException ? error.name : '';
}

/** Never 53100: what a failed flush should have saved may be gone, however much room there is later. */
function flushError(name: string, error: unknown): DriftError {
  return new DriftError('58030', `cannot flush ${name}: ${error instanceof Error ? error.message : String(error)}`);
}

function ioError(what: string, error: unknown): Error {
  if (error instanceof DriftError) return error;
  const full = nameOf(error) === 'QuotaExceededError';
  return new DriftError(full ? '53100' : '58030', `${what}: ${error instanceof Error ? error.message : String(error)}`);
}
