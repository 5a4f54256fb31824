/**
 * What a merge does with definitions: what the source has defined since the lines parted is defined on the target too.
 *
 *     objects    views, functions, types, sequences, schemas … of the source, under their own ids, which all lines share;
 *                changed ones where the target has left them alone
 *     tables     made on the source: a table of the target's own, which remembers the other one (`mergedFrom`)
 *     columns    added to a table of both; indexes, unique keys, checks and foreign keys of such a table
 *
 * The rest (what was dropped, renamed, or changed on both sides) stays as the target has it, and is told: a merge takes
 * nothing away but rows. Columns of two lines are the same by their id as far as both have them from before they parted,
 * else by name and type, since each line counts its own on.
 */
import type { Task } from '../../base/task.ts';
import type { CatalogState } from '../../catalog/catalog.ts';
import type { CatalogObject, ColumnDef, IndexDef, TableDef, TypeRef } from '../../catalog/schema.ts';
import { definitionText, storedType } from '../../catalog/user-types.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import { quoteIdent, quoteLiteral } from '../../sql/functions/format-text.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { type DdlContext, define } from '../ddl/context.ts';
import { ddlContext, isDefinition, runDefinition, withCatalog } from '../definition.ts';
import { bindContextOf, type Scene } from '../statement.ts';
import { createStructure, fillIndexes } from '../structure.ts';
import { constraintText, indexText } from '../system/definitions.ts';
import { constraintsOf, indexesOf } from '../system/model.ts';
import { typeText } from '../system/types.ts';
import { lockChanged } from '../table-locks.ts';
import { dataTables } from './three-way.ts';

/** The states that a merge compares: when the lines parted, the last in common, and the source's. */
export interface Definitions {
  readonly parting: CatalogState;
  readonly base: CatalogState;
  /** Whether that is one of the source; else it is one of the target. */
  readonly isOfSource: boolean;
  readonly source: CatalogState;
}

/** A table of one line as another has it. */
export function tableOn(theirs: TableDef, target: CatalogState): TableDef | undefined {
  const found = target.byId(theirs.id) ?? target.byId(theirs.mergedFrom ?? -1);
  if (found?.kind === 'table') return found;
  const made = dataTables(target).find(({ mergedFrom }) => mergedFrom === theirs.id);
  // Both were made after one that neither has.
  return made ?? dataTables(target).find((table) => shareRowIds(table, theirs));
}

/** Whether the row ids of two tables say which of their rows are the same. */
export function shareRowIds(a: TableDef, b: TableDef): boolean {
  return firstOf(a) === firstOf(b);
}

/** The table that others were made after. */
function firstOf({ id, mergedFrom, sharesRowIds }: TableDef): number {
  return sharesRowIds === true ? (mergedFrom ?? id) : id;
}

/** Columns that hold data on both sides, ours and theirs. */
export function columnPairs(
  ours: TableDef,
  theirs: TableDef,
  parting: CatalogState,
): (readonly [ColumnDef, ColumnDef])[] {
  const shared = sharedColumns(ours, theirs, parting);
  const pairs: (readonly [ColumnDef, ColumnDef])[] = [];
  for (const column of theirs.columns) {
    if (column.generated !== undefined) continue;
    const found = ours.columns.find(({ id, name, type, generated }) => {
      if (generated !== undefined) return false;
      if (id < shared || column.id < shared) return id === column.id;
      return name === column.name && type.oid === column.type.oid;
    });
    if (found !== undefined) pairs.push([found, column]);
  }
  return pairs;
}

/** Ids below this one mean the same column on both lines. */
function sharedColumns(ours: TableDef, theirs: TableDef, parting: CatalogState): number {
  const before = ours.id === theirs.id ? parting.byId(theirs.id) : undefined;
  return before?.kind === 'table' ? before.nextColumnId : 0;
}

/** Takes over what can be; returns what was left. Throws what the definitions themselves throw. */
export function* mergeDefinitions(given: Scene, states: Definitions): Task<string[]> {
  const left: string[] = [];
  const scene = withCatalog(given);
  objects(scene, states, left);
  const tables = dataTables(states.source);
  const both = tables.flatMap((theirs) => {
    const ours = tableOn(theirs, given.transaction.catalog);
    return ours === undefined ? [] : [{ ours, theirs, states }];
  });
  const context = ddlContext(withCatalog(given));
  // They may refer to each other.
  const ids = new Map(both.map(({ ours, theirs }) => [theirs.id, ours.id]));
  const made = tables.filter(
    (theirs) => !ids.has(theirs.id) && tableOn(theirs, states.base) === undefined && isFree(context, theirs, left),
  );
  for (const { id } of made) ids.set(id, context.nextId());
  for (const theirs of made) yield* newTable(context, theirs, ids, left);
  for (const pair of both) yield* tableOfBoth(given, pair, left);
  for (const was of dataTables(states.base))
    if (tableOn(was, states.source) === undefined && tableOn(was, given.transaction.catalog) !== undefined)
      left.push(`table ${was.name} was dropped`);
  return left;
}

