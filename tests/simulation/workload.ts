/**
 * Random workloads: definitions, changes of all kinds, transactions with savepoints, big and small commits, tags,
 * checkpoints, exports and openings, each with the world after it. The same seed gives the same workload.
 *
 * A step is at most one commit, so that world number n is the state at sequence number n.
 */
import type { Change, Step, Work } from './step.ts';
import { definition, createTable } from './workload-definitions.ts';
import { Dice, literal, padded, replaced } from './workload-dice.ts';
import { historyWork } from './workload-history.ts';
import { portion } from './workload-portion.ts';
import { EMPTY_WORLD, erased, type Erasure, type Row, type Table, tableIn, withRows, type World } from './world.ts';

export interface Workload {
  readonly steps: readonly Step[];
  /** The world at each sequence number, from 0 on. */
  readonly worlds: readonly World[];
  readonly erasures: readonly Erasure[];
}

/** Keys of single changes; loads use larger ones. */
const KEYS = 9;

/** A random workload, or one that goes straight to a kind of work (`only`), for every fault at each of its operations. */
export function workload(seed: number, commits: number, only?: Work): Workload {
  const writer = new WorkloadWriter(seed);
  const steps: Step[] = [];
  const worlds: World[] = [EMPTY_WORLD];
  const erasures: Erasure[] = [];
  const push = (step: Step): void => {
    steps.push(step);
    if (step.kind !== 'commit') return;
    worlds.push(step.world);
    if (step.erasure !== undefined) erasures.push(step.erasure);
  };
  if (only !== undefined) for (const step of writer.prepared()) push(step);
  while (worlds.length <= commits) {
    const half = worlds.length;
    for (const step of writer.next(erased(worlds, erasures))) push(step);
    // Whatever the seed says, one opening lies between.
    if (only === undefined && half <= commits >> 1 && worlds.length > commits >> 1)
      push({ kind: 'reopen', work: 'reopen' });
  }
  for (let tries = 0; only !== undefined && tries < 50; tries++) {
    const found = writer.work(erased(worlds, erasures), only);
    for (const step of found) push(step);
    if (found.some(({ work, kind }) => work === only && kind !== 'nothing')) break;
  }
  return { steps, worlds, erasures };
}

class WorkloadWriter {
  readonly #dice: Dice;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  /** The next steps: one, or a few that belong together. */
  next(worlds: readonly World[]): readonly Step[] {
    const { length: seq } = worlds;
    const world = worlds[seq - 1] as World;
    if (seq === 1) return [{ kind: 'commit', work: 'definition', ...createTable(this.#dice, world, 'a', true) }];
    const roll = this.#below(52);
    if (roll < 4) return [{ kind: 'checkpoint', work: 'checkpoint' }];
    if (roll === 4) return [{ kind: 'reopen', work: 'reopen' }];
    if (roll === 5) return this.work(worlds, this.#below(2) === 0 ? 'backup' : 'rekey');
    if (roll === 6) return this.work(worlds, 'nothing');
    if (roll < 14) return this.work(worlds, 'definition');
    if (roll < 20) return this.work(worlds, 'transaction');
    if (roll < 34) return historyWork(this.#dice, worlds, null);
    if (roll < 36) return this.work(worlds, 'portion');
    return this.work(worlds, 'change');
  }

  /** What any kind of work needs: two tables with rows, one of them indexed, most of it in segments. */
  prepared(): readonly Step[] {
    const steps: Step[] = [];
    let world = EMPTY_WORLD;
    const push = (work: Work, change: Change): void => {
      steps.push({ kind: 'commit', work, ...change });
      ({ world } = change);
    };
    push('definition', createTable(this.#dice, world, 'a', true));
    push('definition', createTable(this.#dice, world, 'b', true));
    for (const name of ['a', 'b', 'a']) push('change', this.#insert(world, name, tableIn(world, name)));
    steps.push({ kind: 'checkpoint', work: 'checkpoint' });
    push('change', this.#update(world, 'a', 0));
    return steps;
  }

  /** Steps with a kind of work, or with another where it is not possible now. */
  work(worlds: readonly World[], work: Work): readonly Step[] {
    const world = worlds.at(-1) as World;
    switch (work) {
      case 'checkpoint':
      case 'reopen':
        return [{ kind: work, work }];
      case 'backup':
        return [{ kind: 'backup', work, incremental: this.#below(2) === 0 }];
      case 'rekey':
        return [{ kind: 'rekey', work, dataKeys: this.#below(2) === 0 }];
      case 'nothing':
        return [this.#nothing(world)];
      case 'definition': {
        const found = definition(this.#dice, world);
        return [{ kind: 'commit', work: found === null ? 'change' : work, ...(found ?? this.#change(world)) }];
      }
      case 'transaction':
        return [{ kind: 'commit', work, ...this.#transaction(world) }];
      case 'portion':
        return [{ kind: 'commit', work, ...portion(this.#dice, world) }];
      case 'change':
        return [{ kind: 'commit', work, ...this.#change(world) }];
      default:
        return historyWork(this.#dice, worlds, work);
    }
  }

  #below(limit: number): number {
    return this.#dice.below(limit);
  }

  #text(): string {
    return this.#dice.text();
  }

  #plain(world: World): readonly [string, Table] {
    return this.#dice.pick([...world.tables].filter(([, { isPeriod }]) => !isPeriod));
  }

  /** One statement that changes rows of one table. */
  #change(world: World): Change {
    const [name, table] = this.#plain(world);
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
    const table = tableIn(world, name);
    // A statement that changes nothing makes no commit: where no row matches, one is inserted instead.
    if (![...table.rows.keys()].some((id) => (isRange ? id >= key : id === key))) {
      const row: Row = [String(1000 + this.#dice.number()), text, null];
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
    const table = tableIn(world, name);
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
    const [name, table] = this.#plain(now);
    const row: Row = [String(2000 + this.#dice.number()), this.#text(), null];
    lines.push(`INSERT INTO ${name} (id, v) VALUES (${literal(row[0] as string)}, ${literal(row[1] as string)})`);
    now = withRows(now, name, (rows) => void rows.set(Number(row[0]), padded(row, table)));
    lines.push('COMMIT');
    return { sql: lines.join(';\n'), world: now };
  }

  #nothing(world: World): Step {
    const { sql } = this.#change(world);
    const [name, table] = this.#plain(world);
    const key = [...table.rows.keys()][0];
    const work = 'nothing';
    if (this.#below(2) === 0 && table.hasKey && key !== undefined)
      return {
        kind: 'nothing',
        work,
        sql: `INSERT INTO ${name} (id) VALUES (${key + 5000}), (${key})`,
        refused: '23505',
      };
    return { kind: 'nothing', work, sql: `BEGIN;\n${sql};\nROLLBACK`, refused: null };
  }
}
