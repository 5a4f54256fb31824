/**
 * The target of a data change: its table, columns by name, defaults, generated columns and checks, all bound.
 */
import { DriftError } from '../../base/error.ts';
import type { ColumnDef, TableDef, TypeRef } from '../../catalog/schema.ts';
import type { ChangeTarget, TargetColumn } from '../../sql/ast-change.ts';
import type { SelectTarget } from '../../sql/ast-query.ts';
import { refuseOtherDatabase } from '../../sql/other-database.ts';
import { parseExpression } from '../../sql/parser/parser.ts';
import { domainOf, isConstrained } from '../../sql/user-coercion.ts';
import type { BoundExpression, ColumnId } from '../expression.ts';
import type { BoundCheck, BoundGenerated, PlanColumn, Returning } from '../plan.ts';
import { BOOL, INT8, UNKNOWN, coerce, displayType, tryCoerce } from './coerce.ts';
import { bindTargets } from './select.ts';
import { periodColumns } from './period.ts';
import { CLAUSES, columnOf, Scope, visible, type Relation } from './scope.ts';
import { viewColumnIndex, type ViewRow, type ViewTarget, viewTarget } from './view-target.ts';

/** What a statement changes: a table, or one seen through a view. */
export interface BoundTarget {
  readonly table: TableDef;
  readonly view: ViewTarget | null;
  /** The name of it that columns are qualified with, unless there is an alias. */
  readonly name: string;
}

export function changeTarget(target: ChangeTarget, verb: string, scope: Scope): BoundTarget {
  const { name } = target;
  refuseOtherDatabase(name, scope.state.context.eval.database);
  const found = scope.catalog.relation(name.schema, name.name);
  if (found?.kind !== 'view') {
    const table = targetTable(target, verb, scope);
    return { table, view: null, name: target.alias ?? table.name };
  }
  const view = viewTarget(found, verb, scope, name.position);
  return { table: withDefaults(view), view, name: target.alias ?? found.name };
}

/** The table with the defaults that the view has set for its columns. */
function withDefaults({ view, table, columns }: ViewTarget): TableDef {
  const { defaults } = view;
  if (defaults === undefined) return table;
  return {
    ...table,
    columns: table.columns.map((column, i) => {
      const text = defaults[columns.find(({ index }) => index === i)?.name ?? ''];
      return text === undefined ? column : { ...column, default: text };
    }),
  };
}

export function targetTable(target: ChangeTarget, verb: string, scope: Scope): TableDef {
  const { name } = target;
  const found = scope.catalog.relation(name.schema, name.name);
  const { position } = name;
  if (found?.kind === 'table') {
    if (found.schema === 'drift') {
      throw new DriftError('42501', `cannot ${verb} system table "${found.schema}.${found.name}"`, { position });
    }
    if (found.materialized !== undefined)
      throw new DriftError('42809', `cannot change materialized view "${found.name}"`, { position });
    return found;
  }
  if (found?.kind === 'view') throw new DriftError('55000', `cannot ${verb} view "${name.name}"`, { position });
  if (found !== undefined) throw new DriftError('42809', `"${name.name}" is not a table`, { position });
  const { systemTables } = scope.state.context;
  const system = systemTables.find(name.schema, name.name) ?? systemTables.find('pg_catalog', name.name);
  if (system?.kind === 'v') throw new DriftError('55000', `cannot ${verb} view "${name.name}"`, { position });
  if (system !== undefined) throw new DriftError('42501', `cannot ${verb} system table "${name.name}"`, { position });
  if (scope.catalog.tableOfIndex(name.schema, name.name) !== undefined)
    throw new DriftError('42809', `"${name.name}" is an index`, { position });
  const qualified = name.schema === undefined ? name.name : `${name.schema}.${name.name}`;
  throw new DriftError('42P01', `relation "${qualified}" does not exist`, { position });
}

/** Position in table.columns of a column that a statement names. */
export function columnIndex(
  table: TableDef,
  target: TargetColumn,
  view: ViewTarget | null = null,
  verb = 'update',
): number {
  if (view !== null) return viewColumnIndex(view, target, verb);
  const index = table.columns.findIndex((column) => column.name === target.name && column.hidden !== true);
  if (index < 0) {
    throw new DriftError('42703', `column "${target.name}" of relation "${table.name}" does not exist`, {
      position: target.position,
    });
  }
  return index;
}

/** Converts a value to its column's type as an assignment does (42804). */
export function assigned(expression: BoundExpression, column: ColumnDef, scope: Scope): BoundExpression {
  const converted = tryCoerce(expression, column.type, 'assignment', scope.state);
  if (converted !== null) return converted;
  const message = `column "${column.name}" is of type ${displayType(column.type)} but expression is of type ${displayType(expression.type)}`;
  throw new DriftError('42804', message, {
    position: expression.position,
    hint: 'You will need to rewrite or cast the expression.',
    column: column.name,
  });
}

/** A scope without FROM items, for expressions kept in the catalog. */
function emptyScope(scope: Scope): Scope {
  return new Scope({ state: scope.state, hooks: scope.hooks, parent: null, catalog: scope.catalog, time: scope.time });
}

