/**
 * Log frames: `[u32 length][u32 crc32c][varint seq][i64 unix time µs][u8 type][payload]`.
 *
 * `length` counts what follows the checksum. The checksum covers the length and the body and is seeded with the
 * previous frame's checksum, so a frame passes only in its own file, at its own place, after the frames before it: what
 * a recycled file still holds never does. The first frame after a flush begins a *run*: at a sector boundary, seeded
 * with the file's header and its own offset, so that recovery can recognise it even behind a frame that is damaged.
 *
 * A frame is valid if and only if (1) its length is 1 … 64 MB and within the file, (2) its checksum holds under the
 * chain, (3) its sequence number is the one expected: the last commit's plus one.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { crc32c } from '../base/crc32c.ts';
import { DriftError } from '../base/error.ts';
import { FRAME_COMMIT, FRAME_PREFIX_BYTES, MAX_FRAME_BYTES, MAX_WRITTEN_FRAME_BYTES } from './constants.ts';

export interface LogFrame {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** One transaction as the log keeps it. */
export interface LoggedCommit {
  readonly seq: number;
  /** µs since 1970 UTC. */
  readonly timestamp: number;
  readonly author: string | null;
  readonly message: string | null;
  /** JSON text. */
  readonly metadata: string | null;
  readonly clientId: string | null;
  readonly frames: readonly LogFrame[];
}

/**
 * Appends a commit's frames to the writer, without checksums: `sealFrames` puts those in where the place is known. `before`:
 * frames of it that were written already.
 */
export function writeCommit(writer: ByteWriter, commit: LoggedCommit, before = 0): void {
  for (const frame of commit.frames) writeFrame(writer, commit, frame.type, frame.payload);
  writeFrame(writer, commit, FRAME_COMMIT, commitPayload(commit, before));
}

/** Puts the checksums into whole frames that lie one behind the other; returns the last, to chain the next frame to. */
export function sealFrames(frames: Uint8Array, chain: number): number {
  const view = new DataView(frames.buffer, frames.byteOffset, frames.length);
  let crc = chain;
  for (let offset = 0; offset < frames.length;) {
    const length = view.getUint32(offset, true);
    const start = offset + FRAME_PREFIX_BYTES;
    crc = checksum(length, frames, crc, start);
    view.setUint32(offset + 4, crc, true);
    offset = start + length;
  }
  return crc;
}

export interface DecodedFrame extends LogFrame {
  readonly seq: number;
  readonly timestamp: number;
  readonly crc: number;
  /** Where the next frame begins. */
  readonly end: number;
}

/** Reads the frame at an offset, or says why there is none. */
export function readFrame(bytes: Uint8Array, offset: number, chain: number): DecodedFrame | string {
  const left = bytes.length - offset;
  if (left < FRAME_PREFIX_BYTES) return 'end of file';
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, left);
  const length = view.getUint32(0, true);
  if (length === 0) return 'length 0';
  if (length > MAX_FRAME_BYTES) return `length ${length} beyond the limit of ${MAX_FRAME_BYTES}`;
  if (length > left - FRAME_PREFIX_BYTES) return `length ${length} where ${left - FRAME_PREFIX_BYTES} bytes remain`;
  const expected = view.getUint32(4, true);
  const body = bytes.subarray(offset + FRAME_PREFIX_BYTES, offset + FRAME_PREFIX_BYTES + length);
  const found = checksum(length, body, chain, 0);
  if (found !== expected) return `checksum ${hex(found)}, expected ${hex(expected)}`;
  return decodeBody(body, found, offset + FRAME_PREFIX_BYTES + length);
}

/** Reads a frame that has no checksum of its own, for what holds it has one, or says why there is none. */
export function parseFrame(bytes: Uint8Array, offset: number): DecodedFrame | string {
  const start = offset + FRAME_PREFIX_BYTES;
  if (start > bytes.length) return 'end of frames';
  const length = new DataView(bytes.buffer, bytes.byteOffset + offset, 4).getUint32(0, true);
  if (length === 0 || length > bytes.length - start)
    return `length ${length} where ${bytes.length - start} bytes remain`;
  return decodeBody(bytes.subarray(start, start + length), 0, start + length);
}

function decodeBody(body: Uint8Array, crc: number, end: number): DecodedFrame {
  const reader = new ByteReader(body, 'log frame');
  const seq = reader.varint();
  const timestamp = reader.i53();
  const type = reader.u8();
  return { seq, timestamp, type, payload: reader.raw(reader.remaining), crc, end };
}

/** Turns the frames of one sequence number, the last a COMMIT, back into the transaction. */
export function decodeCommit(frames: readonly LogFrame[], seq: number, timestamp: number): LoggedCommit {
  const last = frames[frames.length - 1];
  if (last === undefined) throw new DriftError('XX001', `log transaction ${seq} has no frames`);
  const reader = new ByteReader(last.payload, `COMMIT frame of transaction ${seq}`);
  const count = reader.varint();
  if (count !== frames.length - 1) {
    throw new DriftError(
      'XX001',
      `log transaction ${seq} has ${frames.length - 1} frames, its COMMIT frame says ${count}`,
    );
  }
  const [author, message, metadata, clientId] = [
    optional(reader),
    optional(reader),
    optional(reader),
    optional(reader),
  ];
  return { seq, timestamp, author, message, metadata, clientId, frames: frames.slice(0, -1) };
}

export function writeFrame(
  writer: ByteWriter,
  commit: Pick<LoggedCommit, 'seq' | 'timestamp'>,
  type: number,
  payload: Uint8Array,
): void {
  const start = writer.length;
  writer.u32(0);
  writer.u32(0);
  writer.varint(commit.seq);
  writer.i53(commit.timestamp);
  writer.u8(type);
  writer.raw(payload);
  const length = writer.length - start - FRAME_PREFIX_BYTES;
  if (length > MAX_WRITTEN_FRAME_BYTES)
    throw new DriftError('54000', `a log frame of ${length} bytes exceeds the limit of ${MAX_WRITTEN_FRAME_BYTES}`);
  writer.patchU32(start, length);
}

const lengthBytes = new Uint8Array(4);

/** Checksum of a frame whose body begins at `start`. */
function checksum(length: number, bytes: Uint8Array, chain: number, start: number): number {
  for (let i = 0; i < 4; i++) lengthBytes[i] = (length >>> (8 * i)) & 255;
  return crc32c(bytes, crc32c(lengthBytes, chain), start, start + length);
}

function commitPayload(commit: LoggedCommit, before: number): Uint8Array {
  const writer = new ByteWriter();
  writer.varint(before + commit.frames.length);
  for (const text of [commit.author, commit.message, commit.metadata, commit.clientId]) {
    writer.u8(text === null ? 0 : 1);
    if (text !== null) writer.string(text);
  }
  return writer.finish();
}

function optional(reader: ByteReader): string | null {
  return reader.u8() === 0 ? null : reader.string();
}

/** Seed of a log file's runs: the checksum of its header's first 32 bytes. */
export function logSeed(file: Uint8Array): number {
  return crc32c(file.subarray(0, 32));
}

const place = new Uint8Array(8);
const placeView = new DataView(place.buffer);

/** Seed of the first frame of the run that begins at an offset. */
export function runSeed(fileSeed: number, offset: number): number {
  placeView.setFloat64(0, offset, true);
  return crc32c(place, fileSeed);
}

export function hex(crc: number): string {
  return crc.toString(16).padStart(8, '0');
}
