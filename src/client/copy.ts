/**
 * COPY through the API: a stream of text, bytes or rows into a table, and a query's rows out as a stream of text.
 *
 * The next chunk is asked of its source when the engine has taken the one before the last: a slow engine slows the source
 * down, and memory holds two chunks, whatever the size of the whole. Rows cross as columns.
 */
import { DriftError } from '../base/error.ts';
import type { CopyPiece, Parameter } from '../database/api.ts';
import type { ConnectionSession } from './connection.ts';
import { isTableName, requireTableName } from './names.ts';
import { toParameter } from './parameters.ts';

/** COPY's options, as PostgreSQL names them; what is left out is as there. */
export interface CopyFormatOptions {
  /** Default `text`. */
  readonly format?: 'text' | 'csv' | undefined;
  readonly delimiter?: string | undefined;
  /** The text that stands for NULL. */
  readonly null?: string | undefined;
  /** `match`: the first line must name the columns (copyFrom). */
  readonly header?: boolean | 'match' | undefined;
  readonly quote?: string | undefined;
  readonly escape?: string | undefined;
}

export interface CopyFromOptions extends CopyFormatOptions {
  /** Default: all columns, or the keys of the first row where rows are objects. */
  readonly columns?: readonly string[] | undefined;
  readonly forceNull?: readonly string[] | undefined;
  readonly forceNotNull?: readonly string[] | undefined;
  /** Of bytes: utf8 (default), latin1, windows-1252 … */
  readonly encoding?: string | undefined;
  /** A condition that rows must meet to be taken, in SQL. */
  readonly where?: string | undefined;
}

export interface CopyToOptions extends CopyFormatOptions {
  /** Of a table. Default: all. */
  readonly columns?: readonly string[] | undefined;
  /** Columns whose values are always quoted. */
  readonly forceQuote?: readonly string[] | '*' | undefined;
}

/** Text or bytes in COPY's format; or rows: arrays in the order of the columns, or objects by their names. */
export type CopyChunk = string | Uint8Array | readonly unknown[] | Readonly<Record<string, unknown>>;
export type CopySource =
  | string
  | Uint8Array
  | Iterable<CopyChunk>
  | AsyncIterable<CopyChunk>
  | { getReader(): { read(): Promise<{ readonly done: boolean; readonly value?: unknown }> } };

/** Rows that travel together, and text that is worth a message. */
const ROWS_A_PIECE = 4096;
const CHARACTERS_A_PIECE = 1 << 18;

/** Copies into a table in the session's open transaction; returns the number of rows. */
export async function copyFrom(
  session: ConnectionSession,
  table: string,
  source: CopySource,
  options: CopyFromOptions = {},
): Promise<number> {
  const pieces = piecesOf(source, options.columns);
  let next = await pieces.next();
  const columns = options.columns ?? (next.done === true ? undefined : next.value.names);
  await session.copy({ sql: fromStatement(table, columns, options) });
  let running: Promise<unknown> | null = null;
  try {
    for (; next.done !== true; next = await pieces.next()) {
      await running;
      running = session.copy(next.value.piece);
      running.catch(() => undefined);
    }
    await running;
  } finally {
    if (next.done !== true) await pieces.return?.(undefined);
  }
  return (await session.copy({ end: true })) as number;
}

/** The lines of a table (`t`, `public.t`) or query as they come. `done` runs at the end, or with the error. */
export function copyTo(
  session: ConnectionSession,
  source: string,
  options: CopyToOptions,
  { begin, done }: { begin(): Promise<void>; done(failed: boolean): Promise<void> },
): ReadableStream<string> {
  const sql = toStatement(source, options);
  let started = false;
  return new ReadableStream<string>(
    {
      async pull(controller) {
        try {
          if (!started) await begin();
          const text = (await session.copy(started ? {} : { sql })) as string | null;
          started = true;
          if (text !== null) controller.enqueue(text);
          else {
            await done(false);
            controller.close();
          }
        } catch (error) {
          await done(true).catch(() => undefined);
          throw error;
        }
      },
      async cancel() {
        if (started) await session.copy({ end: true });
        await done(false);
      },
    },
    { highWaterMark: 1 },
  );
}

// ---- pieces --------------------------------------------------------------------------------------------------------

interface Piece {
  readonly piece: CopyPiece;
  /** Columns that the rows are of, where they say so. */
  readonly names: readonly string[] | undefined;
}

