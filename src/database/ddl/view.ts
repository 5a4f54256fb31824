/**
 * CREATE VIEW, and views when what they read gets another name.
 *
 * A view is kept as the text of its query. `*` is written out as the columns of today, so that columns added later do
 * not appear in it; a table or column that is renamed is renamed in the texts that read it, and a text that then no
 * longer gives the same columns refuses the new name.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { TableDef, ViewDef } from '../../catalog/schema.ts';
import type { Expression } from '../../sql/ast.ts';
import type { Query, QueryBody, Select, SelectTarget, TableReference } from '../../sql/ast-query.ts';
import type { CreateView } from '../../sql/ast-statement.ts';
import type { Option } from '../../sql/ast-table.ts';
import { isBindable } from '../../plan/bind.ts';
import { UNDETERMINED } from '../../sql/collatable.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { printStatement } from '../../sql/parser/print.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { mentions } from './alter-column.ts';
import { type DdlContext, define, refuseTaken, schemaFor } from './context.ts';
import { quoted, tableText } from './names.ts';
import { mapNodes, readsTemporary, type SyntaxNode as Node, withTemporaryNamed } from './query-names.ts';

type Field = {
  readonly name: string;
  readonly oid: number;
  readonly typmod: number;
  readonly collation: string | undefined;
};

export function* createView(context: DdlContext, statement: CreateView): Task<void> {
  const { name, orReplace } = statement;
  const temporary = statement.persistence === 'temporary';
  const becomes = !temporary && readsTemporary(context.transaction.catalog, statement.query);
  const schema = schemaFor(context, name, becomes ? 'temporary' : statement.persistence);
  if (becomes) {
    const message = `view "${name.name}" will be a temporary view`;
    context.notices.push({ severity: 'NOTICE', code: '00000', message });
  }
  const old = context.transaction.catalog.relation(schema, name.name);
  if (old !== undefined && orReplace && old.kind !== 'view')
    throw new DriftError('42809', `"${name.name}" is not a view`, { position: name.position });
  const changes = statement.query.with?.tables.some((table) => table.query.kind !== 'query') === true;
  if (changes) throw new DriftError('0A000', 'views must not contain data-modifying statements in WITH');
  const asked = statement.recursive ? recursive(statement) : statement.query;
  const given = temporary || becomes ? withTemporaryNamed(context.transaction.catalog, asked) : asked;
  const fields = yield* context.describe(given);
  if (statement.columns !== undefined && statement.columns.length > fields.length) {
    throw new DriftError('42601', 'CREATE VIEW specifies more column names than columns');
  }
  const columns = fields.map((field, i) => statement.columns?.[i] ?? field.name);
  const undetermined = columns.find((_, i) => fields[i]?.collation === UNDETERMINED);
  if (undetermined !== undefined)
    throw new DriftError('42P22', `could not determine which collation to use for view column "${undetermined}"`, {
      hint: 'Use the COLLATE clause to set the collation explicitly.',
    });
  const repeated = columns.find((column, i) => columns.indexOf(column) !== i);
  if (repeated !== undefined) throw new DriftError('42701', `column "${repeated}" specified more than once`);
  if (old !== undefined && !orReplace) refuseTaken(context, schema, name.name, name.position);
  if (old?.kind === 'view') yield* refuseOtherColumns(context, old, fields, columns);
  const query = printStatement(yield* withoutStars(context, given));
  const { path: along } = context.transaction.catalog;
  const path = along.length === 1 && along[0] === 'public' ? undefined : along;
  const checkOption = statement.checkOption ?? checkOptionOf(statement.options);
  const kept = old?.kind === 'view' ? { comment: old.comment, triggers: old.triggers, defaults: old.defaults } : {};
  const id = old?.id ?? context.nextId();
  define(context, { ...kept, kind: 'view', id, schema, name: name.name, columns, query, path, checkOption });
  if (checkOption !== undefined) yield* requireUpdatable(context, tableText({ schema, name: name.name }));
  // A view that is replaced may have become part of itself (42P17).
  if (old !== undefined) yield* context.describe(queryOf(`SELECT * FROM ${tableText({ schema, name: name.name })}`));
}

/** CREATE RECURSIVE VIEW v (c) AS q is CREATE VIEW v AS WITH RECURSIVE v (c) AS (q) SELECT c FROM v. */
function recursive({ name, columns = [], query }: CreateView): Query {
  const list = columns.map(quoted).join(', ');
  const own = quoted(name.name);
  return queryOf(`WITH RECURSIVE ${own} (${list}) AS (${printStatement(query)}) SELECT ${list} FROM ${own}`);
}

