/**
 * INSERT: source rows to new rows, with defaults, identity and generated columns, ON CONFLICT and RETURNING.
 */
import { DriftError } from '../../base/error.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { Assignment as AssignmentSyntax, Insert, OnConflict, TargetColumn } from '../../sql/ast-change.ts';
import type { Expression } from '../../sql/ast.ts';
import type { Query, Values } from '../../sql/ast-query.ts';
import { printRestrictedExpression } from '../../sql/parser/print.ts';
import type { BoundExpression } from '../expression.ts';
import { ROW_ID } from '../history-queries.ts';
import type { ConflictClause, ConflictUpdate, InsertNode, PlanColumn, PlanNode, ValuesNode } from '../plan.ts';
import { asBoolean } from './coerce.ts';
import { constantColumns } from './constant-rows.ts';
import { withPart } from './part-assignment.ts';
import {
  assigned,
  bindReturning,
  boundChecks,
  boundGenerated,
  cell,
  columnIndex,
  defaultOf,
  newTargetRow,
  type BoundTarget,
  changeTarget,
  type RowBinding,
} from './target.ts';
import { liftSets } from './lift.ts';
import { CLAUSES, type FromItem, type Scope } from './scope.ts';
import { bindAssignments } from './update.ts';
import { refuseColumn } from './view-target.ts';
import { bindWith } from './with.ts';

/** INSERT, and what it shares with the INSERT of MERGE. */
export type InsertHead = Pick<Insert, 'columns' | 'overriding'>;

export function bindInsert(statement: Insert, outer: Scope): PlanNode {
  const scope = outer.child();
  scope.top = outer.top;
  scope.state.writes = true;
  const wrap = statement.with === undefined ? null : bindWith(statement.with, scope);
  const bound = changeTarget(statement.target, 'insert into', scope);
  const { table, view } = bound;
  const shown = shownColumns(statement, bound);
  const named =
    statement.columns?.map((target) => {
      const id = scope.state.context.givesRowIds === true && target.name === ROW_ID ? rowIdIndex(table) : -1;
      return id >= 0 ? id : columnIndex(table, target, view, 'insert into');
    }) ?? null;
  const parts = statement.columns?.some(({ indirection }) => indirection.length > 0) === true;
  if (named !== null) rejectDuplicates(named, statement, table);
  const rows =
    parts && named !== null
      ? bindParts(statement, table, named, scope)
      : bindSource(statement, bound, named ?? shown, scope);
  const values = rowValues(statement, table, rows, scope);
  const row = newTargetRow(bound, scope);
  const item = itemOf(row);
  const conflict =
    statement.onConflict === undefined
      ? null
      : bindConflict(statement, statement.onConflict, { target: bound, row }, scope);
  const inner = scope.child();
  inner.items = [item];
  const { returning, outputs } = bindReturning(statement.returning, inner);
  const node: InsertNode = {
    kind: 'insert',
    table,
    source: rows.source,
    values,
    newRow: row.ids,
    generated: boundGenerated(table, row, scope),
    checks: boundChecks(table, row, scope),
    conflict,
    returning,
    outputs,
  };
  return wrap === null ? node : wrap(node);
}

/** The columns that a statement means without naming them. */
function shownColumns(statement: Insert, { table, view }: BoundTarget): number[] {
  if (view === null) return table.columns.map((_, i) => i).filter((i) => table.columns[i]?.hidden !== true);
  if (statement.columns !== undefined || statement.source === undefined) return [];
  const plain = plainValues(statement.source);
  const first = view.columns.findIndex(({ index }) => index === null);
  const width = plain?.rows[0]?.length ?? (first < 0 ? view.columns.length : first);
  return view.columns
    .slice(0, width)
    .map(({ name, index }) => index ?? refuseColumn(view.view, name, 'insert into', statement.target.name.position));
}

function itemOf(row: RowBinding): FromItem {
  return { relations: [row.relation], columns: row.relation.columns };
}

export function rejectDuplicates(indexes: readonly number[], statement: InsertHead, table: TableDef): void {
  indexes.forEach((index, i) => {
    if (indexes.indexOf(index) === i || (statement.columns?.[i]?.indirection.length ?? 0) > 0) return;
    const message = `column "${table.columns[index]?.name ?? ''}" specified more than once`;
    throw new DriftError('42701', message, { position: statement.columns?.[i]?.position });
  });
}

/** The source plan, and what it gives for each column by position in table.columns. */
export interface SourceRows {
  readonly source: PlanNode;
  readonly cells: ReadonlyMap<number, BoundExpression>;
  /** Columns for which every row says DEFAULT. */
  readonly defaults: ReadonlySet<number>;
}

