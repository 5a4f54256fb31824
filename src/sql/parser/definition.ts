/** CREATE, ALTER and COMMENT for everything but tables, functions and triggers. */
import type { Identifier, QualifiedName } from '../ast.ts';
import type {
  AlterDomain,
  Comment,
  CreateDomain,
  CreateSchema,
  CreateView,
  RefreshMaterializedView,
  Statement,
} from '../ast-statement.ts';
import type { CreateIndex, CreateTableAs, ObjectName, Option, Persistence } from '../ast-table.ts';
import { parseCreateAggregate } from './aggregate.ts';
import { parseAlterTable } from './alter-table.ts';
import { parseIndexElement } from './change.ts';
import { parseAlterCollation, parseCreateCollation } from './collation.ts';
import type { Cursor } from './cursor.ts';
import { parseDatabaseCommand } from './database.ts';
import { parseAlterFunction, parseCreateFunction, parseCreateTrigger } from './function.ts';
import { parseCreateMigration } from './migration.ts';
import { parseObjectKind, parseObjectName } from './object.ts';
import { parseRenameOrSchema } from './rename.ts';
import { parseAlterSequence, parseCreateSequence } from './sequence.ts';
import { parseColumnConstraints, parseCreateTable, parseWithData, parseWithOptions } from './table.ts';
import { parseCreateBranch } from './branch.ts';
import { parseTimePoint } from './system-time.ts';
import { parseAlterType, parseCreateType } from './type-definition.ts';
import { parseTypeName } from './type-name.ts';
import { parseOwner } from './owner.ts';
import { parseAlterRole, parseCreateRole } from './role.ts';
import { skipUnsupported } from './unsupported.ts';

export function parseCreate(p: Cursor): Statement {
  const { position } = p;
  p.expect('create');
  const orReplace = p.acceptAll('or', 'replace');
  if (p.atName('tag') && !orReplace) return parseCreateTag(p, position);
  if (p.atName('branch') && !orReplace) return parseCreateBranch(p, position);
  if (p.atName('migration') && !orReplace) return parseCreateMigration(p, position);
  const persistence = parsePersistence(p);
  switch (p.word) {
    case 'table':
      if (orReplace) p.fail();
      p.advance();
      return parseCreateTable(p, position, persistence);
    case 'view':
    case 'recursive':
      return parseCreateView(p, position, persistence, orReplace);
    case 'sequence':
      if (orReplace) p.fail();
      p.advance();
      return parseCreateSequence(p, position, persistence);
    default:
      if (persistence !== 'permanent') p.fail();
  }
  switch (p.word) {
    case 'function':
    case 'procedure':
      return parseCreateFunction(p, position, orReplace);
    case 'aggregate':
      return parseCreateAggregate(p, position, orReplace);
    case 'trigger':
    case 'constraint':
      return parseCreateTrigger(p, position, orReplace);
    default:
      return orReplace ? skipUnsupported(p, position, 'CREATE OR REPLACE') : parseCreateOther(p, position);
  }
}

function parseCreateOther(p: Cursor, position: number): Statement {
  switch (p.word) {
    case 'unique':
    case 'index':
      return parseCreateIndex(p, position);
    case 'materialized':
      return parseCreateMaterializedView(p, position);
    case 'schema':
      return parseCreateSchema(p, position);
    case 'type':
      return parseCreateType(p, position);
    case 'domain':
      return parseCreateDomain(p, position);
    case 'collation':
      return parseCreateCollation(p, position);
    case 'role':
    case 'user':
    case 'group':
      if (p.peekWord() === 'mapping') return skipUnsupported(p, position, 'CREATE');
      return parseCreateRole(p, position);
    default:
      return parseDatabaseCommand(p, position, 'CREATE') ?? skipUnsupported(p, position, 'CREATE');
  }
}

function parsePersistence(p: Cursor): Persistence {
  if ((p.at('local') || p.at('global')) && (p.peekWord() === 'temp' || p.peekWord() === 'temporary')) p.advance();
  if (p.accept('temp') || p.accept('temporary')) return 'temporary';
  return p.accept('unlogged') ? 'unlogged' : 'permanent';
}

function parseCreateTag(p: Cursor, position: number): Statement {
  p.advance();
  const ifNotExists = p.acceptIfNotExists();
  const name = p.code === 5 ? p.string() : p.columnName();
  const at = p.acceptAll('as', 'of') ? parseTimePoint(p) : undefined;
  return { kind: 'createTag', name, ifNotExists, at, position, end: p.lastEnd };
}

// ---- indexes ---------------------------------------------------------------------------------------------------

