/** What a statement answers: its columns and what is said of them. */
import type { Vector } from '../base/vector.ts';
import type { ModifyNode, Plan, PlanColumn, PlanNode } from '../plan/plan.ts';
import { isModify } from '../plan/walk-plan.ts';
import type { ResultSet } from './api.ts';

/** The answer to a statement that has been run. */
export function resultOf(
  plan: Plan,
  columns: readonly Vector[],
  rowCount: number,
  affected: Map<ModifyNode, number>,
): ResultSet {
  const { root } = plan;
  const own = ownChange(root);
  return {
    command: plan.command,
    fields: fieldsOf(plan),
    columns: plan.fields === null ? [] : columns,
    rowCount: plan.fields === null ? 0 : rowCount,
    affectedRows: own === null ? null : (affected.get(own) ?? 0),
  };
}

const described = new WeakMap<Plan, ResultSet['fields']>();

export function fieldsOf(plan: Plan): ResultSet['fields'] {
  let fields = described.get(plan);
  if (fields === undefined) {
    fields = (plan.fields ?? []).map(describe);
    described.set(plan, fields);
  }
  return fields;
}

function describe(column: PlanColumn): ResultSet['fields'][number] {
  return {
    name: column.name,
    dataTypeID: column.type.oid,
    typeModifier: column.type.typmod,
    tableID: column.tableId ?? 0,
    columnID: column.columnId ?? 0,
  };
}

/** The data change that a statement is itself, whatever WITH does besides. */
function ownChange(root: PlanNode): ModifyNode | null {
  if (root.kind === 'with') return ownChange(root.body);
  return isModify(root) ? root : null;
}
