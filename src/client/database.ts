/**
 * Database: the public API, in the shape of PGlite and node-postgres, plus time. It speaks to an engine through a
 * Connection and knows not whether that runs in this process or in a worker.
 *
 *     const db = await open('opfs://shop');
 *     await db.exec('CREATE TABLE t (id int PRIMARY KEY, v text)');
 *     await db.query('INSERT INTO t VALUES ($1, $2)', [1, 'one']);
 *     const { rows } = await db.asOf({ seq: 1 }).query('SELECT * FROM t');
 *
 * Statements of a Database run one after another in its session; each `transaction` has a session of its own, so that
 * it neither waits for them nor sees their BEGIN.
 */
import type { EngineStatus, FunctionBody, FunctionOptions } from '../database/api.ts';
import type { BackupOptions } from '../database/backup/make.ts';
import type { RekeyOptions } from '../database/rekey.ts';
import { backupStream, collected } from './backup.ts';
import { type Change, changes, type ChangesOptions } from './changes.ts';
import type { Connection } from './connection.ts';
import { type CopyFromOptions, type CopySource, copyTo, type CopyToOptions } from './copy.ts';
import { migrate, type MigrateOptions, type MigrateResult, type Migration } from './migrate.ts';
import { useBranch } from './names.ts';
import { type At, engineOptions, type QueryOptions, type TransactionOptions } from './options.ts';
import { estimate, persist, persisted, type SiteStorage } from './quota.ts';
import { Session } from './session.ts';
import { type StreamOptions, streamRows } from './stream.ts';
import { type PreparedStatement, type Queryable, Statements, Transaction } from './statements.ts';

export interface UndoOptions {
  /** Only commits of this author; the commit that undoes is signed so. */
  readonly author?: string | undefined;
  /** Only commits with this `label` in their metadata. */
  readonly label?: string | undefined;
  /** What to do where others have changed rows since: `error` (default, 55000), `skip` those rows, or `cascade`. */
  readonly conflicts?: 'error' | 'skip' | 'cascade' | undefined;
}

/** One thing that `check` found wrong. */
export interface Problem {
  /** Table (`schema.name`), index, constraint (`table.name`) or file. */
  readonly object: string;
  readonly kind: 'table' | 'index' | 'constraint' | 'file';
  readonly problem: string;
}

export class Database extends Statements implements AsyncDisposable {
  readonly #connection: Connection;

  /** Asks the browser to keep the site's storage, and how much room there is. */
  readonly storage: SiteStorage = { persist, persisted, estimate };

  /** Programs call `open`. */
  constructor(connection: Connection) {
    super(connection.session());
    this.#connection = connection;
  }

