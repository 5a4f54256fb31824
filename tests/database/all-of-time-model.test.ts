/**
 * Everything about time at once: a table whose schema changes at random and one with valid time, on the main line and on
 * branches, with tags, DELETE HISTORY, ERASE, undo and redo, checkpoints and crashes between. Each state of each
 * line stays what it was when it was the newest, or is 72000 where retention took it and nothing needed it; what history
 * says of itself in several ways agrees. TIME_SEEDS=100 makes a long run.
 */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { isKept, type Kept } from '../../src/table/kept.ts';
import { copied } from './branch-copies.ts';
import { type Db, openDb } from './helper.ts';

const OPTIONS = { maxLeafRows: 10, minClosedRows: 5, packSizeBytes: 4096, checkpointLogBytes: 1e9, bulkRows: 4 };
const SEEDS = Number(process.env['TIME_SEEDS'] ?? 2);
const FIRST = Number(process.env['TIME_SEED'] ?? 1);
const STEPS = 50;
const [KEYS, DAYS] = [16, 20];
const TABLES = ['t', 'p'] as const;

type State = Readonly<Record<string, readonly string[]>>;

interface Line {
  readonly name: string;
  readonly parent: Line | null;
  readonly fork: number;
  readonly states: Map<number, State>;
  made: number;
}

class Play {
  readonly #random: Random;
  db: Db;
  readonly lines: Line[] = [{ name: 'main', parent: null, fork: 0, states: new Map(), made: 0 }];
  line: Line = this.lines[0] as Line;
  readonly tags = new Map<string, number>();
  #made = 0;

  constructor(random: Random, db: Db) {
    this.#random = random;
    this.db = db;
  }

  below(limit: number): number {
    return this.#random.uint32() % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  async seq(): Promise<number> {
    return Number((await this.db.rows('SELECT coalesce(max(seq), 0) FROM drift.transactions'))[0]?.[0]);
  }

  async state(time = ''): Promise<State> {
    const state: Record<string, readonly string[]> = {};
    // JSON has the names of the columns, too.
    for (const table of TABLES)
      state[table] = (await this.db.rows(`SELECT to_jsonb(x)::text FROM ${table} ${time} x`)).map(String).toSorted();
    return state;
  }

