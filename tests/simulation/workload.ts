/**
 * Random workloads: definitions, changes of all kinds, transactions with savepoints, big and small commits, tags,
 * checkpoints, exports and openings, each with the world after it. The same seed gives the same workload.
 *
 * A step is at most one commit, so that world number n is the state at sequence number n.
 */
import { Random } from '../../src/base/random.ts';
import { EMPTY_WORLD, type Row, type Table, withRows, withTable, type World } from './world.ts';

export type Step =
  /** Makes one commit. */
  | { readonly kind: 'commit'; readonly sql: string; readonly world: World }
  /** Makes none: a transaction that is rolled back, or a statement that is refused. */
  | { readonly kind: 'nothing'; readonly sql: string; readonly refused: boolean }
  | { readonly kind: 'checkpoint' | 'reopen' | 'export' };

export interface Workload {
  readonly steps: readonly Step[];
  /** The world at each sequence number, from 0 on. */
  readonly worlds: readonly World[];
}

const NAMES = ['a', 'b', 'c'] as const;
const KEYS = 9;

interface Change {
  readonly sql: string;
  readonly world: World;
}

export function workload(seed: number, commits: number): Workload {
  const writer = new WorkloadWriter(seed);
  const steps: Step[] = [];
  const worlds: World[] = [EMPTY_WORLD];
  let world = EMPTY_WORLD;
  while (worlds.length <= commits) {
    const step = writer.next(world, worlds.length);
    steps.push(step);
    if (step.kind !== 'commit') continue;
    world = step.world;
    worlds.push(world);
    // Whatever the seed says, one opening lies between.
    if (worlds.length === (commits >> 1) + 1) steps.push({ kind: 'reopen' });
  }
  return { steps, worlds };
}

class WorkloadWriter {
  readonly #random: Random;
  #nextId = 1;
  #nextName = 1;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  next(world: World, seq: number): Step {
    if (seq === 1) return { kind: 'commit', ...this.#create(world, 'a', true) };
    const roll = this.#below(40);
    if (roll < 4) return { kind: 'checkpoint' };
    if (roll === 4) return { kind: 'reopen' };
    if (roll === 5 && this.#below(2) === 0) return { kind: 'export' };
    if (roll === 6) return this.#nothing(world);
    if (roll < 14) return { kind: 'commit', ...this.#definition(world, seq) };
    if (roll < 20) return { kind: 'commit', ...this.#transaction(world) };
    return { kind: 'commit', ...this.#change(world) };
  }

  #below(limit: number): number {
    return this.#random.uint32() % limit;
  }

  #pick<T>(list: readonly T[]): T {
    return list[this.#below(list.length)] as T;
  }

  /** Mostly short; now and then longer than what a page, a sector or a log's step holds. */
  #text(): string {
    const roll = this.#below(12);
    const length = roll === 0 ? this.#below(3000) : roll === 1 ? 500 + this.#below(40) : this.#below(16);
    return this.#pick(['x', 'y', 'ü', '€']).repeat(length) + this.#nextName++;
  }

  #create(world: World, name: string, hasKey: boolean): Change {
    const table: Table = { id: this.#nextId++, columns: ['id', 'v', 'n'], hasKey, rows: new Map(), indexes: [] };
    const sql = `CREATE TABLE ${name} (id int${hasKey ? ' PRIMARY KEY' : ''}, v text, n numeric)`;
    return { sql, world: withTable(world, name, table) };
  }

  #definition(world: World, seq: number): Change {
    const [name, table] = this.#pick([...world.tables]);
    const free = NAMES.filter((candidate) => !world.tables.has(candidate));
    switch (this.#below(9)) {
      case 0:
        if (world.tables.size > 1) return { sql: `DROP TABLE ${name}`, world: withTable(world, name, null) };
        break;
      case 1: {
        const to = free[0];
        if (to === undefined) break;
        const without = withTable(world, name, null);
        return { sql: `ALTER TABLE ${name} RENAME TO ${to}`, world: withTable(without, to, table) };
      }
      case 2: {
        if (table.columns.length > 5) break;
        const column = `w${this.#nextName++}`;
        const rows = new Map([...table.rows].map(([key, row]) => [key, [...row, 'new']]));
        const sql = `ALTER TABLE ${name} ADD COLUMN ${column} text DEFAULT 'new'`;
        return { sql, world: withTable(world, name, { ...table, columns: [...table.columns, column], rows }) };
      }
      case 3: {
        const column = table.columns[3];
        if (column === undefined) break;
        const cut = (row: Row): Row => row.filter((_, at) => at !== 3);
        const rows = new Map([...table.rows].map(([key, row]) => [key, cut(row)]));
        const columns = table.columns.filter((other) => other !== column);
        return {
          sql: `ALTER TABLE ${name} DROP COLUMN ${column}`,
          world: withTable(world, name, { ...table, columns, rows }),
        };
      }
      case 4: {
        const index = table.indexes[0];
        if (index === undefined) break;
        const indexes = table.indexes.slice(1);
        return { sql: `DROP INDEX ${index}`, world: withTable(world, name, { ...table, indexes }) };
      }
      case 5:
      case 6: {
        const index = `i${this.#nextName++}`;
        const columns = this.#pick(['v', 'n, v', 'v DESC']);
        const indexes = [...table.indexes, index];
        const sql = `CREATE INDEX ${index} ON ${name} (${columns})`;
        return { sql, world: withTable(world, name, { ...table, indexes }) };
      }
      case 7: {
        const tag = `t${this.#nextName++}`;
        const at = this.#below(seq);
        return {
          sql: `CREATE TAG ${tag} AS OF SEQ ${at}`,
          world: { ...world, tags: new Map(world.tags).set(tag, at) },
        };
      }
    }
    const fresh = free[0];
    return fresh === undefined ? this.#change(world) : this.#create(world, fresh, this.#below(3) > 0);
  }

  /** One statement that changes rows of one table. */
  #change(world: World): Change {
    const [name, table] = this.#pick([...world.tables]);
    const key = this.#below(KEYS);
    const isThere = table.rows.has(key);
    const roll = this.#below(20);
    if (roll === 0) return this.#load(world, name, table);
    if (roll === 1 && table.rows.size > 0)
      return { sql: `TRUNCATE ${name}`, world: withRows(world, name, (rows) => rows.clear()) };
    if (roll < 5 && isThere) return this.#delete(world, name, key);
    if (roll < 12 && isThere) return this.#update(world, name, key);
    if (roll < 15 && table.hasKey) return this.#upsert(world, name, key);
    return this.#insert(world, name, table);
  }

