/**
 * Random tables with keys, checks, references, indexes and rows.
 *
 * Invariant: every table has `id`, unique and not null, first; so rows of a join of tables have a total order.
 */
import type { Choices } from './choices.ts';
import { anyType, BOOL, type FuzzType, INT4, NUMERIC, orderedType, TEXT } from './types.ts';

export interface Column {
  readonly name: string;
  readonly type: FuzzType;
  readonly generated: boolean;
}

export interface Table {
  readonly name: string;
  columns: readonly Column[];
}

/** Definitions of `count` tables, and the statements that make and fill them. */
export function makeSchema(c: Choices, count: number): { readonly tables: Table[]; readonly script: string[] } {
  const tables: Table[] = [];
  const script: string[] = [];
  for (let i = 0; i < count; i++) {
    const made = makeTable(c, `t${i}`, tables);
    script.push(made.create, ...made.indexes);
    tables.push(made.table);
  }
  for (const table of tables) {
    const rows = c.times(c.between(0, 5) === 0 ? c.int(3) : c.between(8, 40), (id) => row(c, table, id));
    if (rows.length > 0)
      script.push(
        `INSERT INTO ${table.name} (${writable(table)
          .map((k) => k.name)
          .join(', ')}) VALUES ${rows.join(', ')}`,
      );
  }
  return { tables, script };
}

export function writable(table: Table): readonly Column[] {
  return table.columns.filter((column) => !column.generated);
}

/** One row of literals in parentheses, for the writable columns. */
export function row(c: Choices, table: Table, id: number): string {
  const values = writable(table).map((column) => (column.name === 'id' ? String(id) : value(c, column.type)));
  return `(${values.join(', ')})`;
}

export function value(c: Choices, type: FuzzType): string {
  return c.chance(0.12) ? 'NULL' : type.literal(c);
}

function makeTable(c: Choices, name: string, others: readonly Table[]) {
  const columns: Column[] = [
    { name: 'id', type: INT4, generated: false },
    { name: 'a', type: INT4, generated: false },
    { name: 'b', type: c.pick([TEXT, BOOL, NUMERIC]), generated: false },
    ...c.times(c.between(1, 5), (i) => ({ name: `c${i}`, type: anyType(c), generated: false })),
  ];
  const items = columns.map((column) => {
    const extra =
      column.name === 'id'
        ? c.pick([' PRIMARY KEY', ' NOT NULL UNIQUE'])
        : c.chance(0.1)
          ? ` DEFAULT ${column.type.literal(c)}`
          : '';
    return `${column.name} ${columnType(c, column.type)}${extra}`;
  });
  if (c.chance(0.2)) {
    columns.push({ name: 'gen', type: INT4, generated: true });
    items.push(
      `gen int4 GENERATED ALWAYS AS (${c.pick(['a % 7', 'id % 5 + coalesce(a, 0) % 3', 'CASE WHEN a > 3 THEN id END'])}) STORED`,
    );
  }
  if (c.chance(0.15)) items.push(`CHECK (a ${c.pick(['> -2000', '<> 100', 'IS NULL OR a < 5000'])})`);
  const parent = c.pick(others.length > 0 ? others : [undefined]);
  // Rows of the first fill may not be there yet in the parent: only small ids are referenced, and by a column of its own.
  if (parent !== undefined && c.chance(0.3)) {
    columns.push({ name: 'ref', type: INT4, generated: false });
    items.push(`ref int4${c.chance(0.5) ? '' : ' DEFAULT NULL'}`);
  }
  const indexes = c
    .some(
      columns.filter((column) => column.type.ordered),
      0.3,
    )
    .map((column, i) => {
      const second = c.chance(0.3) ? ', id' : '';
      const where = c.chance(0.15) ? ' WHERE a > 0' : '';
      return `CREATE INDEX ${name}_i${i} ON ${name} (${column.name}${c.pick(['', ' DESC', ' NULLS FIRST'])}${second})${where}`;
    });
  return { table: { name, columns }, create: `CREATE TABLE ${name} (${items.join(', ')})`, indexes };
}

function columnType(c: Choices, type: FuzzType): string {
  if (type.name === 'numeric') return c.pick(['numeric', 'numeric(12,3)', 'numeric']);
  if (type.name === 'varchar') return c.pick(['varchar', 'varchar(20)']);
  return type.name === 'bpchar' ? 'char(3)' : type.name;
}

/** A column of an index or unique constraint that may be made later. */
export function orderedColumn(c: Choices, table: Table): Column {
  const ordered = table.columns.filter((column) => column.type.ordered);
  return c.pick(ordered);
}

export function newColumn(c: Choices, table: Table): Column {
  const used = new Set(table.columns.map((column) => column.name));
  const name = Array.from({ length: 40 }, (_, i) => `n${i}`).find((candidate) => !used.has(candidate)) ?? 'n';
  return { name, type: c.chance(0.5) ? orderedType(c) : anyType(c), generated: false };
}
