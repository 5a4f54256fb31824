/**
 * Tables that have ended and that nobody has asked for since the database was opened: they stay as the bytes that the
 * directory has of them, so that opening and memory do not pay for every table that ever was. A checkpoint writes them as
 * they are.
 *
 * Invariant: a table is either among them or known to the store, never both.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import {
  type Directory,
  DIRECTORY_VERSION,
  type EndedTables,
  openDirectory,
  readTable,
  type TableEntry,
} from './directory.ts';
import { encodeDirectory, writeTable } from './encode-directory.ts';

/** Takes some tables out, or all (null); `left` are the others. */
export function takeEnded(
  ended: EndedTables,
  wanted: ReadonlySet<number> | null,
): { readonly taken: readonly TableEntry[]; readonly left: EndedTables } {
  const taken: TableEntry[] = [];
  const left = new ByteWriter(ended.bytes.length);
  const packs = new Map<number, number>();
  const reader = new ByteReader(ended.bytes, 'MANIFEST, directory');
  while (reader.remaining > 0) {
    const start = reader.offset;
    const table = readTable(reader, DIRECTORY_VERSION);
    if (wanted?.has(table.id) === false) {
      countSegments(table, packs);
      left.raw(ended.bytes.subarray(start, reader.offset));
    } else taken.push(table);
  }
  return taken.length === 0 ? { taken, left: ended } : { taken, left: { bytes: left.finish(), packs } };
}

/** The ids of all of them. */
export function idsOf({ bytes }: EndedTables): ReadonlySet<number> {
  const reader = new ByteReader(bytes, 'MANIFEST, directory');
  const ids = new Set<number>();
  while (reader.remaining > 0) ids.add(readTable(reader, DIRECTORY_VERSION).id);
  return ids;
}

/** The directory as bytes, with the tables that have ended apart where they are more than `few`. */
export function encodeApart(directory: Directory, ended: EndedTables, few: number): Uint8Array {
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

/** A directory with all tables in it. */
export function decodeDirectory(bytes: Uint8Array): Directory {
  const { directory, ended } = openDirectory(bytes);
  return { ...directory, tables: [...directory.tables, ...takeEnded(ended, null).taken] };
}

/** Packs that a directory's segments lie in, with their bytes. */
export function packsOf(directory: Directory, ended: EndedTables): ReadonlyMap<number, number> {
  const packs = new Map(ended.packs);
  for (const table of directory.tables) countSegments(table, packs);
  return packs;
}

/** Adds the bytes of a table's segments to those of their packs. */
function countSegments({ tree, indexes }: TableEntry, packs: Map<number, number>): void {
  const add = (pack: number, bytes: number): void => void packs.set(pack, (packs.get(pack) ?? 0) + bytes);
  for (const { leaves, tiles, past } of [tree, ...indexes.map((index) => index.tree)]) {
    for (const { ref } of [...leaves, ...tiles]) if (ref !== null) add(ref.pack, ref.length);
    if (past === null) continue;
    add(past.ref.pack, past.ref.length);
    for (const [pack, bytes] of past.bytes) add(pack, bytes);
  }
}
