/**
 * The binder's entry: a parsed statement and a catalog become a plan.
 *
 *     parse (sql/parser) → bindStatement → optimize (optimizer/optimize.ts) → build and run (exec)
 *
 * Binding is one synchronous recursion over the syntax tree, in the files of `binder/`. Time clauses interrupt it: see
 * binder/context.ts.
 */
import { DriftError } from '../base/error.ts';
import type { Task } from '../base/task.ts';
import type { Catalog, TableDef } from '../catalog/schema.ts';
import type { Delete, Insert, Merge, Update } from '../sql/ast-change.ts';
import type { Expression } from '../sql/ast.ts';
import type { Query, SystemTime, TimePoint } from '../sql/ast-query.ts';
import type { Copy, Statement } from '../sql/ast-statement.ts';
import type { BoundExpression, ColumnId } from './expression.ts';
import { assignCollations, assignExpressionCollations } from './collate/assign.ts';
import { BOOL, OID, tryCoerce } from './binder/coerce.ts';
import {
  BindState,
  LongWork,
  UnresolvedTime,
  type BindContext,
  type BoundMoment,
  type ResolvedTime,
} from './binder/context.ts';
import { bindExpression } from './binder/expression.ts';
import { bindCopyFrom, type BoundCopy } from './binder/copy.ts';
import { bindInsert } from './binder/insert.ts';
import { bindMerge } from './binder/merge.ts';
import { bindQuery } from './binder/query.ts';
import { CLAUSES, Scope, type Hooks, type OuterNames } from './binder/scope.ts';
import { assigned, rowBinding } from './binder/target.ts';
import { bindPoint, momentOf, resolveTime } from './binder/time.ts';
import { bindDelete, bindUpdate } from './binder/update.ts';
import type { Plan, PlanNode } from './plan.ts';
import { someExpression } from './walk-expression.ts';

export type { OuterNames, Relation, VisibleColumn } from './binder/scope.ts';
export type { BoundCopy } from './binder/copy.ts';
export type { BindContext, BoundMoment, SystemTable, SystemTables } from './binder/context.ts';

export type BindableStatement = Query | Insert | Update | Delete | Merge;

/** Whether a statement is one that has a plan. */
export function isBindable(statement: Statement): statement is BindableStatement & Statement {
  const { kind } = statement;
  return kind === 'query' || kind === 'insert' || kind === 'update' || kind === 'delete' || kind === 'merge';
}

const hooks: Hooks = {
  expression: bindExpression,
  query: bindQuery,
  change: bindChange,
};

function bindChange(statement: Insert | Update | Delete | Merge, outer: Scope): PlanNode {
  switch (statement.kind) {
    case 'insert':
      return bindInsert(statement, outer);
    case 'update':
      return bindUpdate(statement, outer);
    case 'delete':
      return bindDelete(statement, outer);
    case 'merge':
      return bindMerge(statement, outer);
  }
}

/** Binds a query or data change. Throws DriftError with the position of what is wrong. */
export function* bindStatement(statement: BindableStatement, context: BindContext): Task<Plan> {
  const times = new Map<SystemTime, ResolvedTime>();
  const views = new Map<string, Query>();
  for (;;) {
    try {
      return bindOnce(statement, new BindState(context, times, views));
    } catch (error) {
      if (error instanceof LongWork) yield* error.task;
      else if (!(error instanceof UnresolvedTime)) throw error;
      else times.set(error.clause, yield* resolveTime(error, context));
    }
  }
}

