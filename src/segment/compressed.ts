/**
 * Bytes that may be compressed: varint length, varint compressed length or 0, then the bytes.
 *
 * What would not shrink by an eighth stays as it is: reading it costs nothing then.
 */
import type { ByteReader, ByteWriter } from '../base/bytes.ts';
import { compress, decompress } from './lz.ts';

const MIN_BYTES = 64;

export function writeCompressed(out: ByteWriter, bytes: Uint8Array): void {
  const short = bytes.length < MIN_BYTES ? null : compress(bytes, bytes.length - (bytes.length >> 3));
  out.varint(bytes.length);
  out.varint(short === null ? 0 : short.length);
  out.raw(short ?? bytes);
}

/** The bytes, as a view of the input where they were not compressed. Throws XX001. */
export function readCompressed(input: ByteReader, what: string): Uint8Array {
  const length = input.varint();
  const short = input.varint();
  return short === 0 ? input.raw(length) : decompress(input.raw(short), length, what);
}
