/**
 * Rows of literals, the usual bulk INSERT, made into columns while they are bound: no expression a cell, nothing to fold,
 * compile or evaluate. Cells that are more than a literal of a type near the column's send the whole VALUES the long way.
 */
import { PAUSE, runSync, type Task } from '../../base/task.ts';
import type { Vector } from '../../base/vector.ts';
import { VectorBuilder } from '../../base/vector-builder.ts';
import type { ColumnDef, TypeRef } from '../../catalog/schema.ts';
import { isUserType } from '../../catalog/user-types.ts';
import type { Expression } from '../../sql/ast.ts';
import { typeByOid } from '../../sql/types/registry.ts';
import { OID, readLiteral } from './coerce.ts';
import { type BindContext, type BindState, LongWork } from './context.ts';

/** Below so many rows the plan is worth keeping, which it would not be with the values in it. */
const MIN_ROWS = 16;
/** Rows from which on others run in between, and rows converted between two pauses. */
const MANY_ROWS = 4096;
const ROWS_AT_ONCE = 1024;
const INT2_MAX = 32767;

/** What was converted with pauses, for the binding that begins again. */
const converted = new WeakMap<BindContext, Map<Rows, Vector[] | null>>();

type Rows = readonly (readonly Expression[])[];

/**
 * Converts rows of literals to vectors, one for each column; null where it can't. Throws what a bad literal throws, and
 * LongWork where there are very many.
 */
export function constantColumns(rows: Rows, columns: readonly ColumnDef[], state: BindState): Vector[] | null {
  if (rows.length < MIN_ROWS) return null;
  const known = converted.get(state.context)?.get(rows);
  if (known !== undefined) return known;
  // A null may not be in a domain: casts see to that.
  if (rows.some((row) => row.length !== columns.length) || columns.some(({ type }) => isUserType(type.oid)))
    return null;
  const task = conversion(rows, columns, state);
  if (rows.length > MANY_ROWS) throw new LongWork(kept(rows, state, task));
  return runSync(task);
}

function* kept(rows: Rows, { context }: BindState, task: Task<Vector[] | null>): Task<void> {
  let all = converted.get(context);
  if (all === undefined) converted.set(context, (all = new Map()));
  all.set(rows, yield* task);
}

function* conversion(rows: Rows, columns: readonly ColumnDef[], state: BindState): Task<Vector[] | null> {
  const vectors: Vector[] = [];
  for (const [c, { type }] of columns.entries()) {
    const builder = new VectorBuilder(typeByOid(type.oid).format(type.typmod), rows.length);
    for (let from = 0; from < rows.length; from += ROWS_AT_ONCE) {
      const to = Math.min(from + ROWS_AT_ONCE, rows.length);
      if (!appendCells(builder, c, { rows, from, to, type }, state)) return null;
      yield PAUSE;
    }
    vectors.push(builder.view());
  }
  return vectors;
}

interface Cells {
  readonly rows: Rows;
  readonly from: number;
  readonly to: number;
  readonly type: TypeRef;
}

function appendCells(
  builder: VectorBuilder,
  column: number,
  { rows, from, to, type }: Cells,
  state: BindState,
): boolean {
  for (let r = from; r < to; r++)
    if (!append(builder, (rows[r] as readonly Expression[])[column] as Expression, type, state)) return false;
  return true;
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
