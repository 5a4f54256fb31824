/**
 * The manifest: one file that says which state of the database is in force, switched atomically.
 *
 *     offset 0     slot A   magic, version, generation, owner epoch, database id, body offset, length, crc; slot crc
 *     offset 512   slot B   the same, of the generation before or after
 *     offset 1024  bodies   opaque bytes; the one in force is never overwritten
 *
 * A switch writes the new body where the live one is not, flushes, writes the older slot, flushes. A crash in between
 * leaves the other slot valid. A slot is valid if and only if (1) magic and version are known, (2) its checksum holds,
 * (3) its body is within the file and the body's checksum holds. The valid slot of the higher generation is in force.
 * A file without a valid slot is corruption as soon as any transaction or pack exists, never an empty database.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { crc32c } from '../base/crc32c.ts';
import { DriftError } from '../base/error.ts';
import { type Task, wait } from '../base/task.ts';
import type { Storage, StorageFile } from '../storage/storage.ts';
import { logSeed, readFrame, runSeed } from './frame.ts';
import { manifestPlace } from './sealed.ts';
import {
  LOG_HEADER_BYTES,
  MANIFEST_BODY_OFFSET,
  MANIFEST_FORMAT_VERSION,
  MANIFEST_MAGIC,
  MANIFEST_SLOT_BYTES,
  MAX_MANIFEST_BYTES,
  SECTOR_BYTES,
} from './constants.ts';

export interface ManifestState {
  readonly generation: number;
  readonly epoch: number;
  readonly body: Uint8Array;
  readonly bodyOffset: number;
  /** Bytes of the body in the file. */
  readonly bodyLength: number;
  /** What is wrong with the other slot. Legitimate after a crash during a switch; else the state in force is an old one. */
  readonly damage?: string | undefined;
}

const NAME = 'MANIFEST';
const UNUSED = 'nothing written yet';

/** Reads the state in force; null for a database that does not exist yet. */
export function* readManifest(storage: Storage): Task<ManifestState | null> {
  const names = yield* wait(storage.list());
  if (!names.includes(NAME)) {
    if (yield* holdsAnything(storage, names)) {
      throw new DriftError('XX001', 'MANIFEST is missing, but files of a database are there');
    }
    return null;
  }
  const file = yield* wait(storage.open(NAME));
  const size = file.size();
  const bad: BadSlot[] = [];
  let best: ManifestState | null = null;
  const slots = [yield* readSlot(file, 0, size), yield* readSlot(file, 1, size)];
  // The newer first: where its body is good nobody needs the other's.
  const order = generationOf(slots[1]) > generationOf(slots[0]) ? [1, 0] : [0, 1];
  for (const slot of order) {
    let state = slots[slot] as SlotHeader | ManifestState | BadSlot;
    if ('length' in state && best === null) state = yield* readBody(file, state);
    if ('problem' in state) bad.push({ ...state, problem: `slot ${slot}: ${state.problem}` });
    else if ('body' in state) best = state;
  }
  bad.sort((a, b) => (a.problem < b.problem ? -1 : 1));
  // A crash while the database was being made leaves a manifest that says nothing, and logs without a transaction.
  if (best === null && !(yield* holdsAnything(storage, names))) return null;
  if (best === null)
    throw new DriftError('XX001', `MANIFEST is damaged: ${bad.map(({ problem }) => problem).join('; ')}`);
  const { generation: inForce } = best;
  const { cipher } = storage;
  if (cipher !== undefined) {
    const place = manifestPlace(best.generation, best.epoch);
    best = { ...best, body: yield* wait(cipher.open('manifest', place, best.body)) };
  }
  // The body of the generation before goes when the next one is written.
  const damage = bad.filter(({ problem, generation }) => !problem.endsWith(UNUSED) && !(generation < inForce));
  return damage.length === 0 ? best : { ...best, damage: damage.map(({ problem }) => problem).join('; ') };
}

/** Makes sure that the state that was read is durable: the process that wrote it may have died before its flush. */
export function* flushManifest(storage: Storage): Task<void> {
  const file = yield* wait(storage.open(NAME));
  yield* wait(file.flush());
}