/** What DEFAULT means for a column: its default, its sequence's next value, or null. */
export function defaultOf(column: ColumnDef, scope: Scope): BoundExpression {
  const { state } = scope;
  if (column.default !== undefined) {
    const inner = emptyScope(scope);
    const syntax = parseExpression(column.default);
    return withoutPosition(inner.within(CLAUSES.default, () => assigned(inner.bind(syntax), column, inner)));
  }
  if (column.sequenceId !== undefined) {
    state.writes = true;
    const next: BoundExpression = { kind: 'nextValue', sequenceId: column.sequenceId, type: INT8 };
    return coerce(next, column.type, 'assignment', state);
  }
  const own = domainDefault(column.type.oid);
  if (own !== undefined) {
    const inner = emptyScope(scope);
    return withoutPosition(
      inner.within(CLAUSES.default, () => assigned(inner.bind(parseExpression(own)), column, inner)),
    );
  }
  const none: BoundExpression = { kind: 'const', value: null, type: UNKNOWN };
  return isConstrained(column.type.oid)
    ? coerce(none, column.type, 'assignment', state)
    : { ...none, type: column.type };
}

/** The default of a domain, or of the one that it stands on. */
function domainDefault(oid: number): string | undefined {
  const domain = domainOf(oid);
  return domain === null ? undefined : (domain.default ?? domainDefault(domain.base.oid));
}

/** Positions in catalog text mean nothing in the statement. */
function withoutPosition(expression: BoundExpression): BoundExpression {
  return { ...expression, position: undefined };
}

/** Ids for a new row's cells, and the relation under whose names expressions see them. */
export interface RowBinding {
  readonly ids: readonly ColumnId[];
  readonly relation: Relation;
}

export function rowBinding(table: TableDef, name: string, ids: readonly ColumnId[]): RowBinding {
  const columns = table.columns
    .map((column, i) => ({ column, id: ids[i] as ColumnId }))
    .filter(({ column }) => column.hidden !== true)
    .map(({ column, id }) => visible(outputOf(table, column, id)));
  const row = table.columns.map((column, i) => outputOf(table, column, ids[i] as ColumnId));
  const pseudo = table.periods === undefined ? [] : periodColumns(table, row);
  return {
    ids,
    relation: { schema: name === table.name ? table.schema : undefined, name, columns, pseudo, table },
  };
}

function outputOf(table: TableDef, column: ColumnDef, id: ColumnId): PlanColumn {
  return { id, name: column.name, type: column.type, tableId: table.id, columnId: column.id };
}

/** A new row of a target, under the names of its view where it has one. */
export function newTargetRow(
  { table, view, name }: BoundTarget,
  scope: Scope,
): RowBinding & { readonly row: ViewRow | null } {
  const row = newRow(table, name, scope);
  if (view === null) return { ...row, row: null };
  const over = view.over(row.ids);
  const schema = name === view.view.name ? view.view.schema : undefined;
  return { ids: row.ids, relation: { schema, name, columns: over.columns, pseudo: [], table: null }, row: over };
}

export function newRow(table: TableDef, name: string, scope: Scope): RowBinding {
  return rowBinding(
    table,
    name,
    table.columns.map(({ type }) => {
      if (type.collation !== undefined) scope.state.collated = true;
      return scope.state.nextId();
    }),
  );
}

/** A scope that sees one row of the table under the table's own name, as checks and generation expressions do. */
function rowScope(table: TableDef, { ids }: RowBinding, scope: Scope): Scope {
  const inner = emptyScope(scope);
  const { relation } = rowBinding(table, table.name, ids);
  inner.items = [{ relations: [relation], columns: relation.columns }];
  return inner;
}

export function boundGenerated(table: TableDef, row: RowBinding, scope: Scope): BoundGenerated[] {
  const generated: BoundGenerated[] = [];
  table.columns.forEach((column, index) => {
    if (column.generated === undefined) return;
    const inner = rowScope(table, row, scope);
    const syntax = parseExpression(column.generated);
    const expression = inner.within(CLAUSES.generated, () => assigned(inner.bind(syntax), column, inner));
    generated.push({ index, expression: withoutPosition(expression) });
  });
  return generated;
}

export function boundChecks(
  table: TableDef,
  row: RowBinding & { readonly row?: ViewRow | null },
  scope: Scope,
): BoundCheck[] {
  const own = table.checks.map((check) => {
    const inner = rowScope(table, row, scope);
    const syntax = parseExpression(check.expression);
    const condition = inner.within(CLAUSES.check, () => coerce(inner.bind(syntax), BOOL, 'implicit', inner.state));
    return { name: check.name, condition: withoutPosition(condition) };
  });
  return [...own, ...(row.row?.checks ?? [])];
}

/** RETURNING, over a scope that sees the changed row; also gives the output columns. */
export function bindReturning(
  syntax: readonly SelectTarget[] | undefined,
  scope: Scope,
): { returning: Returning | null; outputs: PlanColumn[] } {
  if (syntax === undefined) return { returning: null, outputs: [] };
  const targets = scope.within(CLAUSES.returning, () => bindTargets(syntax, scope, false));
  const outputs = targets.map(({ name, expression }): PlanColumn => {
    const source = scope.items
      .flatMap((item) => item.columns)
      .find(
        (column) =>
          column.expression.kind === 'column' && expression.kind === 'column' && column.expression.id === expression.id,
      );
    return {
      id: scope.state.nextId(),
      name,
      type: expression.type,
      tableId: source?.tableId,
      columnId: source?.columnId,
    };
  });
  return { returning: { expressions: targets.map((target) => target.expression) }, outputs };
}

/** A column of a source plan as an expression. */
export function cell(column: {
  readonly id: ColumnId;
  readonly name: string;
  readonly type: TypeRef;
}): BoundExpression {
  return columnOf(column.id, column.name, column.type);
}
