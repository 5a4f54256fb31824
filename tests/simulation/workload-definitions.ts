/** Definitions: tables, columns, indexes, constraints and tags come, change and go. */
import type { Change } from './step.ts';
import { type Dice, replaced } from './workload-dice.ts';
import { type Column, type Row, type Table, withTable, type World } from './world.ts';

export const NAMES: readonly string[] = ['a', 'b', 'c'];
/** Columns from here on are added ones. */
const FIRST_ADDED = 3;

export function createTable(dice: Dice, world: World, name: string, hasKey: boolean): Change {
  const id = dice.number();
  const columns = ['id', 'v', 'n'].map((column): Column => ({
    id: dice.number(),
    name: column,
    missing: null,
    preset: null,
  }));
  const table: Table = {
    id,
    columns,
    hasKey,
    isPeriod: false,
    retention: 'forever',
    rows: new Map(),
    indexes: [],
  };
  const sql = `CREATE TABLE ${name} (id int${hasKey ? ' PRIMARY KEY' : ''}, v text, n numeric)`;
  return { sql, world: withTable(world, name, table) };
}

/** A definition that is possible now; null where the dice have met none. */
export function definition(dice: Dice, world: World): Change | null {
  const plain = [...world.tables].filter(([, { isPeriod }]) => !isPeriod);
  const [name, table] = dice.pick(plain);
  const free = NAMES.filter((other) => !world.tables.has(other));
  const put = (sql: string, changed: Table): Change => ({ sql, world: withTable(world, name, changed) });
  const alter = `ALTER TABLE ${name}`;
  switch (dice.below(13)) {
    case 0:
      if (plain.length > 1) return { sql: `DROP TABLE ${name}`, world: withTable(world, name, null) };
      break;
    case 1: {
      const to = free[0];
      if (to === undefined) break;
      return { sql: `${alter} RENAME TO ${to}`, world: withTable(withTable(world, name, null), to, table) };
    }
    case 2:
    case 3:
      if (table.columns.length > 6) break;
      return addColumn(dice, alter, table, put);
    case 4:
      return dropColumn(dice, alter, table, put);
    case 5: {
      const index = table.indexes[0];
      if (index === undefined) break;
      return put(`DROP INDEX ${index}`, { ...table, indexes: table.indexes.slice(1) });
    }
    case 6:
    case 7: {
      const index = `i${dice.number()}`;
      const columns = dice.pick(['v', 'n, v', 'v DESC', 'v) WHERE (id > 3']);
      // A partial index is not one that every look-up by v can use, which is what makes it worth having here.
      return put(`CREATE INDEX ${index} ON ${name} (${columns})`, { ...table, indexes: [...table.indexes, index] });
    }
    case 8:
    case 9:
      return changeColumn(dice, alter, table, put);
    case 10:
      // Nothing of the model's world differs by it, and yet it is a commit.
      return put(`${alter} ADD CONSTRAINT k${dice.number()} CHECK (id >= 0)`, { ...table });
    case 11:
      if (table.hasKey) break;
      // The rows are written anew, into a table of its own: its history is that of a table that was dropped.
      return put(`${alter} ADD PRIMARY KEY (id)`, { ...table, id: dice.number(), hasKey: true });
  }
  const fresh = free[0];
  return fresh === undefined ? null : createTable(dice, world, fresh, dice.below(3) > 0);
}

type Put = (sql: string, changed: Table) => Change;

function addColumn(dice: Dice, alter: string, table: Table, put: Put): Change {
  const id = dice.number();
  const preset = dice.pick(['new', 'preset', null]);
  const column: Column = { id, name: `w${id}`, missing: preset, preset };
  const rows = mapped(table, (row) => [...row, preset]);
  const sql = `${alter} ADD COLUMN ${column.name} text${preset === null ? '' : ` DEFAULT '${preset}'`}`;
  return put(sql, { ...table, columns: [...table.columns, column], rows });
}

function dropColumn(dice: Dice, alter: string, table: Table, put: Put): Change | null {
  const at = added(dice, table);
  if (at < 0) return null;
  const rows = mapped(table, (row) => row.filter((_, i) => i !== at));
  const columns = table.columns.filter((_, i) => i !== at);
  return put(`${alter} DROP COLUMN ${(table.columns[at] as Column).name}`, { ...table, columns, rows });
}

function changeColumn(dice: Dice, alter: string, table: Table, put: Put): Change | null {
  const at = added(dice, table);
  if (at < 0) return null;
  const column = table.columns[at] as Column;
  const changed = (other: Column): readonly Column[] => table.columns.map((old, i) => (i === at ? other : old));
  const id = dice.number();
  switch (dice.below(4)) {
    case 0:
      return put(`${alter} RENAME COLUMN ${column.name} TO r${id}`, {
        ...table,
        columns: changed({ ...column, name: `r${id}` }),
      });
    case 1:
      return put(`${alter} ALTER COLUMN ${column.name} SET DEFAULT 'later${id}'`, {
        ...table,
        columns: changed({ ...column, preset: `later${id}` }),
      });
    case 2:
      // Without a default that is no change, and no commit.
      if (column.preset === null) return null;
      return put(`${alter} ALTER COLUMN ${column.name} DROP DEFAULT`, {
        ...table,
        columns: changed({ ...column, preset: null }),
      });
    default:
      // Another type: the rows are written anew into a column of that type.
      return put(`${alter} ALTER COLUMN ${column.name} TYPE varchar(${1000 + id}) USING ${column.name} || '!'`, {
        ...table,
        columns: changed({ ...column, id, missing: null }),
        rows: mapped(table, (row) => replaced(row, at, row[at] === null ? null : `${row[at] as string}!`)),
      });
  }
}

/** One of the columns that were added; -1 where there is none. */
function added(dice: Dice, { columns }: Table): number {
  return columns.length === FIRST_ADDED ? -1 : FIRST_ADDED + dice.below(columns.length - FIRST_ADDED);
}

function mapped({ rows }: Table, change: (row: Row) => Row): ReadonlyMap<number, Row> {
  return new Map([...rows].map(([key, row]) => [key, change(row)]));
}
