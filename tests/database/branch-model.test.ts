/**
 * Random operations on several branches against a naive model: a copy of the table for each line and commit. Leaves are
 * tiny, so that key and time splits happen; the database is opened anew from what a crash leaves, or after a checkpoint.
 */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { type Db, openDb } from './helper.ts';

/** `bulkRows`: two thirds of the changes are committed in slices. */
const OPTIONS = { maxLeafRows: 12, minClosedRows: 6, checkpointLogBytes: 1e9, bulkRows: 3 };
const KEYS = 40;

type Row = readonly [n: number, tag: string];
type State = ReadonlyMap<number, Row>;

class Line {
  readonly name: string;
  readonly parent: Line | null;
  readonly fork: number;
  /** The state after each commit of the line. */
  readonly states: { readonly seq: number; readonly state: State }[] = [];

  constructor(name: string, parent: Line | null, fork: number) {
    this.name = name;
    this.parent = parent;
    this.fork = fork;
  }

  at(seq: number): State {
    if (this.parent !== null && seq <= this.fork) return this.parent.at(seq);
    const own = this.states.findLast((known) => known.seq <= seq);
    return own?.state ?? this.parent?.at(this.fork) ?? new Map<number, Row>();
  }
}

class Model {
  readonly random: Random;
  db: Db;
  readonly lines: Line[] = [new Line('main', null, 0)];
  made = 0;
  /** The commit that filled the table. */
  first = 0;

  constructor(random: Random, db: Db) {
    this.random = random;
    this.db = db;
  }

