/**
 * Queries over both times in the classes of TPC-BiH: time slices, the history of keys, range-timeslices, and all
 * combinations of system and valid time. Each is asked twice: with DriftDB's clauses over its tables, and as a plain query
 * over intervals that a model of the same history wrote. Tables are small, so that leaves split by key and by time.
 */
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../src/base/random.ts';
import { Database } from '../../src/client/database.ts';
import { LocalConnection } from '../../src/client/local.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { testHost } from '../database/helper.ts';
import { day, FOREVER, History, writeIntervals } from './bitemporal-history.ts';
import { ROOT } from './tpch-data.ts';

const STEPS = 800;

interface Moments {
  /** Commits at 5, 30, 60, 95 % of the history. */
  readonly seqs: readonly number[];
  readonly days: readonly string[];
}

/** A system time: the clause, and the condition on a table of intervals under an alias. */
interface Times {
  readonly clause: string;
  readonly where: (alias: string) => string;
}

const now: Times = { clause: '', where: (h) => `${h}.s_to = 'infinity'` };
const asOf = (seq: number): Times => ({
  clause: `FOR SYSTEM_TIME AS OF SEQ ${seq}`,
  where: (h) => `${h}.s_from <= ${seq} AND ${seq} < ${h}.s_to`,
});
const between = (a: number, b: number): Times => ({
  clause: `FOR SYSTEM_TIME BETWEEN SEQ ${a} AND SEQ ${b}`,
  where: (h) => `${h}.s_from <= ${b} AND ${h}.s_to > ${a}`,
});
const fromTo = (a: number, b: number): Times => ({
  clause: `FOR SYSTEM_TIME FROM SEQ ${a} TO SEQ ${b}`,
  where: (h) => `${h}.s_from < ${b} AND ${h}.s_to > ${a}`,
});
const within = (a: number, b: number): Times => ({
  clause: `FOR SYSTEM_TIME CONTAINED IN (SEQ ${a}, SEQ ${b})`,
  where: (h) => `${h}.s_from >= ${a} AND ${h}.s_to <= ${b}`,
});
const all: Times = { clause: 'FOR SYSTEM_TIME ALL', where: () => 'true' };

const always: Times = { clause: '', where: () => 'true' };
const validAt = (d: string): Times => ({
  clause: `FOR VALID_TIME AS OF '${d}'`,
  where: (h) => `${h}.v_from <= '${d}' AND '${d}' < ${h}.v_to`,
});
const validFromTo = (a: string, b: string): Times => ({
  clause: `FOR VALID_TIME FROM '${a}' TO '${b}'`,
  where: (h) => `${h}.v_from < '${b}' AND ${h}.v_to > '${a}'`,
});
const validWithin = (a: string, b: string): Times => ({
  clause: `FOR VALID_TIME CONTAINED IN ('${a}', '${b}')`,
  where: (h) => `${h}.v_from >= '${a}' AND ${h}.v_to <= '${b}'`,
});

