/** DROP, RENAME, sequences, views, schemas and tags. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { CatalogObject, SequenceDef, TableDef } from '../../catalog/schema.ts';
import type {
  AlterSequence,
  CreateSchema,
  CreateSequence,
  CreateTag,
  CreateView,
  DropStatement,
  DropTag,
  ObjectName,
  RenameObject,
  SetObjectSchema,
} from '../../sql/ast-statement.ts';
import { printStatement } from '../../sql/parser/print.ts';
import { newSequence, nextvalText, withSequenceOptions } from './column.ts';
import { columnNamed, constraintNames } from './constraint.ts';
import { withoutIndexes } from './create-index.ts';
import { quoted } from './names.ts';
import {
  type DdlContext,
  define,
  refuseTaken,
  relationNamed,
  schemaFor,
  tableNamed,
  undefinedTable,
} from './context.ts';

const RELATION_WORDS: Readonly<Record<string, string>> = {
  table: 'table',
  view: 'view',
  sequence: 'sequence',
  index: 'index',
};

export function drop(context: DdlContext, statement: DropStatement): void {
  for (const name of statement.names) dropOne(context, statement, name);
}

function dropOne(context: DdlContext, statement: DropStatement, object: ObjectName): void {
  const { name } = object;
  switch (statement.object) {
    case 'table':
    case 'view':
    case 'sequence': {
      const found = relationNamed(context, name);
      if (found === undefined) {
        if (statement.ifExists) return;
        const word = RELATION_WORDS[statement.object] ?? 'relation';
        throw new DriftError('42P01', `${word} "${name.name}" does not exist`, { position: name.position });
      }
      if (found.kind !== statement.object) {
        throw new DriftError('42809', `"${name.name}" is not a ${statement.object}`, { position: name.position });
      }
      if (found.kind === 'table') dropTable(context, tableNamed(context, name), statement.cascade);
      else remove(context, found.id);
      return;
    }
    case 'index':
      dropIndex(context, statement, object);
      return;
    case 'schema':
      dropSchema(context, statement, name.name);
      return;
    default:
      if (statement.ifExists) return;
      throw new DriftError('0A000', `DROP ${statement.object.toUpperCase()} is not supported yet`, {
        position: statement.position,
      });
  }
}

function dropTable(context: DdlContext, table: TableDef, cascade: boolean): void {
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind === 'table' && object.id !== table.id) {
      const keys = object.foreignKeys.filter((key) => key.foreignTableId === table.id);
      const [key] = keys;
      if (key === undefined) continue;
      if (!cascade)
        throw dependents(
          `table ${table.name}`,
          `constraint ${key.name} on table ${object.name} depends on table ${table.name}`,
        );
      define(context, { ...object, foreignKeys: object.foreignKeys.filter((candidate) => !keys.includes(candidate)) });
    } else if (object.kind === 'view' && mentionsTable(object.query, table.name)) {
      if (!cascade) throw dependents(`table ${table.name}`, `view ${object.name} depends on table ${table.name}`);
      remove(context, object.id);
    } else if (object.kind === 'sequence' && object.ownedBy?.tableId === table.id) {
      remove(context, object.id);
    }
  }
  context.transaction.forget(table.id);
  remove(context, table.id);
}

function dropIndex(context: DdlContext, statement: DropStatement, { name }: ObjectName): void {
  const table = context.transaction.catalog.tableOfIndex(name.schema, name.name);
  const index = table?.indexes.find((candidate) => candidate.name === name.name);
  if (table === undefined || index === undefined) {
    if (statement.ifExists) return;
    throw new DriftError('42704', `index "${name.name}" does not exist`, { position: name.position });
  }
  if (index.constraint !== undefined) {
    throw dependents(
      `index ${index.name}`,
      `constraint ${index.constraint} on table ${table.name} requires index ${index.name}`,
    );
  }
  define(context, withoutIndexes(table, [index]));
}

function dropSchema(context: DdlContext, statement: DropStatement, name: string): void {
  const schema = context.transaction.catalog.schema(name);
  if (schema === undefined) {
    if (statement.ifExists) return;
    throw new DriftError('3F000', `schema "${name}" does not exist`);
  }
  if (name === 'drift') throw new DriftError('42501', 'schema "drift" belongs to the system');
  const inside = [...context.transaction.catalog.objects()].filter(
    (object) => 'schema' in object && object.schema === name,
  );
  if (inside.length > 0 && !statement.cascade)
    throw dependents(`schema ${name}`, `${inside.length} objects are in schema ${name}`);
  for (const object of inside) {
    if (object.kind === 'table') dropTable(context, object, true);
    else if (context.transaction.catalog.byId(object.id) !== undefined) remove(context, object.id);
  }
  remove(context, schema.id);
}

export function rename(context: DdlContext, statement: RenameObject): void {
  const { name } = statement.name;
  const found = relationNamed(context, name);
  if (statement.object === 'index') {
    const table = context.transaction.catalog.tableOfIndex(name.schema, name.name);
    if (table === undefined)
      throw new DriftError('42704', `index "${name.name}" does not exist`, { position: name.position });
    refuseTaken(context, table.schema, statement.newName, name.position);
    define(context, {
      ...table,
      indexes: table.indexes.map((index) => (index.name === name.name ? { ...index, name: statement.newName } : index)),
    });
    return;
  }
  if (found === undefined) {
    if (statement.ifExists) return;
    throw undefinedTable(name);
  }
  if (statement.part !== undefined) {
    renamePart(context, tableNamed(context, name), statement);
    return;
  }
  refuseTaken(context, found.schema, statement.newName, name.position);
  if (found.kind === 'sequence') redefineSequence(context, { ...found, name: statement.newName });
  else define(context, { ...found, name: statement.newName });
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
      checks: renamed(table.checks),
      foreignKeys: renamed(table.foreignKeys),
      indexes: renamed(table.indexes),
    });
    return;
  }
  const column = part === undefined ? undefined : columnNamed(table, part.name);
  if (column === undefined) throw new DriftError('42703', `column "${part?.name ?? ''}" does not exist`);
  if (columnNamed(table, newName) !== undefined)
    throw new DriftError('42701', `column "${newName}" of relation "${table.name}" already exists`);
  const rewrite = (text: string): string => renamedIn(text, column.name, newName);
  define(context, {
    ...table,
    columns: table.columns.map((old) => {
      const named = old === column ? { ...old, name: newName } : old;
      return named.generated === undefined ? named : { ...named, generated: rewrite(named.generated) };
    }),
    checks: table.checks.map((check) => ({ ...check, expression: rewrite(check.expression) })),
    indexes: table.indexes.map((index) => ({
      ...index,
      keys: index.keys?.map(rewrite),
      where: index.where === undefined ? undefined : rewrite(index.where),
    })),
  });
}

/** An expression over one table's row with a column's name changed; functions and types of that name keep theirs. */
export function renamedIn(text: string, from: string, to: string): string {
  const token = /'(?:[^']|'')*'|"(?:[^"]|"")*"|[\p{L}_][\p{L}\p{N}_$]*/gu;
  return text.replace(token, (word, at: number) => {
    const name = word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word;
    const isColumn = name === from && !text.slice(0, at).endsWith('::') && text[at + word.length] !== '(';
    return isColumn && !word.startsWith("'") ? quoted(to) : word;
  });
}

