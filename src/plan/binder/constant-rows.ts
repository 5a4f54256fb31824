/**
 * Rows of literals, the usual bulk INSERT, made into columns while they are bound: no expression a cell, nothing to fold,
 * compile or evaluate. Cells that are more than a literal of a type near the column's send the whole VALUES the long way.
 */
import type { Vector } from '../../base/vector.ts';
import { VectorBuilder } from '../../base/vector-builder.ts';
import type { ColumnDef, TypeRef } from '../../catalog/schema.ts';
import { isUserType } from '../../catalog/user-types.ts';
import type { Expression } from '../../sql/ast.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { OID, readLiteral } from './coerce.ts';
import type { BindState } from './context.ts';

/** Below so many rows the plan is worth keeping, which it would not be with the values in it. */
const MIN_ROWS = 16;
const INT2_MAX = 32767;

/** Converts rows of literals to vectors, one for each column; null where it can't. Throws what a bad literal throws. */
export function constantColumns(
  rows: readonly (readonly Expression[])[],
  columns: readonly ColumnDef[],
  state: BindState,
): Vector[] | null {
  if (rows.length < MIN_ROWS || rows.some((row) => row.length !== columns.length)) return null;
  // A null may not be in a domain: casts see to that.
  if (columns.some(({ type }) => isUserType(type.oid))) return null;
  const vectors: Vector[] = [];
  for (let c = 0; c < columns.length; c++) {
    const { type } = columns[c] as ColumnDef;
    const builder = new VectorBuilder(typeByOid(type.oid).format(type.typmod), rows.length);
    for (const row of rows) if (!append(builder, row[c] as Expression, type, state)) return null;
    vectors.push(builder.view());
  }
  return vectors;
}

function append(builder: VectorBuilder, cell: Expression, type: TypeRef, state: BindState): boolean {
  switch (cell.kind) {
    case 'null':
      builder.append(null);
      return true;
    case 'string':
      builder.append(readLiteral(cell.value, cell.position, type, state));
      return true;
    case 'boolean':
      if (type.oid !== OID.bool) return false;
      builder.append(cell.value);
      return true;
    case 'integer':
      return appendInteger(builder, cell.value, type, state);
    case 'number':
      return appendNumber(builder, cell.text, type, state);
    default:
      return false;
  }
}

function appendInteger(builder: VectorBuilder, value: number, type: TypeRef, state: BindState): boolean {
  switch (type.oid) {
    case OID.int2:
      if (value > INT2_MAX || value < -INT2_MAX - 1) return false;
      builder.append(value);
      return true;
    case OID.int4:
    case OID.int8:
    case OID.float8:
      builder.append(value);
      return true;
    case OID.numeric:
      builder.append(readLiteral(String(value), undefined, type, state));
      return true;
    default:
      return false;
  }
}

function appendNumber(builder: VectorBuilder, text: string, type: TypeRef, state: BindState): boolean {
  switch (type.oid) {
    case OID.float8: {
      const value = Number(text);
      if (!Number.isFinite(value)) return false;
      builder.append(value);
      return true;
    }
    case OID.numeric:
      builder.append(readLiteral(text, undefined, type, state));
      return true;
    default:
      return false;
  }
}
