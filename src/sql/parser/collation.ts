/** CREATE COLLATION and ALTER COLLATION. */
import type { AlterCollation, CreateCollation } from '../ast-collation.ts';
import type { Statement } from '../ast-statement.ts';
import type { Cursor } from './cursor.ts';
import { parseOptions } from './option.ts';

/** `COLLATION [IF NOT EXISTS] name (locale = …, …)` or `… FROM other`. */
export function parseCreateCollation(p: Cursor, position: number): CreateCollation {
  p.expect('collation');
  const ifNotExists = p.acceptIfNotExists();
  const name = p.qualifiedName();
  const from = p.accept('from') ? p.qualifiedName() : undefined;
  const options = from === undefined ? parseOptions(p) : [];
  return { kind: 'createCollation', name, ifNotExists, from, options, position, end: p.lastEnd };
}

/** `COLLATION name REFRESH VERSION | OWNER TO role | RENAME TO name | SET SCHEMA schema`. */
export function parseAlterCollation(p: Cursor, position: number): Statement {
  p.expect('collation');
  const name = p.qualifiedName();
  const head = {
    position,
    ifExists: false,
    object: 'collation',
    name: { name, args: undefined, table: undefined },
  } as const;
  if (p.accept('rename')) {
    p.expect('to');
    return { kind: 'rename', ...head, part: undefined, newName: p.columnName(), end: p.lastEnd };
  }
  if (p.accept('set')) {
    p.expect('schema');
    return { kind: 'setSchema', ...head, schema: p.columnName(), end: p.lastEnd };
  }
  let action: AlterCollation['action'] = 'owner';
  if (p.accept('owner')) {
    p.expect('to');
    p.label();
  } else {
    action = 'refresh';
    p.expect('refresh');
    p.expect('version');
  }
  return { kind: 'alterCollation', name, action, position, end: p.lastEnd };
}