function parseCreateIndex(p: Cursor, position: number): CreateIndex {
  const unique = p.accept('unique');
  p.expect('index');
  const concurrently = p.accept('concurrently');
  const ifNotExists = p.acceptIfNotExists();
  let name: Identifier | undefined;
  if (!p.at('on') || ifNotExists) name = p.identifier();
  p.expect('on');
  p.accept('only');
  const table = p.qualifiedName();
  const method = p.accept('using') ? p.columnName() : 'btree';
  const elements = p.parenthesised(() => parseIndexElement(p));
  const include = p.accept('include') ? p.parenthesisedIdentifiers() : [];
  let nullsNotDistinct = false;
  if (p.accept('nulls')) {
    nullsNotDistinct = p.accept('not');
    p.expect('distinct');
  }
  const options = parseWithOptions(p);
  if (p.accept('tablespace')) p.label();
  const where = p.accept('where') ? p.grammar.expression(p) : undefined;
  return {
    kind: 'createIndex',
    name,
    table,
    unique,
    concurrently,
    ifNotExists,
    method,
    elements,
    include,
    nullsNotDistinct,
    where,
    options,
    position,
    end: p.lastEnd,
  };
}

// ---- views -----------------------------------------------------------------------------------------------------

function parseCreateView(p: Cursor, position: number, persistence: Persistence, orReplace: boolean): CreateView {
  const recursive = p.accept('recursive');
  p.expect('view');
  const name = p.qualifiedName();
  const columns = p.at('(') ? p.parenthesisedNames() : undefined;
  if (recursive && columns === undefined) p.fail();
  const options = parseWithOptions(p);
  p.expect('as');
  const query = p.grammar.query(p);
  let checkOption: CreateView['checkOption'];
  if (p.accept('with')) {
    checkOption = p.accept('local') ? 'local' : 'cascaded';
    p.accept('cascaded');
    p.expect('check');
    p.expect('option');
  }
  return {
    kind: 'createView',
    name,
    persistence,
    orReplace,
    recursive,
    columns,
    options,
    query,
    checkOption,
    position,
    end: p.lastEnd,
  };
}

function parseCreateMaterializedView(p: Cursor, position: number): CreateTableAs {
  p.expect('materialized');
  p.expect('view');
  const ifNotExists = p.acceptIfNotExists();
  const name = p.qualifiedName();
  const columns = p.at('(') ? p.parenthesisedNames() : undefined;
  if (p.accept('using')) p.label();
  const options: Option[] = parseWithOptions(p);
  if (p.accept('tablespace')) p.label();
  p.expect('as');
  const query = p.grammar.query(p);
  const withData = parseWithData(p);
  return {
    kind: 'createTableAs',
    name,
    persistence: 'permanent',
    ifNotExists,
    materializedView: true,
    columns,
    options,
    onCommit: undefined,
    query,
    withData,
    position,
    end: p.lastEnd,
  };
}

export function parseRefresh(p: Cursor): RefreshMaterializedView {
  const { position } = p;
  p.expect('refresh');
  p.expect('materialized');
  p.expect('view');
  const concurrently = p.accept('concurrently');
  const name = p.qualifiedName();
  const withData = parseWithData(p);
  return { kind: 'refreshMaterializedView', name, concurrently, withData, position, end: p.lastEnd };
}

// ---- schemas and domains ---------------------------------------------------------------------------------------

function parseCreateSchema(p: Cursor, position: number): CreateSchema {
  p.expect('schema');
  const ifNotExists = p.acceptIfNotExists();
  const name = p.at('authorization') ? undefined : p.columnName();
  const authorization = p.accept('authorization') ? p.label() : undefined;
  if (name === undefined && authorization === undefined) p.fail();
  const elements: Statement[] = [];
  while (p.at('create') || p.at('grant')) elements.push(p.grammar.statement(p));
  return { kind: 'createSchema', name, authorization, ifNotExists, elements, position, end: p.lastEnd };
}

function parseCreateDomain(p: Cursor, position: number): CreateDomain {
  p.expect('domain');
  const name = p.qualifiedName();
  p.accept('as');
  const type = parseTypeName(p);
  const constraints = [];
  let collation: QualifiedName | undefined;
  for (;;) {
    constraints.push(...parseColumnConstraints(p));
    if (!p.accept('collate')) break;
    collation = p.qualifiedName();
  }
  return { kind: 'createDomain', name, type, collation, constraints, position, end: p.lastEnd };
}

// ---- ALTER -----------------------------------------------------------------------------------------------------

export function parseAlter(p: Cursor): Statement {
  const { position } = p;
  p.expect('alter');
  switch (p.word) {
    case 'table':
    case 'view':
    case 'index': {
      const object = p.word;
      p.advance();
      return parseAlterTable(p, position, object);
    }
    case 'materialized':
      p.advance();
      p.expect('view');
      return parseAlterTable(p, position, 'materializedView');
    case 'sequence':
      return parseAlterSequenceStatement(p, position);
    case 'domain':
      return parseAlterDomain(p, position);
    case 'type':
      return parseAlterType(p, position);
    case 'collation':
      return parseAlterCollation(p, position);
    case 'schema':
    case 'function':
    case 'procedure':
    case 'routine':
    case 'aggregate':
    case 'trigger':
      return parseAlterNamed(p, position);
    case 'role':
    case 'user':
    case 'group':
      if (p.peekWord() === 'mapping') return skipUnsupported(p, position, 'ALTER');
      return parseAlterRole(p, position);
    default:
      return parseDatabaseCommand(p, position, 'ALTER') ?? skipUnsupported(p, position, 'ALTER');
  }
}

