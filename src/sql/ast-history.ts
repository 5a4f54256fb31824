/** Syntax trees of the statements that go back: RESTORE and REVERT. */
import type { QualifiedName, TimePoint } from './ast.ts';

/** RESTORE TABLE name TO moment, RESTORE DATABASE TO moment. */
export interface Restore {
  readonly kind: 'restore';
  /** Undefined: all tables. */
  readonly table: QualifiedName | undefined;
  readonly at: TimePoint;
  readonly position: number;
  readonly end: number;
}

/** What REVERT does about rows that later transactions have changed. */
export type RevertMode = 'nocascade' | 'cascade' | 'nonconflict_only';

/** REVERT TRANSACTION n [NOCASCADE | CASCADE | NONCONFLICT_ONLY]. */
export interface RevertTransaction {
  readonly kind: 'revert';
  readonly seq: number;
  readonly mode: RevertMode;
  readonly position: number;
  readonly end: number;
}
