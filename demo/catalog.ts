/** What the console asks the catalogue: all queries over system tables are in this file. */
import type { Reader } from './database.ts';
import { queryText } from './database.ts';

export interface ColumnInfo {
  readonly name: string;
  readonly type: string;
  readonly notNull: boolean;
  readonly isKey: boolean;
}

export interface TableInfo {
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnInfo[];
  /** Names of the primary key's columns, none where the table has no key. */
  readonly key: readonly string[];
  readonly indexes: readonly IndexInfo[];
  readonly isView: boolean;
  /** null until counted. */
  readonly rowCount: number | null;
}

export interface IndexInfo {
  readonly name: string;
  readonly columns: string;
  readonly isUnique: boolean;
}

/** The commits of a database in order, as columns: thousands of them are drawn at every move of the slider. */
export interface Commits {
  readonly seq: readonly number[];
  /** Milliseconds since 1970. */
  readonly at: readonly number[];
  readonly author: readonly string[];
  readonly message: readonly string[];
  readonly tables: readonly string[];
  /** The branch it was made on; '' is main. */
  readonly branch: readonly string[];
}

/** A line of history; main has no parent. */
export interface Branch {
  readonly name: string;
  readonly parent: string | null;
  /** The last commit that it shares with its parent. */
  readonly fork: number;
  readonly isCurrent: boolean;
  readonly rowsChanged: number;
  readonly bytes: number;
}

/** A merge: the line that was taken in, up to which commit, and the commit that it is. */
export interface Merge {
  readonly source: string;
  readonly taken: number;
  readonly seq: number;
}

/** What a merge has left to decide. */
export interface Conflict {
  readonly id: number;
  readonly source: string;
  readonly table: string;
  readonly key: string;
  /** null where it is about a whole row. */
  readonly column: string | null;
  readonly ours: string | null;
  readonly theirs: string | null;
}

/** A named moment. */
export interface Tag {
  readonly name: string;
  readonly seq: number;
}

export const NO_COMMITS: Commits = { seq: [], at: [], author: [], message: [], tables: [], branch: [] };

const COLUMNS = `SELECT schema, table_name, column_name, data_type, not_null, is_key
FROM drift.columns WHERE schema = 'public' ORDER BY table_name, position`;

const VIEWS = `SELECT schema, table_name FROM drift.tables WHERE schema = 'public' AND table_type = 'VIEW'
ORDER BY table_name`;

const INDEXES = `SELECT table_name, index_name, columns, is_unique FROM drift.indexes WHERE schema = 'public'
ORDER BY index_name`;

const COMMITS = `SELECT seq, (extract(epoch FROM committed_at) * 1000)::float8, author, message, tables, branch
FROM drift.transactions WHERE seq > $1 ORDER BY seq`;

/** The tables of the reader's moment, without row counts. */
export async function readTables(reader: Reader): Promise<TableInfo[]> {
  const [{ rows }, views, indexes] = await Promise.all([
    queryText(reader, COLUMNS),
    queryText(reader, VIEWS),
    queryText(reader, INDEXES),
  ]);
  const tables = new Map<string, { schema: string; name: string; columns: ColumnInfo[] }>();
  for (const [schema, table, column, type, notNull, isKey] of rows) {
    const name = table ?? '';
    const known = tables.get(name) ?? { schema: schema ?? '', name, columns: [] };
    known.columns.push({ name: column ?? '', type: type ?? '', notNull: isTrue(notNull), isKey: isTrue(isKey) });
    tables.set(name, known);
  }
  const indexesOf = (name: string): IndexInfo[] =>
    indexes.rows
      .filter(([table]) => table === name)
      .map((row) => ({ name: row[1] ?? '', columns: row[2] ?? '', isUnique: isTrue(row[3]) }));
  return [
    ...[...tables.values()].map((table) => ({
      ...table,
      key: table.columns.filter((column) => column.isKey).map((column) => column.name),
      indexes: indexesOf(table.name),
      isView: false,
      rowCount: null,
    })),
    ...views.rows.map(([schema, name]) => ({
      schema: schema ?? '',
      name: name ?? '',
      columns: [],
      key: [],
      indexes: [],
      isView: true,
      rowCount: null,
    })),
  ];
}

/** Counts the rows of all tables in one statement. */
export async function countRows(reader: Reader, tables: readonly TableInfo[]): Promise<TableInfo[]> {
  if (tables.length === 0) return [];
  const counts = tables.map((table, index) => `SELECT ${index} AS i, count(*) AS n FROM ${quote(table.name)}`);
  const { rows } = await queryText(reader, counts.join('\nUNION ALL '));
  const byIndex = new Map(rows.map(([index, count]) => [Number(index), Number(count)]));
  return tables.map((table, index) => ({ ...table, rowCount: byIndex.get(index) ?? null }));
}

