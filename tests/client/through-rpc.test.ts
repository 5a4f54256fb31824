/** The public API through the worker's protocol: client and server at the two ends of a message channel. */
import { expose } from 'comlink';
import { describe, expect, test } from 'vitest';
import { systemHost } from '../../worker/host.ts';
import type { ToWorker } from '../../worker/protocol.ts';
import { EngineServer } from '../../worker/server.ts';
import { Random } from '../../src/base/random.ts';
import { restoreSource } from '../../src/client/backup.ts';
import { Database } from '../../src/client/database.ts';

import type { OpenOptions, WorkerLike } from '../../src/client/options.ts';
import { RemoteConnection } from '../../src/client/remote.ts';
import { changesSuite } from './changes-suite.ts';
import { copySuite } from './copy-suite.ts';
import { databaseSuite } from './database-suite.ts';
import { functionSuite } from './function-suite.ts';
import { migrateSuite } from './migrate-suite.ts';
import { lateResultsSuite } from './late-results-suite.ts';
import { streamSuite } from './stream-suite.ts';
import { branchSuite } from './branch-suite.ts';
import { undoSuite } from './undo-suite.ts';
import { valuesSuite } from './values-suite.ts';

/** An engine at the far end of a channel: what a worker is to a page, but for the thread. */
function channelWorker(): { readonly worker: WorkerLike; readonly messages: () => number } {
  const { port1, port2 } = new MessageChannel();
  const server = new EngineServer({
    host: systemHost(),
    holdLock: () => Promise.resolve(),
    post: (message, transfer) => port2.postMessage(message, transfer),
  });
  port2.addEventListener('message', ({ data }: MessageEvent<ToWorker>) => server.receive(data));
  expose(server, port2);
  port2.start();
  port1.start();
  let sent = 0;
  const worker = {
    postMessage(message: unknown, transfer: Transferable[] = []) {
      sent++;
      port1.postMessage(message, transfer);
    },
    addEventListener: port1.addEventListener.bind(port1),
    removeEventListener: port1.removeEventListener.bind(port1),
    terminate: () => port1.close(),
  };
  return { worker: worker as unknown as WorkerLike, messages: () => sent };
}

async function open({ worker = channelWorker().worker, importFile, ...options }: OpenOptions = {}): Promise<Database> {
  const restored = importFile === undefined ? undefined : restoreSource(importFile, {});
  return new Database(await RemoteConnection.open(worker, 'memory://', options, restored));
}

describe('through the protocol', () => {
  databaseSuite('memory', open);
  changesSuite(open);
  undoSuite(open);
  branchSuite(open);
  copySuite(open);
  streamSuite(open);
  migrateSuite(open);
  functionSuite(open);
  valuesSuite(open);
  lateResultsSuite(open);

  test('code does not cross', async () => {
    const db = await open();
    await expect(db.createFunction('f', { returns: 'int' }, () => 1)).rejects.toMatchObject({ code: '0A000' });
    await db.close();
  });

  test('calls of one turn go in one message', async () => {
    const { worker, messages } = channelWorker();
    const db = await open({ worker });
    const before = messages();
    const results = await Promise.all(Array.from({ length: 50 }, (_, i) => db.query('SELECT $1::int AS i', [i])));
    expect(results.map(({ rows }) => rows[0])).toEqual(Array.from({ length: 50 }, (_, i) => ({ i })));
    expect(messages() - before).toBe(1);
    await db.close();
  });

  test('a transaction of one statement takes two messages', async () => {
    const { worker, messages } = channelWorker();
    const db = await open({ worker });
    await db.exec('CREATE TABLE t (id int PRIMARY KEY)');
    const before = messages();
    await db.transaction((tx) => tx.query('INSERT INTO t VALUES (1)'));
    expect(messages() - before).toBe(2);
    expect((await db.query('SELECT * FROM t')).rows).toEqual([{ id: 1 }]);
    await db.close();
  });

  test('a transaction that cannot begin runs nothing', async () => {
    const db = await open();
    await db.exec('CREATE TABLE t (id int PRIMARY KEY)');
    const insert = db.transaction((tx) => tx.query('INSERT INTO t VALUES (1)'), { asOf: { tag: 'none' } });
    await expect(insert).rejects.toMatchObject({ code: '42704' });
    await expect(db.transaction(() => Promise.resolve(), { asOf: 99 })).rejects.toMatchObject({ code: '22023' });
    expect((await db.query('SELECT * FROM t')).rows).toEqual([]);
    await db.close();
  });

  test('a slow call holds back none of the others', async () => {
    const db = await open();
    const controller = new AbortController();
    let slowDone = false;
    const slow = db
      .query('SELECT count(*) FROM generate_series(1, 100000000) a', [], { signal: controller.signal })
      .catch((error: unknown) => error)
      .finally(() => (slowDone = true));
    const rows = await db.transaction(async (tx) => (await tx.query('SELECT 1 AS one')).rows);
    expect([rows, slowDone]).toEqual([[{ one: 1 }], false]);
    controller.abort();
    expect(await slow).toMatchObject({ code: '57014' });
    await db.close();
  });

  test('what cannot be cloned fails its own call', async () => {
    const db = await open();
    const good = db.query('SELECT 1 AS one');
    const bad = db.query('SELECT 1', [], { asOf: { tag: (() => 'x') as unknown as string } });
    const alsoGood = db.query('SELECT 2 AS two');
    await expect(bad).rejects.toMatchObject({ code: '22023' });
    expect([(await good).rows, (await alsoGood).rows]).toEqual([[{ one: 1 }], [{ two: 2 }]]);
    await db.close();
  });

  test.each([1, 2, 3, 4])('whatever is cancelled when, every call ends, and as it should (seed %i)', async (seed) => {
    const db = await open();
    await db.exec(
      'CREATE TABLE t (id int PRIMARY KEY, n int); INSERT INTO t SELECT i, 0 FROM generate_series(1, 50) i',
    );
    const random = new Random(seed);
    const below = (limit: number): number => Math.floor(random.next() * limit);
    let committed = 0;
    /** What the call was worth, or the error's code. */
    const one = async (i: number): Promise<unknown> => {
      const controller = new AbortController();
      const { signal } = controller;
      if (below(3) === 0) setTimeout(() => controller.abort(), below(8));
      switch (below(4)) {
        case 0:
          return (await db.query('SELECT $1::int + 1 AS v', [i], { signal })).rows[0]?.['v'] === i + 1;
        case 1: {
          const many = 'SELECT count(*) AS v FROM generate_series(1, 200000) a WHERE a % 2 = 0';
          return (
            (await db.query(many, [], { signal, timeout: below(2) === 0 ? 3 : 60_000 })).rows[0]?.['v'] === 100_000
          );
        }
        case 2:
          await db.transaction(async (tx) => {
            await tx.query('UPDATE t SET n = n + 1 WHERE id = $1', [1 + (i % 50)], { signal });
            await tx.query('SELECT sum(n) FROM t', [], { signal });
          });
          committed++;
          return true;
        default:
          await db.query('SELECT 1 / $1::int AS v', [0], { signal });
          return false;
      }
    };
    const outcomes = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        if (i % 10 === 0) await new Promise((resolve) => setTimeout(resolve, below(10)));
        return one(i).catch((error: unknown) => (error as { code?: string }).code);
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set([true, '22012', '57014', ...outcomes.filter((o) => o === '40001')]));
    expect((await db.query('SELECT sum(n) AS n FROM t')).rows).toEqual([{ n: committed }]);
    await db.close();
  });
});
