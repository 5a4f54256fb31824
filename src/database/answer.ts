/** What a statement answers: its columns and what is said of them. */
import { type Value, type Vector, valueAt } from '../base/vector.ts';
import { vectorFromValues } from '../exec/vectors.ts';
import type { ModifyNode, Plan, PlanColumn, PlanNode } from '../plan/plan.ts';
import { isModify } from '../plan/walk-plan.ts';
import type { EvalContext } from '../sql/eval-context.ts';
import { typeByOid } from '../sql/types/registry.ts';
import type { ResultSet } from './api.ts';
import { publicFields } from './public-fields.ts';

const TEXT_OID = 25;

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

/** The result with every column as text, as PostgreSQL prints it. */
export function asText(result: ResultSet, context: EvalContext): ResultSet {
  const columns = result.columns.map((column, c) => {
    const type = typeByOid(result.fields[c]?.dataTypeID ?? TEXT_OID);
    const texts: Value[] = [];
    for (let row = 0; row < result.rowCount; row++) {
      const value = valueAt(column, row);
      texts.push(value === null ? null : type.output(value, context));
    }
    return vectorFromValues(texts, TEXT_OID);
  });
  return { ...result, columns, fields: publicFields(result.fields) };
}
