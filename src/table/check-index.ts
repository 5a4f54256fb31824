/** An index against its table: what it holds at a moment must be what the rows call for, and unique where it says so. */
import { PAUSE, type Task } from '../base/task.ts';
import { type Batch, type Value, type Vector, valueAt } from '../base/vector.ts';
import type { IndexSpec, Key, ScanOptions, VersionedTable, VersionedTree } from './table.ts';

/** What is wrong with an index at the state `seq`, or null. `spec` is of that time: by default that of now. */
export function* compareIndex(
  table: VersionedTable,
  indexId: number,
  seq: number,
  spec: IndexSpec | undefined = table.spec.indexes.find(({ id }) => id === indexId),
): Task<string | null> {
  const index = table.indexes.find(({ id }) => id === indexId);
  if (spec === undefined || index === undefined) return 'the index is not there';
  const sources = [...spec.columns, ...table.spec.key].map(({ column }) => column);
  const expected = yield* sumOfKeys(table, index, sources, seq);
  const found = yield* sumOfKeys(index, index, sources.keys(), seq);
  if (expected.rows !== found.rows || expected.sum !== found.sum) {
    const what =
      expected.rows === found.rows
        ? 'entries do not say what the rows say'
        : `${found.rows} entries for ${expected.rows} rows`;
    return what + (yield* example(table, index, sources, seq));
  }
  return spec.unique && (yield* hasDuplicate(index, spec, seq)) ? 'two rows have the same key' : null;
}

/** Names a row without an entry and an entry without a row, each by the index's columns and the row's key. */
function* example(table: VersionedTree, index: VersionedTree, sources: readonly number[], seq: number): Task<string> {
  const rows = new Map<Key, string>();
  yield* forEachRow(table, { seq, columns: sources }, (values) => {
    rows.set(index.encodeKey(values), shown(values));
  });
  let stray: string | undefined;
  yield* forEachRow(index, { seq, columns: [...sources.keys()] }, (values) => {
    if (!rows.delete(index.encodeKey(values))) stray ??= shown(values);
  });
  const [lacking] = rows.values();
  return (
    (lacking === undefined ? '' : `; no entry for ${lacking}`) + (stray === undefined ? '' : `; no row for ${stray}`)
  );
}

function shown(values: readonly Value[]): string {
  return `(${values.map((value) => (value === null ? 'null' : String(value).slice(0, 40))).join(', ')})`;
}

/** Rows of a tree, and the sum of hashes of the keys they have in an index: the same in any order. */
function* sumOfKeys(
  source: VersionedTree,
  index: VersionedTree,
  columns: Iterable<number>,
  seq: number,
): Task<{ rows: number; sum: number }> {
  let rows = 0;
  let sum = 0;
  yield* forEachRow(source, { seq, columns: [...columns] }, (values) => {
    rows++;
    sum = (sum + hashOf(String(index.encodeKey(values)))) | 0;
  });
  return { rows, sum };
}

function* hasDuplicate(index: VersionedTree, { columns, nullsNotDistinct }: IndexSpec, seq: number): Task<boolean> {
  let before: Key | undefined;
  let found = false;
  yield* forEachRow(index, { seq, columns: [...columns.keys()], order: 'asc' }, (values) => {
    if (values.includes(null) && !nullsNotDistinct) return;
    const { low } = index.prefixRange(values);
    found ||= low !== undefined && low === before;
    before = low;
  });
  return found;
}

function* forEachRow(
  source: VersionedTree,
  options: ScanOptions,
  visit: (values: readonly Value[]) => void,
): Task<void> {
  const scan = source.scan(options);
  try {
    for (let batch = yield* scan.next(); batch !== null; batch = yield* scan.next()) {
      visitRows(batch, options.columns.length, visit);
      yield PAUSE;
    }
  } finally {
    scan.close();
  }
}

function visitRows(batch: Batch, width: number, visit: (values: readonly Value[]) => void): void {
  const vectors: readonly Vector[] = batch.columns.slice(0, width);
  for (let k = 0; k < batch.count; k++) {
    const row = batch.selection === null ? k : (batch.selection[k] as number);
    visit(vectors.map((vector) => valueAt(vector, row)));
  }
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash;
}
