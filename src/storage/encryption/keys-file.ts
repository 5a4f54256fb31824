/**
 * The file KEYS of an encrypted database: its data keys, sealed with the outer key.
 *
 *     file   = slot 0 (4096 bytes) | slot 1 (4096 bytes)
 *     slot   = bound | bytes sealed | zeros | u32 crc of the 4092 bytes before
 *     bound  = u32 magic "DRFK" | u32 version | u64 generation | 16 bytes database id | u8 cipher | derivation
 *            | varint count, (varint version, varint first pack)*
 *     cipher = 1 AES-256-GCM, 2 ChaCha20-Poly1305
 *     derivation = u8 0: the caller's key | u8 1, u32 rounds, bytes salt: PBKDF2-SHA-256
 *     sealed = 12 bytes nonce | AES-256-GCM of the data keys, 32 bytes each, in the order of the versions
 *
 * Generation g is written to slot g mod 2 and flushed; then the other slot is filled with zeros, so that what the older
 * outer key sealed is gone. The valid slot of the greater generation is in force: a crash leaves one or the other, never
 * none, and never a mixture.
 */
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { crc32c } from '../../base/crc32c.ts';
import { assert, DriftError } from '../../base/error.ts';
import type { Storage, StorageFile } from '../storage.ts';
import { type CipherName, type Derivation, readDerivation, writeDerivation } from './secret.ts';

export const KEYS_FILE = 'KEYS';
export const KEY_BYTES = 32;
const MAGIC = 0x4b465244;
const VERSION = 1;
const SLOT_BYTES = 4096;
const CRC_BYTES = 4;
const ID_BYTES = 16;
const MAX_KEYS = 64;
const CIPHERS: readonly CipherName[] = ['aes-256-gcm', 'chacha20-poly1305'];

/** A data key: what was written from a pack on is sealed with it. */
export interface DataKey {
  readonly version: number;
  readonly firstPack: number;
}

export interface KeysHeader {
  readonly generation: number;
  readonly databaseId: Uint8Array;
  readonly cipher: CipherName;
  readonly derivation: Derivation | null;
  /** Oldest first; the last one seals. */
  readonly keys: readonly DataKey[];
}

export interface StoredKeys extends KeysHeader {
  /** What the sealed keys are bound to. */
  readonly bound: Uint8Array;
  readonly sealed: Uint8Array;
  /** A crash left the slot of the generation before. */
  readonly hasLeftover: boolean;
}

/** Returns what is in force; null where no slot is valid. */
export async function readKeys(storage: Storage): Promise<StoredKeys | null> {
  if (!(await storage.list()).includes(KEYS_FILE)) return null;
  const file = await storage.open(KEYS_FILE);
  const slots: (Omit<StoredKeys, 'hasLeftover'> | null)[] = [];
  for (const slot of [0, 1]) slots.push(readSlot(await file.read(slot * SLOT_BYTES, SLOT_BYTES)));
  const [a = null, b = null] = slots;
  const best = a === null ? b : b === null || a.generation > b.generation ? a : b;
  return best === null ? null : { ...best, hasLeftover: a !== null && b !== null };
}

/** Puts new keys in force and wipes the slot of those before. */
export async function writeKeys(storage: Storage, header: KeysHeader, sealed: Uint8Array): Promise<void> {
  const writer = new ByteWriter(SLOT_BYTES);
  writer.raw(boundBytes(header));
  writer.bytes(sealed);
  assert(writer.length <= SLOT_BYTES - CRC_BYTES, 'the keys fit into their slot');
  writer.raw(new Uint8Array(SLOT_BYTES - CRC_BYTES - writer.length));
  writer.u32(crc32c(writer.view()));
  const file = await storage.open(KEYS_FILE);
  await file.write((header.generation % 2) * SLOT_BYTES, writer.view());
  await file.flush();
  await wipeLeftover(file, header.generation);
}

/** Wipes the slot that is not in force. */
export async function finishWrite(storage: Storage, generation: number): Promise<void> {
  await wipeLeftover(await storage.open(KEYS_FILE), generation);
}

async function wipeLeftover(file: StorageFile, generation: number): Promise<void> {
  await file.write(((generation + 1) % 2) * SLOT_BYTES, new Uint8Array(SLOT_BYTES));
  await file.flush();
}

/** The bytes in front of the sealed keys, which these are bound to. */
export function boundBytes({ generation, databaseId, cipher, derivation, keys }: KeysHeader): Uint8Array {
  const writer = new ByteWriter(128);
  writer.u32(MAGIC);
  writer.u32(VERSION);
  writer.u64(generation);
  writer.raw(databaseId);
  writer.u8(CIPHERS.indexOf(cipher) + 1);
  writeDerivation(writer, derivation);
  writer.varint(keys.length);
  for (const { version, firstPack } of keys) {
    writer.varint(version);
    writer.varint(firstPack);
  }
  return writer.finish();
}

/** Null for a slot that is not valid. Throws 0A000 for one of a later release. */
function readSlot(bytes: Uint8Array): Omit<StoredKeys, 'hasLeftover'> | null {
  const reader = new ByteReader(bytes, KEYS_FILE);
  if (bytes.length < SLOT_BYTES || reader.u32() !== MAGIC) return null;
  const crc = new DataView(bytes.buffer, bytes.byteOffset + SLOT_BYTES - CRC_BYTES, CRC_BYTES).getUint32(0, true);
  if (crc !== crc32c(bytes, 0, 0, SLOT_BYTES - CRC_BYTES)) return null;
  const version = reader.u32();
  if (version !== VERSION)
    throw new DriftError('0A000', `KEYS has format version ${version}; this release reads version ${VERSION}`);
  const [generation, databaseId] = [reader.u64(), reader.raw(ID_BYTES).slice()];
  const cipher = CIPHERS[reader.u8() - 1];
  if (cipher === undefined) throw new DriftError('0A000', 'KEYS names a cipher that this release does not know');
  const derivation = readDerivation(reader, KEYS_FILE);
  const count = reader.varint();
  if (count < 1 || count > MAX_KEYS) throw new DriftError('XX001', `KEYS is damaged: found ${count} keys`);
  const keys = Array.from({ length: count }, () => ({ version: reader.varint(), firstPack: reader.varint() }));
  const bound = bytes.slice(0, reader.offset);
  return { generation, databaseId, cipher, derivation, keys, bound, sealed: reader.bytes().slice() };
}
