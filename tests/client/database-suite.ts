/**
 * The suite of the public API, run wherever a Database may be: in process, through the protocol, through a worker in a
 * browser. Statements, transactions, views of the past, cancellation, closing.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Database } from '../../src/client/database.ts';
import type { OpenOptions } from '../../src/client/options.ts';
import type { Transaction } from '../../src/client/statements.ts';
import { errorOf } from './error-of.ts';

/** `open` makes a new, empty database on the medium of that name. */
export function databaseSuite(medium: string, open: (options?: OpenOptions) => Promise<Database>): void {
  // A group of its own: its hooks are not for the suites beside it.
  describe('a database', () => describeDatabase(medium, open));
}

function describeDatabase(medium: string, open: (options?: OpenOptions) => Promise<Database>): void {
  let db: Database;
  beforeEach(async () => {
    db = await open();
    await db.exec(`CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one'), (2, 'two')`);
  });
  afterEach(() => db.close());

  async function count(): Promise<unknown> {
    return (await db.query<{ n: number }>('SELECT count(*) AS n FROM t')).rows[0]?.n;
  }

  describe('statements', () => {
    test('query gives rows, fields and the command', async () => {
      const result = await db.query<{ id: number; v: string }>('SELECT id, v FROM t ORDER BY id');
      expect(result.rows).toEqual([
        { id: 1, v: 'one' },
        { id: 2, v: 'two' },
      ]);
      expect(result.fields).toEqual([
        { name: 'id', dataTypeID: 23 },
        { name: 'v', dataTypeID: 25 },
      ]);
      expect([result.command, result.rowCount, result.affectedRows]).toEqual(['SELECT', 2, 0]);
      const again = await db.query('CREATE TABLE IF NOT EXISTS t (id int)');
      expect(again.notices).toEqual([
        { severity: 'NOTICE', code: '42P07', message: 'relation "t" already exists, skipping' },
      ]);
      expect(JSON.parse(JSON.stringify(result))).toMatchObject({ rows: [{ id: 1 }, { id: 2 }], command: 'SELECT' });
    });

    test('changes count the rows they touch', async () => {
      const update = await db.query("UPDATE t SET v = 'x'");
      expect([update.affectedRows, update.rows]).toEqual([2, []]);
      const { rows, affectedRows } = await db.query('DELETE FROM t WHERE id = 1 RETURNING v');
      expect([rows, affectedRows]).toEqual([[{ v: 'x' }], 1]);
    });

    test('exec gives a result for each statement of a script', async () => {
      const results = await db.exec("INSERT INTO t VALUES (3, 'three'); SELECT count(*) AS n FROM t; -- nothing\n");
      expect(results.map(({ command, affectedRows, rows }) => [command, affectedRows, rows])).toEqual([
        ['INSERT', 1, []],
        ['SELECT', 0, [{ n: 3 }]],
      ]);
    });

    test('a script stops at its first error and keeps what was before', async () => {
      const error = await errorOf(
        db.exec("INSERT INTO t VALUES (3, 'x'); INSERT INTO t VALUES (3, 'y'); DELETE FROM t"),
      );
      expect(error).toMatchObject({ code: '23505', constraint: 't_pkey', table: 't' });
      expect(await count()).toBe(3);
    });

    test('a template makes its values parameters', async () => {
      const name = "x'); DROP TABLE t; --";
      await db.sql`INSERT INTO t VALUES (${3}, ${name})`;
      expect((await db.sql`SELECT v FROM t WHERE id = ${3}`).rows).toEqual([{ v: name }]);
    });

    test('a prepared statement runs many times, and describes itself', async () => {
      const statement = db.prepare<{ v: string }>('SELECT v FROM t WHERE id = $1');
      expect((await statement.query([1])).rows).toEqual([{ v: 'one' }]);
      expect((await statement.query([2], { rowMode: 'array' })).rows).toEqual([['two']]);
      const { parameters, fields } = await statement.describe();
      expect([parameters, fields.map(({ name, dataTypeID }) => [name, dataTypeID])]).toEqual([[23], [['v', 25]]]);
    });

    test('errors have SQLSTATE and position', async () => {
      expect(await errorOf(db.query('SELECT nix FROM t'))).toMatchObject({ code: '42703', position: 8 });
      expect(await errorOf(db.query('SELEC 1'))).toMatchObject({ code: '42601', position: 1 });
      expect(await errorOf(db.query("INSERT INTO t VALUES (1, 'x')"))).toMatchObject({ code: '23505' });
    });
  });

  describe('transactions', () => {
    test('commit when the function resolves, and return what it returns', async () => {
      const result = await db.transaction(async (tx) => {
        await tx.query("INSERT INTO t VALUES (3, 'three')");
        expect(await count()).toBe(2);
        return (await tx.query('SELECT count(*) AS n FROM t')).rows;
      });
      expect(result).toEqual([{ n: 3 }]);
      expect(await count()).toBe(3);
    });

    test('roll back when it throws, and hand its error on', async () => {
      const own = new Error('mine');
      await expect(
        db.transaction(async (tx) => {
          await tx.query('DELETE FROM t');
          throw own;
        }),
      ).rejects.toBe(own);
      expect(await count()).toBe(2);
    });

    test('a failed statement dooms its transaction', async () => {
      const error = await errorOf(
        db.transaction(async (tx) => {
          await tx.query('DELETE FROM t');
          await tx.query('SELECT 1 / 0').catch(() => undefined);
        }),
      );
      expect(error.code).toBe('25P02');
      expect(await count()).toBe(2);
    });

    test('rollback ends one early', async () => {
      let kept: Transaction | undefined;
      await db.transaction(async (tx) => {
        kept = tx;
        await tx.query('DELETE FROM t');
        await tx.rollback();
        expect((await errorOf(tx.query('DELETE FROM t'))).code).toBe('08003');
      });
      expect(kept?.ended).toBe(true);
      expect(await count()).toBe(2);
    });

    test('one that is over takes no statements', async () => {
      const tx = await db.transaction((transaction) => Promise.resolve(transaction));
      expect((await errorOf(tx.query('DELETE FROM t'))).code).toBe('08003');
    });

    test('first committer wins', async () => {
      const error = await errorOf(
        db.transaction(
          async (tx) => {
            await tx.query('SELECT v FROM t');
            await db.transaction((other) => other.query("UPDATE t SET v = 'b' WHERE id = 1"));
            await tx.query("UPDATE t SET v = 'a' WHERE id = 1");
          },
          { isolation: 'repeatable read' },
        ),
      );
      expect(error.code).toBe('40001');
      expect((await db.query('SELECT v FROM t WHERE id = 1')).rows).toEqual([{ v: 'b' }]);
    });

    test('carry author, message, metadata and time', async () => {
      const later = new Date(Date.now() - 1);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const empty = await open();
      await empty.transaction((tx) => tx.exec('CREATE TABLE x (id int PRIMARY KEY)'), {
        author: 'ada',
        message: 'begin',
        metadata: { ticket: 7 },
        timestamp: later,
      });
      const { rows } = await empty.query('SELECT author, message, metadata, committed_at FROM drift.transactions');
      expect(rows).toEqual([{ author: 'ada', message: 'begin', metadata: { ticket: 7 }, committed_at: later }]);
      const future = { timestamp: new Date(Date.now() + 3_600_000) };
      expect((await errorOf(empty.transaction((tx) => tx.query('INSERT INTO x VALUES (1)'), future))).code).toBe(
        '22023',
      );
      const nothing = (): Promise<void> => Promise.resolve();
      expect((await errorOf(empty.transaction(nothing, { timestamp: Number.NaN }))).code).toBe('22023');
      expect((await errorOf(empty.transaction(nothing, { metadata: nothing }))).code).toBe('22023');
      await empty.close();
    });

    test('read-only ones and those of the past refuse changes', async () => {
      const { lastSeq } = await db.status();
      await db.query('DELETE FROM t');
      const change = (tx: Transaction): Promise<unknown> => tx.query('DELETE FROM t');
      expect((await errorOf(db.transaction(change, { readOnly: true }))).code).toBe('25006');
      expect((await errorOf(db.transaction(change, { asOf: lastSeq }))).code).toBe('25006');
      const rows = await db.transaction(async (tx) => (await tx.query('SELECT id FROM t')).rows, { asOf: lastSeq });
      expect(rows).toEqual([{ id: 1 }, { id: 2 }]);
    });
  });

  test('views of the past: by number, tag and time', async () => {
    const { lastSeq } = await db.status();
    await db.exec('CREATE TAG before_delete');
    const time = new Date((await db.query<{ at: Date }>('SELECT now() AS at')).rows[0]?.at ?? 0);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await db.exec('DELETE FROM t; ALTER TABLE t DROP COLUMN v');
    for (const at of [lastSeq, { seq: lastSeq }, { tag: 'before_delete' }, new Date(time.getTime() + 1)]) {
      const past = db.asOf(at);
      expect((await past.query('SELECT * FROM t ORDER BY id')).rows[1]).toEqual({ id: 2, v: 'two' });
      expect((await past.sql`SELECT v FROM t WHERE id = ${1}`).rows).toEqual([{ v: 'one' }]);
      expect((await past.prepare('SELECT id FROM t WHERE v = $1').query(['two'])).rows).toEqual([{ id: 2 }]);
      expect((await past.exec('SELECT count(*) AS n FROM t'))[0]?.rows).toEqual([{ n: 2 }]);
      expect((await errorOf(past.query('DELETE FROM t'))).code).toBe('25006');
    }
    expect((await db.query('SELECT * FROM t', [], { asOf: lastSeq })).rowCount).toBe(2);
    expect((await db.query('SELECT * FROM t')).rowCount).toBe(0);
    expect((await errorOf(db.asOf({ tag: 'nix' }).query('SELECT 1 FROM t'))).code).toBe('42704');
    expect((await errorOf(db.asOf(new Date(Number.NaN)).query('SELECT 1'))).code).toBe('22023');
  });

  describe('sessions', () => {
    test('each has its own transaction, settings, prepared statements, cursors and temporary tables', async () => {
      const one = db.session();
      const two = db.session();
      await one.query('BEGIN');
      await one.query("INSERT INTO t VALUES (3, 'three')");
      await one.query("SET application_name = 'one'");
      await one.query('PREPARE get AS SELECT v FROM t WHERE id = $1');
      await one.query('DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id');
      await one.query('CREATE TEMP TABLE own (a int)');
      expect((await one.query('FETCH 2 FROM c')).rows).toEqual([{ id: 1 }, { id: 2 }]);
      expect((await two.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 2 }]);
      expect((await two.query('SHOW application_name')).rows).toEqual([{ application_name: '' }]);
      expect((await errorOf(two.query('EXECUTE get (1)'))).code).toBe('26000');
      expect((await errorOf(two.query('FETCH c'))).code).toBe('34000');
      expect((await errorOf(two.query('SELECT * FROM own'))).code).toBe('42P01');
      expect(await one.commit()).toBeGreaterThan(0);
      expect((await two.query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 3 }]);
      expect((await one.query('EXECUTE get (3)')).rows).toEqual([{ v: 'three' }]);
      const pids = await Promise.all(
        [one, two, db].map(async (s) => (await s.query<{ p: number }>('SELECT pg_backend_pid() AS p')).rows[0]?.p),
      );
      expect(new Set(pids).size).toBe(3);
      await Promise.all([one.close(), two.close()]);
    });

    test('statements of one run in order; the end of one rolls back and frees what it had', async () => {
      const one = db.session();
      const results = await Promise.all([
        one.query('BEGIN'),
        one.query("INSERT INTO t VALUES (4, 'four')"),
        one.query('CREATE TEMP TABLE own AS SELECT * FROM t'),
        one.query('SELECT count(*) AS n FROM own'),
      ]);
      expect(results[3]?.rows).toEqual([{ n: 3 }]);
      await one.close();
      await one.close();
      expect((await errorOf(one.query('SELECT 1'))).code).toBe('08003');
      expect(await count()).toBe(2);
      const { rows } = await db.query("SELECT count(*) AS n FROM pg_namespace WHERE nspname LIKE 'pg_temp%'");
      expect(rows).toEqual([{ n: 0 }]);
    });

    test('DISCARD drops temporary tables, plans and settings', async () => {
      await using one = db.session();
      await one.exec("CREATE TEMP TABLE own (a int); SET work_mem = '8MB'; PREPARE p AS SELECT 1");
      await one.query('DISCARD TEMP');
      expect((await errorOf(one.query('SELECT * FROM own'))).code).toBe('42P01');
      await one.query('CREATE TEMP TABLE own (b int)');
      await one.query('DISCARD ALL');
      expect((await errorOf(one.query('SELECT * FROM own'))).code).toBe('42P01');
      expect((await errorOf(one.query('EXECUTE p'))).code).toBe('26000');
      expect((await one.query('SHOW work_mem')).rows).toEqual([{ work_mem: '4MB' }]);
      await one.begin({ readOnly: true });
      expect((await errorOf(one.query('DELETE FROM t'))).code).toBe('25006');
      await one.rollback();
      expect((await one.query('DELETE FROM t WHERE id = 1')).affectedRows).toBe(1);
    });
  });

  describe('cancellation', () => {
    test('a timeout ends a statement with 57014, and the next one runs', async () => {
      const started = performance.now();
      const error = await errorOf(db.query(ENDLESS, [], { timeout: 30 }));
      expect([error.code, error.message]).toEqual(['57014', 'canceling statement due to statement timeout']);
      expect(performance.now() - started).toBeLessThan(2000);
      expect(await count()).toBe(2);
    });

    test('a signal ends a statement with 57014', async () => {
      const controller = new AbortController();
      const call = errorOf(db.query(ENDLESS, [], { signal: controller.signal }));
      setTimeout(() => controller.abort(), 20);
      const error = await call;
      expect([error.code, error.message]).toEqual(['57014', 'canceling statement due to user request']);
      expect(await count()).toBe(2);
    });

    test('a signal that has aborted before lets nothing happen', async () => {
      const signal = AbortSignal.abort();
      expect((await errorOf(db.query('DELETE FROM t', [], { signal }))).code).toBe('57014');
      expect((await errorOf(db.exec('DELETE FROM t', { signal }))).code).toBe('57014');
      expect(await count()).toBe(2);
    });

    test('other sessions go on while a long statement runs', async () => {
      const controller = new AbortController();
      const long = errorOf(db.query(ENDLESS, [], { signal: controller.signal }));
      const rows = await db.transaction(async (tx) => (await tx.query('SELECT count(*) AS n FROM t')).rows);
      expect(rows).toEqual([{ n: 2 }]);
      controller.abort();
      expect((await long).code).toBe('57014');
    });
  });

  describe('opening and closing', () => {
    test('what is closed takes no calls, and closes twice', async () => {
      const other = await open();
      await Promise.all([other.close(), other.close()]);
      await other.close();
      expect((await errorOf(other.query('SELECT 1'))).code).toBe('08003');
      expect((await errorOf(other.transaction((tx) => tx.query('SELECT 1')))).code).toBe('08003');
    });

    test('disposing closes', async () => {
      let kept: Database;
      {
        await using other = await open();
        kept = other;
        expect((await other.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
      }
      expect((await errorOf(kept.query('SELECT 1'))).code).toBe('08003');
    });

    test('status tells the medium and the newest commit', async () => {
      expect(await db.status()).toMatchObject({ medium, durability: 'full', lastSeq: 2 });
      await db.query("INSERT INTO t VALUES (3, 'x')");
      const before = await db.status();
      await db.checkpoint();
      const after = await db.status();
      expect([after.lastSeq, after.checkpoints]).toEqual([3, before.checkpoints + 1]);
      expect(await count()).toBe(3);
    });

    test('a check finds nothing wrong', async () => {
      expect(await db.check()).toEqual([]);
    });

    test('a database goes out as one file and comes in again with its history', async () => {
      await db.query('DELETE FROM t WHERE id = 1');
      const importFile = await db.exportFile();
      const copy = await open({ importFile });
      expect((await copy.query('SELECT * FROM t')).rows).toEqual([{ id: 2, v: 'two' }]);
      expect((await copy.asOf(2).query('SELECT count(*) AS n FROM t')).rows).toEqual([{ n: 2 }]);
      await copy.close();
      const altered = importFile.slice();
      altered.fill(255, altered.length >> 1, (altered.length >> 1) + 4);
      expect((await errorOf(open({ importFile: altered }))).code).toBe('XX001');
    });
  });
}

const ENDLESS =
  'SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 100000) b WHERE a * b % 7 = 3';
