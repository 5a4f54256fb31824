/** Commands that PostgreSQL has and DriftDB has not: skipped to their end, to be refused by name (0A000). */
import type { UnsupportedStatement } from '../ast-statement.ts';
import { FIRST_KEYWORD } from '../keywords.ts';
import type { Cursor } from './cursor.ts';

const KNOWN: Readonly<Record<string, readonly string[]>> = {
  CREATE: [
    'role',
    'user',
    'group',
    'database',
    'extension',
    'operator',
    'rule',
    'policy',
    'cast',
    'conversion',
    'event',
    'foreign',
    'server',
    'language',
    'trusted',
    'procedural',
    'publication',
    'subscription',
    'statistics',
    'tablespace',
    'text',
    'transform',
    'access',
    'default',
  ],
  'CREATE OR REPLACE': ['rule', 'language', 'transform', 'trusted', 'procedural'],
  ALTER: [
    'role',
    'user',
    'group',
    'database',
    'extension',
    'operator',
    'rule',
    'policy',
    'conversion',
    'event',
    'foreign',
    'server',
    'language',
    'procedural',
    'publication',
    'subscription',
    'statistics',
    'tablespace',
    'text',
    'system',
    'default',
    'large',
    'routine',
  ],
};

/** A name follows these. */
const NAMED = new Set(['role', 'group', 'database', 'tablespace', 'language', 'publication', 'subscription']);

/** Skips the statement; what PostgreSQL does not know either is a syntax error. */
export function skipUnsupported(p: Cursor, position: number, command: string): UnsupportedStatement {
  const known = KNOWN[command];
  if (known !== undefined && !known.includes(p.word)) p.fail();
  const feature = known !== undefined && p.code >= FIRST_KEYWORD ? `${command} ${p.word.toUpperCase()}` : command;
  if (known !== undefined && NAMED.has(p.word)) {
    p.advance();
    p.nonReservedWord();
    if (p.at('not') || p.at('exists') || p.at('.')) p.fail();
  }
  while (p.code !== 0 && !p.at(';')) p.advance();
  return { kind: 'unsupported', feature, position, end: p.lastEnd };
}
