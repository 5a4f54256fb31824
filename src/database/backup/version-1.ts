/**
 * Backup files of version 1 (FORMAT.md), which held the database's own files: read only.
 *
 * They were made in memory and are read in memory. Filling a storage is all or nothing (restore.ts).
 */
import { ByteReader } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { DriftError } from '../../base/error.ts';
import { type Task, wait } from '../../base/task.ts';
import type { Storage } from '../../storage/storage.ts';

const MAGIC_BYTES = 8;
const PIECE_BYTES: number = 1024 * 1024;
/** Bytes before the header: magic, version, length. */
const PREFIX_BYTES = 16;
const CRC_BYTES = 4;
const MAX_HEADER_BYTES: number = 64 * 1024 * 1024;
const FILE_NAME = /^(?:MANIFEST|(?:log|pack)-\d{1,15})$/;

export interface Version1File {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Writes the files into an empty storage, each flushed. */
export function* importVersion1(storage: Storage, file: Uint8Array): Task<void> {
  for (const { name, bytes } of readVersion1(file)) {
    const target = yield* wait(storage.open(name));
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      yield* wait(target.write(at, bytes.subarray(at, at + PIECE_BYTES)));
    yield* wait(target.flush());
  }
}

function sizeWithChecksums(size: number): number {
  return size + Math.ceil(size / PIECE_BYTES) * CRC_BYTES;
}

/** REQUIRES: magic and version are those of the format. Throws XX001. */
export function readVersion1(file: Uint8Array): Version1File[] {
  const prefix = new ByteReader(file.subarray(MAGIC_BYTES + CRC_BYTES, PREFIX_BYTES), 'the backup');
  const headerBytes = prefix.u32();
  const start = PREFIX_BYTES + headerBytes + CRC_BYTES;
  if (headerBytes > MAX_HEADER_BYTES || start > file.length)
    throw damaged(MAGIC_BYTES + CRC_BYTES, `a header of ${headerBytes} bytes in a file of ${file.length}`);
  const crc = crc32c(file.subarray(0, start - CRC_BYTES));
  if (crcAt(file, start - CRC_BYTES) !== crc) throw damaged(0, 'a header whose checksum does not hold');
  return readContents(file, start, crc, readList(file.subarray(PREFIX_BYTES, start - CRC_BYTES)));
}

function readList(header: Uint8Array): { readonly name: string; readonly size: number }[] {
  const reader = new ByteReader(header, 'header of the backup');
  reader.varint();
  const list: { name: string; size: number }[] = [];
  for (let left = reader.varint(); left > 0; left--) {
    const [name, size] = [reader.string(), reader.varint()];
    if (!FILE_NAME.test(name) || list.some((other) => other.name === name))
      throw damaged(PREFIX_BYTES + reader.offset, `a file named ${JSON.stringify(name)}`);
    list.push({ name, size });
  }
  return list;
}

function readContents(
  file: Uint8Array,
  start: number,
  headerCrc: number,
  list: readonly { readonly name: string; readonly size: number }[],
): Version1File[] {
  let offset = start;
  let crc = headerCrc;
  const entries: Version1File[] = [];
  for (const { name, size } of list) {
    if (offset + sizeWithChecksums(size) > file.length)
      throw damaged(offset, `${file.length - offset} bytes where ${name} has ${size}`);
    const bytes = new Uint8Array(size);
    for (let at = 0; at < size; at += PIECE_BYTES) {
      const piece = file.subarray(offset, offset + Math.min(PIECE_BYTES, size - at));
      crc = crc32c(piece, crc);
      if (crcAt(file, offset + piece.length) !== crc)
        throw damaged(offset, `bytes of ${name} (from ${at} on) whose checksum does not hold`);
      bytes.set(piece, at);
      offset += piece.length + CRC_BYTES;
    }
    entries.push({ name, bytes });
  }
  if (offset < file.length) throw damaged(offset, `${file.length - offset} bytes behind the end`);
  return entries;
}

function crcAt(file: Uint8Array, offset: number): number {
  return new DataView(file.buffer, file.byteOffset + offset, CRC_BYTES).getUint32(0, true);
}

function damaged(offset: number, found: string): DriftError {
  return new DriftError('XX001', `the backup is damaged at offset ${offset}: found ${found}`);
}
