/**
 * Directory: where every leaf and sealed tile of every tree lies, as bytes in the manifest. Opening reads all of it, so
 * that a tree with many tiles has them elsewhere: in a segment of its own, its *past* (past.ts), read when somebody asks for it.
 *
 *     directory = u8 version | packs | varint count, table*     and in version 3: | ended
 *     ended     = varint count, (varint pack, varint bytes)* | varint bytes, table*     bytes of their segments, by pack
 *     packs     = varint current | varint count, (varint number, varint bytes used)*
 *     table     = varint id | varint next row id | f64 end | tree | varint count, index*
 *     index     = varint id | flags | key columns | f64 dropped at | tree
 *     tree      = varint last change | varint rows | tiles | varint count, leaf*
 *     tiles     = varint count, tile*                           in version 1
 *               | u8 0, varint count, tile* | u8 1, past        in versions 2 and 3
 *     past      = ref | varint count, (varint pack, varint bytes)*     where it is; bytes of its tiles, by pack
 *     tile      = f64 start | f64 end | ref
 *     leaf      = key (its low bound) | f64 start | u8 1, ref or u8 0 | varint count, varint tile number*
 *               without the numbers in a tree with a past, which has a list for each leaf
 *     key       = u8 0 (none) | u8 1, f64 | u8 2, string (an integer's digits) | u8 3, string
 *               | u8 4, varint units, UTF-16 (2 bytes a unit: text that has no UTF-8 form)
 *     ref       = varint pack, offset, length, table length | u32 crc of the block table
 *
 * Tiles are listed once a tree, since leaves split from one another share them. Columns are not described here: the
 * catalog, itself a table, does that. A directory where no tree has a past is written in version 1, one where more than a
 * few tables have ended in version 3, where an opening passes over them. Invariant: a
 * directory read back is equal to what was written.
 */
import { ByteReader } from '../base/bytes.ts';
import { DriftError } from '../base/error.ts';
import type { SegmentRef } from '../segment/segment.ts';
import type { IndexSpec, Key, KeyColumn } from './table.ts';

export const DIRECTORY_VERSION = 2;
/** Has tables that have ended apart from the others. */
export const APART_VERSION = 3;
/** Has all tiles in it. */
export const WHOLE_VERSION = 1;
export const NO_KEY = 0;
export const NUMBER_KEY = 1;
export const BIGINT_KEY = 2;
export const TEXT_KEY = 3;
export const UNITS_KEY = 4;

export interface Directory {
  readonly currentPack: number;
  /** Bytes used, by pack number. */
  readonly packs: ReadonlyMap<number, number>;
  readonly tables: readonly TableEntry[];
}

export interface TableEntry {
  readonly id: number;
  readonly nextRowId: number;
  readonly tree: TreeEntry;
  /** Infinity while the table exists. */
  readonly endSeq: number;
  readonly indexes: readonly IndexEntry[];
}

export interface IndexEntry {
  readonly spec: IndexSpec;
  /** Infinity while the index is maintained. */
  readonly droppedAt: number;
  readonly tree: TreeEntry;
}

export interface TreeEntry {
  readonly lastChange: number;
  readonly rowCount: number;
  /** None where there is a past. */
  readonly tiles: readonly TileEntry[];
  readonly past: PastEntry | null;
  readonly leaves: readonly LeafEntry[];
}

/** Where the tiles of a tree are described, and what it takes to tell which packs they need. */
export interface PastEntry {
  readonly ref: SegmentRef;
  /** Bytes of the tiles, by pack. */
  readonly bytes: ReadonlyMap<number, number>;
}

export interface TileEntry {
  readonly startSeq: number;
  readonly endSeq: number;
  readonly ref: SegmentRef;
}

export interface LeafEntry {
  readonly low: Key | undefined;
  readonly startSeq: number;
  /** Null for a leaf without rows. */
  readonly ref: SegmentRef | null;
  /** Its history, oldest first, as positions in the tree's tiles; none where the tree has a past. */
  readonly history: readonly number[];
}

/** Tables that have ended, as they are written: an opening passes over them, and who asks for one decodes it (ended-tables.ts). */
export interface EndedTables {
  /** One `table` after the other, as in version 2. */
  readonly bytes: Uint8Array;
  /** Bytes of their segments, by pack. */
  readonly packs: ReadonlyMap<number, number>;
}

export const NO_ENDED: EndedTables = { bytes: new Uint8Array(0), packs: new Map() };

