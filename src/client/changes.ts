/**
 * Change feeds: every change of every commit from a sequence number on, in order, and then as commits come.
 *
 * The engine says how far the feed may read in one go and which tables changed until there (WAIT FOR CHANGES); the rows
 * come from `table_changes`. So a feed is a reader of history like any other: it cannot lose or repeat anything, whatever
 * happens between two pieces, and one that begins again after a reload needs nothing but the last number.
 *
 * The next piece is read when the one before has been taken: who reads slowly has history grow in front of him, no queue.
 * A commit too big for one message comes through a cursor.
 */
import { DriftError } from '../base/error.ts';
import type { ResultSet } from '../database/api.ts';
import { onAbort } from './abort.ts';
import type { ConnectionSession } from './connection.ts';
import { requireTableName, useBranch } from './names.ts';
import { columnValues } from './parsers.ts';

export interface ChangesOptions {
  /** The commit after which the feed begins: the last one that was handled, or 0 for all of history. Default: the newest. */
  readonly from?: number | undefined;
  /**
   * A feed that the database knows: it goes on where it was, and begins at `from` where it is new. It moves behind a
   * commit when the next change is asked for after the `last` of it, so a reader that stops halfway gets that commit again.
   * What it has not handled is kept, until `SELECT drift_drop_feed(name)`.
   */
  readonly name?: string | undefined;
  /** The branch whose history is followed. Default: the main line. */
  readonly branch?: string | undefined;
  /** Names as in SQL (`t`, `public.t`). Default: all tables. */
  readonly tables?: readonly string[] | undefined;
  /** Ends the feed when it aborts, without an error. */
  readonly signal?: AbortSignal | undefined;
}

/** A row as it was: values by the names that the columns had then. */
export type Image = Readonly<Record<string, unknown>>;

export interface Change {
  readonly seq: number;
  readonly committedAt: Date;
  readonly author: string | null;
  readonly message: string | null;
  readonly metadata: unknown;
  readonly schema: string;
  readonly table: string;
  readonly operation: 'insert' | 'update' | 'delete';
  /** Null for an insert. */
  readonly before: Image | null;
  /** Null for a delete. */
  readonly after: Image | null;
  /** The last change of its commit: a feed with `from: seq` goes on behind it. */
  readonly last: boolean;
}

/** Changes of one piece of one table that travel at once. */
const ROWS_A_PIECE = 2000;
/** Columns of `table_changes` before the images. */
const FIXED = 6;
/** The database was closed: a feed ends with it. */
const CLOSED: ReadonlySet<string> = new Set(['57P01', '08003']);

interface Source {
  readonly schema: string;
  readonly table: string;
}

/**
 * `begin` gives the feed a session of its own, `from` the commit after which it begins. Its `return` ends it at once, even
 * while it waits for a commit (that of a generator would wait too).
 */
export function changes(
  begin: () => ConnectionSession,
  from: number | Promise<number>,
  options: ChangesOptions,
): AsyncGenerator<Change, void, undefined> {
  const stop = new AbortController();
  const feed = following(begin, from, options, stop);
  const end = feed.return.bind(feed);
  return Object.assign(feed, {
    return: (value: void | PromiseLike<void>) => {
      stop.abort();
      return end(value);
    },
  });
}

async function* following(
  begin: () => ConnectionSession,
  from: number | Promise<number>,
  { signal: given, tables, name, branch }: ChangesOptions,
  stop: AbortController,
): AsyncGenerator<Change, void, undefined> {
  tables?.forEach(requireTableName);
  const { signal } = stop;
  if (given?.aborted === true) stop.abort();
  const forget = given === undefined ? undefined : onAbort(given, () => stop.abort());
  try {
    const start = (): Promise<ConnectionSession> => onBranch(begin(), branch);
    const feed = name === undefined ? undefined : await NamedFeed.open(start, name, await from);
    yield* pieces(start, feed?.from ?? (await from), { tables, signal, feed });
  } finally {
    forget?.();
  }
}

