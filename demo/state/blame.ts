/**
 * Who changed a cell last: the versions of its row up to the moment that is shown, gone back through while the value is the
 * same. A row is asked for once, whatever the number of its cells that are pointed at.
 */
import type { TableInfo } from '../catalog.ts';
import { quote } from '../catalog.ts';
import type { Reader } from '../database.ts';
import { queryText } from '../database.ts';

/** Versions of a row that are read, newest first. */
const MOST_VERSIONS = 1000;
/** Columns of the answer before those of the table, under names that none of those can be taken for. */
const HEAD: readonly string[] = ['seq', 'at', 'author', 'message', 'metadata', 'operation'];

/** The versions of one row, newest first. */
export interface Versions {
  readonly table: TableInfo;
  readonly rows: readonly (readonly (string | null)[])[];
}

export interface Blame {
  readonly seq: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly author: string;
  readonly message: string;
  /** The commit that made the row, not only this value of it. */
  readonly made: boolean;
  /** Older versions were not read or are not kept: it may have been so for longer. */
  readonly orEarlier: boolean;
}

/** The versions of a row as the reader's moment knows them. */
export async function readVersions(
  reader: Reader,
  table: TableInfo,
  key: readonly (string | null)[],
  signal: AbortSignal,
): Promise<Versions> {
  const parameters = [quote(table.name), ...key].map((value) => `'${(value ?? '').replaceAll("'", "''")}'`);
  const names = [...HEAD.map((name) => `h_${name}`), ...table.columns.map((_, index) => `c_${index}`)];
  const columns = names.map((name) => (name === 'h_at' ? '(extract(epoch FROM h_at) * 1000)::float8' : name));
  const sql = `SELECT ${columns.join(', ')} FROM row_history(${parameters.join(', ')}) AS h (${names.join(', ')})
ORDER BY h_seq DESC LIMIT ${MOST_VERSIONS}`;
  const { rows } = await queryText(reader, sql, [], signal);
  return { table, rows };
}

/** undefined where the row's newest version has no such value: it is computed, or not committed yet. */
export function blameOf({ table, rows }: Versions, column: string, value: string | null): Blame | undefined {
  const index = table.columns.findIndex(({ name }) => name === column);
  const place = HEAD.length + index;
  const newest = rows[0];
  if (newest === undefined || index < 0 || isEnd(newest) || (newest[place] ?? null) !== value) return undefined;
  let found = 0;
  for (let older = 1; older < rows.length && !isBeginning(rows[found]); older++) {
    if (isEnd(rows[older]) || (rows[older]?.[place] ?? null) !== value) break;
    found = older;
  }
  const row = rows[found] ?? newest;
  const seq = Number(row[0]);
  const made = operationOf(row) === 'insert';
  return {
    seq,
    at: Number(row[1]),
    author: row[2] ?? '',
    message: row[3] ?? '',
    made,
    orEarlier: !made && (isBeginning(row) || found === rows.length - 1),
  };
}

/** What was before it is not there: it was inserted, or that is not kept. */
function isBeginning(row: readonly (string | null)[] | undefined): boolean {
  return ['insert', 'unknown'].includes(operationOf(row));
}

/** The row went, or became something that is not kept. */
function isEnd(row: readonly (string | null)[] | undefined): boolean {
  return ['delete', 'ended'].includes(operationOf(row));
}

function operationOf(row: readonly (string | null)[] | undefined): string {
  return row?.[HEAD.length - 1] ?? '';
}
