/**
 * Work on and with history: MERGE, going back (RESTORE, REVERT, UNDO and REDO, UNDROP), tags, retention, erasing. What
 * each makes of the present follows from the worlds before.
 *
 * Rows of a table without a key are told apart by a number that the model does not know: what compares rows of two moments
 * takes tables with a key only, and none whose history may be gone by then.
 */
import type { Change, Step, Work } from './step.ts';
import { type Dice, literal, padded, replaced } from './workload-dice.ts';
import { goBack } from './workload-back.ts';
import { type Row, type Table, tableById, tableIn, withRows, withTable, type World } from './world.ts';

const KINDS: readonly Work[] = [
  'merge',
  'restore',
  'revert',
  'undo',
  'undrop',
  'tag',
  'retention',
  'delete history',
  'erase',
  'erase',
];

/** Steps with some kind of this work, or the one asked for; MERGE where that is not possible now. */
export function historyWork(dice: Dice, worlds: readonly World[], only: Work | null): readonly Step[] {
  const world = worlds.at(-1) as World;
  switch (only ?? dice.pick(KINDS)) {
    case 'restore':
      return goBack(dice, worlds, 'restore') ?? [merge(dice, world)];
    case 'revert':
      return goBack(dice, worlds, 'revert') ?? [merge(dice, world)];
    case 'undo':
      return undo(dice, worlds) ?? [merge(dice, world)];
    case 'undrop':
      return undrop(dice, worlds) ?? [merge(dice, world)];
    case 'tag':
      return [tag(dice, worlds)];
    case 'retention':
      return [retention(dice, world)];
    case 'delete history': {
      const [name, { id }] = dice.pick([...world.tables]);
      const before = dice.below(worlds.length);
      dice.limited.add(id);
      const sql = `DELETE HISTORY FROM ${name} BEFORE SEQ ${before}`;
      return [{ kind: 'forget', work: 'delete history', sql, table: id, before }];
    }
    case 'erase':
      return [erase(dice, worlds) ?? merge(dice, world)];
    default:
      return [merge(dice, world)];
  }
}

function plain(dice: Dice, world: World): readonly [string, Table] {
  return dice.pick([...world.tables].filter(([, { isPeriod }]) => !isPeriod));
}

function merge(dice: Dice, world: World): Step {
  const [name] = plain(dice, world);
  const table = tableIn(world, name);
  const source = new Map<number, readonly [string, number]>();
  // One key that is new, so that the statement changes something.
  source.set(3000 + dice.number(), [dice.text(), 1]);
  for (let i = 1 + dice.below(5); i > 0; i--) source.set(dice.below(12), [dice.text(), dice.below(3)]);
  const values = [...source].map(([key, [text, n]]) => `(${key}, '${text}', ${n})`);
  return {
    kind: 'commit',
    work: 'merge',
    sql: `MERGE INTO ${name} t USING (VALUES ${values.join(', ')}) s(id, v, n) ON t.id = s.id
      WHEN MATCHED AND s.n = 0 THEN DELETE WHEN MATCHED AND s.n = 1 THEN UPDATE SET v = s.v, n = NULL
      WHEN MATCHED THEN DO NOTHING WHEN NOT MATCHED THEN INSERT (id, v, n) VALUES (s.id, s.v, s.n)`,
    world: withRows(world, name, (rows) => {
      for (const [key, [text, n]] of source) {
        const old = rows.get(key);
        if (old === undefined) rows.set(key, padded([String(key), text, String(n)], table));
        else if (n === 0) rows.delete(key);
        else if (n === 1) rows.set(key, replaced(replaced(old, 1, text), 2, null));
      }
    }),
  };
}

/** A step of somebody's own, taken back, and now and then put back and taken back once more. */
function undo(dice: Dice, worlds: readonly World[]): readonly Step[] | null {
  const world = worlds.at(-1) as World;
  const usable = [...world.tables].filter(
    ([, { id, hasKey, isPeriod }]) => hasKey && !isPeriod && !dice.limited.has(id),
  );
  if (usable.length === 0) return null;
  const author = `u${dice.number()}`;
  const signed = ({ sql, world: after }: Change): Step => ({
    kind: 'commit',
    work: 'undo',
    sql: `BEGIN;\nSET LOCAL drift.author = '${author}';\nSET LOCAL drift.metadata = '{"label": "drag"}';\n${sql};\nCOMMIT`,
    world: after,
  });
  const first = someChange(dice, world, dice.pick(usable)[0]);
  const done = [signed(first)];
  let after = first.world;
  // Commits under one label are one step.
  if (dice.below(2) === 0) {
    const second = someChange(dice, after, dice.pick(usable)[0]);
    done.push(signed(second));
    after = second.world;
  }
  const steps: Step[] = [...done];
  for (let i = dice.below(3); i >= 0; i--) {
    const isRedo = (steps.length - done.length) % 2 === 1;
    const sql = `${isRedo ? 'REDO' : 'UNDO'} AUTHOR '${author}'`;
    steps.push({ kind: 'commit', work: 'undo', sql, world: isRedo ? after : world });
  }
  return steps;
}