/** The commits after `known`'s last, appended to it. */
export async function readCommits(reader: Reader, known: Commits): Promise<Commits> {
  const { rows } = await queryText(reader, COMMITS, [known.seq.at(-1) ?? 0]);
  if (rows.length === 0) return known;
  return {
    seq: [...known.seq, ...rows.map((row) => Number(row[0]))],
    at: [...known.at, ...rows.map((row) => Number(row[1]))],
    author: [...known.author, ...rows.map((row) => row[2] ?? '')],
    message: [...known.message, ...rows.map((row) => row[3] ?? '')],
    tables: [...known.tables, ...rows.map((row) => (row[4] ?? '').replace(/^\{|\}$/g, '').replaceAll(',', ', '))],
    branch: [...known.branch, ...rows.map((row) => row[5] ?? '')],
  };
}

/** All lines, main first. */
export async function readBranches(reader: Reader): Promise<Branch[]> {
  const { rows } = await queryText(
    reader,
    'SELECT name, parent, fork_seq, is_current, rows_changed, bytes FROM drift.branches',
  );
  return rows.map(([name, parent, fork, isCurrent, rowsChanged, size]) => ({
    name: name ?? '',
    parent: parent ?? null,
    fork: Number(fork ?? 0),
    isCurrent: isTrue(isCurrent),
    rowsChanged: Number(rowsChanged ?? 0),
    bytes: Number(size ?? 0),
  }));
}

/** Conflicts that merges into the reader's line have left open. */
export async function readConflicts(reader: Reader): Promise<Conflict[]> {
  if (!(await isMade(reader, 'conflicts'))) return [];
  const { rows } = await queryText(
    reader,
    'SELECT id, source, table_name, row_key, column_name, ours, theirs FROM drift.conflicts ORDER BY id',
  );
  return rows.map(([id, source, table, key, column, ours, theirs]) => ({
    id: Number(id),
    source: source ?? '',
    table: table ?? '',
    key: key ?? '',
    column: column ?? null,
    ours: ours ?? null,
    theirs: theirs ?? null,
  }));
}

/** Merges into the reader's line. */
export async function readMerges(reader: Reader): Promise<Merge[]> {
  if (!(await isMade(reader, 'merges'))) return [];
  const { rows } = await queryText(reader, 'SELECT source, source_seq, _seq_from FROM drift.merges ORDER BY 3');
  return rows.map(([source, taken, seq]) => ({ source: source ?? '', taken: Number(taken), seq: Number(seq) }));
}

/** Some of the engine's own tables are made when there is something for them. */
async function isMade(reader: Reader, table: string): Promise<boolean> {
  const sql = "SELECT 1 FROM drift.tables WHERE schema = 'drift' AND table_name = $1";
  return (await queryText(reader, sql, [table])).rows.length > 0;
}

export async function readTags(reader: Reader): Promise<Tag[]> {
  const { rows } = await queryText(reader, 'SELECT name, seq FROM drift.tags ORDER BY seq, name');
  return rows.map(([name, seq]) => ({ name: name ?? '', seq: Number(seq) }));
}

/** Every version of one row, oldest first; the first two columns are `_seq_from` and `_seq_to`. */
export function rowHistoryQuery(table: TableInfo): string {
  const conditions = table.key.map((column, index) => `${quote(column)} = $${index + 1}`);
  const columns = table.columns.map((column) => quote(column.name));
  return `SELECT _seq_from, _seq_to, ${columns.join(', ')} FROM ${quote(table.name)} FOR SYSTEM_TIME ALL
WHERE ${conditions.join(' AND ')} ORDER BY _seq_from`;
}

/** An identifier as SQL text, in quotes only where it needs them. */
export function quote(name: string): string {
  return /^[a-z_][a-z0-9_]*$/.test(name) && !RESERVED.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

const RESERVED: ReadonlySet<string> = new Set(
  `all and any array as asc both case cast check collate column constraint create default desc distinct do else end except
  false fetch for foreign from grant group having in initially intersect into leading limit not null offset on only or
  order primary references returning select some symmetric table then to trailing true union unique user using variadic
  when where window with`.split(/\s+/),
);

function isTrue(text: string | null | undefined): boolean {
  return text === 't' || text === 'true';
}
