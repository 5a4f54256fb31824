/**
 * Statements about branches, which are DriftDB's own:
 *
 *     CREATE BRANCH [IF NOT EXISTS] b [FROM parent] [AS OF point]
 *     DROP BRANCH [IF EXISTS] b
 *     USE BRANCH b
 *     MERGE BRANCH b [INTO c]
 *     RESOLVE CONFLICT n USING OURS | THEIRS | VALUE literal
 *     RESOLVE CONFLICTS [FOR TABLE t] USING OURS | THEIRS
 *     DIFF BRANCH a, b [FOR TABLE t]
 *
 * A branch is named like a tag: by an identifier or a string.
 */
import type { QualifiedName } from '../ast.ts';
import type { BranchAction, BranchStatement, Resolution } from '../ast-branch.ts';
import { INTEGER, DECIMAL, STRING } from '../lexer.ts';
import type { Cursor } from './cursor.ts';
import { parseTimePoint } from './system-time.ts';

/** The code of `-`. */
const MINUS = 45;

/** Parses what follows CREATE. */
export function parseCreateBranch(p: Cursor, position: number): BranchStatement {
  p.advance();
  const ifNotExists = p.acceptIfNotExists();
  const name = parseBranchName(p);
  const parent = p.accept('from') ? parseBranchName(p) : undefined;
  const at = p.acceptAll('as', 'of') ? parseTimePoint(p) : undefined;
  return statement(p, position, { do: 'create', name, ifNotExists, parent, at });
}

/** Parses what follows DROP. */
export function parseDropBranch(p: Cursor, position: number): BranchStatement {
  p.advance();
  const ifExists = p.acceptIfExists();
  return statement(p, position, { do: 'drop', name: parseBranchName(p), ifExists });
}

export function parseUseBranch(p: Cursor): BranchStatement {
  const { position } = p;
  p.advance();
  if (!p.acceptName('branch')) p.fail();
  return statement(p, position, { do: 'use', name: parseBranchName(p) });
}

export function parseMergeBranch(p: Cursor): BranchStatement {
  const { position } = p;
  p.advance();
  p.advance();
  const source = parseBranchName(p);
  const into = p.accept('into') ? parseBranchName(p) : undefined;
  return statement(p, position, { do: 'merge', source, into });
}

export function parseResolve(p: Cursor): BranchStatement {
  const { position } = p;
  p.advance();
  const isOne = p.accept('conflict');
  if (!isOne && !p.acceptName('conflicts')) p.fail();
  const id = isOne ? p.integer() : undefined;
  const table = isOne ? undefined : parseForTable(p);
  p.expect('using');
  return statement(p, position, { do: 'resolve', id, table, using: parseResolution(p, isOne) });
}

function parseResolution(p: Cursor, isOne: boolean): Resolution {
  if (p.acceptName('ours')) return { kind: 'ours' };
  if (p.acceptName('theirs')) return { kind: 'theirs' };
  if (!isOne || !(p.accept('value') || p.acceptName('value'))) p.fail();
  if (p.accept('null')) return { kind: 'value', value: null };
  if (p.accept('true')) return { kind: 'value', value: 'true' };
  if (p.accept('false')) return { kind: 'value', value: 'false' };
  if (p.code === STRING) return { kind: 'value', value: p.string() };
  const sign = p.code === MINUS ? '-' : '';
  if (sign !== '') p.advance();
  if (p.code !== INTEGER && p.code !== DECIMAL) p.fail();
  const value = sign + p.tokenText();
  p.advance();
  return { kind: 'value', value };
}

export function parseDiffBranch(p: Cursor): BranchStatement {
  const { position } = p;
  p.advance();
  if (!p.acceptName('branch')) p.fail();
  const from = parseBranchName(p);
  p.expect(',');
  const to = parseBranchName(p);
  return statement(p, position, { do: 'diff', from, to, table: parseForTable(p) });
}

function parseForTable(p: Cursor): QualifiedName | undefined {
  if (!p.accept('for')) return undefined;
  p.expect('table');
  return p.qualifiedName();
}

function parseBranchName(p: Cursor): string {
  return p.code === 5 ? p.string() : p.columnName();
}

function statement(p: Cursor, position: number, action: BranchAction): BranchStatement {
  return { kind: 'branch', action, position, end: p.lastEnd };
}
