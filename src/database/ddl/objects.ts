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
  DropTag,
  RenameObject,
  SetObjectSchema,
} from '../../sql/ast-statement.ts';
import { printStatement } from '../../sql/parser/print.ts';
import { newSequence, nextvalText, withSequenceOptions } from './column.ts';
import { columnNamed, constraintNames } from './constraint.ts';
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
  if (found.kind === 'table') tableNamed(context, name, true);
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
  const schema = schemaFor(context, statement.name, statement.persistence);
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
  const schema = schemaFor(context, statement.name, statement.persistence);
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
