/**
 * ReadOnlyStorage: another storage that cannot be changed through this one. What recovery tidies up on its way (a torn
 * end of the log, a flush) is passed over; a write is refused.
 */
import { DriftError } from '../../base/error.ts';
import { type MaybePromise, run, type Task, wait } from '../../base/task.ts';
import type { StorageCipher } from '../../storage/cipher.ts';
import type { Storage, StorageFile } from '../../storage/storage.ts';

export class ReadOnlyStorage implements Storage {
  readonly medium: string;
  readonly #storage: Storage;

  constructor(storage: Storage) {
    this.#storage = storage;
    this.medium = storage.medium;
  }

  get cipher(): StorageCipher | undefined {
    return this.#storage.cipher;
  }

  acquire(): void {}

  list(): MaybePromise<readonly string[]> {
    return this.#storage.list();
  }

  open(name: string): MaybePromise<StorageFile> {
    return run(this.#open(name));
  }

  remove(): void {}

  close(): void {}

  *#open(name: string): Task<StorageFile> {
    if (!(yield* wait(this.#storage.list())).includes(name)) throw new DriftError('XX001', `${name} is missing`);
    const file = yield* wait(this.#storage.open(name));
    return {
      name,
      size: () => file.size(),
      read: (offset, length) => file.read(offset, length),
      write: () => {
        throw new DriftError('25006', `${name} is being salvaged and must not be written`);
      },
      truncate: () => undefined,
      flush: () => undefined,
      close: () => undefined,
    };
  }
}
