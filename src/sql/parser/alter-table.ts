/** ALTER TABLE and its actions, which ALTER VIEW, INDEX and MATERIALIZED VIEW share. */
import { parseTiming } from './timing.ts';
import type { QualifiedName } from '../ast.ts';
import type { AlterTable, AlterTableAction, RenameObject, SetObjectSchema } from '../ast-table.ts';
import type { SequenceOption } from '../ast-table.ts';
import type { Cursor } from './cursor.ts';
import { parseOptions } from './option.ts';
import { parseRole } from './role.ts';
import { parseParenthesisedSequenceOptions, parseSequenceOption } from './sequence.ts';
import { atTableConstraint, parseColumnDefinition, parseIdentityWhen, parseTableConstraint } from './table.ts';
import { parseTypeName } from './type-name.ts';

type Result = AlterTable | RenameObject | SetObjectSchema;

/** Parses behind ALTER TABLE | VIEW | INDEX | MATERIALIZED VIEW. */
export function parseAlterTable(p: Cursor, position: number, object: AlterTable['object']): Result {
  const ifExists = p.acceptIfExists();
  const only = p.accept('only');
  const name = p.qualifiedName();
  p.accept('*');
  const objectName = { name, args: undefined, table: undefined };
  if (p.accept('rename')) {
    const part = parseRenamedPart(p);
    p.expect('to');
    const newName = p.columnName();
    return { kind: 'rename', object, name: objectName, ifExists, part, newName, position, end: p.lastEnd };
  }
  if (p.at('set') && p.peekWord() === 'schema') {
    p.advance();
    p.advance();
    const schema = p.columnName();
    return { kind: 'setSchema', object, name: objectName, ifExists, schema, position, end: p.lastEnd };
  }
  const actions = p.list(() => parseAction(p));
  return { kind: 'alterTable', object, name, ifExists, only, actions, position, end: p.lastEnd };
}

function parseRenamedPart(p: Cursor): RenameObject['part'] {
  if (p.at('to')) return undefined;
  if (p.accept('constraint')) return { kind: 'constraint', name: p.columnName() };
  p.accept('column');
  return { kind: 'column', name: p.columnName() };
}

function parseAction(p: Cursor): AlterTableAction {
  const { position } = p;
  switch (p.word) {
    case 'add':
      p.advance();
      return { position, ...parseAdd(p) };
    case 'drop':
      p.advance();
      return { position, ...parseDrop(p) };
    case 'alter':
      p.advance();
      return { position, ...parseAlter(p) };
    case 'validate':
      p.advance();
      p.expect('constraint');
      return { kind: 'validateConstraint', name: p.columnName(), position };
    case 'enable':
    case 'disable':
      return parseTriggers(p, position);
    case 'set':
    case 'reset':
      return parseSet(p, position);
    default:
      return parseRest(p, position);
  }
}

type Action<A = AlterTableAction> = A extends unknown ? Omit<A, 'position'> : never;

function parseAdd(p: Cursor): Action {
  if (atTableConstraint(p)) return { kind: 'addConstraint', constraint: parseTableConstraint(p) };
  p.accept('column');
  const ifNotExists = p.acceptIfNotExists();
  return { kind: 'addColumn', ifNotExists, column: parseColumnDefinition(p) };
}

function parseDrop(p: Cursor): Action {
  if (p.accept('constraint')) {
    const ifExists = p.acceptIfExists();
    const name = p.columnName();
    return { kind: 'dropConstraint', ifExists, name, cascade: p.acceptCascade() };
  }
  if (p.atName('period') && p.peekWord() === 'for') {
    p.advance();
    p.advance();
    const ifExists = p.acceptIfExists();
    const name = p.columnName();
    return { kind: 'dropPeriod', ifExists, name, cascade: p.acceptCascade() };
  }
  p.accept('column');
  const ifExists = p.acceptIfExists();
  const name = p.columnName();
  return { kind: 'dropColumn', ifExists, name, cascade: p.acceptCascade() };
}

function parseAlter(p: Cursor): Action {
  if (p.accept('constraint')) {
    const name = p.columnName();
    return { kind: 'alterConstraint', name, ...parseTiming(p) };
  }
  p.accept('column');
  if (p.code === 3) {
    // By number, for statistics of index columns.
    p.integer();
    p.expect('set');
    p.expect('statistics');
    p.integer();
    return { kind: 'noEffect', feature: 'statistics' };
  }
  const name = p.columnName();
  switch (p.word) {
    case 'type':
      p.advance();
      return parseAlterType(p, name);
    case 'drop':
      p.advance();
      return parseAlterDrop(p, name);
    case 'add':
      p.advance();
      p.expect('generated');
      {
        const when = parseIdentityWhen(p);
        p.expect('as');
        p.expect('identity');
        return { kind: 'addIdentity', name, when, options: parseParenthesisedSequenceOptions(p) };
      }
    case 'set':
    case 'restart':
      return parseAlterSet(p, name);
    case 'reset':
      p.advance();
      parseOptions(p);
      return { kind: 'noEffect', feature: 'column options' };
    default:
      p.fail();
  }
}

