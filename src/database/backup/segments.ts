/** The segments that a directory names, and the contents of a backup's pieces. */
import { ByteWriter } from '../../base/bytes.ts';
import type { SegmentRef } from '../../segment/segment.ts';
import type { Directory, TreeEntry } from '../../table/directory.ts';
import type { BackupInfo } from './info.ts';
import { SEGMENT } from './pieces.ts';

/** A segment, and the table and index whose rows it has. */
export interface PlacedSegment {
  readonly ref: SegmentRef;
  readonly tableId: number;
  /** Null for the table's own. */
  readonly indexId: number | null;
}

/** Every segment once, in the order in which they lie. */
export function segmentsOf(directory: Directory): PlacedSegment[] {
  const found = new Map<string, PlacedSegment>();
  const add = (ref: SegmentRef | null, tableId: number, indexId: number | null): void => {
    if (ref !== null) found.set(placeOf(ref), { ref, tableId, indexId });
  };
  const addTree = (tree: TreeEntry, tableId: number, indexId: number | null): void => {
    for (const { ref } of tree.leaves) add(ref, tableId, indexId);
    for (const { ref } of tree.tiles) add(ref, tableId, indexId);
  };
  for (const { id, tree, indexes } of directory.tables) {
    addTree(tree, id, null);
    for (const index of indexes) addTree(index.tree, id, index.spec.id);
  }
  return [...found.values()].sort((a, b) => a.ref.pack - b.ref.pack || a.ref.offset - b.ref.offset);
}

export function placeOf({ pack, offset }: Pick<SegmentRef, 'pack' | 'offset'>): string {
  return `${pack}:${offset}`;
}

export function isBefore(ref: Pick<SegmentRef, 'pack' | 'offset'>, point: BackupInfo['point']): boolean {
  return ref.pack < point.pack || (ref.pack === point.pack && ref.offset < point.offset);
}

/** `place` is that of the source; table length and checksum are those of the bytes. */
export function segmentContent(
  place: Pick<SegmentRef, 'pack' | 'offset'>,
  tableId: number,
  segment: { readonly bytes: Uint8Array; readonly tableLength: number; readonly tableCrc: number },
): Uint8Array {
  return content(
    SEGMENT,
    (piece) => {
      piece.varint(place.pack);
      piece.varint(place.offset);
      piece.varint(tableId);
      piece.varint(segment.tableLength);
      piece.u32(segment.tableCrc);
      piece.bytes(segment.bytes);
    },
    segment.bytes.length + 64,
  );
}

export function content(type: number, write: (piece: ByteWriter) => void, capacity = 256): Uint8Array {
  const writer = new ByteWriter(capacity);
  writer.u8(type);
  write(writer);
  return writer.finish();
}
