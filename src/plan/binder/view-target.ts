/**
 * Views that take INSERT, UPDATE and DELETE: those that show some columns of some rows of one table or of another such
 * view (PostgreSQL, CREATE VIEW, "Updatable Views").
 *
 * A change of the view is one of the table under it, whose rows carry other names. So a view is bound over given ids of
 * a row of its table: its columns become expressions of that row, its conditions and those of the views under it
 * choose the rows to change, and those with a CHECK OPTION must hold of the rows that come out.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { TableDef, ViewDef } from '../../catalog/schema.ts';
import type { Query, Select, TableName } from '../../sql/ast-query.ts';
import type { TargetColumn } from '../../sql/ast-change.ts';
import { parseOne } from '../../sql/parser/parser.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { BoundCheck } from '../plan.ts';
import { asBoolean } from './coerce.ts';
import { CLAUSES, Scope, type VisibleColumn, visible } from './scope.ts';

export interface ViewTarget {
  readonly view: ViewDef;
  /** The table at the bottom. */
  readonly table: TableDef;
  /** The view's columns: positions in table.columns, or null for expressions. */
  readonly columns: readonly { readonly name: string; readonly index: number | null }[];
  /** The view over a row: `ids` are parallel to table.columns. */
  over(ids: readonly ColumnId[]): ViewRow;
}

export interface ViewRow {
  readonly columns: readonly VisibleColumn[];
  /** What chooses the view's rows, of the views under it too. */
  readonly conditions: readonly BoundExpression[];
  /** What new rows must meet (44000). */
  readonly checks: readonly BoundCheck[];
}

/** One view of the chain, from the one named down to the one that reads the table. */
interface Level {
  readonly view: ViewDef;
  readonly select: Select;
  readonly from: TableName;
  readonly scope: Scope;
}

/** Throws 55000 where the view cannot be changed so. */
export function viewTarget(view: ViewDef, verb: string, scope: Scope, position: number): ViewTarget {
  const levels: Level[] = [];
  for (let next: ViewDef = view; ;) {
    const level = levelOf(next, view, verb, scope, position);
    levels.push(level);
    const found = level.scope.catalog.relation(level.from.name.schema, level.from.name.name);
    if (found?.kind === 'view' && levels.length < 64) next = found;
    else if (found?.kind === 'table' && found.materialized === undefined && found.schema !== 'drift')
      return targetOf(view, found, levels, { verb, position });
    else throw notUpdatable(view, verb, 'Views that do not select from a single table or view', position);
  }
}

function targetOf(
  view: ViewDef,
  table: TableDef,
  levels: readonly Level[],
  at: { readonly verb: string; readonly position: number },
): ViewTarget {
  const probe = table.columns.map((_, i) => -1 - i);
  const over = (ids: readonly ColumnId[]): ViewRow => rowOf(table, levels, ids);
  const columns = rowOf(table, levels, probe).columns.map(({ name, expression }) => ({
    name,
    index: expression.kind === 'column' && expression.id < 0 ? -1 - expression.id : null,
  }));
  if (!columns.some(({ index }) => index !== null) && at.verb !== 'delete from')
    throw notUpdatable(view, at.verb, 'Views that have no updatable columns', at.position);
  for (const { scope } of levels) {
    if (scope.hasAggregates) throw notUpdatable(view, at.verb, 'Views that return aggregate functions', at.position);
    if (scope.hasWindows) throw notUpdatable(view, at.verb, 'Views that return window functions', at.position);
    if (scope.hasSets) throw notUpdatable(view, at.verb, 'Views that return set-returning functions', at.position);
  }
  return { view, table, columns, over };
}

/** Binds the chain from the table upwards. */
function rowOf(table: TableDef, levels: readonly Level[], ids: readonly ColumnId[]): ViewRow {
  let columns: VisibleColumn[] = table.columns.flatMap((column, i) =>
    column.hidden === true
      ? []
      : [
          visible({
            id: ids[i] as ColumnId,
            name: column.name,
            type: column.type,
            tableId: table.id,
            columnId: column.id,
          }),
        ],
  );
  const bound: { readonly view: ViewDef; readonly condition: BoundExpression | null }[] = [];
  for (const { view, select, from, scope } of levels.toReversed()) {
    const named = columns.map((column, i) => ({ ...column, name: from.columnAliases?.[i] ?? column.name }));
    const schema = from.alias === undefined ? table.schema : undefined;
    const name = from.alias ?? from.name.name;
    scope.items = [{ relations: [{ schema, name, columns: named, pseudo: [], table: null }], columns: named }];
    const { where } = select;
    const condition =
      where === undefined
        ? null
        : scope.within(CLAUSES.where, () => asBoolean(scope.bind(where), 'WHERE', scope.state));
    bound.push({ view, condition });
    columns = select.targets.map((target, i) => {
      const expression = scope.within(CLAUSES.select, () => scope.bind(target.expression));
      const source = named.find(
        (column) =>
          expression.kind === 'column' && column.expression.kind === 'column' && column.expression.id === expression.id,
      );
      return { ...source, name: view.columns[i] ?? '', expression };
    });
  }
  const conditions = bound.flatMap(({ condition }) => (condition === null ? [] : [condition]));
  return { columns, conditions, checks: checksOf(bound.toReversed()).toReversed() };
}

