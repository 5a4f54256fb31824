/** Closing a database while sessions are at work: a fast shutdown, as PostgreSQL calls it. */
import { expect, test } from 'vitest';
import { MemoryStorage } from '../../src/storage/memory.ts';
import { openDb } from './helper.ts';

test('what runs ends with 57P01 and leaves nothing; what waits does too; what was acknowledged stays', async () => {
  const storage = new MemoryStorage();
  const db = await openDb(storage);
  await db.run('CREATE TABLE t (id int PRIMARY KEY, v int); INSERT INTO t VALUES (1, 0)');
  const [running, holding, waiting] = [db.engine.session(), db.engine.session(), db.engine.session()];
  await holding.script('BEGIN; UPDATE t SET v = 1 WHERE id = 1');
  const ends = [
    running.execute('INSERT INTO t SELECT i + 10, i FROM generate_series(1, 3000000) i'),
    // Behind it in the same session: it never begins.
    running.execute('INSERT INTO t VALUES (2, 2)'),
    waiting.execute('UPDATE t SET v = 2 WHERE id = 1'),
  ].map((end) => end.then(() => 'done').catch((error: unknown) => (error as { readonly code?: string }).code));
  await new Promise((resolve) => setTimeout(resolve, 30));
  await db.engine.close();
  expect(await Promise.all(ends)).toEqual(['57P01', '57P01', '57P01']);
  await expect(holding.execute('SELECT 1')).rejects.toMatchObject({ code: '08003' });
  const again = await openDb(storage);
  expect(await again.rows('SELECT * FROM t')).toEqual([['1', '0']]);
  await again.engine.close();
});

test('a commit that is being written is acknowledged, or leaves nothing, wherever closing meets it', async () => {
  const outcomes = new Set<string>();
  for (let ticks = 0; ticks < 40; ticks++) {
    const storage = new MemoryStorage();
    const db = await openDb(storage);
    await db.run('CREATE TABLE t (id int PRIMARY KEY)');
    const session = db.engine.session();
    let answer = 'in flight';
    const commits = session.execute('INSERT INTO t VALUES (1)').then(
      () => (answer = 'done'),
      (error: { readonly code?: string }) => (answer = error.code ?? 'no code'),
    );
    for (let i = 0; i < ticks; i++) await Promise.resolve();
    const before = answer;
    await db.engine.close();
    await commits;
    expect(['done', '57P01', '08003']).toContain(answer);
    outcomes.add(`${before}, then ${answer}`);
    const again = await openDb(storage);
    expect([ticks, await again.rows('SELECT count(*) FROM t')]).toEqual([ticks, [[answer === 'done' ? '1' : '0']]]);
    await again.engine.close();
  }
  // Closing has met it before it was acknowledged, and it was acknowledged for all that.
  expect([...outcomes]).toContain('in flight, then done');
  expect([...outcomes]).toContain('done, then done');
});
