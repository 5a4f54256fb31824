/** Functions in FROM whose columns the call says: json_to_record and json_populate_record with their sets. */
import { DriftError } from '../../base/error.ts';
import type { Catalog } from '../../catalog/schema.ts';
import type { TableFunctionItem } from '../../sql/ast-query.ts';
import {
  compositeColumns,
  isRecordFunction,
  type RecordColumn,
  recordFunction,
} from '../../sql/functions/json-record.ts';
import type { BoundExpression } from '../expression.ts';
import { OID } from './coerce.ts';
import { typeRefOf } from './type-name.ts';

/** The call with its columns; what gives no record of that kind stays as it is. Throws 42601. */
export function withRecordColumns(
  bound: BoundExpression,
  { columns: written, call }: TableFunctionItem,
  catalog: Catalog,
): BoundExpression {
  const { position } = call;
  const fail = (message: string): never => {
    throw new DriftError('42601', message, { position });
  };
  if ((bound.kind !== 'call' && bound.kind !== 'setCall') || !isRecordFunction(bound.fn.name)) {
    const routine = (bound.kind === 'call' || bound.kind === 'setCall') && bound.fn.routine !== undefined;
    if (written !== undefined && !routine)
      fail('a column definition list is only allowed for functions returning "record"');
    return bound;
  }
  const composite = compositeColumns(bound.type.oid);
  if (written !== undefined && composite !== undefined)
    fail('a column definition list is redundant for a function returning a named composite type');
  const defined = written?.map(({ name, type }): RecordColumn => ({ name, type: typeRefOf(type, catalog) }));
  const columns = composite ?? defined ?? fail('a column definition list is required for functions returning "record"');
  const [only] = columns;
  return {
    kind: 'setCall',
    fn: recordFunction(bound.fn, columns),
    args: bound.args,
    type: columns.length === 1 && only !== undefined ? only.type : { oid: OID.record, typmod: -1 },
    position,
  };
}
