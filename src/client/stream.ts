/**
 * Rows as they come: an async iterator over a query, which asks the engine for the next piece while the program has the
 * one before. So two pieces of a few thousand rows are in memory, whatever the number of rows, and an engine that nobody
 * asks stands still.
 *
 * In a transaction of others nothing is asked for ahead, and nothing cancelled when the loop is left: an error of rows
 * that nobody wanted would end that transaction.
 */
import type { ResultSet } from '../database/api.ts';
import { onAbort } from './abort.ts';
import type { ConnectionSession, StatementOptions } from './connection.ts';
import { type QueryOptions, runOptions } from './options.ts';
import { toParameter } from './parameters.ts';
import { LazyResults } from './result.ts';

export type StreamOptions = Omit<QueryOptions, 'onProgress'>;

/** The transaction of a stream's own. */
export interface Around {
  begin(): Promise<void>;
  /** At the end; `failed` says that it ended by an error. */
  done(failed: boolean): Promise<void>;
}

/** Tells the streams of a session apart. */
let lastStream = 0;

export async function* streamRows<Row>(
  session: ConnectionSession,
  {
    sql,
    params,
    options,
  }: { readonly sql: string; readonly params: readonly unknown[]; readonly options: StreamOptions },
  own: Around | null,
): AsyncGenerator<Row, void, undefined> {
  const stream = ++lastStream;
  const stop = new AbortController();
  const { signal } = options;
  if (signal?.aborted === true) stop.abort();
  const forget = signal === undefined ? undefined : onAbort(signal, () => stop.abort());
  const how: StatementOptions = { ...runOptions(options), signal: stop.signal };
  const ask = (first: boolean): Promise<ResultSet | null> => {
    const piece = session.stream(first ? { stream, sql, parameters: params.map(toParameter) } : { stream }, how);
    // An error of a piece that nobody waits for any more is no one's.
    piece.catch(() => undefined);
    return piece;
  };
  let state: 'open' | 'ended' | 'failed' = 'open';
  let next: Promise<ResultSet | null> | null = null;
  try {
    if (own !== null) await own.begin();
    next = ask(true);
    for (let rows = await next; rows !== null; rows = await next) {
      if (own !== null) next = ask(false);
      yield* new LazyResults<Row>(rows, options).rows;
      if (own === null) next = ask(false);
    }
    state = 'ended';
  } catch (error) {
    state = 'failed';
    throw error;
  } finally {
    forget?.();
    if (state === 'open') {
      // The loop was left: what runs is cancelled, and the stream forgotten.
      if (own !== null) stop.abort();
      await next?.catch(() => undefined);
      await session.stream({ stream, end: true }, {}).catch(() => undefined);
    }
    await own?.done(state === 'failed').catch((error: unknown) => {
      if (state === 'ended') throw error;
    });
  }
}
