/** OWNER TO, for objects that are no relations. */
import type { AlterOwner } from '../ast-statement.ts';
import type { ObjectKind, ObjectName } from '../ast-table.ts';
import type { Cursor } from './cursor.ts';
import { parseRole } from './role.ts';

export function parseOwner(p: Cursor, position: number, object: ObjectKind, name: ObjectName): AlterOwner {
  p.expect('owner');
  p.expect('to');
  parseRole(p);
  return { kind: 'alterOwner', object, name, position, end: p.lastEnd };
}
