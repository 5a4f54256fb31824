/** Syntax trees of the statements that go back: RESTORE, REVERT and UNDROP. */
import type { Expression, QualifiedName, Span } from './ast.ts';
import type { TimePoint } from './ast-query.ts';

/** RESTORE TABLE name TO moment, RESTORE DATABASE TO moment. */
export interface Restore extends Span {
  readonly kind: 'restore';
  /** Undefined: all tables. */
  readonly table: QualifiedName | undefined;
  readonly at: TimePoint;
}

/** What REVERT does about rows that later transactions have changed. */
export type RevertMode = 'nocascade' | 'cascade' | 'nonconflict_only';

/** REVERT TRANSACTION n [, n …] [NOCASCADE | CASCADE | NONCONFLICT_ONLY]. */
export interface RevertTransaction extends Span {
  readonly kind: 'revert';
  readonly seqs: readonly number[];
  readonly mode: RevertMode;
}

/** UNDROP TABLE name [AS name]. */
export interface UndropTable extends Span {
  readonly kind: 'undropTable';
  readonly name: QualifiedName;
  readonly as: string | undefined;
}

/** WAIT FOR CHANGES AFTER SEQ n [IN (t, …)]. */
export interface WaitForChanges extends Span {
  readonly kind: 'waitForChanges';
  readonly after: number;
  /** Undefined: all tables. */
  readonly tables: readonly QualifiedName[] | undefined;
}

/** DELETE HISTORY FROM name BEFORE moment. */
export interface DeleteHistory extends Span {
  readonly kind: 'deleteHistory';
  readonly table: QualifiedName;
  readonly before: TimePoint;
}

/** ERASE FROM name [AS alias] WHERE condition. */
export interface Erase extends Span {
  readonly kind: 'erase';
  readonly table: QualifiedName;
  readonly alias: string | undefined;
  readonly where: Expression;
}

/** UNDO [AUTHOR 'name'] [LABEL 'text'] [NOCASCADE | CASCADE | NONCONFLICT_ONLY], and REDO. */
export interface Undo extends Span {
  readonly kind: 'undo';
  readonly redo: boolean;
  readonly author: string | undefined;
  readonly label: string | undefined;
  readonly mode: RevertMode;
}
