/** What the simulation has found, each as small as it gets; and a medium that is full for a while. */
import { expect, test } from 'vitest';
import type { EngineApi } from '../../src/database/api.ts';
import { openEngine } from '../../src/database/engine.ts';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { SimDisk } from '../../src/storage/sim.ts';
import { openDb, testHost, textRows } from './helper.ts';

const open = (disk: SimDisk): Promise<EngineApi> =>
  openEngine({ storage: disk.storage(), host: testHost(), logStepBytes: 4096, packSizeBytes: 4096 });

async function value(engine: EngineApi, sql: string): Promise<string | null | undefined> {
  return textRows(await engine.session().execute(sql, [], { text: true }))[0]?.[0];
}

test('a full medium: changes fail with 53100, reads go on, and with room again so do changes', async () => {
  const disk = new SimDisk(1);
  const engine = await open(disk);
  const session = engine.session();
  await session.script("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'one')");
  for (const round of [1, 2]) {
    disk.plan({ kind: 'quota', at: 0 });
    const big = 'x'.repeat(5000);
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(session.execute(`INSERT INTO t VALUES (${round + 1}, '${big}')`)).rejects.toMatchObject({
        code: '53100',
      });
      expect(await value(engine, 'SELECT count(*) FROM t')).toBe(String(round));
    }
    // What fits into the room that the log has goes in.
    await session.execute(`UPDATE t SET v = 'round ${round}' WHERE id = 1`);
    await expect(engine.checkpoint()).rejects.toMatchObject({ code: '53100' });
    disk.lift();
    await session.execute(`INSERT INTO t VALUES (${round + 1}, '${big}')`);
    await engine.checkpoint();
  }
  const seq = engine.status().lastSeq;
  disk.powerFailure();
  const again = await open(disk);
  expect(again.status().lastSeq).toBe(seq);
  expect(await value(again, 'SELECT count(*) FROM t')).toBe('3');
  expect(await value(again, 'SELECT v FROM t WHERE id = 1')).toBe('round 2');
});

test('a full medium: a database opens, reads and closes', async () => {
  const disk = new SimDisk(2);
  let engine = await open(disk);
  await engine.session().script('CREATE TABLE t (a int); INSERT INTO t VALUES (1); CREATE TEMP TABLE s (b int)');
  disk.processKill();
  for (let i = 0; i < 3; i++) {
    disk.plan({ kind: 'quota', at: 0 });
    engine = await open(disk);
    expect(await value(engine, 'SELECT a FROM t')).toBe('1');
    await engine.close();
  }
  disk.lift();
  engine = await open(disk);
  await engine.session().execute('INSERT INTO t VALUES (2)');
  expect(await value(engine, 'SELECT count(*) FROM t')).toBe('2');
});

test('a transaction that a full medium refuses leaves nothing, also beside others', async () => {
  const disk = new SimDisk(3, { asynchronous: 0.5 });
  const engine = await open(disk);
  await engine.session().execute('CREATE TABLE t (id serial PRIMARY KEY, v text)');
  disk.plan({ kind: 'quota', at: disk.operations });
  const results = await Promise.allSettled(
    Array.from({ length: 12 }, (_, i) =>
      engine.session().execute('INSERT INTO t (v) VALUES ($1)', [`${i} `.repeat(i % 3 === 0 ? 2000 : 1)]),
    ),
  );
  const done = results.filter(({ status }) => status === 'fulfilled').length;
  expect(done).toBeLessThan(12);
  expect(await value(engine, 'SELECT count(*) FROM t')).toBe(String(done));
  disk.lift();
  await engine.session().execute("INSERT INTO t (v) VALUES ('after')");
  disk.powerFailure();
  const again = await open(disk);
  expect(await value(again, 'SELECT count(*) FROM t')).toBe(String(done + 1));
});

test('descending texts whose inverted units are halves of surrogate pairs', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage, { maxLeafRows: 8 });
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v text); CREATE INDEX ON t (v DESC)');
  await db.run("INSERT INTO t SELECT i, repeat('€–', i % 3) || i FROM generate_series(1, 60) i");
  await db.engine.close();
  const again = await openDb(storage, { maxLeafRows: 8 });
  expect(await again.rows("SELECT id FROM t WHERE v = '€–13'")).toEqual([['13']]);
  expect((await again.rows('CHECK DATABASE')).filter((row) => row[4] !== null)).toEqual([]);
});

test('the manifest misread once: the opening is refused, and nothing of the newer state is removed', async () => {
  const disk = new SimDisk(4);
  let engine = await open(disk);
  const session = engine.session();
  await session.script('CREATE TABLE t (a int)');
  for (let i = 0; i < 6; i++) {
    await session.execute(`INSERT INTO t SELECT generate_series(1, 500)`);
    await engine.checkpoint();
  }
  await engine.close();
  for (let at = 0; at < 12; at++) {
    disk.plan({ kind: 'misdirected-read', at: disk.operations + at });
    const opened = await open(disk).catch((error: unknown) => {
      expect((error as { code: string }).code).toBe('XX001');
      return null;
    });
    // Not closed: that would write.
    if (opened !== null) disk.processKill();
    else disk.owner = null;
    disk.plan(null);
    engine = await open(disk);
    expect(await value(engine, 'SELECT count(*) FROM t')).toBe('3000');
    disk.processKill();
  }
});

test('what a dead process has written but not flushed is durable before it is shown', async () => {
  for (let seed = 0; seed < 30; seed++) {
    const disk = new SimDisk(seed, { uniform: 0 });
    let engine = await open(disk);
    await engine.session().script('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
    // The process dies in the flush of the next commit, or just before.
    disk.plan({ kind: 'crash', at: disk.operations + 1 });
    await engine
      .session()
      .execute('INSERT INTO t VALUES (2)')
      .catch(() => undefined);
    disk.processKill();
    disk.plan(null);
    engine = await open(disk);
    const seen = await value(engine, 'SELECT count(*) FROM t');
    disk.powerFailure();
    engine = await open(disk);
    expect(await value(engine, 'SELECT count(*) FROM t')).toBe(seen);
  }
});

test('a database that was just made survives the death of the process and then a power failure', async () => {
  for (let at = 0; at < 14; at++) {
    for (let seed = 0; seed < 4; seed++) {
      const disk = new SimDisk(seed * 100 + at, { uniform: 0 });
      disk.plan({ kind: 'crash', at });
      await open(disk).catch(() => null);
      disk.processKill();
      disk.plan(null);
      const engine = await open(disk);
      await engine.session().script('CREATE TABLE t (a int); INSERT INTO t VALUES (1)');
      disk.powerFailure();
      expect(await value(await open(disk), 'SELECT a FROM t'), `${at}, ${seed}`).toBe('1');
    }
  }
});
