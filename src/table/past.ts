/**
 * The past of a tree: where its sealed tiles lie, in a segment's place in a pack, so that opening a database reads nothing
 * that grows with its history. Who asks for an older moment, or writes a checkpoint that adds a tile, reads it as a whole.
 *
 *     past = varint count, tile* | varint count, list*       tiles as in the directory
 *     list = varint count, varint tile number*               the tiles of one leaf, oldest first; leaves as in the directory
 *
 * A few tiles stay in the directory: another read costs more than they do. Invariant: what is read was written by a
 * checkpoint; its checksum is that of the reference.
 */
import { ByteReader, ByteWriter } from '../base/bytes.ts';
import { crc32c } from '../base/crc32c.ts';
import { DriftError } from '../base/error.ts';
import { PAUSE, type Task } from '../base/task.ts';
import type { Packs } from '../segment/packs.ts';
import type { EncodedSegment, SegmentRef } from '../segment/segment.ts';
import {
  type Directory,
  listOf,
  type PastEntry,
  readNumbers,
  readTiles,
  type TileEntry,
  type TreeEntry,
} from './directory.ts';
import { writeNumbers, writeTile } from './encode-directory.ts';
import { historiesOf, type Leaf, type StoredPast, storedTile, type Tile } from './tile.ts';

export interface PastLists {
  readonly tiles: readonly TileEntry[];
  readonly lists: readonly (readonly number[])[];
}

/** Tiles or lists that are coded between two pauses. */
const CODED_AT_ONCE = 2048;

export function* encodePast({ tiles, lists }: PastLists): Task<EncodedSegment> {
  const writer = new ByteWriter(64 + tiles.length * 32);
  writer.varint(tiles.length);
  for (const [i, tile] of tiles.entries()) {
    writeTile(writer, tile);
    if (i % CODED_AT_ONCE === CODED_AT_ONCE - 1) yield PAUSE;
  }
  writer.varint(lists.length);
  for (const [i, list] of lists.entries()) {
    writeNumbers(writer, list);
    if (i % CODED_AT_ONCE === CODED_AT_ONCE - 1) yield PAUSE;
  }
  const bytes = writer.finish();
  yield PAUSE;
  return { bytes, tableLength: bytes.length, tableCrc: crc32c(bytes) };
}

/** Reads a past; throws XX001. */
export function* readPast(read: (ref: SegmentRef) => Task<Uint8Array>, { ref }: PastEntry): Task<PastLists> {
  const bytes = yield* read(ref);
  const what = `pack-${ref.pack} at offset ${ref.offset}, tiles`;
  const found = crc32c(bytes);
  if (found !== ref.tableCrc)
    throw new DriftError(
      'XX001',
      `data corrupted: ${what}: checksum ${ref.tableCrc.toString(16)} expected, ${found.toString(16)} found`,
    );
  const reader = new ByteReader(bytes, what);
  const tiles = readTiles(reader);
  return { tiles, lists: listOf(reader, () => readNumbers(reader, tiles.length)) };
}

/** What a directory has to say of a past that was written. */
export function pastEntry(ref: SegmentRef, tiles: readonly TileEntry[]): PastEntry {
  const bytes = new Map<number, number>();
  for (const tile of tiles) bytes.set(tile.ref.pack, (bytes.get(tile.ref.pack) ?? 0) + tile.ref.length);
  return { ref, bytes };
}

/** Whether a past describes these leaves, in this order, with the histories that they have. */
export function isPastOf(
  { histories }: StoredPast,
  leaves: readonly { readonly leaf: Leaf; readonly history: readonly Tile[] }[],
): boolean {
  return (
    histories.length === leaves.length &&
    histories.every(({ leaf, history }, i) => leaf === leaves[i]?.leaf && history === leaves[i]?.history)
  );
}

/** A tree whose past may be on disk. */
export interface PastTree {
  readonly leaves: readonly Leaf[];
  readonly options: { readonly cache: { read(ref: SegmentRef): Task<Uint8Array> } };
  /** The tiles that are described on disk only, as lists that leaves name; null: all are in memory. */
  past: StoredPast | null;
  /** The past that the newest checkpoint has written or kept; null: it must be written. */
  storedPast: StoredPast | null;
  /** The lists that `past` had, for leaves that somebody holds though they have been split since. */
  takenPast: readonly (readonly Tile[])[];
}

/** Brings the tiles of a tree's past into memory, and of a leaf, which need not be one of the tree's any more. */
export function* loadPast(tree: PastTree, leaf?: Leaf): Task<void> {
  while (tree.past !== null) {
    const { past } = tree;
    const lists = yield* readPast((ref) => tree.options.cache.read(ref), past.entry);
    // Somebody else may have been quicker.
    if (tree.past === past) takePast(tree, past, lists);
  }
  if (leaf !== undefined) takeList(leaf, tree.takenPast);
}

function takePast(tree: PastTree, past: StoredPast, found: PastLists): void {
  const { leaves } = tree;
  const tiles = found.tiles.map(({ startSeq, endSeq, ref }) => storedTile(startSeq, endSeq, ref));
  for (const leaf of leaves) listAt(found, leaf.past);
  const isCurrent = isPastOf(past, historiesOf(leaves));
  tree.takenPast = found.lists.map((list) => list.map((at) => tiles[at] as Tile));
  for (const leaf of leaves) takeList(leaf, tree.takenPast);
  tree.past = null;
  tree.storedPast = isCurrent ? { entry: past.entry, histories: historiesOf(leaves) } : null;
}

function takeList(leaf: Leaf, lists: readonly (readonly Tile[])[]): void {
  if (leaf.past < 0) return;
  leaf.history = [...(lists[leaf.past] ?? []), ...leaf.history];
  leaf.past = -1;
}

/** The list of a leaf. Throws XX001 for one that the past does not have. */
export function listAt({ lists }: PastLists, at: number): readonly number[] {
  if (at < 0) return [];
  const list = lists[at];
  if (list === undefined)
    throw new DriftError('XX001', `MANIFEST is damaged: list ${at} of a past of ${lists.length} lists`);
  return list;
}

/** The directory with all tiles in it. */
export function* wholeDirectory(directory: Directory, packs: Pick<Packs, 'read'>): Task<Directory> {
  const tables = [];
  for (const table of directory.tables) {
    const indexes = [];
    for (const index of table.indexes) indexes.push({ ...index, tree: yield* wholeTree(index.tree, packs) });
    tables.push({ ...table, tree: yield* wholeTree(table.tree, packs), indexes });
  }
  return { ...directory, tables };
}

export function* wholeTree(tree: TreeEntry, packs: Pick<Packs, 'read'>): Task<TreeEntry> {
  if (tree.past === null) return tree;
  const past = yield* readPast((ref) => packs.read(ref), tree.past);
  const leaves = tree.leaves.map((leaf, i) => ({ ...leaf, history: listAt(past, i) }));
  return { ...tree, tiles: past.tiles, past: null, leaves };
}
