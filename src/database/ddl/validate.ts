/** Constraints that are added NOT VALID and validated later: rows of before are asked then. */
import { DriftError } from '../../base/error.ts';
import type { Task } from '../../base/task.ts';
import type { CheckDef, TableDef } from '../../catalog/schema.ts';
import { constraintNames } from './draft.ts';
import { type DdlContext, define } from './context.ts';
import { refuseOrphanRows } from './foreign-rows.ts';
import { tableText } from './names.ts';

/** Throws 23514 where a row violates a check. */
export function* refuseViolatingRows(context: DdlContext, table: TableDef, check: CheckDef): Task<void> {
  const rows = yield* context.query(`SELECT 1 FROM ${tableText(table)} WHERE NOT (${check.expression}) LIMIT 1`);
  if (rows.length === 0) return;
  throw new DriftError(
    '23514',
    `check constraint "${check.name}" of relation "${table.name}" is violated by some row`,
    {
      schema: table.schema,
      table: table.name,
      constraint: check.name,
    },
  );
}

export function* validateConstraint(
  context: DdlContext,
  table: TableDef,
  { name, position }: { readonly name: string; readonly position: number },
): Task<void> {
  const check = table.checks.find((candidate) => candidate.name === name);
  const foreign = table.foreignKeys.find((candidate) => candidate.name === name);
  if (check === undefined && foreign === undefined) {
    const there = constraintNames(table).includes(name);
    throw new DriftError(
      there ? '42809' : '42704',
      there
        ? `constraint "${name}" of relation "${table.name}" is not a foreign key or check constraint`
        : `constraint "${name}" of relation "${table.name}" does not exist`,
      { position },
    );
  }
  if (check?.notValid === true) {
    yield* refuseViolatingRows(context, table, check);
    const checks = table.checks.map((other) => (other === check ? { ...check, notValid: undefined } : other));
    define(context, { ...table, checks });
  }
  if (foreign?.notValid === true) {
    yield* refuseOrphanRows(context, table, foreign);
    const keys = table.foreignKeys.map((other) => (other === foreign ? { ...foreign, notValid: undefined } : other));
    define(context, { ...table, foreignKeys: keys });
  }
}