  /**
   * Runs a function in a transaction; commits when it resolves, rolls back when it throws, and returns what it returns.
   * Where it meets other transactions it may throw 40001 or 40P01; with `retries` the function then runs again.
   *
   *     await db.transaction(async (tx) => {
   *       await tx.query('UPDATE account SET balance = balance - 10 WHERE id = $1', [1]);
   *       await tx.query('UPDATE account SET balance = balance + 10 WHERE id = $1', [2]);
   *     }, { isolation: 'serializable', retries: 5, author: 'ada', message: 'pay back' });
   */
  async transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#transaction(work, options);
      } catch (error) {
        const { code } = error as { readonly code?: unknown };
        if ((code !== '40001' && code !== '40P01') || attempt >= (options.retries ?? 0)) throw error;
        await backOff(attempt);
      }
    }
  }

  async #transaction<T>(work: (tx: Transaction) => Promise<T>, options: TransactionOptions): Promise<T> {
    const engine = engineOptions(options);
    const session = this.#connection.session();
    try {
      if (options.branch !== undefined) await session.execute(useBranch(options.branch), [], {});
      const begun = session.begin(engine);
      if (begun !== undefined) await begun;
      const tx = new Transaction(session);
      const result = await work(tx);
      if (tx.ended) return result;
      // Asked for in one turn, the commit and the session's end go in one message.
      const committed = session.commit();
      session.close().catch(() => undefined);
      await committed;
      return result;
    } finally {
      // Rolls back what is not committed. A failure of this must not hide the function's.
      await session.close().catch(() => undefined);
    }
  }

  /**
   * Opens a session: a conversation of its own with the engine, with its own transaction, settings, prepared statements,
   * cursors and temporary tables. Its statements run one after another, beside those of all others. Close it.
   *
   *     await using session = db.session();
   *     await session.query('BEGIN ISOLATION LEVEL SERIALIZABLE');
   */
  session(): Session {
    return new Session(this.#connection.session());
  }

  /**
   * Opens a session on a branch (`USE BRANCH`). Rejects with 42704 for one that does not exist.
   *
   *     await using draft = await db.branch('draft');
   *     await draft.query('UPDATE product SET price = price * 2');
   */
  async branch(name: string): Promise<Session> {
    const session = this.session();
    try {
      await session.exec(useBranch(name));
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /**
   * Copies a stream of text, bytes or rows into a table, in a transaction of its own, and returns the number of rows.
   * The table's name is written as in SQL: `t`, `public.t`, `"My table"`. Throws 22P04 for data of another form.
   *
   *     await db.copyFrom('customer', (await fetch('customer.csv')).body, { format: 'csv', header: true });
   */
  copyFrom(table: string, source: CopySource, options: CopyFromOptions = {}): Promise<number> {
    return this.transaction((tx) => tx.copyFrom(table, source, options));
  }

  /**
   * Returns the rows of a query one after another as they are asked for, in memory that does not grow with their number. It
   * reads one snapshot, in a transaction of its own; leaving the loop ends it.
   *
   *     for await (const { id, total } of db.stream('SELECT id, total FROM orders WHERE total > $1', [100])) …
   */
  stream<Row = Record<string, unknown>>(
    sql: string,
    params: readonly unknown[] = [],
    options: StreamOptions = {},
  ): AsyncGenerator<Row, void, undefined> {
    const session = this.#connection.session();
    return streamRows<Row>(
      session,
      { sql, params, options },
      {
        begin: async () => session.begin(engineOptions({})),
        async done(failed) {
          try {
            if (!failed) await session.commit();
          } finally {
            await session.close();
          }
        },
      },
    );
  }

  /** Returns the rows of a table or query as a stream of lines, which reads no faster than it is read. */
  copyTo(source: string, options: CopyToOptions & { readonly asOf?: At | undefined } = {}): ReadableStream<string> {
    const session = this.#connection.session();
    return copyTo(session, source, options, {
      begin: async () => session.begin(engineOptions({ asOf: options.asOf })),
      async done(failed) {
        if (!failed) await session.commit();
        await session.close();
      },
    });
  }

  /**
   * Brings the schema to a version: applies the migrations that are not applied yet, each in a transaction of its own, or
   * takes back those after `to`. Throws 55000 where an applied migration has changed or is missing.
   *
   *     await db.migrate([{ version: 1, name: 'customers', up: 'CREATE TABLE customer (id int PRIMARY KEY)' }]);
   */
  migrate(migrations: readonly Migration[], options: MigrateOptions = {}): Promise<MigrateResult> {
    return migrate((work, how) => this.transaction(work, how), migrations, options);
  }

  /**
   * Returns every change of every commit after `from`, in order, and goes on with those that come: as they are made where
   * nobody lags behind. It loses nothing and repeats nothing; after a reload, or anything else, a feed `from` the `seq` of
   * the last change that was handled (the `last` one of its commit) goes on. It reads no faster than it is read. `return`
   * (leaving a `for await`), the signal or closing the database ends it.
   *
   *     for await (const { table, operation, after, seq, last } of db.changes({ from: 17, tables: ['customer'] })) …
   */
  changes(options: ChangesOptions = {}): AsyncGenerator<Change, void, undefined> {
    const from = options.from ?? this.status().then(({ lastSeq }) => lastSeq);
    if (typeof from !== 'number') from.catch(() => undefined);
    return changes(() => this.#connection.session(), from, options);
  }

  /**
   * Takes back the last step of an author, of a label, or of all, by a new commit (SQL's `UNDO`), and returns the commits that
   * it took back; none where there is no step. Commits that follow each other with the same `label` in their metadata are
   * one step. Throws 55000 where others have changed the same rows since.
   *
   *     await db.transaction((tx) => tx.query(…), { author: 'ada', metadata: { label: 'move card 7' } });
   *     await db.undo({ author: 'ada' });
   */
  undo(options: UndoOptions = {}): Promise<readonly number[]> {
    return this.#step('UNDO', options);
  }

  /** Takes back the last `undo`, unless the author (or label) has made a step since. */
  redo(options: UndoOptions = {}): Promise<readonly number[]> {
    return this.#step('REDO', options);
  }

  async #step(word: string, { author, label, conflicts }: UndoOptions): Promise<readonly number[]> {
    const text = (name: string, value: string | undefined): string =>
      value === undefined ? '' : ` ${name} E'${value.replaceAll(/[\\']/g, '\\$&')}'`;
    const mode = conflicts === 'skip' ? ' NONCONFLICT_ONLY' : conflicts === 'cascade' ? ' CASCADE' : '';
    const { rows } = await this.query<{ seq: number }>(word + text('AUTHOR', author) + text('LABEL', label) + mode);
    return rows.map(({ seq }) => seq);
  }

  /** Returns a read-only view of a moment with the same methods; statements that write fail with 25006. */
  asOf(at: At): Queryable {
    return new Statements(this.channel, at);
  }

  /**
   * Registers a function in JavaScript that SQL calls like its own, until the database is closed: a scalar function, an
   * aggregate (`{ init, step, final }`), or with `returns: 'setof …'` or columns one that returns an iterable. One of the
   * same name and argument types is replaced. Values come and go as in parameters and results; what it throws fails the
   * statement with 38000. Where the engine runs in a worker code cannot be sent to it (0A000): use `loadFunctions`.
   *
   *     await db.createFunction('slug', { args: ['text'], returns: 'text', strict: true },
   *       (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-'));
   *     await db.query("SELECT slug(title) FROM post");
   */
  createFunction(name: string, options: FunctionOptions, body: FunctionBody): Promise<void> {
    return this.#connection.createFunction(name, options, body);
  }

  /**
   * Loads a module where the engine runs, in its worker too, and calls its default export with `{ createFunction }`. The
   * address is resolved against this page; the page's policy must allow to load it (`script-src 'self'` does for its own).
   *
   *     // functions.js: export default ({ createFunction }) => { createFunction('slug', { … }, …); };
   *     await db.loadFunctions(new URL('./functions.js', import.meta.url));
   */
  loadFunctions(url: string | URL): Promise<void> {
    const base = (globalThis as { readonly document?: { readonly baseURI: string } }).document?.baseURI;
    return this.#connection.loadFunctions(String(base === undefined ? url : new URL(url, base)));
  }

  /** Returns the newest sequence number, the medium, and what is used of storage, cache and log. */
  status(): Promise<EngineStatus> {
    return this.#connection.status();
  }

  /** Writes a checkpoint now: everything committed is in segments, and the log starts anew. */
  checkpoint(): Promise<void> {
    return this.#connection.checkpoint();
  }

  /** Reads everything there is, history included, and tells what is wrong; an empty list where all is well. Changes nothing. */
  async check(): Promise<readonly Problem[]> {
    const { rows } = await this.query<Problem>('CHECK DATABASE');
    return rows
      .filter(({ problem }) => problem !== null)
      .map(({ object, kind, problem }) => ({ object, kind, problem }));
  }

  /**
   * Returns the database as a stream of bytes: one file, which `restore`, `importFile` and the console read. It is the state of
   * one commit, at or after all that was acknowledged before the first read; statements go on meanwhile. With
   * `history: false` only the newest state, with `since` (what `verifyBackup` says of an earlier backup) only what came
   * after that, with `encryption` sealed. A backup that is not read to its end must be cancelled.
   *
   *     await db.backup().pipeTo(file);
   */
  backup(options: BackupOptions = {}): ReadableStream<Uint8Array> {
    return backupStream(() => this.#connection.backup(options));
  }

  /** Returns the whole database with its history as the bytes of one file: a backup in one piece. */
  exportFile(): Promise<Uint8Array> {
    return collected(() => this.#connection.backup({}));
  }

  /**
   * Changes what an encrypted database opens with: `{ passphrase }` or `{ key }` at once, `{ dataKeys: true }` also the keys
   * that its files are sealed with, by writing everything again while statements go on. When it resolves, what opened the
   * database before opens nothing any more. A change of data keys that is cut off goes on at the next opening. Throws 55000
   * where the database is not encrypted.
   */
  rekey(options: RekeyOptions): Promise<void> {
    return this.#connection.rekey(options);
  }

  /**
   * Ends what is running with 57P01 and rolls it back (a commit that is being written comes to its end), writes a checkpoint
   * and gives the database up. Closing twice is no error.
   */
  close(): Promise<void> {
    return this.#connection.close();
  }

  /** `await using db = await open(…)` closes the database at the end of the block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

/** The longest pause before a transaction runs again, ms. */
const MAX_PAUSE_MS = 200;

/** Waits twice as long each time, by chance up to that, so that those who met do not meet again. */
function backOff(attempt: number): Promise<void> {
  const longest = Math.min(MAX_PAUSE_MS, 2 ** attempt);
  return new Promise((resolve) => setTimeout(resolve, Math.random() * longest));
}

export type { At, PreparedStatement, Queryable, QueryOptions, Session, Transaction, TransactionOptions };