  below(limit: number): number {
    return this.random.uint32() % limit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  async seq(): Promise<number> {
    return Number((await this.db.rows('SELECT coalesce(max(seq), 0) FROM drift.transactions'))[0]?.[0]);
  }

  /** A change on a line, in SQL and in the model. */
  async change(line: Line): Promise<void> {
    const before = line.at(Infinity);
    const state = new Map(before);
    const at = this.below(KEYS);
    const n = this.below(20);
    const statements: string[] = [];
    switch (this.below(6)) {
      case 0:
      case 1:
        statements.push(
          `INSERT INTO t VALUES (${at}, ${n}, '${line.name}') ON CONFLICT (id) DO UPDATE SET n = excluded.n, tag = excluded.tag`,
        );
        state.set(at, [n, line.name]);
        break;
      case 2:
        statements.push(`DELETE FROM t WHERE id BETWEEN ${at} AND ${at + 2}`);
        for (let id = at; id <= at + 2; id++) state.delete(id);
        break;
      case 3:
        statements.push(`UPDATE t SET n = ${n} WHERE n % 5 = ${n % 5}`);
        for (const [id, [was, tag]] of state) if (was % 5 === n % 5) state.set(id, [n, tag]);
        break;
      case 4:
        statements.push(
          'BEGIN',
          `DELETE FROM t WHERE id = ${at}`,
          `INSERT INTO t VALUES (${at}, ${n}, 'again')`,
          'COMMIT',
        );
        state.set(at, [n, 'again']);
        break;
      default:
        statements.push('BEGIN', `UPDATE t SET tag = tag || '!' WHERE id > ${at}`, this.pick(['ROLLBACK', 'COMMIT']));
        if (statements.at(-1) === 'COMMIT')
          for (const [id, [was, tag]] of state) if (id > at) state.set(id, [was, `${tag}!`]);
    }
    await this.db.run(`USE BRANCH ${line.name}; ${statements.join('; ')}`);
    line.states.push({ seq: await this.seq(), state });
  }

  /** Indexes come and go on a line: those that it has inherited, and its own. */
  async index(line: Line): Promise<void> {
    const script = this.pick([
      'DROP INDEX IF EXISTS by_n; CREATE INDEX by_n ON t (n DESC)',
      'DROP INDEX IF EXISTS by_n; CREATE INDEX by_n ON t (n, tag)',
      'BEGIN; CREATE INDEX by_tag ON t (tag); UPDATE t SET n = n; ROLLBACK',
      'DROP INDEX IF EXISTS by_n',
      'DROP INDEX IF EXISTS twice; CREATE INDEX twice ON t ((n * 2))',
    ]);
    await this.db.run(`USE BRANCH ${line.name}; ${script}`);
  }

  async branch(): Promise<void> {
    const parent = this.pick(this.lines);
    const name = `b${++this.made}`;
    const newest = await this.seq();
    const fork = this.below(2) === 0 ? newest : Math.max(this.first, newest - this.below(15));
    await this.db.run(`CREATE BRANCH ${name} FROM ${parent.name} AS OF SEQ ${fork}`);
    this.lines.push(new Line(name, parent, fork));
  }

  async drop(): Promise<void> {
    const leaves = this.lines.filter(
      (line) => line.parent !== null && !this.lines.some(({ parent }) => parent === line),
    );
    if (leaves.length === 0) return;
    const line = this.pick(leaves);
    await this.db.run(`USE BRANCH main; DROP BRANCH ${line.name}`);
    this.lines.splice(this.lines.indexOf(line), 1);
  }

  /** What a crash leaves of it, opened. */
  async reopen(): Promise<void> {
    const copy = new MemoryStorage();
    for (const name of this.db.storage.list()) {
      const file = this.db.storage.open(name);
      void copy.open(name).write(0, file.read(0, file.size()) as Uint8Array);
    }
    const commits = 'SELECT seq, committed_at, message, tables, branch, branch_id FROM drift.transactions ORDER BY seq';
    const before = await this.db.rows(commits);
    this.db = await openDb(copy, OPTIONS);
    expect(await this.db.rows(commits)).toEqual(before);
  }

  async check(line: Line, seq: number): Promise<void> {
    const state = line.at(seq);
    const at = seq === Infinity ? '' : ` FOR SYSTEM_TIME AS OF SEQ ${seq}`;
    const say = `${line.name} at ${seq}`;
    await this.db.run(`USE BRANCH ${line.name}`);
    const sorted = [...state].sort(([a], [b]) => a - b).map(([id, [n, tag]]) => [String(id), String(n), tag]);
    expect(await this.db.rows(`SELECT id, n, tag FROM t${at} ORDER BY id`), say).toEqual(sorted);
    expect(await this.db.rows(`SELECT id, n, tag FROM t${at} ORDER BY id DESC LIMIT 7`), say).toEqual(
      sorted.toReversed().slice(0, 7),
    );
    const id = this.below(KEYS);
    expect(await this.db.rows(`SELECT n FROM t${at} WHERE id = ${id}`), say).toEqual(
      state.has(id) ? [[String(state.get(id)?.[0])]] : [],
    );
    const n = this.below(20);
    const by = [...state].filter(([, [value]]) => value >= n && value < n + 4).map(([key]) => key);
    const query = `SELECT id FROM t${at} WHERE n >= ${n} AND n < ${n + 4} ORDER BY n, id`;
    const order = by.sort((a, b) => (state.get(a)?.[0] ?? 0) - (state.get(b)?.[0] ?? 0) || a - b);
    const ordered = order.map((key) => [String(key)]);
    expect(await this.db.rows(query), say).toEqual(ordered);
    await this.db.run('SET enable_seqscan = off');
    expect(await this.db.rows(query), say).toEqual(ordered);
    const twice = `SELECT id FROM t${at} WHERE n * 2 = ${2 * n} ORDER BY id`;
    const those = by.filter((key) => state.get(key)?.[0] === n).toSorted((a, b) => a - b);
    expect(await this.db.rows(twice), say).toEqual(those.map((key) => [String(key)]));
    await this.db.run('RESET enable_seqscan');
  }

  /** Versions of the line tile every key: those in force at a moment are the state then. */
  async checkVersions(line: Line, newest: number): Promise<void> {
    await this.db.run(`USE BRANCH ${line.name}`);
    const versions = await this.db.rows('SELECT id, n, tag, _seq_from, _seq_to FROM t FOR SYSTEM_TIME ALL');
    for (const seq of [this.first, this.below(newest) + 1, newest]) {
      const state = line.at(seq);
      const inForce = versions.filter(([, , , from, to]) => Number(from) <= seq && (to === null || Number(to) > seq));
      expect(new Set(inForce.map((row) => row.slice(0, 3).join())), `${line.name} at ${seq}`).toEqual(
        new Set([...state].map(([id, [n, tag]]) => [id, n, tag].join())),
      );
      expect(inForce.length).toBe(state.size);
    }
    const from = this.below(newest) + 1;
    const changes = await this.db.rows(`SELECT to_id, from_id FROM table_diff('t', ${from}, ${newest})`);
    const [a, b] = [line.at(from), line.at(newest)];
    const differing = [...new Set([...a.keys(), ...b.keys()])].filter((id) => a.get(id)?.join() !== b.get(id)?.join());
    expect(new Set(changes.map(([to, was]) => Number(to ?? was))), `${line.name} ${from}`).toEqual(new Set(differing));
  }
}

const SEEDS = Number(process.env['BRANCH_SEEDS'] ?? 3);

test.each(Array.from({ length: SEEDS }, (_, seed) => seed + 1))('lines are as copies would be (%i)', async (seed) => {
  const random = new Random(seed);
  const model = new Model(random, await openDb(new MemoryStorage(), OPTIONS));
  if (seed % 2 === 0) await model.db.run('SELECT drift_enable_proofs()');
  await model.db.run('CREATE TABLE t (id int PRIMARY KEY, n int, tag text); CREATE INDEX by_n ON t (n)');
  await model.db.run("INSERT INTO t SELECT i, i % 20, 'first' FROM generate_series(0, 29) i");
  model.first = await model.seq();
  const rows = Array.from({ length: 30 }, (_, i): [number, Row] => [i, [i % 20, 'first']]);
  model.lines[0]?.states.push({ seq: await model.seq(), state: new Map(rows) });
  for (let step = 0; step < 90; step++) {
    const what = model.below(20);
    const line = model.pick(model.lines);
    if (what < 13) await model.change(line);
    else if (what < 16 && model.lines.length < 6) await model.branch();
    else if (what === 16) await model.drop();
    else if (what === 17) await model.db.run('CHECKPOINT');
    else if (what === 18) await model.reopen();
    else if (what === 19) await model.index(line);
    const newest = await model.seq();
    if (model.lines.includes(line)) await model.check(line, Infinity);
    const other = model.pick(model.lines);
    await model.check(other, Math.max(model.first, model.below(newest + 1)));
    if (step % 10 === 9) for (const each of model.lines) await model.checkVersions(each, newest);
  }
  for (const line of model.lines) await model.check(line, Infinity);
  await model.db.run('USE BRANCH main');
  if (seed % 2 === 0) expect(await model.db.rows("SELECT drift_verify() ->> 'problems'")).toEqual([['[]']]);
  expect((await model.db.rows('CHECK DATABASE')).filter((row) => row[4] !== null)).toEqual([]);
});
