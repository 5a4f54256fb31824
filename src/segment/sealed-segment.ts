/**
 * Segments under encryption: pieces of 64 KB, each sealed with the key of its table, its pack, offset and number.
 *
 *     sealed segment = piece*        piece = u32 table │ sealed ( up to 64 KB of the segment )
 *
 * All pieces but the last are of one size, so a range of a segment is read without the rest. A reference gives the
 * segment's own length and its place, and the checksum of its block table: a segment that once was at the same place
 * opens (it was sealed there), and is refused by that checksum, which the manifest vouches for.
 */
import { DriftError } from '../base/error.ts';
import { PAUSE, type Task, wait } from '../base/task.ts';
import { SEALED_EXTRA_BYTES, type StorageCipher } from '../storage/cipher.ts';
import type { StorageFile } from '../storage/storage.ts';
import type { SegmentRef } from './segment.ts';

const PIECE_BYTES: number = 64 * 1024;
const TABLE_BYTES = 4;
/** Pieces that a cipher is given at once where it answers with promises. */
const PIECES_AT_ONCE = 16;
const SEALED_PIECE_BYTES: number = TABLE_BYTES + PIECE_BYTES + SEALED_EXTRA_BYTES;

/** Bytes that a segment takes in its pack. */
export function sealedLength(length: number): number {
  return length + Math.ceil(length / PIECE_BYTES) * (TABLE_BYTES + SEALED_EXTRA_BYTES);
}

export function* sealSegment(
  cipher: StorageCipher,
  table: number,
  place: Pick<SegmentRef, 'pack' | 'offset'>,
  bytes: Uint8Array,
): Task<Uint8Array> {
  const sealed = new Uint8Array(sealedLength(bytes.length));
  const view = new DataView(sealed.buffer);
  const ref = { ...place, length: bytes.length };
  let under: Promise<void>[] = [];
  for (let piece = 0; piece * PIECE_BYTES < bytes.length; piece++) {
    const part = bytes.subarray(piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES);
    view.setUint32(piece * SEALED_PIECE_BYTES, table, true);
    const put = (made: Uint8Array): void => sealed.set(made, piece * SEALED_PIECE_BYTES + TABLE_BYTES);
    const made = cipher.seal(useOf(table), placeOf(ref, piece), part);
    if (made instanceof Promise) under.push(made.then(put));
    else put(made);
    if (under.length >= PIECES_AT_ONCE) {
      yield* wait(Promise.all(under));
      under = [];
    }
    // A cipher that answers at once computes here.
    if (under.length === 0) yield PAUSE;
  }
  yield* wait(Promise.all(under));
  return sealed;
}

/** Reads `length` bytes of a segment from `start` on. Throws XX001. */
export function* openSegment(
  cipher: StorageCipher,
  file: StorageFile,
  ref: SegmentRef,
  start: number,
  length: number,
): Task<Uint8Array> {
  const first = Math.floor(start / PIECE_BYTES);
  const end = Math.ceil((start + length) / PIECE_BYTES);
  const from = first * SEALED_PIECE_BYTES;
  const to = Math.min(end * SEALED_PIECE_BYTES, sealedLength(ref.length));
  const sealed = yield* wait(file.read(ref.offset + from, to - from));
  if (sealed.length < to - from)
    throw new DriftError(
      'XX001',
      `data corrupted: ${placeOf(ref, first)}: ${to - from} bytes expected, ${sealed.length} found`,
    );
  return yield* wait(openPieces(cipher, sealed, ref, { first, end, start, length }));
}

interface Range {
  readonly first: number;
  readonly end: number;
  readonly start: number;
  readonly length: number;
}

async function openPieces(
  cipher: StorageCipher,
  sealed: Uint8Array,
  ref: SegmentRef,
  { first, end, start, length }: Range,
): Promise<Uint8Array> {
  const view = new DataView(sealed.buffer, sealed.byteOffset, sealed.length);
  const opening: Promise<Uint8Array>[] = [];
  for (let piece = first; piece < end; piece++) {
    const at = (piece - first) * SEALED_PIECE_BYTES;
    const table = view.getUint32(at, true);
    const part = sealed.subarray(at + TABLE_BYTES, at + SEALED_PIECE_BYTES);
    opening.push(Promise.resolve(cipher.open(useOf(table), placeOf(ref, piece), part)));
  }
  const pieces = await Promise.all(opening);
  const skipped = start - first * PIECE_BYTES;
  if (pieces.length === 1) return (pieces[0] as Uint8Array).subarray(skipped, skipped + length);
  const bytes = new Uint8Array((end - first) * PIECE_BYTES);
  pieces.forEach((piece, i) => bytes.set(piece, i * PIECE_BYTES));
  return bytes.subarray(skipped, skipped + length);
}

function useOf(table: number): string {
  return `table/${table}`;
}

function placeOf({ pack, offset, length }: Pick<SegmentRef, 'pack' | 'offset' | 'length'>, piece: number): string {
  return `pack-${pack} at offset ${offset}, piece ${piece} of ${length} bytes`;
}