  async #column(): Promise<string> {
    const rows = await this.db.rows(
      "SELECT column_name FROM drift.columns WHERE table_name = 't' AND NOT is_key ORDER BY 1",
    );
    return this.pick(rows)[0] as string;
  }

  async change(): Promise<string> {
    const [id, n, column] = [this.below(KEYS), this.below(40), await this.#column()];
    const from = this.below(DAYS);
    const portion = `FOR PORTION OF at FROM DATE '2024-01-01' + ${from} TO DATE '2024-01-01' + ${from + 1 + this.below(6)}`;
    return this.pick([
      `INSERT INTO t (id, ${column}) VALUES (${id}, ${n}) ON CONFLICT (id) DO UPDATE SET ${column} = ${n + 1}`,
      `UPDATE t SET ${column} = ${n} WHERE id % 3 = ${n % 3}`,
      `DELETE FROM t WHERE id BETWEEN ${id} AND ${id + 1}`,
      `UPDATE p ${portion} SET v = ${n} WHERE k = ${n % 3}`,
      `DELETE FROM p ${portion} WHERE k = ${n % 3}`,
      `DELETE FROM p WHERE k = ${n % 3}; INSERT INTO p VALUES (${n % 3}, ${n}, DATE '2024-01-01', DATE '2024-01-01' + ${DAYS})`,
    ]);
  }

  async alter(): Promise<string> {
    const column = await this.#column();
    const made = `c${this.line.name}${++this.#made}`;
    return this.pick([
      `ALTER TABLE t ADD COLUMN ${made} int DEFAULT ${this.below(9)}`,
      `ALTER TABLE t RENAME COLUMN ${column} TO ${made}`,
      `ALTER TABLE t ADD COLUMN ${made} int; ALTER TABLE t DROP COLUMN ${column}`,
      `CREATE INDEX ON t (${column})`,
      `ALTER TABLE t ALTER COLUMN ${column} TYPE ${this.pick(['bigint', 'numeric'])}`,
    ]);
  }

  async use(line: Line): Promise<void> {
    this.line = line;
    await this.db.run(`USE BRANCH ${line.name}`);
  }

  async kept(): Promise<ReadonlyMap<string, Kept>> {
    const rows = await this.db.rows('SELECT table_name, history_from, kept_before FROM drift.retention');
    return new Map(
      rows.map(([name, from, before]) => {
        const spans = [...(before ?? '').matchAll(/\[(\d+),(\d+)\)/g)];
        return [
          name as string,
          {
            historyFrom: Number(from),
            keptBefore: spans.map(([, start, end]) => ({ start: Number(start), end: Number(end) })),
          },
        ];
      }),
    );
  }

  /** Something that happens to the database as a whole. False where it is not possible now. */
  async event(): Promise<boolean> {
    const { db, lines } = this;
    const seq = await this.seq();
    const main = lines[0] as Line;
    switch (this.below(9)) {
      case 0: {
        const name = `t${++this.#made}`;
        await this.use(main);
        const at = this.pick([...main.states.keys()]);
        this.tags.set(name, at);
        await db.run(`CREATE TAG ${name} AS OF SEQ ${at}`);
        return true;
      }
      case 1: {
        const [name] = [...this.tags.keys()];
        if (name === undefined) return false;
        await this.use(main);
        this.tags.delete(name);
        await db.run(`DROP TAG ${name}`);
        return true;
      }
      case 2:
      case 3: {
        await this.use(main);
        const before = await this.kept();
        const needed = [...this.tags.values(), ...lines.slice(1).map((line) => this.#mainUntil(line))];
        const table = this.pick(TABLES);
        await db.run(`DELETE HISTORY FROM ${table} BEFORE SEQ ${this.below(seq + 1)}`);
        const [was, now] = [before.get(table) as Kept, (await this.kept()).get(table) as Kept];
        for (let at = 1; at <= seq; at++)
          if (isKept(was, at) && needed.includes(at)) expect([table, at, isKept(now, at)]).toEqual([table, at, true]);
        return false;
      }
      case 4: {
        if (lines.length > 2) return false;
        const branch = {
          name: `b${++this.#made}`,
          parent: this.line,
          fork: seq,
          states: new Map<number, State>(),
          made: 0,
        };
        await db.run(`CREATE BRANCH ${branch.name}`);
        lines.push(branch);
        await this.use(branch);
        return true;
      }
      case 5: {
        const leaf = lines.findLast((line) => line.parent !== null && !lines.some(({ parent }) => parent === line));
        if (leaf === undefined || this.below(2) === 0) return false;
        await this.use(main);
        lines.splice(lines.indexOf(leaf), 1);
        await db.run(`DROP BRANCH ${leaf.name}`);
        return true;
      }
      case 6: {
        if (lines.length > 1) return false;
        const id = this.below(KEYS);
        await db.run(`ERASE FROM t WHERE id = ${id}`);
        for (const [at, { t = [], p = [] }] of main.states)
          main.states.set(at, { t: t.filter((row) => !new RegExp(`"id": ${id}[,}]`).test(row)), p });
        return true;
      }
      case 7:
        await db.run('CHECKPOINT');
        return false;
      default:
        if (this.below(2) === 0) await db.engine.close();
        this.db = await openDb(copied(db.storage), OPTIONS);
        await this.use(this.line);
        return false;
    }
  }

  /** A step of somebody's, taken back and put back: nothing is another than before, respectively after. */
  async undone(): Promise<void> {
    const author = `a${++this.#made}`;
    const before = await this.state();
    await this.db.run(
      `BEGIN; SET LOCAL drift.author = '${author}'; INSERT INTO t (id) VALUES (${100 + this.#made}); UPDATE t SET id = id + 1000 WHERE id = ${this.below(KEYS)}; COMMIT`,
    );
    const after = await this.state();
    await this.db.run(`UNDO AUTHOR '${author}'`);
    expect(await this.state()).toEqual(before);
    await this.db.run(`REDO AUTHOR '${author}'`);
    expect(await this.state()).toEqual(after);
    await this.db.run(`UNDO AUTHOR '${author}'`);
    expect(await this.state()).toEqual(before);
  }

  /** Every state of every line that was ever seen. */
  async compare(): Promise<void> {
    for (const line of this.lines) {
      await this.use(line);
      const kept = await this.kept();
      for (let of: Line | null = line, until = Infinity; of !== null; until = Math.min(until, of.fork), of = of.parent)
        for (const [seq, state] of of.states) {
          if (seq > until) continue;
          const isThere = TABLES.every((table) => isKept(kept.get(table) as Kept, seq) || seq > this.#mainUntil(line));
          const found = await this.state(`FOR SYSTEM_TIME AS OF SEQ ${seq}`).catch(
            (error: unknown) => (error as { code?: string }).code ?? error,
          );
          expect([line.name, seq, found]).toEqual([line.name, seq, isThere ? state : '72000']);
          if (isThere && seq % 5 === 0) await this.#agrees(seq, state);
        }
    }
  }

  /** Up to where the line's states are those of the main line, which alone gives some up. */
  #mainUntil(line: Line): number {
    let until = Infinity;
    for (let of: Line = line; of.parent !== null; of = of.parent) until = Math.min(until, of.fork);
    return line.parent === null ? Infinity : until;
  }

  async #agrees(seq: number, state: State): Promise<void> {
    for (const [table, key] of [
      ['t', 'id'],
      ['p', 'k, a'],
    ] as const) {
      const list = async (sql: string): Promise<string[]> => (await this.db.rows(sql)).map(String).toSorted();
      const at = await list(`SELECT ${key}, _seq_from FROM ${table} FOR SYSTEM_TIME AS OF SEQ ${seq}`);
      expect(at.length).toBe(state[table]?.length);
      const alive = `_seq_from <= ${seq} AND (_seq_to > ${seq} OR _seq_to IS NULL)`;
      expect([seq, await list(`SELECT ${key}, _seq_from FROM ${table} FOR SYSTEM_TIME ALL WHERE ${alive}`)]).toEqual([
        seq,
        at,
      ]);
      const now = await list(`SELECT ${key}, 0 FROM ${table}`);
      const then = new Set(await list(`SELECT ${key}, 0 FROM ${table} FOR SYSTEM_TIME AS OF SEQ ${seq}`));
      const side = (name: string): string =>
        key
          .split(', ')
          .map((column) => `${name}_${column}`)
          .join(', ');
      // A row whose period has become another is the same one.
      const diff = (type: string, name: string): string =>
        `SELECT ${side(name)}, 0 FROM table_diff('${table}', ${seq}) WHERE diff_type IN ('${type}', 'modified')`;
      for (const row of await list(diff('removed', 'from'))) expect([row, then.delete(row)]).toEqual([row, true]);
      for (const row of await list(diff('added', 'to'))) then.add(row);
      expect([...then].toSorted()).toEqual(now);
    }
    const from = await this.db.rows(`SELECT count(*), sum(v) FROM p FOR SYSTEM_TIME AS OF SEQ ${seq} WHERE k = 1`);
    await this.db.run('SET enable_indexscan = off; SET enable_bitmapscan = off');
    expect(
      await this.db.rows(`SELECT count(*), sum(v) FROM p FOR SYSTEM_TIME AS OF SEQ ${seq} WHERE k + 0 = 1`),
    ).toEqual(from);
    await this.db.run('RESET enable_indexscan; RESET enable_bitmapscan');
  }
}

test.each(Array.from({ length: SEEDS }, (_, i) => FIRST + i))(
  'every state of every line stays, or is gone for good, seed %i',
  async (seed) => {
    const play = new Play(new Random(seed), await openDb(undefined, OPTIONS));
    await play.db
      .run(`CREATE TABLE t (id int PRIMARY KEY, a int); INSERT INTO t SELECT i, i FROM generate_series(0, ${KEYS - 1}) i;
      CREATE TABLE p (k int, v int, a date, b date, PERIOD FOR at (a, b), PRIMARY KEY (k, at WITHOUT OVERLAPS))`);
    play.line.states.set(await play.seq(), await play.state());
    for (let step = 0; step < STEPS; step++) {
      const before = await play.seq();
      const what = play.below(10);
      if (what < 5) await play.db.run(await play.change());
      else if (what === 5) await play.db.run(await play.alter());
      else if (what === 6) await play.undone();
      else if (what === 7) await play.use(play.pick(play.lines));
      else await play.event();
      const seq = await play.seq();
      const state = await play.state();
      expect(await play.state(`FOR SYSTEM_TIME AS OF SEQ ${seq}`)).toEqual(state);
      if (seq > before) play.line.states.set(seq, state);
    }
    await play.compare();
    await play.use(play.lines[0] as Line);
    expect((await play.db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
  },
  120_000,
);
