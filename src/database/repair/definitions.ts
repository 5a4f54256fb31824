/** Definitions of tables as they are found in a damaged catalog: how rows are decoded, and which columns there were when. */
import { LINES_TABLE, LINES_TABLE_ID } from '../../catalog/lines.ts';
import type { TableDef } from '../../catalog/schema.ts';
import {
  CATALOG_TABLE,
  CATALOG_TABLE_ID,
  parseDefinition,
  TRANSACTIONS_TABLE,
  TRANSACTIONS_TABLE_ID,
} from '../../catalog/system-objects.ts';
import type { EvalContext } from '../../sql/eval-context.ts';
import type { TableSpec } from '../../table/table.ts';
import { specOf } from '../specs.ts';

export class Definitions {
  readonly #context: EvalContext;
  /** The widest definition of each table: columns are only ever added. */
  readonly #widest = new Map<number, TableDef>([
    [CATALOG_TABLE_ID, CATALOG_TABLE],
    [TRANSACTIONS_TABLE_ID, TRANSACTIONS_TABLE],
    [LINES_TABLE_ID, LINES_TABLE],
  ]);
  /** Columns of each table at the commit that is being written. */
  readonly #width = new Map<number, number>([
    [CATALOG_TABLE_ID, CATALOG_TABLE.nextColumnId],
    [TRANSACTIONS_TABLE_ID, TRANSACTIONS_TABLE.nextColumnId],
    [LINES_TABLE_ID, LINES_TABLE.nextColumnId],
  ]);

  constructor(context: EvalContext) {
    this.#context = context;
  }

  /** Takes in definitions, in the order in which they came into force. */
  learn(texts: readonly string[]): void {
    for (const text of texts) {
      const object = parseDefinition(text);
      if (object.kind === 'table' && object.nextColumnId >= (this.#widest.get(object.id)?.nextColumnId ?? 0))
        this.#widest.set(object.id, object);
    }
  }

  /** Notes a definition of the commit that is being written. */
  enact(text: string): void {
    const object = parseDefinition(text);
    if (object.kind === 'table') this.#width.set(object.id, object.nextColumnId);
  }

  specOf(id: number): TableSpec | null {
    const def = this.#widest.get(id);
    return def === undefined ? null : specOf(def, this.#context);
  }

  /** How many columns a table has now; 0 where it is not defined. */
  widthOf(id: number): number {
    return this.#width.get(id) ?? 0;
  }

  nameOf(id: number): string {
    const def = this.#widest.get(id);
    return def === undefined ? `table ${id}` : `${def.schema}.${def.name}`;
  }
}