/** The tables that an opening needs, and apart from them those that have ended. */
export function openDirectory(bytes: Uint8Array): { readonly directory: Directory; readonly ended: EndedTables } {
  const reader = new ByteReader(bytes, 'MANIFEST, directory');
  const version = reader.u8();
  if (version < WHOLE_VERSION || version > APART_VERSION)
    throw new DriftError(
      '0A000',
      `the directory has version ${version}; this release reads ${WHOLE_VERSION} to ${APART_VERSION}`,
    );
  const currentPack = reader.varint();
  const packs = readSizes(reader);
  const tables = listOf(reader, () => readTable(reader, version));
  const ended = version === APART_VERSION ? { packs: readSizes(reader), bytes: reader.bytes() } : NO_ENDED;
  return { directory: { currentPack, packs, tables }, ended };
}

function readSizes(reader: ByteReader): Map<number, number> {
  return new Map(listOf(reader, () => [reader.varint(), reader.varint()] as const));
}

export function readTable(reader: ByteReader, version: number): TableEntry {
  return {
    id: reader.varint(),
    nextRowId: reader.varint(),
    endSeq: reader.f64(),
    tree: readTree(reader, version),
    indexes: listOf(reader, () => readIndex(reader, version)),
  };
}

/** All trees of a directory, of tables and of indexes. */
export function treesOf({ tables }: Directory): TreeEntry[] {
  return tables.flatMap(({ tree, indexes }) => [tree, ...indexes.map((index) => index.tree)]);
}

function readTree(reader: ByteReader, version: number): TreeEntry {
  const lastChange = reader.varint();
  const rowCount = reader.varint();
  const hasPast = version !== WHOLE_VERSION && reader.u8() === 1;
  const past = hasPast ? { ref: readRef(reader), bytes: readSizes(reader) } : null;
  const tiles = hasPast ? [] : readTiles(reader);
  const leaves = listOf(reader, () => ({
    low: readKey(reader),
    startSeq: reader.f64(),
    ref: reader.u8() === 1 ? readRef(reader) : null,
    history: hasPast ? [] : readNumbers(reader, tiles.length),
  }));
  if (leaves.length === 0) throw corrupt('a tree without leaves');
  leaves.forEach(({ low }, i) => {
    const before = leaves[i - 1]?.low;
    // Scans go on from a leaf's bound to the next: with NaN, or one that is not above it, they would go round for ever.
    if (i > 0 && (low === undefined || Number.isNaN(low) || (before !== undefined && !(before < low))))
      throw corrupt(`leaf ${i} out of order`);
  });
  return { lastChange, rowCount, tiles, past, leaves };
}

export function readTiles(reader: ByteReader): TileEntry[] {
  return listOf(reader, () => ({ startSeq: reader.f64(), endSeq: reader.f64(), ref: readRef(reader) }));
}

/** Numbers of tiles. */
export function readNumbers(reader: ByteReader, tiles: number): number[] {
  return listOf(reader, () => checkedIndex(reader.varint(), tiles));
}

function readIndex(reader: ByteReader, version: number): IndexEntry {
  const id = reader.varint();
  const flags = reader.u8();
  const columns = listOf(reader, (): KeyColumn => {
    const column = reader.varint();
    const order = reader.u8();
    return { column, descending: (order & 1) !== 0, nullsFirst: (order & 2) !== 0 };
  });
  const spec = { id, columns, unique: (flags & 1) !== 0, nullsNotDistinct: (flags & 2) !== 0 };
  return { spec, droppedAt: reader.f64(), tree: readTree(reader, version) };
}

function readRef(reader: ByteReader): SegmentRef {
  return {
    pack: reader.varint(),
    offset: reader.varint(),
    length: reader.varint(),
    tableLength: reader.varint(),
    tableCrc: reader.u32(),
  };
}

function readKey(reader: ByteReader): Key | undefined {
  const kind = reader.u8();
  switch (kind) {
    case NO_KEY:
      return undefined;
    case NUMBER_KEY:
      return reader.f64();
    case BIGINT_KEY:
      return reader.bigint();
    case TEXT_KEY:
      return reader.string();
    case UNITS_KEY: {
      const bytes = reader.raw(reader.varint() * 2);
      let text = '';
      for (let i = 0; i < bytes.length; i += 2)
        text += String.fromCharCode((bytes[i] as number) | ((bytes[i + 1] as number) << 8));
      return text;
    }
    default:
      throw corrupt(`a key of kind ${kind}`);
  }
}

/** Reads a count and as many items; the count is bounded by the bytes left, since every item takes one at least. */
export function listOf<T>(reader: ByteReader, read: () => T): T[] {
  const count = reader.varint();
  if (count > reader.remaining) throw corrupt(`${count} items in ${reader.remaining} bytes`);
  return Array.from({ length: count }, read);
}

function checkedIndex(index: number, length: number): number {
  if (index >= length) throw corrupt(`tile ${index} of ${length}`);
  return index;
}

function corrupt(found: string): DriftError {
  return new DriftError('XX001', `MANIFEST is damaged: its directory holds ${found}`);
}