function bindOnce(statement: BindableStatement, state: BindState): Plan {
  const scope = rootScope(state, state.context.names);
  scope.top = true;
  const bound = statement.kind === 'query' ? bindQuery(statement, scope) : bindChange(statement, scope);
  const root = state.collated ? assignCollations(bound, catalogsOf(scope)) : bound;
  const missing = state.parameterTypes.indexOf(0);
  if (missing >= 0) throw new DriftError('42P18', `could not determine data type of parameter $${missing + 1}`);
  const parameterTypes = state.parameterTypes.map((oid) => (oid === OID.unknown ? OID.text : oid));
  return {
    root,
    parameterTypes,
    fields: givesRows(statement) ? root.outputs : null,
    command: statement.kind === 'query' ? 'SELECT' : statement.kind.toUpperCase(),
    cacheable: state.cacheable,
    writes: state.writes,
    point: null,
    columnCount: state.columnCount,
  };
}

function givesRows(statement: BindableStatement): boolean {
  if (statement.kind === 'merge') return false;
  return statement.kind === 'query' || statement.returning !== undefined;
}

export function rootScope(state: BindState, names?: OuterNames): Scope {
  return new Scope({ state, hooks, parent: null, catalog: state.context.catalog, time: { kind: 'now' }, names });
}

export function emptyState(context: BindContext): BindState {
  return new BindState(context, new Map(), new Map());
}

function catalogsOf({ catalog, state }: Scope): readonly Catalog[] {
  return [catalog, ...[...state.times.values()].map((time) => time.catalog)];
}

/** An expression that stands alone, with its collations if any is concerned. */
export function collated(expression: BoundExpression, scope: Scope): BoundExpression {
  const { state } = scope;
  return state.collated && state.context.asWritten !== true
    ? assignExpressionCollations(expression, catalogsOf(scope))
    : expression;
}

/** Binds COPY … FROM STDIN. */
export function bindCopy(statement: Copy, context: BindContext): BoundCopy {
  return bindCopyFrom(statement, rootScope(emptyState(context)));
}

/** The moment that BEGIN … AS OF, CREATE TAG … AS OF or a setting names. */
export function bindMoment(point: TimePoint, context: BindContext): BoundMoment {
  return momentOf(bindPoint(point, rootScope(emptyState(context))), context);
}

export type TableExpressionUse = 'check' | 'generated' | 'default' | 'index';

/**
 * Binds an expression over one table's row: for DDL to validate and to evaluate over existing rows. Column ids are
 * positions in table.columns. `columnIndex`: the column that a default or generated expression is for (its type).
 */
export function bindTableExpression(
  syntax: Expression,
  table: TableDef,
  use: TableExpressionUse,
  context: BindContext,
  columnIndex?: number,
): BoundExpression {
  const scope = rootScope(emptyState(context));
  const ids: ColumnId[] = table.columns.map(() => scope.state.nextId());
  if (use !== 'default') {
    const { relation } = rowBinding(table, table.name, ids);
    scope.items = [{ relations: [relation], columns: relation.columns }];
  }
  scope.state.collated ||= table.columns.some(({ type }) => type.collation !== undefined);
  const bound = collated(
    scope.within(CLAUSES[use], () => scope.bind(syntax)),
    scope,
  );
  if (scope.state.parameterTypes.length > 0)
    throw new DriftError('42P02', 'there is no parameter $1', { position: syntax.position });
  if ((use === 'index' || use === 'generated') && someExpression(bound, isChanging)) {
    const what =
      use === 'index'
        ? 'functions in index expression must be marked IMMUTABLE'
        : 'generation expression is not immutable';
    throw new DriftError('42P17', what, { position: syntax.position });
  }
  if (use === 'check') {
    const coerced = tryCoerce(bound, BOOL, 'assignment', scope.state);
    if (coerced === null)
      throw new DriftError('42804', 'argument of CHECK must be type boolean', { position: bound.position });
    return coerced;
  }
  const column = columnIndex === undefined ? undefined : table.columns[columnIndex];
  return column === undefined ? bound : assigned(bound, column, scope);
}

/** Whether an expression may give another value for the same row later. */
function isChanging(part: BoundExpression): boolean {
  if (part.kind === 'nextValue') return true;
  return part.kind === 'call' && part.fn.volatility !== 'immutable';
}