/** Chunks as they travel: rows gathered into columns, short texts put together. */
async function* piecesOf(
  source: CopySource,
  columns: readonly string[] | undefined,
): AsyncGenerator<Piece, undefined, undefined> {
  let text = '';
  let rows: Rows | null = null;
  for await (const chunk of chunksOf(source)) {
    if (typeof chunk === 'string') {
      text += chunk;
      if (text.length < CHARACTERS_A_PIECE) continue;
      yield { piece: { data: text }, names: undefined };
      text = '';
    } else if (chunk instanceof Uint8Array) {
      if (text !== '') yield { piece: { data: text }, names: undefined };
      text = '';
      yield { piece: { data: chunk }, names: undefined };
    } else {
      rows ??= new Rows(Array.isArray(chunk) ? columns : (columns ?? Object.keys(chunk as object)));
      rows.add(chunk as readonly unknown[]);
      if (rows.count >= ROWS_A_PIECE) yield rows.take();
    }
  }
  if (text !== '') yield { piece: { data: text }, names: undefined };
  if (rows !== null && rows.count > 0) yield rows.take();
}

class Rows {
  readonly #names: readonly string[] | undefined;
  #columns: Parameter[][] = [];
  count = 0;

  constructor(names: readonly string[] | undefined) {
    this.#names = names;
  }

  add(row: readonly unknown[] | Readonly<Record<string, unknown>>): void {
    const names = this.#names;
    const cells = Array.isArray(row)
      ? (row as readonly unknown[])
      : (names ?? []).map((name) => (row as Readonly<Record<string, unknown>>)[name]);
    if (this.count === 0) this.#columns = cells.map(() => []);
    if (cells.length !== this.#columns.length)
      throw new DriftError('22P04', `a row has ${cells.length} values, the first has ${this.#columns.length}`);
    for (let c = 0; c < cells.length; c++) (this.#columns[c] as Parameter[]).push(toParameter(cells[c]));
    this.count++;
  }

  take(): Piece {
    const piece = { piece: { columns: this.#columns }, names: this.#names };
    this.#columns = [];
    this.count = 0;
    return piece;
  }
}

async function* chunksOf(source: CopySource): AsyncGenerator<CopyChunk, undefined, undefined> {
  if (typeof source === 'string' || source instanceof Uint8Array) {
    yield source;
  } else if ('getReader' in source && !(Symbol.asyncIterator in source)) {
    // Not every browser's streams can be iterated.
    const reader = source.getReader();
    for (let part = await reader.read(); !part.done; part = await reader.read()) yield part.value as CopyChunk;
  } else {
    yield* source as AsyncIterable<CopyChunk>;
  }
}

// ---- statements ----------------------------------------------------------------------------------------------------

function fromStatement(table: string, columns: readonly string[] | undefined, options: CopyFromOptions): string {
  requireTableName(table);
  const list = columns === undefined ? '' : ` (${columns.map(quoted).join(', ')})`;
  const { forceNull, forceNotNull, encoding, where } = options;
  const more = [
    ...(forceNull === undefined ? [] : [`force_null (${forceNull.map(quoted).join(', ')})`]),
    ...(forceNotNull === undefined ? [] : [`force_not_null (${forceNotNull.map(quoted).join(', ')})`]),
    ...(encoding === undefined ? [] : [`encoding ${literal(encoding)}`]),
  ];
  const condition = where === undefined ? '' : ` WHERE ${where}`;
  return `COPY ${table}${list} FROM STDIN${optionList([...formatList(options), ...more])}${condition}`;
}

function toStatement(source: string, options: CopyToOptions): string {
  const list = options.columns === undefined ? '' : ` (${options.columns.map(quoted).join(', ')})`;
  const from = isTableName(source) ? `${source}${list}` : `(${source.replace(/;\s*$/, '')})`;
  const { forceQuote } = options;
  const force =
    forceQuote === undefined
      ? []
      : [`force_quote ${forceQuote === '*' ? '*' : `(${forceQuote.map(quoted).join(', ')})`}`];
  return `COPY ${from} TO STDOUT${optionList([...formatList(options), ...force])}`;
}

function formatList({ format, delimiter, null: nullText, header, quote, escape }: CopyFormatOptions): string[] {
  return [
    ...(format === undefined ? [] : [`format ${format}`]),
    ...(delimiter === undefined ? [] : [`delimiter ${literal(delimiter)}`]),
    ...(nullText === undefined ? [] : [`null ${literal(nullText)}`]),
    ...(header === undefined ? [] : [`header ${header}`]),
    ...(quote === undefined ? [] : [`quote ${literal(quote)}`]),
    ...(escape === undefined ? [] : [`escape ${literal(escape)}`]),
  ];
}

function optionList(options: readonly string[]): string {
  return options.length === 0 ? '' : ` WITH (${options.join(', ')})`;
}

function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function literal(text: string): string {
  return text.includes('\\') ? `E'${text.replace(/['\\]/g, '\\$&')}'` : `'${text.replaceAll("'", "''")}'`;
}
