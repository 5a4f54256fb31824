/**
 * "Then and now": two results of one statement, row matched to row by key.
 *
 * The key is the primary key where the result has all its columns; otherwise the leading columns that are not numbers
 * (the labels of a grouping) while they tell the rows apart in both results; otherwise a row is its whole content.
 */
import type { TextResult } from '../database.ts';
import { isNumeric } from '../database.ts';

export type RowState = 'same' | 'changed' | 'added' | 'removed';

export interface ComparedRow {
  readonly state: RowState;
  /** The row now, or as it was for a removed one. */
  readonly cells: readonly (string | null)[];
  /** The row then; undefined for an added one. */
  readonly before: readonly (string | null)[] | undefined;
}

export interface Comparison {
  readonly columns: readonly string[];
  readonly rows: readonly ComparedRow[];
  readonly counts: Readonly<Record<RowState, number>>;
  readonly keyColumns: readonly string[];
}

type Row = readonly (string | null)[];

export function compareResults(then: TextResult, now: TextResult, primaryKey: readonly string[]): Comparison {
  const columns = now.fields.map((field) => field.name);
  // Columns of then in the order of now: the schema may have changed between the moments.
  const places = columns.map((name) => then.fields.findIndex((field) => field.name === name));
  const before = then.rows.map((row) => places.map((place) => (place < 0 ? null : (row[place] ?? null))));
  const key = chooseKey(now, before, primaryKey);
  const unmatched = new Map<string, Row[]>();
  for (const row of before) {
    const id = keyOf(row, key);
    const known = unmatched.get(id);
    if (known === undefined) unmatched.set(id, [row]);
    else known.push(row);
  }
  const rows: ComparedRow[] = now.rows.map((cells) => {
    const old = unmatched.get(keyOf(cells, key))?.shift();
    if (old === undefined) return { state: 'added', cells, before: undefined };
    return { state: cells.every((cell, index) => cell === old[index]) ? 'same' : 'changed', cells, before: old };
  });
  for (const left of unmatched.values())
    for (const cells of left) rows.push({ state: 'removed', cells, before: cells });
  const counts = { same: 0, changed: 0, added: 0, removed: 0 };
  for (const row of rows) counts[row.state]++;
  return { columns, rows, counts, keyColumns: key.map((index) => columns[index] ?? '') };
}

function chooseKey(now: TextResult, before: readonly Row[], primaryKey: readonly string[]): number[] {
  const indexes = primaryKey.map((name) => now.fields.findIndex((field) => field.name === name));
  if (indexes.length > 0 && !indexes.includes(-1)) return indexes;
  const labels: number[] = [];
  for (const [index, field] of now.fields.entries()) {
    if (isNumeric(field)) break;
    labels.push(index);
    if (isUnique(now.rows, labels) && isUnique(before, labels)) return labels;
  }
  // One row each: an aggregate without groups is the same row at both moments.
  if (now.rows.length === 1 && before.length === 1) return [];
  return now.fields.map((_, index) => index);
}

function isUnique(rows: readonly Row[], key: readonly number[]): boolean {
  return new Set(rows.map((row) => keyOf(row, key))).size === rows.length;
}

function keyOf(row: Row, key: readonly number[]): string {
  return JSON.stringify(key.map((index) => row[index] ?? null));
}
