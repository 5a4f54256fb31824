/**
 * EncryptedStorage: any storage with the keys of an encrypted database.
 *
 * It opens the file KEYS when it is acquired, and hides it; the log, the manifest and the packs find its cipher and seal
 * what they write (storage/cipher.ts says why they do that and not the files). With a wrong key nothing is written.
 */
import { assert } from '../../base/error.ts';
import type { MaybePromise } from '../../base/task.ts';
import type { Storage, StorageFile } from '../storage.ts';
import type { MakeAead } from './derive-aead.ts';
import { Keyring } from './keyring.ts';
import { KEYS_FILE } from './keys-file.ts';
import type { EncryptionOptions, RandomBytes } from './secret.ts';

export class EncryptedStorage implements Storage {
  readonly medium: string;
  readonly countsAtFlush: boolean;
  readonly #inner: Storage;
  readonly #options: EncryptionOptions;
  readonly #random: RandomBytes;
  readonly #chacha: MakeAead | undefined;
  #keyring: Keyring | undefined;

  /** `chacha`: of the platform, where it has one. */
  constructor(inner: Storage, options: EncryptionOptions, random: RandomBytes, chacha?: MakeAead) {
    this.#chacha = chacha;
    this.medium = inner.medium;
    this.countsAtFlush = inner.countsAtFlush === true;
    this.#inner = inner;
    this.#options = options;
    this.#random = random;
  }

  get cipher(): Keyring | undefined {
    return this.#keyring;
  }

  /** Throws 55006, 28P01 for a wrong passphrase or key, 55000 for a database that is not encrypted. */
  async acquire(): Promise<void> {
    await this.#inner.acquire();
    try {
      const keyring = await Keyring.open(this.#inner, this.#options, this.#random);
      this.#keyring = keyring.useNative(this.#chacha);
    } catch (error) {
      await this.#inner.close();
      throw error;
    }
  }

  list(): MaybePromise<readonly string[]> {
    const names = this.#inner.list();
    const others = (all: readonly string[]): readonly string[] => all.filter((name) => name !== KEYS_FILE);
    return names instanceof Promise ? names.then(others) : others(names);
  }

  open(name: string): MaybePromise<StorageFile> {
    assert(name !== KEYS_FILE, 'the keys are the storage’s own');
    return this.#inner.open(name);
  }

  remove(name: string): MaybePromise<void> {
    assert(name !== KEYS_FILE, 'the keys are the storage’s own');
    return this.#inner.remove(name);
  }

  close(): MaybePromise<void> {
    // One that was never acquired must not end the ownership of whoever has it.
    if (this.#keyring === undefined) return undefined;
    this.#keyring = undefined;
    return this.#inner.close();
  }
}
