/**
 * Session: a conversation with the engine that a program holds on to. What BEGIN, SET, PREPARE, DECLARE and CREATE TEMP
 * do belongs to it; several sessions interleave, and one that waits for a lock holds nobody else up.
 */
import { copyFrom, type CopyFromOptions, type CopySource, copyTo, type CopyToOptions } from './copy.ts';
import { engineOptions, type TransactionOptions } from './options.ts';
import { Statements } from './statements.ts';
import { type StreamOptions, streamRows } from './stream.ts';

export class Session extends Statements implements AsyncDisposable {
  /** Begins a transaction, as BEGIN does; throws 25001 where one is open already. */
  async begin(options: TransactionOptions = {}): Promise<void> {
    await this.channel.begin(engineOptions(options), true);
  }

  /** Commits the open transaction; returns its sequence number, null where nothing changed or none is open. */
  commit(): Promise<number | null> {
    return this.channel.commit();
  }

  /** Rolls the open transaction back; no error where none is open. */
  rollback(): Promise<void> {
    return this.channel.rollback();
  }

  /** Copies a stream into a table, as `Database.copyFrom` does, in the open transaction. Throws 25P01 where none is open. */
  copyFrom(table: string, source: CopySource, options: CopyFromOptions = {}): Promise<number> {
    return copyFrom(this.channel, table, source, options);
  }

  /** Returns the rows of a query as `Database.stream` does, in the open transaction; what it writes meanwhile is not among them. */
  stream<Row = Record<string, unknown>>(
    sql: string,
    params: readonly unknown[] = [],
    options: StreamOptions = {},
  ): AsyncGenerator<Row, void, undefined> {
    return streamRows<Row>(this.channel, { sql, params, options }, null);
  }

  /** Returns rows as a stream of lines, in the open transaction. */
  copyTo(source: string, options: CopyToOptions = {}): ReadableStream<string> {
    const nothing = (): Promise<void> => Promise.resolve();
    return copyTo(this.channel, source, options, { begin: nothing, done: nothing });
  }

  /** Ends the session: rolls back what is open, drops temporary tables, frees everything. Closing twice is no error. */
  close(): Promise<void> {
    return this.channel.close();
  }

  /** `await using session = db.session()` closes the session at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
