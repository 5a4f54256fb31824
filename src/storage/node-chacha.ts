/** ChaCha20-Poly1305 of Node's OpenSSL; null where it was built without (FIPS). */
import { createCipheriv, createDecipheriv, getCiphers } from 'node:crypto';
import type { MakeAead } from './encryption/derive-aead.ts';

const NAME = 'chacha20-poly1305';
const TAG_BYTES = 16;

export const nodeChacha: MakeAead | undefined = getCiphers().includes(NAME)
  ? (key) => ({
      seal(nonce, bound, bytes) {
        const cipher = createCipheriv(NAME, key, nonce, { authTagLength: TAG_BYTES });
        cipher.setAAD(bound, { plaintextLength: bytes.length });
        const body = cipher.update(bytes);
        cipher.final();
        const sealed = new Uint8Array(body.length + TAG_BYTES);
        sealed.set(body);
        sealed.set(cipher.getAuthTag(), body.length);
        return sealed;
      },
      open(nonce, bound, sealed) {
        const end = sealed.length - TAG_BYTES;
        const cipher = createDecipheriv(NAME, key, nonce, { authTagLength: TAG_BYTES });
        cipher.setAAD(bound, { plaintextLength: end });
        cipher.setAuthTag(sealed.subarray(end));
        const { buffer, byteOffset, length } = cipher.update(sealed.subarray(0, end));
        try {
          cipher.final();
        } catch {
          return null;
        }
        return new Uint8Array(buffer, byteOffset, length);
      },
    })
  : undefined;
