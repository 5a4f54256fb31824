/**
 * Writes the new rows of INSERT, a slice at a time: nothing waits between the look at others and the writing, so of two
 * transactions the first to write has a key, and the second waits for it. Where a row has to wait, those before it are
 * written first, as if rows were inserted one by one.
 */
import type { Task } from '../../base/task.ts';
import { type Value, type Vector, valueAt } from '../../base/vector.ts';
import type { TableDef } from '../../catalog/schema.ts';
import type { Key } from '../../table/table.ts';
import type { Pacer } from '../pacer.ts';
import { findFree, firstWaiting, waitForKeys } from './key-waits.ts';
import { SLICE_ROWS } from './slices.ts';
import { duplicateKey, findRow, keysInto, type ModifyTarget, primaryKeyName } from './target.ts';

/** Throws 23505 for a key that is there, or that comes twice. `rows`: all of the tree's columns. */
export function* insertRows(
  target: ModifyTarget,
  table: TableDef,
  { rows, count }: { readonly rows: readonly Vector[]; readonly count: number },
  pacer: Pacer,
): Task<void> {
  const versioned = target.table(table.id);
  const writes = target.writes(table.id);
  const hadNone = target.reader.table(table.id).rowCount === 0;
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
      duplicateKey(target, table, primaryKeyName(table), table.key, keyCells(table, rows, start + row));
    const twice = ascending ? -1 : firstRepeated(keys);
    if (twice >= 0) throw repeated(twice);
    for (let done = 0; done < keys.length;) {
      // A table without rows has nothing but what this statement has written; others may have filled it meanwhile.
      const isBlank = hadNone && ascending && versioned.rowCount === 0;
      const taken = isBlank ? -1 : yield* firstTaken(target, table, keys, done);
      if (taken === done && (yield* findFree(target, table, keys[done] as Key)) !== null) throw repeated(done);
      if (taken === done) continue;
      const till = taken < 0 ? keys.length : taken;
      const free = firstWaiting(target, table, { keys, rows, start, from: done, to: till });
      // What comes before a row that has to wait is written: others wait for it, as for any row.
      if (free > done)
        writes.insertVectors(done === 0 && free === keys.length ? keys : keys.slice(done, free), rows, start + done);
      else yield* waitForKeys(target, table, { keys, rows, start, from: done, to: done + 1 });
      done = free;
    }
    if (pacer.due()) yield* pacer.pause();
  }
}

/** The first row from `from` on whose key is there; -1 for none. */
function* firstTaken(target: ModifyTarget, table: TableDef, keys: readonly Key[], from: number): Task<number> {
  for (let row = from; row < keys.length; row++)
    if ((yield* findRow(target, table.id, keys[row] as Key)) !== null) return row;
  return -1;
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
