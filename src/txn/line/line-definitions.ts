/** Definitions of the tables that hold what a line has of an inherited table, and their rows for the table of lines. */
import type { LineTableDef } from '../../catalog/lines.ts';
import type { TableDef } from '../../catalog/schema.ts';
import { definitionText } from '../../catalog/user-types.ts';
import type { RowChanges, VersionedTable } from '../../table/table.ts';
import { TableWrites } from '../table-writes.ts';

interface PartIds {
  readonly own: number;
  readonly hidden: number;
}

/** Rows for the table of lines. */
export class LineRows {
  readonly #writes: TableWrites;
  readonly #defines: Set<number>;
  /** What an earlier part of the same commit has written already. */
  readonly #before: ReadonlySet<number>;

  constructor(table: VersionedTable, defines: Set<number>, before: ReadonlySet<number>) {
    this.#writes = new TableWrites(table.columns);
    this.#defines = defines;
    this.#before = before;
  }

  put(def: LineTableDef, existed: boolean): void {
    if (this.#before.has(def.id) || this.#defines.has(def.id)) return;
    this.#defines.add(def.id);
    this.#writes.put(def.id, [def.id, definitionText(def)], existed, null);
  }

  remove(id: number): void {
    this.#writes.delete(id, true);
  }

  changes(): RowChanges | null {
    return this.#writes.count === 0 ? null : this.#writes.changes();
  }
}

export function ownDef(def: TableDef, part: PartIds, line: number): LineTableDef {
  return { ...def, line, of: def.id, role: 'own', id: part.own };
}

export function hiddenDef(def: TableDef, part: PartIds, line: number): LineTableDef {
  const columns = def.key.map((key, id) => {
    const found = def.columns.find((column) => column.id === key);
    return { id, name: `key_${id}`, type: found?.type ?? { oid: 20, typmod: -1 }, notNull: true };
  });
  return {
    kind: 'table',
    line,
    of: def.id,
    role: 'hidden',
    schema: def.schema,
    name: def.name,
    id: part.hidden,
    columns,
    nextColumnId: columns.length,
    key: columns.map(({ id }) => id),
    indexes: [],
    checks: [],
    foreignKeys: [],
    dropped: [],
  };
}
