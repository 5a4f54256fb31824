/**
 * Valid time: a table whose rows hold for a period, which is changed by portions. What a portion leaves of a row stays as
 * rows of its own, so that one statement deletes, changes and inserts.
 */
import type { Change } from './step.ts';
import type { Dice } from './workload-dice.ts';
import { type Column, type Row, type Table, tableIn, withRows, withTable, type World } from './world.ts';

const NAME = 'p';
const END = 100;
const [ID, V, N, LO, HI] = [0, 1, 2, 3, 4] as const;

export function portion(dice: Dice, world: World): Change {
  const table = world.tables.get(NAME);
  if (table === undefined) return create(dice, world);
  const id = String(dice.below(3));
  const [low, high] = bounds(dice);
  const touched = [...table.rows.values()].filter((row) => row[ID] === id && overlaps(row, low, high));
  if (touched.length === 0) return insert(dice, world, id, low, high);
  const isDelete = dice.below(3) === 0;
  const text = dice.text();
  const range = `${NAME} FOR PORTION OF valid_at FROM ${low} TO ${high}`;
  return {
    sql: isDelete ? `DELETE FROM ${range} WHERE id = ${id}` : `UPDATE ${range} SET v = '${text}' WHERE id = ${id}`,
    world: withRows(world, NAME, (rows) => {
      for (const row of touched) {
        rows.delete(keyOf(row));
        const [from, to] = [Number(row[LO]), Number(row[HI])];
        if (from < low) put(rows, withPeriod(row, from, low));
        if (to > high) put(rows, withPeriod(row, high, to));
        if (!isDelete) put(rows, withPeriod([row[ID], text, row[N]] as Row, Math.max(from, low), Math.min(to, high)));
      }
    }),
  };
}

function create(dice: Dice, world: World): Change {
  const id = dice.number();
  const columns = ['id', 'v', 'n', 'lo', 'hi'].map((name): Column => ({
    id: dice.number(),
    name,
    missing: null,
    preset: null,
  }));
  const table: Table = {
    id,
    columns,
    hasKey: false,
    isPeriod: true,
    retention: 'forever',
    rows: new Map(),
    indexes: [],
  };
  const sql = `CREATE TABLE ${NAME} (id int, v text, n numeric, lo int, hi int, PERIOD FOR valid_at (lo, hi), PRIMARY KEY (id, valid_at WITHOUT OVERLAPS))`;
  return { sql, world: withTable(world, NAME, table) };
}

function insert(dice: Dice, world: World, id: string, low: number, high: number): Change {
  const row: Row = [id, dice.text(), `${dice.below(1000)}.5`, String(low), String(high)];
  const values = row.map((value) => `'${value as string}'`).join(', ');
  tableIn(world, NAME);
  return {
    sql: `INSERT INTO ${NAME} VALUES (${values})`,
    world: withRows(world, NAME, (rows) => put(rows, row)),
  };
}

function bounds(dice: Dice): readonly [number, number] {
  const low = dice.below(END);
  return [low, low + 1 + dice.below(END - low)];
}

function overlaps(row: Row, low: number, high: number): boolean {
  return Number(row[LO]) < high && Number(row[HI]) > low;
}

function withPeriod(row: Row, low: number, high: number): Row {
  return [row[ID] as string, row[V] as string | null, row[N] as string | null, String(low), String(high)];
}

function put(rows: Map<number, Row>, row: Row): void {
  rows.set(keyOf(row), row);
}

function keyOf(row: Row): number {
  return Number(row[ID]) * 1000 + Number(row[LO]);
}