  #insert(world: World, name: string, table: Table): Change {
    const fresh: Row[] = [];
    const free = Array.from({ length: KEYS * 2 }, (_, key) => key).filter((key) => !table.rows.has(key));
    const count = Math.min(free.length, 1 + this.#below(3));
    for (let i = 0; i < count; i++) fresh.push(this.#row(free[(this.#below(3) + i * 3) % free.length] as number));
    const rows = [...new Map(fresh.map((row) => [Number(row[0]), row]))];
    if (rows.length === 0) return this.#update(world, name, 0);
    const values = rows.map(([, row]) => `(${row.map(literal).join(', ')})`);
    return {
      sql: `INSERT INTO ${name} (id, v, n) VALUES ${values.join(', ')}`,
      world: withRows(world, name, (all) => {
        for (const [key, row] of rows) all.set(key, padded(row, table));
      }),
    };
  }

  #row(key: number): Row {
    return [
      String(key),
      this.#below(8) === 0 ? null : this.#text(),
      this.#below(5) === 0 ? null : `${this.#below(1e6)}.5`,
    ];
  }

  /** Many rows at once: more than a leaf, a row group's worth of log. */
  #load(world: World, name: string, table: Table): Change {
    const first = 100 + this.#below(200);
    const last = first + 20 + this.#below(60);
    const text = this.#text();
    const sql = `INSERT INTO ${name} (id, v, n) SELECT i, '${text}' || i, i + 0.5 FROM generate_series(${first}, ${last}) i
      WHERE NOT EXISTS (SELECT FROM ${name} old WHERE old.id = i)`;
    const all = withRows(world, name, (rows) => {
      for (let key = first; key <= last; key++)
        if (!rows.has(key)) rows.set(key, padded([String(key), `${text}${key}`, `${key}.5`], table));
    });
    return all.tables.get(name)?.rows.size === table.rows.size ? this.#update(world, name, first) : { sql, world: all };
  }

  #update(world: World, name: string, key: number): Change {
    const text = this.#text();
    const isRange = this.#below(3) === 0;
    const table = world.tables.get(name) as Table;
    // A statement that changes nothing makes no commit: where no row matches, one is inserted instead.
    if (![...table.rows.keys()].some((id) => (isRange ? id >= key : id === key))) {
      const row: Row = [String(1000 + this.#nextName++), text, null];
      return {
        sql: `INSERT INTO ${name} (id, v) VALUES (${row[0] as string}, '${text}')`,
        world: withRows(world, name, (rows) => void rows.set(Number(row[0]), padded(row, table))),
      };
    }
    return {
      sql: `UPDATE ${name} SET v = '${text}' WHERE id ${isRange ? '>=' : '='} ${key}`,
      world: withRows(world, name, (rows) => {
        for (const [id, row] of rows) if (isRange ? id >= key : id === key) rows.set(id, replaced(row, 1, text));
      }),
    };
  }

  #delete(world: World, name: string, key: number): Change {
    const isRange = this.#below(3) === 0;
    return {
      sql: `DELETE FROM ${name} WHERE id ${isRange ? '>=' : '='} ${key}`,
      world: withRows(world, name, (rows) => {
        for (const id of [...rows.keys()]) if (isRange ? id >= key : id === key) rows.delete(id);
      }),
    };
  }

  #upsert(world: World, name: string, key: number): Change {
    const table = world.tables.get(name) as Table;
    const row = this.#row(key);
    const text = this.#text();
    return {
      sql: `INSERT INTO ${name} (id, v, n) VALUES (${row.map(literal).join(', ')})
        ON CONFLICT (id) DO UPDATE SET v = '${text}'`,
      world: withRows(world, name, (rows) => {
        const old = rows.get(key);
        rows.set(key, old === undefined ? padded(row, table) : replaced(old, 1, text));
      }),
    };
  }

  #transaction(world: World): Change {
    const lines: string[] = ['BEGIN'];
    let now = world;
    for (let i = this.#below(4); i > 0; i--) {
      const saved = now;
      const isUndone = this.#below(3) === 0;
      lines.push(`SAVEPOINT s${i}`);
      for (let j = 1 + this.#below(2); j > 0; j--) {
        const change = this.#change(now);
        lines.push(change.sql);
        now = change.world;
      }
      if (isUndone) {
        lines.push(`ROLLBACK TO SAVEPOINT s${i}`);
        now = saved;
      } else if (this.#below(2) === 0) lines.push(`RELEASE SAVEPOINT s${i}`);
    }
    // A last insert that stays, so that there is a commit whatever the others undo.
    const [name, table] = this.#pick([...now.tables]);
    const row: Row = [String(2000 + this.#nextName++), this.#text(), null];
    lines.push(`INSERT INTO ${name} (id, v) VALUES (${literal(row[0] as string)}, ${literal(row[1] as string)})`);
    now = withRows(now, name, (rows) => void rows.set(Number(row[0]), padded(row, table)));
    lines.push('COMMIT');
    return { sql: lines.join(';\n'), world: now };
  }

  #nothing(world: World): Step {
    const { sql } = this.#change(world);
    const [name, table] = this.#pick([...world.tables]);
    const key = [...table.rows.keys()][0];
    if (this.#below(2) === 0 && table.hasKey && key !== undefined)
      return { kind: 'nothing', sql: `INSERT INTO ${name} (id) VALUES (${key + 5000}), (${key})`, refused: true };
    return { kind: 'nothing', sql: `BEGIN;\n${sql};\nROLLBACK`, refused: false };
  }
}

function literal(value: string | null): string {
  return value === null ? 'NULL' : `'${value}'`;
}

function replaced(row: Row, at: number, value: string): Row {
  return row.map((old, i) => (i === at ? value : old));
}

/** A new row of a table that has had columns added: they have their default. */
function padded(row: Row, { columns }: Table): Row {
  return [...row, ...columns.slice(row.length).map(() => 'new')];
}
