/**
 * A directory and segments without the past: of each leaf the current rows, no tiles, no dropped tables and indexes. The
 * tables of the catalog and of transactions stay whole: names and times of commits are needed to read what is left.
 * Branches stay behind: they live on a state of the past.
 */
import { assert } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { LINES_TABLE_ID } from '../../catalog/lines.ts';
import type { Catalog } from '../../catalog/schema.ts';
import { CATALOG_TABLE_ID, TRANSACTIONS_TABLE_ID } from '../../catalog/system-objects.ts';
import { encodeSegment } from '../../segment/segment.ts';
import { SegmentReader } from '../../segment/segment-reader.ts';
import type { Directory, TreeEntry } from '../../table/directory.ts';
import { sliceVector } from '../../table/gather.ts';
import type { PinnedPacks, TableStore } from '../../table/store.ts';
import { type PlacedSegment, segmentContent } from './segments.ts';

/** `seq` is the newest commit: from there on there is history again. */
export function withoutHistory(directory: Directory, seq: number, lines: Pick<Catalog, 'byId'>): Directory {
  const shorn = ({ lastChange, rowCount, leaves }: TreeEntry): TreeEntry => ({
    lastChange,
    rowCount,
    tiles: [],
    past: null,
    leaves: leaves.map(({ low, ref }) => ({ low, startSeq: seq, ref, history: [] })),
  });
  const tables = directory.tables
    .filter(({ id, endSeq }) => endSeq === Infinity && id !== LINES_TABLE_ID && !('line' in (lines.byId(id) ?? {})))
    .map((table) =>
      isWhole(table.id)
        ? table
        : {
            ...table,
            tree: shorn(table.tree),
            indexes: table.indexes
              .filter(({ droppedAt }) => droppedAt === Infinity)
              .map((index) => ({ ...index, tree: shorn(index.tree) })),
          },
    );
  return { ...directory, tables };
}

/** Reads a leaf's segment and lays its current rows out as one. */
export function* currentOnly(store: TableStore, pinned: PinnedPacks, placed: PlacedSegment): Task<Uint8Array> {
  const { ref, tableId, indexId } = placed;
  const bytes = yield* pinned.read(ref);
  const reader = SegmentReader.of(ref, bytes);
  if (isWhole(tableId) || reader.currentRows === reader.rows) return segmentContent(ref, tableId, { ...ref, bytes });
  const table = store.table(tableId);
  const tree = indexId === null ? table : table.indexes.find(({ id }) => id === indexId);
  assert(tree !== undefined, `there is index ${indexId}`);
  const columns = tree.columns.slice(0, reader.columnCount);
  const formats = columns.map(({ format }) => format);
  const rows = {
    columns: formats.map((format, c) => sliceVector(reader.column(bytes, c, format), 0, reader.currentRows)),
    from: reader.from(bytes).slice(0, reader.currentRows),
    to: reader.to(bytes).slice(0, reader.currentRows),
    currentRows: reader.currentRows,
  };
  return segmentContent(ref, tableId, yield* encodeSegment(rows, formats));
}

function isWhole(tableId: number): boolean {
  return tableId === CATALOG_TABLE_ID || tableId === TRANSACTIONS_TABLE_ID;
}
