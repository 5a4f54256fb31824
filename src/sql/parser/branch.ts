/**
 * Statements about branches, which are DriftDB's own:
 *
 *     CREATE BRANCH [IF NOT EXISTS] b [FROM parent] [AS OF point]
 *     DROP BRANCH [IF EXISTS] b
 *     USE BRANCH b
 *
 * A branch is named like a tag: by an identifier or a string.
 */
import type { BranchAction, BranchStatement } from '../ast-branch.ts';
import type { Cursor } from './cursor.ts';
import { parseTimePoint } from './system-time.ts';

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

export function parseBranchName(p: Cursor): string {
  return p.code === 5 ? p.string() : p.columnName();
}

function statement(p: Cursor, position: number, action: BranchAction): BranchStatement {
  return { kind: 'branch', action, position, end: p.lastEnd };
}
