/** Segments and their blocks (src/segment/FORMAT.md): columns of raw cells, by kind. */
import { crc32c, Cursor, Damaged, lz4, utf8 } from './bytes.ts';
import type { Ref } from './manifest.ts';

/** A value as a block or a frame holds it: what it means, its type says. Boxed ones are bytes. */
export type Cell =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | { readonly scaled: number; readonly scale: number };

export interface Segment {
  readonly rows: number;
  /** By the column's id; those that the segment does not have were added later. */
  readonly columns: readonly (readonly Cell[])[];
  readonly from: readonly number[];
  readonly to: readonly number[];
}

const GROUP_ROWS = 4096;

/** Forms that were met, so that a test can tell that none was left out. */
export const met: Set<string> = new Set();

export function readSegment(pack: Uint8Array, ref: Ref): Segment {
  const bytes = pack.subarray(ref.offset, ref.offset + ref.length);
  const table = bytes.subarray(ref.length - ref.tableLength);
  if (bytes.length !== ref.length || crc32c(table) !== ref.tableCrc) throw new Damaged('a block table');
  const input = new Cursor(table);
  if (input.u32() !== 0x47455344 || ![2, 3].includes(input.u8())) throw new Damaged('not a segment');
  const rows = input.varint();
  input.varint();
  const width = input.varint() + 2;
  const groups = Math.ceil(rows / GROUP_ROWS);
  const columns: Cell[][] = Array.from({ length: width }, () => []);
  let offset = 0;
  for (const column of columns) {
    for (let group = 0; group < groups; group++) {
      const [length, crc] = [input.varint(), input.u32()];
      skipZone(input);
      const block = bytes.subarray(offset, offset + length);
      if (crc32c(block) !== crc) throw new Damaged('a block');
      column.push(...readBlock(new Cursor(block), Math.min(GROUP_ROWS, rows - group * GROUP_ROWS)));
      offset += length;
    }
  }
  const [from, to] = columns.splice(width - 2) as [number[], number[]];
  return { rows, columns, from, to };
}

function skipZone(input: Cursor): void {
  const flags = input.u8();
  for (const flag of [1, 2, 4, 8, 16, 32]) if ((flags & flag) !== 0) met.add(`zone ${flag}`);
  if ((flags & 4) !== 0) input.raw(16);
  if ((flags & 8) !== 0) void [input.string(), input.string()];
  if ((flags & 32) !== 0) input.raw(input.varint());
}

function readBlock(input: Cursor, rows: number): Cell[] {
  const kind = input.u8();
  const hasNulls = input.u8() === 1;
  met.add(`kind ${kind}`);
  if (hasNulls) met.add('nulls');
  const scale = input.varint() - 1;
  const nulls = hasNulls ? input.raw((rows + 7) >> 3).slice() : null;
  const cells = readValues(input, kind, rows).map((cell) =>
    kind === 2 && scale >= 0 ? { scaled: cell as number, scale } : cell,
  );
  return cells.map((cell, row) =>
    nulls !== null && ((nulls[row >> 3] as number) & (1 << (row & 7))) !== 0 ? null : cell,
  );
}

function readValues(input: Cursor, kind: number, rows: number): Cell[] {
  switch (kind) {
    case 0:
      return numbers(input, rows, 4).map((value) => value === 1);
    case 1:
      return numbers(input, rows, 4);
    case 2:
      return numbers(input, rows, 8);
    case 3: {
      const encoding = input.u8();
      met.add(`i64 ${encoding}`);
      if (encoding === 7) return numbers(input, rows, 8).map((value) => BigInt(value));
      const plain = new Cursor(packed(input));
      return Array.from({ length: rows }, () => plain.i64());
    }
    case 4: {
      const encoding = input.u8();
      met.add(`text ${encoding}`);
      if (encoding === 0) return texts(input, rows);
      const dictionary = texts(input, input.varint());
      return numbers(input, rows, 4).map((code) => dictionary[code] as string);
    }
    case 5: {
      const lengths = numbers(input, rows, 4);
      const all = new Cursor(packed(input));
      return lengths.map((length) => all.raw(length));
    }
    default:
      throw new Damaged(`a block of kind ${kind}`);
  }
}

function texts(input: Cursor, count: number): string[] {
  const lengths = numbers(input, count, 4);
  const isUtf16 = input.u8() === 1;
  met.add(isUtf16 ? 'utf-16' : 'utf-8');
  const bytes = packed(input);
  const all = isUtf16 ? new TextDecoder('utf-16le', { ignoreBOM: true }).decode(bytes) : utf8(bytes);
  let at = 0;
  return lengths.map((length) => all.slice(at, (at += length)));
}

/** What is compressed or not. */
function packed(input: Cursor): Uint8Array {
  const [length, short] = [input.varint(), input.varint()];
  met.add(short === 0 ? 'not compressed' : 'compressed');
  return short === 0 ? input.raw(length) : lz4(input.raw(short), length);
}

function numbers(input: Cursor, count: number, size: 4 | 8): number[] {
  const encoding = input.u8();
  met.add(`numbers ${encoding}`);
  switch (encoding) {
    case 0: {
      const bytes = packed(input);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      return Array.from({ length: count }, (_, i) =>
        size === 4 ? view.getInt32(4 * i, true) : view.getFloat64(8 * i, true),
      );
    }
    case 1:
      return new Array<number>(count).fill(input.f64());
    case 2: {
      const [smallest, width] = [input.f64(), input.u8()];
      return unpacked(input, count, width).map((offset) => smallest + offset);
    }
    case 3: {
      const [first, smallest, width] = [input.f64(), input.f64(), input.u8()];
      let value = first;
      return [first, ...unpacked(input, count - 1, width).map((excess) => (value += smallest + excess))].slice(
        0,
        count,
      );
    }
    case 5: {
      const runs = input.varint();
      const values = numbers(input, runs, size);
      const lengths = numbers(input, runs, 4);
      return values.flatMap((value, run) => new Array<number>(lengths[run] as number).fill(value));
    }
    case 6: {
      const divisor = 10 ** input.u8();
      return numbers(input, count, size).map((value) => value / divisor);
    }
    default:
      throw new Damaged(`numbers in encoding ${encoding}`);
  }
}

function unpacked(input: Cursor, count: number, width: number): number[] {
  met.add(width > 32 ? 'wide' : width === 0 ? 'no bits' : 'bits');
  if (width > 32) {
    const low = Array.from({ length: count }, () => input.u32());
    return unpacked(input, count, width - 32).map((high, i) => high * 2 ** 32 + (low[i] as number));
  }
  const words = Array.from({ length: Math.ceil((count * width) / 32) }, () => input.u32());
  const mask = (1n << BigInt(width)) - 1n;
  return Array.from({ length: count }, (_, i) => {
    const bit = i * width;
    const [low, high] = [words[bit >> 5] ?? 0, words[(bit >> 5) + 1] ?? 0];
    return Number((((BigInt(high) << 32n) | BigInt(low)) >> BigInt(bit & 31)) & mask);
  });
}