/** The session, taken to the branch. */
async function onBranch(session: ConnectionSession, branch: string | undefined): Promise<ConnectionSession> {
  if (branch === undefined) return session;
  try {
    await session.execute(useBranch(branch), [], {});
    return session;
  } catch (error) {
    await session.close().catch(() => undefined);
    throw error;
  }
}

interface Following {
  readonly tables: readonly string[] | undefined;
  readonly signal: AbortSignal;
  readonly feed: NamedFeed | undefined;
}

async function* pieces(
  begin: () => Promise<ConnectionSession>,
  from: number,
  { tables, signal, feed }: Following,
): AsyncGenerator<Change, void, undefined> {
  let after = from;
  if (!Number.isSafeInteger(after) || after < 0) throw new DriftError('22023', `sequence number ${after} is not valid`);
  const session = await begin();
  try {
    while (!signal.aborted) {
      const { through, sources } = await nextPiece(session, after, tables, signal);
      const rows = piece(session, after, through, sources);
      if (feed === undefined) yield* rows;
      else yield* feed.noting(rows);
      if (sources.length > 0) await feed?.advance(through);
      after = through;
    }
  } catch (error) {
    const { code = '' } = error as { readonly code?: string };
    if (signal.aborted || CLOSED.has(code)) return;
    throw error;
  } finally {
    await feed?.end();
    await session.close().catch(() => undefined);
  }
}

/** The name's half of a feed: a session that says how far it is. */
class NamedFeed {
  readonly from: number;
  readonly #session: ConnectionSession;
  readonly #name: string;
  /** Handled, and said so. */
  #handled: number;
  #noted: number;

  private constructor(session: ConnectionSession, name: string, from: number) {
    this.#session = session;
    this.#name = name;
    this.from = this.#handled = this.#noted = from;
  }

  static async open(begin: () => Promise<ConnectionSession>, name: string, from: number): Promise<NamedFeed> {
    const session = await begin();
    try {
      const result = await session.execute('SELECT drift_feed($1, $2)', [name, from], {});
      const [position] = result.columns.map((column) => columnValues(column, 1, result.fields[0]?.dataTypeID ?? 0));
      return new NamedFeed(session, name, Number(position?.[0]));
    } catch (error) {
      await session.close().catch(() => undefined);
      throw error;
    }
  }

  /** Changes on their way to the reader: who asks for more has handled those before. */
  async *noting(changes: AsyncGenerator<Change, void, undefined>): AsyncGenerator<Change, void, undefined> {
    for await (const change of changes) {
      yield change;
      if (change.last) this.#handled = change.seq;
    }
  }

  async advance(seq: number): Promise<void> {
    this.#handled = seq;
    await this.#note();
  }

  /** What was handled of the last piece; the database may be closed by now. */
  async end(): Promise<void> {
    await this.#note().catch(() => undefined);
    await this.#session.close().catch(() => undefined);
  }

  async #note(): Promise<void> {
    if (this.#handled === this.#noted) return;
    await this.#session.execute('SELECT drift_advance_feed($1, $2)', [this.#name, this.#handled], {});
    this.#noted = this.#handled;
  }
}

