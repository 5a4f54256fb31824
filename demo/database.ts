/**
 * The part of DriftDB's public API that the console uses. It opens databases in open-database.ts alone: what only reads
 * results stays free of the worker and can be tested anywhere.
 *
 * The console reads every value as text, as PostgreSQL prints it (`text: true`, `rowMode: 'array'`): the grid shows
 * exactly what the database holds, two moments compare by string equality, and charts parse the numbers they need.
 */
export interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

export interface QueryOptions {
  readonly rowMode?: 'object' | 'array';
  readonly text?: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** How far a statement is. */
export interface Progress {
  readonly rowsRead: number;
  readonly rowsExpected: number;
}

export interface QueryResult {
  readonly rows: readonly unknown[];
  readonly fields: readonly Field[];
  readonly affectedRows?: number | null | undefined;
  readonly command?: string | undefined;
  readonly notices?: readonly { readonly message: string }[] | undefined;
}

export interface Reader {
  query(sql: string, parameters?: unknown[], options?: QueryOptions): Promise<QueryResult>;
}

export interface CommitOptions {
  readonly author?: string;
  readonly message?: string;
  readonly metadata?: unknown;
  readonly timestamp?: Date;
  readonly durability?: 'full' | 'relaxed';
}

export interface Database extends Reader {
  transaction<T>(work: (transaction: Reader) => Promise<T>, options?: CommitOptions): Promise<T>;
  asOf(moment: { seq: number }): Reader;
  branch(name: string): Promise<Session>;
  status(): Promise<{ readonly durability: string; readonly lastSeq: number; readonly storageBytes: number }>;
  checkpoint(): Promise<unknown>;
  exportFile(): Promise<Blob | Uint8Array>;
  check(): Promise<readonly Problem[]>;
  rekey(options: { readonly passphrase: string }): Promise<void>;
  close(): Promise<void>;
}

/** A session on a branch. */
export interface Session extends Reader {
  begin(options?: CommitOptions): Promise<void>;
  commit(): Promise<number | null>;
  close(): Promise<void>;
}

/** One thing that a check found wrong. */
export interface Problem {
  readonly object: string;
  readonly problem: string;
}

/** A result as text: one array of cells a row, null for NULL. */
export interface TextResult {
  readonly fields: readonly Field[];
  readonly rows: readonly (readonly (string | null)[])[];
  readonly affectedRows: number | null;
  readonly command: string;
}

export async function queryText(
  reader: Reader,
  sql: string,
  parameters: unknown[] = [],
  signal?: AbortSignal,
  onProgress?: (progress: Progress) => void,
): Promise<TextResult> {
  const options: QueryOptions = {
    rowMode: 'array',
    text: true,
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
  const result = await reader.query(sql, parameters, options);
  return {
    fields: result.fields,
    rows: result.rows as readonly (readonly (string | null)[])[],
    affectedRows: result.affectedRows ?? null,
    command: result.command ?? '',
  };
}

const NUMERIC_OIDS: ReadonlySet<number> = new Set([20, 21, 23, 700, 701, 1700]);
const TEMPORAL_OIDS: ReadonlySet<number> = new Set([1082, 1114, 1184]);

export function isNumeric(field: Field): boolean {
  return NUMERIC_OIDS.has(field.dataTypeID);
}

export function isTemporal(field: Field): boolean {
  return TEMPORAL_OIDS.has(field.dataTypeID);
}

/** What the console shows of an error, whatever threw it. */
export interface QueryError {
  readonly message: string;
  readonly code: string;
  readonly detail: string;
  readonly hint: string;
  /** Place in the statement, from 1; 0 when the error has none. */
  readonly position: number;
}

export function toQueryError(error: unknown): QueryError {
  const fields = (typeof error === 'object' && error !== null ? error : {}) as Readonly<Record<string, unknown>>;
  const text = (name: string): string => (typeof fields[name] === 'string' ? fields[name] : '');
  const position = Number(fields['position'] ?? 0);
  return {
    message: text('message') || String(error),
    code: text('code'),
    detail: text('detail'),
    hint: text('hint'),
    position: Number.isFinite(position) ? position : 0,
  };
}

/** An error in a sentence or two. */
export function errorText(error: unknown): string {
  const { message, hint } = toQueryError(error);
  return hint === '' ? message : `${message}. ${hint}`;
}

/** What the console says when a database does not open. */
export function openingText(error: unknown): string {
  const { code } = toQueryError(error);
  if (code === '28P01') return 'This passphrase does not open it. Nothing was changed: try another one.';
  return errorText(error);
}

export function isDamage(error: unknown): boolean {
  return toQueryError(error).code === 'XX001';
}
