/** Statements in a session: what a database, a transaction and a view of the past have in common. */
import type { MaybePromise } from '../base/task.ts';
import type { ConnectionSession, Description, StatementOptions } from './connection.ts';
import { copyFrom, type CopyFromOptions, type CopySource, copyTo, type CopyToOptions } from './copy.ts';
import { type At, type QueryOptions, runOptions } from './options.ts';
import { toParameter } from './parameters.ts';
import { LazyResults, type Results } from './result.ts';
import { type StreamOptions, streamRows } from './stream.ts';

export interface Queryable {
  /**
   * Runs one statement with its parameters `$1`, `$2` …; throws DriftError. Several statements in one text, without
   * parameters, are one transaction and give the last one's result.
   */
  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<Results<Row>>;
  /** Runs the statements of a script one after another, each in a transaction of its own unless the script says BEGIN. */
  exec(sql: string, options?: QueryOptions): Promise<Results[]>;
  /** Runs a tagged template, whose values become parameters: ``db.sql`SELECT * FROM t WHERE id = ${id}` ``. */
  sql<Row = Record<string, unknown>>(
    strings: TemplateStringsArray,
    ...values: readonly unknown[]
  ): Promise<Results<Row>>;
  /** Returns a statement to run many times. Nothing runs yet; a mistake in it shows when it does. */
  prepare<Row = Record<string, unknown>>(sql: string): PreparedStatement<Row>;
}

export interface PreparedStatement<Row = Record<string, unknown>> {
  readonly sql: string;
  query(params?: readonly unknown[], options?: QueryOptions): Promise<Results<Row>>;
  /**
   * Returns the first row of the answer, undefined where there is none: at once where the engine is in this thread, the
   * statement is a SELECT by key or by an index, has been run before, and what it reads is in memory; else a promise of it.
   */
  get(params?: readonly unknown[]): MaybePromise<Row | undefined>;
  /** Returns the parameters' type OIDs and the fields of the result, without running the statement. */
  describe(): Promise<Description>;
}

export class Statements implements Queryable {
  protected readonly channel: ConnectionSession;
  readonly #asOf: At | undefined;

  constructor(session: ConnectionSession, asOf?: At) {
    this.channel = session;
    this.#asOf = asOf;
  }

  async query<Row = Record<string, unknown>>(
    sql: string,
    params: readonly unknown[] = [],
    options: QueryOptions = {},
  ): Promise<Results<Row>> {
    const result = await this.channel.execute(sql, params.map(toParameter), this.#statement(options));
    return new LazyResults<Row>(result, options);
  }

  async exec(sql: string, options: QueryOptions = {}): Promise<Results[]> {
    const results = await this.channel.script(sql, this.#statement(options));
    return results.map((result) => new LazyResults<Record<string, unknown>>(result, options));
  }

  sql<Row = Record<string, unknown>>(
    strings: TemplateStringsArray,
    ...values: readonly unknown[]
  ): Promise<Results<Row>> {
    return this.query<Row>(
      strings.reduce((text, part, i) => `${text}$${i}${part}`),
      values,
    );
  }

  prepare<Row = Record<string, unknown>>(sql: string): PreparedStatement<Row> {
    const quick = this.#asOf === undefined ? this.channel.quick?.(sql) : undefined;
    return {
      sql,
      query: (params, options) => this.query<Row>(sql, params, options),
      get: (params = []) => {
        const found = quick?.first(params);
        if (found === undefined) return this.#first<Row>(sql, params);
        return found === null ? undefined : (found as Row);
      },
      describe: () => this.channel.describe(sql),
    };
  }

  async #first<Row>(sql: string, params: readonly unknown[]): Promise<Row | undefined> {
    return (await this.query<Row>(sql, params)).rows[0];
  }

  #statement(options: QueryOptions): StatementOptions {
    return runOptions(options, this.#asOf);
  }
}

/** A transaction in progress. */
export class Transaction extends Statements {
  #ended = false;

  /** Copies a stream into a table, as `Database.copyFrom` does, in this transaction. */
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

  /** Returns rows as a stream of lines; one at a time in a transaction. */
  copyTo(source: string, options: CopyToOptions = {}): ReadableStream<string> {
    const nothing = (): Promise<void> => Promise.resolve();
    return copyTo(this.channel, source, options, { begin: nothing, done: nothing });
  }

  /** Rolls back and ends the transaction: its function may go on, but what it queries then fails with 08003. */
  async rollback(): Promise<void> {
    this.#ended = true;
    await this.channel.close();
  }

  get ended(): boolean {
    return this.#ended;
  }
}
