/** The words that begin a call with syntax of its own (call.ts, which is loaded when one is met). */
import type { SqlValueName } from '../ast.ts';
import type { Cursor } from './cursor.ts';

/** Functions that are called without parentheses. */
export const SQL_VALUES: ReadonlySet<string> = new Set<SqlValueName>([
  'current_date',
  'current_time',
  'current_timestamp',
  'localtime',
  'localtimestamp',
  'current_user',
  'current_role',
  'session_user',
  'user',
  'current_catalog',
  'current_schema',
]);

const SPECIAL = new Set([
  'coalesce',
  'greatest',
  'least',
  'nullif',
  'grouping',
  'extract',
  'substring',
  'position',
  'overlay',
  'trim',
  'normalize',
  'treat',
]);

/** Whether a call with syntax of its own stands at the cursor, which is at a keyword. */
export function atSpecialCall(p: Cursor): boolean {
  if (SPECIAL.has(p.word)) return p.peekWord() === '(';
  if (p.word === 'collation') return p.peekWord() === 'for';
  return SQL_VALUES.has(p.word) && !(p.word === 'current_schema' && p.peekWord() === '(');
}
