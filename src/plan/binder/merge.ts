/**
 * MERGE: the source joined with the target, and what to do with each row.
 *
 * The join keeps the source's rows that match nothing only where some clause inserts. Whether a row is matched shows
 * in the target's key, which no row has null. Clauses for unmatched rows see the source alone.
 */
import { DriftError } from '../../base/error.ts';
import type { ColumnDef, TableDef } from '../../catalog/schema.ts';
import type { Merge, MergeAction, MergeWhen } from '../../sql/ast-change.ts';
import type { BoundExpression } from '../expression.ts';
import type { InsertNode, MergeClause, PlanNode, UpdateNode } from '../plan.ts';
import { asBoolean } from './coerce.ts';
import { bindReference, joinPlans } from './from.ts';
import { checkCount, rejectDuplicates, rowValues } from './insert.ts';
import { scanTable, type BoundScan } from './scan.ts';
import { CLAUSES, type FromItem, type Scope } from './scope.ts';
import { assigned, boundChecks, boundGenerated, columnIndex, newRow, targetTable } from './target.ts';
import { bindAssignments } from './update.ts';
import { bindWith } from './with.ts';

/** What the clauses' own plans stand on until the merge hands them its rows. */
const NOTHING: PlanNode = { kind: 'oneRow', outputs: [] };

export function bindMerge(statement: Merge, outer: Scope): PlanNode {
  const scope = outer.child();
  scope.top = outer.top;
  scope.state.writes = true;
  const wrap = statement.with === undefined ? null : bindWith(statement.with, scope);
  refuseUnreachable(statement.whens);
  const { name } = statement.target;
  if (scope.catalog.relation(name.schema, name.name)?.kind === 'view')
    throw new DriftError('0A000', `cannot execute MERGE on relation "${name.name}"`, {
      position: name.position,
      detail: 'This operation is not supported for views.',
    });
  const table = targetTable(statement.target, 'merge into', scope);
  const alias = statement.target.alias ?? table.name;
  const scan = scanTable(table, alias, { kind: 'now' }, scope.state);
  const schema = alias === table.name ? table.schema : undefined;
  const target: FromItem = {
    relations: [{ schema, name: alias, columns: scan.columns, pseudo: scan.pseudo, table }],
    columns: scan.columns,
  };
  const source = bindReference(statement.source, scope, []);
  const both = scope.child();
  both.add(target);
  both.add(source.item);
  const alone = scope.child();
  alone.add(source.item);
  const condition = both.within(CLAUSES.on, () => asBoolean(both.bind(statement.on), 'ON', scope.state));
  const inserts = statement.whens.some((when) => !when.matched && when.action.kind !== 'nothing');
  const plan: PlanNode = joinPlans(inserts ? 'left' : 'inner', source.plan, scan.plan, condition);
  const whens = statement.whens.map((when) => bindWhen(when, { table, alias, scan }, when.matched ? both : alone));
  const oldRow = scan.row.map((column) => column.id);
  const node: PlanNode = { kind: 'merge', table, source: plan, oldRow, whens, returning: null, outputs: [] };
  return wrap === null ? node : wrap(node);
}

/** A clause without a condition takes all rows of its kind that come to it. */
function refuseUnreachable(whens: readonly MergeWhen[]): void {
  const closed = new Set<boolean>();
  for (const { matched, condition } of whens) {
    if (closed.has(matched))
      throw new DriftError('42601', 'unreachable WHEN clause specified after unconditional WHEN clause');
    if (condition === undefined) closed.add(matched);
  }
}

interface MergePlace {
  readonly table: TableDef;
  readonly alias: string;
  readonly scan: BoundScan;
}

function bindWhen(when: MergeWhen, place: MergePlace, scope: Scope): MergeClause {
  const { condition: syntax } = when;
  const condition =
    syntax === undefined
      ? null
      : scope.within(CLAUSES.mergeWhen, () => asBoolean(scope.bind(syntax), 'WHEN', scope.state));
  return { matched: when.matched, condition, action: bindAction(when.action, place, scope) };
}

function bindAction(action: MergeAction, { table, alias, scan }: MergePlace, scope: Scope): MergeClause['action'] {
  const oldRow = scan.row.map((column) => column.id);
  switch (action.kind) {
    case 'nothing':
      return null;
    case 'delete':
      return { kind: 'delete', table, source: NOTHING, oldRow, returning: null, outputs: [] };
    case 'update': {
      const { assignments } = bindAssignments(action.set, { table, view: null }, scope, true);
      const row = newRow(table, alias, scope);
      const node: UpdateNode = {
        kind: 'update',
        table,
        source: NOTHING,
        oldRow,
        newRow: row.ids,
        assignments,
        generated: boundGenerated(table, row, scope),
        checks: boundChecks(table, row, scope),
        returning: null,
        outputs: [],
      };
      return node;
    }
    case 'insert':
      return bindInsertAction(action, table, alias, scope);
  }
}

function bindInsertAction(
  action: Extract<MergeAction, { kind: 'insert' }>,
  table: TableDef,
  alias: string,
  scope: Scope,
): InsertNode {
  const shown = table.columns.map((_, i) => i).filter((i) => table.columns[i]?.hidden !== true);
  const named = action.columns?.map((target) => columnIndex(table, target));
  if (named !== undefined) rejectDuplicates(named, action, table);
  const targets = named ?? shown;
  const given = action.values ?? [];
  if (action.values !== undefined)
    checkCount(given.length, targets.length, action, given[targets.length]?.position ?? given[0]?.position ?? 0);
  const cells = new Map<number, BoundExpression>();
  const defaults = new Set<number>();
  given.forEach((syntax, i) => {
    const index = targets[i] as number;
    if (syntax.kind === 'default') {
      defaults.add(index);
      return;
    }
    const bound = scope.within(CLAUSES.values, () => scope.bind(syntax));
    cells.set(index, assigned(bound, table.columns[index] as ColumnDef, scope));
  });
  const row = newRow(table, alias, scope);
  return {
    kind: 'insert',
    table,
    source: NOTHING,
    values: rowValues(action, table, { source: NOTHING, cells, defaults }, scope),
    newRow: row.ids,
    generated: boundGenerated(table, row, scope),
    checks: boundChecks(table, row, scope),
    conflict: null,
    returning: null,
    outputs: [],
  };
}
