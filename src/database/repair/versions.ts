/**
 * The row versions of a damaged table that can still be read, each once.
 *
 * A version that outlives a tile is in the next one as well. Where that one is damaged the version's end is not known: it
 * is taken to end where the damage begins, and the loss is told; unless a tile behind the damage has the same version, for
 * then it was in force all the while.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { Packs } from '../../segment/packs.ts';
import type { SegmentRef } from '../../segment/segment.ts';
import { SegmentReader } from '../../segment/segment-reader.ts';
import type { TreeEntry } from '../../table/directory.ts';
import { constantVector } from '../../table/gather.ts';
import { KeyCodec } from '../../table/key.ts';
import { wholeTree } from '../../table/past.ts';
import type { Key, TableSpec } from '../../table/table.ts';

export interface Version {
  readonly key: Key;
  readonly from: number;
  /** Infinity while it is in force. */
  to: number;
  readonly values: readonly Value[];
}

/** What could not be read: rows of these keys, at these sequence numbers. */
export interface Missing {
  /** Name of the table, null for what no table is known of. */
  readonly table: string | null;
  readonly fromKey: string | null;
  readonly toKey: string | null;
  /** The first sequence number of which it is missing, and the first of which it is not; null: to the end. */
  readonly fromSeq: number;
  readonly toSeq: number | null;
  readonly file: string;
  readonly offset: number | null;
  readonly reason: string;
}

interface Piece {
  readonly ref: SegmentRef;
  readonly start: number;
  readonly end: number;
  readonly low: Key | undefined;
  readonly high: Key | undefined;
}

/** Reads all that can be read of a table; `name` is for what is missing. */
export function* readVersions(
  packs: Packs,
  entry: TreeEntry,
  spec: TableSpec,
  name: string,
): Task<{ readonly versions: Version[]; readonly missing: Missing[] }> {
  const found = new Map<string, Version>();
  const missing: Missing[] = [];
  const codec = new KeyCodec(spec.key, spec.columns);
  const whole = yield* readTiles(packs, entry, name, missing);
  for (const piece of piecesOf(whole)) {
    try {
      for (const version of yield* readPiece(packs, piece, spec, codec)) merge(found, version);
    } catch (error) {
      if (!(error instanceof DriftError) || !['XX001', '58030'].includes(error.code)) throw error;
      missing.push(lost(piece, name, error));
    }
  }
  const versions = [...found.values()].sort((a, b) => a.from - b.from);
  return { versions, missing };
}

/** The tree with its tiles; without them where their descriptions are lost, and what is in them with these. */
function* readTiles(packs: Packs, entry: TreeEntry, name: string, missing: Missing[]): Task<TreeEntry> {
  if (entry.past === null) return entry;
  try {
    return yield* wholeTree(entry, packs);
  } catch (error) {
    if (!(error instanceof DriftError) || !['XX001', '58030'].includes(error.code)) throw error;
    const end = Math.max(...entry.leaves.map((leaf) => leaf.startSeq));
    missing.push(lost({ ref: entry.past.ref, start: 0, end, low: undefined, high: undefined }, name, error));
    return { ...entry, past: null };
  }
}

function* piecesOf({ tiles, leaves }: TreeEntry): Generator<Piece> {
  const seen = new Set<number>();
  // Leaves that were split share tiles: such a tile's keys reach to the end of the last of them.
  const ends = new Map<number, Key | undefined>();
  for (const [i, { history }] of leaves.entries()) for (const at of history) ends.set(at, leaves[i + 1]?.low);
  // Older pieces first, so that the newest word on a version's end is the last.
  for (const [i, leaf] of leaves.entries()) {
    for (const at of leaf.history) {
      const tile = tiles[at];
      if (tile === undefined || seen.has(at)) continue;
      seen.add(at);
      yield { ref: tile.ref, start: tile.startSeq, end: tile.endSeq, low: leaf.low, high: ends.get(at) };
    }
    if (leaf.ref !== null)
      yield { ref: leaf.ref, start: leaf.startSeq, end: Infinity, low: leaf.low, high: leaves[i + 1]?.low };
  }
}

function* readPiece(packs: Packs, piece: Piece, spec: TableSpec, codec: KeyCodec): Task<Version[]> {
  const bytes = yield* packs.read(piece.ref);
  const reader = SegmentReader.of(piece.ref, bytes);
  reader.verify(bytes);
  const columns = spec.columns.map(({ format, missing }, c): Vector =>
    c < reader.columnCount ? reader.column(bytes, c, format) : constantVector(format, missing, reader.rows),
  );
  const [from, to] = [reader.from(bytes), reader.to(bytes)];
  return Array.from({ length: reader.rows }, (_, row) => ({
    key: codec.ofRow(columns, row),
    from: from[row] as number,
    // What outlives a tile is known until the tile's end.
    to: Math.min(to[row] as number, piece.end),
    values: columns.map((column) => valueAt(column, row)),
  }));
}

/** A version's end is the latest that any piece knows: each piece knows it as far as it reaches. */
function merge(found: Map<string, Version>, version: Version): void {
  const id = `${typeof version.key} ${String(version.key)} ${version.from}`;
  const known = found.get(id);
  if (known === undefined) found.set(id, version);
  else known.to = Math.max(known.to, version.to);
}

function lost({ ref, start, end, low, high }: Piece, table: string, { message }: DriftError): Missing {
  const text = (key: Key | undefined): string | null => (key === undefined ? null : String(key));
  return {
    table,
    fromKey: text(low),
    toKey: text(high),
    fromSeq: Math.max(0, start),
    toSeq: end === Infinity ? null : end,
    file: `pack-${ref.pack}`,
    offset: ref.offset,
    reason: message,
  };
}