async function nextPiece(
  session: ConnectionSession,
  after: number,
  names: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<{ readonly through: number; readonly sources: readonly Source[] }> {
  const only = names === undefined ? '' : ` IN (${names.join(', ')})`;
  const result = await session.execute(`WAIT FOR CHANGES AFTER SEQ ${after}${only}`, [], { signal });
  const [through = [], schemas = [], tables = []] = result.columns.map((column, c) =>
    columnValues(column, result.rowCount, result.fields[c]?.dataTypeID ?? 0),
  );
  const sources = schemas.map((schema, i) => ({ schema: schema as string, table: tables[i] as string })).slice(1);
  return { through: Number(through[0]), sources };
}

/** The changes of commits after `after` up to `through`, in the order of commits. */
async function* piece(
  session: ConnectionSession,
  after: number,
  through: number,
  sources: readonly Source[],
): AsyncGenerator<Change, void, undefined> {
  const found: Change[] = [];
  for (const source of sources) {
    const rows = await read(
      session,
      `SELECT * FROM ${changesOf(source, after, through)} LIMIT ${ROWS_A_PIECE}`,
      source,
    );
    if (rows.length === ROWS_A_PIECE) {
      // Too much at once: in two halves, or where it is one commit through a cursor.
      if (through - after === 1) yield* bigCommit(session, after, sources);
      else {
        const middle = after + ((through - after) >> 1);
        yield* piece(session, after, middle, sources);
        yield* piece(session, middle, through, sources);
      }
      return;
    }
    for (const row of rows) found.push(row);
  }
  // The order of tables within a commit stays: the sort is stable.
  found.sort((a, b) => a.seq - b.seq);
  for (const [i, change] of found.entries()) yield { ...change, last: found[i + 1]?.seq !== change.seq };
}

async function* bigCommit(
  session: ConnectionSession,
  after: number,
  sources: readonly Source[],
): AsyncGenerator<Change, void, undefined> {
  let held: Change | null = null;
  for (const source of sources) {
    const query = `SELECT * FROM ${changesOf(source, after, after + 1)}`;
    await session.execute(`DECLARE drift_feed CURSOR WITH HOLD FOR ${query}`, [], {});
    try {
      for (;;) {
        const rows = await read(session, `FETCH ${ROWS_A_PIECE} FROM drift_feed`, source);
        if (rows.length === 0) break;
        for (const row of rows) {
          if (held !== null) yield held;
          held = row;
        }
      }
    } finally {
      await session.execute('CLOSE drift_feed', [], {});
    }
  }
  if (held !== null) yield { ...held, last: true };
}

function changesOf({ schema, table }: Source, after: number, through: number): string {
  const quoted = [schema, table].map((name) => `"${name.replaceAll('"', '""')}"`).join('.');
  return `table_changes('${quoted.replaceAll("'", "''")}', ${after}, ${through})`;
}

async function read(session: ConnectionSession, sql: string, { schema, table }: Source): Promise<Change[]> {
  const result = await session.execute(sql, [], {});
  const { rowCount, fields } = result;
  const [seq, committedAt, author, message, metadata, operation] = result.columns
    .slice(0, FIXED)
    .map((column, c) => columnValues(column, rowCount, fields[c]?.dataTypeID ?? 0));
  const width = (fields.length - FIXED) >> 1;
  const before = images(result, FIXED, width, 'before_'.length);
  const after = images(result, FIXED + width, width, 'after_'.length);
  return Array.from({ length: rowCount }, (_, row) => ({
    seq: Number(seq?.[row]),
    committedAt: committedAt?.[row] as Date,
    author: author?.[row] as string | null,
    message: message?.[row] as string | null,
    metadata: metadata?.[row],
    schema,
    table,
    operation: operation?.[row] as Change['operation'],
    before: operation?.[row] === 'insert' ? null : before(row),
    after: operation?.[row] === 'delete' ? null : after(row),
    last: false,
  }));
}

/** Rows of the columns from `first` on, under their names without the prefix. */
function images(result: ResultSet, first: number, width: number, prefix: number): (row: number) => Image {
  const columns = Array.from({ length: width }, (_, c) => {
    const { name = '', dataTypeID = 0 } = result.fields[first + c] ?? {};
    const vector = result.columns[first + c];
    const values = vector === undefined ? [] : columnValues(vector, result.rowCount, dataTypeID);
    return [name.slice(prefix), values] as const;
  });
  return (row) => Object.fromEntries(columns.map(([name, values]) => [name, values[row]]));
}
