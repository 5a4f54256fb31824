/** The key for one use, as the cipher that a database was made with. */
import type { Aead } from './aead.ts';
import type { CipherName } from './secret.ts';
import { aesOpen, aesSeal, deriveAes, deriveBytes, type SecretKey } from './web-crypto.ts';

/** Derives the key for one use from a base key. */
export async function deriveAead(name: CipherName, base: SecretKey, salt: Uint8Array, use: string): Promise<Aead> {
  if (name === 'chacha20-poly1305') {
    const { chacha } = await import('./chacha.ts');
    return chacha(await deriveBytes(base, salt, use));
  }
  const key = await deriveAes(base, salt, use);
  return {
    seal: (nonce, bound, bytes) => aesSeal(key, nonce, bound, bytes),
    open: (nonce, bound, sealed) => aesOpen(key, nonce, bound, sealed),
  };
}
