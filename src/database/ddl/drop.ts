/**
 * DROP: the named objects together, then what depends on them. With CASCADE dependents go as well (views, and theirs) or
 * lose what refers to a dropped object (foreign keys, defaults); without it a dependent that is not itself named is an
 * error (2BP01). Nothing is lost to the past: AS OF a time before, all of it is there.
 */
import { DriftError } from '../../base/error.ts';
import type { CatalogObject, RoutineDef, SequenceDef, TableDef, ViewDef } from '../../catalog/schema.ts';
import type { DropStatement, ObjectName } from '../../sql/ast-table.ts';
import { mentions } from './alter-column.ts';
import { readsRelation } from './query-names.ts';
import { signatureOf } from '../routine/result.ts';
import { withoutIndexes } from './create-index.ts';
import { dropRoutine, dropRoutines } from './routine.ts';
import { dropRoles } from './role.ts';
import { dropTriggers } from './trigger.ts';
import type { SystemTable } from '../../plan/bind.ts';
import {
  type DdlContext,
  define,
  notOwner,
  relationNamed,
  skipMissing,
  systemRelationNamed,
  tableNamed,
  undefinedTable,
} from './context.ts';

type Relation = TableDef | ViewDef | SequenceDef;

const WORDS: Readonly<Record<string, string>> = {
  table: 'table',
  view: 'view',
  materializedView: 'materialized view',
  sequence: 'sequence',
};

const MISSING: Readonly<Record<string, string>> = {
  type: '42704',
  domain: '42704',
  function: '42883',
  procedure: '42883',
  routine: '42883',
  trigger: '42704',
  extension: '42704',
  collation: '42704',
  policy: '42704',
  rule: '42704',
  'statistics object': '42704',
  language: '42704',
  publication: '42704',
  subscription: '42704',
  server: '42704',
  tablespace: '42704',
  conversion: '42704',
  database: '3D000',
};

export function drop(context: DdlContext, statement: DropStatement): void {
  switch (statement.object) {
    case 'table':
    case 'view':
    case 'materializedView':
    case 'sequence': {
      const found = statement.names.map((name) => named(context, statement, name));
      dropRelations(
        context,
        found.filter((object) => object !== undefined),
        statement.cascade,
      );
      return;
    }
    case 'index':
      for (const name of statement.names) dropIndex(context, statement, name);
      return;
    case 'schema':
      for (const { name } of statement.names) dropSchema(context, name.name, statement);
      return;
    case 'function':
    case 'procedure':
    case 'routine':
    case 'aggregate':
      dropRoutines(context, statement);
      return;
    case 'trigger':
      dropTriggers(context, statement);
      return;
    case 'role':
      dropRoles(context, statement);
      return;
    default:
      refuseUnknown(context, statement);
  }
}

/** Objects of other kinds cannot be made, so none exists. */
function refuseUnknown(context: DdlContext, statement: DropStatement): void {
  const code = MISSING[statement.object];
  const [object] = statement.names;
  if (statement.ifExists && code !== undefined) {
    for (const { name } of statement.names) skipMissing(context, `${statement.object} "${name.name}"`);
    return;
  }
  if (code === undefined || object === undefined)
    throw new DriftError('0A000', `DROP ${statement.object.toUpperCase()} is not supported`, {
      position: statement.position,
    });
  throw new DriftError(code, `${statement.object} "${object.name.name}" does not exist`, {
    position: object.name.position,
  });
}

/** What kind of object a relation is for DROP and for messages. */
function kindOf(object: Relation): string {
  return object.kind === 'table' && object.materialized !== undefined ? 'materializedView' : object.kind;
}