// ---- objects that are no tables ------------------------------------------------------------------------------------

const SHARED_KINDS: ReadonlySet<string> = new Set([
  'sequence',
  'view',
  'routine',
  'type',
  'schema',
  'collation',
  'role',
]);

function isShared(object: CatalogObject): boolean {
  const schema = 'schema' in object ? object.schema : '';
  return SHARED_KINDS.has(object.kind) && schema !== 'drift' && !schema.startsWith('pg_temp');
}

function nameOf(object: CatalogObject): string {
  return `${object.kind} ${object.name}`;
}

function objects(scene: Scene, { base, source }: Definitions, left: string[]): void {
  const context = ddlContext(scene);
  const target = scene.transaction.catalog;
  for (const object of source.objects()) {
    if (!isShared(object)) continue;
    const [was, ours] = [base.byId(object.id), target.byId(object.id)];
    const text = definitionText(object);
    if (ours !== undefined && definitionText(ours) === text) continue;
    if (was !== undefined && definitionText(was) === text) continue;
    const isFree =
      ours === undefined ? was === undefined : was !== undefined && definitionText(ours) === definitionText(was);
    if (!isFree) left.push(`${nameOf(object)} was changed on both sides`);
    else if (ours === undefined && isTaken(object, target))
      left.push(`${nameOf(object)}: the target has another of that name`);
    else define(context, object);
  }
  for (const was of base.objects())
    if (isShared(was) && source.byId(was.id) === undefined && target.byId(was.id) !== undefined)
      left.push(`${nameOf(was)} was dropped`);
}

function isTaken(object: CatalogObject, target: CatalogState): boolean {
  if (object.kind === 'schema') return target.schema(object.name) !== undefined;
  if (object.kind === 'view' || object.kind === 'sequence')
    return target.relation(object.schema, object.name) !== undefined;
  const text = definitionText({ ...object, id: 0 });
  return [...target.objects()].some(
    (other) => other.kind === object.kind && definitionText({ ...other, id: 0 }) === text,
  );
}

// ---- tables --------------------------------------------------------------------------------------------------------

/** Whether the target has neither a relation nor an index of the names that a table brings along. */
function isFree(
  { transaction: { catalog } }: DdlContext,
  { schema, name, indexes }: TableDef,
  left: string[],
): boolean {
  const taken = [name, ...indexes.map((index) => index.name)].find(
    (one) => catalog.relation(schema, one) !== undefined || catalog.tableOfIndex(schema, one) !== undefined,
  );
  if (taken !== undefined) left.push(`table ${name}: the target has another "${taken}"`);
  return taken === undefined;
}

/** Makes a table of the source, without rows; `ids`: what tables of the source are on the target. */
function* newTable(
  context: DdlContext,
  theirs: TableDef,
  ids: ReadonlyMap<number, number>,
  left: string[],
): Task<void> {
  const id = ids.get(theirs.id) as number;
  const plain: TableDef = {
    ...theirs,
    id,
    mergedFrom: firstOf(theirs),
    sharesRowIds: true,
    erasures: undefined,
    foreignKeys: [],
    indexes: [],
  };
  createStructure(context.store, plain, context.eval);
  const foreignKeys = theirs.foreignKeys.flatMap((key) => {
    const foreignTableId = ids.get(key.foreignTableId);
    if (foreignTableId === undefined) left.push(`foreign key ${key.name} of table ${theirs.name}`);
    return foreignTableId === undefined ? [] : [{ ...key, foreignTableId }];
  });
  const indexes = theirs.indexes.map((index): IndexDef => ({ ...index, id: context.nextId() }));
  const made: TableDef = { ...plain, foreignKeys, indexes };
  define(context, made, () => context.store.removeTable(id));
  yield* fillIndexes(context.store, made);
  for (const object of context.transaction.catalog.objects())
    if (object.kind === 'sequence' && object.ownedBy?.tableId === theirs.id)
      define(context, { ...object, ownedBy: { ...object.ownedBy, tableId: id } });
}

interface Both {
  readonly ours: TableDef;
  readonly theirs: TableDef;
  readonly states: Definitions;
}

