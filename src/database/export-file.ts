/**
 * A whole database with its history as one file: for downloads, backups, and moving between media.
 *
 *     "DRIFTDB\n"                  8 bytes
 *     u32 version                  1
 *     u32 length, header           varint newest sequence number, varint count, per file: string name, varint size
 *     u32 crc32c                   of all bytes before it
 *     contents                     the files in the header's order, each in pieces of at most 1 MB: bytes, u32 crc32c
 *
 * Each checksum goes on from the one before it, so that a piece at another place is noticed as much as an altered byte.
 * The files are those of DESIGN §4: the manifest, the packs, and the logs that the manifest still needs. They come from
 * one commit boundary because none of them changes while they are read: checkpoints wait, and commits go to a log that
 * began before the copy and is not part of it.
 *
 * Filling a storage is all or nothing (import-marker.ts).
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { crc32c } from '../base/crc32c.ts';
import { DriftError } from '../base/error.ts';
import { type Task, wait } from '../base/task.ts';
import type { Storage } from '../storage/storage.ts';
import { DONE, isUnfinished, mark, MARKER, UNDER_WAY } from './import-marker.ts';

const MAGIC = 'DRIFTDB\n';
const VERSION = 1;
const PIECE_BYTES: number = 1024 * 1024;
/** Bytes before the header: magic, version, length. */
const PREFIX_BYTES = 16;
const CRC_BYTES = 4;
const MAX_HEADER_BYTES: number = 64 * 1024 * 1024;
const SECTOR_BYTES = 512;
const FILE_NAME = /^(?:MANIFEST|(?:log|pack)-\d{1,15})$/;

interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads the files of the database into one. `isNeeded` says which files belong to the state in force. Nothing may write
 * to those files meanwhile.
 */
export function* exportFile(storage: Storage, seq: number, isNeeded: (name: string) => boolean): Task<Uint8Array> {
  const names = [...(yield* wait(storage.list()))].filter((name) => FILE_NAME.test(name) && isNeeded(name)).sort();
  const entries: Entry[] = [];
  for (const name of names) {
    const file = yield* wait(storage.open(name));
    const bytes = yield* wait(file.read(0, file.size()));
    entries.push({ name, bytes: name.startsWith('log-') ? withoutSpare(bytes) : bytes });
  }
  return encode(seq, entries);
}

/** Checks a file as a whole, then fills an empty storage with it. Throws XX001 for what is altered, 55000 where the storage holds something. */
export function* importFile(storage: Storage, file: Uint8Array): Task<void> {
  const entries = decode(file);
  if (yield* isUnfinished(storage)) {
    for (const name of yield* wait(storage.list())) if (name !== MARKER) yield* wait(storage.remove(name));
  }
  const present = (yield* wait(storage.list())).filter((name) => name !== MARKER);
  if (present.length > 0) {
    throw new DriftError('55000', 'a file can be imported into an empty storage only', {
      detail: `The storage holds ${present.length} files of a database.`,
    });
  }
  yield* mark(storage, UNDER_WAY);
  try {
    for (const { name, bytes } of entries) {
      const target = yield* wait(storage.open(name));
      for (let at = 0; at < bytes.length; at += PIECE_BYTES)
        yield* wait(target.write(at, bytes.subarray(at, at + PIECE_BYTES)));
      yield* wait(target.flush());
    }
    yield* mark(storage, DONE);
  } catch (error) {
    // What was written goes; where even that fails, the marker keeps the storage from being opened.
    for (const { name } of entries) yield* wait(storage.remove(name));
    yield* wait(storage.remove(MARKER));
    throw error;
  }
  yield* wait(storage.remove(MARKER));
}

/** A log without the zeros allocated ahead; a frame that ends in zeros keeps them. */
function withoutSpare(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return bytes.subarray(0, Math.min(bytes.length, (Math.ceil(end / SECTOR_BYTES) + 1) * SECTOR_BYTES));
}

function encode(seq: number, entries: readonly Entry[]): Uint8Array {
  const header = new ByteWriter(256);
  header.varint(seq);
  header.varint(entries.length);
  for (const { name, bytes } of entries) {
    header.string(name);
    header.varint(bytes.length);
  }
  const contents = entries.reduce((sum, { bytes }) => sum + sizeWithChecksums(bytes.length), 0);
  const writer = new ByteWriter(PREFIX_BYTES + header.length + CRC_BYTES + contents);
  for (let i = 0; i < MAGIC.length; i++) writer.u8(MAGIC.charCodeAt(i));
  writer.u32(VERSION);
  writer.u32(header.length);
  writer.raw(header.view());
  let crc = crc32c(writer.view());
  writer.u32(crc);
  for (const { bytes } of entries) {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
      const piece = bytes.subarray(at, at + PIECE_BYTES);
      crc = crc32c(piece, crc);
      writer.raw(piece);
      writer.u32(crc);
    }
  }
  return writer.finish();
}

function sizeWithChecksums(size: number): number {
  return size + Math.ceil(size / PIECE_BYTES) * CRC_BYTES;
}

function decode(file: Uint8Array): Entry[] {
  if (file.length < PREFIX_BYTES) throw damaged(0, `a file of ${file.length} bytes`);
  for (let i = 0; i < MAGIC.length; i++)
    if (file[i] !== MAGIC.charCodeAt(i)) throw damaged(i, 'no export of a database');
  const prefix = new ByteReader(file.subarray(MAGIC.length, PREFIX_BYTES), 'the exported file');
  const [version, headerBytes] = [prefix.u32(), prefix.u32()];
  const start = PREFIX_BYTES + headerBytes + CRC_BYTES;
  if (headerBytes > MAX_HEADER_BYTES || start > file.length)
    throw damaged(MAGIC.length + CRC_BYTES, `a header of ${headerBytes} bytes in a file of ${file.length}`);
  const crc = crc32c(file.subarray(0, start - CRC_BYTES));
  if (crcAt(file, start - CRC_BYTES) !== crc) throw damaged(0, 'a header whose checksum does not hold');
  if (version !== VERSION) {
    throw new DriftError(
      '0A000',
      `the exported file has format version ${version}; this release reads version ${VERSION}`,
    );
  }
  return readContents(file, start, crc, readList(file.subarray(PREFIX_BYTES, start - CRC_BYTES)));
}

function readList(header: Uint8Array): { readonly name: string; readonly size: number }[] {
  const reader = new ByteReader(header, 'header of the exported file');
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
): Entry[] {
  let offset = start;
  let crc = headerCrc;
  const entries: Entry[] = [];
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
  return new DriftError('XX001', `the exported file is damaged at offset ${offset}: found ${found}`);
}
