/**
 * What opens an encrypted database or backup from outside: a passphrase, or a CryptoKey of the caller's.
 *
 * The outer key seals the data keys and nothing else. A passphrase becomes one by PBKDF2-SHA-256 with a random salt of 32
 * bytes and 600,000 rounds (OWASP Password Storage Cheat Sheet, 2023), about a second's work; salt and rounds are stored
 * beside what it seals, so that later releases may ask for more rounds.
 */
import { type ByteReader, ByteWriter } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import { aesOpen, aesSeal, keyOfPassphrase, type SecretKey } from './web-crypto.ts';

export type CipherName = 'aes-256-gcm' | 'chacha20-poly1305';

/** Exactly one of `passphrase` and `key`. */
export interface EncryptionOptions {
  readonly passphrase?: string | undefined;
  /** An AES-GCM CryptoKey of 256 bits for `encrypt` and `decrypt`; it need not be extractable. */
  readonly key?: SecretKey | undefined;
  /** For what is made anew; what exists says itself what it is sealed with. Default `aes-256-gcm`. */
  readonly cipher?: CipherName | undefined;
}

export type RandomBytes = (target: Uint8Array) => void;

/** How the outer key came about; null for one that was handed in. */
export interface Derivation {
  readonly salt: Uint8Array;
  readonly iterations: number;
}

export interface OuterKey {
  readonly key: SecretKey;
  readonly derivation: Derivation | null;
}

const ITERATIONS = 600_000;
/** A file that asks for more is not ours: it would keep the opener busy for hours. */
const MAX_ITERATIONS = 10_000_000;
const SALT_BYTES = 32;
const NONCE_BYTES = 12;
const MAX_SEALED_BYTES = 4096;

/** Makes the outer key for something new. Throws 22023 for options that give none. */
export async function newOuterKey(options: EncryptionOptions, random: RandomBytes): Promise<OuterKey> {
  const { key } = checked(options);
  if (key !== undefined) return { key, derivation: null };
  const derivation = { salt: randomOf(SALT_BYTES, random), iterations: ITERATIONS };
  return { key: await derived(options, derivation), derivation };
}

/** Makes the outer key as something existing says. Throws 28P01 where the caller has the other kind. */
export async function outerKeyFor(options: EncryptionOptions, derivation: Derivation | null): Promise<OuterKey> {
  const { key } = checked(options);
  if (derivation === null) {
    if (key === undefined) throw refused('it was encrypted with a key, not with a passphrase');
    return { key, derivation };
  }
  if (key !== undefined) throw refused('it was encrypted with a passphrase, not with a key');
  return { key: await derived(options, derivation), derivation };
}

export function writeDerivation(writer: ByteWriter, derivation: Derivation | null): void {
  writer.u8(derivation === null ? 0 : 1);
  if (derivation === null) return;
  writer.u32(derivation.iterations);
  writer.bytes(derivation.salt);
}

/** Throws XX001 for what no release wrote. */
export function readDerivation(reader: ByteReader, what: string): Derivation | null {
  const kind = reader.u8();
  if (kind === 0) return null;
  if (kind !== 1) throw new DriftError('0A000', `${what} has a key derivation that this release does not know`);
  const iterations = reader.u32();
  if (iterations < 1 || iterations > MAX_ITERATIONS)
    throw new DriftError('XX001', `${what} is damaged: found ${iterations} rounds of key derivation`);
  return { iterations, salt: reader.bytes().slice() };
}

/** Seals data keys with the outer one; `bound` are the bytes that they must stay together with. */
export async function sealKeys(
  outer: OuterKey,
  bound: Uint8Array,
  keys: Uint8Array,
  random: RandomBytes,
): Promise<Uint8Array> {
  const nonce = randomOf(NONCE_BYTES, random);
  const sealed = await aesSeal(outer.key, nonce, bound, keys);
  const writer = new ByteWriter(NONCE_BYTES + sealed.length);
  writer.raw(nonce);
  writer.raw(sealed);
  return writer.finish();
}

/** Throws 28P01 where the outer key is another one. */
export async function openKeys(outer: OuterKey, bound: Uint8Array, sealed: Uint8Array): Promise<Uint8Array> {
  const fits = sealed.length > NONCE_BYTES && sealed.length <= MAX_SEALED_BYTES;
  const keys = fits
    ? await aesOpen(outer.key, sealed.subarray(0, NONCE_BYTES), bound, sealed.subarray(NONCE_BYTES))
    : null;
  if (keys === null)
    throw refused(outer.derivation === null ? 'the key is another one' : 'the passphrase is another one');
  return keys;
}

export function randomOf(length: number, random: RandomBytes): Uint8Array {
  const bytes = new Uint8Array(length);
  random(bytes);
  return bytes;
}

export function refused(detail: string): DriftError {
  return new DriftError('28P01', `the passphrase or key does not open it: ${detail}`);
}

function derived({ passphrase = '' }: EncryptionOptions, { salt, iterations }: Derivation): Promise<SecretKey> {
  return keyOfPassphrase(passphrase, salt, iterations);
}

function checked(options: EncryptionOptions): EncryptionOptions {
  const { passphrase, key, cipher = 'aes-256-gcm' } = options;
  if ((passphrase === undefined) === (key === undefined))
    throw new DriftError('22023', 'encryption needs either a passphrase or a key');
  if (passphrase !== undefined && (typeof passphrase !== 'string' || passphrase === ''))
    throw new DriftError('22023', 'the passphrase is empty');
  if (key !== undefined && !isFit(key))
    throw new DriftError('22023', 'the key is not an AES-GCM key of 256 bits for encrypt and decrypt', {
      hint: "crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, ['encrypt', 'decrypt']) makes one.",
    });
  if (cipher !== 'aes-256-gcm' && cipher !== 'chacha20-poly1305')
    throw new DriftError('22023', `there is no cipher "${String(cipher)}"`, {
      hint: 'There are aes-256-gcm and chacha20-poly1305.',
    });
  return options;
}

function isFit({ algorithm, usages }: SecretKey): boolean {
  const { name, length } = algorithm as { readonly name: string; readonly length?: number };
  return name === 'AES-GCM' && length === 256 && usages.includes('encrypt') && usages.includes('decrypt');
}