function bindSource(
  statement: Insert,
  { table, view }: BoundTarget,
  targets: readonly number[],
  scope: Scope,
): SourceRows {
  const query = statement.source;
  if (query === undefined) return { source: { kind: 'oneRow', outputs: [] }, cells: new Map(), defaults: new Set() };
  const values = plainValues(query);
  if (values !== null) return bindRows(values, table, { targets, statement }, scope);
  const plan = scope.hooks.query(query, scope, { keepUnknown: true });
  // Without a list of columns the query's width says which of a view's are meant.
  const next = view?.columns[targets.length];
  if (next !== undefined && statement.columns === undefined && plan.outputs.length > targets.length && view !== null)
    refuseColumn(view.view, next.name, 'insert into', statement.target.name.position);
  checkCount(plan.outputs.length, targets.length, statement, query.position);
  return convertSource(plan, table, targets, scope);
}

/** INSERT INTO t (a[1], c.f) …: columns begin as null and get their parts one after the other. */
function bindParts(statement: Insert, table: TableDef, targets: readonly number[], scope: Scope): SourceRows {
  const query = statement.source;
  if (query === undefined) return { source: { kind: 'oneRow', outputs: [] }, cells: new Map(), defaults: new Set() };
  const source = scope.hooks.query(query, scope, { keepUnknown: true });
  checkCount(source.outputs.length, targets.length, statement, query.position);
  const cells = new Map<number, BoundExpression>();
  source.outputs.forEach((output, i) => {
    const index = targets[i] as number;
    const column = table.columns[index] as ColumnDef;
    const { indirection: steps, position } = (statement.columns as readonly TargetColumn[])[i] as TargetColumn;
    const current = cells.get(index) ?? nullOf(column);
    const whole = steps.length === 0;
    cells.set(
      index,
      whole
        ? assigned(cell(output), column, scope)
        : withPart(current, { column: column.name, steps, position }, cell(output), scope),
    );
  });
  return { source, cells, defaults: new Set() };
}

/** VALUES without anything around it, whose cells may say DEFAULT and take their columns' types one by one. */
function plainValues(query: Query): Values | null {
  const plain =
    query.with === undefined &&
    query.orderBy.length === 0 &&
    query.limit === undefined &&
    query.offset === undefined &&
    query.body.kind === 'values';
  return plain && query.body.kind === 'values' ? query.body : null;
}

/** `position`: of the first expression too many. */
export function checkCount(given: number, wanted: number, { columns }: InsertHead, position: number): void {
  if (given > wanted) throw new DriftError('42601', 'INSERT has more expressions than target columns', { position });
  if (given >= wanted || columns === undefined) return;
  throw new DriftError('42601', 'INSERT has more target columns than expressions', {
    position: columns[given]?.position,
  });
}

interface RowTargets {
  readonly targets: readonly number[];
  readonly statement: Insert;
}

function bindRows(values: Values, table: TableDef, { targets, statement }: RowTargets, scope: Scope): SourceRows {
  const width = values.rows[0]?.length ?? 0;
  const defaultCache = new Map<number, BoundExpression>();
  const usual = (index: number): BoundExpression => {
    let bound = defaultCache.get(index);
    if (bound === undefined) defaultCache.set(index, (bound = defaultOf(table.columns[index] as ColumnDef, scope)));
    return bound;
  };
  const defaults = new Set<number>();
  for (let i = 0; i < width && i < targets.length; i++) {
    const index = targets[i] as number;
    const column = table.columns[index] as ColumnDef;
    const all = values.rows.every((row) => row[i]?.kind === 'default');
    if (all) defaults.add(index);
    else if (refusesValues(column, statement))
      refuse(column, values.rows.find((row) => row[i]?.kind !== 'default')?.[i]);
  }
  const columns = targets.slice(0, width).map((index) => table.columns[index] as ColumnDef);
  const constants = width > targets.length ? null : constantColumns(values.rows, columns, scope.state);
  if (constants !== null) {
    const source: ValuesNode = {
      kind: 'values',
      rows: [],
      constants: { columns: constants, rowCount: values.rows.length },
      outputs: columns.map((column) => sourceColumn(column, scope)),
    };
    checkCount(width, targets.length, statement, values.position);
    return { source, cells: cellsOf(source.outputs, targets), defaults };
  }
  const rows = scope.within(CLAUSES.insertValues, () =>
    values.rows.map((row) => {
      if (row.length !== width) {
        throw new DriftError('42601', 'VALUES lists must all be the same length', {
          position: row[0]?.position ?? values.position,
        });
      }
      checkCount(row.length, targets.length, statement, row[targets.length]?.position ?? values.position);
      return row.map((syntax, i) => {
        const index = targets[i] as number;
        const column = table.columns[index] as ColumnDef;
        if (syntax.kind === 'default') {
          // A column that is DEFAULT in all rows gets it with the row: nextval must not run twice.
          return column.generated === undefined && !defaults.has(index) ? usual(index) : nullOf(column);
        }
        return assigned(scope.bind(syntax), column, scope);
      });
    }),
  );
  if (scope.hasSets) return { ...bindRowsWithSets(rows, table, targets, scope), defaults };
  const outputs = columns.map((column) => sourceColumn(column, scope));
  return { source: { kind: 'values', rows, outputs }, cells: cellsOf(outputs, targets), defaults };
}

