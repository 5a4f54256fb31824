/**
 * Log and manifest under encryption (why this way: storage/cipher.ts).
 *
 * What one write brings to the log is sealed as one or more frames of type SEALED, whose payload holds whole frames, of
 * any transaction, without checksums of their own:
 *
 *     SEALED frame   u32 length │ u32 crc │ seq 0 │ timestamp 0 │ u8 6 │ sealed ( frame* )
 *
 * The outer frames chain, begin runs and end the log as all frames do: recovery tells damage from a torn end before it
 * opens anything. A file's key is derived from its header (number, epoch, salt), so frames of another file never open;
 * a frame's offset is bound to it. Transactions are numbered without gaps inside, so none can be left out.
 *
 * The body of a manifest is sealed with its generation and epoch.
 */
import { ByteWriter } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import { type Task, wait } from '../base/task.ts';
import { SEALED_EXTRA_BYTES, type StorageCipher } from '../storage/cipher.ts';
import { FRAME_PREFIX_BYTES, FRAME_SEALED } from './constants.ts';
import { type DecodedFrame, parseFrame } from './frame.ts';

/** A SEALED frame takes frames until they have so many bytes. */
const SEALED_AT_ONCE: number = 1024 * 1024;
/** Sequence number and timestamp, which are inside, and the type. */
const HEAD_BYTES = 10;
const HEAD_SEQ = 0;

/** Seals whole frames that are to lie at `offset` of a log file; without checksums yet, as they come. */
export function* sealLog(
  cipher: StorageCipher,
  file: LogIdentity,
  offset: number,
  frames: Uint8Array,
): Task<Uint8Array> {
  const pieces = cut(frames);
  const extra = FRAME_PREFIX_BYTES + HEAD_BYTES + SEALED_EXTRA_BYTES;
  const writer = new ByteWriter(frames.length + pieces.length * extra);
  for (const piece of pieces) {
    const payload = yield* wait(cipher.seal(file.use, placeIn(file, offset + writer.length), piece));
    writer.u32(HEAD_BYTES + payload.length);
    writer.u32(0);
    writer.varint(HEAD_SEQ);
    writer.i53(0);
    writer.u8(FRAME_SEALED);
    writer.raw(payload);
  }
  return writer.finish();
}

/** Most bytes that frames of so many bytes take when they are sealed. */
export function sealedLogBytes(bytes: number): number {
  return bytes + (Math.floor(bytes / SEALED_AT_ONCE) + 1) * (FRAME_PREFIX_BYTES + HEAD_BYTES + SEALED_EXTRA_BYTES);
}

/** Opens the frame at an offset. Throws XX001 where it is none of this file and place. */
export function* openLog(
  cipher: StorageCipher,
  file: LogIdentity,
  offset: number,
  frame: DecodedFrame,
): Task<DecodedFrame[]> {
  if (frame.type !== FRAME_SEALED)
    throw new DriftError('XX001', `${placeIn(file, offset)}: expected a sealed frame, found one of type ${frame.type}`);
  const bytes = yield* wait(cipher.open(file.use, placeIn(file, offset), frame.payload));
  const frames: DecodedFrame[] = [];
  for (let at = 0; at < bytes.length;) {
    const inner = parseFrame(bytes, at);
    if (typeof inner === 'string') throw new DriftError('XX001', `${placeIn(file, offset)}: found ${inner}`);
    frames.push(inner);
    at = inner.end;
  }
  return frames;
}

/** Which log file: its name, and the use of its key. */
export interface LogIdentity {
  readonly name: string;
  readonly use: string;
}

/** `header` is the part that the header's checksum covers: number, epoch and salt are in it. */
export function logIdentity(name: string, header: Uint8Array): LogIdentity {
  return { name, use: `log/${Array.from(header, (byte) => byte.toString(16).padStart(2, '0')).join('')}` };
}

function placeIn({ name }: LogIdentity, offset: number): string {
  return `${name} at offset ${offset}`;
}

/** Runs of whole frames of about SEALED_AT_ONCE bytes. */
function cut(frames: Uint8Array): Uint8Array[] {
  const view = new DataView(frames.buffer, frames.byteOffset, frames.length);
  const pieces: Uint8Array[] = [];
  let start = 0;
  for (let at = 0; at < frames.length;) {
    at += FRAME_PREFIX_BYTES + view.getUint32(at, true);
    if (at - start < SEALED_AT_ONCE && at < frames.length) continue;
    pieces.push(frames.subarray(start, at));
    start = at;
  }
  return pieces;
}

/** What a manifest's body is bound to. */
export function manifestPlace(generation: number, epoch: number): string {
  return `MANIFEST, generation ${generation}, epoch ${epoch}`;
}
