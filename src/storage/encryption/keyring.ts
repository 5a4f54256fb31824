/**
 * Keyring: the data keys of an open database, as its StorageCipher, and the changes of keys.
 *
 *     passphrase ─PBKDF2─▶ outer key ─seals─▶ data keys (random, by version) ─HKDF(use)─▶ a key for each table, log file
 *     or CryptoKey ───────────▲               in the file KEYS                            and the manifest
 *
 *     sealed bytes = u32 version of the data key │ 12 bytes nonce │ ciphertext │ 16 bytes tag
 *
 * Changing the outer key seals the same data keys anew: at once, whatever the size. Changing the data keys adds a
 * version, which seals from then on; the database writes everything of older versions again in the background
 * (database/rekey.ts), and only when nothing is left of them do they go. Both are one write of KEYS.
 *
 * Bound to the bytes beside their place is the key's version, so that nothing opens elsewhere or under another key.
 * Invariants: keys are in force only once KEYS is flushed; a nonce is never used twice (aead.ts).
 */
import { assert, DriftError } from '../../base/error.ts';
import type { MaybePromise } from '../../base/task.ts';
import type { StorageCipher } from '../cipher.ts';
import type { Storage } from '../storage.ts';
import { type Aead, NONCE_BYTES } from './aead.ts';
import { deriveAead, type MakeAead } from './derive-aead.ts';
import { boundBytes, type DataKey, finishWrite, KEY_BYTES, type KeysHeader, readKeys, writeKeys } from './keys-file.ts';
import {
  type EncryptionOptions,
  newOuterKey,
  openKeys,
  type OuterKey,
  outerKeyFor,
  type RandomBytes,
  randomOf,
  sealKeys,
} from './secret.ts';
import { baseKey, type SecretKey } from './web-crypto.ts';

const HEAD_BYTES: number = 4 + NONCE_BYTES;
const TAG_BYTES = 16;
/** Nonces are drawn many at a time. */
const NONCES_AT_ONCE = 256;
/** Keys of uses that are kept: those of log files come and go. */
const MAX_DERIVED = 4096;
/** The version of a key that is made at opening and stored nowhere, for what ends with the opening. */
const PASSING = 0;
const PASSING_USE = 'temporary';
const encoder: TextEncoder = new TextEncoder();

export class Keyring implements StorageCipher {
  readonly #storage: Storage;
  readonly #random: RandomBytes;
  #chacha: MakeAead | undefined;
  #outer: OuterKey;
  #header: KeysHeader;
  #bases: ReadonlyMap<number, SecretKey> = new Map();
  readonly #derived = new Map<string, Aead>();
  readonly #nonces: Uint8Array = new Uint8Array(NONCE_BYTES * NONCES_AT_ONCE);
  #usedNonces = NONCES_AT_ONCE;

  private constructor(storage: Storage, random: RandomBytes, outer: OuterKey, header: KeysHeader) {
    this.#storage = storage;
    this.#random = random;
    this.#outer = outer;
    this.#header = header;
  }

  /** Opens the keys of a database, or makes those of a new one. Throws 28P01, 55000 for one that is not encrypted, XX001. */
  static async open(storage: Storage, options: EncryptionOptions, random: RandomBytes): Promise<Keyring> {
    const stored = await readKeys(storage);
    // Keys of nothing are left by a making, or a restoration, that was cut off.
    const isNew = stored === null || (await databaseFiles(storage)).length === 0;
    if (isNew) return Keyring.#create(storage, options, random, stored?.generation ?? 0);
    const outer = await outerKeyFor(options, stored.derivation);
    const keys = await openKeys(outer, stored.bound, stored.sealed);
    if (stored.hasLeftover) await finishWrite(storage, stored.generation);
    const ring = new Keyring(storage, random, outer, stored);
    await ring.#take(stored.keys, keys);
    return ring;
  }

