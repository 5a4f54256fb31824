/**
 * What a commit of very many rows brings to the log, written in slices before it has its timestamp: whole frames in
 * parts of some hundred kilobytes, into which the timestamp is put at the end.
 */
import { ByteWriter } from '../base/bytes.ts';
import type { Host } from '../base/host.ts';
import { PAUSE, type Task } from '../base/task.ts';
import { FRAME_PREFIX_BYTES } from './constants.ts';
import { type LogFrame, writeFrame } from './frame.ts';

/** Bytes from which on a part is finished. */
const PART_BYTES: number = 256 * 1024;

/** How long parts keep the thread, ms. */
const SLICE_MS = 4;

export interface BulkRecord {
  readonly frames: number;
  readonly parts: readonly Uint8Array[];
}

/** Lays frames of commit `seq` out as they lie in the log, without timestamp and checksums. */
export function* bulkRecord(seq: number, frames: readonly LogFrame[]): Task<BulkRecord> {
  const parts: Uint8Array[] = [];
  let writer = new ByteWriter(PART_BYTES);
  for (const { type, payload } of frames) {
    writeFrame(writer, { seq, timestamp: 0 }, type, payload);
    if (writer.length >= PART_BYTES) {
      parts.push(writer.view());
      writer = new ByteWriter(PART_BYTES);
    }
    yield PAUSE;
  }
  if (writer.length > 0) parts.push(writer.view());
  return { frames: frames.length, parts };
}

/** Gives all frames their timestamp. */
export function stampRecord({ parts }: BulkRecord, seq: number, timestamp: number): void {
  const head = new ByteWriter(32);
  head.varint(seq);
  const before = FRAME_PREFIX_BYTES + head.length;
  head.i53(timestamp);
  const stamp = head.finish().subarray(head.length - 8);
  for (const part of parts) {
    const view = new DataView(part.buffer, part.byteOffset, part.length);
    for (let at = 0; at < part.length; at += FRAME_PREFIX_BYTES + view.getUint32(at, true))
      part.set(stamp, at + before);
  }
}

/** Writes parts one after the other; others run in between. */
export function* writeParts(
  parts: readonly Uint8Array[],
  write: (part: Uint8Array) => Task<void>,
  host: Host,
): Task<void> {
  let end = host.monotonicMs() + SLICE_MS;
  for (const part of parts) {
    yield* write(part);
    if (host.monotonicMs() < end) continue;
    yield host.yieldToOthers();
    end = host.monotonicMs() + SLICE_MS;
  }
}
