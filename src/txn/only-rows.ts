/** A table in which only certain rows exist: what a statement sees of its target when it judges rows again. */
import type { Task } from '../base/task.ts';
import type { Batch, Value } from '../base/vector.ts';
import type { BatchSource, Key, VersionedIndex, VersionedTable, VersionedTree } from '../table/table.ts';
import { WHOLE } from '../table/kept.ts';
import type { TableReader } from './api.ts';
import { SnapshotTableReader } from './table-reader.ts';
import { TableWrites } from './table-writes.ts';

const NOTHING: BatchSource = {
  *next(): Task<Batch | null> {
    return null;
  },
  close() {},
};

/** Reads the rows (cells by ordinal) as if they were a transaction's own in an empty table. */
export function onlyRows(table: VersionedTable, rows: readonly (readonly [Key, readonly Value[]])[]): TableReader {
  const writes = new TableWrites(table.columns);
  for (const [key, row] of [...rows].sort(([a], [b]) => (a < b ? -1 : 1))) writes.put(key, row, false, null);
  return new SnapshotTableReader(emptied(table), 0, writes);
}

/** The same table without rows. */
function emptied(table: VersionedTable): VersionedTable {
  return {
    ...emptyTree(table),
    spec: table.spec,
    endSeq: Infinity,
    ...WHOLE,
    changeCount: 0,
    nextRowId: 1,
    indexes: table.indexes.map((index): VersionedIndex => ({ ...emptyTree(index), sources: index.sources })),
    leafRanges: () => [],
  };
}

function emptyTree(tree: VersionedTree): VersionedTree {
  return {
    id: tree.id,
    lastChange: 0,
    rowCount: 0,
    sizeBytes: 0,
    columns: tree.columns,
    key: tree.key,
    encodeKey: (values) => tree.encodeKey(values),
    prefixRange: (values) => tree.prefixRange(values),
    boundedRange: (prefix, low, high) => tree.boundedRange(prefix, low, high),
    find: () => null,
    lookUp: () => false,
    *load() {},
    scan: () => NOTHING,
    scanVersions: () => NOTHING,
  };
}