describe.skipIf(!existsSync(ROOT))('both times', () => {
  let db: Database;
  let moments: Moments;

  beforeAll(async () => {
    const engine = await openEngine({
      storage: new MemoryStorage(),
      host: testHost(11),
      maxLeafRows: 64,
      minClosedRows: 24,
      packSizeBytes: 65_536,
    });
    db = new Database(new LocalConnection(engine));
    const history = new History(db, new Random(11));
    await history.begin();
    const first = history.seq;
    for (let i = 0; i < STEPS; i++) {
      await history.step();
      if (i % 200 === 199) await db.checkpoint();
    }
    const seqs = [5, 30, 60, 95].map((share) => first + Math.round(((history.seq - first) * share) / 100));
    moments = { seqs, days: [day(3), day(500), day(1100), day(1999)] };
    await writeIntervals(db, history);
    return () => db.close();
  }, 120_000);

  const rowsOf = async (sql: string): Promise<string[]> => {
    const { rows } = await db.query(sql, [], { text: true, rowMode: 'array' });
    return (rows as unknown as (string | null)[][]).map((row) => row.join('|'));
  };
  /** The same rows, in any order; returns how many. */
  const same = async (temporal: string, naive: string): Promise<number> => {
    const [found, wanted] = [await rowsOf(temporal), await rowsOf(naive)];
    expect(found.toSorted(), `${temporal}\n${naive}`).toEqual(wanted.toSorted());
    return found.length;
  };

  const COLUMNS: Readonly<Record<string, string>> = {
    customer: 'c_custkey, c_name, c_nationkey, c_acctbal, c_mktsegment, v_from, v_to',
    partsupp: 'ps_partkey, ps_suppkey, ps_availqty, ps_supplycost, v_from, v_to',
    orders: 'o_orderkey, o_custkey, o_orderstatus, o_totalprice, v_from, v_to',
  };

  test('every combination of system and valid time gives the rows of the intervals (T, B)', async () => {
    const [a, b, c, d] = moments.seqs as [number, number, number, number];
    const [e, f, g, h] = moments.days as [string, string, string, string];
    const systems = [now, ...moments.seqs.map(asOf), between(a, c), fromTo(b, c), within(a, d), all];
    const valids = [
      always,
      ...moments.days.map(validAt),
      validFromTo(e, f),
      validFromTo(f, g),
      validWithin(f, h),
      validWithin(e, FOREVER),
    ];
    let rows = 0;
    for (const [table, columns] of Object.entries(COLUMNS))
      for (const system of systems)
        for (const valid of valids)
          rows += await same(
            `SELECT ${columns} FROM ${table} ${system.clause} ${valid.clause} t`,
            `SELECT ${columns} FROM h_${table} t WHERE ${system.where('t')} AND ${valid.where('t')}`,
          );
    expect(rows).toBeGreaterThan(10_000);
  });

  test('when each version was known', async () => {
    for (const [table, columns] of Object.entries(COLUMNS))
      for (const system of [all, between(moments.seqs[0] ?? 0, moments.seqs[2] ?? 0)])
        await same(
          `SELECT ${columns}, _seq_from, coalesce(_seq_to::float8, 'infinity') FROM ${table} ${system.clause} t`,
          `SELECT ${columns}, s_from, s_to FROM h_${table} t WHERE ${system.where('t')}`,
        );
  });

  test('slices aggregated, grouped, joined at one and at different moments (T)', async () => {
    for (const seq of moments.seqs)
      for (const valid of moments.days.map(validAt)) {
        const at = asOf(seq);
        await same(
          `SELECT ps_suppkey, count(*), sum(ps_availqty), min(ps_supplycost) FROM partsupp ${at.clause} ${valid.clause} p GROUP BY 1`,
          `SELECT ps_suppkey, count(*), sum(ps_availqty), min(ps_supplycost) FROM h_partsupp p WHERE ${at.where('p')} AND ${valid.where('p')} GROUP BY 1`,
        );
        await same(
          `SELECT c_mktsegment, count(*), sum(o_totalprice) FROM orders ${at.clause} ${valid.clause} o JOIN customer ${at.clause} ${valid.clause} c ON c_custkey = o_custkey GROUP BY 1`,
          `SELECT c_mktsegment, count(*), sum(o_totalprice) FROM h_orders o JOIN h_customer c ON c_custkey = o_custkey
           WHERE ${[at.where('o'), at.where('c'), valid.where('o'), valid.where('c')].join(' AND ')} GROUP BY 1`,
        );
        // What has become of the balance since.
        await same(
          `SELECT c.c_custkey, c.c_acctbal - p.c_acctbal FROM customer ${valid.clause} c JOIN customer ${at.clause} ${valid.clause} p ON p.c_custkey = c.c_custkey WHERE c.c_acctbal <> p.c_acctbal`,
          `SELECT c.c_custkey, c.c_acctbal - p.c_acctbal FROM h_customer c JOIN h_customer p ON p.c_custkey = c.c_custkey
           WHERE c.c_acctbal <> p.c_acctbal AND ${[now.where('c'), valid.where('c'), at.where('p'), valid.where('p')].join(' AND ')}`,
        );
        await same(
          `SELECT o_orderkey FROM orders ${at.clause} o WHERE o_custkey = 7 OR o_custkey BETWEEN 20 AND 22`,
          `SELECT o_orderkey FROM h_orders o WHERE ${at.where('o')} AND (o_custkey = 7 OR o_custkey BETWEEN 20 AND 22)`,
        );
      }
  });

  test('the history of keys: whole, in a period, the last versions, by a value (K)', async () => {
    const [, b, c] = moments.seqs as [number, number, number];
    for (let key = 1; key <= 40; key++) {
      for (const system of [all, fromTo(b, c), between(b, c), within(b, c)])
        await same(
          `SELECT c_acctbal, v_from, v_to, _seq_from FROM customer ${system.clause} t WHERE c_custkey = ${key}`,
          `SELECT c_acctbal, v_from, v_to, s_from FROM h_customer t WHERE ${system.where('t')} AND c_custkey = ${key}`,
        );
      const last = 'ORDER BY 1 DESC, v_from, v_to LIMIT 3';
      await same(
        `SELECT _seq_from AS s, c_acctbal, v_from, v_to FROM customer FOR SYSTEM_TIME ALL t WHERE c_custkey = ${key} ${last}`,
        `SELECT s_from AS s, c_acctbal, v_from, v_to FROM h_customer t WHERE c_custkey = ${key} ${last}`,
      );
    }
    await same(
      'SELECT c_custkey, c_acctbal, _seq_from FROM customer FOR SYSTEM_TIME ALL t WHERE c_acctbal > 8000',
      'SELECT c_custkey, c_acctbal, s_from FROM h_customer t WHERE c_acctbal > 8000',
    );
    await same(
      'SELECT ps_partkey, ps_supplycost, _seq_from FROM partsupp FOR SYSTEM_TIME ALL t WHERE ps_supplycost BETWEEN 100 AND 200',
      'SELECT ps_partkey, ps_supplycost, s_from FROM h_partsupp t WHERE ps_supplycost BETWEEN 100 AND 200',
    );
  });

  test('ranges of time: changes of state, durations, aggregates over time, joins of what was known together (R)', async () => {
    const [a, , c] = moments.seqs as [number, number, number, number];
    const system = fromTo(a, c);
    // How long each state was known.
    await same(
      'SELECT o_orderstatus, count(*), sum(_seq_to - _seq_from) FROM orders FOR SYSTEM_TIME ALL t WHERE _seq_to IS NOT NULL GROUP BY 1',
      "SELECT o_orderstatus, count(*), sum(s_to::bigint - s_from) FROM h_orders t WHERE s_to <> 'infinity' GROUP BY 1",
    );
    // Prices that went up by more than 7.5 % from one version to the next, for the same valid time.
    await same(
      `SELECT p.ps_partkey, p.ps_suppkey, p.ps_supplycost, n.ps_supplycost FROM partsupp ${all.clause} p JOIN partsupp ${all.clause} n
         ON n.ps_partkey = p.ps_partkey AND n.ps_suppkey = p.ps_suppkey AND n._seq_from = p._seq_to AND n.valid OVERLAPS p.valid
       WHERE n.ps_supplycost > p.ps_supplycost * 1.075`,
      `SELECT p.ps_partkey, p.ps_suppkey, p.ps_supplycost, n.ps_supplycost FROM h_partsupp p JOIN h_partsupp n
         ON n.ps_partkey = p.ps_partkey AND n.ps_suppkey = p.ps_suppkey AND n.s_from = p.s_to AND n.v_from < p.v_to AND n.v_to > p.v_from
       WHERE n.ps_supplycost > p.ps_supplycost * 1.075`,
    );
    // Orders above a price that were known while their customer's balance was known to be low.
    await same(
      `SELECT o_orderkey, c_custkey, greatest(o._seq_from, c._seq_from) FROM orders ${system.clause} o JOIN customer ${system.clause} c ON c_custkey = o_custkey
       WHERE o_totalprice > 40000 AND c_acctbal < 1000 AND o._seq_from < coalesce(c._seq_to, 1e9) AND c._seq_from < coalesce(o._seq_to, 1e9)`,
      `SELECT o_orderkey, c_custkey, greatest(o.s_from, c.s_from) FROM h_orders o JOIN h_customer c ON c_custkey = o_custkey
       WHERE o_totalprice > 40000 AND c_acctbal < 1000 AND o.s_from < c.s_to AND c.s_from < o.s_to AND ${system.where('o')} AND ${system.where('c')}`,
    );
    // How many orders there were, at each commit that changed one.
    await same(
      `SELECT s, (SELECT count(*) FROM orders ${all.clause} o WHERE o._seq_from <= s AND s < coalesce(o._seq_to, 1e9)) FROM (SELECT DISTINCT _seq_from AS s FROM orders ${all.clause} o) x`,
      'SELECT s, (SELECT count(*) FROM h_orders o WHERE o.s_from <= s AND s < o.s_to) FROM (SELECT DISTINCT s_from AS s FROM h_orders) x',
    );
    // Spread of a stock over all that was ever known of it.
    await same(
      `SELECT ps_partkey, ps_suppkey, max(ps_availqty) - min(ps_availqty), count(*) FROM partsupp ${all.clause} p GROUP BY 1, 2 HAVING count(*) > 2`,
      'SELECT ps_partkey, ps_suppkey, max(ps_availqty) - min(ps_availqty), count(*) FROM h_partsupp GROUP BY 1, 2 HAVING count(*) > 2',
    );
  });

  test('history functions agree with the intervals', async () => {
    const [a, b, c] = moments.seqs as [number, number, number];
    const changed = (from: number, to: number): string =>
      `s_from > ${from} AND s_from <= ${to} OR s_to > ${from} AND s_to <= ${to}`;
    for (const table of Object.keys(COLUMNS)) {
      await same(
        `SELECT seq, count(*) FILTER (WHERE operation <> 'delete') FROM table_changes('${table}', ${a}, ${c}) GROUP BY 1 HAVING count(*) FILTER (WHERE operation <> 'delete') > 0`,
        `SELECT s_from, count(*) FROM h_${table} WHERE s_from > ${a} AND s_from <= ${c} GROUP BY 1`,
      );
      const key = COLUMNS[table] as string;
      await same(
        `SELECT count(*) FROM (SELECT ${key} FROM ${table} FOR SYSTEM_TIME AS OF SEQ ${b} t EXCEPT SELECT ${key} FROM ${table} FOR SYSTEM_TIME AS OF SEQ ${c} t) x`,
        `SELECT count(*) FROM (SELECT ${key} FROM h_${table} t WHERE ${asOf(b).where('t')} EXCEPT SELECT ${key} FROM h_${table} t WHERE ${asOf(c).where('t')}) x`,
      );
      expect(Number((await rowsOf(`SELECT count(*) FROM h_${table} WHERE ${changed(a, c)}`))[0])).toBeGreaterThan(20);
    }
  });
});
