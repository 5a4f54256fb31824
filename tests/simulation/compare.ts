/** Rows that are found against rows that are wanted. */
import { type Row, sortedRows } from './world.ts';

/** In any order. */
export function same(what: string, found: readonly Row[], wanted: Iterable<Row>): void {
  const [a, b] = [sortedRows(found), sortedRows(wanted)];
  if (a.length !== b.length || a.some((row, i) => row !== b[i])) throw new Error(`${what}: ${firstDifference(a, b)}`);
}

export function sameInOrder(what: string, found: readonly Row[], wanted: readonly Row[]): void {
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  same(what, found, wanted);
  throw new Error(`${what}: in another order`);
}

function firstDifference(found: readonly string[], wanted: readonly string[]): string {
  const surplus = found.filter((row) => !wanted.includes(row)).map(short);
  const missing = wanted.filter((row) => !found.includes(row)).map(short);
  return `found ${found.length} rows, expected ${wanted.length}; too many: ${surplus.slice(0, 3).join(' ')}; missing: ${missing.slice(0, 3).join(' ')}`;
}

function short(row: string): string {
  return row.length > 100 ? `${row.slice(0, 60)}…${row.slice(-30)}` : row;
}