/** ALTER … SET SCHEMA: the object under the same name in another schema; sequences of columns go along. */
export function setSchema(context: DdlContext, statement: SetObjectSchema): void {
  const { name } = statement.name;
  const found = relationNamed(context, name);
  if (found === undefined) {
    if (statement.ifExists) return;
    throw undefinedTable(name);
  }
  const schema = schemaFor(context, { ...name, schema: statement.schema });
  if (schema === found.schema) return;
  refuseTaken(context, schema, found.name, name.position);
  if (found.kind === 'table') tableNamed(context, name);
  if (found.kind === 'sequence') redefineSequence(context, { ...found, schema });
  else define(context, { ...found, schema });
  for (const object of context.transaction.catalog.objects()) {
    if (object.kind === 'sequence' && object.ownedBy?.tableId === found.id)
      redefineSequence(context, { ...object, schema });
  }
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
  const schema = schemaFor(context, statement.name);
  if (statement.ifNotExists && relationNamed(context, statement.name) !== undefined) return;
  refuseTaken(context, schema, statement.name.name, statement.name.position);
  define(context, withSequenceOptions(newSequence(context.nextId(), schema, statement.name.name), statement.options));
}

export function alterSequence(context: DdlContext, statement: AlterSequence): void {
  const found = relationNamed(context, statement.name);
  if (found === undefined) {
    if (statement.ifExists) return;
    throw undefinedTable(statement.name);
  }
  if (found.kind !== 'sequence') throw new DriftError('42809', `"${found.name}" is not a sequence`);
  define(
    context,
    withSequenceOptions(found, [{ kind: 'start', value: found.start, position: 0 }, ...statement.options]),
  );
}

