/**
 * Database: the public API, in the shape of PGlite and node-postgres, plus time.
 *
 *     const db = await open('memory://');
 *     await db.exec('CREATE TABLE t (id int PRIMARY KEY, v text)');
 *     await db.query('INSERT INTO t VALUES ($1, $2)', [1, 'one']);
 *     const { rows } = await db.asOf({ seq: 1 }).query('SELECT * FROM t');
 */
import { Cancellation } from '../base/cancel.ts';
import { DriftError } from '../base/error.ts';
import { Numeric } from '../base/numeric.ts';
import type { Value } from '../base/vector.ts';
import type {
  EngineApi,
  EngineStatus,
  ExecuteOptions,
  FieldDescription,
  Moment,
  SessionApi,
  TransactionOptions as EngineTransactionOptions,
} from '../database/api.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { typeByOid } from '../sql/types/registry.ts';
import { toParameter } from './parameters.ts';
import type { Parsers } from './parsers.ts';
import { LazyResults, type Results } from './result.ts';

/** A moment: a Date, a sequence number, or a tag. */
export type At = Date | number | { readonly seq: number } | { readonly tag: string };

export interface QueryOptions {
  /** Rows as objects (default) or arrays. */
  readonly rowMode?: 'object' | 'array' | undefined;
  /** Parsers by type OID, given the value's text. */
  readonly parsers?: Parsers | undefined;
  /** Every value as PostgreSQL prints it. Default false. */
  readonly text?: boolean | undefined;
  /** Milliseconds after which the statement ends with 57014. Default: the session's statement_timeout. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly asOf?: At | undefined;
}

export interface TransactionOptions {
  readonly author?: string | undefined;
  readonly message?: string | undefined;
  /** Any JSON value. */
  readonly metadata?: unknown;
  /** Commit timestamp (a Date, or µs since 1970): later than the last commit's, not in the future. */
  readonly timestamp?: Date | number | undefined;
  readonly readOnly?: boolean | undefined;
  readonly asOf?: At | undefined;
  readonly durability?: 'full' | 'relaxed' | undefined;
}

export interface Queryable {
  /** Runs one statement. Throws DriftError. */
  query<Row = Record<string, unknown>>(
    sql: string,
    params?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<Results<Row>>;
  /** Runs the statements of a script one after another. */
  exec(sql: string, options?: QueryOptions): Promise<Results[]>;
  /** A tagged template: values become parameters. */
  sql<Row = Record<string, unknown>>(
    strings: TemplateStringsArray,
    ...values: readonly unknown[]
  ): Promise<Results<Row>>;
  prepare(sql: string): PreparedStatement;
}

export interface PreparedStatement {
  query<Row = Record<string, unknown>>(params?: readonly unknown[], options?: QueryOptions): Promise<Results<Row>>;
  describe(): Promise<{ readonly parameters: readonly number[]; readonly fields: readonly FieldDescription[] }>;
}

class Statements implements Queryable {
  protected readonly session: SessionApi;
  readonly #asOf: At | undefined;

  constructor(session: SessionApi, asOf?: At) {
    this.session = session;
    this.#asOf = asOf;
  }

  async query<Row = Record<string, unknown>>(
    sql: string,
    params: readonly unknown[] = [],
    options: QueryOptions = {},
  ): Promise<Results<Row>> {
    const { execute, done } = this.#options(options);
    try {
      return new LazyResults<Row>(
        await this.session.execute(sql, params.map(toParameter), execute),
        options,
        printValue,
      );
    } finally {
      done();
    }
  }

  async exec(sql: string, options: QueryOptions = {}): Promise<Results[]> {
    const { execute, done } = this.#options(options);
    try {
      return (await this.session.script(sql, execute)).map(
        (result) => new LazyResults<Record<string, unknown>>(result, options, printValue),
      );
    } finally {
      done();
    }
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

  prepare(sql: string): PreparedStatement {
    return {
      query: (params, options) => this.query(sql, params, options),
      describe: () => this.session.describe(sql),
    };
  }

  #options(options: QueryOptions): { readonly execute: ExecuteOptions; readonly done: () => void } {
    const { signal, text, timeout } = options;
    const at = options.asOf ?? this.#asOf;
    const cancellation = new Cancellation();
    const abort = (): void => cancellation.cancel();
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    return {
      execute: { cancellation, text, timeoutMs: timeout, asOf: at === undefined ? undefined : momentOf(at) },
      done: () => signal?.removeEventListener('abort', abort),
    };
  }
}

/** A transaction in progress. */
export class Transaction extends Statements {
  #ended = false;

  /** Rolls back; the transaction's function may go on, but not query. */
  async rollback(): Promise<void> {
    this.#ended = true;
    await this.session.rollback();
  }

  get ended(): boolean {
    return this.#ended;
  }
}

export class Database extends Statements {
  readonly #engine: EngineApi;

  constructor(engine: EngineApi) {
    super(engine.session());
    this.#engine = engine;
  }

  /**
   * Runs a function in a transaction of its own session; commits when it resolves, rolls back when it throws.
   * Throws 40001 where another transaction committed a change to the same rows first.
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const session = this.#engine.session();
    try {
      await session.begin(engineOptions(options));
      const tx = new Transaction(session);
      const result = await work(tx);
      if (!tx.ended) await session.commit();
      return result;
    } finally {
      await session.close();
    }
  }

  /** A read-only view of a moment, with the same methods. */
  asOf(at: At): Queryable {
    return new Statements(this.session, at);
  }

  status(): Promise<EngineStatus> {
    return Promise.resolve(this.#engine.status());
  }

  /** Writes a checkpoint now. */
  checkpoint(): Promise<void> {
    return this.#engine.checkpoint();
  }

  exportFile(): Promise<Uint8Array> {
    return this.#engine.exportFile();
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

function momentOf(at: At): Moment {
  if (typeof at === 'number') return { kind: 'seq', seq: at };
  if (at instanceof Date) return { kind: 'timestamp', micros: at.getTime() * 1000 };
  return 'tag' in at ? { kind: 'tag', name: at.tag } : { kind: 'seq', seq: at.seq };
}

function engineOptions(options: TransactionOptions): EngineTransactionOptions {
  const { timestamp, asOf, ...rest } = options;
  const micros = timestamp instanceof Date ? timestamp.getTime() * 1000 : timestamp;
  if (micros !== undefined && !Number.isFinite(micros))
    throw new DriftError('22023', 'the commit timestamp is not a valid time');
  return { ...rest, timestamp: micros, asOf: asOf === undefined ? undefined : momentOf(asOf) };
}

/** Values that have no JavaScript form are text, in UTC. */
function printValue(value: Value, oid: number): string {
  if (value instanceof Numeric) return value.toString();
  return typeByOid(oid).output(value, PRINTING);
}

const PRINTING = { timeZone: 'UTC' } as unknown as EvalContext;
