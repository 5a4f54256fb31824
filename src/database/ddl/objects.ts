/** DROP, RENAME, sequences, views, schemas and tags. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import { FIRST_USER_ID } from '../../catalog/system-objects.ts';
import type { QualifiedName } from '../../sql/ast.ts';
import type { IndexDef, CatalogObject, SequenceDef, TableDef, ViewDef } from '../../catalog/schema.ts';
import type { AlterSequence, CreateSchema, CreateSequence, CreateTag, DropTag } from '../../sql/ast-statement.ts';
import type { SequenceOption } from '../../sql/ast-table.ts';
import type { RenameObject, SetObjectSchema } from '../../sql/ast-table.ts';
import { nextvalText } from './column.ts';
import { columnNamed, constraintNames } from './draft.ts';
import { refusePeriodName } from './period.ts';
import { renamedIn } from './names.ts';
import { newSequence, withSequenceOptions } from './sequence-options.ts';
import { renameRoutine } from './routine.ts';
import { isRoutineKind } from './routine-kind.ts';
import { changeTrigger } from './trigger.ts';
import { renameViewColumn } from './alter-view.ts';
import { renameInViews } from './view.ts';
import {
  isTemporarySchema,
  type DdlContext,
  define,
  refuseTaken,
  relationNamed,
  schemaFor,
  skipExisting,
  skipMissing,
  tableNamed,
  undefinedTable,
} from './context.ts';

export function* rename(context: DdlContext, statement: RenameObject): Task<void> {
  const { name } = statement.name;
  if (statement.object === 'schema') {
    yield* renameSchema(context, name, statement.newName);
    return;
  }
  if (statement.object === 'trigger') {
    changeTrigger(context, statement.name, (old) => ({ ...old, name: statement.newName }));
    return;
  }
  if (isRoutineKind(statement.object)) {
    renameRoutine(context, statement.object, statement.name, { name: statement.newName });
    return;
  }
  const found = relationNamed(context, name);
  if (statement.object === 'index') {
    const table = context.transaction.catalog.tableOfIndex(name.schema, name.name);
    if (table === undefined) throw undefinedTable(context, name);
    refuseTaken(context, table.schema, statement.newName, name.position);
    define(context, {
      ...table,
      primaryKeyName: table.primaryKeyName === name.name ? statement.newName : table.primaryKeyName,
      indexes: table.indexes.map((index) =>
        index.name === name.name ? renamedIndex(index, statement.newName) : index,
      ),
    });
    return;
  }
  if (found === undefined) {
    if (statement.ifExists) {
      skipMissing(context, `relation "${name.name}"`);
      return;
    }
    throw undefinedTable(context, name);
  }
  if (statement.part?.kind === 'column' && found.kind === 'view') {
    yield* renameViewColumn(context, found, statement);
    return;
  }
  if (statement.part !== undefined) {
    const table = tableNamed(context, name, true);
    renamePart(context, table, statement);
    if (statement.part.kind === 'column')
      yield* renameInViews(context, {
        relation: table,
        column: statement.part.name,
        to: statement.newName,
      });
    return;
  }
  refuseOtherKind(statement, found);
  refuseTaken(context, found.schema, statement.newName, name.position);
  if (found.kind === 'sequence') redefineSequence(context, { ...found, name: statement.newName });
  else define(context, { ...found, name: statement.newName });
  yield* renameInViews(context, { relation: found, to: statement.newName });
}

/** ALTER SCHEMA … RENAME: everything in it goes along. */
function* renameSchema(context: DdlContext, { name, position }: QualifiedName, to: string): Task<void> {
  const { catalog } = context.transaction;
  const schema = catalog.schema(name);
  if (name === 'pg_catalog' || name === 'information_schema')
    throw new DriftError('42501', `must be owner of schema ${name}`, { position });
  if (schema === undefined) throw new DriftError('3F000', `schema "${name}" does not exist`, { position });
  if (name === 'drift') throw new DriftError('42501', 'schema "drift" belongs to the system', { position });
  if (catalog.schema(to) !== undefined) throw new DriftError('42P06', `schema "${to}" already exists`, { position });
  refuseReserved(to);
  // A system schema exists before the first commit: it ends, and another takes its place.
  if (schema.id < FIRST_USER_ID) {
    context.transaction.changeCatalog([{ id: schema.id, object: null }]);
    define(context, { ...schema, id: context.nextId(), name: to });
  } else {
    define(context, { ...schema, name: to });
  }
  const moved: (TableDef | ViewDef | SequenceDef)[] = [];
  for (const object of [...context.transaction.catalog.objects()]) {
    if (!('schema' in object) || object.schema !== name) continue;
    if (object.kind === 'type' || object.kind === 'collation') {
      define(context, { ...object, schema: to });
      continue;
    }
    if (object.kind === 'sequence') redefineSequence(context, { ...object, schema: to });
    else define(context, { ...(context.transaction.catalog.byId(object.id) as typeof object), schema: to });
    if (object.kind !== 'routine') moved.push(object);
  }
  for (const relation of moved)
    if (relation.kind !== 'sequence') yield* renameInViews(context, { relation, to: relation.name, schema: to });
}

