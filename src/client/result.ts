/** Results: columns as they came, rows made from them at the first look. */
import type { Vector } from '../base/vector.ts';
import type { Notice, ResultSet } from '../database/api.ts';
import { columnValues, type Parsers } from './parsers.ts';

export interface Field {
  readonly name: string;
  /** PostgreSQL's OID of the type. */
  readonly dataTypeID: number;
}

export interface Results<Row = Record<string, unknown>> {
  /** A real array, made when it is first asked for. */
  readonly rows: Row[];
  readonly fields: readonly Field[];
  /** Rows inserted, updated or deleted; 0 where the command changes none. */
  readonly affectedRows: number;
  /** SELECT, INSERT, CREATE TABLE … */
  readonly command: string;
  /** Number of rows, without making them. */
  readonly rowCount: number;
  /** What PostgreSQL would tell besides: "relation … already exists, skipping" and the like. */
  readonly notices: readonly Notice[];
  /** The columns themselves, typed arrays where the type has one; a copy, made when it is first asked for. */
  readonly columns: readonly Vector[];
}

export interface RowOptions {
  /** `object` (default) or `array`. */
  readonly rowMode?: 'object' | 'array' | undefined;
  readonly parsers?: Parsers | undefined;
  readonly text?: boolean | undefined;
}

export class LazyResults<Row> implements Results<Row> {
  readonly fields: readonly Field[];
  readonly affectedRows: number;
  readonly command: string;
  readonly rowCount: number;
  readonly notices: readonly Notice[];
  /** In process these are the database's own memory: nobody else may get hold of them. */
  readonly #columns: readonly Vector[];
  readonly #options: RowOptions;
  #rows: Row[] | null = null;
  #copies: readonly Vector[] | null = null;

  constructor(result: ResultSet, options: RowOptions) {
    this.fields = result.fields.map(({ name, dataTypeID }) => ({ name, dataTypeID }));
    this.affectedRows = result.affectedRows ?? 0;
    this.command = result.command;
    this.rowCount = result.rowCount;
    this.notices = result.notices ?? [];
    this.#columns = result.columns;
    this.#options = options;
  }

  get rows(): Row[] {
    this.#rows ??= this.#make() as Row[];
    return this.#rows;
  }

  get columns(): readonly Vector[] {
    this.#copies ??= this.#columns.map((vector) => copied(vector, this.rowCount));
    return this.#copies;
  }

  /** What JSON.stringify and structured logging see. */
  toJSON(): object {
    const { rows, fields, affectedRows, command } = this;
    return { rows, fields, affectedRows, command };
  }

  #make(): unknown[] {
    const { rowCount, fields } = this;
    const { parsers, text, rowMode } = this.#options;
    const values = this.#columns.map((vector, c) =>
      columnValues(vector, rowCount, text === true ? 0 : (fields[c]?.dataTypeID ?? 0), parsers),
    );
    return rowMode === 'array' ? arrays(values, rowCount) : objects(values, fields, rowCount);
  }
}

function copied(vector: Vector, count: number): Vector {
  const nulls = vector.nulls === null ? null : vector.nulls.slice(0, count);
  const data = vector.data.slice(0, count);
  // A slice is of the kind of its whole, which the compiler cannot see through the union.
  return { ...vector, data, nulls, length: count } as Vector;
}

function arrays(columns: readonly unknown[][], count: number): unknown[][] {
  const rows = new Array<unknown[]>(count);
  const width = columns.length;
  for (let row = 0; row < count; row++) {
    const cells = new Array<unknown>(width);
    for (let c = 0; c < width; c++) cells[c] = (columns[c] as unknown[])[row];
    rows[row] = cells;
  }
  return rows;
}

/**
 * Every object begins as a copy of one template with all names in place, so that all share one shape and no property
 * is ever added. Of two columns with one name the later wins, as in other drivers.
 */
function objects(columns: readonly unknown[][], fields: readonly Field[], count: number): Record<string, unknown>[] {
  const template = templateOf(fields);
  const rows = new Array<Record<string, unknown>>(count);
  for (let row = 0; row < count; row++) rows[row] = { ...template };
  for (let c = 0; c < fields.length; c++) fill(rows, (fields[c] as Field).name, columns[c] as unknown[]);
  return rows;
}

/** An object with all names in place, to be copied. */
export function templateOf(fields: readonly Field[]): Record<string, unknown> {
  return Object.fromEntries(fields.map(({ name }) => [name, null]));
}

function fill(rows: readonly Record<string, unknown>[], name: string, values: readonly unknown[]): void {
  if (name === '__proto__') {
    for (let row = 0; row < rows.length; row++) define(rows[row] as Record<string, unknown>, values[row]);
    return;
  }
  for (let row = 0; row < rows.length; row++) (rows[row] as Record<string, unknown>)[name] = values[row];
}

/** Sets a property of the name that, assigned, would be the prototype. */
export function define(row: Record<string, unknown>, value: unknown): void {
  Object.defineProperty(row, '__proto__', { value, enumerable: true, configurable: true, writable: true });
}
