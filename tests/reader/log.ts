/** Log files (src/log/FORMAT.md) and the changes in their frames (src/table/FORMAT.md). */
import { crc32c, Cursor, Damaged } from './bytes.ts';
import type { Key } from './keys.ts';
import type { Cell } from './segment.ts';

export interface Frame {
  readonly type: number;
  readonly payload: Uint8Array;
}

export interface Transaction {
  readonly seq: number;
  readonly timestamp: number;
  readonly author: string | null;
  readonly message: string | null;
  readonly metadata: string | null;
  readonly frames: readonly Frame[];
}

const SECTOR = 512;

/** Transactions of one file, up to its torn end; throws where frames lie behind a bad one. */
export function* transactionsOf(file: Uint8Array, number: number): Generator<Transaction> {
  const seed = seedOf(file, number);
  if (seed === null) return;
  let open: Frame[] = [];
  let chain = runSeed(seed, SECTOR);
  for (let at = SECTOR; ;) {
    let frame = frameAt(file, at, chain);
    if (frame === null) {
      const next = Math.ceil(at / SECTOR) * SECTOR;
      chain = runSeed(seed, next);
      frame = open.length === 0 ? frameAt(file, next, chain) : null;
      if (frame === null) return refuseRuns(file, seed, at);
    }
    const body = new Cursor(frame.body);
    const [seq, timestamp, type] = [body.varint(), Number(body.i64()), body.u8()];
    if (type === 6) throw new Damaged('the database is encrypted');
    const payload = body.raw(body.left);
    if (type === 5) {
      yield transaction(new Cursor(payload), { seq, timestamp, frames: open });
      open = [];
    } else open.push({ type, payload });
    chain = frame.crc;
    at = frame.end;
  }
}

function transaction(commit: Cursor, rest: Pick<Transaction, 'seq' | 'timestamp' | 'frames'>): Transaction {
  if (commit.varint() !== rest.frames.length) throw new Damaged(`transaction ${rest.seq} lacks frames`);
  const text = (): string | null => (commit.u8() === 0 ? null : commit.string());
  return { ...rest, author: text(), message: text(), metadata: text() };
}

function seedOf(file: Uint8Array, number: number): number | null {
  const isEmpty = file.subarray(SECTOR).every((byte) => byte === 0);
  if (isEmpty) return null;
  const header = new Cursor(file.subarray(0, SECTOR));
  if (header.u32() !== 0x4c465244 || header.u32() !== 1 || header.u64() !== number) throw new Damaged('a log header');
  header.raw(16);
  const seed = crc32c(file.subarray(0, 32));
  if (header.u32() !== seed) throw new Damaged("a log header's checksum");
  return seed;
}

function runSeed(seed: number, offset: number): number {
  return crc32c(new Uint8Array(Float64Array.of(offset).buffer), seed);
}

function frameAt(file: Uint8Array, at: number, chain: number): { body: Uint8Array; crc: number; end: number } | null {
  const prefix = new Cursor(file.subarray(at, at + 8));
  if (prefix.left < 8) return null;
  const [length, crc] = [prefix.u32(), prefix.u32()];
  const end = at + 8 + length;
  if (length === 0 || length > 64 * 2 ** 20 || end > file.length) return null;
  const body = file.subarray(at + 8, end);
  return crc32c(body, crc32c(file.subarray(at, at + 4), chain)) === crc ? { body, crc, end } : null;
}

function refuseRuns(file: Uint8Array, seed: number, bad: number): void {
  for (let at = Math.ceil(bad / SECTOR) * SECTOR; at < file.length; at += SECTOR)
    if (frameAt(file, at, runSeed(seed, at)) !== null) throw new Damaged(`the log at offset ${bad}`);
}

export interface Change {
  readonly table: number;
  readonly kind: 'insert' | 'patch' | 'delete';
  readonly count: number;
  /** Of rows that are patched or deleted. */
  readonly keys: readonly Key[];
  readonly ids: readonly number[];
  /** Cells of each of `ids`. */
  readonly columns: readonly (readonly Cell[])[];
}

/** Null for what changes no table. */
export function changeOf({ type, payload }: Frame): Change | null {
  // Sequences, and rows that an erasure under way takes from history: no rows of the present.
  if (type === 4 || type === 7) return null;
  const input = new Cursor(payload);
  const [table, count] = [input.varint(), input.varint()];
  const keys = type === 1 ? [] : Array.from({ length: count }, () => readKey(input));
  if (type === 3) return { table, kind: 'delete', count, keys, ids: [], columns: [] };
  if (type !== 1 && type !== 2) throw new Damaged(`a frame of type ${type}`);
  const width = input.varint();
  const ids = Array.from({ length: width }, (_, id) => (type === 1 ? id : input.varint()));
  return {
    table,
    kind: type === 1 ? 'insert' : 'patch',
    count,
    keys,
    ids,
    columns: ids.map(() => readCells(input, count)),
  };
}

function readKey(input: Cursor): Key {
  const tag = input.u8();
  if (tag === 0) return input.f64();
  return tag === 1 ? BigInt(input.string()) : input.string();
}

function readCells(input: Cursor, count: number): Cell[] {
  const tag = input.u8();
  const nulls = tag < 128 ? null : input.raw(count).slice();
  return Array.from({ length: count }, (_, row) => {
    const value = readCell(input, tag & 127);
    return nulls !== null && nulls[row] === 1 ? null : value;
  });
}

function readCell(input: Cursor, kind: number): Cell {
  switch (kind) {
    case 1:
      return input.u8() === 1;
    case 2:
      return input.zigzag();
    case 3:
      return input.f64();
    case 4:
      return input.i64();
    case 5:
      return input.string();
    case 6:
      return input.raw(input.varint());
    default:
      throw new Damaged(`cells with the tag ${kind}`);
  }
}
