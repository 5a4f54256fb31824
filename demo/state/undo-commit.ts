/** What one commit changed, and taking it back by a commit of its own. */
import type { Database, Reader } from '../database.ts';
import { queryText, toQueryError } from '../database.ts';

/** What to do with rows that later commits changed again. */
export type Manner = 'NOCASCADE' | 'CASCADE' | 'NONCONFLICT_ONLY';

export type Undone =
  | { readonly kind: 'undone'; readonly rows: number }
  /** Later commits changed the same rows. */
  | { readonly kind: 'conflict'; readonly later: string }
  | { readonly kind: 'failed'; readonly message: string };

const CONFLICT = '55000';

export async function undoCommit(database: Database, seq: number, manner: Manner): Promise<Undone> {
  try {
    const result = await database.transaction(
      (transaction) => queryText(transaction, `REVERT TRANSACTION ${seq} ${manner}`),
      { author: 'you' },
    );
    return { kind: 'undone', rows: result.affectedRows ?? 0 };
  } catch (error) {
    const { code, message, detail } = toQueryError(error);
    if (code === CONFLICT && manner === 'NOCASCADE') return { kind: 'conflict', later: detail };
    return { kind: 'failed', message: detail === '' ? message : `${message}. ${detail}` };
  }
}

/** `countries: 62 changed, 3 added` for each table; '' where no rows changed. */
export async function changesOf(reader: Reader, seq: number, signal: AbortSignal): Promise<string> {
  const sql = `SELECT table_name, rows_added, rows_removed, rows_modified FROM database_diff(${seq - 1}, ${seq})`;
  const { rows } = await queryText(reader, sql, [], signal);
  return rows
    .map(([table, added, removed, modified]) => {
      const parts = [
        [modified, 'changed'],
        [added, 'added'],
        [removed, 'removed'],
      ].filter(([count]) => Number(count) > 0);
      return parts.length === 0
        ? ''
        : `${table ?? ''}: ${parts.map(([count, word]) => `${count ?? ''} ${word ?? ''}`).join(', ')}`;
    })
    .filter((text) => text !== '')
    .join('; ');
}
