/**
 * A double of the origin private file system in memory, as a dedicated worker sees it: of today's browsers, or of Safari
 * before 16.4, whose access handles give promises of `getSize`, `truncate`, `flush` and `close`.
 */

type Answer = <T>(value: T) => T | Promise<T>;

class DoubleHandle {
  readonly #file: DoubleFile;
  readonly #answer: Answer;
  #closed = false;

  constructor(file: DoubleFile, answer: Answer) {
    this.#file = file;
    this.#answer = answer;
  }

  read(target: Uint8Array, { at }: { at: number }): number {
    this.#refuseClosed();
    const part = this.#file.bytes.subarray(at, at + target.length);
    target.set(part);
    return part.length;
  }

  write(bytes: Uint8Array, { at }: { at: number }): number {
    this.#refuseClosed();
    this.#file.resize(Math.max(this.#file.bytes.length, at + bytes.length));
    this.#file.bytes.set(bytes, at);
    return bytes.length;
  }

  getSize(): unknown {
    return this.#answer(this.#file.bytes.length);
  }

  truncate(size: number): unknown {
    this.#refuseClosed();
    this.#file.resize(size);
    return this.#answer(undefined);
  }

  flush(): unknown {
    this.#refuseClosed();
    this.#file.flushes++;
    return this.#answer(undefined);
  }

  close(): unknown {
    this.#closed = true;
    const done = this.#answer(undefined);
    if (!(done instanceof Promise)) {
      this.#file.isOpen = false;
      return done;
    }
    // The file is free only when the promise is kept.
    return done.then(() => {
      this.#file.isOpen = false;
    });
  }

  #refuseClosed(): void {
    if (this.#closed) throw new DOMException('the handle is closed', 'InvalidStateError');
  }
}

class DoubleFile {
  readonly kind = 'file';
  readonly #answer: Answer;
  bytes: Uint8Array = new Uint8Array(0);
  isOpen = false;
  flushes = 0;

  constructor(answer: Answer) {
    this.#answer = answer;
  }

  resize(size: number): void {
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes.subarray(0, size));
    this.bytes = bytes;
  }

  createSyncAccessHandle(): Promise<DoubleHandle> {
    if (this.isOpen) return Promise.reject(new DOMException('in use', 'NoModificationAllowedError'));
    this.isOpen = true;
    return Promise.resolve(new DoubleHandle(this, this.#answer));
  }
}

export class DoubleDirectory {
  readonly kind = 'directory';
  readonly #answer: Answer;
  readonly files: Map<string, DoubleFile> = new Map<string, DoubleFile>();
  readonly #directories = new Map<string, DoubleDirectory>();

  constructor(isOldSafari: boolean) {
    this.#answer = isOldSafari ? (value) => Promise.resolve(value) : (value) => value;
  }

  getDirectoryHandle(name: string): Promise<DoubleDirectory> {
    let directory = this.#directories.get(name);
    if (directory === undefined) {
      directory = new DoubleDirectory(this.#answer(0) instanceof Promise);
      this.#directories.set(name, directory);
    }
    return Promise.resolve(directory);
  }

  getFileHandle(name: string): Promise<DoubleFile> {
    let file = this.files.get(name);
    if (file === undefined) {
      file = new DoubleFile(this.#answer);
      this.files.set(name, file);
    }
    return Promise.resolve(file);
  }

  removeEntry(name: string): Promise<void> {
    if (this.files.get(name)?.isOpen === true)
      return Promise.reject(new DOMException('in use', 'NoModificationAllowedError'));
    if (!this.files.delete(name) && !this.#directories.delete(name))
      return Promise.reject(new DOMException('not there', 'NotFoundError'));
    return Promise.resolve();
  }

  async *entries(): AsyncGenerator<[string, DoubleFile]> {
    for (const entry of this.files) yield await Promise.resolve(entry);
  }
}
