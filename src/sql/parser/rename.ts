/** RENAME TO and SET SCHEMA, of any kind of object. */
import type { Statement } from '../ast-statement.ts';
import type { Cursor } from './cursor.ts';

type Named = Pick<Extract<Statement, { kind: 'rename' }>, 'position' | 'ifExists' | 'object' | 'name'>;

/** Parses RENAME TO or SET SCHEMA. */
export function parseRenameOrSchema(p: Cursor, head: Named): Statement {
  if (p.accept('rename')) {
    p.expect('to');
    return { kind: 'rename', ...head, part: undefined, newName: p.columnName(), end: p.lastEnd };
  }
  p.expect('set');
  p.expect('schema');
  return { kind: 'setSchema', ...head, schema: p.columnName(), end: p.lastEnd };
}
