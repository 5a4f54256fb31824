/** CREATE MIGRATION and DROP MIGRATION. */
import type { QualifiedName } from '../ast.ts';
import type { CreateMigration, DropMigration } from '../ast-statement.ts';
import type { Cursor } from './cursor.ts';

/** Parses `MIGRATION version 'name' AS 'script' [REVERT 'script'] [REQUIRE 'query'] [ENSURE 'query'] [IN table]`. */
export function parseCreateMigration(p: Cursor, position: number): CreateMigration {
  p.advance();
  const version = parseVersion(p);
  const name = p.string();
  p.expect('as');
  const script = p.string();
  const part = (word: string): string | undefined => (p.acceptName(word) ? p.string() : undefined);
  const revert = part('revert');
  const require = part('require');
  const ensure = part('ensure');
  const table = parseIn(p);
  return { kind: 'createMigration', version, name, script, revert, require, ensure, table, position, end: p.lastEnd };
}

/** Parses `MIGRATION version [IN table]`. */
export function parseDropMigration(p: Cursor, position: number): DropMigration {
  const version = parseVersion(p);
  return { kind: 'dropMigration', version, table: parseIn(p), position, end: p.lastEnd };
}

/** Versions are often times: 20261121140500. */
function parseVersion(p: Cursor): number {
  const text = p.tokenText();
  if (!/^\d{1,15}$/.test(text)) p.fail();
  p.advance();
  return Number(text);
}

function parseIn(p: Cursor): QualifiedName | undefined {
  return p.accept('in') ? p.qualifiedName() : undefined;
}
