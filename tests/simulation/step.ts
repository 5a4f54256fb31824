/** What workloads are made of. */
import type { Erasure, World } from './world.ts';

/** Kinds of work, for the counts of what faults have met. */
export type Work =
  | 'definition'
  | 'change'
  | 'transaction'
  | 'merge'
  | 'portion'
  | 'restore'
  | 'revert'
  | 'undo'
  | 'undrop'
  | 'tag'
  | 'retention'
  | 'erase'
  | 'nothing'
  | 'delete history'
  | 'checkpoint'
  | 'backup'
  | 'rekey'
  | 'reopen';

export const WORKS: readonly Work[] = [
  'definition',
  'change',
  'transaction',
  'merge',
  'portion',
  'restore',
  'revert',
  'undo',
  'undrop',
  'tag',
  'retention',
  'erase',
  'nothing',
  'delete history',
  'checkpoint',
  'backup',
  'rekey',
  'reopen',
];

export type Step = { readonly work: Work } & (
  | {
      /** Makes one commit. */
      readonly kind: 'commit';
      readonly sql: string;
      readonly world: World;
      readonly erasure?: Erasure | undefined;
    }
  /** Makes none: a transaction that is rolled back, or a statement that is refused or finds nothing to do. */
  | { readonly kind: 'nothing'; readonly sql: string; readonly refused: string | null }
  /** DELETE HISTORY of a table before a commit. */
  | { readonly kind: 'forget'; readonly sql: string; readonly table: number; readonly before: number }
  | { readonly kind: 'checkpoint' | 'reopen' }
  | { readonly kind: 'backup'; readonly incremental: boolean }
  | { readonly kind: 'rekey'; readonly dataKeys: boolean }
);

/** A commit as the parts of a workload make it. */
export interface Change {
  readonly sql: string;
  readonly world: World;
}