  static async #create(
    storage: Storage,
    options: EncryptionOptions,
    random: RandomBytes,
    generation: number,
  ): Promise<Keyring> {
    const others = await databaseFiles(storage);
    if (others.includes('MANIFEST') && !(await storage.list()).includes('KEYS'))
      throw new DriftError('55000', 'the database is not encrypted', {
        hint: 'Open it without encryption, and restore a backup of it into one that is.',
      });
    if (others.length > 0)
      throw new DriftError('XX001', 'KEYS is missing or damaged, but files of a database are there');
    const outer = await newOuterKey(options, random);
    const header: KeysHeader = {
      generation,
      databaseId: randomOf(16, random),
      cipher: options.cipher ?? 'aes-256-gcm',
      derivation: outer.derivation,
      keys: [{ version: 1, firstPack: 1 }],
    };
    const ring = new Keyring(storage, random, outer, header);
    await ring.#store(outer, header.keys, randomOf(KEY_BYTES, random));
    return ring;
  }

  /** Takes the platform's ChaCha20-Poly1305 for what is derived from here on. */
  useNative(chacha: MakeAead | undefined): this {
    this.#chacha = chacha;
    return this;
  }

  /** Older versions are still in use: a change of the data keys is under way. */
  get hasOldKeys(): boolean {
    return this.#header.keys.length > 1;
  }

  /** The first pack that is sealed with the newest data key throughout. */
  get firstPack(): number {
    return this.#newest.firstPack;
  }

  seal(use: string, place: string, bytes: Uint8Array): MaybePromise<Uint8Array> {
    const version = use === PASSING_USE ? PASSING : this.#newest.version;
    const aead = this.#derived.get(`${version}/${use}`);
    if (aead !== undefined) return this.#seal(aead, version, place, bytes);
    return this.#derive(version, use).then((derived) => this.#seal(derived, version, place, bytes));
  }

  open(use: string, place: string, sealed: Uint8Array): MaybePromise<Uint8Array> {
    if (sealed.length < HEAD_BYTES + TAG_BYTES) throw unsealable(place, `${sealed.length} bytes`);
    const version = new DataView(sealed.buffer, sealed.byteOffset, 4).getUint32(0, true);
    if (!this.#bases.has(version)) throw unsealable(place, `key version ${version}`);
    const aead = this.#derived.get(`${version}/${use}`);
    if (aead !== undefined) return openWith(aead, version, place, sealed);
    return this.#derive(version, use).then((derived) => openWith(derived, version, place, sealed));
  }

  /** Puts another outer key in force. When it returns, the one before opens nothing. */
  async changeOuterKey(options: EncryptionOptions): Promise<void> {
    const keys = await this.#secrets();
    await this.#store(await newOuterKey(options, this.#random), this.#header.keys, keys);
  }

  /** Adds a data key that seals from now on; `firstPack` is the number of a pack yet to be begun. */
  async addDataKey(firstPack: number): Promise<void> {
    const { version } = this.#newest;
    const before = await this.#secrets();
    const keys = new Uint8Array(before.length + KEY_BYTES);
    keys.set(before);
    keys.set(randomOf(KEY_BYTES, this.#random), before.length);
    await this.#store(this.#outer, [...this.#header.keys, { version: version + 1, firstPack }], keys);
  }

  /** Forgets all data keys but the newest: nothing may be sealed with them any more. */
  async dropOldKeys(): Promise<void> {
    const keys = await this.#secrets();
    await this.#store(this.#outer, [this.#newest], keys.slice(-KEY_BYTES));
  }

  get #newest(): DataKey {
    const newest = this.#header.keys[this.#header.keys.length - 1];
    assert(newest !== undefined, 'there is a data key');
    return newest;
  }

  async #secrets(): Promise<Uint8Array> {
    const stored = await readKeys(this.#storage);
    if (stored === null) throw new DriftError('XX001', 'KEYS is damaged: no slot is valid');
    return openKeys(this.#outer, stored.bound, stored.sealed);
  }

  async #store(outer: OuterKey, keys: readonly DataKey[], secrets: Uint8Array): Promise<void> {
    const { databaseId, cipher, generation } = this.#header;
    const header = { generation: generation + 1, databaseId, cipher, derivation: outer.derivation, keys };
    const sealed = await sealKeys(outer, boundBytes(header), secrets, this.#random);
    await writeKeys(this.#storage, header, sealed);
    this.#outer = outer;
    await this.#take(keys, secrets);
    this.#header = header;
  }

  async #take(keys: readonly DataKey[], secrets: Uint8Array): Promise<void> {
    if (secrets.length !== keys.length * KEY_BYTES)
      throw new DriftError('XX001', `KEYS is damaged: found ${secrets.length} bytes for ${keys.length} keys`);
    const bases = new Map<number, SecretKey>();
    const passing = this.#bases.get(PASSING) ?? (await baseKey(randomOf(KEY_BYTES, this.#random)));
    bases.set(PASSING, passing);
    for (const [i, { version }] of keys.entries())
      bases.set(version, await baseKey(secrets.slice(i * KEY_BYTES, (i + 1) * KEY_BYTES)));
    this.#bases = bases;
    secrets.fill(0);
  }

  async #derive(version: number, use: string): Promise<Aead> {
    const base = this.#bases.get(version);
    assert(base !== undefined, `there is a data key of version ${version}`);
    const derived = await deriveAead(this.#header.cipher, base, {
      salt: this.#header.databaseId,
      use,
      chacha: this.#chacha,
    });
    if (this.#derived.size >= MAX_DERIVED) this.#derived.clear();
    this.#derived.set(`${version}/${use}`, derived);
    return derived;
  }

  #seal(aead: Aead, version: number, place: string, bytes: Uint8Array): MaybePromise<Uint8Array> {
    const nonce = this.#nonce();
    const sealed = aead.seal(nonce, boundTo(version, place), bytes);
    return sealed instanceof Promise
      ? sealed.then((body) => assembled(version, nonce, body))
      : assembled(version, nonce, sealed);
  }

  #nonce(): Uint8Array {
    if (this.#usedNonces === NONCES_AT_ONCE) {
      this.#random(this.#nonces);
      this.#usedNonces = 0;
    }
    const at = this.#usedNonces++ * NONCE_BYTES;
    return this.#nonces.slice(at, at + NONCE_BYTES);
  }
}

async function databaseFiles(storage: Storage): Promise<string[]> {
  return (await storage.list()).filter((name) => /^(MANIFEST$|log-|pack-)/.test(name));
}

function openWith(aead: Aead, version: number, place: string, sealed: Uint8Array): MaybePromise<Uint8Array> {
  const nonce = sealed.subarray(4, HEAD_BYTES);
  const opened = aead.open(nonce, boundTo(version, place), sealed.subarray(HEAD_BYTES));
  const checked = (bytes: Uint8Array | null): Uint8Array => {
    if (bytes === null) throw unsealable(place, 'bytes that were altered, or belong elsewhere');
    return bytes;
  };
  return opened instanceof Promise ? opened.then(checked) : checked(opened);
}

function assembled(version: number, nonce: Uint8Array, body: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(HEAD_BYTES + body.length);
  new DataView(sealed.buffer).setUint32(0, version, true);
  sealed.set(nonce, 4);
  sealed.set(body, HEAD_BYTES);
  return sealed;
}

function boundTo(version: number, place: string): Uint8Array {
  return encoder.encode(`${version}|${place}`);
}

function unsealable(place: string, found: string): DriftError {
  return new DriftError('XX001', `data corrupted: ${place}: expected bytes sealed for this place, found ${found}`);
}
