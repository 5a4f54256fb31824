/** CREATE TYPE and ALTER TYPE. */
import type { QualifiedName } from '../ast.ts';
import type { Statement } from '../ast-statement.ts';
import type { AlterComposite, RangeOptions } from '../ast-type.ts';
import type { Cursor } from './cursor.ts';
import { parseOwner } from './owner.ts';
import { parseRenameOrSchema } from './rename.ts';
import { parseTypeName } from './type-name.ts';
import { skipUnsupported } from './unsupported.ts';

export function parseCreateType(p: Cursor, position: number): Statement {
  p.expect('type');
  const name = p.qualifiedName();
  if (!p.at('as')) return skipUnsupported(p, position, 'CREATE TYPE');
  p.expect('as');
  if (p.accept('enum')) {
    p.expect('(');
    const labels = p.at(')') ? [] : p.list(() => p.string());
    p.expect(')');
    return { kind: 'createEnum', name, labels, position, end: p.lastEnd };
  }
  if (p.accept('range'))
    return { kind: 'createRangeType', name, options: parseRangeOptions(p), position, end: p.lastEnd };
  p.expect('(');
  const attributes = p.at(')') ? [] : p.list(() => parseAttribute(p));
  p.expect(')');
  return { kind: 'createCompositeType', name, attributes, position, end: p.lastEnd };
}

const RANGE_NAMES: Readonly<Record<string, Exclude<keyof RangeOptions, 'subtype'>>> = {
  subtype_opclass: 'operatorClass',
  collation: 'collation',
  canonical: 'canonical',
  subtype_diff: 'subtypeDiff',
  multirange_type_name: 'multirange',
};

function parseRangeOptions(p: Cursor): RangeOptions {
  let options: RangeOptions = {};
  p.parenthesised(() => {
    const { position } = p;
    const label = p.label();
    const name = label === 'subtype' ? label : RANGE_NAMES[label];
    if (name === undefined) p.refuse(`type attribute "${label}" not recognized`, position);
    if (options[name] !== undefined) p.refuse('conflicting or redundant options', position);
    p.expect('=');
    options = { ...options, [name]: name === 'subtype' ? parseTypeName(p) : p.qualifiedName() };
  });
  return options;
}

function parseAttribute(p: Cursor): {
  name: string;
  type: ReturnType<typeof parseTypeName>;
  collation: QualifiedName | undefined;
} {
  const name = p.columnName();
  const type = parseTypeName(p);
  return { name, type, collation: p.accept('collate') ? p.qualifiedName() : undefined };
}

export function parseAlterType(p: Cursor, position: number): Statement {
  p.expect('type');
  const name = p.qualifiedName();
  if (p.at('add') && p.peekWord() === 'value') {
    p.advance();
    p.advance();
    const ifNotExists = p.acceptIfNotExists();
    const value = p.string();
    let neighbour: Extract<Statement, { kind: 'alterEnum' }>['neighbour'];
    if (p.at('before') || p.at('after')) {
      const where = p.word as 'before' | 'after';
      p.advance();
      neighbour = { where, value: p.string() };
    }
    return { kind: 'alterEnum', name, value, ifNotExists, neighbour, position, end: p.lastEnd };
  }
  const object = { name, args: undefined, table: undefined };
  if (p.at('rename') && (p.peekWord() === 'value' || p.peekWord() === 'attribute')) {
    p.advance();
    const kind = p.word as 'value' | 'attribute';
    p.advance();
    const part = { kind, name: kind === 'value' ? p.string() : p.columnName() };
    p.expect('to');
    const newName = kind === 'value' ? p.string() : p.columnName();
    p.acceptCascade();
    return { kind: 'rename', object: 'type', name: object, ifExists: false, part, newName, position, end: p.lastEnd };
  }
  if (p.at('rename') || (p.at('set') && p.peekWord() === 'schema')) {
    return parseRenameOrSchema(p, { position, ifExists: false, object: 'type', name: object });
  }
  if (p.at('add') || p.at('drop') || p.at('alter')) {
    const actions = p.list(() => parseAttributeAction(p));
    return { kind: 'alterComposite', name, actions, position, end: p.lastEnd };
  }
  if (p.at('owner')) return parseOwner(p, position, 'type', object);
  return skipUnsupported(p, position, 'ALTER TYPE');
}

function parseAttributeAction(p: Cursor): AlterComposite['actions'][number] {
  const { position } = p;
  if (p.accept('drop')) {
    p.expect('attribute');
    const ifExists = p.acceptIfExists();
    const name = p.columnName();
    p.acceptCascade();
    return { kind: 'drop', name, ifExists, position };
  }
  const kind = p.accept('add') ? 'add' : 'alter';
  if (kind === 'alter') p.expect('alter');
  p.expect('attribute');
  const name = p.columnName();
  if (kind === 'alter') {
    if (p.accept('set')) p.expect('data');
    p.expect('type');
  }
  const type = parseTypeName(p);
  if (p.accept('collate')) p.qualifiedName();
  p.acceptCascade();
  return { kind, name, type, position };
}
