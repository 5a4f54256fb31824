/**
 * How the console runs a statement. What a person changes is a commit with the person as author and the statement as
 * message, so that the time line tells what happened; a BEGIN typed by hand opens a transaction that the following
 * statements belong to, until its COMMIT or ROLLBACK.
 */
import type { Database, Progress, Reader, TextResult } from '../database.ts';
import { queryText } from '../database.ts';
import { isQuery, stripComments } from '../sql/statements.ts';

const WRITES = /^(insert|update|delete|truncate|alter|drop|comment|with|create)\b/i;
const BEGINS = /^(begin|start\s+transaction)\b/i;
const ENDS = /^(commit|end|abort|rollback(?!\s+(work\s+|transaction\s+)?to\b))\b/i;
const MESSAGE = 100;

export class StatementRunner {
  #open = false;

  /** Between a BEGIN typed by hand and its end. */
  get open(): boolean {
    return this.#open;
  }

  /** Runs it on the present, or reads at the reader's moment. */
  async run(
    database: Database,
    reader: Reader,
    sql: string,
    signal: AbortSignal,
    onProgress?: (progress: Progress) => void,
  ): Promise<TextResult> {
    const plain = stripComments(sql).trim();
    if (reader === database && !this.#open && WRITES.test(plain) && !isQuery(sql)) {
      const options = { author: 'you', message: messageOf(plain) };
      return database.transaction((transaction) => queryText(transaction, sql, [], signal, onProgress), options);
    }
    const result = await queryText(reader, sql, [], signal, onProgress);
    if (reader === database && BEGINS.test(plain)) this.#open = true;
    if (ENDS.test(plain)) this.#open = false;
    return result;
  }

  /** A new database has no open transaction. */
  reset(): void {
    this.#open = false;
  }
}

function messageOf(sql: string): string {
  const line = sql.replace(/\s+/g, ' ');
  return line.length > MESSAGE ? `${line.slice(0, MESSAGE - 1)}…` : line;
}