/** WITH (check_option = …) says it too. Throws 22023. */
export function checkOptionOf(options: readonly Option[]): ViewDef['checkOption'] {
  const option = options.find(({ name }) => name === 'check_option');
  if (option === undefined) return undefined;
  const { value, position } = option;
  if (value === 'local' || value === 'cascaded') return value;
  throw new DriftError('22023', `invalid value for enum option "check_option": ${value ?? ''}`, {
    position,
    detail: 'Valid values are "local" and "cascaded".',
  });
}

export function* requireUpdatable(context: DdlContext, view: string): Task<void> {
  try {
    const change = parseOne(`DELETE FROM ${view}`);
    if (isBindable(change)) yield* context.describe(change);
  } catch (error) {
    if (!(error instanceof DriftError) || error.code !== '55000') throw error;
    const message = 'WITH CHECK OPTION is supported only on automatically updatable views';
    throw new DriftError('0A000', message, { hint: error.detail });
  }
}

/** A view that is replaced keeps its columns, in name, order and type; new ones may follow. */
function* refuseOtherColumns(
  context: DdlContext,
  old: ViewDef,
  fields: readonly Field[],
  columns: readonly string[],
): Task<void> {
  const before = yield* context.describe(queryOf(`SELECT * FROM ${tableText(old)}`));
  if (columns.length < before.length) throw new DriftError('42P16', 'cannot drop columns from view');
  before.forEach((field, i) => {
    const now = fields[i] as Field;
    if (field.name !== columns[i])
      throw new DriftError('42P16', `cannot change name of view column "${field.name}" to "${columns[i] ?? ''}"`);
    if (field.oid === now.oid && field.typmod === now.typmod) return;
    const [from, to] = [typeByOid(field.oid).display, typeByOid(now.oid).display];
    throw new DriftError('42P16', `cannot change data type of view column "${field.name}" from ${from} to ${to}`);
  });
}

// ---- stars ---------------------------------------------------------------------------------------------------------

function* withoutStars(context: DdlContext, query: Query): Task<Query> {
  if (query.with !== undefined) return query;
  return { ...query, body: yield* bodyWithoutStars(context, query.body) };
}

function* bodyWithoutStars(context: DdlContext, body: QueryBody): Task<QueryBody> {
  if (body.kind === 'select') return yield* selectWithoutStars(context, body);
  if (body.kind !== 'setOperation') return body;
  const left = yield* bodyWithoutStars(context, body.left);
  return { ...body, left, right: yield* bodyWithoutStars(context, body.right) };
}

function* selectWithoutStars(context: DdlContext, select: Select): Task<Select> {
  const targets: SelectTarget[] = [];
  for (const target of select.targets) {
    const { expression } = target;
    const names = expression.kind === 'star' ? starNames(expression, select.from) : null;
    if (names === null) {
      targets.push(target);
      continue;
    }
    for (const qualifier of names) {
      const star: Expression = { kind: 'star', qualifier, operand: undefined, position: 0 };
      for (const { name } of yield* describeTargets(context, select, [{ ...target, expression: star }])) {
        const column: Expression = { kind: 'column', names: [...qualifier, name], position: 0 };
        targets.push({ expression: column, alias: undefined, position: 0 });
      }
    }
  }
  return { ...select, targets };
}

function describeTargets(
  context: DdlContext,
  select: Select,
  targets: readonly SelectTarget[],
): Task<readonly Field[]> {
  const { from, windows, position } = select;
  const body: Select = {
    kind: 'select',
    distinct: undefined,
    targets,
    into: undefined,
    from,
    where: undefined,
    groupBy: [],
    groupByDistinct: false,
    having: undefined,
    windows,
    position,
  };
  return context.describe({ ...queryOf('SELECT 1'), body });
}

/** Qualifiers of the relations that a star stands for, in order; null where it stays (joins that merge columns). */
function starNames(
  star: Extract<Expression, { kind: 'star' }>,
  from: readonly TableReference[],
): (readonly string[])[] | null {
  if (star.operand !== undefined) return null;
  if (star.qualifier.length > 0) return [star.qualifier];
  const names = from.map(relationNames);
  return names.includes(null) ? null : (names.flat() as string[]).map((name) => [name]);
}

