/** What a person does with branches: go to one, make one at the moment that is shown, take one into its parent, drop it. */
import { quote, readConflicts } from '../catalog.ts';
import type { Branch, Conflict } from '../catalog.ts';
import { errorText, queryText } from '../database.ts';
import type { ConsoleState } from './console-state.ts';

export interface Merged {
  readonly into: string;
  readonly rows: number;
}

/** Shows the newest state of a branch. Refused in an open transaction. */
export async function useBranch(state: ConsoleState, name: string): Promise<void> {
  const { database } = state;
  if (database === undefined) return;
  state.travel(Infinity);
  await queryText(database, `USE BRANCH ${quote(name)}`);
  await state.committed();
}

/** Makes a branch of the line and at the moment that are shown, and goes there. */
export async function makeBranch(state: ConsoleState, name: string): Promise<void> {
  const { database, moment } = state;
  if (database === undefined) return;
  await queryText(database, `CREATE BRANCH ${quote(name)}${moment === null ? '' : ` AS OF SEQ ${moment}`}`);
  await useBranch(state, name);
}

/** Takes what a branch has changed into its parent, and shows that. */
export async function mergeBranch(state: ConsoleState, { name, parent }: Branch): Promise<Merged | undefined> {
  const { database } = state;
  if (database === undefined || parent === null) return undefined;
  await useBranch(state, parent);
  await database.transaction((transaction) => queryText(transaction, `MERGE BRANCH ${quote(name)}`), {
    author: 'you',
    message: `Merge branch ${name}`,
  });
  await state.committed();
  const { rows } = await queryText(
    database,
    'SELECT rows_changed FROM drift.merges WHERE source = $1 ORDER BY _seq_from DESC LIMIT 1',
    [name],
  );
  return { into: parent, rows: Number(rows[0]?.[0] ?? 0) };
}

/** What merges into the line that is shown have left to decide. */
export async function openConflicts({ database }: ConsoleState): Promise<readonly Conflict[]> {
  return database === undefined ? [] : readConflicts(database);
}

/** Settles a conflict of the line that is shown. */
export async function resolveConflict(state: ConsoleState, id: number, side: 'OURS' | 'THEIRS'): Promise<void> {
  const { database } = state;
  if (database === undefined) return;
  await database.transaction((transaction) => queryText(transaction, `RESOLVE CONFLICT ${id} USING ${side}`), {
    author: 'you',
    message: `Resolve conflict ${id}: ${side === 'OURS' ? 'ours' : 'theirs'}`,
  });
  await state.committed();
}

/** Removes a branch with what it has changed; who stands on it is taken to its parent first. */
export async function dropBranch(state: ConsoleState, { name, parent, isCurrent }: Branch): Promise<void> {
  const { database } = state;
  if (database === undefined || parent === null) return;
  if (isCurrent) await useBranch(state, parent);
  await queryText(database, `DROP BRANCH ${quote(name)}`);
  await state.committed();
}

/** Says what went wrong in a sentence; '' where nothing did. */
export async function attempt(work: () => Promise<unknown>): Promise<string> {
  try {
    await work();
    return '';
  } catch (error) {
    return errorText(error);
  }
}
