/**
 * UPDATE and DELETE: the source plan finds the target's rows (all cells, the key among them) joined with FROM or USING.
 */
import { assert, DriftError } from '../../base/error.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { Assignment as AssignmentSyntax, Delete, TargetColumn, Update } from '../../sql/ast-change.ts';
import type { Expression } from '../../sql/ast.ts';
import type { TableReference } from '../../sql/ast-query.ts';
import type { BoundExpression } from '../expression.ts';
import type { Assignment, PlanColumn, PlanNode } from '../plan.ts';
import { freeColumns } from '../walk-plan.ts';
import { asBoolean } from './coerce.ts';
import { bindCurrentOf } from './current-of.ts';
import { bindReference, joinPlans } from './from.ts';
import { withPart } from './part-assignment.ts';
import { withoutPortion } from './portion.ts';
import { scanTable, type BoundScan } from './scan.ts';
import { CLAUSES, columnOf, type Relation, type Scope } from './scope.ts';
import {
  assigned,
  bindReturning,
  boundChecks,
  boundGenerated,
  type BoundTarget,
  changeTarget,
  columnIndex,
  defaultOf,
  newTargetRow,
} from './target.ts';
import { bindWith } from './with.ts';

export function bindUpdate(statement: Update, outer: Scope): PlanNode {
  const { portion } = statement;
  if (portion !== undefined) return bindUpdate(withoutPortion(statement, portion, outer), outer);
  const scope = outer.child();
  scope.top = outer.top;
  scope.state.writes = true;
  const wrap = statement.with === undefined ? null : bindWith(statement.with, scope);
  const bound = changeTarget(statement.target, 'update', scope);
  const { table } = bound;
  const target = bindTargetRows(bound, statement.from, scope);
  let { plan } = target;
  const set = bindAssignments(statement.set, bound, scope);
  plan = filtered(plan, statement.where, { bound, scan: target.scan }, scope);
  for (const query of set.queries) plan = joinPlans('single', plan, query, null);
  const row = newTargetRow(bound, scope);
  const inner = scope.child();
  inner.items = [{ relations: [row.relation], columns: row.relation.columns }, ...scope.items.slice(1)];
  const { returning, outputs } = bindReturning(statement.returning, inner);
  const node: PlanNode = {
    kind: 'update',
    table,
    source: plan,
    oldRow: target.scan.row.map((column) => column.id),
    newRow: row.ids,
    assignments: set.assignments,
    generated: boundGenerated(table, row, scope),
    checks: boundChecks(table, row, scope),
    returning,
    outputs,
  };
  return wrap === null ? node : wrap(node);
}

export function bindDelete(statement: Delete, outer: Scope): PlanNode {
  const { portion } = statement;
  if (portion !== undefined) return bindDelete(withoutPortion(statement, portion, outer), outer);
  const scope = outer.child();
  scope.top = outer.top;
  scope.state.writes = true;
  const wrap = statement.with === undefined ? null : bindWith(statement.with, scope);
  const bound = changeTarget(statement.target, 'delete from', scope);
  const { table } = bound;
  const target = bindTargetRows(bound, statement.using, scope);
  const source = filtered(target.plan, statement.where, { bound, scan: target.scan }, scope);
  const { returning, outputs } = bindReturning(statement.returning, scope);
  const oldRow = target.scan.row.map((column) => column.id);
  const node: PlanNode = { kind: 'delete', table, source, oldRow, returning, outputs };
  return wrap === null ? node : wrap(node);
}

/** Scans the target, the first item of the scope, and joins the other items. */
function bindTargetRows(
  { table, view, name: alias }: BoundTarget,
  others: readonly TableReference[],
  scope: Scope,
): { plan: PlanNode; scan: BoundScan } {
  const scan = scanTable(table, alias, { kind: 'now' }, scope.state);
  const row = view === null ? null : view.over(scan.row.map(({ id }) => id));
  const shown = row?.columns ?? scan.columns;
  const named = view?.view ?? table;
  const relation: Relation = {
    schema: alias === named.name ? named.schema : undefined,
    name: alias,
    columns: shown,
    pseudo: scan.pseudo,
    table: view === null ? table : null,
  };
  scope.add({ relations: [relation], columns: shown });
  let plan: PlanNode = scan.plan;
  for (const condition of row?.conditions ?? [])
    plan = { kind: 'filter', source: plan, condition, outputs: plan.outputs };
  for (const other of others) {
    const bound = scope.within(CLAUSES.fromItems, () => bindReference(other, scope, []));
    scope.add(bound.item);
    const join = joinPlans('inner', plan, bound.plan, null);
    if (scan.row.some((column) => join.correlated.includes(column.id))) {
      throw new DriftError('42P10', `invalid reference to FROM-clause entry for table "${alias}"`, {
        detail: 'There is an entry for the target table, but it cannot be referenced from this part of the query.',
      });
    }
    plan = join;
  }
  return { plan, scan };
}

function filtered(
  plan: PlanNode,
  where: Expression | undefined,
  { bound, scan }: { readonly bound: BoundTarget; readonly scan: BoundScan },
  scope: Scope,
): PlanNode {
  if (where === undefined) return plan;
  const condition =
    where.kind === 'currentOf'
      ? bindCurrentOf(where, bound.table, bound.view === null ? scan.row : null, scope)
      : scope.within(CLAUSES.where, () => asBoolean(scope.bind(where), 'WHERE', scope.state));
  return { kind: 'filter', source: plan, condition, outputs: plan.outputs };
}

