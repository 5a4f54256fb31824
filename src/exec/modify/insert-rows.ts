/**
 * Writes the new rows of INSERT, a slice at a time: within a slice nothing waits between the look at others and the
 * writing, so of two transactions the first to write has a key, and the second waits for it.
 */
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { Key } from '../../table/table.ts';
import type { Pacer } from '../pacer.ts';
import { slice } from '../vectors.ts';
import { findFree, waitForKeys } from './key-waits.ts';
import { SLICE_ROWS } from './slices.ts';
import { duplicateKey, keysInto, type ModifyTarget, primaryKeyName } from './target.ts';

/** Throws 23505 for a key that is there, or that comes twice. `rows`: all of the tree's columns. */
export function* insertRows(
  target: ModifyTarget,
  table: TableDef,
  { rows, count }: { readonly rows: readonly Vector[]; readonly count: number },
  pacer: Pacer,
): Task<void> {
  const versioned = target.table(table.id);
  const writes = target.writes(table.id);
  const isBlank = target.reader.table(table.id).rowCount === 0;
  let ascending = true;
  let last: Key | undefined;
  yield* writes.makeRoom(count);
  for (let start = 0; start < count; start += SLICE_ROWS) {
    const end = Math.min(start + SLICE_ROWS, count);
    const keys: Key[] = [];
    keysInto(keys, versioned, rows, { start, end, at: 0 });
    for (const key of keys) {
      if (last !== undefined && !(last < key)) ascending = false;
      last = key;
    }
    const repeated = (row: number): Error =>
      duplicateKey(target, table, primaryKeyName(table), table.key, keyCells(table, rows, row));
    do {
      // A table without rows has nothing but what this statement has written.
      if (!isBlank || !ascending)
        for (const [i, key] of keys.entries())
          if ((yield* findFree(target, table, key)) !== null) throw repeated(start + i);
      const twice = ascending ? -1 : firstRepeated(keys);
      if (twice >= 0) throw repeated(start + twice);
    } while (yield* waitForNew(target, table, keys, rows, start));
    writes.insertVectors(keys, rows, start);
    if (pacer.due()) yield* pacer.pause();
  }
}

function* waitForNew(
  target: ModifyTarget,
  table: TableDef,
  keys: readonly Key[],
  rows: readonly Vector[],
  start: number,
): Task<boolean> {
  if (target.guard?.sharesKeys(table.id) !== true) return false;
  const count = keys.length;
  return yield* waitForKeys(target, table, {
    keys,
    rows: rows.map((column) => slice(column, start, start + count)),
    count,
  });
}

function firstRepeated(keys: readonly Key[]): number {
  const seen = new Set<Key>();
  for (const [i, key] of keys.entries()) {
    if (seen.has(key)) return i;
    seen.add(key);
  }
  return -1;
}

function keyCells(table: TableDef, rows: readonly Vector[], row: number): Value[] {
  return table.key.map((ordinal) => valueAt(rows[ordinal] as Vector, row));
}
