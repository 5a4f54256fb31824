/** Writing of a directory (directory.ts has its bytes). Opening does without it. */
import { ByteWriter } from '../base/bytes.ts';
import { PAUSE, type Task } from '../base/task.ts';
import type { SegmentRef } from '../segment/segment.ts';
import {
  APART_VERSION,
  BIGINT_KEY,
  type Directory,
  DIRECTORY_VERSION,
  type EndedTables,
  type IndexEntry,
  NO_KEY,
  NUMBER_KEY,
  type TableEntry,
  TEXT_KEY,
  type TileEntry,
  type TreeEntry,
  treesOf,
  UNITS_KEY,
  WHOLE_VERSION,
} from './directory.ts';
import type { Key } from './table.ts';

/** `ended`: tables that it does not have, which are written apart. */
export function encodeDirectory(directory: Directory, ended: EndedTables | null = null): Uint8Array {
  const writer = new ByteWriter(4096);
  const isWhole = treesOf(directory).every((tree) => tree.past === null);
  const version = ended !== null ? APART_VERSION : isWhole ? WHOLE_VERSION : DIRECTORY_VERSION;
  writer.u8(version);
  writer.varint(directory.currentPack);
  writeSizes(writer, directory.packs);
  writer.varint(directory.tables.length);
  for (const table of directory.tables) writeTable(writer, table, version);
  if (ended !== null) {
    writeSizes(writer, ended.packs);
    writer.bytes(ended.bytes);
  }
  return writer.finish();
}

function writeSizes(writer: ByteWriter, sizes: ReadonlyMap<number, number>): void {
  writer.varint(sizes.size);
  for (const [pack, bytes] of sizes) {
    writer.varint(pack);
    writer.varint(bytes);
  }
}

export function writeTable(writer: ByteWriter, table: TableEntry, version: number): void {
  writer.varint(table.id);
  writer.varint(table.nextRowId);
  writer.f64(table.endSeq);
  writeTree(writer, table.tree, version);
  writer.varint(table.indexes.length);
  for (const index of table.indexes) writeIndex(writer, index, version);
}

function writeTree(writer: ByteWriter, tree: TreeEntry, version: number): void {
  const { past } = tree;
  writer.varint(tree.lastChange);
  writer.varint(tree.rowCount);
  if (version !== WHOLE_VERSION) writer.u8(past === null ? 0 : 1);
  if (past === null) writeTiles(writer, tree.tiles);
  else {
    writeRef(writer, past.ref);
    writeSizes(writer, past.bytes);
  }
  writer.varint(tree.leaves.length);
  for (const leaf of tree.leaves) {
    writeKey(writer, leaf.low);
    writer.f64(leaf.startSeq);
    writer.u8(leaf.ref === null ? 0 : 1);
    if (leaf.ref !== null) writeRef(writer, leaf.ref);
    if (past === null) writeNumbers(writer, leaf.history);
  }
}

function writeTiles(writer: ByteWriter, tiles: readonly TileEntry[]): void {
  writer.varint(tiles.length);
  for (const tile of tiles) writeTile(writer, tile);
}

export function writeTile(writer: ByteWriter, tile: TileEntry): void {
  writer.f64(tile.startSeq);
  writer.f64(tile.endSeq);
  writeRef(writer, tile.ref);
}

export function writeNumbers(writer: ByteWriter, numbers: readonly number[]): void {
  writer.varint(numbers.length);
  for (const number of numbers) writer.varint(number);
}

function writeIndex(writer: ByteWriter, { spec, droppedAt, tree }: IndexEntry, version: number): void {
  writer.varint(spec.id);
  writer.u8((spec.unique ? 1 : 0) | (spec.nullsNotDistinct ? 2 : 0));
  writer.varint(spec.columns.length);
  for (const part of spec.columns) {
    writer.varint(part.column);
    writer.u8((part.descending ? 1 : 0) | (part.nullsFirst ? 2 : 0));
  }
  writer.f64(droppedAt);
  writeTree(writer, tree, version);
}

function writeRef(writer: ByteWriter, ref: SegmentRef): void {
  writer.varint(ref.pack);
  writer.varint(ref.offset);
  writer.varint(ref.length);
  writer.varint(ref.tableLength);
  writer.u32(ref.tableCrc);
}

function writeKey(writer: ByteWriter, key: Key | undefined): void {
  switch (typeof key) {
    case 'undefined':
      writer.u8(NO_KEY);
      return;
    case 'number':
      writer.u8(NUMBER_KEY);
      writer.f64(key);
      return;
    case 'bigint':
      writer.u8(BIGINT_KEY);
      writer.string(key.toString());
      return;
    default:
      // The units of a descending text are inverted, and may be halves of surrogate pairs: no UTF-8.
      if (key.isWellFormed()) {
        writer.u8(TEXT_KEY);
        writer.string(key);
        return;
      }
      writer.u8(UNITS_KEY);
      writer.varint(key.length);
      for (let i = 0; i < key.length; i++) {
        const unit = key.charCodeAt(i);
        writer.u8(unit & 255);
        writer.u8(unit >>> 8);
      }
  }
}

/** Tables of the directory that the store cannot use yet. */
export interface LateTables {
  ended: EndedTables;
  /** Of which the columns are not known. */
  readonly undescribed: Map<number, TableEntry>;
}

/** What makes a directory whole with the tables that the store cannot use now: the packs that it needs, and its bytes. */
export function withEnded(
  { ended, undescribed }: LateTables,
  few: number,
): (written: Directory) => Task<{ readonly packs: ReadonlyMap<number, number>; readonly bytes: Uint8Array }> {
  const others = [...undescribed.values()];
  return function* (written) {
    const directory = { ...written, tables: [...written.tables, ...others] };
    const packs = new Map(ended.packs);
    for (const table of directory.tables) countSegments(table, packs);
    yield PAUSE;
    return { packs, bytes: encodeApart(directory, ended, few) };
  };
}

/** The directory as bytes, with the tables that have ended apart where they are more than `few`. */
function encodeApart(directory: Directory, ended: EndedTables, few: number): Uint8Array {
  const over = directory.tables.filter(({ endSeq }) => endSeq < Infinity);
  if (ended.bytes.length === 0 && over.length <= few) return encodeDirectory(directory);
  const writer = new ByteWriter(ended.bytes.length + over.length * 64);
  writer.raw(ended.bytes);
  const packs = new Map(ended.packs);
  for (const table of over) {
    writeTable(writer, table, DIRECTORY_VERSION);
    countSegments(table, packs);
  }
  const tables = directory.tables.filter(({ endSeq }) => endSeq === Infinity);
  return encodeDirectory({ ...directory, tables }, { bytes: writer.finish(), packs });
}

/** Adds the bytes of a table's segments to those of their packs. */
export function countSegments({ tree, indexes }: TableEntry, packs: Map<number, number>): void {
  const add = (pack: number, bytes: number): void => void packs.set(pack, (packs.get(pack) ?? 0) + bytes);
  for (const { leaves, tiles, past } of [tree, ...indexes.map((index) => index.tree)]) {
    for (const { ref } of [...leaves, ...tiles]) if (ref !== null) add(ref.pack, ref.length);
    if (past === null) continue;
    add(past.ref.pack, past.ref.length);
    for (const [pack, bytes] of past.bytes) add(pack, bytes);
  }
}
