/** The key for one use, as the cipher that a database was made with. */
import type { Aead } from './aead.ts';
import type { CipherName } from './secret.ts';
import { aesOpen, aesSeal, deriveAes, deriveBytes, type SecretKey } from './web-crypto.ts';

export interface AeadUse {
  readonly salt: Uint8Array;
  readonly use: string;
  /** ChaCha20-Poly1305 of the platform, where it has one: several times as fast as the package. */
  readonly chacha?: MakeAead | undefined;
}

export type MakeAead = (key: Uint8Array) => Aead;

/** Derives the key for one use from a base key. */
export async function deriveAead(name: CipherName, base: SecretKey, { salt, use, chacha }: AeadUse): Promise<Aead> {
  if (name === 'chacha20-poly1305') {
    const make = chacha ?? (await import('./chacha.ts')).chacha;
    return make(await deriveBytes(base, salt, use));
  }
  const key = await deriveAes(base, salt, use);
  return {
    seal: (nonce, bound, bytes) => aesSeal(key, nonce, bound, bytes),
    open: (nonce, bound, sealed) => aesOpen(key, nonce, bound, sealed),
  };
}
