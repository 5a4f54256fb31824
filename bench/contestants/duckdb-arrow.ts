/** Arrow's tables as rows and columns, and tables of the bench as Arrow's streams. */
import { makeVector, Table as ArrowTable, tableToIPC, Utf8, vectorFromArray } from 'apache-arrow';
import type { Table } from 'bench:duckdb-blocking';
import type { Row, TableData } from '../harness/engine.ts';

export const CONFIG = { castBigIntToDouble: true, castDecimalToDouble: true, castTimestampToDate: true };

export function opfsPath(database: string): string {
  return `opfs://${database}.db`;
}

/** Arrow's number of the type of dates, which come as milliseconds. */
const DATE = 8;

export function objectsOf(table: Table): Row[] {
  const rows = table.toArray().map((row) => row.toJSON());
  for (const { name, type } of table.schema.fields)
    if (type.typeId === DATE) for (const row of rows) row[name] = new Date(row[name] as number);
  return rows;
}

export function valuesOf(table: Table): unknown[][] {
  return table.toArray().map((row) => Object.values(row.toJSON()));
}

/** Arrow's own columns: typed arrays for numbers, a vector that decodes a text when it is asked for. */
export function columnsOf(table: Table): ArrayLike<unknown>[] {
  return table.schema.fields.map((_, i) => table.getChildAt(i)?.toArray() ?? []);
}

export function streamOf(table: TableData): Uint8Array {
  const columns = table.columns.map(({ name, values }) => [
    name,
    values instanceof Int32Array || values instanceof Float64Array
      ? makeVector(values)
      : vectorFromArray(values, new Utf8()),
  ]);
  return tableToIPC(new ArrowTable(Object.fromEntries(columns)), 'stream');
}
