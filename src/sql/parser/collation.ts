/** CREATE COLLATION and ALTER COLLATION. */
import type { AlterCollation, CreateCollation } from '../ast-collation.ts';
import type { Statement } from '../ast-statement.ts';
import type { Cursor } from './cursor.ts';
import { parseOptions } from './option.ts';
import { parseRenameOrSchema } from './rename.ts';

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
  const object = { name, args: undefined, table: undefined };
  if (p.at('rename') || p.at('set'))
    return parseRenameOrSchema(p, { position, ifExists: false, object: 'collation', name: object });
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