function* tableOfBoth(scene: Scene, { ours, theirs, states }: Both, left: string[]): Task<void> {
  // A table that both have and the base has not has just come from the other side.
  const base = tableOn(theirs, states.base) ?? theirs;
  const shared = sharedColumns(ours, theirs, states.parting);
  const told = (what: string): number => left.push(`${what} of table ${ours.name}`);
  const statements: string[] = [];
  const table = `${quoteIdent(ours.schema)}.${quoteIdent(ours.name)}`;
  const known = new Set(base.columns);
  for (const column of theirs.columns) {
    const was = base.columns.find(({ id, name }) =>
      states.isOfSource || id < shared || column.id < shared ? id === column.id : name === column.name,
    );
    if (was !== undefined) known.delete(was);
    if (column.hidden === true) continue;
    if (was === undefined) {
      const other = ours.columns.find(({ name }) => name === column.name);
      if (other === undefined && column.identity === undefined)
        statements.push(...addColumn(table, column, withCatalog(scene).eval));
      else if (other === undefined || other.type.oid !== column.type.oid) told(`column ${column.name}`);
    } else if (shape(was) !== shape(column) && !ours.columns.some((other) => shape(other) === shape(column)))
      told(`the change of column ${was.name}`);
  }
  for (const { hidden, name } of known)
    if (hidden !== true && ours.columns.some((column) => column.name === name)) told(`the removal of column ${name}`);
  if (base.name !== theirs.name && ours.name !== theirs.name) told(`the new name ${theirs.name}`);
  const manner = { bind: bindContextOf({ ...scene, eval: scene.eval }), pretty: false };
  const constraints = new Set<string>();
  for (const entry of constraintsOf(theirs, states.source)) {
    constraints.add(entry.name);
    if (entry.type === 'p' || has(base, entry.name) || has(ours, entry.name)) continue;
    statements.push(`ALTER TABLE ${table} ADD CONSTRAINT ${quoteIdent(entry.name)} ${constraintText(entry, manner)}`);
  }
  for (const entry of indexesOf(theirs)) {
    const { def, name } = entry;
    if (def === undefined || constraints.has(name) || has(base, name) || has(ours, name)) continue;
    if (ours.indexes.some((index) => index.name === name)) continue;
    statements.push(indexText({ ...entry, table: { ...theirs, schema: ours.schema, name: ours.name } }, manner));
  }
  for (const name of namesOf(base)) if (!has(theirs, name) && has(ours, name)) told(`the removal of ${name}`);
  const triggers = new Set((base.triggers ?? []).map(({ id }) => id));
  for (const { id, name } of theirs.triggers ?? []) if (!triggers.has(id)) told(`trigger ${name}`);
  for (const sql of statements) yield* run(scene, sql);
}

/** Names of a table's indexes and constraints. */
function namesOf(table: TableDef): string[] {
  return [...table.indexes, ...table.checks, ...table.foreignKeys].map(({ name }) => name);
}

function has(table: TableDef, name: string): boolean {
  return namesOf(table).includes(name);
}

function shape({ name, type, notNull, default: value, generated }: ColumnDef): string {
  return JSON.stringify([name, type.oid, type.typmod, notNull, value, generated]);
}

/** Rows from before get what those of the source have, then the default is what it is there. */
function addColumn(table: string, column: ColumnDef, context: EvalContext): string[] {
  const { type, missing, generated, notNull } = column;
  const name = quoteIdent(column.name);
  const value =
    generated !== undefined
      ? ` GENERATED ALWAYS AS (${generated}) STORED`
      : missing === undefined
        ? ''
        : ` DEFAULT ${quoteLiteral(missingText(type, missing, context))}::${typeText(type)}`;
  const added = `ALTER TABLE ${table} ADD COLUMN ${name} ${typeText(type)}${value}${notNull ? ' NOT NULL' : ''}`;
  if (generated !== undefined) return [added];
  if (column.default !== undefined)
    return [added, `ALTER TABLE ${table} ALTER COLUMN ${name} SET DEFAULT ${column.default}`];
  return missing === undefined ? [added] : [added, `ALTER TABLE ${table} ALTER COLUMN ${name} DROP DEFAULT`];
}

/** What a definition keeps of it is in the stored form. */
function missingText(type: TypeRef, missing: string, context: EvalContext): string {
  const value = typeByOid(storedType(type)).input(missing, type.typmod, context);
  return value === null ? missing : typeByOid(type.oid).output(value, context);
}

/** Runs a definition under the locks that it takes by itself. */
function* run(scene: Scene, sql: string): Task<void> {
  const statement = parseOne(sql);
  if (!isDefinition(statement)) return;
  const before = new Map(scene.transaction.catalogChanges().map(({ id, object }) => [id, object]));
  yield* runDefinition(withCatalog(scene), statement);
  lockChanged(scene, statement, before);
}
