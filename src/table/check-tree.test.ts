/** Checks of trees and indexes find what is wrong, in tables that were made wrong on purpose. */
import { expect, test } from 'vitest';
import { runSync, type Task } from '../base/task.ts';
import type { Vector } from '../base/vector.ts';
import { MemoryStorage } from '../storage/memory.ts';
import { compareIndex } from './check-index.ts';
import type { CheckedTree } from './store.ts';
import { OP_DELETE, OP_INSERT, type RowChanges, type TableSpec } from './table.ts';
import { openTableStore } from './table-store.ts';
import { Table } from './versioned-table.ts';

const SPEC: TableSpec = {
  id: 1,
  columns: [
    { format: { kind: 'i32' }, missing: null },
    { format: { kind: 'i32' }, missing: null },
  ],
  key: [{ column: 0, descending: false, nullsFirst: false }],
  indexes: [
    { id: 2, columns: [{ column: 1, descending: false, nullsFirst: false }], unique: true, nullsNotDistinct: false },
  ],
  timeSplitFactor: 1,
};

function changes(op: number, keys: readonly (number | string)[], columns: readonly (readonly number[])[]): RowChanges {
  const rows = columns.map((column): Vector => ({
    kind: 'i32',
    data: Int32Array.from(column),
    length: column.length,
    nulls: null,
  }));
  return { count: keys.length, ops: new Uint8Array(keys.length).fill(op), keys, rows, assigned: keys.map(() => null) };
}

interface Made {
  readonly table: Table;
  readonly check: () => readonly CheckedTree[];
}

/** A table of 100 rows (i, 2 i) with a unique index on the second column. */
function made(): Made {
  const storage = new MemoryStorage();
  storage.acquire();
  const options = { cacheBudgetBytes: 1 << 20, packSizeBytes: 1 << 20, maxLeafRows: 16, minClosedRows: 4 };
  const store = openTableStore(storage, null, options);
  store.createTable(SPEC);
  const ids = Array.from({ length: 100 }, (_, i) => i);
  const rows = changes(OP_INSERT, ids, [ids, ids.map((id) => id * 2)]);
  const prepared = runSync(store.prepare(1, rows));
  store.apply(5, prepared);
  prepared.release();
  const table = store.table(1);
  if (!(table instanceof Table)) throw new Error('a table');
  return { table, check: () => runSync(store.check(1, { newest: () => 5, files: new Set() })) };
}

const problemsOf = (checked: readonly CheckedTree[]): (readonly string[])[] =>
  checked.map(({ found }) => found.problems);
const compared = (table: Table): string | null => runSync(compareIndex(table, 2, 5) as Task<string | null>);

test('a sound table has no problems', () => {
  const { table, check } = made();
  expect(problemsOf(check())).toEqual([[], []]);
  expect(check().map(({ found }) => found.versions)).toEqual([100, 100]);
  expect(compared(table)).toBeNull();
});

test('a wrong count, a version from the future, leaves out of order', () => {
  const counted = made();
  counted.table.rowCount = 99;
  expect(problemsOf(counted.check())[0]).toEqual(['100 rows are current where 99 are counted']);

  const late = made();
  late.table.applyChanges(9, changes(OP_INSERT, [500], [[500], [1]]));
  expect(problemsOf(late.check())[0]).toEqual(['a version of 500 begins at 9, after the last commit']);

  const swapped = made();
  const { leaves } = swapped.table;
  expect(leaves.length).toBeGreaterThan(3);
  leaves.push(...leaves.splice(1, 1));
  expect(problemsOf(swapped.check())[0]?.[0]).toMatch(/^leaf \d+ does not begin behind the one before it$/);
});

test('an index that lacks a row, has a wrong one, or the same key twice', () => {
  const entry = (value: number, id: number): RowChanges => {
    const key = made().table.indexes[0]?.encodeKey([value, id]) as string;
    return changes(OP_INSERT, [key], [[value], [id]]);
  };
  const removed = (value: number, id: number): RowChanges => ({ ...entry(value, id), ops: Uint8Array.of(OP_DELETE) });

  const lacking = made().table;
  lacking.indexes[0]?.apply(5, removed(20, 10));
  expect(compared(lacking)).toBe('99 entries for 100 rows; no entry for (20, 10)');

  const wrong = made().table;
  wrong.indexes[0]?.apply(5, removed(20, 10));
  wrong.indexes[0]?.apply(5, entry(21, 10));
  expect(compared(wrong)).toBe('entries do not say what the rows say; no entry for (20, 10); no row for (21, 10)');

  const twice = made().table;
  twice.applyChanges(5, changes(OP_INSERT, [200], [[200], [20]]));
  expect(compared(twice)).toBe('two rows have the same key');
});