/** Changes some rows that are there, and adds one. */
function someChange(dice: Dice, world: World, name: string): Change {
  const table = tableIn(world, name);
  const row: Row = [String(4000 + dice.number()), dice.text(), null];
  const text = dice.text();
  const least = dice.below(12);
  const isDelete = dice.below(2) === 0;
  const change = isDelete
    ? `DELETE FROM ${name} WHERE id BETWEEN ${least} AND ${least + 3}`
    : `UPDATE ${name} SET v = '${text}' WHERE id BETWEEN ${least} AND ${least + 3}`;
  return {
    sql: `${change};\nINSERT INTO ${name} (id, v, n) VALUES (${row.map(literal).join(', ')})`,
    world: withRows(world, name, (rows) => {
      for (const [key, old] of [...rows])
        if (key >= least && key <= least + 3) {
          if (isDelete) rows.delete(key);
          else rows.set(key, replaced(old, 1, text));
        }
      rows.set(Number(row[0]), padded(row, table));
    }),
  };
}

/** Brings back the table that was dropped last under one of the names. */
function undrop(dice: Dice, worlds: readonly World[]): readonly Step[] | null {
  const world = worlds.at(-1) as World;
  const gone = new Map<string, Table>();
  for (const [seq, after] of worlds.entries())
    for (const [name, table] of worlds[seq - 1]?.tables ?? [])
      if (tableById(after, table.id) === undefined && tableById(world, table.id) === undefined) gone.set(name, table);
  const free = ['a', 'b', 'c'].find((name) => !world.tables.has(name));
  if (gone.size === 0) return dropped(dice, world);
  const [name, table] = dice.pick([...gone]);
  const to = world.tables.has(name) ? free : name;
  if (to === undefined) return dropped(dice, world);
  const sql = `UNDROP TABLE ${name}${to === name ? '' : ` AS ${to}`}`;
  return [{ kind: 'commit', work: 'undrop', sql, world: withTable(world, to, table) }];
}

/** There has to be one first. */
function dropped(dice: Dice, world: World): readonly Step[] | null {
  const plain = [...world.tables].filter(([, { isPeriod }]) => !isPeriod);
  if (plain.length < 2) return null;
  const [name] = dice.pick(plain);
  return [{ kind: 'commit', work: 'definition', sql: `DROP TABLE ${name}`, world: withTable(world, name, null) }];
}

function tag(dice: Dice, worlds: readonly World[]): Step {
  const world = worlds.at(-1) as World;
  const tags = new Map(world.tags);
  const old = [...tags.keys()];
  if (old.length > 0 && dice.below(2) === 0) {
    const name = dice.pick(old);
    tags.delete(name);
    return { kind: 'commit', work: 'tag', sql: `DROP TAG ${name}`, world: { ...world, tags } };
  }
  const name = `t${dice.number()}`;
  const at = dice.below(worlds.length);
  tags.set(name, at);
  return { kind: 'commit', work: 'tag', sql: `CREATE TAG ${name} AS OF SEQ ${at}`, world: { ...world, tags } };
}

function retention(dice: Dice, world: World): Step {
  const [name, table] = dice.pick([...world.tables]);
  const wanted = ['none', '1 millisecond', '1 hour', 'forever'].filter((value) => value !== table.retention);
  const value = dice.pick(wanted);
  dice.limited.add(table.id);
  const sql = `ALTER TABLE ${name} SET (history_retention = '${value}')`;
  return { kind: 'commit', work: 'retention', sql, world: withTable(world, name, { ...table, retention: value }) };
}

/** Plants a row that is to be erased some time, or erases one: all rows that ever had its text. */
function erase(dice: Dice, worlds: readonly World[]): Step | null {
  const world = worlds.at(-1) as World;
  const usable = [...world.tables].filter(([, { id, isPeriod }]) => !isPeriod && !dice.limited.has(id));
  if (usable.length === 0) return null;
  const [name, table] = dice.pick(usable);
  const secret = plantedIn(worlds, table.id);
  if (secret === null || dice.below(4) === 0) return plant(dice, world, name, table);
  const keys = new Set<number>();
  for (const then of worlds)
    for (const [key, row] of tableById(then, table.id)?.[1].rows ?? []) if (row[1]?.startsWith(secret)) keys.add(key);
  return {
    kind: 'commit',
    work: 'erase',
    sql: `ERASE FROM ${name} WHERE v LIKE '${secret}%'`,
    world: withRows(world, name, (rows) => {
      for (const key of keys) rows.delete(key);
    }),
    erasure: { seq: worlds.length, table: table.id, keys, secret },
  };
}

const SECRET = /^Zaphod-\d+-/;

/** What the first such row begins with that a table ever had. */
function plantedIn(worlds: readonly World[], table: number): string | null {
  for (const world of worlds)
    for (const row of tableById(world, table)?.[1].rows.values() ?? []) {
      const found = SECRET.exec(row[1] ?? '');
      if (found !== null) return found[0];
    }
  return null;
}

function plant(dice: Dice, world: World, name: string, table: Table): Step {
  const secret = `Zaphod-${dice.number()}-`;
  const free = Array.from({ length: 9 }, (_, key) => key).filter((key) => !table.rows.has(key));
  const rows = [free[0] ?? 5000 + dice.number(), 5000 + dice.number()].map((key): Row => [
    String(key),
    secret + dice.text(),
    '1',
  ]);
  return {
    kind: 'commit',
    work: 'change',
    sql: `INSERT INTO ${name} (id, v, n) VALUES ${rows.map((row) => `(${row.map(literal).join(', ')})`).join(', ')}`,
    world: withRows(world, name, (all) => {
      for (const row of rows) all.set(Number(row[0]), padded(row, table));
    }),
  };
}
