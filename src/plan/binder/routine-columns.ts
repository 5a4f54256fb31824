/** Users' functions in FROM: a row's columns are columns there, and those of any record are written after the call. */
import { DriftError } from '../../base/error.ts';
import type { Catalog } from '../../catalog/schema.ts';
import type { TableFunctionItem } from '../../sql/ast-query.ts';
import type { BoundExpression } from '../expression.ts';
import { OID } from './coerce.ts';
import { withRecordColumns } from './record-columns.ts';
import { typeRefOf } from './type-name.ts';

/** A bound call in FROM, as a set of rows where it is a user's function. Throws 42601. */
export function asColumns(bound: BoundExpression, item: TableFunctionItem, catalog: Catalog): BoundExpression {
  return defined(withRecordColumns(asSet(bound), item, catalog), item, catalog);
}

/** A user's function that gives one row of several columns: in FROM they are columns. */
function asSet(bound: BoundExpression): BoundExpression {
  if (
    bound.kind !== 'call' ||
    bound.fn.routine === undefined ||
    (!bound.fn.routine.row && bound.type.oid !== OID.record)
  )
    return bound;
  const { routine, ...fn } = bound.fn;
  const columns = routine.columns.map(({ name, type }) => ({ name, oid: type.oid }));
  return {
    kind: 'setCall',
    fn: { ...fn, kind: 'set', routine, columns, rows: () => [], typed: undefined },
    args: bound.args,
    type: bound.type,
    position: bound.position,
  };
}

/** A user's function that gives any record takes its columns from the call. */
function defined(
  bound: BoundExpression,
  { columns: written, call }: TableFunctionItem,
  catalog: Catalog,
): BoundExpression {
  if (bound.kind !== 'setCall' || bound.fn.routine === undefined) return bound;
  const { routine } = bound.fn;
  const { position } = call;
  const anyRecord = !routine.row && routine.returns.oid === OID.record;
  if (written === undefined) {
    if (!anyRecord) return bound;
    throw new DriftError('42601', 'a column definition list is required for functions returning "record"', {
      position,
    });
  }
  if (!anyRecord) {
    const out = routine.row && routine.returns.oid === OID.record;
    const why = out
      ? 'a column definition list is redundant for a function with OUT parameters'
      : 'a column definition list is only allowed for functions returning "record"';
    throw new DriftError('42601', why, { position });
  }
  const columns = written.map(({ name, type }) => ({ name, type: typeRefOf(type, catalog) }));
  return {
    ...bound,
    fn: {
      ...bound.fn,
      columns: columns.map(({ name, type }) => ({ name, oid: type.oid })),
      routine: { ...routine, columns, row: true },
    },
  };
}
