/**
 * ERASURE frames: which rows a commit has erased from all states before it.
 *
 *     ERASURE      table, its name, rows of all frames, keys of this frame, each key
 *
 * The frame is in the log until a checkpoint has written the table without these rows, and makes a crash between the two
 * harmless: whoever replays the commit erases, too. A commit with many rows has several.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { FRAME_ERASURE } from '../log/constants.ts';
import type { LogFrame } from '../log/frame.ts';
import type { Key } from '../table/table.ts';
import { readKeys, writeKeys } from './change-codec.ts';

const KEYS_A_FRAME = 4096;

export interface LoggedErasure {
  readonly tableId: number;
  readonly table: string;
  /** All rows of the statement. */
  readonly rows: number;
  readonly keys: readonly Key[];
}

/** One frame at least, also where no row was found: the statement is recorded in any case. */
export function encodeErasure(tableId: number, table: string, keys: readonly Key[]): LogFrame[] {
  const frames: LogFrame[] = [];
  for (let start = 0; start === 0 || start < keys.length; start += KEYS_A_FRAME) {
    const part = keys.slice(start, start + KEYS_A_FRAME);
    const writer = new ByteWriter();
    writer.varint(tableId);
    writer.string(table);
    writer.varint(keys.length);
    writer.varint(part.length);
    writeKeys(writer, { keys: part }, part.keys());
    frames.push({ type: FRAME_ERASURE, payload: writer.finish() });
  }
  return frames;
}

export function decodeErasure(payload: Uint8Array): LoggedErasure {
  const reader = new ByteReader(payload, 'log erasure frame');
  const [tableId, table, rows] = [reader.varint(), reader.string(), reader.varint()];
  return { tableId, table, rows, keys: readKeys(reader, reader.varint()) };
}