function relationNames(reference: TableReference): string[] | null {
  switch (reference.kind) {
    case 'table':
      return [reference.alias ?? reference.name.name];
    case 'derived':
      return reference.alias === undefined ? null : [reference.alias];
    case 'tableFunction':
      return reference.alias === undefined ? null : [reference.alias];
    case 'join': {
      if (reference.alias !== undefined) return [reference.alias];
      if (reference.natural || reference.using !== undefined) return null;
      const [left, right] = [relationNames(reference.left), relationNames(reference.right)];
      return left === null || right === null ? null : [...left, ...right];
    }
  }
}

// ---- other names ---------------------------------------------------------------------------------------------------

/** A table, view or column with another name. */
interface NewName {
  /** The relation under its old name. */
  readonly relation: { readonly schema: string; readonly name: string };
  /** The column that is renamed; undefined: the relation itself. */
  readonly column?: string | undefined;
  readonly to: string;
  /** Where the relation is now, if not where it was. */
  readonly schema?: string | undefined;
}

/**
 * Renames a relation or one of its columns in the views that read it. Runs when the new name is in force; throws 0A000
 * where a view's query does not allow it.
 */
export function* renameInViews(context: DdlContext, renamed: NewName): Task<void> {
  const { name } = renamed.relation;
  const from = renamed.column ?? name;
  for (const object of [...context.transaction.catalog.objects()]) {
    if (object.kind !== 'view' && object.kind !== 'table') continue;
    const text = object.kind === 'view' ? object.query : object.materialized;
    if (text === undefined || !mentions(text, name) || !mentions(text, from)) continue;
    const query = printStatement(withNewName(queryOf(text), renamed));
    const width = object.kind === 'view' ? object.columns.length : visibleCount(object);
    if ((yield* widthOf(context, query)) !== width) {
      throw new DriftError('0A000', `cannot rename "${from}": view "${object.name}" does not allow it`, {
        hint: `Drop view "${object.name}", rename, and create it again.`,
      });
    }
    define(context, object.kind === 'view' ? { ...object, query } : { ...object, materialized: query });
  }
}

/** Columns that a query gives; null where it cannot be bound. */
function* widthOf(context: DdlContext, query: string): Task<number | null> {
  try {
    return (yield* context.describe(queryOf(query))).length;
  } catch (error) {
    if (error instanceof DriftError) return null;
    throw error;
  }
}

/** A query with the new name: a relation keeps its old one as alias, a column of a select list as well. */
function withNewName(query: Query, { relation, column, to, schema }: NewName): Query {
  const qualifiers = new Set<string>();
  mapNodes(query, (node) => {
    if (isTable(node, relation)) qualifiers.add((node['alias'] as string | undefined) ?? relation.name);
    return node;
  });
  const isColumn = (node: Node): boolean => {
    const names = node['names'] as readonly string[];
    return (
      node['kind'] === 'column' &&
      names.at(-1) === column &&
      (names.length === 1 || qualifiers.has(names.at(-2) as string))
    );
  };
  return mapNodes(query, (node) => {
    if (column === undefined) {
      if (!isTable(node, relation)) return node;
      const name = node['name'] as Node;
      const moved = { ...name, name: to, schema: schema ?? name['schema'] };
      return { ...node, name: moved, alias: node['alias'] ?? relation.name };
    }
    if (isColumn(node)) return { ...node, names: (node['names'] as readonly string[]).with(-1, to) };
    const target = node['expression'] as Node | undefined;
    return target !== undefined && 'alias' in node && node['alias'] === undefined && isColumn(target)
      ? { ...node, alias: column }
      : node;
  }) as Query;
}

function isTable(node: Node, relation: NewName['relation']): boolean {
  if (node['kind'] !== 'table') return false;
  const { name, schema } = node['name'] as { readonly name: string; readonly schema: string | undefined };
  return name === relation.name && (schema === undefined || schema === relation.schema);
}

function visibleCount(table: TableDef): number {
  return table.columns.filter((column) => column.hidden !== true).length;
}

function queryOf(sql: string): Query {
  const statement = parseOne(sql);
  if (statement.kind !== 'query') throw new DriftError('XX000', `not a query: ${sql}`);
  return statement;
}