function parseAlterType(p: Cursor, name: string): Action {
  const type = parseTypeName(p);
  let collation: QualifiedName | undefined;
  if (p.accept('collate')) collation = p.qualifiedName();
  return { kind: 'alterType', name, type, collation, using: p.accept('using') ? p.grammar.expression(p) : undefined };
}

function parseAlterDrop(p: Cursor, name: string): Action {
  if (p.accept('default')) return { kind: 'dropDefault', name };
  if (p.at('not')) {
    p.advance();
    p.expect('null');
    return { kind: 'dropNotNull', name };
  }
  const kind = p.at('expression') ? 'dropExpression' : 'dropIdentity';
  if (kind === 'dropIdentity' && !p.at('identity')) p.fail();
  p.advance();
  return { kind, name, ifExists: p.acceptIfExists() };
}

function parseAlterSet(p: Cursor, name: string): Action {
  if (p.at('set')) {
    const next = p.peekWord();
    if (next === 'default') {
      p.advance();
      p.advance();
      return { kind: 'setDefault', name, expression: p.grammar.expression(p) };
    }
    if (next === 'not') {
      p.advance();
      p.advance();
      p.expect('null');
      return { kind: 'setNotNull', name };
    }
    if (next === 'data') {
      p.advance();
      p.advance();
      p.expect('type');
      return parseAlterType(p, name);
    }
    if (next === 'statistics' || next === 'storage' || next === 'compression') {
      p.advance();
      p.advance();
      p.accept('-');
      if (p.code === 3) p.integer();
      else p.label();
      return { kind: 'noEffect', feature: next };
    }
    if (next === '(') {
      p.advance();
      parseOptions(p);
      return { kind: 'noEffect', feature: 'column options' };
    }
  }
  return parseSetIdentity(p, name);
}

/** SET GENERATED …, SET sequence option, RESTART. */
function parseSetIdentity(p: Cursor, name: string): Action {
  let when: 'always' | 'by default' | undefined;
  const options: SequenceOption[] = [];
  while (p.at('set') || p.at('restart')) {
    if (p.at('set')) p.advance();
    if (p.accept('generated')) {
      when = parseIdentityWhen(p);
      continue;
    }
    const option = parseSequenceOption(p);
    if (option === undefined) p.fail();
    options.push(option);
  }
  return { kind: 'setIdentity', name, when, options };
}

/** ENABLE | DISABLE TRIGGER, RULE, ROW LEVEL SECURITY. */
function parseTriggers(p: Cursor, position: number): AlterTableAction {
  const enable = p.at('enable');
  p.advance();
  if (p.at('replica') || p.at('always')) p.advance();
  if (p.accept('row')) {
    p.expect('level');
    p.expect('security');
    return { kind: 'unsupported', feature: 'row level security', position };
  }
  if (p.accept('rule')) {
    p.label();
    return { kind: 'unsupported', feature: 'rules', position };
  }
  p.expect('trigger');
  return { kind: 'triggers', enable, name: p.label(), position };
}

function parseSet(p: Cursor, position: number): AlterTableAction {
  const kind = p.at('set') ? 'setOptions' : 'resetOptions';
  p.advance();
  if (p.at('(')) return { kind, options: parseOptions(p), position };
  if (kind === 'resetOptions') p.fail();
  const feature = p.word;
  switch (feature) {
    case 'tablespace':
    case 'access':
      p.advance();
      if (feature === 'access') p.expect('method');
      p.label();
      return { kind: 'noEffect', feature, position };
    case 'logged':
    case 'unlogged':
      p.advance();
      return { kind: 'noEffect', feature, position };
    case 'without':
      p.advance();
      if (!p.accept('cluster')) p.expect('oids');
      return { kind: 'noEffect', feature, position };
    default:
      p.fail();
  }
}

function parseRest(p: Cursor, position: number): AlterTableAction {
  if (p.acceptAll('owner', 'to')) {
    parseRole(p);
    return { kind: 'noEffect', feature: 'owner', position };
  }
  if (p.acceptAll('cluster', 'on')) {
    p.columnName();
    return { kind: 'noEffect', feature: 'cluster', position };
  }
  if (p.acceptAll('replica', 'identity')) {
    p.label();
    if (p.isColumnName()) p.label();
    return { kind: 'noEffect', feature: 'replica identity', position };
  }
  if (p.at('inherit') || (p.at('no') && p.peekWord() === 'inherit')) {
    p.accept('no');
    p.expect('inherit');
    p.qualifiedName();
    return { kind: 'unsupported', feature: 'inheritance', position };
  }
  if (p.at('attach') || p.at('detach')) {
    while (p.code !== 0 && !p.at(';')) p.advance();
    return { kind: 'unsupported', feature: 'partitions', position };
  }
  if (p.at('force') || p.at('no')) {
    while (p.code !== 0 && !p.at(';')) p.advance();
    return { kind: 'unsupported', feature: 'row level security', position };
  }
  p.fail();
}
