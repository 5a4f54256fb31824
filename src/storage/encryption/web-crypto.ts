/**
 * The part of WebCrypto that encryption uses, typed by itself: the engine compiles without the DOM's and Node's types.
 * Every function here is a plain function of its arguments; randomness comes from the host.
 */
import { DriftError } from '../../base/error.ts';

/** A CryptoKey, as far as it is looked at. */
export interface SecretKey {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
  readonly usages: readonly string[];
}

type Algorithm = Readonly<Record<string, unknown>>;

interface Subtle {
  importKey(
    format: 'raw',
    bytes: Uint8Array,
    algorithm: string | Algorithm,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<SecretKey>;
  deriveKey(
    algorithm: Algorithm,
    base: SecretKey,
    derived: Algorithm,
    extractable: boolean,
    usages: readonly string[],
  ): Promise<SecretKey>;
  deriveBits(algorithm: Algorithm, base: SecretKey, bits: number): Promise<ArrayBuffer>;
  encrypt(algorithm: Algorithm, key: SecretKey, bytes: Uint8Array): Promise<ArrayBuffer>;
  decrypt(algorithm: Algorithm, key: SecretKey, bytes: Uint8Array): Promise<ArrayBuffer>;
}

const AES: Algorithm = { name: 'AES-GCM', length: 256 };
const AES_USES = ['encrypt', 'decrypt'];

/** Throws 0A000 where there is none: pages without https have no WebCrypto. */
function subtle(): Subtle {
  const found = (globalThis as unknown as { readonly crypto?: { readonly subtle?: Subtle } }).crypto?.subtle;
  if (found === undefined)
    throw new DriftError('0A000', 'there is no WebCrypto here', {
      hint: 'It needs a secure context: https, or localhost.',
    });
  return found;
}

/** Returns ciphertext and tag (16 bytes). A nonce has 12 bytes. */
export async function aesSeal(
  key: SecretKey,
  nonce: Uint8Array,
  bound: Uint8Array,
  bytes: Uint8Array,
): Promise<Uint8Array> {
  return new Uint8Array(await subtle().encrypt({ name: 'AES-GCM', iv: nonce, additionalData: bound }, key, bytes));
}

/** Returns null where key, nonce, bound bytes or ciphertext do not belong together. */
export async function aesOpen(
  key: SecretKey,
  nonce: Uint8Array,
  bound: Uint8Array,
  bytes: Uint8Array,
): Promise<Uint8Array | null> {
  try {
    return new Uint8Array(await subtle().decrypt({ name: 'AES-GCM', iv: nonce, additionalData: bound }, key, bytes));
  } catch {
    return null;
  }
}

/** Makes an AES key of a passphrase by PBKDF2 with SHA-256. */
export async function keyOfPassphrase(passphrase: string, salt: Uint8Array, iterations: number): Promise<SecretKey> {
  const bytes = new TextEncoder().encode(passphrase.normalize('NFKC'));
  const base = await subtle().importKey('raw', bytes, 'PBKDF2', false, ['deriveKey']);
  return subtle().deriveKey({ name: 'PBKDF2', hash: 'SHA-256', salt, iterations }, base, AES, false, AES_USES);
}

/** Takes 32 random bytes as the base of other keys. */
export function baseKey(bytes: Uint8Array): Promise<SecretKey> {
  return subtle().importKey('raw', bytes, 'HKDF', false, ['deriveKey', 'deriveBits']);
}

/** Derives the AES key for one use by HKDF with SHA-256. */
export function deriveAes(base: SecretKey, salt: Uint8Array, use: string): Promise<SecretKey> {
  return subtle().deriveKey(hkdf(salt, use), base, AES, false, AES_USES);
}

/** Derives the 32 bytes of a key for one use by HKDF with SHA-256. */
export async function deriveBytes(base: SecretKey, salt: Uint8Array, use: string): Promise<Uint8Array> {
  return new Uint8Array(await subtle().deriveBits(hkdf(salt, use), base, 256));
}

function hkdf(salt: Uint8Array, use: string): Algorithm {
  return { name: 'HKDF', hash: 'SHA-256', salt, info: new TextEncoder().encode(`driftdb/1/${use}`) };
}
