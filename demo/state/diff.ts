/**
 * What differs between two moments of the line that is shown, or between the newest states of two branches: tables with
 * counts and changes of their definition, and the rows of one table matched by key.
 */
import { quote } from '../catalog.ts';
import type { Reader, TextResult } from '../database.ts';
import { queryText } from '../database.ts';
import type { ComparedRow, Comparison } from './compare.ts';

/** Two ends: sequence numbers of one line, or names of two lines. */
export type Span =
  | { readonly kind: 'moments'; readonly from: number; readonly to: number }
  | { readonly kind: 'branches'; readonly from: string; readonly to: string };

export interface TableDiff {
  readonly schema: string;
  readonly name: string;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  /** What changed of its definition, '' for nothing. */
  readonly definition: string;
}

/** Rows of a table that are read and shown at most. */
export const MOST_ROWS = 5000;

type Row = readonly (string | null)[];

export async function diffTables(database: Reader, span: Span, signal: AbortSignal): Promise<TableDiff[]> {
  const sql =
    span.kind === 'moments'
      ? `SELECT table_schema, table_name, rows_added, rows_removed, rows_modified, schema_change FROM database_diff(${span.from}, ${span.to})`
      : `DIFF BRANCH ${quote(span.from)}, ${quote(span.to)}`;
  const { rows } = await queryText(database, sql, [], signal);
  return rows
    .map(([schema, name, added, removed, changed, definition]) => ({
      schema: schema ?? '',
      name: name ?? '',
      added: Number(added ?? 0),
      removed: Number(removed ?? 0),
      changed: Number(changed ?? 0),
      definition: definition ?? '',
    }))
    .filter(({ schema }) => schema !== 'drift');
}

export async function diffRows(
  database: Reader,
  span: Span,
  { schema, name }: TableDiff,
  signal: AbortSignal,
): Promise<Comparison> {
  const table = schema === 'public' ? quote(name) : `${quote(schema)}.${quote(name)}`;
  if (span.kind === 'branches') {
    const sql = `DIFF BRANCH ${quote(span.from)}, ${quote(span.to)} FOR TABLE ${table}`;
    return fromObjects(await queryText(database, sql, [], signal));
  }
  const literal = `'${table.replaceAll("'", "''")}'`;
  const sql = `SELECT * FROM table_diff(${literal}, ${span.from}, ${span.to}) LIMIT ${MOST_ROWS}`;
  return fromColumns(await queryText(database, sql, [], signal));
}

/** From `diff_type`, then `from_…` columns of the one moment, then `to_…` columns of the other. */
export function fromColumns({ fields, rows }: TextResult): Comparison {
  const places = fields.map(({ name }, place) => ({ name, place })).slice(1);
  // A column of the table may itself be called to_…: the blocks are told apart by where the first begins anew.
  const firstTo = places.findIndex(({ name }) => !name.startsWith('from_'));
  const cut = firstTo < 0 ? places.length : firstTo;
  const from = new Map(places.slice(0, cut).map(({ name, place }) => [name.slice('from_'.length), place]));
  const to = new Map(places.slice(cut).map(({ name, place }) => [name.slice('to_'.length), place]));
  const columns = [...new Set([...to.keys(), ...from.keys()])];
  const pick = (row: Row, side: ReadonlyMap<string, number>): Row =>
    columns.map((column) => row[side.get(column) ?? -1] ?? null);
  return comparison(
    columns,
    rows.map((row) => [row[0] ?? '', pick(row, from), pick(row, to)]),
  );
}

/** From `diff_type`, `row_key`, and the rows as JSON objects of texts. */
export function fromObjects({ rows }: TextResult): Comparison {
  const sides = rows.slice(0, MOST_ROWS).map((row) => ({
    type: row[0] ?? '',
    from: parseRow(row[2]),
    to: parseRow(row[3]),
  }));
  const columns = [...new Set(sides.flatMap(({ from, to }) => [...Object.keys(to), ...Object.keys(from)]))];
  const pick = (side: Readonly<Record<string, unknown>>): Row =>
    columns.map((column) => (typeof side[column] === 'string' ? side[column] : null));
  return comparison(
    columns,
    sides.map(({ type, from, to }) => [type, pick(from), pick(to)]),
  );
}

function comparison(columns: readonly string[], found: readonly (readonly [string, Row, Row])[]): Comparison {
  const rows = found.map(([type, from, to]): ComparedRow => {
    if (type === 'added') return { state: 'added', cells: to, before: undefined };
    if (type === 'removed') return { state: 'removed', cells: from, before: from };
    return { state: 'changed', cells: to, before: from };
  });
  const counts = { same: 0, changed: 0, added: 0, removed: 0 };
  for (const row of rows) counts[row.state]++;
  return { columns, rows, counts, keyColumns: [] };
}

function parseRow(text: string | null | undefined): Readonly<Record<string, unknown>> {
  const parsed: unknown = JSON.parse(text ?? '{}');
  return typeof parsed === 'object' && parsed !== null ? (parsed as Readonly<Record<string, unknown>>) : {};
}