function cellsOf(outputs: readonly PlanColumn[], targets: readonly number[]): Map<number, BoundExpression> {
  const cells = new Map<number, BoundExpression>();
  outputs.forEach((output, i) => cells.set(targets[i] as number, cell(output)));
  return cells;
}

/** Set-returning functions in VALUES of one row: the row is projected like a select list. */
function bindRowsWithSets(
  rows: readonly (readonly BoundExpression[])[],
  table: TableDef,
  targets: readonly number[],
  scope: Scope,
): SourceRows {
  const [row] = rows;
  if (row === undefined || rows.length > 1) {
    throw new DriftError('0A000', 'set-returning functions are not allowed in VALUES', {
      position: rows[0]?.[0]?.position,
    });
  }
  const lifted = liftSets({ kind: 'oneRow', outputs: [] }, row, scope.state);
  const outputs = lifted.expressions.map((_, i) =>
    sourceColumn(table.columns[targets[i] as number] as ColumnDef, scope),
  );
  return {
    source: { kind: 'project', source: lifted.plan, expressions: lifted.expressions, outputs },
    cells: cellsOf(outputs, targets),
    defaults: new Set(),
  };
}

function nullOf(column: ColumnDef): BoundExpression {
  return { kind: 'const', value: null, type: column.type };
}

function sourceColumn(column: ColumnDef, scope: Scope): PlanColumn {
  return { id: scope.state.nextId(), name: column.name, type: column.type };
}

/** Converts a query's outputs to the columns' types, inside its own projection where it has one. */
function convertSource(plan: PlanNode, table: TableDef, targets: readonly number[], scope: Scope): SourceRows {
  const cells = new Map<number, BoundExpression>();
  if (plan.kind !== 'project') {
    plan.outputs.forEach((output, i) => {
      const index = targets[i] as number;
      cells.set(index, assigned(cell(output), table.columns[index] as ColumnDef, scope));
    });
    return { source: plan, cells, defaults: new Set() };
  }
  const outputs: PlanColumn[] = [];
  const expressions = plan.expressions.map((expression, i) => {
    const index = targets[i] as number;
    const column = table.columns[index] as ColumnDef;
    const output = sourceColumn(column, scope);
    outputs.push(output);
    cells.set(index, cell(output));
    return assigned(expression, column, scope);
  });
  return { source: { ...plan, expressions, outputs }, cells, defaults: new Set() };
}

function refusesValues(column: ColumnDef, statement: InsertHead): boolean {
  if (column.generated !== undefined) return true;
  return column.identity === 'always' && statement.overriding === undefined;
}

function refuse(column: ColumnDef, at: Expression | undefined): never {
  const detail =
    column.generated !== undefined
      ? `Column "${column.name}" is a generated column.`
      : `Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`;
  throw new DriftError('428C9', `cannot insert a non-DEFAULT value into column "${column.name}"`, {
    detail,
    hint: column.generated === undefined ? 'Use OVERRIDING SYSTEM VALUE to override.' : undefined,
    position: at?.position,
  });
}

/** The hidden row id of a table without a primary key; -1. */
function rowIdIndex(table: TableDef): number {
  return table.columns.findIndex(({ id, hidden }) => hidden === true && table.key.includes(id));
}

/** The new row's values by column: given, default, or null where something else fills them in. */
export function rowValues(
  statement: InsertHead,
  table: TableDef,
  rows: SourceRows,
  scope: Scope,
): (BoundExpression | null)[] {
  return table.columns.map((column, index) => {
    const given = rows.cells.get(index);
    if (index === rowIdIndex(table) && given !== undefined) return given;
    if (column.hidden === true || column.generated !== undefined) {
      if (given !== undefined && !rows.defaults.has(index)) refuse(column, undefined);
      return null;
    }
    if (given === undefined || rows.defaults.has(index)) return defaultOf(column, scope);
    if (column.identity !== undefined && statement.overriding === 'user') return defaultOf(column, scope);
    if (refusesValues(column, statement)) refuse(column, undefined);
    return given;
  });
}

// ---- ON CONFLICT -------------------------------------------------------------------------------------------------

