/**
 * History with gaps: tags keep the states that they name, DELETE HISTORY takes what is between. Random histories against a
 * model that knows every version, and which moments are kept: a state that is there is wholly there, by scan, key and
 * index; any other is 72000, and so is each period over one; what only gone states need is in no tree.
 */
import { expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { isKept, isNeeded, narrowed, WHOLE } from '../../src/table/kept.ts';
import { copied } from './branch-copies.ts';
import { type Db, openDb } from './helper.ts';

/** KEPT_SEEDS=200 makes a long run. */
const SEEDS = Number(process.env['KEPT_SEEDS'] ?? 2);
const OPTIONS = { maxLeafRows: 12, minClosedRows: 6, packSizeBytes: 4096, inlineTiles: 4 };
const KEYS = 40;
const STEPS = 100;

interface Version {
  readonly id: number;
  readonly v: number;
  readonly from: number;
  to: number;
}

class Model {
  readonly random: Random;
  readonly versions: Version[] = [];
  readonly tags = new Map<string, number>();
  kept = WHOLE;
  last = 0;

  constructor(random: Random) {
    this.random = random;
  }

  below(limit: number): number {
    return this.random.uint32() % limit;
  }

  alive(seq: number): Version[] {
    return this.versions.filter(({ from, to }) => from <= seq && seq < to);
  }

  /** A commit that changes some rows. */
  change(): string {
    const seq = ++this.last;
    const [low, high] = [this.below(KEYS), this.below(4)];
    const isDelete = this.below(5) === 0;
    const ids = Array.from({ length: 1 + high }, (_, i) => low + i);
    const v = this.below(20);
    for (const id of ids) {
      const old = this.alive(seq - 1).find((version) => version.id === id);
      if (old !== undefined && (isDelete || old.v !== v)) old.to = seq;
      if (!isDelete && old?.v !== v) this.versions.push({ id, v, from: seq, to: Infinity });
    }
    // One row more, so that there is a commit.
    this.versions.push({ id: 1000 + seq, v: seq, from: seq, to: Infinity });
    const change = isDelete
      ? `DELETE FROM t WHERE id BETWEEN ${low} AND ${low + high}`
      : `INSERT INTO t VALUES ${ids.map((id) => `(${id}, ${v})`).join()} ON CONFLICT (id) DO UPDATE SET v = ${v}`;
    return `BEGIN; ${change}; INSERT INTO t VALUES (${1000 + seq}, ${seq}); COMMIT`;
  }

  next(): string {
    const some = this.below(this.last + 1);
    const [first] = this.tags.keys();
    switch (this.below(14)) {
      case 0:
        this.last++;
        this.tags.set(`t${this.last}`, some);
        return `CREATE TAG t${this.last} AS OF SEQ ${some}`;
      case 1:
        if (first === undefined || this.tags.size < 3) return this.change();
        this.last++;
        this.tags.delete(first);
        return `DROP TAG ${first}`;
      case 2:
        if (this.below(2) === 0) return this.change();
        this.kept = narrowed(this.kept, some, this.tags.values());
        return `DELETE HISTORY FROM t BEFORE SEQ ${some}`;
      case 3:
        return 'CHECKPOINT';
      default:
        return this.change();
    }
  }
}

const asText = (rows: readonly (readonly (number | string | null)[])[]): string[] =>
  rows.map((row) => row.map((cell) => cell ?? 'null').join(' ')).toSorted();
const seqTo = (to: number): number | null => (to === Infinity ? null : to);

async function answer(db: Db, sql: string): Promise<string[] | string> {
  try {
    return asText(await db.rows(sql));
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

async function compare(db: Db, model: Model): Promise<void> {
  const { kept, last, versions } = model;
  const same = async (sql: string, rows: readonly (readonly (number | string | null)[])[] | null): Promise<void> => {
    expect([sql, await answer(db, sql)]).toEqual([sql, rows === null ? '72000' : asText(rows)]);
  };
  for (let seq = 1; seq <= last; seq++) {
    const rows = isKept(kept, seq) ? model.alive(seq) : null;
    const at = `t FOR SYSTEM_TIME AS OF SEQ ${seq}`;
    await same(
      `SELECT id, v, _seq_from, _seq_to FROM ${at}`,
      rows?.map(({ id, v, from, to }) => [id, v, from, seqTo(to)]) ?? null,
    );
    const [id, v] = [model.below(KEYS), model.below(20)];
    await same(
      `SELECT v, _seq_to FROM ${at} WHERE id = ${id}`,
      rows?.filter((row) => row.id === id).map((row) => [row.v, seqTo(row.to)]) ?? null,
    );
    await same(
      `SELECT id FROM ${at} WHERE v = ${v}`,
      rows?.filter((row) => row.v === v).map((row) => [row.id]) ?? null,
    );
    await same(
      `SELECT id, v FROM ${at} WHERE id > 10 ORDER BY id DESC LIMIT 3`,
      rows
        ?.filter((row) => row.id > 10)
        .toSorted((a, b) => b.id - a.id)
        .slice(0, 3)
        .map((row) => [row.id, row.v]) ?? null,
    );
  }
  const left = versions.filter(({ from, to }) => isNeeded(kept, from, to));
  await same(
    'SELECT id, v, _seq_from, _seq_to FROM t FOR SYSTEM_TIME ALL',
    left.map(({ id, v, from, to }) => [id, v, from, seqTo(to)]),
  );
  for (let i = 0; i < 30; i++) {
    const a = 1 + model.below(last - 1);
    const b = Math.min(last, a + 1 + (i % 2 === 0 ? model.below(4) : model.below(last)));
    const isWhole = Array.from({ length: b - a + 1 }, (_, k) => a + k).every((seq) => isKept(kept, seq));
    const touching = versions.filter(({ from, to }) => from <= b && to > a);
    await same(
      `SELECT id, v, _seq_from FROM t FOR SYSTEM_TIME BETWEEN SEQ ${a} AND SEQ ${b}`,
      isWhole ? touching.map((row) => [row.id, row.v, row.from]) : null,
    );
    const changes = versions.flatMap(({ id, from, to }) => [
      ...(from > a && from <= b ? [[id, from]] : []),
      ...(to > a && to <= b && !versions.some((next) => next.id === id && next.from === to) ? [[id, to]] : []),
    ]);
    await same(
      `SELECT coalesce(before_id, after_id), seq FROM table_changes('t', ${a}, ${b})`,
      isWhole ? changes : null,
    );
    const [before, after] = [model.alive(a), model.alive(b)];
    const differ = [...new Set([...before, ...after].map(({ id }) => id))].filter(
      (id) => before.find((row) => row.id === id)?.v !== after.find((row) => row.id === id)?.v,
    );
    await same(
      `SELECT coalesce(from_id, to_id), from_v, to_v FROM table_diff('t', ${a}, ${b})`,
      isKept(kept, a) && isKept(kept, b)
        ? differ.map((id) => [
            id,
            before.find((row) => row.id === id)?.v ?? null,
            after.find((row) => row.id === id)?.v ?? null,
          ])
        : null,
    );
    const id = model.below(KEYS);
    const own = left.filter((row) => row.id === id).toSorted((x, y) => x.from - y.from);
    await same(
      `SELECT seq, operation, v FROM row_history('t', ${id})`,
      own.flatMap(({ v, from, to }, k) => [
        [from, own[k - 1]?.to === from ? 'update' : isKept(kept, from - 1) ? 'insert' : 'unknown', v],
        ...(to === Infinity || own[k + 1]?.from === to ? [] : [[to, isKept(kept, to) ? 'delete' : 'ended', v]]),
      ]),
    );
  }
  const spans = kept.keptBefore.map(({ start, end }) => `[${start},${end})`).join();
  expect(await db.rows("SELECT history_from, kept_before FROM drift.retention WHERE table_name = 't'")).toEqual([
    [String(kept.historyFrom), `{${spans}}`],
  ]);
  expect((await db.rows('CHECK DATABASE')).filter((row) => row.at(-1) !== null)).toEqual([]);
}

test.each(Array.from({ length: SEEDS }, (_, seed) => seed + 1))(
  'tags keep single states through DELETE HISTORY, splits, checkpoints and openings, seed %i',
  async (seed) => {
    let db = await openDb(new MemoryStorage(), OPTIONS);
    const model = new Model(new Random(seed));
    await db.run('CREATE TABLE t (id int PRIMARY KEY, v int); CREATE INDEX ON t (v)');
    model.last = 2;
    for (let step = 0; step < STEPS; step++) {
      const sql = model.next();
      await db.run(sql);
      if (step % 50 === 49) await compare(db, model);
      if (step % 45 !== 44) continue;
      if (step % 2 === 0) await db.engine.close();
      db = await openDb(copied(db.storage), OPTIONS);
    }
    model.kept = narrowed(model.kept, model.last, model.tags.values());
    await db.run('DELETE HISTORY FROM t BEFORE now()');
    await compare(db, model);
  },
  120_000,
);

test('what is between two tags takes no space', async () => {
  const db = await openDb(new MemoryStorage(), OPTIONS);
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int, s text); CREATE INDEX ON t (v)');
  await db.run("INSERT INTO t SELECT i, 0, repeat('x', 50) FROM generate_series(1, 60) i");
  const size = async (): Promise<number> => {
    await db.engine.checkpoint();
    return Number((await db.rows("SELECT pg_total_relation_size('t')"))[0]?.[0]);
  };
  const one = await size();
  for (let i = 1; i <= 60; i++) {
    await db.run(`UPDATE t SET v = ${i}, s = repeat(chr(64 + ${i}), 50)`);
    if (i % 20 === 10) await db.run(`CREATE TAG t${i}`);
  }
  const all = await size();
  expect(all).toBeGreaterThan(40 * one);
  await db.run('DELETE HISTORY FROM t BEFORE now()');
  // The present and three states, each perhaps with one beside it in its tile, and what segments take besides.
  expect(await size()).toBeLessThan(10 * one);
  expect(await db.rows('SELECT DISTINCT v FROM t FOR SYSTEM_TIME ALL ORDER BY v')).toEqual([
    ['10'],
    ['30'],
    ['50'],
    ['60'],
  ]);
  expect(await db.rows('SELECT count(*), min(s) FROM t FOR SYSTEM_TIME AS OF TAG t30')).toEqual([
    ['60', '^'.repeat(50)],
  ]);
  await db.run('RESTORE TABLE t TO TAG t30');
  expect(await db.rows('SELECT count(*), min(s), max(v) FROM t')).toEqual([['60', '^'.repeat(50), '30']]);
  expect(await db.rows("SELECT count(*) FROM table_diff('t', 't10', 't50') WHERE to_v = 50")).toEqual([['60']]);
  expect(await db.code('REVERT TRANSACTION 20')).toBe('72000');
  await db.run('UPDATE t SET v = 60; DROP TAG t30; DELETE HISTORY FROM t BEFORE SEQ 2');
  expect(await db.code('SELECT count(*) FROM t FOR SYSTEM_TIME AS OF SEQ 35')).toBe('72000');
  expect(await db.rows('SELECT DISTINCT v FROM t FOR SYSTEM_TIME ALL ORDER BY v')).toEqual([
    ['10'],
    ['30'],
    ['50'],
    ['60'],
  ]);
});
