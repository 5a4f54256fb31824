/** ChaCha20-Poly1305 of @noble/ciphers: audited, without dependencies, and loaded only where a database asks for it. */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import type { Aead } from './aead.ts';

export function chacha(key: Uint8Array): Aead {
  return {
    seal: (nonce, bound, bytes) => chacha20poly1305(key, nonce, bound).encrypt(bytes),
    open(nonce, bound, sealed) {
      try {
        return chacha20poly1305(key, nonce, bound).decrypt(sealed);
      } catch {
        return null;
      }
    },
  };
}