/** Assignments, and the subqueries of `(a, b) = (SELECT …)` to be joined for their columns. */
export interface BoundAssignments {
  readonly assignments: readonly Assignment[];
  readonly queries: readonly PlanNode[];
}

/** `alone`: there is no plan to join the subqueries of row assignments to; each column becomes a subquery of its own. */
export function bindAssignments(
  set: readonly AssignmentSyntax[],
  { table, view }: Pick<BoundTarget, 'table' | 'view'>,
  scope: Scope,
  alone = false,
): BoundAssignments {
  const assignments: Assignment[] = [];
  const queries: PlanNode[] = [];
  const partly = new Set<number>();
  const assign = (index: number, value: Expression | BoundColumn, target: TargetColumn): void => {
    const column = table.columns[index] as ColumnDef;
    const { position } = target;
    if (target.indirection.length > 0) {
      const before = assignments.findIndex((other) => other.index === index);
      if (before < 0 || partly.has(index)) {
        if (column.generated !== undefined || column.identity === 'always') refuse(column, position);
        if (value.kind === 'default')
          throw new DriftError('0A000', 'cannot set an array element or a subfield to DEFAULT', { position });
        const current = assignments[before]?.expression ?? currentOf(table, column, scope);
        const bound = value.kind === 'bound' ? value.expression : scope.within(CLAUSES.set, () => scope.bind(value));
        const part = { column: column.name, steps: target.indirection, position };
        const assignment = { index, expression: withPart(current, part, bound, scope) };
        partly.add(index);
        if (before < 0) assignments.push(assignment);
        else assignments[before] = assignment;
        return;
      }
    }
    if (assignments.some((other) => other.index === index)) {
      throw new DriftError('42601', `multiple assignments to same column "${column.name}"`, { position });
    }
    const isDefault = value.kind === 'default';
    if (column.generated !== undefined || column.identity === 'always') {
      if (!isDefault) refuse(column, position);
      if (column.generated !== undefined) return;
    }
    if (value.kind === 'default') assignments.push({ index, expression: defaultOf(column, scope) });
    else if (value.kind === 'bound') assignments.push({ index, expression: assigned(value.expression, column, scope) });
    else
      assignments.push({
        index,
        expression: assigned(
          scope.within(CLAUSES.set, () => scope.bind(value)),
          column,
          scope,
        ),
      });
  };
  for (const { columns, row, value } of set) {
    const indexes = columns.map((target) => columnIndex(table, target, view));
    if (!row) {
      assign(indexes[0] as number, value, columns[0] as TargetColumn);
      continue;
    }
    const values = rowValues(value, indexes.length, alone ? null : queries, scope);
    indexes.forEach((index, i) => assign(index, values[i] as Expression | BoundColumn, columns[i] as TargetColumn));
  }
  return { assignments, queries };
}

/** The row's present value of a column: the target is the first relation of its table in the scope. */
function currentOf(table: TableDef, column: ColumnDef, scope: Scope): BoundExpression {
  const relations = scope.items.flatMap((item) => item.relations);
  const columns = relations.flatMap((relation) => relation.columns);
  const found = columns.find(({ tableId, columnId }) => tableId === table.id && columnId === column.id);
  assert(found !== undefined, 'the target of an update is in its scope');
  return found.expression;
}

interface BoundColumn {
  readonly kind: 'bound';
  readonly expression: BoundExpression;
}

function rowValues(
  value: Expression,
  width: number,
  queries: PlanNode[] | null,
  scope: Scope,
): readonly (Expression | BoundColumn)[] {
  const mismatch = (): never => {
    throw new DriftError('42601', 'number of columns does not match number of values', { position: value.position });
  };
  if (value.kind === 'row') return value.fields.length === width ? value.fields : mismatch();
  if (value.kind === 'subquery') {
    const plan = scope.hooks.query(value.query, scope);
    if (plan.outputs.length !== width) mismatch();
    if (queries === null)
      return plan.outputs.map((output) => ({ kind: 'bound', expression: cellOf(plan, output, scope) }));
    queries.push(plan);
    return plan.outputs.map((output) => ({ kind: 'bound', expression: columnOf(output.id, output.name, output.type) }));
  }
  throw new DriftError('0A000', 'source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression', {
    position: value.position,
  });
}

/** One column of a query as a scalar subquery. */
function cellOf(source: PlanNode, output: PlanColumn, scope: Scope): BoundExpression {
  const plan: PlanNode = {
    kind: 'project',
    source,
    expressions: [columnOf(output.id, output.name, output.type)],
    outputs: [{ ...output, id: scope.state.nextId() }],
  };
  return { kind: 'subquery', mode: 'scalar', plan, correlated: freeColumns(plan), test: null, type: output.type };
}

function refuse(column: ColumnDef, position: number): never {
  const detail =
    column.generated !== undefined
      ? `Column "${column.name}" is a generated column.`
      : `Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`;
  throw new DriftError('428C9', `column "${column.name}" can only be updated to DEFAULT`, { detail, position });
}
