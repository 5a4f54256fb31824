/** Reads a backup from its first piece to its last, and checks everything on the way. */
import type { ByteReader } from '../../base/bytes.ts';
import { DriftError } from '../../base/error.ts';
import type { SegmentRef } from '../../segment/segment.ts';
import { SegmentReader } from '../../segment/segment-reader.ts';
import type { Directory } from '../../table/directory.ts';
import { decodeDirectory } from '../../table/ended-tables.ts';
import { type Checkpointed, decodeCheckpoint } from '../recovery.ts';
import { type BackupInfo, parseInfo } from './info.ts';
import { END, INFO, type PieceReader, SEGMENT, STATE } from './pieces.ts';
import { placeOf, segmentsOf } from './segments.ts';

export interface ReadSegment {
  /** As a reference in the source. */
  readonly ref: SegmentRef;
  readonly tableId: number;
  readonly rows: number;
  readonly bytes: Uint8Array;
}

export interface ReadBackup {
  readonly info: BackupInfo;
  readonly state: Checkpointed;
  readonly directory: Directory;
}

/**
 * Reads the pieces behind the header. `before` are the backups that it builds on, with the places that they have.
 * Throws XX001 for what is damaged or missing, 22023 for a backup that does not follow those before it.
 */
export async function readBackup(
  reader: PieceReader,
  before: { readonly last: BackupInfo | null; readonly has: (place: string) => boolean },
  onSegment: (segment: ReadSegment) => Promise<void>,
): Promise<ReadBackup> {
  const first = await reader.next();
  if (first.u8() !== INFO) throw reader.damaged(reader.offset, 'a piece that is not the first');
  const info = parseInfo(first.string());
  refuseOther(info, before.last);
  const places = new Set<string>();
  let body: Uint8Array | null = null;
  for (;;) {
    const start = reader.offset;
    const piece = await reader.next();
    const type = piece.u8();
    if (type === SEGMENT) {
      const segment = readSegment(piece);
      places.add(placeOf(segment.ref));
      await onSegment(segment);
    } else if (type === STATE && body === null) body = piece.bytes().slice();
    else if (type === END && body !== null) {
      const count = piece.varint();
      if (count !== places.size) throw reader.damaged(start, `${places.size} segments where there should be ${count}`);
      await reader.end();
      break;
    } else throw reader.damaged(start, `a piece of type ${type}`);
  }
  const state = decodeCheckpoint(body);
  const directory = decodeDirectory(state.directory);
  for (const { ref } of segmentsOf(directory)) {
    const place = placeOf(ref);
    if (!places.has(place) && !before.has(place))
      throw new DriftError('XX001', `backup ${info.id} is damaged: the segment at ${place} is missing`);
  }
  return { info, state, directory };
}

function readSegment(piece: ByteReader): ReadSegment {
  const [pack, offset, tableId, tableLength, tableCrc] = [
    piece.varint(),
    piece.varint(),
    piece.varint(),
    piece.varint(),
    piece.u32(),
  ];
  const bytes = piece.bytes();
  const ref = { pack, offset, length: bytes.length, tableLength, tableCrc };
  const segment = SegmentReader.of(ref, bytes);
  segment.verify(bytes);
  return { ref, tableId, rows: segment.rows, bytes };
}

function refuseOther(info: BackupInfo, last: BackupInfo | null): void {
  if (info.since === (last?.id ?? null)) return;
  if (last === null)
    throw new DriftError('22023', `backup ${info.id} holds what came after backup ${info.since} only`, {
      hint: 'Give the backups in their order, the whole one first.',
    });
  throw new DriftError('22023', `backup ${info.id} does not go on from backup ${last.id}`, {
    detail: info.since === null ? 'It is a whole one.' : `It goes on from backup ${info.since}.`,
  });
}
