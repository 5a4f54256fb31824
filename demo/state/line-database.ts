/**
 * A database as seen from the branch that its own session is on (`USE BRANCH`). Statements and reads of the past follow the
 * session by themselves; a transaction is a session of its own, which begins on main: this one takes it to the branch.
 */
import type { CommitOptions, Database, QueryOptions, QueryResult, Reader } from '../database.ts';
import { MAIN } from './lines.ts';

export class LineDatabase implements Database {
  readonly #database: Database;
  /** Name of the branch that the session is on, as the console last read it. */
  current: string = MAIN;

  constructor(database: Database) {
    this.#database = database;
  }

  query(sql: string, parameters?: unknown[], options?: QueryOptions): Promise<QueryResult> {
    return this.#database.query(sql, parameters, options);
  }

  async transaction<T>(work: (transaction: Reader) => Promise<T>, options?: CommitOptions): Promise<T> {
    if (this.current === MAIN) return this.#database.transaction(work, options);
    const session = await this.#database.branch(this.current);
    try {
      await session.begin(options);
      const result = await work(session);
      await session.commit();
      return result;
    } finally {
      // What is not committed is rolled back.
      await session.close();
    }
  }

  asOf(moment: { seq: number }): Reader {
    return this.#database.asOf(moment);
  }

  branch(name: string): ReturnType<Database['branch']> {
    return this.#database.branch(name);
  }

  status(): ReturnType<Database['status']> {
    return this.#database.status();
  }

  checkpoint(): Promise<unknown> {
    return this.#database.checkpoint();
  }

  exportFile(): Promise<Blob | Uint8Array> {
    return this.#database.exportFile();
  }

  check(): ReturnType<Database['check']> {
    return this.#database.check();
  }

  rekey(options: { readonly passphrase: string }): Promise<void> {
    return this.#database.rekey(options);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}