function named(context: DdlContext, statement: DropStatement, { name }: ObjectName): Relation | undefined {
  const found = relationNamed(context, name);
  const word = WORDS[statement.object] ?? 'relation';
  if (found === undefined) {
    if (statement.ifExists) {
      skipMissing(context, `${word} "${name.name}"`);
      return undefined;
    }
    if (context.transaction.catalog.tableOfIndex(name.schema, name.name) !== undefined)
      throw new DriftError('42809', `"${name.name}" is not a ${word}`, { position: name.position });
    const system = systemRelationNamed(name);
    if (system !== undefined) throw systemDrop(system, statement.object, word, name.position);
    const missing = undefinedTable(context, name);
    if (missing.code !== '42P01') throw missing;
    throw new DriftError('42P01', `${word} "${name.name}" does not exist`, { position: name.position });
  }
  if (kindOf(found) !== statement.object)
    throw new DriftError('42809', `"${name.name}" is not a ${word}`, { position: name.position });
  if (found.schema === 'drift') tableNamed(context, name);
  return found;
}

function systemDrop(system: SystemTable, object: string, word: string, position: number): DriftError {
  const fits = object === (system.kind === 'v' ? 'view' : 'table');
  return fits ? notOwner(system, position) : new DriftError('42809', `"${system.name}" is not a ${word}`, { position });
}

interface Dependent {
  readonly text: string;
  /** Goes as well; undefined: only its reference goes, by `release`. */
  readonly object: Relation | undefined;
  readonly release?: () => void;
}

export function dropRelations(context: DdlContext, named: readonly Relation[], cascade: boolean): void {
  const gone = new Map<number, Relation>(named.map((object) => [object.id, object]));
  for (const object of gone.values()) {
    for (const sequence of sequencesOf(context, object)) gone.set(sequence.id, sequence);
    for (const dependent of dependentsOf(context, object, gone)) {
      if (!cascade) {
        throw new DriftError(
          '2BP01',
          `cannot drop ${WORDS[kindOf(object)]} ${object.name} because other objects depend on it`,
          {
            detail: `${dependent.text} depends on ${WORDS[kindOf(object)]} ${object.name}`,
            hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
          },
        );
      }
      const message = `drop cascades to ${dependent.text}`;
      context.notices.push({ severity: 'NOTICE', code: '00000', message });
      // A map that grows while it is walked: dependents of dependents come by themselves.
      if (dependent.object === undefined) dependent.release?.();
      else gone.set(dependent.object.id, dependent.object);
    }
  }
  for (const object of gone.values()) {
    if (object.kind === 'table') context.transaction.forget(object.id);
    remove(context, object.id);
  }
}

function sequencesOf(context: DdlContext, object: Relation): SequenceDef[] {
  if (object.kind !== 'table') return [];
  return [...context.transaction.catalog.objects()].filter(
    (other): other is SequenceDef => other.kind === 'sequence' && other.ownedBy?.tableId === object.id,
  );
}

/** What would be left hanging when `object` goes, unless it goes too. */
function* dependentsOf(
  context: DdlContext,
  object: Relation,
  gone: ReadonlyMap<number, Relation>,
): Generator<Dependent> {
  for (const other of [...context.transaction.catalog.objects()]) {
    if (gone.has(other.id)) continue;
    if (object.kind !== 'sequence' && other.kind === 'view' && reads(context, other.query, other.path, object))
      yield { text: `view ${other.name}`, object: other };
    if (other.kind !== 'table') continue;
    if (object.kind !== 'sequence' && reads(context, other.materialized, undefined, object))
      yield { text: `materialized view ${other.name}`, object: other };
    if (object.kind === 'table') yield* foreignKeysTo(context, object, other);
    if (object.kind === 'sequence') yield* defaultsFrom(context, object, other);
  }
}

function reads(
  { transaction: { catalog } }: DdlContext,
  text: string | undefined,
  path: readonly string[] | undefined,
  object: TableDef | ViewDef,
): boolean {
  return text !== undefined && mentions(text, object.name) && readsRelation(catalog, { text, path }, object);
}

function* foreignKeysTo(context: DdlContext, parent: TableDef, child: TableDef): Generator<Dependent> {
  const [key] = child.foreignKeys.filter((candidate) => candidate.foreignTableId === parent.id);
  if (key === undefined) return;
  const release = (): void => {
    const now = current(context, child.id);
    if (now === undefined) return;
    define(context, {
      ...now,
      foreignKeys: now.foreignKeys.filter((candidate) => candidate.foreignTableId !== parent.id),
    });
  };
  yield { text: `constraint ${key.name} on table ${child.name}`, object: undefined, release };
}

