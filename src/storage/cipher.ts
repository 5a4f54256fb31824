/**
 * StorageCipher: what the log, the manifest and the packs ask to seal their bytes with, where the storage has one.
 *
 * Encryption does not sit below files as a layer of blocks. A medium tears writes at sectors of 512 bytes, and what was
 * flushed must never be written again (I7); blocks that carry a nonce and a tag have no such size, so a write behind
 * flushed bytes would rewrite the block that holds them. So each file keeps the framing that recovery relies on (lengths,
 * checksums, places), and what lies inside of the frames is sealed as a whole: the frames of one write to the log, a
 * manifest's body, pieces of a segment. Reads of what is in the cache of tables meet none of this.
 */
import type { MaybePromise } from '../base/task.ts';

export interface StorageCipher {
  /**
   * Seals bytes. `use` chooses the key (`manifest`, `log/…`, `table/17`), `place` is bound to them: they open there only.
   * The result is SEALED_EXTRA_BYTES longer.
   */
  seal(use: string, place: string, bytes: Uint8Array): MaybePromise<Uint8Array>;
  /** Throws XX001, naming the place, for bytes that were altered or were sealed for another place. */
  open(use: string, place: string, sealed: Uint8Array): MaybePromise<Uint8Array>;
}

/** Version of the key (u32), nonce (12 bytes), tag (16 bytes). */
export const SEALED_EXTRA_BYTES = 32;
