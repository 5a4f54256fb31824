/** Naming objects of any kind, for DROP, COMMENT and ALTER … RENAME. */
import type { FunctionArgument } from '../ast-function.ts';
import type { BranchStatement } from '../ast-branch.ts';
import { parseDropBranch } from './branch.ts';
import type { DropMigration, DropTag, UnsupportedStatement } from '../ast-statement.ts';
import type { DropStatement, ObjectKind, ObjectName } from '../ast-table.ts';
import type { Cursor } from './cursor.ts';
import { parseArgument } from './function.ts';
import { parseDropMigration } from './migration.ts';
import { skipUnsupported } from './unsupported.ts';

const KINDS: Readonly<Record<string, ObjectKind>> = {
  table: 'table',
  view: 'view',
  index: 'index',
  sequence: 'sequence',
  schema: 'schema',
  type: 'type',
  domain: 'domain',
  function: 'function',
  procedure: 'procedure',
  routine: 'routine',
  aggregate: 'aggregate',
  trigger: 'trigger',
  column: 'column',
  constraint: 'constraint',
  database: 'database',
  extension: 'extension',
  role: 'role',
  user: 'role',
  group: 'role',
  collation: 'collation',
  policy: 'policy',
  rule: 'rule',
  statistics: 'statistics object',
  language: 'language',
  publication: 'publication',
  subscription: 'subscription',
  server: 'server',
  tablespace: 'tablespace',
  conversion: 'conversion',
};

export function parseObjectKind(p: Cursor): ObjectKind {
  if (p.accept('materialized')) {
    p.expect('view');
    return 'materializedView';
  }
  const kind = KINDS[p.word];
  if (kind === undefined) p.fail();
  p.advance();
  return kind;
}

export function parseObjectName(p: Cursor, kind: ObjectKind): ObjectName {
  const name = parseNameOf(p, kind);
  let args: FunctionArgument[] | undefined;
  let table: ObjectName['table'];
  if (kind === 'function' || kind === 'procedure' || kind === 'routine' || kind === 'aggregate') {
    if (p.accept('(')) {
      if (p.accept('*')) args = [];
      else args = p.at(')') ? [] : p.list(() => parseArgument(p));
      p.expect(')');
    }
  } else if (kind === 'trigger' || kind === 'policy' || kind === 'rule' || kind === 'constraint') {
    p.expect('on');
    p.accept('domain');
    table = p.qualifiedName();
  }
  return { name, args, table };
}

const UNQUALIFIED = new Set<ObjectKind>(['schema', 'database', 'role', 'extension']);

function parseNameOf(p: Cursor, kind: ObjectKind): ObjectName['name'] {
  if (!UNQUALIFIED.has(kind)) return p.qualifiedName();
  const { name, position } = p.identifier();
  return { catalog: undefined, schema: undefined, name, position };
}

export function parseDrop(p: Cursor): DropStatement | DropTag | BranchStatement | DropMigration | UnsupportedStatement {
  const { position } = p;
  p.expect('drop');
  if (p.atName('branch')) return parseDropBranch(p, position);
  if (p.acceptName('migration')) return parseDropMigration(p, position);
  if (p.acceptName('tag')) {
    const ifExists = p.acceptIfExists();
    const name = p.code === 5 ? p.string() : p.columnName();
    return { kind: 'dropTag', name, ifExists, position, end: p.lastEnd };
  }
  if (p.at('owned')) return skipUnsupported(p, position, 'DROP OWNED');
  if (p.at('column') || p.at('constraint')) p.fail();
  const object = parseObjectKind(p);
  const concurrently = object === 'index' && p.accept('concurrently');
  const ifExists = p.acceptIfExists();
  const names = p.list(() => parseObjectName(p, object));
  const cascade = object !== 'database' && object !== 'role' && p.acceptCascade();
  return { kind: 'drop', object, names, ifExists, cascade, concurrently, position, end: p.lastEnd };
}