/** Switches to a new state; returns it. */
export function* writeManifest(
  storage: Storage,
  previous: ManifestState | null,
  next: { readonly epoch: number; readonly body: Uint8Array },
): Task<ManifestState> {
  const file = yield* wait(storage.open(NAME));
  const generation = (previous?.generation ?? 0) + 1;
  const { cipher } = storage;
  const place = cipher === undefined ? '' : manifestPlace(generation, next.epoch);
  const body = cipher === undefined ? next.body : yield* wait(cipher.seal('manifest', place, next.body));
  const bodyOffset = freeOffset(previous, body.length);
  if (file.size() < MANIFEST_BODY_OFFSET) yield* wait(file.write(0, new Uint8Array(MANIFEST_BODY_OFFSET)));
  yield* wait(file.write(bodyOffset, body));
  yield* wait(file.flush());
  const slot = new ByteWriter(MANIFEST_SLOT_BYTES);
  slot.u32(MANIFEST_MAGIC);
  slot.u32(MANIFEST_FORMAT_VERSION);
  slot.u64(generation);
  slot.u64(next.epoch);
  slot.u64(bodyOffset);
  slot.u64(body.length);
  slot.u32(crc32c(body));
  slot.u32(crc32c(slot.view()));
  slot.raw(new Uint8Array(MANIFEST_SLOT_BYTES - slot.length));
  yield* wait(file.write((generation % 2) * MANIFEST_SLOT_BYTES, slot.view()));
  yield* wait(file.flush());
  return { generation, epoch: next.epoch, body: next.body, bodyOffset, bodyLength: body.length };
}

/**
 * The first place that does not overlap the live body: before it if the new one fits there, else behind it, in sectors of
 * its own: a torn write of the new body must not reach into the live one.
 */
function freeOffset(previous: ManifestState | null, length: number): number {
  if (previous === null || MANIFEST_BODY_OFFSET + length <= previous.bodyOffset) return MANIFEST_BODY_OFFSET;
  return Math.ceil((previous.bodyOffset + previous.bodyLength) / SECTOR_BYTES) * SECTOR_BYTES;
}

interface BadSlot {
  readonly problem: string;
  /** NaN where the slot does not say. */
  readonly generation: number;
}

function badSlot(problem: string, generation: number = NaN): BadSlot {
  return { problem, generation };
}

interface SlotHeader {
  readonly generation: number;
  readonly epoch: number;
  readonly bodyOffset: number;
  readonly length: number;
  readonly crc: number;
}

function generationOf(slot: SlotHeader | BadSlot | undefined): number {
  return slot === undefined || 'problem' in slot ? -1 : slot.generation;
}

function* readSlot(file: StorageFile, slot: number, size: number): Task<SlotHeader | BadSlot> {
  const bytes = yield* wait(file.read(slot * MANIFEST_SLOT_BYTES, MANIFEST_SLOT_BYTES));
  if (bytes.length < 48) return badSlot(`${bytes.length} bytes`);
  if (bytes.every((byte) => byte === 0)) return badSlot(UNUSED);
  const reader = new ByteReader(bytes, `MANIFEST slot ${slot}`);
  if (reader.u32() !== MANIFEST_MAGIC) return badSlot('no manifest header');
  const version = reader.u32();
  const stored = new DataView(bytes.buffer, bytes.byteOffset + 44, 4).getUint32(0, true);
  if (crc32c(bytes.subarray(0, 44)) !== stored) return badSlot('checksum of the header does not hold');
  if (version !== MANIFEST_FORMAT_VERSION) {
    throw new DriftError(
      '0A000',
      `MANIFEST has format version ${version}; this release reads version ${MANIFEST_FORMAT_VERSION}`,
    );
  }
  const [generation, epoch, bodyOffset, length, crc] = [
    reader.u64(),
    reader.u64(),
    reader.u64(),
    reader.u64(),
    reader.u32(),
  ];
  if (length > MAX_MANIFEST_BYTES || bodyOffset + length > size)
    return badSlot(`a body of ${length} bytes at ${bodyOffset} in a file of ${size}`, generation);
  return { generation, epoch, bodyOffset, length, crc };
}

function* readBody(file: StorageFile, slot: SlotHeader): Task<ManifestState | BadSlot> {
  const { generation, epoch, bodyOffset, length, crc } = slot;
  const body = yield* wait(file.read(bodyOffset, length));
  if (crc32c(body) !== crc) return badSlot(`checksum of the body at ${bodyOffset} does not hold`, generation);
  return { generation, epoch, body, bodyOffset, bodyLength: length };
}

/** True when a pack exists or a log begins with a valid frame: then a manifest must have been in force. */
function* holdsAnything(storage: Storage, names: readonly string[]): Task<boolean> {
  for (const name of names) {
    if (name.startsWith('pack-')) return true;
    if (!name.startsWith('log-')) continue;
    const log = yield* wait(storage.open(name));
    const bytes = yield* wait(log.read(0, log.size()));
    if (
      bytes.length > LOG_HEADER_BYTES &&
      typeof readFrame(bytes, LOG_HEADER_BYTES, runSeed(logSeed(bytes), LOG_HEADER_BYTES)) !== 'string'
    )
      return true;
  }
  return false;
}