/** CASCADED reaches the views below, LOCAL does not. */
function checksOf(
  levels: readonly { readonly view: ViewDef; readonly condition: BoundExpression | null }[],
): BoundCheck[] {
  let cascaded = false;
  const checks: BoundCheck[] = [];
  for (const { view, condition } of levels) {
    if (condition !== null && (cascaded || view.checkOption !== undefined))
      checks.push({ name: view.name, condition: { ...condition, position: undefined }, view: true });
    cascaded ||= view.checkOption === 'cascaded';
  }
  return checks;
}

function levelOf(view: ViewDef, named: ViewDef, verb: string, outer: Scope, position: number): Level {
  const { state } = outer;
  let query = state.views.get(view.query);
  if (query === undefined) {
    const statement = parseOne(view.query);
    assert(statement.kind === 'query', `the body of view ${view.name} is not a query`);
    state.views.set(view.query, (query = statement));
  }
  const refuse = (what: string): never => {
    throw notUpdatable(named, verb, what, position);
  };
  const obstacle = obstacleOf(query);
  if (obstacle !== null) return refuse(obstacle);
  const select = query.body as Select;
  const [from] = select.from;
  if (from?.kind !== 'table' || select.from.length > 1 || from.systemTime !== undefined)
    return refuse('Views that do not select from a single table or view');
  if (from.sample !== undefined) return refuse('Views containing TABLESAMPLE');
  const path = [...(view.path ?? ['public']), 'pg_temp'];
  const catalog = outer.catalog.forSession(outer.catalog.temp, path);
  return {
    view,
    select,
    from,
    scope: new Scope({ state, hooks: outer.hooks, parent: null, catalog, time: outer.time }),
  };
}

function obstacleOf(query: Query): string | null {
  const { body } = query;
  if (query.with !== undefined) return 'Views containing WITH';
  if (query.limit !== undefined || query.offset !== undefined) return 'Views containing LIMIT or OFFSET';
  if (body.kind === 'setOperation') return 'Views containing UNION, INTERSECT, or EXCEPT';
  if (body.kind !== 'select') return 'Views that do not select from a single table or view';
  if (body.distinct !== undefined) return 'Views containing DISTINCT';
  if (body.groupBy.length > 0) return 'Views containing GROUP BY';
  if (body.having !== undefined) return 'Views containing HAVING';
  return null;
}

const VERBS: Readonly<Record<string, readonly [string, string]>> = {
  'insert into': ['inserting into', 'INSERT'],
  update: ['updating', 'UPDATE'],
  'delete from': ['deleting from', 'DELETE'],
};

function notUpdatable(view: ViewDef, verb: string, what: string, position: number): DriftError {
  const [doing, event] = VERBS[verb] ?? ['updating', 'UPDATE'];
  return new DriftError('55000', `cannot ${verb} view "${view.name}"`, {
    position,
    detail: `${what} are not automatically updatable.`,
    hint: `To enable ${doing} the view, provide an INSTEAD OF ${event} trigger or an unconditional ON ${event} DO INSTEAD rule.`,
  });
}

/** Position in table.columns of a view's column that a statement names. Throws 42703, 0A000. */
export function viewColumnIndex({ view, columns }: ViewTarget, target: TargetColumn, verb: string): number {
  const found = columns.find(({ name }) => name === target.name);
  const { position } = target;
  if (found === undefined)
    throw new DriftError('42703', `column "${target.name}" of relation "${view.name}" does not exist`, { position });
  return found.index ?? refuseColumn(view, target.name, verb, position);
}

export function refuseColumn(view: ViewDef, name: string, verb: string, position?: number): never {
  throw new DriftError('0A000', `cannot ${verb} column "${name}" of view "${view.name}"`, {
    position,
    detail: 'View columns that are not columns of their base relation are not updatable.',
  });
}
