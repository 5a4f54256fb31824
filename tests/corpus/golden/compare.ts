/** Answers of pg15-golden, and when two of them are the same. */

export type Kind = 'query' | 'statement' | 'error';

export interface Answer {
  readonly fields: readonly (readonly [name: string, oid: number])[];
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** What PostgreSQL did with a record, and what DriftDB did. */
export interface Case {
  readonly kind: Kind | 'internal';
  readonly file: string;
  readonly line: number;
  readonly sql: string;
  readonly wanted: Answer | Failure | null;
  readonly found: Answer | Failure;
}

export function sameRows(wanted: Answer['rows'], found: Answer['rows'], bag: boolean): boolean {
  if (wanted.length !== found.length) return false;
  const ordered = (rows: Answer['rows']): Answer['rows'] =>
    bag ? rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)) : rows;
  const [left, right] = [ordered(wanted), ordered(found)];
  return left.every(
    (row, i) =>
      row.length === right[i]?.length &&
      row.every((cell, c) => sameCell(cell, (right[i] as readonly (string | null)[])[c] ?? null)),
  );
}

export function sameFields(wanted: Answer['fields'] | undefined, found: Answer['fields']): boolean {
  if (wanted === undefined) return true;
  return (
    wanted.length === found.length && wanted.every(([name, oid], i) => name === found[i]?.[0] && oid === found[i][1])
  );
}

/** Equal texts, or numbers that are near: the last digits of floating-point results are nobody's promise. */
function sameCell(a: string | null, b: string | null): boolean {
  if (a === b) return true;
  if (a === null || b === null || a === '' || b === '') return false;
  const [x, y] = [Number(a), Number(b)];
  return Number.isFinite(x) && Math.abs(x - y) <= 1e-9 * Math.max(1, Math.abs(y));
}
