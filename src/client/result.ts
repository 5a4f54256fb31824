/** Results: columns as the engine gave them, rows made from them at the first look. */
import type { Value, Vector } from '../base/vector.ts';
import type { ResultSet } from '../database/api.ts';
import { cellReader, type Parsers } from './parsers.ts';

export interface Field {
  readonly name: string;
  /** PostgreSQL's OID of the type. */
  readonly dataTypeID: number;
}

export interface Results<Row = Record<string, unknown>> {
  readonly rows: Row[];
  readonly fields: readonly Field[];
  /** Rows inserted, updated or deleted; 0 where the command changes none. */
  readonly affectedRows: number;
  readonly command: string;
  /** The columns themselves: typed arrays where the type has one. */
  readonly columns: readonly Vector[];
}

export interface RowOptions {
  /** `object` (default) or `array`. */
  readonly rowMode?: 'object' | 'array' | undefined;
  readonly parsers?: Parsers | undefined;
}

export class LazyResults<Row> implements Results<Row> {
  readonly fields: readonly Field[];
  readonly affectedRows: number;
  readonly command: string;
  readonly columns: readonly Vector[];
  readonly #count: number;
  readonly #options: RowOptions;
  readonly #print: (value: Value, oid: number) => string;
  #rows: Row[] | null = null;

  constructor(result: ResultSet, options: RowOptions, print: (value: Value, oid: number) => string) {
    this.fields = result.fields.map(({ name, dataTypeID }) => ({ name, dataTypeID }));
    this.affectedRows = result.affectedRows ?? 0;
    this.command = result.command;
    this.columns = result.columns;
    this.#count = result.rowCount;
    this.#options = options;
    this.#print = print;
  }

  get rows(): Row[] {
    this.#rows ??= this.#make();
    return this.#rows;
  }

  #make(): Row[] {
    const cells = this.columns.map((vector, c) => cellReader(vector, this.fields[c]?.dataTypeID ?? 0, this.#options.parsers, this.#print));
    const rows: unknown[] = [];
    if (this.#options.rowMode === 'array') {
      for (let row = 0; row < this.#count; row++) rows.push(cells.map((read) => read(row)));
      return rows as Row[];
    }
    const names = this.fields.map((field) => field.name);
    for (let row = 0; row < this.#count; row++) {
      const object: Record<string, unknown> = {};
      for (let c = 0; c < names.length; c++) object[names[c] as string] = (cells[c] as (row: number) => unknown)(row);
      rows.push(object);
    }
    return rows as Row[];
  }
}