function parseAlterSequenceStatement(p: Cursor, position: number): Statement {
  p.expect('sequence');
  const ifExists = p.acceptIfExists();
  const name = p.qualifiedName();
  const object = { name, args: undefined, table: undefined };
  if (p.at('rename') || (p.at('set') && p.peekWord() === 'schema')) {
    return parseRenameOrSchema(p, { position, ifExists, object: 'sequence', name: object });
  }
  if (p.at('owner') && p.peekWord() === 'to') return parseOwner(p, position, 'sequence', object);
  if (p.at('set')) return skipUnsupported(p, position, 'ALTER SEQUENCE');
  return parseAlterSequence(p, { name, ifExists, position });
}

function parseAlterNamed(p: Cursor, position: number): Statement {
  const object = parseObjectKind(p);
  const name = parseObjectName(p, object);
  if (p.at('rename') || (p.at('set') && p.peekWord() === 'schema')) {
    return parseRenameOrSchema(p, { position, ifExists: false, object, name });
  }
  if (object === 'function' || object === 'procedure' || object === 'routine' || object === 'aggregate')
    return parseAlterFunction(p, { object, name, position });
  if (p.at('owner')) return parseOwner(p, position, object, name);
  if (object === 'schema') p.fail();
  return skipUnsupported(p, position, `ALTER ${object.toUpperCase()}`);
}

function parseAlterDomain(p: Cursor, position: number): Statement {
  p.expect('domain');
  const name = p.qualifiedName();
  const object = { name, args: undefined, table: undefined };
  if ((p.at('rename') && p.peekWord() === 'to') || (p.at('set') && p.peekWord() === 'schema'))
    return parseRenameOrSchema(p, { position, ifExists: false, object: 'domain', name: object });
  if (p.at('rename') && p.peekWord() === 'constraint') {
    p.advance();
    p.advance();
    const part = { kind: 'constraint' as const, name: p.columnName() };
    p.expect('to');
    const newName = p.columnName();
    return { kind: 'rename', object: 'domain', name: object, ifExists: false, part, newName, position, end: p.lastEnd };
  }
  if (p.at('owner')) return parseOwner(p, position, 'domain', object);
  return { kind: 'alterDomain', name, action: parseDomainAction(p), position, end: p.lastEnd };
}

function parseDomainAction(p: Cursor): AlterDomain['action'] {
  if (p.accept('set')) {
    if (p.accept('default')) return { kind: 'setDefault', expression: p.grammar.expression(p) };
    p.expect('not');
    p.expect('null');
    return { kind: 'setNotNull' };
  }
  if (p.accept('drop')) {
    if (p.accept('default')) return { kind: 'dropDefault' };
    if (p.accept('not')) {
      p.expect('null');
      return { kind: 'dropNotNull' };
    }
    p.expect('constraint');
    const ifExists = p.acceptIfExists();
    const name = p.columnName();
    return { kind: 'dropConstraint', name, ifExists, cascade: p.acceptCascade() };
  }
  if (p.accept('validate')) {
    p.expect('constraint');
    return { kind: 'validateConstraint', name: p.columnName() };
  }
  p.expect('add');
  const constraint = parseColumnConstraints(p)[0];
  if (constraint === undefined) p.fail();
  return { kind: 'addConstraint', constraint, notValid: p.acceptAll('not', 'valid') };
}

/** A column, behind the name of its relation. */
function parseColumnOf(p: Cursor): ObjectName & { readonly column: string } {
  const { position } = p;
  const names = [p.columnName()];
  while (p.accept('.')) names.push(p.label());
  const [column = '', name, schema, catalog, ...more] = names.toReversed();
  if (name === undefined) p.refuse('column name must be qualified', position);
  if (more.length > 0) p.refuse(`improper qualified name (too many dotted names): ${names.join('.')}`, position);
  return { name: { catalog, schema, name, position }, args: undefined, table: undefined, column };
}

// ---- COMMENT ---------------------------------------------------------------------------------------------------

export function parseComment(p: Cursor): Comment {
  const { position } = p;
  p.expect('comment');
  p.expect('on');
  const isColumn = p.at('column');
  const object = parseObjectKind(p);
  const { column, ...name } = isColumn ? parseColumnOf(p) : { ...parseObjectName(p, object), column: undefined };
  p.expect('is');
  const text = p.accept('null') ? undefined : p.string();
  return { kind: 'comment', object, name, column, text, position, end: p.lastEnd };
}