function refuseReserved(name: string): void {
  if (!name.startsWith('pg_')) return;
  throw new DriftError('42939', `unacceptable schema name "${name}"`, {
    detail: 'The prefix "pg_" is reserved for system schemas.',
  });
}

/** ALTER VIEW and the like name their own kind; ALTER TABLE takes every relation, as PostgreSQL's does. */
function refuseOtherKind({ object, name }: RenameObject, found: TableDef | ViewDef | SequenceDef): void {
  const kind = found.kind === 'table' && found.materialized !== undefined ? 'materializedView' : found.kind;
  if (object === 'table' || object === kind) return;
  const word = object === 'materializedView' ? 'materialized view' : object;
  throw new DriftError('42809', `"${found.name}" is not a ${word}`, { position: name.name.position });
}

function renamedKey(
  comments: TableDef['constraintComments'],
  from: string,
  to: string,
): TableDef['constraintComments'] {
  const { [from]: moved, ...rest } = comments ?? {};
  return moved === undefined ? comments : { ...rest, [to]: moved };
}

/** An index and the constraint that it stands for have one name. */
function renamedIndex(index: IndexDef, name: string): IndexDef {
  return { ...index, name, constraint: index.constraint === undefined ? undefined : name };
}

function renamePart(context: DdlContext, table: TableDef, statement: RenameObject): void {
  const { newName, part } = statement;
  if (part?.kind === 'constraint') {
    if (!constraintNames(table).includes(part.name)) {
      throw new DriftError('42704', `constraint "${part.name}" for table "${table.name}" does not exist`);
    }
    const renamed = <T extends { readonly name: string }>(list: readonly T[]): T[] =>
      list.map((item) => (item.name === part.name ? { ...item, name: newName } : item));
    const primaryKeyName = table.primaryKeyName === part.name ? newName : table.primaryKeyName;
    define(context, {
      ...table,
      primaryKeyName,
      constraintComments: renamedKey(table.constraintComments, part.name, newName),
      checks: renamed(table.checks),
      foreignKeys: renamed(table.foreignKeys),
      indexes: table.indexes.map((index) => (index.name === part.name ? renamedIndex(index, newName) : index)),
    });
    return;
  }
  const column = part === undefined ? undefined : columnNamed(table, part.name);
  if (column === undefined) throw new DriftError('42703', `column "${part?.name ?? ''}" does not exist`);
  if (columnNamed(table, newName) !== undefined)
    throw new DriftError('42701', `column "${newName}" of relation "${table.name}" already exists`);
  refusePeriodName(table, { name: newName });
  const rewrite = (text: string): string => renamedIn(text, column.name, newName);
  define(context, {
    ...table,
    columns: table.columns.map((old) => {
      const named = old === column ? { ...old, name: newName } : old;
      return named.generated === undefined ? named : { ...named, generated: rewrite(named.generated) };
    }),
    checks: table.checks.map((check) => ({ ...check, expression: rewrite(check.expression) })),
    triggers: table.triggers?.map((trigger) =>
      trigger.when === undefined ? trigger : { ...trigger, when: rewrite(trigger.when) },
    ),
    indexes: table.indexes.map((index) => ({
      ...index,
      keys: index.keys?.map(rewrite),
      where: index.where === undefined ? undefined : rewrite(index.where),
    })),
  });
}

/** ALTER … SET SCHEMA: the object under the same name in another schema; sequences of columns go along. */
export function* setSchema(context: DdlContext, statement: SetObjectSchema): Task<void> {
  const { name } = statement.name;
  if (isRoutineKind(statement.object)) {
    renameRoutine(context, statement.object, statement.name, { schema: statement.schema });
    return;
  }
  const found = relationNamed(context, name);
  if (found === undefined) {
    if (statement.ifExists) {
      skipMissing(context, `relation "${name.name}"`);
      return;
    }
    throw undefinedTable(context, name);
  }
  const schema = schemaFor(context, { ...name, schema: statement.schema });
  if (schema === found.schema) return;
  if (isTemporarySchema(schema) || isTemporarySchema(found.schema))
    throw new DriftError('0A000', 'cannot move objects into or out of temporary schemas', { position: name.position });
  refuseTaken(context, schema, found.name, name.position);
  if (found.kind === 'table') tableNamed(context, name, true);
  if (found.kind === 'sequence') redefineSequence(context, { ...found, schema });
  else define(context, { ...found, schema });
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind === 'sequence' && object.ownedBy?.tableId === found.id)
      redefineSequence(context, { ...object, schema });
  }
  yield* renameInViews(context, { relation: found, to: found.name, schema });
}

