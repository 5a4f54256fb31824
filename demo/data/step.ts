/**
 * A data set as a list of commits. Loading is replaying: each step is one transaction with the moment, the author and
 * the message it had in the world. The list is the same at every call, so that a load that was cut short goes on
 * behind the last commit that is there.
 */
import type { Database, Reader } from '../database.ts';
import { queryText } from '../database.ts';

export interface Change {
  readonly sql: string;
  readonly parameters?: readonly unknown[];
}

export interface Step {
  /** Milliseconds since 1970, later than the step before. */
  readonly at: number;
  readonly author: string;
  readonly message: string;
  readonly changes: readonly Change[];
}

export interface Example {
  readonly title: string;
  readonly sql: string;
  /** Opens this panel with the result. */
  readonly panel?: 'compare' | 'trend' | 'chart' | 'plan';
}

export interface DataSet {
  /** Name of the database in this browser. */
  readonly name: string;
  readonly title: string;
  readonly summary: string;
  /** Said under the title: where the data comes from, or that it is generated. */
  readonly source: string;
  readonly examples: readonly Example[];
  /** Opens with a passphrase only. */
  readonly encrypted?: boolean;
  steps(): Promise<readonly Step[]>;
}

/** Replays the steps that the database does not have yet; every commit takes one sequence number. */
export async function replay(
  database: Database,
  steps: readonly Step[],
  progress: (done: number, total: number, step: Step) => void,
): Promise<void> {
  const { rows } = await queryText(database, 'SELECT count(*) FROM drift.transactions');
  for (let index = Number(rows[0]?.[0] ?? 0); index < steps.length; index++) {
    const step = steps[index];
    if (step === undefined) break;
    const { author, message } = step;
    await database.transaction((transaction) => apply(transaction, step), {
      author,
      message,
      timestamp: new Date(step.at),
      // Losing the last 100 ms of a load costs nothing: it goes on from there.
      durability: 'relaxed',
    });
    progress(index + 1, steps.length, step);
  }
  await database.checkpoint();
}

/** Sends all statements at once: they run one after another, and travel to the worker in one message. */
async function apply(transaction: Reader, { changes }: Step): Promise<void> {
  await Promise.all(changes.map(({ sql, parameters = [] }) => transaction.query(sql, [...parameters])));
}

/** INSERT statements of at most `limit` parameters each, optionally with an ON CONFLICT clause. */
export function inserts(
  table: string,
  columns: readonly string[],
  rows: readonly (readonly unknown[])[],
  tail = '',
  limit = 6000,
): Change[] {
  const changes: Change[] = [];
  const rowsEach = Math.max(1, Math.floor(limit / columns.length));
  for (let from = 0; from < rows.length; from += rowsEach) {
    const part = rows.slice(from, from + rowsEach);
    let number = 0;
    const values = part.map((row) => `(${row.map(() => `$${++number}`).join(', ')})`).join(', ');
    const sql = `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${values}${tail === '' ? '' : ` ${tail}`}`;
    changes.push({ sql, parameters: part.flat() });
  }
  return changes;
}

export async function fetchTables<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`the data set could not be loaded (${answer.status}): are you offline?`);
  return (await answer.json()) as T;
}