export function* createView(context: DdlContext, statement: CreateView): Task<void> {
  const schema = schemaFor(context, statement.name);
  const old = context.transaction.catalog.relation(schema, statement.name.name);
  if (old !== undefined && !(statement.orReplace && old.kind === 'view'))
    refuseTaken(context, schema, statement.name.name, statement.name.position);
  const fields = yield* context.describe(statement.query);
  if (statement.columns !== undefined && statement.columns.length > fields.length) {
    throw new DriftError('42601', 'CREATE VIEW specifies more column names than columns');
  }
  const columns = fields.map((field, i) => statement.columns?.[i] ?? field.name);
  const repeated = columns.find((name, i) => columns.indexOf(name) !== i);
  if (repeated !== undefined) throw new DriftError('42701', `column "${repeated}" specified more than once`);
  define(context, {
    kind: 'view',
    id: old?.id ?? context.nextId(),
    schema,
    name: statement.name.name,
    columns,
    query: printStatement(statement.query),
  });
}

export function createSchema(context: DdlContext, statement: CreateSchema): void {
  const name = statement.name ?? statement.authorization ?? 'public';
  if (context.transaction.catalog.schema(name) !== undefined) {
    if (statement.ifNotExists) return;
    throw new DriftError('42P06', `schema "${name}" already exists`);
  }
  if (name.startsWith('pg_'))
    throw new DriftError('42939', `unacceptable schema name "${name}"`, {
      detail: 'The prefix "pg_" is reserved for system schemas.',
    });
  define(context, { kind: 'schema', id: context.nextId(), name });
}

export function* createTag(context: DdlContext, statement: CreateTag): Task<void> {
  if (context.transaction.catalog.tag(statement.name) !== undefined) {
    if (statement.ifNotExists) return;
    throw new DriftError('42710', `tag "${statement.name}" already exists`, { position: statement.position });
  }
  const seq = statement.at === undefined ? context.transaction.snapshot : yield* context.resolveMoment(statement.at);
  define(context, { kind: 'tag', id: context.nextId(), name: statement.name, seq });
}

export function dropTag(context: DdlContext, statement: DropTag): void {
  const tag = context.transaction.catalog.tag(statement.name);
  if (tag !== undefined) remove(context, tag.id);
  else if (!statement.ifExists)
    throw new DriftError('42704', `tag "${statement.name}" does not exist`, { position: statement.position });
}

function remove(context: DdlContext, id: CatalogObject['id']): void {
  context.transaction.changeCatalog([{ id, object: null }]);
}

function dependents(what: string, detail: string): DriftError {
  return new DriftError('2BP01', `cannot drop ${what} because other objects depend on it`, {
    detail,
    hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
  });
}

function mentionsTable(query: string, name: string): boolean {
  return new RegExp(`(^|[^\\w$])"?${name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"?($|[^\\w$])`).test(query);
}