function* defaultsFrom(context: DdlContext, sequence: SequenceDef, table: TableDef): Generator<Dependent> {
  const uses = (text: string | undefined): boolean =>
    text !== undefined && text.includes('nextval') && mentions(text, sequence.name);
  for (const column of table.columns) {
    if (column.sequenceId !== sequence.id && !uses(column.default)) continue;
    const release = (): void => {
      const now = current(context, table.id);
      if (now === undefined) return;
      const columns = now.columns.map((old) => {
        const { default: _default, sequenceId: _sequence, identity: _identity, ...rest } = old;
        return old.id === column.id ? rest : old;
      });
      define(context, { ...now, columns });
    };
    yield { text: `default value for column ${column.name} of table ${table.name}`, object: undefined, release };
  }
}

function current(context: DdlContext, id: number): TableDef | undefined {
  const object = context.transaction.catalog.byId(id);
  return object?.kind === 'table' ? object : undefined;
}

function dropIndex(context: DdlContext, statement: DropStatement, { name }: ObjectName): void {
  const table = context.transaction.catalog.tableOfIndex(name.schema, name.name);
  const index = table?.indexes.find((candidate) => candidate.name === name.name);
  if (table !== undefined && table.primaryKeyName === name.name) throw requiredIndex(table, name.name);
  if (table === undefined || index === undefined) {
    if (relationNamed(context, name) !== undefined)
      throw new DriftError('42809', `"${name.name}" is not an index`, { position: name.position });
    if (statement.ifExists) {
      skipMissing(context, `index "${name.name}"`);
      return;
    }
    if (name.schema !== undefined && undefinedTable(context, name).code === '3F000')
      throw undefinedTable(context, name);
    throw new DriftError('42704', `index "${name.name}" does not exist`, { position: name.position });
  }
  if (index.constraint !== undefined) {
    throw requiredIndex(table, index.constraint);
  }
  define(context, withoutIndexes(table, [index]));
}

/** An index that a constraint of the same name needs. */
function requiredIndex(table: TableDef, constraint: string): DriftError {
  return new DriftError(
    '2BP01',
    `cannot drop index ${constraint} because constraint ${constraint} on table ${table.name} requires it`,
    { hint: `You can drop constraint ${constraint} on table ${table.name} instead.` },
  );
}

export function dropSchema(
  context: DdlContext,
  name: string,
  statement: { readonly ifExists: boolean; readonly cascade: boolean },
): void {
  const schema = context.transaction.catalog.schema(name);
  if (schema === undefined) {
    if (statement.ifExists) {
      skipMissing(context, `schema "${name}"`);
      return;
    }
    throw new DriftError('3F000', `schema "${name}" does not exist`);
  }
  if (name === 'drift') throw new DriftError('42501', 'schema "drift" belongs to the system');
  const inside = [...context.transaction.catalog.objects()].filter(
    (object): object is Relation | RoutineDef =>
      'schema' in object && object.schema === name && object.kind !== 'collation',
  );
  const [first] = inside;
  if (first !== undefined && !statement.cascade) {
    throw new DriftError('2BP01', `cannot drop schema ${name} because other objects depend on it`, {
      detail: `${first.kind === 'routine' ? `function ${signatureOf(first)}` : `${WORDS[kindOf(first)]} ${first.name}`} depends on schema ${name}`,
      hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
    });
  }
  const relations = inside.filter((object) => object.kind !== 'routine');
  dropRelations(context, relations, true);
  for (const object of inside) if (object.kind === 'routine') dropRoutine(context, object, true);
  remove(context, schema.id);
}

function remove(context: DdlContext, id: CatalogObject['id']): void {
  context.transaction.changeCatalog([{ id, object: null }]);
}
