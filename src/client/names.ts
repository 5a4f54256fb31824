/** Names of tables as programs give them: written as in SQL, and nothing else than a name. */
import { DriftError } from '../base/error.ts';

const NAME = '(?:[\\p{L}_][\\p{L}\\p{N}_$]*|"(?:[^"]|"")+")';
const TABLE = new RegExp(`^${NAME}(?:\\.${NAME})?$`, 'u');

/** `t`, `public.t` or `"My table"`. */
export function isTableName(text: string): boolean {
  return TABLE.test(text);
}

/** Throws 42602. */
export function requireTableName(text: string): void {
  if (!isTableName(text)) throw new DriftError('42602', `"${text}" is no table's name`);
}

/** The statement that takes a session to a branch. */
export function useBranch(name: string): string {
  return `USE BRANCH '${name.replaceAll("'", "''")}'`;
}
