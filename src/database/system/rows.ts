/**
 * The rows of system relations: who makes them, and how records become columns. Nothing is made before a statement reads
 * the relation; what it reads twice (a correlated subquery over a catalog) is made once.
 */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { Value, Vector } from '../../base/vector.ts';
import type { Catalog, TypeRef, ViewDef } from '../../catalog/schema.ts';
import type { SystemRows } from '../../exec/run.ts';
import { vectorFromValues } from '../../exec/vectors.ts';
import { bindStatement, type BindContext } from '../../plan/bind.ts';
import { quoteIdent } from '../../sql/functions/format-text.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import { informationSources } from './information-schema.ts';
import { viewsOf } from './model.ts';
import { accessSources } from './pg-access.ts';
import { constraintSources } from './pg-constraint.ts';
import { classSources } from './pg-class.ts';
import { procedureSources } from './pg-proc.ts';
import { roleSources } from './pg-roles.ts';
import { sessionSources } from './pg-session.ts';
import { typeSources } from './pg-type.ts';
import { viewSources } from './pg-views.ts';
import type { SystemRelation } from './relations.ts';
import { defaultOf, type RowSource, type SystemContext, type SystemRecord, type TypedName } from './source.ts';

const PG_CATALOG: Readonly<Record<string, RowSource>> = {
  ...classSources,
  ...constraintSources,
  ...typeSources,
  ...procedureSources,
  ...accessSources,
  ...viewSources,
  ...roleSources,
  ...sessionSources,
};

const OID = 26;
const TEXT: TypeRef = { oid: 25, typmod: -1 };

/** Relations that tell of the columns of views, for which the views have to be bound. */
const WITH_VIEW_COLUMNS: ReadonlySet<string> = new Set([
  'pg_catalog.pg_attribute',
  'information_schema.tables',
  'information_schema.views',
  'information_schema.columns',
  'information_schema.column_privileges',
  'information_schema.column_udt_usage',
  'information_schema.element_types',
]);

export function* relationRows(relation: SystemRelation, parts: Omit<SystemContext, 'viewColumns'>): Task<SystemRows> {
  const sources = relation.schema === 'pg_catalog' ? PG_CATALOG : informationSources;
  const source = sources[relation.name];
  const views = WITH_VIEW_COLUMNS.has(relation.id) ? yield* describeViews(parts.catalog, parts.bind) : new Map();
  const context: SystemContext = { ...parts, viewColumns: (view) => views.get(view.id) ?? [] };
  const records = [...(source?.(context) ?? [])];
  return { columns: lazyColumns(relation, records), length: records.length };
}

/** The columns of the records, and `tableoid`: each made when it is first asked for, as a query reads few of them. */
function lazyColumns(relation: SystemRelation, records: readonly SystemRecord[]): readonly Vector[] {
  const columns: Vector[] = [];
  const made: (Vector | undefined)[] = [];
  for (let c = 0; c <= relation.columns.length; c++)
    Object.defineProperty(columns, c, { get: () => (made[c] ??= columnOf(relation, c, records)) });
  return columns;
}

function columnOf(relation: SystemRelation, c: number, records: readonly SystemRecord[]): Vector {
  const column = relation.columns[c];
  if (column === undefined)
    return vectorFromValues(
      records.map(() => relation.oid),
      OID,
    );
  const missing = defaultOf(column);
  const values: Value[] = records.map((record) => record[column.name] ?? missing);
  return vectorFromValues(values, column.type.oid);
}

/** The columns of all views, by the view's id. */
function* describeViews(catalog: Catalog, bind: BindContext): Task<Map<number, readonly TypedName[]>> {
  const found = new Map<number, readonly TypedName[]>();
  for (const view of viewsOf(catalog)) found.set(view.id, yield* describeView(view, catalog, bind));
  return found;
}

function* describeView(view: ViewDef, catalog: Catalog, bind: BindContext): Task<readonly TypedName[]> {
  const path = [...(view.path ?? ['public']), 'pg_temp'];
  const query = parseOne(view.query);
  if (query.kind !== 'query') return [];
  try {
    const plan = yield* bindStatement(query, { ...bind, catalog: catalog.forSession(catalog.temp, path) });
    const updatable = yield* isUpdatable(view, { ...bind, catalog });
    return (plan.fields ?? []).map(({ type, name, tableId }, i) => ({
      name: view.columns[i] ?? name,
      type,
      updatable: updatable && tableId !== undefined,
    }));
  } catch (error) {
    // A view that can no longer be read still has its names.
    if (!(error instanceof DriftError)) throw error;
    return view.columns.map((name) => ({ name, type: TEXT, updatable: false }));
  }
}

/** Whether rows can be deleted through a view without triggers: then they can be inserted and updated as well. */
function* isUpdatable(view: ViewDef, bind: BindContext): Task<boolean> {
  if (view.triggers?.some(({ time }) => time === 'instead of') === true) return false;
  const change = parseOne(`DELETE FROM ${quoteIdent(view.schema)}.${quoteIdent(view.name)}`);
  if (change.kind !== 'delete') return false;
  try {
    yield* bindStatement(change, bind);
    return true;
  } catch (error) {
    if (!(error instanceof DriftError)) throw error;
    return false;
  }
}