interface ConflictPlace {
  readonly target: BoundTarget;
  readonly row: RowBinding;
}

function bindConflict(statement: Insert, syntax: OnConflict, place: ConflictPlace, scope: Scope): ConflictClause {
  const arbiters = arbitersOf(syntax, place.target);
  if (syntax.update === undefined) return { arbiters, update: null };
  if (arbiters === null) {
    throw new DriftError('42601', 'ON CONFLICT DO UPDATE requires inference specification or constraint name', {
      position: syntax.position,
      hint: 'For example, ON CONFLICT (column_name).',
    });
  }
  return { arbiters, update: bindConflictUpdate(statement, syntax.update, place, scope) };
}

function arbitersOf(syntax: OnConflict, { table, view }: BoundTarget): (number | 'key')[] | null {
  const { target } = syntax;
  if (target === undefined) {
    if (table.indexes.some(({ unique, deferrable }) => unique && deferrable !== undefined))
      throw deferrableArbiter(syntax.position);
    return null;
  }
  if (target.kind === 'constraint') {
    if (table.primaryKeyName === target.name) return ['key'];
    const index = table.indexes.find((candidate) => candidate.constraint === target.name);
    if (index?.deferrable !== undefined) throw deferrableArbiter(target.position);
    if (index !== undefined) return [index.id];
    throw new DriftError('42704', `constraint "${target.name}" for table "${table.name}" does not exist`, {
      position: target.position,
    });
  }
  const columns = new Set<number>();
  for (const { expression } of target.elements) {
    if (expression.kind !== 'column') continue;
    const written = expression.names[expression.names.length - 1];
    const shown = view?.columns.find((candidate) => candidate.name === written)?.index;
    if (shown === null) throw noArbiter(syntax);
    const name = view === null ? written : table.columns[shown ?? -1]?.name;
    const column = table.columns.find((candidate) => candidate.name === name && candidate.hidden !== true);
    if (column === undefined) {
      throw new DriftError('42703', `column "${written ?? ''}" does not exist`, { position: expression.position });
    }
    columns.add(column.id);
  }
  const plain = target.elements.every(({ expression }) => expression.kind === 'column');
  const same = (ordinals: readonly number[]): boolean =>
    plain && ordinals.length === columns.size && ordinals.every((ordinal) => columns.has(ordinal));
  const texts = new Set(target.elements.map(({ expression }) => printRestrictedExpression(expression)));
  const where = target.where === undefined ? undefined : printRestrictedExpression(target.where);
  const arbiters: (number | 'key')[] = [];
  if (table.primaryKeyName !== undefined && same(table.key)) arbiters.push('key');
  let refused = false;
  for (const { id, unique, deferrable, columns: parts, keys, where: predicate } of table.indexes) {
    if (!unique || (predicate !== undefined && predicate !== where)) continue;
    const matches =
      keys === undefined
        ? same(parts.map((part) => part.column))
        : keys.length === texts.size && keys.every((key) => texts.has(key));
    if (matches && deferrable !== undefined) refused = true;
    else if (matches) arbiters.push(id);
  }
  if (arbiters.length === 0 && refused) throw deferrableArbiter(syntax.position);
  if (arbiters.length === 0) throw noArbiter(syntax);
  return arbiters;
}

function deferrableArbiter(position: number): DriftError {
  const message = 'ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters';
  return new DriftError('55000', message, { position });
}

function noArbiter(syntax: OnConflict): DriftError {
  return new DriftError('42P10', 'there is no unique or exclusion constraint matching the ON CONFLICT specification', {
    position: syntax.position,
  });
}

function bindConflictUpdate(
  statement: Insert,
  update: { readonly set: readonly AssignmentSyntax[]; readonly where: Expression | undefined },
  { target, row }: ConflictPlace,
  scope: Scope,
): ConflictUpdate {
  const { table } = target;
  const old = newTargetRow(target, scope);
  const excluded = { ...row.relation, name: 'excluded' };
  const inner = scope.child();
  inner.items = [itemOf(old), { relations: [excluded], columns: excluded.columns }];
  const assignments = bindAssignments(update.set, target, inner, true).assignments;
  const where =
    update.where === undefined
      ? null
      : inner.within(CLAUSES.where, () => asBoolean(inner.bind(update.where as Expression), 'WHERE', scope.state));
  const updated = newTargetRow(target, scope);
  const outer = scope.child();
  outer.items = [itemOf(updated)];
  return {
    oldRow: old.ids,
    assignments,
    where,
    updatedRow: updated.ids,
    generated: boundGenerated(table, updated, scope),
    checks: boundChecks(table, updated, scope),
    returning: bindReturning(statement.returning, outer).returning,
  };
}
