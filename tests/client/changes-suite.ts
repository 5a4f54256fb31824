/** db.changes, the same in process and through the worker's protocol. */
import { expect, test } from 'vitest';
import type { Change } from '../../src/client/changes.ts';
import type { Database } from '../../src/client/database.ts';

/** Takes changes until the last one of a commit. */
async function until(feed: AsyncGenerator<Change>, seq: number): Promise<Change[]> {
  const found: Change[] = [];
  for (;;) {
    const { done, value } = await feed.next();
    if (done === true) throw new Error('the feed has ended');
    found.push(value);
    if (value.seq >= seq && value.last) return found;
  }
}

const short = ({ seq, table, operation, before, after, last }: Change): unknown => [
  seq,
  table,
  operation,
  before,
  after,
  last,
];

export function changesSuite(open: () => Promise<Database>): void {
  test('replays from a sequence number, under the names of each time, and goes on', async () => {
    const db = await open();
    await db.exec(`CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE "B c" (x jsonb, d timestamptz);
      INSERT INTO a VALUES (1, 'one'), (2, 'two')`);
    await db.transaction(
      async (tx) => {
        await tx.query("UPDATE a SET v = 'uno' WHERE id = 1");
        await tx.query('INSERT INTO "B c" VALUES ($1, $2)', [{ k: [1] }, new Date('2020-02-02T00:00:00Z')]);
        await tx.query('DELETE FROM a WHERE id = 2');
      },
      { author: 'ada', message: 'changes', metadata: { n: 1 } },
    );
    await db.exec(
      'ALTER TABLE a RENAME COLUMN v TO w; ALTER TABLE a RENAME TO aa; UPDATE aa SET w = NULL; TRUNCATE aa',
    );
    const feed = db.changes({ from: 0 });
    const all = await until(feed, 8);
    expect(all.map(short)).toEqual([
      [3, 'a', 'insert', null, { id: 1, v: 'one' }, false],
      [3, 'a', 'insert', null, { id: 2, v: 'two' }, true],
      [4, 'B c', 'insert', null, { x: { k: [1] }, d: new Date('2020-02-02T00:00:00Z') }, false],
      [4, 'a', 'update', { id: 1, v: 'one' }, { id: 1, v: 'uno' }, false],
      [4, 'a', 'delete', { id: 2, v: 'two' }, null, true],
      [7, 'aa', 'update', { id: 1, w: 'uno' }, { id: 1, w: null }, true],
      [8, 'aa', 'delete', { id: 1, w: null }, null, true],
    ]);
    const { author, message, metadata, committedAt, schema } = all[3] as Change;
    expect({ author, message, metadata, schema }).toEqual({
      author: 'ada',
      message: 'changes',
      metadata: { n: 1 },
      schema: 'public',
    });
    expect(committedAt).toBeInstanceOf(Date);
    // Live: the feed waits for what comes.
    const next = feed.next();
    await db.query("INSERT INTO aa VALUES (9, 'nine')");
    expect(short((await next).value as Change)).toEqual([9, 'aa', 'insert', null, { id: 9, w: 'nine' }, true]);
    await feed.return();
    expect(await feed.next()).toEqual({ done: true, value: undefined });
    const later: unknown[] = [];
    for await (const change of db.changes({ from: 6, tables: ['aa'] })) {
      later.push(change.seq);
      if (change.seq === 9) break;
    }
    expect(later).toEqual([7, 8, 9]);
    await db.close();
  });

  test('only the tables that are asked for; from now on where nothing is said; errors', async () => {
    const db = await open();
    await db.exec('CREATE TABLE a (id int); CREATE TABLE b (id int); INSERT INTO a VALUES (1)');
    const feed = db.changes({ tables: ['public.b'] });
    await db.exec('INSERT INTO a VALUES (2); INSERT INTO b VALUES (3)');
    expect(short((await feed.next()).value as Change)).toEqual([5, 'b', 'insert', null, { id: 3 }, true]);
    await feed.return();
    await expect(db.changes({ from: 99 }).next()).rejects.toMatchObject({ code: '22023' });
    await expect(db.changes({ from: -1 }).next()).rejects.toMatchObject({ code: '22023' });
    await expect(db.changes({ tables: ['nothing'], from: 0 }).next()).rejects.toMatchObject({ code: '42P01' });
    await expect(db.changes({ tables: ['a; DROP TABLE a'] }).next()).rejects.toMatchObject({ code: '42602' });
    await db.close();
  });

  test('a feed with a name goes on where it was', async () => {
    const db = await open();
    await db.exec('CREATE TABLE a (id int); INSERT INTO a VALUES (1); INSERT INTO a VALUES (2), (3)');
    const read = async (until: number): Promise<unknown[]> => {
      const seen: unknown[] = [];
      for await (const { after } of db.changes({ name: 'copy', from: 0 })) {
        seen.push(after?.['id']);
        if (after?.['id'] === until) break;
      }
      return seen;
    };
    // Who stops in a commit gets all of it again, and so who stops before he asks for more.
    expect(await read(2)).toEqual([1, 2]);
    expect(await read(3)).toEqual([2, 3]);
    await db.exec('INSERT INTO a VALUES (4); INSERT INTO a VALUES (5)');
    expect(await read(4)).toEqual([2, 3, 4]);
    // A commit of the reader that says how far it is: exactly once.
    await db.query(
      "SELECT drift_advance_feed('copy', seq) FROM drift.transactions WHERE tables = '{a}' ORDER BY seq DESC LIMIT 1",
    );
    await db.exec('INSERT INTO a VALUES (6)');
    expect(await read(6)).toEqual([6]);
    expect((await db.query("SELECT kept_for FROM drift.retention WHERE table_name = 'a'")).rows).toEqual([
      { kept_for: 'change feed "copy"' },
    ]);
    expect((await db.query("SELECT drift_drop_feed('copy') AS dropped")).rows).toEqual([{ dropped: true }]);
    await db.close();
  });

  test('a feed of a branch has its changes, those of before the fork, and no others', async () => {
    const db = await open();
    await db.exec('CREATE TABLE a (id int); INSERT INTO a VALUES (1); CREATE BRANCH "b\'c"; INSERT INTO a VALUES (2)');
    const branch = "b'c";
    const change = (id: number, at?: string): Promise<unknown> =>
      db.transaction((tx) => tx.query('INSERT INTO a VALUES ($1)', [id]), { branch: at });
    await change(10, branch);
    const read = async (until: number, name?: string): Promise<unknown[]> => {
      const seen: unknown[] = [];
      for await (const { after } of db.changes({ branch, name, from: 0 })) {
        seen.push(after?.['id']);
        if (after?.['id'] === until) break;
      }
      return seen;
    };
    expect(await read(10)).toEqual([1, 10]);
    expect(await read(10, 'copy')).toEqual([1, 10]);
    const coming = read(11, 'copy');
    await change(3);
    await change(11, branch);
    expect(await coming).toEqual([10, 11]);
    expect((await db.query('SELECT count(*) AS n FROM drift.branches')).rows).toEqual([{ n: 2 }]);
    await expect(db.changes({ branch: 'nope' }).next()).rejects.toMatchObject({ code: '42704' });
    await db.exec('DROP BRANCH "b\'c"');
    await db.close();
  });

  test('the signal, and closing the database, end a feed that waits', async () => {
    const db = await open();
    await db.exec('CREATE TABLE a (id int)');
    const stop = new AbortController();
    const aborted = db.changes({ signal: stop.signal }).next();
    const closed = db.changes().next();
    // Both wait by now.
    await db.query('SELECT 1');
    stop.abort();
    expect(await aborted).toEqual({ done: true, value: undefined });
    await db.close();
    expect(await closed).toEqual({ done: true, value: undefined });
  });

  test('a feed that is ended while it waits is gone, and so is what it had on its signal', async () => {
    const db = await open();
    await db.exec('CREATE TABLE a (id int)');
    const warnings: unknown[] = [];
    const heard = (warning: Error): unknown => warnings.push(warning.message);
    process.on('warning', heard);
    const { signal } = new AbortController();
    let listeners = 0;
    const { addEventListener, removeEventListener } = signal;
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners++;
      addEventListener.apply(signal, args);
    };
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners--;
      removeEventListener.apply(signal, args);
    };
    const feeds = Array.from({ length: 20 }, () => db.changes({ signal }));
    const waiting = feeds.map((feed) => feed.next());
    await db.query('SELECT 1');
    expect(listeners).toBe(1);
    for (const feed of feeds) expect(await feed.return()).toEqual({ done: true, value: undefined });
    for (const next of waiting) expect(await next).toEqual({ done: true, value: undefined });
    expect(listeners).toBe(0);
    expect((await db.query("SELECT count(*)::int AS n FROM drift.activity WHERE query LIKE 'WAIT%'")).rows).toEqual([
      { n: 0 },
    ]);
    await new Promise((resolve) => setTimeout(resolve, 5));
    process.off('warning', heard);
    expect(warnings).toEqual([]);
    await db.close();
  });

  test('nothing is lost or repeated beside writers, and by readers that begin again anywhere', async () => {
    const db = await open();
    await db.exec('CREATE TABLE t (id int PRIMARY KEY, n int); CREATE TABLE u (id int)');
    const writers = Array.from({ length: 4 }, async (_, w) => {
      for (let i = 0; i < 15; i++) {
        await db.transaction(async (tx) => {
          await tx.query('INSERT INTO t VALUES ($1, 0), ($2, 0)', [w * 1000 + i, w * 1000 + 500 + i]);
          await tx.query('UPDATE t SET n = n + 1 WHERE id = $1', [w * 1000 + i]);
          if (i % 3 === 0) await tx.query('INSERT INTO u VALUES ($1)', [i]);
        });
      }
    });
    const end = 2 + 4 * 15;
    const seen: string[] = [];
    const read = async (): Promise<void> => {
      let from = 2;
      for (let run = 0; from < end; run++) {
        let taken = 0;
        for await (const change of db.changes({ from })) {
          seen.push(`${change.seq} ${change.table} ${change.operation} ${String(change.after?.['id'])}`);
          if (!change.last) continue;
          from = change.seq;
          // Each run ends somewhere else.
          if (++taken > run % 5 || from === end) break;
        }
      }
    };
    await Promise.all([...writers, read()]);
    const { rows } = await db.query<{ line: string }>(
      `SELECT seq || ' ' || name || ' ' || operation || ' ' || id AS line FROM (
         SELECT seq, 't' AS name, operation, after_id AS id FROM table_changes('t', 2)
         UNION ALL SELECT seq, 'u', operation, after_id FROM table_changes('u', 2)) c`,
    );
    expect(seen.toSorted()).toEqual(rows.map(({ line }) => line).toSorted());
    expect(seen.map((line) => Number.parseInt(line, 10))).toEqual(
      seen.map((line) => Number.parseInt(line, 10)).toSorted((a, b) => a - b),
    );
    await db.close();
  });

  test('many commits, and a commit with more changes than a message takes', async () => {
    const db = await open();
    await db.exec('CREATE TABLE t (id int PRIMARY KEY)');
    await db.transaction(async (tx) => void (await tx.query('INSERT INTO t SELECT generate_series(1, 4500)')));
    for (let i = 0; i < 300; i++) await db.query('INSERT INTO t VALUES ($1)', [10_000 + i]);
    await db.query('DELETE FROM t WHERE id <= 2500');
    const found = await until(db.changes({ from: 0 }), 303);
    expect(found.length).toBe(4500 + 300 + 2500);
    expect(found.filter(({ last }) => last).map(({ seq }) => seq)).toEqual(
      Array.from({ length: 302 }, (_, i) => i + 2),
    );
    expect(new Set(found.slice(0, 4500).map(({ after }) => after?.['id'])).size).toBe(4500);
    await db.close();
  });
}
