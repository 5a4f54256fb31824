/** Random changes: INSERT, UPDATE, DELETE with conflicts, joins and RETURNING, and small definitions between them. */
import type { Choices } from './choices.ts';
import { condition, expression } from './expression.ts';
import { newColumn, orderedColumn, row, type Table, value, writable } from './schema.ts';
import type { Scope, ScopeColumn } from './scope.ts';
import { INT4 } from './types.ts';

function scopeOf(columns: readonly ScopeColumn[]): Scope {
  return { columns, tables: [], subquery: undefined, risky: false };
}

function columnsOf(table: Table, alias: string): ScopeColumn[] {
  return table.columns.map(({ name, type }) => ({ text: `${alias}.${name}`, type }));
}

export interface Change {
  readonly sql: string;
  readonly table: Table;
}

export function change(c: Choices, tables: readonly Table[], newId: () => number): Change {
  const table = c.pick(tables);
  const kind = c.weighted([
    [4, insert],
    [4, update],
    [3, remove],
  ] as const);
  return { sql: kind(c, table, tables, newId), table };
}

function returning(c: Choices, table: Table, alias: string): string {
  if (!c.chance(0.4)) return '';
  return c.chance(0.5)
    ? ' RETURNING *'
    : ` RETURNING ${alias}.id, ${expression(c, scopeOf(columnsOf(table, alias)), INT4, 1)} AS e`;
}

function insert(c: Choices, table: Table, tables: readonly Table[], newId: () => number): string {
  const columns = writable(table);
  const names = columns.map(({ name }) => name).join(', ');
  const head = `INSERT INTO ${table.name} AS t (${names})`;
  const source = (): string => {
    if (c.chance(0.25)) {
      const other = c.pick(tables);
      const scope = scopeOf(columnsOf(other, 's'));
      const values = columns.map(({ name, type }) =>
        name === 'id' ? `s.id + ${newId()}` : expression(c, scope, type, 1),
      );
      return `SELECT ${values.join(', ')} FROM ${other.name} AS s WHERE ${condition(c, scope, 1)} AND s.id < 5`;
    }
    // Some meet a row that is there.
    const rows = c.times(c.between(1, 4), () => row(c, table, c.chance(0.2) ? c.int(20) : newId()));
    return `VALUES ${rows.join(', ')}`;
  };
  const conflict = (): string => {
    const column = c.pick(columns.filter(({ name }) => name !== 'id'));
    const set = c.pick([
      `${column.name} = excluded.${column.name}`,
      `${column.name} = ${value(c, column.type)}`,
      `a = coalesce(t.a, 0) % 1000 + 1`,
    ]);
    return ` ON CONFLICT${c.pick([' (id) DO NOTHING', ' DO NOTHING', ` (id) DO UPDATE SET ${set}`, ` (id) DO UPDATE SET ${set} WHERE t.a IS DISTINCT FROM excluded.a`])}`;
  };
  return `${head} ${source()}${c.chance(0.35) ? conflict() : ''}${returning(c, table, 't')}`;
}

function update(c: Choices, table: Table, tables: readonly Table[]): string {
  const scope = scopeOf(columnsOf(table, 't'));
  const columns = c.some(
    writable(table).filter(({ name }) => name !== 'id'),
    0.4,
    1,
  );
  const joined = c.chance(0.2) ? c.pick(tables) : undefined;
  // By key, so that each row meets one row of the other table.
  const both = joined === undefined ? scope : scopeOf([...scope.columns, ...columnsOf(joined, 's')]);
  const set = columns.map(
    ({ name, type }) => `${name} = ${c.chance(0.2) ? value(c, type) : expression(c, both, type, 1)}`,
  );
  const where = [...(joined === undefined ? [] : ['s.id = t.id']), ...(c.chance(0.85) ? [condition(c, both, 2)] : [])];
  const from = joined === undefined ? '' : ` FROM ${joined.name} AS s`;
  const tail = where.length === 0 ? '' : ` WHERE ${where.join(' AND ')}`;
  return `UPDATE ${table.name} AS t SET ${set.join(', ')}${from}${tail}${returning(c, table, 't')}`;
}

function remove(c: Choices, table: Table, tables: readonly Table[]): string {
  const joined = c.chance(0.2) ? c.pick(tables) : undefined;
  const own = columnsOf(table, 't');
  const scope = scopeOf(joined === undefined ? own : [...own, ...columnsOf(joined, 's')]);
  // A few rows at a time: an empty table answers every question.
  const few = `t.id % 5 = ${c.int(5)}`;
  const using = joined === undefined ? '' : ` USING ${joined.name} AS s`;
  const key = joined === undefined ? '' : ' AND s.id = t.id';
  return `DELETE FROM ${table.name} AS t${using} WHERE ${condition(c, scope, 2)} AND ${few}${key}${returning(c, table, 't')}`;
}

/** A definition; applied to the model of the tables by `apply`, to be called where it succeeded. */
export function definition(c: Choices, tables: readonly Table[]): { readonly sql: string; readonly apply: () => void } {
  const table = c.pick(tables);
  const nothing = (): void => undefined;
  const spare = table.columns.filter(({ name }) => /^(c|n)\d/.test(name));
  switch (c.int(6)) {
    case 0: {
      const column = newColumn(c, table);
      const extra = c.chance(0.5) ? ` DEFAULT ${column.type.literal(c)}` : '';
      return {
        sql: `ALTER TABLE ${table.name} ADD COLUMN ${column.name} ${column.type.name === 'bpchar' ? 'char(3)' : column.type.name}${extra}`,
        apply: () => void (table.columns = [...table.columns, column]),
      };
    }
    case 1: {
      if (spare.length < 2) return { sql: `ALTER TABLE ${table.name} ALTER a DROP DEFAULT`, apply: nothing };
      const column = c.pick(spare);
      return {
        sql: `ALTER TABLE ${table.name} DROP COLUMN ${column.name}`,
        apply: () => void (table.columns = table.columns.filter((other) => other !== column)),
      };
    }
    case 2:
      return { sql: `ALTER TABLE ${table.name} ALTER COLUMN a SET DEFAULT ${c.int(9)}`, apply: nothing };
    case 3:
      return { sql: `ALTER TABLE ${table.name} ALTER COLUMN a ${c.pick(['SET', 'DROP'])} NOT NULL`, apply: nothing };
    case 4:
      return {
        sql: `CREATE UNIQUE INDEX ON ${table.name} (${orderedColumn(c, table).name}, ${orderedColumn(c, table).name})`,
        apply: nothing,
      };
    default:
      return {
        sql: `CREATE INDEX ON ${table.name} (${orderedColumn(c, table).name}${c.pick(['', ' DESC', ', id'])})`,
        apply: nothing,
      };
  }
}
