/** What the console shows: the panels, a statement with its outcome, the versions of a row, a load under way. */
import type { DataSet } from '../data/step.ts';
import type { TableInfo } from '../catalog.ts';
import type { QueryError, TextResult } from '../database.ts';

export type Panel = 'result' | 'compare' | 'diff' | 'trend' | 'chart' | 'plan' | 'row' | 'commits' | 'kept' | 'history';

export interface Outcome {
  readonly sql: string;
  /** Offset of `sql` in the editor's text, for error positions. */
  readonly offset: number;
  readonly result: TextResult | undefined;
  readonly error: QueryError | undefined;
  readonly ms: number;
  /** Moment and number of commits that the result was read under: what makes it stale when it changes. */
  readonly readAt: string;
}

export interface Loading {
  readonly title: string;
  readonly done: number;
  readonly total: number;
  readonly message: string;
  /** Moment of the commit that was last replayed, in ms since 1970; undefined while opening. */
  readonly at?: number;
}

export interface RowHistory {
  readonly table: TableInfo;
  readonly key: readonly (string | null)[];
  /** `_seq_from` and `_seq_to`, then the table's columns. */
  readonly versions: TextResult;
}

/** A database that could not be opened as it is. */
export interface Damaged {
  readonly dataSet: DataSet;
  readonly passphrase: string | undefined;
}
