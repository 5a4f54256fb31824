/**
 * Commits of very many rows go in slices, others run in between: what they see, what a cancellation leaves, what waits.
 * Small databases whose slices are a few rows long, so that there are many turns; each pause is one.
 */
import { describe, expect, test } from 'vitest';
import { Cancellation } from '../../src/base/cancel.ts';
import type { Host } from '../../src/base/host.ts';
import type { EngineOptions, SessionApi } from '../../src/database/api.ts';
import { type OpenEngine, openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { copyOf, testHost, textRows } from './helper.ts';

const TINY: Partial<EngineOptions> = {
  bulkRows: 4,
  maxLeafRows: 32,
  minClosedRows: 16,
  inlineSplitCells: 0,
  packSizeBytes: 65_536,
};
const ROWS = 60;

/** Each look at the clock finds a slice used up: every pause is a turn. `onTurn` is called in each. */
function turningHost(onTurn: { call: (() => Promise<void> | void) | null }): Host {
  const base = testHost();
  let ms = 0;
  return {
    ...base,
    monotonicMs: () => (ms += 10),
    async yieldToOthers() {
      await base.yieldToOthers();
      await onTurn.call?.();
    },
  };
}

interface Place {
  readonly engine: OpenEngine;
  readonly session: SessionApi;
  readonly storage: MemoryStorage;
  readonly onTurn: { call: (() => Promise<void> | void) | null };
}

async function place(): Promise<Place> {
  const onTurn: Place['onTurn'] = { call: null };
  const storage = new MemoryStorage();
  const engine = await openEngine({ storage, host: turningHost(onTurn), ...TINY });
  const session = engine.session();
  await session.script(`
    CREATE TABLE p (id int PRIMARY KEY);
    INSERT INTO p SELECT g FROM generate_series(0, 9) g;
    CREATE TABLE t (id int PRIMARY KEY, a int, s text UNIQUE, p int REFERENCES p);
    CREATE INDEX ON t (a);
    INSERT INTO t SELECT g * 2, g % 7, 's' || g, g % 10 FROM generate_series(1, ${ROWS}) g`);
  return { engine, session, storage, onTurn };
}

const SUM = `SELECT count(*), sum(id), sum(a), min(s), max(s), (SELECT count(*) FROM t WHERE a >= 0),
  (SELECT sum(id) FROM t WHERE id BETWEEN 20 AND 60), (SELECT string_agg(id::text, ',' ORDER BY s) FROM t WHERE s > 's3') FROM t`;

async function state(session: SessionApi, seq?: number): Promise<string> {
  const options = seq === undefined ? {} : { asOf: { kind: 'seq', seq } as const };
  return JSON.stringify(textRows(await session.execute(SUM, [], { text: true, ...options })));
}

const WRITES: readonly (readonly [string, string])[] = [
  ['insert', `INSERT INTO t SELECT g, g, 'n' || g, g % 10 FROM generate_series(1001, 1100) g`],
  ['insert between', `INSERT INTO t SELECT g * 2 - 1, g, 'n' || 200 - g, g % 10 FROM generate_series(1, ${ROWS}) g`],
  ['update', 'UPDATE t SET a = a + 1'],
  ['update of keys', 'UPDATE t SET id = id + 2, s = s || id'],
  ['delete', 'DELETE FROM t WHERE id % 3 > 0'],
  [
    'merge',
    `MERGE INTO t USING generate_series(1, 120) g ON t.id = g WHEN MATCHED AND g % 3 = 0 THEN DELETE
    WHEN MATCHED THEN UPDATE SET a = g WHEN NOT MATCHED THEN INSERT VALUES (g, g, 'm' || g, 1)`,
  ],
  ['truncate', 'TRUNCATE t'],
  ['rewrite', 'ALTER TABLE t ALTER COLUMN a TYPE bigint USING a * 2'],
];

/** TRUNCATE and a rewrite hold a lock that readers wait for. */
const UNLOCKED = WRITES.filter(([kind]) => kind !== 'truncate' && kind !== 'rewrite');

async function sound(session: SessionApi): Promise<void> {
  const found = await session.execute('CHECK DATABASE', [], { text: true });
  const at = found.fields.findIndex(({ name }) => name === 'problem');
  expect(textRows(found).flatMap((row) => row[at] ?? [])).toEqual([]);
}

describe('a commit in slices', () => {
  test.each(UNLOCKED)('readers between the slices see the state before, whole: %s', async (_, sql) => {
    const { engine, session, onTurn } = await place();
    const reader = engine.session();
    const before = await state(reader);
    const { lastSeq } = engine.status();
    let turns = 0;
    let differing = 0;
    const watch = async (): Promise<void> => {
      if (++turns % 3 > 0) return;
      onTurn.call = null;
      if (engine.status().lastSeq === lastSeq) {
        if ((await state(reader)) !== before || (await state(reader, lastSeq)) !== before) differing++;
      }
      onTurn.call = watch;
    };
    onTurn.call = watch;
    await session.execute(sql);
    onTurn.call = null;
    expect(turns).toBeGreaterThan(20);
    expect(differing).toBe(0);
    expect(await state(reader, lastSeq)).toBe(before);
    const after = await state(session);
    expect(after).not.toBe(before);
    await sound(session);
    await engine.close();
  });

  test.each(WRITES)('a cancellation in any turn leaves nothing or all: %s', { timeout: 120_000 }, async (_, sql) => {
    const whole = await place();
    const before = await state(whole.session);
    await whole.session.execute(sql);
    const after = await state(whole.session);
    await whole.engine.close();
    let [cancelled, done] = [0, 0];
    const { engine, session, onTurn } = await place();
    for (let turn = 1; done === 0; turn++) {
      const cancellation = new Cancellation();
      let left = turn;
      onTurn.call = () => {
        if (--left === 0) cancellation.cancel();
      };
      const code = await session.execute(sql, [], { cancellation }).then(
        () => null,
        (error: { code?: string }) => error.code ?? 'none',
      );
      onTurn.call = null;
      if (code === null) {
        expect(await state(session)).toBe(after);
        done++;
      } else {
        expect(code).toBe('57014');
        expect(await state(session)).toBe(before);
        cancelled++;
      }
    }
    expect(cancelled).toBeGreaterThan(10);
    await sound(session);
    await engine.close();
  });

  test('others commit before and behind it; their rows and its rows are all there, also after an opening', async () => {
    const { engine, session, storage, onTurn } = await place();
    const other = engine.session();
    await session.execute('CREATE TABLE o (n int PRIMARY KEY)');
    let n = 0;
    let pending = 0;
    const commits: Promise<unknown>[] = [];
    onTurn.call = () => {
      if (pending > 0 || n >= 40) return;
      pending++;
      commits.push(other.execute(`INSERT INTO o VALUES (${++n})`).finally(() => pending--));
    };
    for (const [, sql] of UNLOCKED) await session.execute(sql);
    onTurn.call = null;
    await Promise.all(commits);
    expect(n).toBeGreaterThan(10);
    const last = await state(session);
    await sound(session);
    const copy = await openEngine({ storage: copyOf(storage), host: testHost() });
    const again = copy.session();
    expect(await state(again)).toBe(last);
    expect(textRows(await again.execute('SELECT count(*) FROM o', [], { text: true }))).toEqual([[String(n)]]);
    await sound(again);
    await copy.close();
    await engine.close();
  });

  test('a checkpoint that is asked for in the middle waits for its end', async () => {
    for (let turn = 1; turn < 60; turn += 4) {
      const { engine, session, storage, onTurn } = await place();
      const checkpoints: Promise<void>[] = [];
      let left = turn;
      onTurn.call = () => {
        if (--left === 0) checkpoints.push(engine.checkpoint());
      };
      await session.execute('UPDATE t SET a = a + 1, s = s || 1');
      onTurn.call = null;
      await Promise.all(checkpoints);
      const last = await state(session);
      const copy = await openEngine({ storage: copyOf(storage), host: testHost() });
      const again = copy.session();
      expect(await state(again)).toBe(last);
      await sound(again);
      await copy.close();
      await engine.close();
    }
  });

  test('a time that is read while it goes on has the same answer afterwards', async () => {
    const { engine, session, onTurn } = await place();
    const reader = engine.session();
    const seen: (readonly [string, string])[] = [];
    let busy = false;
    const look = async (): Promise<void> => {
      const [[time]] = textRows(await reader.execute('SELECT clock_timestamp()', [], { text: true })) as [[string]];
      const [[sum]] = textRows(
        await reader.execute(`SELECT sum(a) FROM t FOR SYSTEM_TIME AS OF '${time}'`, [], { text: true }),
      ) as [[string]];
      seen.push([time, sum]);
      busy = false;
    };
    // It may have to wait for the commit, so the commit does not wait for it.
    const looks: Promise<void>[] = [];
    onTurn.call = () => {
      if (!busy) looks.push(look());
      busy = true;
    };
    for (let i = 0; i < 5; i++) await session.execute('UPDATE t SET a = a + 1');
    onTurn.call = null;
    await Promise.all(looks);
    expect(seen.length).toBeGreaterThan(20);
    for (const [time, sum] of seen) {
      const found = await session.execute(`SELECT sum(a) FROM t FOR SYSTEM_TIME AS OF '${time}'`, [], { text: true });
      expect(textRows(found)).toEqual([[sum]]);
    }
    await engine.close();
  });
});
