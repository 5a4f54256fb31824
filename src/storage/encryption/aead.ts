/**
 * Aead: authenticated encryption with one key (RFC 5116). AES-256-GCM is WebCrypto's and answers with promises;
 * ChaCha20-Poly1305 (RFC 8439), which WebCrypto lacks, comes from @noble/ciphers and is loaded when it is asked for.
 *
 * Both have nonces of 12 bytes, tags of 16, and lose everything where a nonce is used twice with one key. Nonces here are
 * random: they depend on nothing that a crash could take back, a torn tail leave behind, or a copy of the files repeat.
 * 2^32 of them under one key leave a chance of 2^-33 for two alike; a table's key reaches that with 256 TB written,
 * a log file's never.
 */
import type { MaybePromise } from '../../base/task.ts';

export interface Aead {
  seal(nonce: Uint8Array, bound: Uint8Array, bytes: Uint8Array): MaybePromise<Uint8Array>;
  /** Null where what it gets does not belong together. */
  open(nonce: Uint8Array, bound: Uint8Array, sealed: Uint8Array): MaybePromise<Uint8Array | null>;
}

export const NONCE_BYTES = 12;