/** A sequence under another name: the default of a serial column, which names it, follows. */
function redefineSequence(context: DdlContext, sequence: SequenceDef): void {
  define(context, sequence);
  for (const table of context.transaction.catalog.objects()) {
    if (table.kind !== 'table') continue;
    if (!table.columns.some((column) => column.sequenceId === sequence.id && column.default !== undefined)) continue;
    const columns = table.columns.map((column) =>
      column.sequenceId === sequence.id ? { ...column, default: nextvalText(sequence) } : column,
    );
    define(context, { ...table, columns });
  }
}

export function createSequence(context: DdlContext, statement: CreateSequence): void {
  const schema = schemaFor(context, statement.name, statement.persistence);
  if (statement.ifNotExists && relationNamed(context, statement.name) !== undefined) {
    skipExisting(context, `relation "${statement.name.name}"`);
    return;
  }
  const empty = newSequence(context.nextId(), schema, statement.name.name);
  const made = withSequenceOptions(empty, statement.options, true);
  refuseTaken(context, schema, statement.name.name, statement.name.position);
  define(context, withOwner(context, made, statement.options));
}

export function alterSequence(context: DdlContext, statement: AlterSequence): void {
  const found = relationNamed(context, statement.name);
  if (found === undefined) {
    if (statement.ifExists) {
      skipMissing(context, `relation "${statement.name.name}"`);
      return;
    }
    throw undefinedTable(context, statement.name);
  }
  if (found.kind !== 'sequence') throw new DriftError('42809', `"${found.name}" is not a sequence`);
  const next = withOwner(context, withSequenceOptions(found, statement.options, false), statement.options);
  define(context, next);
  const restart = statement.options.find((option) => option.kind === 'restart');
  if (restart?.kind === 'restart') context.restart(next, restart.value);
}

/** OWNED BY: the sequence goes when its column goes. */
function withOwner(context: DdlContext, sequence: SequenceDef, options: readonly SequenceOption[]): SequenceDef {
  const option = options.find(({ kind }) => kind === 'ownedBy');
  if (option?.kind !== 'ownedBy') return sequence;
  if (option.column === undefined) return { ...sequence, ownedBy: undefined };
  const [column, name, schema] = option.column.toReversed();
  const { position } = option;
  if (name === undefined || column === undefined) {
    throw new DriftError('42601', 'invalid OWNED BY option', {
      position,
      hint: 'Specify OWNED BY table.column or OWNED BY NONE.',
    });
  }
  const table = tableNamed(context, { catalog: undefined, schema, name, position });
  const found = columnNamed(table, column);
  if (found === undefined)
    throw new DriftError('42703', `column "${column}" of relation "${name}" does not exist`, { position });
  if (table.schema !== sequence.schema)
    throw new DriftError('55000', 'sequence must be in same schema as table it is linked to', { position });
  return { ...sequence, ownedBy: { tableId: table.id, columnId: found.id } };
}

/** False where the schema is there already and that is no error. */
export function createSchema(context: DdlContext, statement: CreateSchema): boolean {
  const name = statement.name ?? statement.authorization ?? 'public';
  if (context.transaction.catalog.schema(name) !== undefined) {
    if (statement.ifNotExists) {
      skipExisting(context, `schema "${name}"`, '42P06');
      return false;
    }
    throw new DriftError('42P06', `schema "${name}" already exists`);
  }
  if (name === 'information_schema') throw new DriftError('42P06', `schema "${name}" already exists`);
  refuseReserved(name);
  define(context, { kind: 'schema', id: context.nextId(), name });
  return true;
}

export function* createTag(context: DdlContext, statement: CreateTag): Task<void> {
  if (context.transaction.catalog.tag(statement.name) !== undefined) {
    if (statement.ifNotExists) {
      skipExisting(context, `tag "${statement.name}"`, '42710');
      return;
    }
    throw new DriftError('42710', `tag "${statement.name}" already exists`, { position: statement.position });
  }
  const seq = statement.at === undefined ? context.transaction.snapshot : yield* context.resolveMoment(statement.at);
  define(context, { kind: 'tag', id: context.nextId(), name: statement.name, seq });
}

export function dropTag(context: DdlContext, statement: DropTag): void {
  const tag = context.transaction.catalog.tag(statement.name);
  if (tag !== undefined) remove(context, tag.id);
  else if (statement.ifExists) skipMissing(context, `tag "${statement.name}"`);
  else throw new DriftError('42704', `tag "${statement.name}" does not exist`, { position: statement.position });
}

function remove(context: DdlContext, id: CatalogObject['id']): void {
  context.transaction.changeCatalog([{ id, object: null }]);
}
